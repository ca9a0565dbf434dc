"""Keyboards under messages: read from `reply_markup`, refused where Telegram refuses them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from tests.emulators.telegram.errors import bad_request
from tests.emulators.telegram.json_types import Json

DATA_BYTES = 64
MAX_BUTTONS = 100
_ACTIONS = {
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
}
_STYLES = {"primary", "success", "danger"}


@dataclass(frozen=True, slots=True)
class Markup:
    """`value` is the object as given: shared between messages, never change it."""

    kind: Literal["inline", "keyboard", "remove", "force_reply"]
    value: Json


def read_markup(value: Any) -> Markup | None:
    """`reply_markup` of a call, a JSON string or an object; None when there is none. Errors: ApiError 400."""
    if value is None or value == "":
        return None
    return _from_string(value) if isinstance(value, str) else _read(value)


@lru_cache(maxsize=1024)
def _from_string(value: str) -> Markup | None:
    try:
        return _read(orjson.loads(value))
    except orjson.JSONDecodeError:
        raise bad_request("can't parse reply keyboard markup JSON object") from None


def _read(markup: Any) -> Markup | None:
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        return _inline(markup["inline_keyboard"])
    if "keyboard" in markup:
        return _reply_keyboard(markup)
    if markup.get("remove_keyboard"):
        return Markup("remove", markup)
    if markup.get("force_reply"):
        return Markup("force_reply", markup)
    return None


def _rows(value: Any, what: str) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise bad_request(f"can't parse {what}: array of arrays expected")
    rows = [row for row in value if row]
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return rows


def _inline(value: Any) -> Markup | None:
    rows = _rows(value, "inline keyboard")
    for row in rows:
        for button in row:
            _check_inline_button(button)
    return Markup("inline", {"inline_keyboard": rows}) if rows else None


def _check_inline_button(button: Any) -> None:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: expected an Object")
    if not button.get("text"):
        raise bad_request('can\'t parse inline keyboard button: field "text" must be non-empty')
    actions = _ACTIONS & button.keys()
    if not actions:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1 or button.get("style", "primary") not in _STYLES:
        raise bad_request("BUTTON_TYPE_INVALID")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if "copy_text" in button and not 1 <= len(button["copy_text"].get("text", "")) <= 256:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if "url" in button:
        _check_url(str(button["url"]))


def _check_url(url: str) -> None:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme == "tg":
        return
    # A host without a dot, such as localhost, is refused by the real server as well.
    if parts.scheme not in {"http", "https"} or "." not in (parts.hostname or ""):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _reply_keyboard(markup: Json) -> Markup:
    rows = _rows(markup["keyboard"], "reply keyboard")
    if not rows:
        raise bad_request("can't parse reply keyboard markup: keyboard can't be empty")
    buttons = [[{"text": button} if isinstance(button, str) else button for button in row] for row in rows]
    if not all(isinstance(button, dict) and button.get("text") for row in buttons for button in row):
        raise bad_request('can\'t parse keyboard button: field "text" must be non-empty')
    if len(str(markup.get("input_field_placeholder", ""))) > 64:
        raise bad_request("input field placeholder is too long")
    return Markup("keyboard", {**markup, "keyboard": buttons})

"""Our messages as calls of the Bot API: the text, its keyboards and its picture, each where Telegram takes it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from telegram import InputFile
from telegram.constants import InlineKeyboardButtonLimit, MessageLimit

from handlers.ports import Outgoing, OutgoingButton

REMOVE_KEYBOARD: Mapping[str, Any] = {"remove_keyboard": True}

# Two labels of this many characters still stand side by side on a narrow phone.
_SIDE_BY_SIDE = 18
_TAG = re.compile(r"</?[bi]>")
_REQUESTS = {"contact": "request_contact", "place": "request_location"}


class Unfit(Exception):
    """Telegram would never take this message; says why."""


@dataclass(frozen=True)
class Call:
    """A method of the Bot API and its parameters; those that are None are left out."""

    method: str
    parameters: Mapping[str, Any]

    @property
    def has_room_for_keyboard(self) -> bool:
        """Whether a reply keyboard can still go with it; an edit cannot bring one."""
        return self.method != "editMessageText" and self.parameters.get("reply_markup") is None

    def but(self, **changed: Any) -> "Call":
        """The same call with other parameters."""
        return Call(self.method, {**self.parameters, **changed})

    def as_plain(self) -> "Call":
        """The same call without markup, for when Telegram cannot parse it."""
        field = "caption" if self.method == "sendPhoto" else "text"
        return self.but(**{field: plain_text(self.parameters[field]), "parse_mode": None})

    def as_new(self) -> "Call":
        """The edit as a message of its own, for when what it edits is gone."""
        return Call("sendMessage", self.but(message_id=None).parameters)


@dataclass(frozen=True)
class Plan:
    """The calls that one message takes, in order; `main` carries the text and its buttons.

    before: the picture alone, when the text is too long to be its caption.
    after: the reply keyboard, when `main` has inline buttons: Telegram takes one keyboard for one message.
    """

    main: Call
    before: Call | None = None
    after: Call | None = None


def plan(to: str, message: Outgoing, *, paid: bool = False) -> Plan:
    """How to say `message` in chat `to`. paid: beyond the free rate, at Telegram's price. Raises Unfit."""
    common = {"chat_id": to, "disable_notification": message.quiet or None, "allow_paid_broadcast": paid or None}
    inline, asked = inline_keyboard(message.buttons), _ask_keyboard(message)
    words = {"parse_mode": "HTML", "reply_markup": inline or asked}
    text = {**common, **words, "text": message.text, "link_preview_options": {"is_disabled": True}}
    after = None
    if inline and asked:
        after = Call("sendMessage", {**common, "text": message.ask_label, "reply_markup": asked})
    if message.image is not None:
        photo = Call("sendPhoto", {**common, "photo": InputFile(message.image, "picture")})
        if _length(message.text) <= MessageLimit.CAPTION_LENGTH:
            return Plan(photo.but(**words, caption=message.text), after=after)
        return Plan(Call("sendMessage", text), before=photo, after=after)
    # An edit cannot bring a reply keyboard, so a question that needs it is asked anew.
    if message.edits is not None and (inline or not asked):
        return Plan(Call("editMessageText", {**text, "message_id": message.edits}), after=after)
    return Plan(Call("sendMessage", text), after=after)


def inline_keyboard(buttons: Sequence[OutgoingButton]) -> dict[str, Any] | None:
    """The buttons under a message; None without any. Raises Unfit for a value that Telegram does not carry."""
    if not buttons:
        return None
    return {"inline_keyboard": [[_inline_button(button) for button in row] for row in button_rows(buttons)]}


def button_rows(buttons: Sequence[OutgoingButton]) -> list[list[OutgoingButton]]:
    """Answers two in a row, or one when any label is long; what navigates together in the last row."""
    answers = [button for button in buttons if not button.nav]
    nav = [button for button in buttons if button.nav]
    width = 1 if any(len(button.label) > _SIDE_BY_SIDE for button in answers) else 2
    rows = [answers[start : start + width] for start in range(0, len(answers), width)]
    return [*rows, nav] if nav else rows


def plain_text(markup: str) -> str:
    """Light markup as the words alone."""
    return unescape(_TAG.sub("", markup))


def _inline_button(button: OutgoingButton) -> dict[str, str]:
    size = len(button.value.encode())
    if not InlineKeyboardButtonLimit.MIN_CALLBACK_DATA <= size <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA:
        raise Unfit(f"the value behind the button {button.label!r} has {size} bytes, Telegram takes 1 to 64")
    return {"text": button.label, "callback_data": button.value}


def _ask_keyboard(message: Outgoing) -> dict[str, Any] | None:
    if message.ask is None:
        return None
    button = {"text": message.ask_label, _REQUESTS[message.ask]: True}
    return {"keyboard": [[button]], "resize_keyboard": True, "one_time_keyboard": True}


def _length(markup: str) -> int:
    """Characters as Telegram counts them against its limits: UTF-16 units, after parsing."""
    return len(plain_text(markup).encode("utf-16-le")) // 2

"""A chat as the person in it sees it."""

from typing import Any

from tests.emulators.telegram.entities import to_html
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.profile import commands_shown
from tests.emulators.telegram.state import Chat, Message, World


def chat_view(world: World, chat: Chat) -> Json:
    """See the documentation of `GET chats/{chat}` in control.py."""
    return {
        "chat": chat.id,
        "person": chat.person,
        "blocked": chat.blocked,
        "messages": [_message(message) for message in chat.messages.values()],
        "keyboard": _keyboard(chat),
        "last_action": chat.last_action,
        "notices": [{"text": notice.text, "alert": notice.alert} for notice in chat.notices],
        "commands": commands_shown(world, chat.id, str(chat.person.get("language_code", ""))),
    }


def _message(message: Message) -> Json:
    payload = message.payload
    text: str = payload.get("text") or payload.get("caption") or ""
    entities: tuple[Json, ...] = payload.get("entities") or payload.get("caption_entities") or ()
    answered = payload.get("reply_to_message")
    return {
        "message_id": payload["message_id"],
        "from": "bot" if message.from_bot else "user",
        "date": payload["date"],
        "text": text,
        "html": to_html(text, entities),
        "entities": list(entities),
        "buttons": _buttons(payload),
        "photo": payload["photo"][-1] if "photo" in payload else None,
        "document": payload.get("document"),
        "location": payload.get("location"),
        "contact": payload.get("contact"),
        "reply_to": answered["message_id"] if answered else None,
        "edits": message.edits,
    }


def _buttons(payload: Json) -> list[list[Json]]:
    rows: list[list[Json]] = payload.get("reply_markup", {}).get("inline_keyboard", [])
    return [[_button(button) for button in row] for row in rows]


def _button(button: Json) -> Json:
    shown = {"label": button["text"], "data": button.get("callback_data"), "url": button.get("url")}
    other: dict[str, Any] = {
        key: value for key, value in button.items() if key not in {"text", "callback_data", "url"}
    }
    return {**shown, **other}


def _keyboard(chat: Chat) -> Json | None:
    if chat.keyboard is None:
        return None
    rest = {key: value for key, value in chat.keyboard.items() if key != "keyboard"}
    rows = [
        [
            {"label": button["text"], **{key: value for key, value in button.items() if key != "text"}}
            for button in row
        ]
        for row in chat.keyboard["keyboard"]
    ]
    return {"buttons": rows, **rest}

"""What customers do: write, press buttons, share contact, place and files, block the bot."""

import asyncio
import base64 as base64_codec
import time
from collections.abc import Iterator
from pathlib import Path

from tests.emulators.telegram.entities import TEXT_CHARACTERS, format_text
from tests.emulators.telegram.errors import ControlError
from tests.emulators.telegram.files import grey_picture
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.state import Chat, Message, World

_STICKER = {
    "type": "regular",
    "width": 512,
    "height": 512,
    "is_animated": False,
    "is_video": False,
    "emoji": "👍",
}


class People:
    """Each deed returns the Update it makes (the last one when a long text is split as the apps split it)."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def text(
        self,
        chat: int,
        text: str,
        *,
        name: str | None = None,
        username: str | None = None,
        language: str | None = None,
    ) -> Json:
        """Write; the first words to a bot make it know the chat. Above 4096 characters: several messages."""
        self.world.meet(chat, name, username, language)
        if not text.strip():
            raise ControlError("Telegram sends no empty text")
        parts = [text[start : start + TEXT_CHARACTERS] for start in range(0, len(text), TEXT_CHARACTERS)]
        updates = [self._hear(chat, _text_content(part)) for part in parts if part.strip()]
        return updates[-1]

    async def press(
        self,
        chat: int,
        *,
        label: str | None = None,
        data: str | None = None,
        message_id: int | None = None,
        force: bool = False,
    ) -> Json:
        """Press the newest inline button with this label or data, else a reply keyboard's button.

        `force` presses `data` on `message_id` although the button went away meanwhile (a slow thumb).
        """
        seen = self._free(chat)
        if force and data is not None and message_id in seen.messages:
            return self._query(seen, seen.messages[message_id], data)
        for message, button in _inline_buttons(seen, message_id):
            if label == button["text"] or (data is not None and data == button.get("callback_data")):
                if "callback_data" not in button:
                    raise ControlError(f"the button {button['text']!r} does not call the bot")
                return self._query(seen, message, str(button["callback_data"]))
        if label is not None and message_id is None and label in _labels(seen):
            return await self.text(chat, label)
        raise ControlError(f"chat {chat} shows no button {label or data!r}")

    async def contact(self, chat: int, phone: str, *, own: bool = True) -> Json:
        """Share one's own contact, or (`own` false) somebody else's from the address book."""
        person = self.world.meet(chat).person
        user_id = person["id"] if own else person["id"] + 1_000_000
        first_name = person["first_name"] if own else "Somebody else"
        content = {"phone_number": phone, "first_name": first_name, "user_id": user_id}
        return self._hear(chat, {"contact": content})

    async def place(self, chat: int, lat: float, lon: float) -> Json:
        """Share a place."""
        return self._hear(chat, {"location": {"latitude": lat, "longitude": lon}})

    async def photo(
        self,
        chat: int,
        *,
        path: str | None = None,
        base64: str | None = None,
        data: bytes | None = None,
        caption: str | None = None,
    ) -> Json:
        """Send a picture (JPEG, PNG, GIF), a plain grey one when none is given."""
        if path is not None:
            data = await asyncio.to_thread(Path(path).read_bytes)
        elif base64 is not None:
            data = base64_codec.b64decode(base64)
        content: Json = {"photo": self.world.files.add_photo(data or grey_picture())}
        if caption:
            written = _text_content(caption)
            content["caption"] = written.pop("text")
            content |= {f"caption_{key}": value for key, value in written.items()}
        return self._hear(chat, content)

    async def sticker(self, chat: int) -> Json:
        sticker = self.world.files.add("sticker", b"RIFF sticker", _STICKER, extension=".webp")
        return self._hear(chat, {"sticker": sticker})

    async def voice(self, chat: int, *, seconds: int = 3) -> Json:
        extra = {"duration": seconds, "mime_type": "audio/ogg"}
        return self._hear(chat, {"voice": self.world.files.add("voice", b"OggS voice", extra, extension=".oga")})

    async def document(
        self,
        chat: int,
        *,
        name: str = "hoa-don.pdf",
        base64: str | None = None,
        size: int | None = None,
        mime: str = "application/pdf",
    ) -> Json:
        """Send a file; `size` in bytes only pretends, to try the 20 MB of getFile."""
        data = base64_codec.b64decode(base64) if base64 else b"%PDF-1.4"
        extra = {"file_name": name, "mime_type": mime}
        stored = self.world.files.add("document", data, extra, extension=Path(name).suffix, size=size)
        return self._hear(chat, {"document": stored})

    async def block(self, chat: int) -> Json:
        """Block the bot: it gets 403 from now on, and a my_chat_member update."""
        return self._set_blocked(chat, True)

    async def unblock(self, chat: int) -> Json:
        return self._set_blocked(chat, False)

    def _hear(self, chat_id: int, content: Json) -> Json:
        self.world.meet(chat_id)
        chat = self._free(chat_id)
        message = self.world.post(chat, chat.person, content)
        answers_keyboard = content.get("text") in _labels(chat) or content.keys() & {"contact", "location"}
        if chat.keyboard and chat.keyboard.get("one_time_keyboard") and answers_keyboard:
            chat.keyboard = None
        return self.world.updates.add("message", message.payload, ("message", chat.id)).body

    def _query(self, chat: Chat, message: Message, data: str) -> Json:
        query = {
            "id": self.world.new_callback(chat),
            "from": chat.person,
            "message": message.payload,
            "chat_instance": chat.instance,
            "data": data,
        }
        return self.world.updates.add("callback_query", query, ("callback_query", chat.person["id"])).body

    def _free(self, chat_id: int) -> Chat:
        chat = self.world.seen(chat_id)
        if chat.blocked:
            raise ControlError(f"chat {chat_id} has blocked the bot: unblock first")
        return chat

    def _set_blocked(self, chat_id: int, blocked: bool) -> Json:
        chat = self.world.meet(chat_id)
        chat.blocked = blocked
        member: Json = {"user": self.world.bot, "status": "member"}
        kicked: Json = {"user": self.world.bot, "status": "kicked", "until_date": 0}
        change = {
            "chat": chat.payload,
            "from": chat.person,
            "date": int(time.time()),
            "old_chat_member": member if blocked else kicked,
            "new_chat_member": kicked if blocked else member,
        }
        return self.world.updates.add("my_chat_member", change, ("my_chat_member", chat.person["id"])).body


def _text_content(text: str) -> Json:
    formatted = format_text(text, "")
    content: Json = {"text": formatted.text}
    if formatted.entities:
        content["entities"] = formatted.entities
    return content


def _inline_buttons(chat: Chat, message_id: int | None) -> Iterator[tuple[Message, Json]]:
    """Buttons that can be touched, those of the newest message first."""
    for number, message in reversed(chat.messages.items()):
        if message_id is None or number == message_id:
            for row in message.payload.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    yield message, button


def _labels(chat: Chat) -> set[str]:
    """Plain buttons of the reply keyboard: those that only say their label."""
    rows = chat.keyboard["keyboard"] if chat.keyboard else []
    return {button["text"] for row in rows for button in row if button.keys() <= {"text", "style"}}

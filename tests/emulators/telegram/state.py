"""What this Telegram knows: the bot, chats and their messages, files, and presses that await an answer."""

import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.errors import ControlError, bad_request, blocked
from tests.emulators.telegram.files import Files
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.keyboards import Markup
from tests.emulators.telegram.updates import Updates

TOKEN = "7100000001:AAEmulatorEmulatorEmulatorEmulator0"  # noqa: S105 (opens nothing but this emulator)
CALLBACK_SECONDS = 150.0


@dataclass(slots=True)
class Message:
    """`payload` is the Message object of the Bot API; it is replaced, never changed, as updates hold on to it."""

    payload: Json
    from_bot: bool
    editable: bool = True
    edits: int = 0


@dataclass(slots=True)
class Notice:
    """What answerCallbackQuery showed."""

    text: str
    alert: bool


@dataclass(slots=True)
class Chat:
    """A conversation of the bot. `keyboard` is the reply keyboard that the person sees now."""

    id: int
    payload: Json
    person: Json
    messages: dict[int, Message] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    blocked: bool = False
    keyboard: Json | None = None
    keyboard_message: int = 0
    last_action: str = ""

    @property
    def instance(self) -> str:
        digest = blake2b(str(self.id).encode(), digest_size=8).digest()
        return str(int.from_bytes(digest, signed=True))


@dataclass(frozen=True, slots=True)
class Callback:
    chat: Chat
    expires_at: float


class World:
    """Everything but delivery. Message ids, file ids and update ids go on counting over a `reset`."""

    def __init__(self, clock: Clock, *, token: str = TOKEN, known_chats_only: bool = True) -> None:
        self.clock = clock
        self.token = token
        self.known_chats_only = known_chats_only
        self.updates = Updates(clock)
        self.files = Files()
        self.chats: dict[int, Chat] = {}
        self.callbacks: dict[str, Callback] = {}
        self.sent: Counter[int] = Counter()
        self.profile: dict[tuple[str, ...], Json | list[Json]] = {}
        self.bot: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Emulated bot",
            "username": "emulated_bot",
        }
        self._message_ids = itertools.count(1)
        self._callback_ids = itertools.count(4_000_000_000_000_000_001)

    def reset(self) -> None:
        """Forget people, messages, undelivered updates and what the bot told about itself."""
        self.updates.drop(self.updates.pending)
        self.updates.history.clear()
        for known in (self.chats, self.callbacks, self.sent, self.profile):
            known.clear()

    def meet(
        self,
        chat_id: int,
        name: str | None = None,
        username: str | None = None,
        language: str | None = None,
    ) -> Chat:
        """The chat, made when new; what is given of the person replaces what was known."""
        chat = self.chats.get(chat_id)
        if chat is None:
            chat = self.chats[chat_id] = _new_chat(chat_id)
        given = {"first_name": name, "username": username, "language_code": language}
        changed = {key: value for key, value in given.items() if value is not None}
        if changed:
            chat.person = {**chat.person, **changed}
            if chat.id > 0:
                known: Json = {key: chat.person[key] for key in ("first_name", "username") if key in chat.person}
                chat.payload = {**chat.payload, **known}
        return chat

    def seen(self, chat_id: int) -> Chat:
        """A chat that must be there already. Errors: ControlError."""
        chat = self.chats.get(chat_id)
        if chat is None:
            raise ControlError(f"chat {chat_id} has not been seen")
        return chat

    def addressee(self, call: Call) -> Chat:
        """The chat a bot writes to. Errors: ApiError chat_id is empty, chat not found, blocked."""
        if not call.text("chat_id"):
            raise bad_request("chat_id is empty")
        chat_id = call.integer("chat_id")
        chat = self.chats.get(chat_id)
        if chat is None:
            if self.known_chats_only or not chat_id:
                raise bad_request("chat not found")
            chat = self.meet(chat_id)
        if chat.blocked:
            raise blocked()
        return chat

    def post(self, chat: Chat, sender: Json, content: Json, markup: Markup | None = None) -> Message:
        """Put a message into the chat, and its keyboard where the person sees it."""
        number = next(self._message_ids)
        payload = {
            "message_id": number,
            "from": sender,
            "chat": chat.payload,
            "date": int(time.time()),
            **content,
        }
        message = Message(payload, sender is self.bot)
        chat.messages[number] = message
        if markup is not None:
            _show(chat, message, markup)
        return message

    def new_callback(self, chat: Chat) -> str:
        """The id of a press, good for an answer for a while."""
        callback_id = str(next(self._callback_ids))
        self.callbacks[callback_id] = Callback(chat, self.clock.now() + CALLBACK_SECONDS)
        return callback_id


def _new_chat(chat_id: int) -> Chat:
    person: Json = {
        "id": abs(chat_id),
        "is_bot": False,
        "first_name": f"Person {abs(chat_id)}",
        "language_code": "vi",
    }
    if chat_id > 0:
        payload = {"id": chat_id, "first_name": person["first_name"], "type": "private"}
    else:
        kind = "supergroup" if str(chat_id).startswith("-100") else "group"
        payload = {"id": chat_id, "title": f"Group {chat_id}", "type": kind}
    return Chat(chat_id, payload, person)


def _show(chat: Chat, message: Message, markup: Markup) -> None:
    if markup.kind == "inline":
        message.payload["reply_markup"] = markup.value
        return
    # The real server refuses to edit any message that came with a keyboard other than an inline one.
    message.editable = False
    if markup.kind == "keyboard":
        chat.keyboard, chat.keyboard_message = markup.value, message.payload["message_id"]
    elif markup.kind == "remove":
        chat.keyboard = None

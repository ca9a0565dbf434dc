"""What Telegram's updates say, in the words of the conversations."""

import re
from collections.abc import Mapping

from telegram import CallbackQuery, Contact, MaybeInaccessibleMessage, Message, Update, User
from telegram.constants import ChatType

from conversations.model import LANGUAGES, Event, Language, Opened, Other, Photo, Place, Press, SharedContact, Text
from handlers.ports import Incoming
from handlers.rules.phones import national_number

# What a command of the menu is short for, as a customer would type it.
COMMAND_WORDS: Mapping[str, str] = {
    "menu": "menu",
    "theodoi": "theo dõi",
    "follow": "follow",
    "lich": "lịch cúp điện",
    "outages": "outage schedule",
    "noicuatoi": "nơi của tôi",
    "places": "my places",
    "ngonngu": "đổi ngôn ngữ",
    "language": "change language",
    "nhanvien": "gặp nhân viên",
    "agent": "talk to an agent",
    "huy": "hủy",
    "cancel": "cancel",
    "trogiup": "trợ giúp",
    "help": "help",
}

_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
_PDF = "application/pdf"
# An animation comes with a document of the same file, so it is asked for first.
_OTHER_KINDS = (
    "animation",
    "sticker",
    "voice",
    "audio",
    "video",
    "video_note",
    "document",
    "poll",
    "dice",
    "game",
    "story",
    "checklist",
    "paid_media",
)


def read_update(update: Update) -> Incoming | None:
    """The event that an update is; None for what asks for no answer.

    None are: everything outside private chats (a reply there would tell a group about someone's home), edits of
    earlier messages, service messages, and the news that a person blocked the bot (the next sending tells that).
    """
    if update.callback_query is not None:
        return _read_press(str(update.update_id), update.callback_query)
    message = update.message
    if message is None or message.from_user is None or message.chat.type != ChatType.PRIVATE:
        return None
    event = _read_message(message, message.from_user)
    if event is None:
        return None
    return Incoming(
        id=str(update.update_id),
        sender=str(message.chat.id),
        event=event,
        shown=event.phone if isinstance(event, SharedContact) else message.text or message.caption or "",
        name=message.from_user.first_name,
        language=_language(message.from_user.language_code),
    )


def _read_press(update_id: str, query: CallbackQuery) -> Incoming | None:
    message = query.message
    if query.data is None or message is None or message.chat.type != ChatType.PRIVATE:
        return None
    return Incoming(
        id=update_id,
        sender=str(message.chat.id),
        event=Press(query.data),
        shown=_label(message, query.data),
        name=query.from_user.first_name,
        language=_language(query.from_user.language_code),
        origin=str(message.message_id),
        ack=query.id,
    )


def _label(message: MaybeInaccessibleMessage, value: str) -> str:
    """What stands on the pressed button; empty when the message is too old for Telegram to show it."""
    if not isinstance(message, Message) or message.reply_markup is None:
        return ""
    buttons = (button for row in message.reply_markup.inline_keyboard for button in row)
    return next((button.text for button in buttons if button.callback_data == value), "")


def _read_message(message: Message, sender: User) -> Event | None:
    if message.text is not None:
        return _read_text(message.text)
    if message.photo:
        return Photo(message.photo[-1].file_id)
    if message.document and not message.animation and _may_be_paper(message.document.mime_type):
        return Photo(message.document.file_id, message.document.file_name or "")
    if message.location:
        return Place(message.location.latitude, message.location.longitude)
    if message.contact:
        return _read_contact(message.contact, sender)
    return _read_other(message)


def _may_be_paper(mime_type: str | None) -> bool:
    """Pictures of any kind, so that one we cannot read is answered with what to do instead, and PDFs."""
    return (mime_type or "").startswith("image/") or mime_type == _PDF


def _read_text(text: str) -> Event:
    command = _COMMAND.fullmatch(text.strip())
    if command is None:
        return Text(text)
    name, rest = command[1].lower(), command[2] or ""
    if name == "start":
        return Opened(rest)
    words = COMMAND_WORDS.get(name, name.replace("_", " "))
    return Text(f"{words} {rest}".rstrip())


def _read_contact(contact: Contact, sender: User) -> SharedContact:
    return SharedContact(national_number(contact.phone_number), own=contact.user_id == sender.id)


def _read_other(message: Message) -> Other | None:
    """The kind of what we cannot read; the library keeps what it does not know itself in `api_kwargs`."""
    kind = next((kind for kind in _OTHER_KINDS if getattr(message, kind)), None)
    if kind is None and not message.api_kwargs:
        return None
    return Other(kind or "unknown")


def _language(code: str | None) -> Language | None:
    """The language of the person's app, where it is one of ours; it may carry a region (`en-GB`)."""
    primary = (code or "").partition("-")[0].lower()
    return next((language for language in LANGUAGES if language == primary), None)

"""Bot methods that change or delete what is in a chat already."""

import time

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.content import caption_content, media_content, text_content
from tests.emulators.telegram.errors import NOT_MODIFIED, bad_request
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.keyboards import read_markup
from tests.emulators.telegram.state import Message, World

_CONTENT = ("text", "entities", "caption", "caption_entities", "photo", "document", "reply_markup")


def edit_message_text(world: World, call: Call) -> Json:
    content = text_content(call, "MESSAGE_TOO_LONG")
    message = _editable(world, call)
    if "text" not in message.payload:
        raise bad_request("there is no text in the message to edit")
    return _edit(message, call, content, dropped=("text", "entities"))


def edit_message_caption(world: World, call: Call) -> Json:
    content = caption_content(call)
    message = _editable(world, call)
    if "photo" not in message.payload and "document" not in message.payload:
        raise bad_request("there is no caption in the message to edit")
    return _edit(message, call, content, dropped=("caption", "caption_entities"))


def edit_message_reply_markup(world: World, call: Call) -> Json:
    return _edit(_editable(world, call), call, {}, dropped=())


def edit_message_media(world: World, call: Call) -> Json:
    media = call.json("media")
    if not isinstance(media, dict) or media.get("type") not in {"photo", "document"}:
        raise bad_request("can't parse InputMedia: photo or document expected")
    message = _editable(world, call)
    inner = Call(call.method, media, call.files)
    content = media_content(inner, world.files, media["type"], "media", media.get("media"))
    content.update(caption_content(inner))
    return _edit(message, call, content, dropped=_CONTENT)


def delete_message(world: World, call: Call) -> bool:
    chat = world.addressee(call)
    number = call.integer("message_id")
    if chat.messages.pop(number, None) is None:
        raise bad_request("message to delete not found")
    if chat.keyboard_message == number:
        chat.keyboard = None
    return True


def _editable(world: World, call: Call) -> Message:
    chat = world.addressee(call)
    if not call.integer("message_id"):
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if not message.from_bot or not message.editable:
        raise bad_request("message can't be edited")
    return message


def _edit(message: Message, call: Call, content: Json, dropped: tuple[str, ...]) -> Json:
    """Replace the parts `dropped` by `content`, and the inline keyboard by the given one, or by none."""
    markup = read_markup(call.parameters.get("reply_markup"))
    if markup is not None and markup.kind != "inline":
        raise bad_request("inline keyboard expected")
    before = message.payload
    after = {key: value for key, value in before.items() if key not in (*dropped, "reply_markup")}
    after.update(content)
    if markup is not None:
        after["reply_markup"] = markup.value
    if all(before.get(part) == after.get(part) for part in _CONTENT):
        raise bad_request(NOT_MODIFIED)
    after["edit_date"] = int(time.time())
    message.payload = after
    message.edits += 1
    return after

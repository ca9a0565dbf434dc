"""Bot methods that put something into a chat or show something there."""

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.content import caption_content, media_content, text_content
from tests.emulators.telegram.errors import QUERY_TOO_OLD, bad_request
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.keyboards import read_markup
from tests.emulators.telegram.state import Chat, Notice, World

_ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}


def send_message(world: World, call: Call) -> Json:
    content = text_content(call, "message is too long")
    preview = call.json("link_preview_options")
    if preview:
        content["link_preview_options"] = preview
    return _send(world, call, content)


def send_photo(world: World, call: Call) -> Json:
    caption = caption_content(call)
    photo = media_content(call, world.files, "photo", "photo", call.parameters.get("photo"))
    return _send(world, call, {**photo, **caption})


def send_document(world: World, call: Call) -> Json:
    caption = caption_content(call)
    document = media_content(call, world.files, "document", "document", call.parameters.get("document"))
    return _send(world, call, {**document, **caption})


def send_location(world: World, call: Call) -> Json:
    latitude, longitude = call.number("latitude"), call.number("longitude")
    if not call.text("latitude") or not -90 <= latitude <= 90 or not -180 <= longitude <= 180:
        raise bad_request("wrong location specified")
    return _send(world, call, {"location": {"latitude": latitude, "longitude": longitude}})


def send_chat_action(world: World, call: Call) -> bool:
    action = call.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    world.addressee(call).last_action = action
    return True


def answer_callback_query(world: World, call: Call) -> bool:
    callback = world.callbacks.get(call.text("callback_query_id"))
    if callback is None or callback.expires_at <= world.clock.now():
        raise bad_request(QUERY_TOO_OLD)
    text = call.text("text")
    if len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    callback.chat.notices.append(Notice(text, call.flag("show_alert")))
    return True


def _send(world: World, call: Call, content: Json) -> Json:
    markup = read_markup(call.parameters.get("reply_markup"))
    chat = world.addressee(call)
    _add_reply(chat, call, content)
    if call.flag("protect_content"):
        content["has_protected_content"] = True
    message = world.post(chat, world.bot, content, markup)
    world.sent[chat.id] += 1
    return message.payload


def _add_reply(chat: Chat, call: Call, content: Json) -> None:
    given = call.json("reply_parameters") or {}
    number = int(given.get("message_id") or call.integer("reply_to_message_id"))
    if not number:
        return
    answered = chat.messages.get(number)
    if answered is not None:
        content["reply_to_message"] = {
            key: value for key, value in answered.payload.items() if key != "reply_to_message"
        }
    elif not (given.get("allow_sending_without_reply") or call.flag("allow_sending_without_reply")):
        raise bad_request("message to be replied not found")

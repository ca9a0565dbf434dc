"""The methods this Bot API knows, by their names in lower case."""

from collections.abc import Callable
from typing import Any

from tests.emulators.telegram import editing, profile, sending
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.delivery import Delivery
from tests.emulators.telegram.errors import ApiError
from tests.emulators.telegram.state import World

_METHODS: dict[str, Callable[[World, Call], Any]] = {
    "getme": profile.get_me,
    "sendmessage": sending.send_message,
    "sendphoto": sending.send_photo,
    "senddocument": sending.send_document,
    "sendlocation": sending.send_location,
    "sendchataction": sending.send_chat_action,
    "answercallbackquery": sending.answer_callback_query,
    "editmessagetext": editing.edit_message_text,
    "editmessagecaption": editing.edit_message_caption,
    "editmessagereplymarkup": editing.edit_message_reply_markup,
    "editmessagemedia": editing.edit_message_media,
    "deletemessage": editing.delete_message,
    "setmycommands": profile.set_my_commands,
    "getmycommands": profile.get_my_commands,
    "deletemycommands": profile.delete_my_commands,
    "setmydescription": profile.set_description,
    "getmydescription": profile.get_description,
    "setmyshortdescription": profile.set_short_description,
    "getmyshortdescription": profile.get_short_description,
    "setchatmenubutton": profile.set_menu_button,
    "getchatmenubutton": profile.get_menu_button,
    "getfile": profile.get_file,
}


async def run(world: World, delivery: Delivery, call: Call) -> Any:
    """The result of a call. Errors: ApiError, 404 for a method nobody knows."""
    method = _METHODS.get(call.method)
    if method is not None:
        return method(world, call)
    if call.method == "getupdates":
        return await delivery.get_updates(call)
    if call.method == "setwebhook":
        return await delivery.set_webhook(call)
    if call.method == "deletewebhook":
        return await delivery.delete_webhook(call)
    if call.method == "getwebhookinfo":
        return delivery.webhook_info()
    raise ApiError(404, "Not Found: method not found")

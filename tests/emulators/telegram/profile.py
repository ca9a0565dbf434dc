"""Bot methods about the bot itself: its commands menu, descriptions and menu button, and files to download."""

import re
from typing import Any

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import bad_request
from tests.emulators.telegram.files import DOWNLOAD_BYTES
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.state import World

MAX_COMMANDS = 100
_SCOPES = {
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
    "chat",
    "chat_administrators",
    "chat_member",
}


def get_me(world: World, call: Call) -> Json:
    return {
        **world.bot,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def set_my_commands(world: World, call: Call) -> bool:
    commands = call.json("commands")
    if not isinstance(commands, list):
        raise bad_request("can't parse commands JSON object: array expected")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("too many commands specified")
    kept = [_command(command) for command in commands]
    world.profile["commands", _scope(call), _language(call)] = kept
    return True


def get_my_commands(world: World, call: Call) -> Any:
    return world.profile.get(("commands", _scope(call), _language(call)), [])


def delete_my_commands(world: World, call: Call) -> bool:
    world.profile.pop(("commands", _scope(call), _language(call)), None)
    return True


def commands_shown(world: World, chat_id: int, language: str) -> Any:
    """The commands a person sees: the nearest scope first, in it their language before none."""
    everybody = "all_private_chats" if chat_id > 0 else "all_group_chats"
    for scope in (f"chat:{chat_id}", everybody, "default"):
        for spoken in (language, ""):
            found = world.profile.get(("commands", scope, spoken))
            if found:
                return found
    return []


def set_description(world: World, call: Call) -> bool:
    return _set_text(world, call, "description", 512)


def set_short_description(world: World, call: Call) -> bool:
    return _set_text(world, call, "short_description", 120)


def get_description(world: World, call: Call) -> Any:
    return world.profile.get(("description", _language(call)), {"description": ""})


def get_short_description(world: World, call: Call) -> Any:
    return world.profile.get(("short_description", _language(call)), {"short_description": ""})


def set_menu_button(world: World, call: Call) -> bool:
    button = call.json("menu_button") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in {"default", "commands", "web_app"}:
        raise bad_request("unsupported menu button type specified")
    world.profile["menu_button", call.text("chat_id")] = button
    return True


def get_menu_button(world: World, call: Call) -> Any:
    default = world.profile.get(("menu_button", ""), {"type": "commands"})
    return world.profile.get(("menu_button", call.text("chat_id")), default)


def get_file(world: World, call: Call) -> Json:
    if not call.text("file_id"):
        raise bad_request("file_id not specified")
    stored = world.files.find(call.text("file_id"))
    if stored is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if stored.size > DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": call.text("file_id"),
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
        "file_path": stored.path,
    }


def _command(command: Any) -> Json:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name, description = str(command.get("command", "")).lstrip("/"), str(command.get("description", ""))
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _scope(call: Call) -> str:
    scope = call.json("scope") or {"type": "default"}
    if not isinstance(scope, dict) or scope.get("type") not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    owner = [str(scope[key]) for key in ("chat_id", "user_id") if key in scope]
    return ":".join([scope["type"], *owner])


def _language(call: Call) -> str:
    code = call.text("language_code")
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise bad_request("invalid language code specified")
    return code


def _set_text(world: World, call: Call, name: str, longest: int) -> bool:
    text = call.text(name)
    if len(text) > longest:
        raise bad_request(f"{name.replace('_', ' ')} is too long")
    world.profile[name, _language(call)] = {name: text}
    return True

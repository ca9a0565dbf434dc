"""The table of commands: what each wish of a conversation does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from conversations.follow import Follow
from conversations.model import Command, SetLanguage
from conversations.my_places import PausePlace, RemovePlace, RenamePlace, ResumePlace
from handlers import subscriptions
from handlers.talking import Talking
from store.contacts import Contact
from store.db import Unit

Do = Callable[[Unit, Contact, Any, datetime, Talking], Awaitable[None]]

COMMANDS: dict[type[Command], Do] = {
    Follow: subscriptions.follow,
    RenamePlace: subscriptions.rename,
    RemovePlace: subscriptions.remove,
    PausePlace: subscriptions.pause,
    ResumePlace: subscriptions.resume,
    SetLanguage: subscriptions.set_language,
}


async def carry_out(unit: Unit, contact: Contact, command: Command, now: datetime, talking: Talking) -> None:
    """Do what a conversation wishes, within the unit of the event."""
    await COMMANDS[type(command)](unit, contact, command, now, talking)

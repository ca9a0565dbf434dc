"""Stands in for the handlers of services where there are none yet, so that their conversations can be played."""

from __future__ import annotations

from datetime import datetime

from conversations.service_words import GiveConsent, OpenRequest, Recall, Recalled
from handlers.commands import COMMANDS
from handlers.lookups import LOOKUPS
from handlers.numbering import PREFIXES
from handlers.talking import Talking
from store.contacts import Contact
from store.db import Unit


async def _nothing(unit: Unit, contact: Contact, command: object, now: datetime, talking: Talking) -> None:
    """The conversation is what is tested; what it leads to is tested beside its handler."""


async def _unknown(unit: Unit, contact: Contact, query: Recall, now: datetime, talking: Talking) -> Recalled:
    return Recalled()


def register() -> None:
    """Handlers that are there already stay."""
    COMMANDS.setdefault(OpenRequest, _nothing)
    COMMANDS.setdefault(GiveConsent, _nothing)
    LOOKUPS.setdefault(Recall, _unknown)
    PREFIXES.setdefault("request", "HS")

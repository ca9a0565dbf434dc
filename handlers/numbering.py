"""The numbers that customers read over a phone: a prefix for the kind, a running number, a check letter."""

from __future__ import annotations

from datetime import datetime

from conversations.numbers import NewNumber, NumberFound
from handlers.rules.numbers import number
from handlers.talking import Talking
from store import numbers
from store.contacts import Contact
from store.db import Unit

# "Báo điện": what customers report; "đổi giờ": what businesses propose instead of a planned window; "hồ sơ".
PREFIXES = {"report": "BD", "proposal": "DG", "request": "HS", "privacy": "RD"}


async def new_number(unit: Unit, kind: str) -> str:
    """A number that nobody has yet; it is given away only if the unit is committed."""
    return number(PREFIXES[kind], await numbers.following(unit, kind))


async def find(unit: Unit, contact: Contact, query: NewNumber, now: datetime, talking: Talking) -> NumberFound:
    """The number that a conversation asks for before it ends."""
    return NumberFound(await new_number(unit, query.kind))

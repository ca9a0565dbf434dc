"""What day it is on the utility's clock, and which day people mean."""

from __future__ import annotations

from datetime import datetime

from conversations.days import DayKnown, DayNotRead, DayRead, ReadDay, WhatDay
from handlers.rules import whens
from handlers.talking import Talking
from store.contacts import Contact
from store.db import Unit


async def today(unit: Unit, contact: Contact, query: WhatDay, now: datetime, talking: Talking) -> DayKnown:
    """The local day, with what was asked about."""
    return DayKnown(now.astimezone(talking.zone).date().isoformat(), query.said)


async def read(
    unit: Unit, contact: Contact, query: ReadDay, now: datetime, talking: Talking
) -> DayRead | DayNotRead:
    """The day that a text means, today or later."""
    match whens.read_day(query.text, now, talking.zone):
        case whens.DayRead(day):
            return DayRead(day.isoformat())
        case whens.WindowPast():
            return DayNotRead("past")
        case whens.WindowWrong():
            return DayNotRead("no_such_day")
    return DayNotRead("none")

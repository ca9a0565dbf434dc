"""What staff and the clock do between the lines of a transcript: plans, answers to proposals, ticks."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime

from handlers import proposals
from handlers.notices import notices_due
from handlers.outages import OutageDraft, PostponedSlot, Postponement, Slot, postpone, publish
from handlers.talking import ZONE
from store import proposals as kept
from store.db import Database, Unit
from store.extent import Scope

_TIME = r"[\d-]+T[\d:]+"
_WINDOW = re.compile(rf"({_TIME}) to ({_TIME})")
_PLAN = re.compile(rf"= plan customer (?P<code>\w+) (?P<windows>{_TIME} to .+?): (?P<reason>.+)")
_ACCEPT = re.compile(r"= staff accept window (?P<window>\d)")
_DECLINE = re.compile(r"= staff decline: (?P<why>.+)")
_COUNTER = re.compile(rf"= staff counter (?P<window>{_TIME} to {_TIME}): (?P<why>.+)")
_POSTPONE = re.compile(r"= postpone (?P<id>\d+) window (?P<window>\d): (?P<why>.+)")
_MOVE = re.compile(rf"= move (?P<id>\d+) window (?P<window>\d) to (?P<windows>{_TIME} to {_TIME})")
LEADER = "chị Tư"


async def does(database: Database, line: str, now: datetime) -> bool:
    """Do what a line says, if it is one for staff or the clock."""
    deeds: tuple[tuple[re.Pattern[str], Callable[[Unit, re.Match[str], datetime], Awaitable[object]]], ...] = (
        (re.compile("= tick"), _tick),
        (_PLAN, _plan),
        (_ACCEPT, _accept),
        (_DECLINE, _decline),
        (_COUNTER, _counter),
        (_POSTPONE, _postpone),
        (_MOVE, _postpone),
    )
    for pattern, deed in deeds:
        if said := pattern.fullmatch(line):
            async with database.unit() as unit:
                await deed(unit, said, now)
            return True
    return False


async def _tick(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await proposals.proposals_expired(unit, now)
    await notices_due(unit, now)


async def _plan(unit: Unit, said: re.Match[str], now: datetime) -> None:
    windows = tuple(Slot(_at(start), _at(end)) for start, end in _WINDOW.findall(said["windows"]))
    await publish(
        unit, OutageDraft("planned", said["reason"], windows, Scope(customers=(said["code"],))), LEADER, now
    )


async def _accept(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await proposals.accept(unit, await _newest(unit), int(said["window"]), (), LEADER, now)


async def _decline(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await proposals.decline(unit, await _newest(unit), said["why"], LEADER, now)


async def _counter(unit: Unit, said: re.Match[str], now: datetime) -> None:
    ((start, end),) = _WINDOW.findall(said["window"])
    window = Slot(_at(start), _at(end))
    await proposals.counter(unit, await _newest(unit), window, said["why"], (), LEADER, now)


async def _postpone(unit: Unit, said: re.Match[str], now: datetime) -> None:
    """Put one window off, to the time that the line names or until further notice."""
    told = said.groupdict()
    times = _WINDOW.findall(told.get("windows") or "")
    start, end = (_at(times[0][0]), _at(times[0][1])) if times else (None, None)
    slot = PostponedSlot(start, end, int(told["window"]))
    await postpone(unit, int(told["id"]), Postponement((slot,), told.get("why")), LEADER, now)


async def _newest(unit: Unit) -> int:
    (newest,) = await kept.page(unit, None, None, 1, None)
    assert newest.id is not None
    return newest.id


def _at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZONE)

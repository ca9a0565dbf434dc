"""What staff and the clock do between the lines of a transcript: plans, answers, moves of requests, ticks."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime

from bot.channels.console import NAME
from conversations.service_words import OpenRequest
from conversations.services import catalogue
from handlers import handovers, lateness, my_requests, numbering, privacy, proposals, requests, surveys
from handlers.notices import notices_due
from handlers.outages import OutageDraft, PostponedSlot, Postponement, Slot, postpone, publish
from handlers.talking import ZONE, talking
from store import contacts
from store import handovers as wishes
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
_TAKES = re.compile(r"= (?P<by>\w+) takes")
_SAYS = re.compile(r"= (?P<by>\w+) says: (?P<text>.+)")
_GIVES_BACK = re.compile(r"= (?P<by>\w+) gives back")
_ENDS = re.compile(r"= (?P<by>\w+) ends: (?P<note>.+)")
_REQUEST = re.compile(r"= request (?P<service>\w+)(?: without (?P<missing>[\w, ]+))?")
_GO = re.compile(r"= move (?P<code>HS-[\w-]+) (?P<to>\w+)(?:: (?P<note>.+))?")
_ASK_PAPER = re.compile(r"= ask (?P<code>HS-[\w-]+) for (?P<paper>[^:]+)(?:: (?P<why>.+))?")
_ANSWER = re.compile(r"= answer (?P<code>HS-[\w-]+): (?P<text>.+)")
_EXPECT = re.compile(r"= expect (?P<code>HS-[\w-]+) on (?P<on>[\d-]+)(?:: (?P<why>.+))?")
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
        (_REQUEST, _request),
        (_GO, _go),
        (_ASK_PAPER, _ask_paper),
        (_ANSWER, _answer),
        (_EXPECT, _expect),
        (_MOVE, _postpone),
        (_TAKES, _take),
        (_SAYS, _say),
        (_GIVES_BACK, _give_back),
        (_ENDS, _end),
    )
    for pattern, deed in deeds:
        if said := pattern.fullmatch(line):
            async with database.unit() as unit:
                await deed(unit, said, now)
            return True
    return False


async def _tick(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await proposals.proposals_expired(unit, now)
    await lateness.requests_late(unit, now)
    await notices_due(unit, now)
    await handovers.waiting_ones(unit, now)
    await handovers.silent_ones(unit, now)
    await surveys.surveys_due(unit, now)
    await surveys.reminders_due(unit, now)
    await privacy.deletions_due(unit, now)


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


async def _request(unit: Unit, said: re.Match[str], now: datetime) -> None:
    """The customer at the terminal sent a request, with all its papers but those named."""
    customer = await contacts.at(unit, NAME, "customer")
    assert customer is not None, "a customer who never wrote has no request"
    missing = (said["missing"] or "").split(", ")
    papers = {
        paper.name: () if paper.name in missing else ({"file": f"first-{paper.name}", "kind": "image"},)
        for paper in catalogue().services[said["service"]].papers
    }
    code = await numbering.new_number(unit, "request")
    wish = OpenRequest(code, said["service"], {"name": "Trần Thị Lan", "phone": "0901234567"}, papers)
    await my_requests.open_request(unit, customer, wish, now, talking())


async def _go(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await requests.move(unit, said["code"], said["to"], said["note"] or "", LEADER, now)


async def _ask_paper(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await requests.ask_paper(unit, said["code"], said["paper"], said["why"] or "", LEADER, now)


async def _answer(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await requests.answer(unit, said["code"], said["text"], LEADER, now)


async def _expect(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await requests.expect(unit, said["code"], date.fromisoformat(said["on"]), said["why"] or "", LEADER, now)


async def _newest(unit: Unit) -> int:
    (newest,) = await kept.page(unit, None, None, 1, None)
    assert newest.id is not None
    return newest.id


async def _take(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await handovers.take(unit, await _wish(unit), said["by"], now)


async def _say(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await handovers.speak(unit, await _wish(unit), said["by"], said["text"], now)


async def _give_back(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await handovers.release(unit, await _wish(unit), said["by"], now)


async def _end(unit: Unit, said: re.Match[str], now: datetime) -> None:
    await handovers.end(unit, await _wish(unit), said["by"], said["note"], now)


async def _wish(unit: Unit) -> int:
    (newest,) = await wishes.page(unit, None, 1, live=True)
    assert newest.id is not None
    return newest.id


def _at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZONE)

"""When people answer in the chat, how long a place in the queue takes, and when waiting turns into a request."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path
from statistics import median

from handlers.rules.dated import BadData, span_in, text_in, version_at

DESK = Path(__file__).with_name("desk.toml")
# Fewer people taken than this say nothing about the next one.
ENOUGH = 3
_WEEK = 7


@dataclass(frozen=True)
class DeskRules:
    """hours: opening and closing local time of each weekday, Monday first; equal times: closed all day.

    reassure: a word to who waits so long. turn: waiting turns into a request. silent_agent, silent_customer:
    after so long without a word the talk is given on, or ends. answer: within which a question that was left is
    answered. recent: how far back the desk's pace is looked at.
    """

    hours: tuple[tuple[time, time], ...]
    reassure: timedelta
    turn: timedelta
    silent_agent: timedelta
    silent_customer: timedelta
    answer: timedelta
    recent: timedelta


def desk_at(day: date, path: Path = DESK) -> DeskRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    text_in(version, "hours_source", where)
    return DeskRules(
        hours=_hours(version.get("hours"), where),
        reassure=span_in(version, "reassure", where),
        turn=span_in(version, "turn", where),
        silent_agent=span_in(version, "silent_agent", where),
        silent_customer=span_in(version, "silent_customer", where),
        answer=span_in(version, "answer", where),
        recent=span_in(version, "recent", where),
    )


def _hours(given: object, where: str) -> tuple[tuple[time, time], ...]:
    try:
        if not isinstance(given, list) or len(given) != _WEEK:
            raise ValueError("seven pairs are needed, Monday first")
        hours = tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in given)
    except (TypeError, ValueError) as error:
        raise BadData(f'{where}, hours: write ["07:00", "21:00"] for each of seven days: {error}') from None
    if any(end < begin for begin, end in hours):
        raise BadData(f"{where}, hours: a day ends before it begins")
    if all(begin == end for begin, end in hours):
        raise BadData(f"{where}, hours: nobody is ever there")
    return hours


def is_open(rules: DeskRules, now: datetime, zone: tzinfo) -> bool:
    """Whether people are there at a moment."""
    local = now.astimezone(zone)
    begin, end = rules.hours[local.weekday()]
    return begin <= local.time() < end


def opens_next(rules: DeskRules, now: datetime, zone: tzinfo) -> datetime:
    """The next moment at which people come, in UTC's stead still in `zone`; now, when they are there."""
    if is_open(rules, now, zone):
        return now
    local = now.astimezone(zone)
    for ahead in range(_WEEK + 1):
        day = local.date() + timedelta(days=ahead)
        begin, end = rules.hours[day.weekday()]
        opening = datetime.combine(day, begin, zone)
        if begin != end and opening > now:
            return opening
    raise AssertionError("some day of the week has opening hours")


def answer_by(rules: DeskRules, now: datetime, zone: tzinfo) -> datetime:
    """When a question that is left now is answered at the latest: counted from when people are there."""
    return opens_next(rules, now, zone) + rules.answer


def expected_minutes(place: int, taken: Sequence[datetime], now: datetime) -> int | None:
    """Minutes until that place in the queue is reached, by the pace at which people were taken lately.

    taken: when customers were taken, in any order. None when too few were for an honest word. The time since the
    last one counts as a gap when it is longer than the usual: a desk that has stopped is not called quick.
    """
    if len(taken) < ENOUGH:
        return None
    moments = sorted(taken)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    usual = max(median(gaps), 0.0)
    since = max((now - moments[-1]).total_seconds(), 0.0)
    pace = max(usual, since) if since > usual * 2 else usual
    return max(1, math.ceil(place * pace / 60))

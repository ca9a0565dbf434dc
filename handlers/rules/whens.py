"""Reads the days and times that customers type, in Vietnamese or English, into a window."""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from handlers.rules.when_marks import Clock, Day, DayOf, FromToday, Lasting, Mark, Week, Weekday, Word
from handlers.rules.when_spans import DAY, clocks_said, ordered
from handlers.rules.when_words import marks_of

_YEARS_AHEAD = 8  # within so many years 29/2 comes round again, 2100 included
_HALF_A_YEAR = 183


@dataclass(frozen=True)
class WindowRead:
    """A window in UTC that lies ahead."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class DayRead:
    """A local day, today or later."""

    day: date


@dataclass(frozen=True)
class DayPast:
    """A local day before today."""

    day: date


@dataclass(frozen=True)
class WindowUnclear:
    """What to ask for: the day (not said, or said in two ways that differ), the times, or only the end."""

    missing: Literal["day", "time", "end"]


@dataclass(frozen=True)
class WindowPast:
    """The window, or the day, has begun already."""


@dataclass(frozen=True)
class WindowWrong:
    """It cannot be: an end before its start, a day (31/2) or a time (25:00) that does not exist."""

    why: Literal["order", "day", "time"]


ReadWindow = WindowRead | WindowUnclear | WindowPast | WindowWrong
ReadDay = DayRead | WindowUnclear | WindowPast | WindowWrong
ReadDayNear = DayRead | DayPast | WindowUnclear | WindowWrong


class _NoSuchDay(Exception):
    """31/2."""


class _TwoDays(Exception):
    """A weekday and a date that do not belong together."""


def read_window(text: str, now: datetime, zone: ZoneInfo) -> ReadWindow:
    """`"CN 29/11 từ 7g30 đến 11g30"` → the window. A weekday, or a date without a year, is the next such day.

    Hours without a part of the day are read as written unless the end would lie before the start: 8h-5h ends at
    17:00. A window runs over midnight if it says so, or begins in the evening and ends within twelve hours.
    """
    marks = marks_of(text)
    clocks = _clocks(marks)
    if any(not _exists(clock) for clock in clocks):
        return WindowWrong("time")
    today = now.astimezone(zone).date()
    groups, week = _day_groups(marks)
    try:
        first = _resolve(groups[0], week, today) if groups else None
    except _NoSuchDay:
        return WindowWrong("day")
    except _TwoDays:
        first = None
    if first is None:
        return WindowUnclear("day")
    if not clocks or len(clocks) > 2:
        return WindowUnclear("time")
    try:
        span = _span(marks, clocks, groups, first)
    except _NoSuchDay:
        return WindowWrong("day")
    except _TwoDays:
        return WindowUnclear("day")
    if not isinstance(span, tuple):
        return span
    return _placed(first, span, _is_bare_weekday(groups[0], week) and first == today, now, zone)


def read_day(text: str, now: datetime, zone: ZoneInfo) -> ReadDay:
    """The day alone, for a text that may hold a time as well; today is not past."""
    read = _day_of(text, now.astimezone(zone).date())
    return WindowPast() if isinstance(read, DayPast) else read


def read_day_near(text: str, now: datetime, zone: ZoneInfo) -> ReadDayNear:
    """The same for what is looked up, not arranged: "18/11" said on the 20th is the day before yesterday.

    A date without a year lies at most half a year ahead; one that would lie further is the last such day.
    """
    today = now.astimezone(zone).date()
    read = _day_of(text, today)
    if not isinstance(read, DayRead) or (read.day - today).days <= _HALF_A_YEAR:
        return read
    groups, _ = _day_groups(marks_of(text))
    if any(isinstance(mark, DayOf) and mark.year is not None for mark in groups[0]):
        return read
    last = date(read.day.year - 1, read.day.month, min(read.day.day, 28 if read.day.month == 2 else 31))
    return DayPast(last) if last < today else read


def _day_of(text: str, today: date) -> ReadDayNear:
    groups, week = _day_groups(marks_of(text))
    if not groups:
        return WindowUnclear("day")
    try:
        day = _resolve(groups[0], week, today)
    except _NoSuchDay:
        return WindowWrong("day")
    except _TwoDays:
        return WindowUnclear("day")
    if day is None:
        return WindowUnclear("day")
    return DayRead(day) if day >= today else DayPast(day)


def _placed(day: date, span: tuple[int, int], may_wait: bool, now: datetime, zone: ZoneInfo) -> ReadWindow:
    starts_at, ends_at = (_moment(day, minutes, zone) for minutes in span)
    if may_wait and starts_at <= now:
        day += timedelta(days=7)
        starts_at, ends_at = (_moment(day, minutes, zone) for minutes in span)
    return WindowRead(starts_at, ends_at) if starts_at > now else WindowPast()


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, minute = divmod(minutes, DAY)
    local = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60), zone)
    return local.astimezone(UTC)


# --- days


def _day_groups(marks: Sequence[Mark]) -> tuple[list[list[Day]], int | None]:
    """Days said next to each other, which must be one day, and the week, wherever it was said."""
    groups: list[list[Day]] = []
    week: int | None = None
    apart = True
    for mark in marks:
        if isinstance(mark, Week):
            week = mark.shift if week is None else week
        elif isinstance(mark, Weekday | DayOf | FromToday):
            if apart:
                groups.append([])
            groups[-1].append(mark)
            apart = False
        elif isinstance(mark, Clock) or mark == Word("to"):
            apart = True
    return groups, week


def _resolve(group: Sequence[Day], week: int | None, today: date) -> date | None:
    """The one day that all of a group mean. Raises _NoSuchDay or _TwoDays."""
    dates = {day for mark in group if (day := _date_of(mark, today)) is not None}
    weekdays = {mark.day for mark in group if isinstance(mark, Weekday)}
    if len(dates) > 1 or len(weekdays) > 1:
        raise _TwoDays
    if not dates and not weekdays:
        return None
    if dates:
        (day,) = dates
        if weekdays and day.weekday() not in weekdays:
            raise _TwoDays
        return day
    (weekday,) = weekdays
    if week is None:
        return today + timedelta(days=(weekday - today.weekday()) % 7)
    return today + timedelta(days=7 * week + weekday - today.weekday())


def _is_bare_weekday(group: Sequence[Day], week: int | None) -> bool:
    return week is None and all(isinstance(mark, Weekday) for mark in group)


def _date_of(mark: Day, today: date) -> date | None:
    if isinstance(mark, FromToday):
        return today + timedelta(days=mark.days)
    return _next_such(mark, today) if isinstance(mark, DayOf) else None


def _next_such(said: DayOf, today: date) -> date:
    years = range(today.year, today.year + _YEARS_AHEAD + 1) if said.year is None else [said.year]
    if said.year is not None and abs(said.year - today.year) > _YEARS_AHEAD:
        raise _NoSuchDay
    months = range(1, 13) if said.month is None else [said.month]
    for year in years:
        for month in months:
            if not (1 <= month <= 12 and 1 <= said.day <= calendar.monthrange(year, month)[1]):
                continue
            day = date(year, month, said.day)
            if said.year is not None or day >= today:
                return day
    raise _NoSuchDay


# --- times


def _exists(clock: Clock) -> bool:
    return 0 <= clock.minute <= 59 and 0 <= clock.hour * 60 + clock.minute <= DAY


def _clocks(marks: Iterable[Mark]) -> list[Clock]:
    return [mark for mark in marks if isinstance(mark, Clock)]


def _span(
    marks: Sequence[Mark], clocks: Sequence[Clock], groups: Sequence[Sequence[Day]], first: date
) -> tuple[int, int] | WindowUnclear | WindowWrong:
    """Start and end in minutes after midnight of the first day."""
    said = list(clocks_said(marks))
    if len(clocks) == 1:
        lasting = next((mark.minutes for mark in marks if isinstance(mark, Lasting)), None)
        start = said[0].may_be[0]
        if lasting is None:
            return WindowUnclear("time" if _is_end(marks) else "end")
        return (start, start + lasting) if lasting else WindowWrong("order")
    later = Word("next_day") in marks
    last = _resolve(groups[1], None, first) if len(groups) > 1 else None
    days = (last - first).days if last else int(later)
    if days < 0:
        return WindowWrong("order")
    span = ordered(said[0], said[1], days)
    if span is None:
        return WindowWrong("order")
    over_midnight = span[1] > DAY and not days
    return WindowUnclear("day") if over_midnight and _day_after_the_end(marks) else span


def _is_end(marks: Sequence[Mark]) -> bool:
    """Whether the only clock is where the window ends: "đến 12h"."""
    at = next(at for at, mark in enumerate(marks) if isinstance(mark, Clock))
    return Word("to") in marks[max(at - 1, 0) : at] and Word("from") not in marks[:at]


def _day_after_the_end(marks: Sequence[Mark]) -> bool:
    """ "22h đến 2h sáng thứ 7": which of the two days is Saturday?"""
    last = max(at for at, mark in enumerate(marks) if isinstance(mark, Clock))
    return not any(isinstance(mark, Weekday | DayOf | FromToday) for mark in marks[:last])

"""Counts working days and office hours: what a promise in working days means as a date and a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from handlers.rules.dated import BadData, Table, day_in, number_in, read_toml, text_in

HOLIDAYS = Path(__file__).with_name("holidays.toml")
_DAY = timedelta(days=1)
_SATURDAY = 5
# No run of days off is longer: beyond it the data must be wrong.
_LONGEST_CLOSED = 60


@dataclass(frozen=True)
class Holiday:
    """A stretch of local days without office hours, both ends included; `sure` is false for what is assumed."""

    code: str
    name: str
    first: date
    last: date
    sure: bool
    source: str


@dataclass(frozen=True)
class Office:
    """When offices are open on a working day, on local clocks, from a day on."""

    first_day: date
    opens: time
    closes: time


@dataclass(frozen=True)
class WorkCalendar:
    """Working days and office hours in a time zone; Saturdays and Sundays are never worked."""

    holidays: tuple[Holiday, ...]
    offices: tuple[Office, ...]
    years: tuple[int, ...]
    zone: ZoneInfo

    def covers(self, day: date) -> bool:
        """Whether anybody looked up the holidays of that year; in others only weekends are off."""
        return day.year in self.years

    def works_on(self, day: date) -> bool:
        """Whether offices are open on a local day."""
        return day.weekday() < _SATURDAY and not any(one.first <= day <= one.last for one in self.holidays)

    def after(self, day: date, working_days: int) -> date:
        """The working day that many working days after a local day, which itself never counts; 0: that day."""
        return self._count(day, working_days, _DAY)

    def before(self, day: date, working_days: int) -> date:
        """The working day that many working days before a local day."""
        return self._count(day, working_days, -_DAY)

    def between(self, first: date, last: date) -> int:
        """How many working days there are from `first` on, before `last`."""
        return sum(self.works_on(first + _DAY * n) for n in range(max(0, (last - first).days)))

    def opening(self, day: date) -> datetime:
        """When offices open on a local day."""
        return datetime.combine(day, self._office(day).opens, self.zone)

    def closing(self, day: date) -> datetime:
        """When offices close on a local day."""
        return datetime.combine(day, self._office(day).closes, self.zone)

    def day_of(self, at: datetime) -> date:
        """The local day of a moment."""
        return at.astimezone(self.zone).date()

    def deadline(self, received_at: datetime, working_days: int) -> datetime:
        """By when a promise is kept: the end of office hours, that many working days after the day of receipt.

        The day of receipt does not count (Bộ luật Dân sự 2015, Điều 147), at whatever hour it was.
        """
        return self.closing(self.after(self.day_of(received_at), working_days)).astimezone(received_at.tzinfo)

    def extended(self, deadline: datetime, stopped_at: datetime, runs_on_at: datetime) -> datetime:
        """The deadline after its clock stood still: later by the working days that went by meanwhile.

        Never earlier than before; a deadline that had passed when the clock stopped stays as it was.
        """
        if stopped_at >= deadline:
            return deadline
        stood = self.between(self.day_of(stopped_at), self.day_of(runs_on_at))
        if not stood:
            return deadline
        later = self.closing(self.after(self.day_of(deadline), stood)).astimezone(deadline.tzinfo)
        return max(deadline, later)

    def working_time_after(self, at: datetime, span: timedelta) -> datetime:
        """The moment after so much time of open offices; what is left at closing goes on the next working day."""
        for opens, closes in self._days_open(self.day_of(at)):
            begins = max(opens, at)
            if begins < closes and begins + span <= closes:
                return begins.astimezone(at.tzinfo) + span
            span -= max(timedelta(0), closes - begins)
        raise AssertionError("offices open again and again")

    def _days_open(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        while True:
            if self.works_on(day):
                yield self.opening(day), self.closing(day)
            day += _DAY

    def _count(self, day: date, working_days: int, step: timedelta) -> date:
        closed = 0
        while working_days > 0:
            day += step
            if self.works_on(day):
                working_days, closed = working_days - 1, 0
            else:
                closed += 1
            if closed > _LONGEST_CLOSED:
                raise BadData(f"offices are closed for more than {_LONGEST_CLOSED} days around {day}")
        return day

    def _office(self, day: date) -> Office:
        return next((one for one in reversed(self.offices) if one.first_day <= day), self.offices[0])


@lru_cache(maxsize=8)
def work_calendar(zone: ZoneInfo, path: Path = HOLIDAYS) -> WorkCalendar:
    """The calendar of a data file. Raises BadData if it is out of order, overlaps, or leaves out a source."""
    tables = read_toml(path)
    years = [number_in(entry, "year", f"{path}, year", least=2000) for entry in tables.get("year", [])]
    for entry in tables.get("year", []):
        text_in(entry, "source", f"{path}, year")
    holidays = [_holiday(f"{path}, holiday {n}", one) for n, one in enumerate(tables.get("holiday", []), 1)]
    offices = [_office(f"{path}, office {n}", one) for n, one in enumerate(tables.get("office", []), 1)]
    _check(path, years, holidays, offices)
    return WorkCalendar(tuple(holidays), tuple(offices), tuple(years), zone)


def _holiday(where: str, entry: Table) -> Holiday:
    code = text_in(entry, "code", where)
    where = f"{where} ({code})"
    first, last = day_in(entry, "from", where), day_in(entry, "to", where)
    if last < first:
        raise BadData(f"{where}: ends {last}, before it begins {first}")
    sure = entry.get("sure")
    if not isinstance(sure, bool):
        raise BadData(f"{where}: `sure` must be true or false; it is {sure!r}")
    return Holiday(code, text_in(entry, "name", where), first, last, sure, text_in(entry, "source", where))


def _office(where: str, entry: Table) -> Office:
    text_in(entry, "source", where)
    opens, closes = entry.get("opens"), entry.get("closes")
    if not isinstance(opens, time) or not isinstance(closes, time) or opens >= closes:
        raise BadData(f"{where}: `opens` must be a time such as 07:30:00, before `closes`")
    return Office(day_in(entry, "from", where), opens, closes)


def _check(path: Path, years: Sequence[int], holidays: Sequence[Holiday], offices: Sequence[Office]) -> None:
    if not years or not offices:
        raise BadData(f"{path}: holds no [[year]] or no [[office]]; write at least one of each")
    for earlier, later in pairwise(holidays):
        if later.first <= earlier.last:
            raise BadData(f"{path}: {later.code} does not begin after the end of {earlier.code}; oldest first")
    for before, after in pairwise(offices):
        if after.first_day <= before.first_day:
            raise BadData(f"{path}: the office hours from {after.first_day} stand after later ones")
    if empty := sorted(set(years) - {one.first.year for one in holidays}):
        raise BadData(f"{path}: a [[year]] says {empty[0]} is complete, but it holds no holiday")

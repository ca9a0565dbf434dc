"""Reads the calendar of days on which no planned work is done: holidays, exams, elections and the like."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from handlers.rules.dated import BadData, Table, day_in, number_in, read_toml, text_in

FREEZES = Path(__file__).with_name("freezes.toml")


@dataclass(frozen=True)
class Freeze:
    """A stretch of local days without planned work, both ends included; `name` is Vietnamese, for staff.

    assumed: nobody has announced these very days yet, or the announcement calls them expected.
    """

    code: str
    name: str
    first: date
    last: date
    source: str
    note: str = ""
    assumed: bool = False

    def holds_on(self, day: date) -> bool:
        """Whether the day is one of them."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Unannounced:
    """What is not known yet for a year and must be added by staff; it can only fall between `first` and `last`."""

    year: int
    name: str
    note: str
    first: date
    last: date

    def may_hold_on(self, day: date) -> bool:
        """Whether the day may turn out to be one of them."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class FreezeCalendar:
    """All freezes in order, what is still open, and the years for which the list was made."""

    freezes: tuple[Freeze, ...]
    unannounced: tuple[Unannounced, ...]
    years: tuple[int, ...]

    def covers(self, day: date) -> bool:
        """Whether anybody looked up the holidays of that year; where not, no finding proves nothing."""
        return day.year in self.years


def freezes_at(day: date, freezes: Iterable[Freeze]) -> tuple[Freeze, ...]:
    """The freezes that hold on a local day; the utility's own file may name a day a second time."""
    return tuple(freeze for freeze in freezes if freeze.holds_on(day))


def load_freezes(*paths: Path) -> FreezeCalendar:
    """The calendar of one or more files (without any: the one beside this module), the first with its years.

    Raises BadData if a file is out of order, overlaps in itself, leaves out a year, or repeats a code; a missing
    source is an error too.
    """
    paths = paths or (FREEZES,)
    freezes, unannounced, years = list[Freeze](), list[Unannounced](), set[int]()
    for path in paths:
        tables = read_toml(path)
        here = _freezes_of(path, tables.get("freeze", []))
        _check_order(path, here)
        freezes += here
        unannounced += [_open_of(path, entry) for entry in tables.get("open", [])]
        years |= {_year_of(path, entry) for entry in tables.get("year", [])}
    _check_years(paths, years, freezes)
    _check_codes(paths, freezes)
    ordered = sorted(freezes, key=lambda freeze: (freeze.first, freeze.last, freeze.code))
    return FreezeCalendar(tuple(ordered), tuple(unannounced), tuple(sorted(years)))


def _freezes_of(path: Path, entries: Sequence[Table]) -> list[Freeze]:
    return [_freeze_of(f"{path}, freeze {at}", entry) for at, entry in enumerate(entries, 1)]


def _freeze_of(where: str, entry: Table) -> Freeze:
    code = text_in(entry, "code", where)
    where = f"{where} ({code})"
    first, last = day_in(entry, "from", where), day_in(entry, "to", where)
    if last < first:
        raise BadData(f"{where}: ends {last}, before it begins {first}")
    note = text_in(entry, "note", where) if "note" in entry else ""
    name, source = text_in(entry, "name", where), text_in(entry, "source", where)
    return Freeze(code, name, first, last, source, note, _assumed(entry, where))


def _assumed(entry: Table, where: str) -> bool:
    status = entry.get("status", "announced")
    if status not in ("announced", "assumed"):
        raise BadData(f'{where}: `status` must be "announced" or "assumed"; it is {status!r}')
    return bool(status == "assumed")


def _open_of(path: Path, entry: Table) -> Unannounced:
    where = f"{path}, open"
    year, name = number_in(entry, "year", where, least=2000), text_in(entry, "name", where)
    where = f"{where} ({name})"
    first, last = date(year, 1, 1), date(year, 12, 31)
    if "from" in entry or "to" in entry:
        first, last = day_in(entry, "from", where), day_in(entry, "to", where)
    if not date(year, 1, 1) <= first <= last <= date(year, 12, 31):
        raise BadData(f"{where}: `from` and `to` must be in order and within {year}; they are {first} and {last}")
    return Unannounced(year, name, text_in(entry, "note", where), first, last)


def _year_of(path: Path, entry: Table) -> int:
    text_in(entry, "source", f"{path}, year")
    return number_in(entry, "year", f"{path}, year", least=2000)


def _check_order(path: Path, freezes: Sequence[Freeze]) -> None:
    for earlier, later in pairwise(freezes):
        if later.first < earlier.first:
            raise BadData(f"{path}: {later.code} stands after {earlier.code} but begins earlier")
        if later.first <= earlier.last:
            raise BadData(f"{path}: {earlier.code} and {later.code} share {later.first}; they may not")


def _check_years(paths: Sequence[Path], years: set[int], freezes: Sequence[Freeze]) -> None:
    where = " + ".join(map(str, paths))
    if not years:
        raise BadData(f"{where}: no [[year]] says for which years the list was made")
    if missing := sorted(set(range(min(years), max(years) + 1)) - years):
        raise BadData(f"{where}: the year {missing[0]} is left out between {min(years)} and {max(years)}")
    named = {day.year for freeze in freezes for day in (freeze.first, freeze.last)}
    if empty := sorted(years - named):
        raise BadData(f"{where}: a [[year]] says {empty[0]} is complete, but it holds no freeze")


def _check_codes(paths: Sequence[Path], freezes: Sequence[Freeze]) -> None:
    codes = [freeze.code for freeze in freezes]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise BadData(f"{' + '.join(map(str, paths))}: the code {twice[0]} is used twice; each needs its own")

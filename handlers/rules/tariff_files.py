"""Reads the files of tariffs and checks them: no gap, no overlap, no fact without source and day of check."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar

from handlers.rules.dated import BadData, Table, day_in, number_in, read_toml, text_in
from handlers.rules.tariff import (
    BANDS,
    PURPOSES,
    Checked,
    Decision,
    Fee,
    Hourly,
    HoursTable,
    Structure,
    Tariffs,
    Tier,
    VatPeriod,
)

FOLDER = Path(__file__).with_name("tariffs")
KNOWN = ("decision", "vat", "hours", "structure", "fee", "checked")
_DAY = timedelta(days=1)
_SPAN = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_T = TypeVar("_T")
_Fact = TypeVar("_Fact", Decision, VatPeriod, HoursTable, Structure, Fee)


def load_tariffs(folder: Path = FOLDER, extra: Path | None = None) -> Tariffs:
    """The tariffs of a folder, and of another one in which staff add decisions without a release.

    A file of `folder` that is wrong raises BadData. One of `extra` counts for nothing, and `problems` says what is
    wrong with it: the rest goes on working.
    """
    tariffs = Tariffs((), (), "days", ())
    for path in sorted(folder.glob("*.toml")):
        tariffs = _with_file(tariffs, path)
    if not (tariffs.decisions and tariffs.vat and tariffs.hours):
        raise BadData(f"{folder}: holds no [decision], no [vat] or no [[hours]]")
    _check(tariffs, str(folder))
    problems = []
    for path in sorted(extra.glob("*.toml")) if extra else ():
        try:
            more = _with_file(tariffs, path)
            _check(more, str(path))
            tariffs = more
        except BadData as error:
            problems.append(str(error))
    return replace(tariffs, problems=tuple(problems))


def _with_file(tariffs: Tariffs, path: Path) -> Tariffs:
    """The tariffs and what one file adds to them."""
    tables = read_toml(path)
    if unknown := sorted(set(tables) - set(KNOWN)):
        raise BadData(f"{path}: no such table: [{unknown[0]}]; known are {', '.join(KNOWN)}")
    if not tables:
        raise BadData(f"{path}: holds none of {', '.join(KNOWN)}")
    if "decision" in tables:
        one = _decision(_table(tables, "decision", str(path)), f"{path}, decision")
        tariffs = replace(tariffs, decisions=_following((*tariffs.decisions, one)))
    if "vat" in tables:
        inside, periods = _vat(_table(tables, "vat", str(path)), f"{path}, vat")
        # What is said later about the same days counts: staff add an extension, and the built-in end gives way.
        before = tuple(one for one in tariffs.vat if one.first < periods[0].first)
        if before and (before[-1].last is None or before[-1].last >= periods[0].first):
            before = (*before[:-1], replace(before[-1], last=periods[0].first - _DAY))
        tariffs = replace(tariffs, vat=(*before, *periods), vat_inside=inside or tariffs.vat_inside)
    hours = _each(tables, "hours", path, _hours)
    structures, fees = _each(tables, "structure", path, _structure), _each(tables, "fee", path, _fee)
    tariffs = replace(
        tariffs,
        hours=tuple(sorted((*tariffs.hours, *hours), key=lambda table: table.first)),
        structures=(*tariffs.structures, *structures),
        fees=(*tariffs.fees, *fees),
    )
    for code, checked in _each(tables, "checked", path, _look):
        tariffs = _looked_at(tariffs, code, checked, str(path))
    return tariffs


def _look(entry: Table, where: str) -> tuple[str, Checked]:
    """That somebody made sure of a fact again: its code (VAT for VAT), when, and where they looked."""
    text_in(entry, "source", where)
    return text_in(entry, "code", where), _checked(entry, where)


def _looked_at(tariffs: Tariffs, code: str, checked: Checked, where: str) -> Tariffs:
    """The tariffs after a fact was looked at again. Raises BadData where nothing has that code."""

    def again(facts: tuple[_Fact, ...], of_code: Callable[[_Fact], str]) -> tuple[_Fact, ...]:
        return tuple(replace(fact, checked=checked) if of_code(fact) == code else fact for fact in facts)

    looked = replace(
        tariffs,
        decisions=again(tariffs.decisions, lambda one: one.code),
        vat=again(tariffs.vat, lambda one: "VAT"),
        hours=again(tariffs.hours, lambda one: one.code),
        structures=again(tariffs.structures, lambda one: one.code),
        fees=again(tariffs.fees, lambda one: one.code),
    )
    if looked == tariffs:
        codes = {"VAT", *(one.code for one in tariffs.decisions), *(one.code for one in tariffs.hours)}
        known = ", ".join(sorted(codes | {one.code for one in tariffs.fees}))
        raise BadData(f"{where}: [[checked]] names {code!r}, which is none of {known}, or changes nothing")
    return looked


def _following(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """The decisions in order; one without an end of its own ends where the next begins."""
    ordered = sorted(decisions, key=lambda one: one.first)
    ends = [
        replace(one, last=later.first - _DAY) if one.last is None and later.first > one.first else one
        for one, later in pairwise(ordered)
    ]
    return (*ends, *ordered[-1:])


def _check(tariffs: Tariffs, where: str) -> None:
    """Gaps and overlaps, of decisions and of VAT; two tables of hours that both want to be billed."""
    for earlier, later in pairwise(tariffs.decisions):
        _check_neighbours(where, (earlier.code, earlier.first, earlier.last), (later.code, later.first))
    for before, after in pairwise(tariffs.vat):
        _check_neighbours(
            where, (f"VAT {before.percent} %", before.first, before.last), (f"VAT {after.percent} %", after.first)
        )
    for last, name in ((tariffs.decisions[-1].last, "decision"), (tariffs.vat[-1].last, "VAT period")):
        if last is not None:
            raise BadData(f"{where}: the last {name} ends {last}; leave its `until` out, or add what follows it")
    for one, other in pairwise(tariffs.hours):
        if one.first == other.first and one.billed and other.billed:
            raise BadData(f"{where}: {one.code} and {other.code} are both billed from {one.first}")


def _check_neighbours(where: str, earlier: tuple[str, date, date | None], later: tuple[str, date]) -> None:
    (name, first, last), (next_name, next_first) = earlier, later
    if first == next_first:
        raise BadData(f"{where}: {name} and {next_name} both begin {first}")
    if last is None or last >= next_first:
        raise BadData(f"{where}: {name} (until {last}) and {next_name} (from {next_first}) overlap")
    if last + _DAY < next_first:
        raise BadData(
            f"{where}: nothing applies from {last + _DAY} to {next_first - _DAY}, between {name} and {next_name}"
        )


# --- the parts of a file ---------------------------------------------------------------------------------------


def _table(tables: Table, name: str, where: str) -> Table:
    table = tables[name]
    if not isinstance(table, dict):
        raise BadData(f"{where}: write [{name}], one table")
    return table


def _each(tables: Table, name: str, path: Path, read: Callable[[Table, str], _T]) -> tuple[_T, ...]:
    entries = tables.get(name, [])
    if not isinstance(entries, list):
        raise BadData(f"{path}: write [[{name}]], with two brackets")
    return tuple(read(entry, f"{path}, {name} {at}") for at, entry in enumerate(entries, 1))


def _checked(entry: Table, where: str, past: bool = False) -> Checked:
    on = day_in(entry, "checked_on", where)
    until = None if past and "still_right_until" not in entry else day_in(entry, "still_right_until", where)
    if until is not None and until < on:
        raise BadData(f"{where}: `still_right_until` {until} lies before `checked_on` {on}")
    return Checked(on, until)


def _until(entry: Table, first: date, where: str) -> date | None:
    if "until" not in entry:
        return None
    last = day_in(entry, "until", where)
    if last < first:
        raise BadData(f"{where}: `until` {last} lies before `from` {first}")
    return last


def _decision(entry: Table, where: str) -> Decision:
    code = text_in(entry, "code", where)
    where = f"{where} ({code})"
    first = day_in(entry, "from", where)
    last = _until(entry, first, where)
    residential = entry.get("residential")
    if not isinstance(residential, dict):
        raise BadData(f"{where}: write [decision.residential] with its tiers")
    hourly, flat = _groups(entry, where)
    if "prepaid" in residential:
        flat["prepaid"] = number_in(residential, "prepaid", f"{where}, residential", least=1)
    missing = _missing(
        entry, {*(key.partition(".")[0] for key in hourly), *(k.partition(".")[0] for k in flat)}, where
    )
    return Decision(
        code=code,
        signed=day_in(entry, "signed", where) if "signed" in entry else None,
        first=first,
        last=last,
        source=text_in(entry, "source", where),
        checked=_checked(entry, where, past=last is not None),
        tiers=_tiers(residential, "price", f"{where}, residential"),
        hourly=hourly,
        flat=flat,
        missing=missing,
    )


def _missing(entry: Table, given: set[str], where: str) -> tuple[str, ...]:
    """What the data lacks must be said, so that nothing is left out by oversight."""
    named = entry.get("missing", [])
    if not isinstance(named, list):
        raise BadData(f'{where}: `missing` must be a list such as ["prepaid"]')
    lacking = {*PURPOSES, "prepaid"} - given
    if lacking != set(named):
        raise BadData(f"{where}: `missing` must name exactly the groups that are not given: {sorted(lacking)}")
    return tuple(sorted(lacking))


def _tiers(entry: Table, unit: str, where: str) -> tuple[Tier, ...]:
    """Tiers in rising order, the last one without an end."""
    given = entry.get("tiers")
    if not isinstance(given, list) or not given:
        raise BadData(f"{where}: write tiers = [{{ up_to = 50, {unit} = … }}, …, {{ {unit} = … }}]")
    tiers, above = list[Tier](), 0
    for at, one in enumerate(given, 1):
        here = f"{where}, tier {at}"
        value = number_in(one, unit, here, least=1)
        if at == len(given):
            if "up_to" in one:
                raise BadData(f"{here}: the last tier has no `up_to`, or what lies above it has no price")
            tiers.append(Tier(above, None, value))
        else:
            up_to = number_in(one, "up_to", here, least=1)
            if up_to <= above:
                raise BadData(f"{here}: ends at {up_to} kWh, where the tier before it has ended already")
            tiers.append(Tier(above, up_to - above, value))
            above = up_to
    return tuple(tiers)


def _groups(entry: Table, where: str) -> tuple[dict[str, Hourly], dict[str, int]]:
    """Prices (or percents) by hours and in one, by `<group>.<level>`."""
    hourly, flat = dict[str, Hourly](), dict[str, int]()
    for group, levels in entry.items():
        if not isinstance(levels, dict) or group == "residential":
            continue
        for level, value in levels.items():
            here, key = f"{where}, {group}.{level}", f"{group}.{level}"
            if isinstance(value, dict):
                hourly[key] = Hourly(*(number_in(value, band, here, least=1) for band in BANDS))
            else:
                flat[key] = number_in(levels, level, here, least=1)
    return hourly, flat


def _vat(entry: Table, where: str) -> tuple[Literal["days", "reading"] | None, tuple[VatPeriod, ...]]:
    checked = _checked(entry, where)
    given = entry.get("period")
    if not isinstance(given, list) or not given:
        raise BadData(f"{where}: write at least one [[vat.period]]")
    periods = tuple(_vat_period(one, f"{where}, period {at}", checked) for at, one in enumerate(given, 1))
    for one, other in pairwise(periods):
        _check_neighbours(
            where, (f"VAT {one.percent} %", one.first, one.last), (f"VAT {other.percent} %", other.first)
        )
    match entry.get("inside"):
        case None:
            return None, periods
        case "days":
            return "days", periods
        case "reading":
            return "reading", periods
        case other_rule:
            raise BadData(f'{where}: `inside` must be "days" or "reading"; it is {other_rule!r}')


def _vat_period(entry: Table, where: str, checked: Checked) -> VatPeriod:
    first = day_in(entry, "from", where)
    percent = number_in(entry, "percent", where)
    return VatPeriod(first, _until(entry, first, where), percent, text_in(entry, "source", where), checked)


def _hours(entry: Table, where: str) -> HoursTable:
    code = text_in(entry, "code", where)
    where = f"{where} ({code})"
    billed = entry.get("billed")
    if not isinstance(billed, bool):
        raise BadData(f"{where}: `billed` must be true or false")
    return HoursTable(
        code=code,
        first=day_in(entry, "from", where),
        billed=billed,
        source=text_in(entry, "source", where),
        checked=_checked(entry, where),
        workday=_day_of_hours(entry, "workday", where),
        sunday=_day_of_hours(entry, "sunday", where),
    )


def _day_of_hours(entry: Table, name: str, where: str) -> Mapping[str, tuple[tuple[int, int], ...]]:
    """The spans of each band; together they must cover a day once."""
    here, table = f"{where}, {name}", entry.get(name)
    if not isinstance(table, dict) or set(table) != set(BANDS):
        raise BadData(f"{here}: write peak, normal and off_peak, each a list of spans")
    spans = {band: tuple(_span(one, f"{here}, {band}") for one in table[band]) for band in BANDS}
    minute = 0
    for start, end in sorted(span for of_band in spans.values() for span in of_band):
        if start != minute:
            wrong = "no band holds" if start > minute else "two bands hold"
            raise BadData(f"{here}: {wrong} {_clock(min(start, minute))} to {_clock(max(start, minute))}")
        minute = end
    if minute != 24 * 60:
        raise BadData(f"{here}: no band holds {_clock(minute)} to 24:00")
    return spans


def _span(text: Any, where: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BadData(f'{where}: write spans such as "09:30-11:30", not {text!r}')
    hour, minute, to_hour, to_minute = map(int, found.groups())
    start, end = hour * 60 + minute, to_hour * 60 + to_minute
    if not start < end <= 24 * 60:
        raise BadData(f"{where}: {text} ends before it begins; divide it at midnight")
    return start, end


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _structure(entry: Table, where: str) -> Structure:
    code = text_in(entry, "code", where)
    where = f"{where} ({code})"
    dormant = entry.get("dormant")
    if not isinstance(dormant, bool):
        raise BadData(f"{where}: `dormant` must be true or false")
    hourly, flat = _groups(entry, where)
    return Structure(
        code=code,
        signed=day_in(entry, "signed", where),
        dormant=dormant,
        starts=text_in(entry, "starts", where),
        source=text_in(entry, "source", where),
        checked=_checked(entry, where, past=True),
        tiers=_tiers(entry, "percent", where),
        hourly=hourly,
        flat=flat,
    )


def _fee(entry: Table, where: str) -> Fee:
    name = text_in(entry, "name", where)
    where = f"{where} ({name})"
    levels = entry.get("levels")
    if not isinstance(levels, dict) or not levels:
        raise BadData(f"{where}: write levels = {{ low = …, … }}")
    prices = {level: number_in(levels, level, where, least=1) for level in levels}
    code, source = text_in(entry, "code", where), text_in(entry, "source", where)
    return Fee(name, code, prices, source, _checked(entry, where))

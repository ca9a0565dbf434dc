"""Estimates what household appliances use and cost in a month, and what using one of them less would save."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from handlers.rules.bill import Bill, half_up
from handlers.rules.dated import BadData, Table, day_in, number_in, text_in, version_at
from handlers.rules.tariff import Checked

APPLIANCES = Path(__file__).with_name("appliances.toml")
DAYS = 30


@dataclass(frozen=True)
class Appliance:
    """A kind of appliance; watts while it runs, hours a day that it is on, duty: the part of them it draws."""

    name: str
    watts: int
    hours: Fraction
    duty: Fraction

    def kwh(self, count: int = 1, hours: Fraction | None = None, days: int = DAYS) -> Fraction:
        """What so many of them use in so many days, in kWh."""
        return Fraction(self.watts * count * days, 1000) * self.duty * (self.hours if hours is None else hours)


@dataclass(frozen=True)
class Catalogue:
    """The appliances of a version of the file, in its order."""

    appliances: Mapping[str, Appliance]
    source: str
    checked: Checked


@dataclass(frozen=True)
class Use:
    """So many of an appliance, so many hours a day; None: as long as is typical."""

    name: str
    count: int = 1
    hours: Fraction | None = None


@dataclass(frozen=True)
class Estimated:
    """One appliance's part of a month; kwh is rounded.

    saves: what an hour a day less would bring (a tenth, of what is on day and night), in đồng with VAT.
    """

    name: str
    count: int
    hours: Fraction
    kwh: int
    saves: int


def appliances_at(day: date, path: Path = APPLIANCES) -> Catalogue:
    """The catalogue that applies on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    entries = version.get("appliance")
    if not isinstance(entries, list) or not entries:
        raise BadData(f"{where}: write at least one [[version.appliance]]")
    read = [_appliance(entry, f"{where}, appliance {at}") for at, entry in enumerate(entries, 1)]
    named = {one.name: one for one in read}
    if len(named) != len(read):
        raise BadData(f"{where}: an appliance is named twice")
    checked = Checked(day_in(version, "checked_on", where), day_in(version, "still_right_until", where))
    return Catalogue(named, text_in(version, "source", where), checked)


def _appliance(entry: Table, where: str) -> Appliance:
    name = text_in(entry, "name", where)
    where = f"{where} ({name})"
    hours, duty = entry.get("hours"), number_in(entry, "duty", where, least=1)
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= 24:
        raise BadData(f"{where}: `hours` must be more than 0 and at most 24; it is {hours!r}")
    if duty > 100:
        raise BadData(f"{where}: `duty` is a part of the time, in percent; it is {duty}")
    watts = number_in(entry, "watts", where, least=1)
    return Appliance(name, watts, Fraction(str(hours)), Fraction(duty, 100))


def estimate(
    catalogue: Catalogue, uses: Sequence[Use], bill_of: Callable[[int], Bill]
) -> tuple[Bill, tuple[Estimated, ...]]:
    """The bill of a home with these appliances, and each one's part, the hungriest first.

    Saving is reckoned from the top of the bill, where the dearest kWh are. Raises KeyError for an unknown name.
    """
    exact = [_exact(catalogue, use) for use in uses]
    total = sum((kwh for _, _, kwh in exact), Fraction())
    parts = [
        Estimated(
            use.name,
            use.count,
            hours,
            half_up(kwh),
            half_up(_cost(total, bill_of) - _cost(total - _spared(hours, kwh), bill_of)),
        )
        for use, hours, kwh in exact
    ]
    return bill_of(half_up(total)), tuple(sorted(parts, key=lambda part: (-part.kwh, part.name)))


def _cost(kwh: Fraction, bill_of: Callable[[int], Bill]) -> Fraction:
    """The bill of a part of a kWh, too: a few kWh less must not save nothing or twice as much."""
    whole = int(kwh)
    below = bill_of(whole).total
    return below + (kwh - whole) * (bill_of(whole + 1).total - below)


def _exact(catalogue: Catalogue, use: Use) -> tuple[Use, Fraction, Fraction]:
    appliance = catalogue.appliances[use.name]
    hours = appliance.hours if use.hours is None else use.hours
    return use, hours, appliance.kwh(use.count, hours)


def _spared(hours: Fraction, kwh: Fraction) -> Fraction:
    """An hour a day less; half the time for what is on for less than two hours, a tenth of what never rests."""
    if hours >= 24:
        return kwh / 10
    return kwh * min(Fraction(1), hours / 2) / hours if hours else Fraction()

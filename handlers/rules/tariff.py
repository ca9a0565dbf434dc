"""Retail tariffs, VAT, peak hours and fees as dated decisions: what applies on a day, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, TypeAlias

PURPOSES = ("production", "business", "administration")
BANDS = ("normal", "off_peak", "peak")
Band: TypeAlias = Literal["normal", "off_peak", "peak"]


class NotInTheData(LookupError):
    """No file gives the price asked for; the text says which, for a log: customers are told in our words."""


@dataclass(frozen=True)
class Checked:
    """When somebody last made sure of a fact, and until when it may be told as current without another look.

    A fact of the past needs no look: then `until` is None.
    """

    on: date
    until: date | None

    def fresh(self, day: date) -> bool:
        """Whether the fact may be told as current on that day."""
        return self.until is None or day <= self.until


@dataclass(frozen=True)
class Tier:
    """A tier of a household's month: `above` kWh lie below it, `width` kWh within it (None: all the rest)."""

    above: int
    width: int | None
    price: int


@dataclass(frozen=True)
class Hourly:
    """Prices by time of use, in đồng per kWh without VAT."""

    normal: int
    off_peak: int
    peak: int


@dataclass(frozen=True)
class Decision:
    """What one decision says; `last` is None until another decision follows. Prices in đồng per kWh without VAT.

    hourly: by `production.110kv` and the like; flat: by `administration.care_low` and `prepaid`.
    missing: groups that the decision has and our data has not.
    """

    code: str
    signed: date | None
    first: date
    last: date | None
    source: str
    checked: Checked
    tiers: tuple[Tier, ...]
    hourly: Mapping[str, Hourly]
    flat: Mapping[str, int]
    missing: tuple[str, ...]

    def by_hours(self, category: str) -> Hourly:
        """Prices by time of use. Raises NotInTheData."""
        if category not in self.hourly:
            raise NotInTheData(f"{self.code}: no prices of {category} in the data")
        return self.hourly[category]

    def one_price(self, category: str) -> int:
        """The price of those who have but one: without a meter for hours it is that of normal hours."""
        if category in self.flat:
            return self.flat[category]
        return self.by_hours(category).normal

    def tier_of(self, first: int, last: int) -> tuple[int, Tier]:
        """The tier, counted from 1, that holds these kWh of a month whole: 101 to 200 is the third of six."""
        for number, tier in enumerate(self.tiers, 1):
            if tier.above < first and (tier.width is None or last <= tier.above + tier.width):
                return number, tier
        raise NotInTheData(f"{self.code}: no single tier holds {first} to {last} kWh")


@dataclass(frozen=True)
class VatPeriod:
    """The rate of VAT on electricity from `first` to `last`, both included; the last period has no end."""

    first: date
    last: date | None
    percent: int
    source: str
    checked: Checked


@dataclass(frozen=True)
class HoursTable:
    """Which hours are which; spans in minutes from midnight. `billed`: whether bills are made by it."""

    code: str
    first: date
    billed: bool
    source: str
    checked: Checked
    workday: Mapping[str, tuple[tuple[int, int], ...]]
    sunday: Mapping[str, tuple[tuple[int, int], ...]]

    def band_at(self, weekday: int, clock: time) -> Band:
        """The band of a time of day; weekday as of `date.weekday`, 6 is Sunday."""
        minute = clock.hour * 60 + clock.minute
        spans = self.sunday if weekday == 6 else self.workday
        bands: dict[str, Band] = {"normal": "normal", "off_peak": "off_peak", "peak": "peak"}
        return next(bands[band] for band in BANDS for start, end in spans[band] if start <= minute < end)


@dataclass(frozen=True)
class Structure:
    """How prices are built from the average one, in percent of it. Nobody is billed by a dormant structure."""

    code: str
    signed: date
    dormant: bool
    starts: str
    source: str
    checked: Checked
    tiers: tuple[Tier, ...]
    hourly: Mapping[str, Hourly]
    flat: Mapping[str, int]

    def tier_prices(self, average: Decimal) -> tuple[Decimal, ...]:
        """What the tiers would come to at an average price: arithmetic, and no tariff."""
        cent = Decimal("0.01")
        return tuple((average * tier.price / 100).quantize(cent, ROUND_HALF_UP) for tier in self.tiers)


@dataclass(frozen=True)
class Fee:
    """A fixed price of a service by level, in đồng without VAT; code: the law that sets it."""

    name: str
    code: str
    levels: Mapping[str, int]
    source: str
    checked: Checked


@dataclass(frozen=True)
class Tariffs:
    """All that is known of prices, oldest first; built by `tariff_files.load_tariffs`, which checks it.

    vat_inside: which rate counts when it changes within a period: `days` or `reading`.
    problems: what was wrong with files that staff added; such a file counts for nothing.
    """

    decisions: tuple[Decision, ...]
    vat: tuple[VatPeriod, ...]
    vat_inside: Literal["days", "reading"]
    hours: tuple[HoursTable, ...]
    structures: tuple[Structure, ...] = ()
    fees: tuple[Fee, ...] = ()
    problems: tuple[str, ...] = ()

    def at(self, day: date) -> Decision:
        """The decision in force on a day. Raises NotInTheData for a day before the first one."""
        return self.within(day, day + timedelta(days=1))[0][0]

    def within(self, begin: date, end: date) -> tuple[tuple[Decision, date, date], ...]:
        """The decisions in force from `begin` to before `end`, each with its stretch. Raises NotInTheData."""
        if begin < self.decisions[0].first:
            raise NotInTheData(
                f"no tariff for {begin}: the first one in the data begins {self.decisions[0].first}"
            )
        found = []
        for decision in self.decisions:
            until = decision.last + timedelta(days=1) if decision.last else end
            first, last = max(begin, decision.first), min(end, until)
            if first < last:
                found.append((decision, first, last))
        return tuple(found)

    def vat_at(self, day: date) -> VatPeriod:
        """The rate of VAT on a day. Raises NotInTheData for a day before the first one."""
        found = [one for one in self.vat if one.first <= day]
        if not found:
            raise NotInTheData(f"no VAT for {day}: the first rate in the data begins {self.vat[0].first}")
        return found[-1]

    def billed_hours(self, day: date) -> HoursTable:
        """The hours that bills are made by on a day."""
        found = [table for table in self.hours if table.billed and table.first <= day]
        if not found:
            raise NotInTheData(f"no table of hours is billed on {day}")
        return found[-1]

    def announced_hours(self, day: date) -> tuple[HoursTable, ...]:
        """Tables issued by that day that bills are not made by, oldest first."""
        billed = {table.code for table in self.hours if table.billed and table.first <= day}
        return tuple(t for t in self.hours if not t.billed and t.first <= day and t.code not in billed)

    def fee(self, name: str) -> Fee:
        """A fee by its name. Raises NotInTheData."""
        found = [fee for fee in self.fees if fee.name == name]
        if not found:
            raise NotInTheData(f"no fee {name!r}")
        return found[-1]

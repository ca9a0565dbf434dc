"""Computes electricity bills to the đồng: tiers and quotas, odd periods, prices that change within one, hours.

Formulas and their sources: docs/rules/bills.md. All money is integer đồng; VAT is the only thing that is rounded,
half up. kWh and the widths of tiers are whole; both are rounded half up where a formula divides.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Literal, TypeAlias

from handlers.rules.tariff import BANDS, Band, Decision, Tariffs

ONE = Fraction(1)
_DAY = timedelta(days=1)
# No household and no shop of this service comes near it; a bill beyond it is a slip of the finger.
MOST_KWH = 10_000_000

Kind: TypeAlias = Literal["tier", "one", "normal", "off_peak", "peak"]


class ReadingNeeded(ValueError):
    """Prices change within the period, and who is not billed by tiers must read the meter on that day."""

    def __init__(self, day: date) -> None:
        super().__init__(f"prices change on {day}: the reading of that day is needed")
        self.day = day


@dataclass(frozen=True)
class Period:
    """From one reading of the meter to the next, which counts for the period that follows."""

    begin: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.begin:
            raise ValueError(f"a period must have days: {self.begin} to {self.end}")

    @property
    def days(self) -> int:
        """T of the formulas."""
        return (self.end - self.begin).days

    @property
    def days_before(self) -> int:
        """T' of the formulas: the days of the calendar month before the one in which the period ends."""
        last = self.end.replace(day=1) - _DAY
        return last.day

    @property
    def regular(self) -> bool:
        """Whether it is one month, from a day to the same day of the next month (or both on a month's last)."""
        month = self.begin.year * 12 + self.begin.month
        if self.end.year * 12 + self.end.month != month + 1:
            return False
        # From 31 January the next month's same day is its last one; from 30 April, too, readings go by last days.
        return self.end.day == self.begin.day or (
            _is_last(self.end) and (_is_last(self.begin) or self.begin.day > self.end.day)
        )


def _is_last(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def month_of(day: date) -> Period:
    """The calendar month that a day is in, as a period."""
    begin = day.replace(day=1)
    return Period(begin, begin + timedelta(days=monthrange(day.year, day.month)[1]))


@dataclass(frozen=True)
class Line:
    """Some kWh at one price. number: of the tier, from 1; width: how many kWh the tier holds (None: any)."""

    kind: Kind
    kwh: int
    price: int
    number: int = 0
    width: int | None = None

    @property
    def amount(self) -> int:
        return self.kwh * self.price


@dataclass(frozen=True)
class Part:
    """The stretch of a period under one decision. scaled: whether its tiers were fitted to its days."""

    decision: Decision
    begin: date
    end: date
    lines: tuple[Line, ...]
    scaled: bool = False

    @property
    def kwh(self) -> int:
        return sum(line.kwh for line in self.lines)

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True)
class VatLine:
    """VAT at one rate on some of the money."""

    percent: int
    base: int
    amount: int
    source: str


@dataclass(frozen=True)
class Bill:
    """A bill with all that it is made of."""

    period: Period
    quotas: Fraction
    parts: tuple[Part, ...]
    vat: tuple[VatLine, ...]

    @property
    def kwh(self) -> int:
        return sum(part.kwh for part in self.parts)

    @property
    def subtotal(self) -> int:
        return sum(part.amount for part in self.parts)

    @property
    def tax(self) -> int:
        return sum(line.amount for line in self.vat)

    @property
    def total(self) -> int:
        return self.subtotal + self.tax


def half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes up (arithmetic rounding)."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


# --- households ------------------------------------------------------------------------------------------------


def household_bill(tariffs: Tariffs, period: Period, kwh: int, quotas: Fraction = ONE) -> Bill:
    """The bill of one meter by tiers. quotas: how many households share it; quarters for people in rented rooms.

    Raises ValueError for negative kWh or no quota, NotInTheData for a time before the first tariff.
    """
    _check_kwh(kwh)
    if quotas <= 0:
        raise ValueError("there must be at least a part of a quota")
    stretches = tariffs.within(period.begin, period.end)
    scaled = len(stretches) > 1 or not period.regular
    parts, told, days = [], 0, 0
    for decision, begin, end in stretches:
        days += (end - begin).days
        # S / T × Nc, summed up so that no kWh is lost: the first part is exactly the formula's.
        until = half_up(Fraction(kwh * days, period.days))
        share = Fraction((end - begin).days, period.days_before) if scaled else ONE
        parts.append(Part(decision, begin, end, _tier_lines(decision, until - told, share * quotas), scaled))
        told = until
    return _with_vat(tariffs, period, quotas, parts)


def _tier_lines(decision: Decision, kwh: int, factor: Fraction) -> tuple[Line, ...]:
    """The kWh in tiers, each as wide as M = Mq × factor; empty tiers are left out."""
    lines, left = [], kwh
    for number, tier in enumerate(decision.tiers, 1):
        width = None if tier.width is None else half_up(tier.width * factor)
        within = left if width is None else min(left, width)
        if within:
            lines.append(Line("tier", within, tier.price, number, width))
        left -= within
    return tuple(lines)


def undeclared_bill(tariffs: Tariffs, period: Period, kwh: int, tier: tuple[int, int]) -> Bill:
    """The bill of rented rooms without declared people: every kWh at the price of the tier that holds `tier`."""
    _check_kwh(kwh)
    parts, told, days = [], 0, 0
    for decision, begin, end in tariffs.within(period.begin, period.end):
        days += (end - begin).days
        until = half_up(Fraction(kwh * days, period.days))
        number, one = decision.tier_of(*tier)
        parts.append(Part(decision, begin, end, _without_empty(Line("tier", until - told, one.price, number))))
        told = until
    return _with_vat(tariffs, period, ONE, parts)


# --- those who are not billed by tiers -------------------------------------------------------------------------


@dataclass(frozen=True)
class Metered:
    """What a meter counted over a period: kWh by band, or all of it as `one` where the meter has no hours."""

    period: Period
    kwh: Mapping[Band | Literal["one"], int]


def metered_bill(tariffs: Tariffs, category: str, metered: Sequence[Metered]) -> Bill:
    """The bill of a category such as `business.low` or `prepaid`, over periods that follow each other.

    Raises ReadingNeeded where prices change within one of them, NotInTheData where they are not known, ValueError
    where the periods do not follow each other.
    """
    parts = []
    for one, other in pairwise(metered):
        if one.period.end != other.period.begin:
            raise ValueError(f"the periods do not follow each other: {one.period.end}, {other.period.begin}")
    for one in metered:
        stretches = tariffs.within(one.period.begin, one.period.end)
        if len(stretches) > 1:
            raise ReadingNeeded(stretches[1][1])
        decision, begin, end = stretches[0]
        parts.append(Part(decision, begin, end, _metered_lines(decision, category, one.kwh)))
    return _with_vat(tariffs, Period(metered[0].period.begin, metered[-1].period.end), ONE, parts)


def _metered_lines(
    decision: Decision, category: str, kwh: Mapping[Band | Literal["one"], int]
) -> tuple[Line, ...]:
    for amount in kwh.values():
        _check_kwh(amount)
    if set(kwh) == {"one"}:
        return _without_empty(Line("one", kwh["one"], decision.one_price(category)))
    if not set(kwh) <= set(BANDS):
        raise ValueError(f"kWh are counted by {', '.join(BANDS)}, or as one; not by {sorted(kwh)}")
    prices = decision.by_hours(category)
    return _without_empty(
        Line("normal", kwh.get("normal", 0), prices.normal),
        Line("off_peak", kwh.get("off_peak", 0), prices.off_peak),
        Line("peak", kwh.get("peak", 0), prices.peak),
    )


def _without_empty(*lines: Line) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.kwh)


def _check_kwh(kwh: int) -> None:
    if not 0 <= kwh <= MOST_KWH:
        raise ValueError(f"kWh must be 0 to {MOST_KWH}; it is {kwh}")


# --- VAT -------------------------------------------------------------------------------------------------------


def _with_vat(tariffs: Tariffs, period: Period, quotas: Fraction, parts: Sequence[Part]) -> Bill:
    """The bill with VAT on top: by the days of each rate within a part, or by the last day, as the data says."""
    bases: dict[tuple[int, str], int] = {}
    for part in parts:
        for rate, base in _rates(tariffs, period, part):
            bases[rate] = bases.get(rate, 0) + base
    # Two decrees that say the same rate are one line: it is rounded once.
    by_percent: dict[int, tuple[int, str]] = {}
    for (percent, source), base in bases.items():
        before, named = by_percent.get(percent, (0, source))
        by_percent[percent] = (before + base, named if named == source else f"{named}; {source}")
    vat = tuple(
        VatLine(percent, base, half_up(Fraction(base * percent, 100)), source)
        for percent, (base, source) in by_percent.items()
    )
    return Bill(period, quotas, tuple(parts), vat)


def _rates(tariffs: Tariffs, period: Period, part: Part) -> list[tuple[tuple[int, str], int]]:
    """The rates that the money of a part is taxed at, with how much of it."""
    if tariffs.vat_inside == "reading":
        rate = tariffs.vat_at(period.end - _DAY)
        return [((rate.percent, rate.source), part.amount)]
    shares, begin, told = [], part.begin, 0
    whole = (part.end - part.begin).days
    while begin < part.end:
        rate = tariffs.vat_at(begin)
        end = part.end if rate.last is None else min(part.end, rate.last + _DAY)
        until = half_up(Fraction(part.amount * (end - part.begin).days, whole))
        shares.append(((rate.percent, rate.source), until - told))
        begin, told = end, until
    return shares


# --- backwards, and what comes next ----------------------------------------------------------------------------


def most_kwh(money: int, bill_of: Callable[[int], Bill]) -> Bill:
    """The bill of the most kWh that the money pays for, VAT included; of 0 kWh where it does not pay for one.

    bill_of: the bill of so many kWh; more kWh never cost less.
    """
    low, high = 0, 1
    while high < MOST_KWH and bill_of(high).total <= money:
        low, high = high, min(2 * high, MOST_KWH)
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if bill_of(middle).total <= money else (low, middle)
    return bill_of(low)


def cost_of_more(kwh: int, more: int, bill_of: Callable[[int], Bill]) -> int:
    """What so many kWh on top would cost, VAT included, in đồng."""
    return bill_of(kwh + more).total - bill_of(kwh).total

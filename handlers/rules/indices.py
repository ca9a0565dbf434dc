"""Reckons SAIDI, SAIFI and MAIFI: how long and how often the average customer was without power."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from handlers.rules.dated import BadData, Table, span_in, value_in, version_at

INDICES = Path(__file__).with_name("indices.toml")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class IndexSet:
    """Indices that leave out the outages of these classes of causes."""

    without: frozenset[str]
    source: str


@dataclass(frozen=True)
class IndexRules:
    """momentary: an interruption up to this long counts for MAIFI, a longer one for SAIDI and SAIFI.

    overall, distribution: the circular's two sets, "toàn phần" and "của lưới điện phân phối".
    """

    momentary: timedelta
    incident_notice: timedelta
    source: str
    overall: IndexSet
    distribution: IndexSet


@dataclass(frozen=True)
class Off:
    """A time in which an outage left its customers without power."""

    outage: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Stretch:
    """A time in which the same outages were on; `before` are those of the time that it follows without a gap."""

    starts_at: datetime
    ends_at: datetime
    outages: frozenset[int]
    before: frozenset[int]


@dataclass(frozen=True)
class Chain:
    """Times off that hang together: to a customer who was in all of them, one interruption."""

    stretches: tuple[Stretch, ...]

    @property
    def length(self) -> timedelta:
        return self.stretches[-1].ends_at - self.stretches[0].starts_at


@dataclass(frozen=True)
class Loss:
    """What interruptions cost in a month: minutes without power and interruptions, each summed over customers."""

    minutes: float = 0.0
    sustained: int = 0
    momentary: int = 0

    def __add__(self, other: Loss) -> Loss:
        return Loss(
            self.minutes + other.minutes, self.sustained + other.sustained, self.momentary + other.momentary
        )


@dataclass(frozen=True)
class Indices:
    """The indices of a month, or their sum over several; None where there are no customers."""

    saidi_minutes: float
    saifi: float
    maifi: float


def index_rules_at(day: date, path: Path = INDICES) -> IndexRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    source = str(value_in(version, "momentary", where)[0]["source"])
    return IndexRules(
        span_in(version, "momentary", where),
        span_in(version, "incident_notice", where),
        source,
        _set_in(version, "overall", where),
        _set_in(version, "distribution", where),
    )


def chains(times: Iterable[Off]) -> list[Chain]:
    """The times off of one feeder as interruptions: what overlaps or touches is one."""
    together: list[list[Off]] = []
    until: datetime | None = None
    for off in sorted(times, key=lambda one: (one.starts_at, one.ends_at)):
        if until is None or off.starts_at > until:
            together.append([off])
            until = off.ends_at
        else:
            together[-1].append(off)
            until = max(until, off.ends_at)
    return [Chain(_stretches(chain)) for chain in together]


def losses(
    chain: Chain, off: Sequence[int], newly: Sequence[int], rules: IndexRules, zone: ZoneInfo
) -> dict[str, Loss]:
    """What an interruption costs each month (`YYYY-MM`, local).

    off, newly: for each stretch the customers who were without power, and those of them who had it before.
    The minutes are those of the month they fell into; an interruption belongs to the month in which it began.
    """
    sustained = chain.length > rules.momentary
    cost: dict[str, Loss] = {}
    for stretch, without, begun in zip(chain.stretches, off, newly, strict=True):
        month = month_of(stretch.starts_at, zone)
        counted = Loss(sustained=begun) if sustained else Loss(momentary=begun)
        cost[month] = cost.get(month, Loss()) + counted
        if sustained:
            for of, minutes in _minutes_by_month(stretch, zone).items():
                cost[of] = cost.get(of, Loss()) + Loss(minutes=minutes * without)
    return cost


def indices(loss: Loss, customers: int) -> Indices | None:
    """SAIDI = Σ Ti·Ki / Kt in minutes, SAIFI and MAIFI = Σ Ki / Kt; None without customers."""
    if customers <= 0:
        return None
    return Indices(loss.minutes / customers, loss.sustained / customers, loss.momentary / customers)


def month_of(at: datetime, zone: ZoneInfo) -> str:
    """The local month of a time, as `YYYY-MM`."""
    return f"{at.astimezone(zone):%Y-%m}"


def begin_of(month: str, zone: ZoneInfo) -> datetime:
    """When a month begins. Raises ValueError for what is no month."""
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)


def following(month: str) -> str:
    """The month after."""
    year, number = (int(part) for part in month.split("-"))
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def sums(costs: Iterable[Mapping[str, Loss]]) -> dict[str, Loss]:
    """Several interruptions' costs together, by month."""
    total: dict[str, Loss] = {}
    for cost in costs:
        for month, loss in cost.items():
            total[month] = total.get(month, Loss()) + loss
    return total


def _set_in(version: Table, name: str, where: str) -> IndexSet:
    value, here = value_in(version, name, where)
    without = value.get("without")
    if not isinstance(without, list) or not without or not all(isinstance(one, str) for one in without):
        raise BadData(f"{here}: `without` must list the classes of causes that are left out")
    return IndexSet(frozenset(without), str(value["source"]))


def _stretches(chain: Sequence[Off]) -> tuple[Stretch, ...]:
    edges = sorted({off.starts_at for off in chain} | {off.ends_at for off in chain})
    stretches: list[Stretch] = []
    before: frozenset[int] = frozenset()
    for start, end in pairwise(edges):
        on = frozenset(off.outage for off in chain if off.starts_at <= start and off.ends_at >= end)
        stretches.append(Stretch(start, end, on, before))
        before = on
    return tuple(stretches)


def _minutes_by_month(stretch: Stretch, zone: ZoneInfo) -> dict[str, float]:
    minutes: dict[str, float] = {}
    at = stretch.starts_at
    while at < stretch.ends_at:
        month = month_of(at, zone)
        end = min(stretch.ends_at, begin_of(following(month), zone).astimezone(at.tzinfo))
        minutes[month] = (end - at) / MINUTE
        at = end
    return minutes

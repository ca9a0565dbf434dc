"""The figures that leaders watch: indices of supply, notices in time, feeders cut again, outages too long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import quantiles
from typing import Literal

from handlers.announcements import scope_from
from handlers.rules import indices as rules
from handlers.rules.indices import Chain, IndexRules, Indices, Loss, Off
from handlers.rules.planning import months_later, rules_at
from handlers.talking import ZONE
from store import statistics
from store.db import Unit
from store.extent import Scope
from store.statistics import TimeOff

By = Literal["month", "feeder", "company"]
# feeder and company; "" where a figure is of all of them
Place = tuple[str, str]
Losses = Mapping[tuple[str, Place], Loss]


@dataclass(frozen=True)
class Figures:
    """The indices of one month, of all customers or of those of one feeder or company.

    indices, interruptions: of all causes; overall, distribution: without those that the circular leaves out.
    """

    month: str
    feeder: str | None
    company: str | None
    customers: int
    indices: Indices
    interruptions: Loss
    overall: Indices
    distribution: Indices


@dataclass(frozen=True)
class InTime:
    """Notices of planned outages to one segment: by the company's promise, and by law."""

    on_time: int = 0
    late: int = 0
    lawful: int = 0
    unlawful: int = 0


@dataclass(frozen=True)
class Told:
    """How soon incidents were told, from the moment they occurred; spans in seconds, None without any."""

    incidents: int
    within_limit: int
    beyond_limit: int
    not_told: int
    first_push_median: float | None
    first_push_p90: float | None
    last_push_median: float | None
    last_push_p90: float | None


@dataclass(frozen=True)
class CutAgain:
    """A feeder cut for planned work sooner than allowed after the cut before."""

    feeder: str
    code: str
    at: datetime
    before: str
    before_at: datetime


@dataclass(frozen=True)
class TooLong:
    """An outage that left its customers without power for longer than planned work may."""

    code: str
    kind: str
    starts_at: datetime
    minutes: int


@dataclass(frozen=True)
class Statistics:
    """All figures of a period; `current_basis`: months without a census, reckoned with today's customers."""

    figures: tuple[Figures, ...]
    notices: Mapping[str, InTime]
    told: Told
    cut_again: tuple[CutAgain, ...]
    too_long: tuple[TooLong, ...]
    current_basis: tuple[str, ...]
    rules: IndexRules


async def of_period(unit: Unit, first: str, last: str, by: By, now: datetime) -> Statistics:
    """The figures of the local months from `first` to `last` (`YYYY-MM`, both included)."""
    months = _months(first, last)
    begin, end = rules.begin_of(first, ZONE), min(rules.begin_of(rules.following(last), ZONE), now)
    index_rules = rules.index_rules_at(now.astimezone(ZONE).date())
    times = await statistics.times_off(unit, begin, end)
    losses = await _losses_of_sets(unit, times, index_rules, now)
    customers, current = await _customers(unit, months)
    return Statistics(
        figures=tuple(_figures(losses, customers, months, by)),
        notices=await _notices(unit, begin, end, now),
        told=await _told(unit, begin, end, index_rules),
        cut_again=await _cut_again(unit, begin, end, now),
        too_long=tuple(_too_long(times, now)),
        current_basis=current,
        rules=index_rules,
    )


# --- indices ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Losses:
    """What the outages of all causes cost, and those of each set, by month and place."""

    every: Losses
    overall: Losses
    distribution: Losses


async def _losses_of_sets(unit: Unit, times: Sequence[TimeOff], index_rules: IndexRules, now: datetime) -> _Losses:
    """The same times, each set without the outages whose cause it leaves out; reckoned once where none is."""
    known: dict[frozenset[int], Losses] = {}

    async def without(causes: Iterable[str]) -> Losses:
        left = [one for one in times if one.cause_class not in causes]
        which = frozenset(one.outage_id for one in left)
        if which not in known:
            known[which] = await _losses(unit, left, index_rules, now)
        return known[which]

    return _Losses(
        await without(()),
        await without(index_rules.overall.without),
        await without(index_rules.distribution.without),
    )


async def _losses(unit: Unit, times: Sequence[TimeOff], index_rules: IndexRules, now: datetime) -> Losses:
    """What the outages cost, by month and place."""
    ids = {one.outage_id for one in times}
    touched: dict[str, dict[int, dict[str, int]]] = {}
    for outage, feeder, company, customers in await statistics.impacts(unit, ids):
        touched.setdefault(feeder, {}).setdefault(outage, {})[company] = customers
    scopes = {id_: scope_from(parts) for id_, parts in (await statistics.scopes(unit, ids)).items()}
    total: dict[tuple[str, Place], Loss] = {}
    for feeder, outages in touched.items():
        offs = [Off(one.outage_id, one.starts_at, _end(one, now)) for one in times if one.outage_id in outages]
        for chain in rules.chains(off for off in offs if off.ends_at > off.starts_at):
            off, newly = await _customers_of(unit, feeder, chain, outages, scopes)
            for company in {name for counts in off for name in counts}:
                cost = rules.losses(
                    chain,
                    [counts.get(company, 0) for counts in off],
                    [counts.get(company, 0) for counts in newly],
                    index_rules,
                    ZONE,
                )
                for month, loss in cost.items():
                    at = month, (feeder, company)
                    total[at] = total.get(at, Loss()) + loss
    return total


async def _customers_of(
    unit: Unit,
    feeder: str,
    chain: Chain,
    outages: Mapping[int, Mapping[str, int]],
    scopes: Mapping[int, Scope],
) -> tuple[list[Mapping[str, int]], list[Mapping[str, int]]]:
    """For each stretch the customers by company: without power, and without it since this stretch.

    Where one outage is on alone its own count is taken; only where several meet the customers are looked at.
    """
    off: list[Mapping[str, int]] = []
    newly: list[Mapping[str, int]] = []
    for stretch in chain.stretches:
        on, before = sorted(stretch.outages), sorted(stretch.before)
        within, but = [scopes[one] for one in on], [scopes[one] for one in before]
        without = outages[on[0]] if len(on) == 1 else await statistics.without_power(unit, feeder, within)
        off.append(without)
        if not before:
            newly.append(without)
        elif stretch.outages <= stretch.before:
            newly.append({})
        else:
            newly.append(await statistics.without_power(unit, feeder, within, but))
    return off, newly


async def _customers(unit: Unit, months: Sequence[str]) -> tuple[dict[tuple[str, Place], int], tuple[str, ...]]:
    """How many customers each place had in each month, and the months for which today's count must do."""
    counted = await statistics.customers_in(unit, months)
    known = {month for month, _, _ in counted}
    customers = {(month, (feeder, company)): n for (month, feeder, company), n in counted.items()}
    missing = tuple(month for month in months if month not in known)
    now = await statistics.customers_now(unit) if missing else {}
    customers |= {(month, place): n for month in missing for place, n in now.items()}
    return customers, missing


def _figures(
    losses: _Losses,
    customers: Mapping[tuple[str, Place], int],
    months: Sequence[str],
    by: By,
) -> Iterable[Figures]:
    def group(place: Place) -> Place:
        feeder, company = place
        return (feeder if by == "feeder" else "", company if by == "company" else "")

    many: dict[tuple[str, Place], int] = {}
    for (month, place), n in customers.items():
        many[month, group(place)] = many.get((month, group(place)), 0) + n

    def together(of_places: Losses) -> Losses:
        cost: dict[tuple[str, Place], Loss] = {}
        for (month, place), loss in of_places.items():
            cost[month, group(place)] = cost.get((month, group(place)), Loss()) + loss
        return cost

    every, overall, distribution = map(together, (losses.every, losses.overall, losses.distribution))
    for at, n in sorted(many.items()):
        (month, (feeder, company)), loss = at, every.get(at, Loss())
        sets = [rules.indices(one.get(at, Loss()), n) for one in (every, overall, distribution)]
        found, of_all, of_grid = sets
        if found is None or of_all is None or of_grid is None:
            continue
        if month in months and (by == "month" or loss != Loss()):
            yield Figures(month, feeder or None, company or None, n, found, loss, of_all, of_grid)


def _end(one: TimeOff, now: datetime) -> datetime:
    """When the power was back; while it is not, now."""
    return min(one.ends_at, now) if one.over and one.ends_at is not None else now


def _months(first: str, last: str) -> list[str]:
    months = [first]
    while months[-1] < last:
        months.append(rules.following(months[-1]))
    return months


# --- promises --------------------------------------------------------------------------------------------------


async def _notices(unit: Unit, begin: datetime, end: datetime, now: datetime) -> dict[str, InTime]:
    """Whether first notices were in time, by segment; segments of which an outage touches nobody are left out."""
    legal = rules_at(now.astimezone(ZONE).date()).legal_notice
    found = await statistics.first_notices(unit, begin, end)
    touched = await statistics.segments_touched(unit, {notice.outage_id for _, notice in found})
    counts: dict[str, InTime] = {}
    for _, notice in found:
        if (notice.outage_id, notice.segment) not in touched:
            continue
        before = counts.get(notice.segment, InTime())
        in_time = (
            notice.said_at is not None and notice.wanted_by is not None and notice.said_at <= notice.wanted_by
        )
        lawful = notice.said_at is not None and notice.said_at <= notice.begins_at - legal
        counts[notice.segment] = InTime(
            before.on_time + in_time,
            before.late + (not in_time),
            before.lawful + lawful,
            before.unlawful + (not lawful),
        )
    return counts


async def _told(unit: Unit, begin: datetime, end: datetime, index_rules: IndexRules) -> Told:
    found = await statistics.incidents_between(unit, begin, end)
    first = [_seconds(occurred, outage.first_push_at) for outage, occurred in found if outage.first_push_at]
    last = [_seconds(occurred, outage.last_push_at) for outage, occurred in found if outage.last_push_at]
    limit = index_rules.incident_notice.total_seconds()
    within = sum(1 for seconds in first if seconds <= limit)
    return Told(
        incidents=len(found),
        within_limit=within,
        beyond_limit=len(first) - within,
        not_told=len(found) - len(first),
        first_push_median=_share(first, 50),
        first_push_p90=_share(first, 90),
        last_push_median=_share(last, 50),
        last_push_p90=_share(last, 90),
    )


async def _cut_again(unit: Unit, begin: datetime, end: datetime, now: datetime) -> tuple[CutAgain, ...]:
    months = rules_at(now.astimezone(ZONE).date()).months_between
    cuts = await statistics.cuts_between(unit, begin - timedelta(days=31 * months), end)
    again = []
    for (feeder, before, before_at), (same, code, at) in pairwise(cuts):
        day, earlier = at.astimezone(ZONE).date(), before_at.astimezone(ZONE).date()
        if feeder == same and at >= begin and day < months_later(earlier, months):
            again.append(CutAgain(feeder, code, at, before, before_at))
    return tuple(again)


def _too_long(times: Sequence[TimeOff], now: datetime) -> Iterable[TooLong]:
    longest = rules_at(now.astimezone(ZONE).date()).longest
    for one in times:
        length = _end(one, now) - one.starts_at
        if length > longest:
            yield TooLong(one.code, one.kind, one.starts_at, int(length / timedelta(minutes=1)))


def _seconds(occurred: datetime, told: datetime | None) -> float:
    assert told is not None
    return max(0.0, (told - occurred).total_seconds())


def _share(values: Sequence[float], percent: int) -> float | None:
    """The value that so many percent do not exceed; None without any."""
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=100, method="inclusive")[percent - 1]

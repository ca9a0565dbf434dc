"""Checks a planned outage against the law, what the company promises, and the calendar, before it is published."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from handlers.rules.freezes import Freeze, FreezeCalendar, freezes_at, load_freezes
from handlers.rules.planning_rules import PlanningRules, rules_at

__all__ = [
    "EarlierCut",
    "Finding",
    "Freeze",
    "FreezeCalendar",
    "Overlap",
    "Plan",
    "PlanningRules",
    "Rule",
    "Window",
    "check",
    "freezes_at",
    "load_freezes",
    "local_days",
    "months_later",
    "rules_at",
]

_INSTANT = timedelta(microseconds=1)

_Values = dict[str, str | int]


@dataclass(frozen=True)
class Window:
    """A stretch without power, from `starts_at` up to `ends_at`; aware, kept as UTC.

    Raises ValueError for a time without a zone, or an end that is not after the start.
    """

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise ValueError("a window needs aware times")
        object.__setattr__(self, "starts_at", self.starts_at.astimezone(UTC))
        object.__setattr__(self, "ends_at", self.ends_at.astimezone(UTC))
        if self.ends_at <= self.starts_at:
            raise ValueError(f"a window must end after it starts: {self.starts_at} to {self.ends_at}")

    @property
    def length(self) -> timedelta:
        """How long the power is off."""
        return self.ends_at - self.starts_at


class Rule(StrEnum):
    """What a finding is about."""

    LONGEST = "longest"
    ONE_CUT = "one_cut"
    LEGAL_NOTICE = "legal_notice"
    COMPANY_NOTICE = "company_notice"
    FREEZE = "freeze"
    CALENDAR = "calendar"
    UNANNOUNCED = "unannounced"
    OVERLAP = "overlap"
    ADJOINING = "adjoining"
    IMPORTANT = "important"


@dataclass(frozen=True)
class Finding:
    """Something staff must know before they publish; `blocking` ones take an override with a reason.

    `values` are what the text `finding.<rule>` fills in; days and times in them are local, as staff read them.
    """

    rule: Rule
    blocking: bool
    values: Mapping[str, str | int]


@dataclass(frozen=True)
class EarlierCut:
    """Another planned outage, not cancelled, that cuts the feeder; one for each of its windows. May lie ahead."""

    feeder: str
    code: str
    starts_at: datetime


@dataclass(frozen=True)
class Overlap:
    """Another outage that touches the same place at the same time; `ends_at` None if nobody knows yet."""

    code: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Plan:
    """What is to be checked: when, which feeders, how many customers by segment, how many important ones."""

    windows: tuple[Window, ...]
    feeders: frozenset[str]
    segments: Mapping[str, int]
    important: int
    cuts: tuple[EarlierCut, ...] = ()
    overlaps: tuple[Overlap, ...] = ()


def check(
    plan: Plan, rules: PlanningRules, calendar: FreezeCalendar, now: datetime, zone: ZoneInfo
) -> tuple[Finding, ...]:
    """Everything there is to say about a plan, in the order of `Rule`; empty if nothing is.

    The plan's own windows are one outage: `one_cut` looks at other outages only.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    return (
        *_too_long(plan, rules, zone),
        *_cut_again(plan, rules, zone),
        *_late_by_law(plan, rules, now, zone),
        *_late_by_promise(plan, rules, now, zone),
        *_frozen(plan, calendar.freezes, zone),
        *_not_covered(plan, calendar, zone),
        *_unannounced(plan, calendar, zone),
        *_overlapping(plan, zone),
        *_adjoining(plan, rules, zone),
        *_important(plan),
    )


def months_later(day: date, months: int) -> date:
    """The same day some months on, or the last of a shorter month: 31/5 and 9 months are 28/2."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def local_days(window: Window, zone: ZoneInfo) -> tuple[date, ...]:
    """The local days a window touches; one that ends at midnight does not touch the day that begins then."""
    first = window.starts_at.astimezone(zone).date()
    last = (window.ends_at - _INSTANT).astimezone(zone).date()
    return tuple(first + timedelta(days=at) for at in range((last - first).days + 1))


def _too_long(plan: Plan, rules: PlanningRules, zone: ZoneInfo) -> Iterator[Finding]:
    for window in sorted(plan.windows, key=_by_start):
        if window.length > rules.longest:
            span = {"minutes": _minutes(window.length), "most": _minutes(rules.longest)}
            yield Finding(Rule.LONGEST, True, _span(window.starts_at, window.ends_at, zone) | span)


def _cut_again(plan: Plan, rules: PlanningRules, zone: ZoneInfo) -> Iterator[Finding]:
    """One finding for each feeder and other outage, however many windows the two have."""
    days = {window.starts_at.astimezone(zone).date() for window in plan.windows}
    nearest: dict[tuple[str, str], tuple[timedelta, date]] = {}
    for cut in plan.cuts:
        if cut.feeder not in plan.feeders:
            continue
        other = cut.starts_at.astimezone(zone).date()
        near = [abs(day - other) for day in days if _within(day, other, rules.months_between)]
        pair = cut.feeder, cut.code
        if near and (pair not in nearest or min(near) < nearest[pair][0]):
            nearest[pair] = min(near), other
    for (feeder, code), (_, other) in sorted(nearest.items()):
        values: _Values = {"feeder": feeder, "code": code, "day": _day(other), "months": rules.months_between}
        yield Finding(Rule.ONE_CUT, True, values)


def _within(day: date, other: date, months: int) -> bool:
    return max(day, other) < months_later(min(day, other), months)


def _late_by_law(plan: Plan, rules: PlanningRules, now: datetime, zone: ZoneInfo) -> Iterator[Finding]:
    start = min((window.starts_at for window in plan.windows), default=None)
    if start is not None and start - now < rules.legal_notice:
        values = {"days": rules.legal_notice.days, **_earliest(start, now + rules.legal_notice, zone)}
        yield Finding(Rule.LEGAL_NOTICE, True, values)


def _late_by_promise(plan: Plan, rules: PlanningRules, now: datetime, zone: ZoneInfo) -> Iterator[Finding]:
    start = min((window.starts_at for window in plan.windows), default=None)
    for segment, ahead in rules.company_notice.items():
        customers = plan.segments.get(segment, 0)
        if start is not None and customers > 0 and start - now < ahead:
            said: _Values = {"segment": segment, "customers": customers, "days": ahead.days}
            yield Finding(Rule.COMPANY_NOTICE, True, said | _earliest(start, now + ahead, zone))


def _frozen(plan: Plan, freezes: Iterable[Freeze], zone: ZoneInfo) -> Iterator[Finding]:
    days = _days(plan, zone)
    for freeze in freezes:
        touched = [day for day in days if freeze.holds_on(day)]
        if touched:
            status = "assumed" if freeze.assumed else "announced"
            values = {"code": freeze.code, "name": freeze.name, "day": _day(touched[0]), "status": status}
            yield Finding(Rule.FREEZE, True, values | {"first": _day(freeze.first), "last": _day(freeze.last)})


def _not_covered(plan: Plan, calendar: FreezeCalendar, zone: ZoneInfo) -> Iterator[Finding]:
    """A year for which nobody looked the holidays up: that no freeze was found proves nothing."""
    for year in sorted({day.year for day in _days(plan, zone) if not calendar.covers(day)}):
        yield Finding(Rule.CALENDAR, False, {"year": year, "last": max(calendar.years)})


def _unannounced(plan: Plan, calendar: FreezeCalendar, zone: ZoneInfo) -> Iterator[Finding]:
    """Days without planned work that are still to be announced and may turn out to be the plan's."""
    days = _days(plan, zone)
    for one in calendar.unannounced:
        touched = [day for day in days if one.may_hold_on(day)]
        if touched:
            values = {"name": one.name, "day": _day(touched[0]), "first": _day(one.first), "last": _day(one.last)}
            yield Finding(Rule.UNANNOUNCED, False, values)


def _days(plan: Plan, zone: ZoneInfo) -> list[date]:
    """The local days that the plan touches, in order."""
    return sorted({day for window in plan.windows for day in local_days(window, zone)})


def _overlapping(plan: Plan, zone: ZoneInfo) -> Iterator[Finding]:
    for other in plan.overlaps:
        yield Finding(Rule.OVERLAP, False, {"code": other.code, **_span(other.starts_at, other.ends_at, zone)})


def _adjoining(plan: Plan, rules: PlanningRules, zone: ZoneInfo) -> Iterator[Finding]:
    """Windows that hang together; time that two of them share counts once."""
    for chain in _chains(plan.windows, rules.adjoining_gap):
        off = _time_off(chain)
        if len(chain) > 1 and off > rules.longest:
            end = max(window.ends_at for window in chain)
            sums = {"windows": len(chain), "minutes": _minutes(off), "most": _minutes(rules.longest)}
            yield Finding(Rule.ADJOINING, False, _span(chain[0].starts_at, end, zone) | sums)


def _chains(windows: Iterable[Window], gap: timedelta) -> list[list[Window]]:
    chains: list[list[Window]] = []
    for window in sorted(windows, key=_by_start):
        if chains and window.starts_at - max(one.ends_at for one in chains[-1]) < gap:
            chains[-1].append(window)
        else:
            chains.append([window])
    return chains


def _time_off(chain: Sequence[Window]) -> timedelta:
    off, until = timedelta(), chain[0].starts_at
    for window in chain:
        off += max(window.ends_at - max(window.starts_at, until), timedelta())
        until = max(until, window.ends_at)
    return off


def _important(plan: Plan) -> Iterator[Finding]:
    if plan.important > 0:
        yield Finding(Rule.IMPORTANT, False, {"customers": plan.important})


def _by_start(window: Window) -> tuple[datetime, datetime]:
    return window.starts_at, window.ends_at


def _minutes(span: timedelta) -> int:
    """Whole minutes, rounded up, so that what is too long never reads as the limit itself."""
    return -(-span // timedelta(minutes=1))


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M %d/%m/%Y}"


def _span(starts_at: datetime, ends_at: datetime | None, zone: ZoneInfo) -> _Values:
    """`end` is "?" while nobody knows it."""
    return {"start": _moment(starts_at, zone), "end": _moment(ends_at, zone) if ends_at else "?"}


def _earliest(start: datetime, earliest: datetime, zone: ZoneInfo) -> _Values:
    """When the plan starts, and the first whole minute from which it would keep the rule."""
    up = earliest + timedelta(minutes=1) - _INSTANT
    return {"start": _moment(start, zone), "earliest": _moment(up, zone)}

"""When the notices of a planned outage go out, by its windows and the lead times in force."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from handlers.rules.planning import PlanningRules, Window

# Whoever has just been told of a window is not reminded of it this soon.
TOO_SOON = timedelta(hours=6)
# Power is not back to the second; who is asked whether it is should not find the answer obvious.
GRACE = timedelta(minutes=10)
# The end of a window is news for so long.
END_IS_NEWS = timedelta(hours=24)


class NoticeKind(StrEnum):
    """PLAN is what somebody hears first, OVER closes a window that nobody closed by hand."""

    PLAN = "plan"
    REMINDER = "reminder"
    START = "start"
    OVER = "over"


@dataclass(frozen=True)
class Numbered:
    """A window of an outage that is still on, by its number there."""

    number: int
    window: Window


@dataclass(frozen=True)
class Said:
    """A notice that went out already: it is not planned again for the same window at the same time."""

    kind: NoticeKind
    slot: int
    begins_at: datetime
    segment: str
    lead: str


@dataclass(frozen=True)
class Planned:
    """A notice to come. wanted_by: by when law or promise want it out; late: that was over when it was planned."""

    kind: NoticeKind
    slot: int
    begins_at: datetime
    due_at: datetime
    worthless_after: datetime
    segment: str = ""
    lead: str = ""
    wanted_by: datetime | None = None
    late: bool = False


def plan(
    windows: Sequence[Numbered], said: Collection[Said], rules: PlanningRules, now: datetime, zone: ZoneInfo
) -> tuple[Planned, ...]:
    """All notices still to come for these windows, in the order of their times; what is late is due now."""
    ahead = sorted((one for one in windows if one.window.starts_at > now), key=lambda one: one.window.starts_at)
    notices = [*_first(ahead, said, rules, now, zone), *_reminders(ahead, said, rules, now)]
    for one in windows:
        notices += _begin_and_end(one, said)
    return tuple(sorted(notices, key=lambda notice: (notice.due_at, notice.kind)))


def morning_before(deadline: datetime, rules: PlanningRules, zone: ZoneInfo) -> datetime:
    """The last morning hour at or before a deadline: nobody is woken, and the deadline is kept."""
    local = deadline.astimezone(zone)
    morning = datetime.combine(local.date(), rules.morning, zone)
    if morning > local:
        morning = datetime.combine(local.date() - timedelta(days=1), rules.morning, zone)
    return morning.astimezone(deadline.tzinfo)


def _first(
    ahead: Sequence[Numbered], said: Collection[Said], rules: PlanningRules, now: datetime, zone: ZoneInfo
) -> Iterator[Planned]:
    """One first notice for each segment, of all windows, led by the next one."""
    if not ahead:
        return
    number, window = ahead[0].number, ahead[0].window
    told = {one.segment for one in said if one.kind is NoticeKind.PLAN}
    for segment, lead in rules.first_notice.items():
        deadline = window.starts_at - lead
        ideal = morning_before(deadline, rules, zone)
        if ideal <= now and segment in told:
            # Who has not heard of it since is told when the outage changes, or when they begin to follow.
            continue
        yield Planned(
            kind=NoticeKind.PLAN,
            slot=number,
            begins_at=window.starts_at,
            due_at=max(ideal, now),
            worthless_after=window.starts_at,
            segment=segment,
            wanted_by=deadline,
            late=now > deadline,
        )


def _reminders(
    ahead: Sequence[Numbered], said: Collection[Said], rules: PlanningRules, now: datetime
) -> Iterator[Planned]:
    for one in ahead:
        begins_at = one.window.starts_at
        for lead, before in rules.reminders.items():
            due = begins_at - before
            too_soon = due <= now or (before > TOO_SOON and due - now < TOO_SOON)
            reminder = Said(NoticeKind.REMINDER, one.number, begins_at, "", lead)
            if not too_soon and reminder not in said:
                yield Planned(NoticeKind.REMINDER, one.number, begins_at, due, begins_at, lead=lead)


def _begin_and_end(one: Numbered, said: Collection[Said]) -> Iterator[Planned]:
    begins_at, ends_at = one.window.starts_at, one.window.ends_at
    if Said(NoticeKind.START, one.number, begins_at, "", "") not in said:
        yield Planned(NoticeKind.START, one.number, begins_at, begins_at, ends_at)
    yield Planned(NoticeKind.OVER, one.number, begins_at, ends_at + GRACE, ends_at + END_IS_NEWS)

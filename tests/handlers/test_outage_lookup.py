"""Which windows are on within a time: planned ones by their hours, incidents until somebody restores them."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.outage_lookup import is_within, period
from handlers.talking import ZONE, talking
from store.outages import Kind, Outage, OutageSlot, SlotState

# A Friday, 14:05 on the utility's clock.
NOW = datetime(2026, 11, 20, 7, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def outage(kind: Kind) -> Outage:
    return Outage(
        code="X", kind=kind, reason=None, area=[], published_at=NOW, published_by="anh Ba", updated_at=NOW
    )


def shown(kind: Kind, starts: timedelta, ends: timedelta | None, asked: str, state: str = SlotState.ON) -> bool:
    ends_at = None if ends is None else NOW + ends
    slot = OutageSlot(outage_id=1, number=1, starts_at=NOW + starts, ends_at=ends_at, state=state)
    return is_within(outage(kind), slot, *period(asked, NOW, talking()), NOW)


def test_a_day_ahead_is_that_day_on_the_utility_s_clock() -> None:
    begins_before, ends_after = period("2026-11-28", NOW, talking())
    assert ends_after.astimezone(ZONE).isoformat() == "2026-11-28T00:00:00+07:00"
    assert begins_before - ends_after == DAY


@pytest.mark.parametrize(
    ("kind", "starts", "ends", "asked", "is_shown"),
    [
        # Planned, from 14:05 on the 28th for an hour.
        (Kind.PLANNED, 8 * DAY, 8 * DAY + HOUR, "2026-11-28", True),
        (Kind.PLANNED, 8 * DAY, 8 * DAY + HOUR, "2026-11-27", False),
        (Kind.PLANNED, 8 * DAY, 8 * DAY + HOUR, "2026-11-29", False),
        (Kind.PLANNED, 8 * DAY, 9 * DAY, "2026-11-29", True),
        # An incident that is to be over today is not there tomorrow; one that was to be over is there now.
        (Kind.INCIDENT, -HOUR, HOUR, "today", True),
        (Kind.INCIDENT, -HOUR, HOUR, "2026-11-21", False),
        (Kind.INCIDENT, -2 * HOUR, -HOUR, "now", True),
        # Of one whose end nobody knows it is said for a day.
        (Kind.INCIDENT, -HOUR, None, "2026-11-21", True),
        (Kind.INCIDENT, -2 * HOUR, -HOUR, "2026-11-21", True),
        (Kind.INCIDENT, -HOUR, None, "2026-11-22", False),
    ],
)
def test_what_is_on_within_a_time(
    kind: Kind, starts: timedelta, ends: timedelta | None, asked: str, is_shown: bool
) -> None:
    assert shown(kind, starts, ends, asked) is is_shown
    assert not shown(kind, starts, ends, asked, state="cancelled")

"""When notices leave: in time, in the morning, never twice, whatever zone the process runs in."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.model import Moment, Span
from conversations.texts import catalogs
from handlers.announcements import local_hours
from handlers.rendering import Clock
from handlers.rules.notices import (
    END_IS_NEWS,
    GRACE,
    TOO_SOON,
    NoticeKind,
    Numbered,
    Planned,
    Said,
    morning_before,
    plan,
)
from handlers.rules.planning import Window, local_days, rules_at
from handlers.talking import ZONE

RULES = rules_at(date(2026, 11, 23))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)
SEGMENTS = {"industrial": 30 * DAY, "business": 7 * DAY, "household": 6 * DAY}

moments = st.integers(0, 60 * 24 * 365).map(lambda minutes: NOW + minutes * MINUTE)
starts = st.integers(-60 * 24 * 2, 60 * 24 * 60).map(lambda minutes: minutes * MINUTE)
lengths = st.integers(10, 300).map(lambda minutes: minutes * MINUTE)


@pytest.fixture(autouse=True)
def in_new_york() -> Iterator[None]:
    """The process runs in another zone, eleven or twelve hours behind the utility's."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    assert time.strftime("%Z") in ("EST", "EDT")
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@st.composite
def plans(draw: st.DrawFn) -> tuple[datetime, list[Numbered]]:
    """A moment and up to three windows that do not cross: passed, running, near or far ahead."""
    now = draw(moments)
    at, windows = now + draw(starts), []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        end = at + draw(lengths)
        windows.append(Numbered(number, Window(at, end)))
        at = end + draw(st.integers(0, 60 * 24 * 20)) * MINUTE
    return now, windows


def planned(windows: Sequence[Numbered], now: datetime, *said: Said) -> tuple[Planned, ...]:
    return plan(windows, said, RULES, now, ZONE)


def of(kind: NoticeKind, notices: Sequence[Planned]) -> list[Planned]:
    return [one for one in notices if one.kind is kind]


def said(one: Planned) -> Said:
    return Said(one.kind, one.slot, one.begins_at, one.segment, one.lead)


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """That time on the utility's clock, as UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def window(begins: datetime, ends: datetime, number: int = 1) -> Numbered:
    return Numbered(number, Window(begins, ends))


# --- for all plans -----------------------------------------------------------------------------------------------


@given(plans())
def test_a_first_notice_keeps_its_deadline_or_says_that_it_is_late(some: tuple[datetime, list[Numbered]]) -> None:
    now, windows = some
    ahead = [one.window.starts_at for one in windows if one.window.starts_at > now]

    first = {one.segment: one for one in of(NoticeKind.PLAN, planned(windows, now))}

    assert set(first) == (set(SEGMENTS) if ahead else set())
    for segment, one in first.items():
        deadline = min(ahead) - SEGMENTS[segment]
        assert one.wanted_by == deadline
        assert one.late == (now > deadline)
        assert one.due_at == now if one.late else now <= one.due_at <= deadline
        assert now <= one.due_at < one.worthless_after == min(ahead)


@given(plans())
def test_what_need_not_leave_at_once_leaves_in_the_morning_less_than_a_day_before_its_deadline(
    some: tuple[datetime, list[Numbered]],
) -> None:
    now, windows = some
    for one in of(NoticeKind.PLAN, planned(windows, now)):
        if one.due_at > now:
            assert one.wanted_by is not None
            assert one.due_at.astimezone(ZONE).time() == clock_time(8)
            assert one.wanted_by - DAY < one.due_at <= one.wanted_by


@given(plans())
def test_a_reminder_comes_exactly_its_span_before_a_window_ahead(some: tuple[datetime, list[Numbered]]) -> None:
    now, windows = some
    spans = {"day": 24 * HOUR, "hour": HOUR}

    reminders = {(one.slot, one.lead): one for one in of(NoticeKind.REMINDER, planned(windows, now))}

    for (number, lead), one in reminders.items():
        begins = windows[number - 1].window.starts_at
        assert (one.due_at, one.worthless_after) == (begins - spans[lead], begins)
        assert one.due_at > now
    for number, begins in ((one.number, one.window.starts_at) for one in windows):
        # Who hears of it now is not reminded within hours; an hour before it begins is always worth a word.
        assert ((number, "hour") in reminders) == (begins - HOUR > now)
        assert ((number, "day") in reminders) == (begins - DAY >= now + TOO_SOON)


@given(plans())
def test_every_window_begins_and_ends_once(some: tuple[datetime, list[Numbered]]) -> None:
    now, windows = some
    notices = planned(windows, now)

    begins = [(one.slot, one.due_at, one.worthless_after) for one in of(NoticeKind.START, notices)]
    ends = [(one.slot, one.due_at, one.worthless_after) for one in of(NoticeKind.OVER, notices)]

    assert sorted(begins) == [(one.number, one.window.starts_at, one.window.ends_at) for one in windows]
    assert sorted(ends) == [
        (one.number, one.window.ends_at + GRACE, one.window.ends_at + END_IS_NEWS) for one in windows
    ]


@given(plans(), st.lists(st.integers(0, 400), max_size=6))
def test_planned_anew_at_any_time_nothing_that_was_said_comes_again(
    some: tuple[datetime, list[Numbered]], waits: list[int]
) -> None:
    now, windows = some
    gone: list[Said] = []
    for wait in [0, *waits]:
        now += wait * HOUR
        for one in planned(windows, now, *gone):
            key = said(one)
            assert key not in gone or one.kind is NoticeKind.OVER
            if one.due_at <= now and one.kind is not NoticeKind.OVER:
                gone.append(key)
    assert len(gone) == len(set(gone))


@given(plans())
def test_they_are_in_the_order_of_their_times(some: tuple[datetime, list[Numbered]]) -> None:
    now, windows = some
    times = [one.due_at for one in planned(windows, now)]
    assert times == sorted(times)


@given(plans())
def test_the_order_in_which_windows_are_named_changes_nothing(some: tuple[datetime, list[Numbered]]) -> None:
    now, windows = some
    assert set(planned(windows, now)) == set(planned(windows[::-1], now))


# --- one by one --------------------------------------------------------------------------------------------------


def test_a_late_plan_tells_all_segments_now_and_says_so() -> None:
    soon = window(NOW + 2 * DAY, NOW + 2 * DAY + 3 * HOUR)
    first = of(NoticeKind.PLAN, planned([soon], NOW))
    assert {(one.segment, one.due_at, one.late) for one in first} == {(name, NOW, True) for name in SEGMENTS}


def test_a_plan_in_time_for_households_can_be_late_for_industry() -> None:
    some = window(NOW + 10 * DAY, NOW + 10 * DAY + 3 * HOUR)
    late = {one.segment: one.late for one in of(NoticeKind.PLAN, planned([some], NOW))}
    assert late == {"industrial": True, "business": False, "household": False}


def test_a_plan_published_after_its_morning_but_before_its_deadline_goes_now_and_is_not_late() -> None:
    begins = local(2026, 12, 10, 12)
    now = local(2026, 12, 4, 9)
    (household,) = (
        one
        for one in of(NoticeKind.PLAN, planned([window(begins, begins + HOUR)], now))
        if one.segment == "household"
    )
    assert (household.due_at, household.wanted_by, household.late) == (now, local(2026, 12, 4, 12), False)


def test_a_moved_window_is_reminded_of_again() -> None:
    old, new = window(NOW + 2 * DAY, NOW + 2 * DAY + HOUR), window(NOW + 4 * DAY, NOW + 4 * DAY + HOUR)
    gone = [said(one) for one in of(NoticeKind.REMINDER, planned([old], NOW))]
    assert len(of(NoticeKind.REMINDER, planned([new], NOW, *gone))) == 2


def test_who_was_told_of_the_first_window_is_told_anew_only_of_one_that_is_far_ahead() -> None:
    near, far = window(NOW + DAY, NOW + DAY + HOUR), window(NOW + 90 * DAY, NOW + 90 * DAY + HOUR, 2)
    gone = [said(one) for one in of(NoticeKind.PLAN, planned([near, far], NOW))]
    after = NOW + 2 * DAY
    again = of(NoticeKind.PLAN, planned([far], after, *gone))
    assert {one.slot for one in again} == {2}
    assert all(one.due_at > after for one in again)


# --- local days, in a process that runs elsewhere ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("deadline", "morning"),
    [
        (local(2026, 12, 1, 8), local(2026, 12, 1, 8)),
        (local(2026, 12, 1, 7, 59), local(2026, 11, 30, 8)),
        (local(2026, 12, 1, 0), local(2026, 11, 30, 8)),
        (local(2026, 11, 30, 23, 59), local(2026, 11, 30, 8)),
        (local(2027, 1, 1, 0), local(2026, 12, 31, 8)),
        (local(2027, 3, 1, 3), local(2027, 2, 28, 8)),
        (local(2028, 3, 1, 3), local(2028, 2, 29, 8)),
    ],
)
def test_the_morning_before_is_the_utilitys_morning(deadline: datetime, morning: datetime) -> None:
    assert morning_before(deadline, RULES, ZONE) == morning


@given(moments)
def test_no_zone_of_the_deadline_changes_its_morning(deadline: datetime) -> None:
    elsewhere = deadline.astimezone(ZoneInfo("America/New_York"))
    assert morning_before(elsewhere, RULES, ZONE) == morning_before(deadline, RULES, ZONE)


@pytest.mark.parametrize(
    ("begins", "household"),
    [
        # 00:00 belongs to the day that begins then; the last morning before a deadline at 00:00 is a day earlier.
        (local(2026, 12, 31, 0), local(2026, 12, 24, 8)),
        (local(2027, 1, 1, 0), local(2026, 12, 25, 8)),
        (local(2026, 12, 31, 23, 30), local(2026, 12, 25, 8)),
        (local(2027, 3, 6, 5), local(2027, 2, 27, 8)),
        (local(2027, 3, 7, 8), local(2027, 3, 1, 8)),
    ],
)
def test_a_window_at_the_edge_of_a_day_or_month_is_told_in_its_own_morning(
    begins: datetime, household: datetime
) -> None:
    now = begins - 60 * DAY
    notices = planned([window(begins, begins + 2 * HOUR)], now)
    assert [one.due_at for one in of(NoticeKind.PLAN, notices) if one.segment == "household"] == [household]


@pytest.mark.parametrize(
    ("begins", "ends", "days"),
    [
        (local(2026, 11, 30, 22), local(2026, 12, 1, 2), ["30/11", "01/12"]),
        (local(2026, 11, 30, 20), local(2026, 12, 1, 0), ["30/11"]),
        (local(2026, 12, 1, 0), local(2026, 12, 1, 5), ["01/12"]),
        (local(2026, 12, 31, 23), local(2027, 1, 1, 1), ["31/12", "01/01"]),
    ],
)
def test_a_window_touches_the_days_of_the_utilitys_calendar(
    begins: datetime, ends: datetime, days: list[str]
) -> None:
    assert [f"{day:%d/%m}" for day in local_days(Window(begins, ends), ZONE)] == days


@pytest.mark.parametrize(
    ("begins", "ends", "vietnamese", "english"),
    [
        (
            local(2026, 11, 30, 8, 30),
            local(2026, 11, 30, 13, 30),
            "từ 08:30 đến 13:30, thứ Hai 30/11/2026",
            "08:30 to 13:30, Mon 30 Nov 2026",
        ),
        (
            local(2026, 11, 30, 20),
            local(2026, 12, 1, 0),
            "từ 20:00 đến 24:00, thứ Hai 30/11/2026",
            "20:00 to 24:00, Mon 30 Nov 2026",
        ),
        (
            local(2026, 12, 1, 0),
            local(2026, 12, 1, 4),
            "từ 00:00 đến 04:00, thứ Ba 1/12/2026",
            "00:00 to 04:00, Tue 1 Dec 2026",
        ),
        (
            local(2026, 12, 31, 22),
            local(2027, 1, 1, 2),
            "từ 22:00 thứ Năm 31/12/2026 đến 02:00 thứ Sáu 1/1/2027",
            "22:00, Thu 31 Dec 2026 to 02:00, Fri 1 Jan 2027",
        ),
    ],
)
def test_a_window_is_read_on_the_utilitys_clock(
    begins: datetime, ends: datetime, vietnamese: str, english: str
) -> None:
    clock = Clock(ZONE, catalogs())
    span = Span(begins.isoformat(), ends.isoformat())
    assert clock.show(span, "vi") == vietnamese
    assert clock.show(span, "en") == english


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Ho_Chi_Minh", "Pacific/Kiritimati"])
def test_a_moment_reads_the_same_however_it_was_written_down(zone: str) -> None:
    clock = Clock(ZONE, catalogs())
    midnight = local(2027, 1, 1, 0).astimezone(ZoneInfo(zone)).isoformat()
    assert clock.show(Moment(midnight, "time"), "vi") == "00:00"
    assert clock.show(Moment(midnight, "day"), "vi") == "thứ Sáu 1/1/2027"


@given(moments)
def test_quiet_hours_end_on_the_utilitys_clock_within_a_day(now: datetime) -> None:
    hours = local_hours(now)
    assert hours.hour == (now + 7 * HOUR).hour
    for hour, at in enumerate(hours.following):
        assert now < at <= now + DAY
        assert ((at + 7 * HOUR).hour, at.minute, at.second) == (hour, 0, 0)


@pytest.mark.parametrize(
    ("now", "six"),
    [
        (local(2026, 11, 30, 23, 59), local(2026, 12, 1, 6)),
        (local(2026, 12, 1, 0), local(2026, 12, 1, 6)),
        (local(2026, 12, 1, 6), local(2026, 12, 2, 6)),
        (local(2026, 12, 31, 22), local(2027, 1, 1, 6)),
    ],
)
def test_the_next_six_oclock_is_the_next_local_one(now: datetime, six: datetime) -> None:
    assert local_hours(now).following[6] == six

"""Promises in working days become dates and times, over weekends, holidays and pauses."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.dated import BadData
from handlers.rules.working_days import HOLIDAYS, work_calendar

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CALENDAR = work_calendar(ZONE)
moments = st.integers(0, 600 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZONE)


def deadline(received: str, days: int) -> str:
    return f"{CALENDAR.deadline(at(received), days).astimezone(ZONE):%Y-%m-%d %H:%M}"


def test_the_day_of_receipt_does_not_count_at_whatever_hour() -> None:
    assert deadline("2026-11-16T08:00", 3) == deadline("2026-11-16T23:59", 3) == "2026-11-19 17:00"
    assert deadline("2026-11-16T08:00", 5) == "2026-11-23 17:00"
    # Saturday and Sunday are as good as Friday.
    assert deadline("2026-11-13T09:00", 1) == deadline("2026-11-15T09:00", 1) == "2026-11-16 17:00"


def test_holidays_do_not_count() -> None:
    assert deadline("2026-02-13T10:00", 1) == "2026-02-23 17:00"
    assert deadline("2026-08-28T10:00", 2) == "2026-09-04 17:00"
    # 26/4/2026 is a Sunday: the Monday is off in its place, and two days of the next week are.
    assert deadline("2026-04-24T10:00", 5) == "2026-05-06 17:00"


def test_every_holiday_says_where_it_is_from_and_whether_it_is_sure() -> None:
    assumed = {one.code for one in CALENDAR.holidays if not one.sure}
    assert {"tet-2027", "national-day-2027", "culture-day-2026", "culture-day-2027"} == assumed
    assert CALENDAR.covers(date(2026, 1, 1))
    assert not CALENDAR.covers(date(2028, 1, 1))
    assert not CALENDAR.works_on(date(2027, 2, 8))
    assert CALENDAR.works_on(date(2027, 2, 12))


def test_working_time_goes_on_the_next_morning() -> None:
    def after(local: str, hours: float) -> str:
        return f"{CALENDAR.working_time_after(at(local), timedelta(hours=hours)).astimezone(ZONE):%a %d %H:%M}"

    assert after("2026-11-16T10:00", 1) == "Mon 16 11:00"
    assert after("2026-11-16T16:30", 1) == "Tue 17 08:00"
    assert after("2026-11-16T05:00", 1) == "Mon 16 08:30"
    assert after("2026-11-20T20:00", 1) == "Mon 23 08:30"


@given(moments, st.integers(1, 30))
def test_a_deadline_is_a_closing_time_of_a_working_day_after_the_receipt(received: datetime, days: int) -> None:
    ends = CALENDAR.deadline(received, days)
    local = ends.astimezone(ZONE)
    assert local.time() == time(17)
    assert CALENDAR.works_on(local.date())
    first = CALENDAR.day_of(received) + timedelta(days=1)
    assert CALENDAR.between(first, local.date() + timedelta(days=1)) == days


@given(moments, st.integers(1, 15), st.lists(st.integers(0, 20 * 24 * 60), min_size=2, max_size=8))
def test_a_pause_never_moves_a_deadline_earlier(received: datetime, days: int, minutes: list[int]) -> None:
    ends = CALENDAR.deadline(received, days)
    times = [received + timedelta(minutes=n) for n in sorted(minutes)]
    for stopped, runs_on in zip(times[::2], times[1::2], strict=False):
        later = CALENDAR.extended(ends, stopped, runs_on)
        assert later >= ends
        stood = CALENDAR.between(CALENDAR.day_of(stopped), CALENDAR.day_of(runs_on))
        if stopped < ends:
            assert CALENDAR.between(CALENDAR.day_of(ends), CALENDAR.day_of(later)) == stood
        else:
            assert later == ends
        ends = later


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("to = 2026-01-02", "to = 2025-12-31", "before it begins"),
        ("sure = true", 'sure = "yes"', "`sure` must be true or false"),
        ("from = 2026-02-16", "from = 2026-01-02", "does not begin after"),
        ("opens = 07:30:00", "opens = 18:30:00", "`opens` must be a time"),
        ("year = 2027", "year = 2031", "holds no holiday"),
        ('source = "company choice: office', 'sauce = "company choice: office', "`source`"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, old: str, new: str, what: str) -> None:
    text = HOLIDAYS.read_text("utf-8")
    assert old in text
    path = tmp_path / "holidays.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BadData, match=what):
        work_calendar(ZONE, path)

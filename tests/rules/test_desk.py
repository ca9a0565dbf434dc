"""The desk: when people are there, how long a place takes, and by when a question that was left is answered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.dated import BadData
from handlers.rules.desk import DESK, answer_by, desk_at, expected_minutes, is_open, opens_next

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
RULES = desk_at(date(2026, 11, 25))
MINUTES = st.integers(0, 2 * 365 * 24 * 60)
MOMENTS = MINUTES.map(lambda at: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=at))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("at", "there"),
    [
        ("2026-11-25T06:59", False),
        ("2026-11-25T07:00", True),
        ("2026-11-25T20:59", True),
        ("2026-11-25T21:00", False),
        ("2026-11-28T07:15", False),
        ("2026-11-28T07:30", True),
        ("2026-11-29T17:00", False),
    ],
)
def test_people_are_there_from_opening_up_to_closing_time(at: str, there: bool) -> None:
    assert is_open(RULES, local(at), ZONE) is there


def test_after_closing_time_the_next_opening_is_tomorrow_and_before_it_today() -> None:
    assert opens_next(RULES, local("2026-11-25T21:00"), ZONE) == local("2026-11-26T07:00")
    assert opens_next(RULES, local("2026-11-26T03:00"), ZONE) == local("2026-11-26T07:00")
    assert opens_next(RULES, local("2026-11-27T22:00"), ZONE) == local("2026-11-28T07:30")


def test_a_question_left_at_night_is_answered_within_a_day_of_the_next_opening() -> None:
    assert answer_by(RULES, local("2026-11-25T23:00"), ZONE) == local("2026-11-27T07:00")
    assert answer_by(RULES, local("2026-11-25T10:00"), ZONE) == local("2026-11-26T10:00")


@given(MOMENTS)
def test_the_next_opening_is_never_past_and_people_are_there_then(now: datetime) -> None:
    opening = opens_next(RULES, now, ZONE)

    assert opening >= now
    assert opening - now <= timedelta(days=1)
    assert is_open(RULES, opening, ZONE)


def test_too_few_customers_taken_give_no_estimate() -> None:
    now = local("2026-11-25T10:00")
    assert expected_minutes(1, [now - timedelta(minutes=5), now - timedelta(minutes=1)], now) is None


def test_an_estimate_goes_by_the_usual_gap_between_customers_taken() -> None:
    now = local("2026-11-25T10:00")
    taken = [now - timedelta(minutes=at) for at in (13, 10, 7, 4, 1)]
    assert [expected_minutes(place, taken, now) for place in (1, 2, 5)] == [3, 6, 15]


def test_a_desk_that_has_stopped_taking_customers_is_not_called_quick() -> None:
    now = local("2026-11-25T10:00")
    taken = [now - timedelta(minutes=at) for at in (46, 43, 40)]
    assert expected_minutes(1, taken, now) == 40


@given(st.lists(MOMENTS, min_size=3, max_size=30), MOMENTS, st.integers(1, 500))
def test_a_later_place_never_waits_less(taken: list[datetime], now: datetime, place: int) -> None:
    one, next_one = expected_minutes(place, taken, now), expected_minutes(place + 1, taken, now)
    assert one is not None
    assert next_one is not None
    assert 1 <= one <= next_one


@pytest.mark.parametrize(
    ("hours", "what"),
    [
        ('[["07:00", "21:00"]]', "seven pairs"),
        ("[" + '["21:00", "07:00"],' * 7 + "]", "ends before it begins"),
        ("[" + '["07:00", "07:00"],' * 7 + "]", "nobody is ever there"),
        ("[" + '["7 Uhr", "21:00"],' * 7 + "]", "for each of seven days"),
    ],
)
def test_hours_that_cannot_be_used_are_named(tmp_path: Path, hours: str, what: str) -> None:
    file = tmp_path / "desk.toml"
    lines = DESK.read_text("utf-8").splitlines()
    file.write_text("\n".join(f"hours = {hours}" if line.startswith("hours =") else line for line in lines))
    with pytest.raises(BadData, match=what):
        desk_at(date(2026, 11, 25), file)

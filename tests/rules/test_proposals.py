"""Which windows may be proposed, and until when a proposal is answered."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import planning
from handlers.rules.planning import Window
from handlers.rules.proposals import TooLong, TooSoon, expires_at, judge, rules_at

NOW = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RULES, PLANNING = rules_at(date(2026, 11, 23)), planning.rules_at(date(2026, 11, 23))


def window(days: float, hours: float = 3) -> Window:
    return Window(NOW + days * DAY, NOW + days * DAY + hours * HOUR)


def until(begins: float, *wishes: float) -> float:
    """Days from now until when a proposal is answered about a window that begins so many days from now."""
    at = expires_at(NOW + begins * DAY, [window(one) for one in wishes], PLANNING, RULES, NOW)
    return (at - NOW) / DAY


def test_a_window_of_five_hours_six_days_ahead_may_be_proposed() -> None:
    assert judge(window(6, 5), PLANNING, RULES, NOW) is None
    assert judge(window(20, 5.1), PLANNING, RULES, NOW) == TooLong(5 * HOUR)
    assert judge(window(5.9), PLANNING, RULES, NOW) == TooSoon(NOW + 6 * DAY)


def test_a_proposal_is_answered_within_three_days() -> None:
    assert until(30, 35) == 3


def test_it_is_answered_while_the_move_can_still_be_told_in_time() -> None:
    assert until(8, 35) == 2


def test_it_is_answered_while_one_of_the_wishes_can_still_be_announced() -> None:
    assert until(30, 6.5, 7) == 2
    assert until(30, 6.5, 40) == 3


def test_whoever_proposes_late_has_half_a_day_unless_the_window_begins_sooner() -> None:
    assert until(4, 35) == 0.5
    assert until(0.25, 35) == 0.25


@given(begins=st.floats(0.01, 100), wishes=st.lists(st.floats(6, 100), min_size=1, max_size=3))
def test_an_answer_is_always_due_in_the_future_and_before_the_window(begins: float, wishes: list[float]) -> None:
    at = expires_at(NOW + begins * DAY, [window(one) for one in wishes], PLANNING, RULES, NOW)
    assert NOW < at <= NOW + begins * DAY
    assert at <= NOW + max(RULES.answer, RULES.at_least)

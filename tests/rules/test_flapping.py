"""Supply that flaps is one incident, and people do not hear "it is back" at every flap."""

from datetime import UTC, date, datetime, timedelta

import pytest

from handlers.rules.flapping import flapping_at, hold_restoration, is_again

RESTORED = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
RULES = flapping_at(date(2026, 11, 24))
MINUTE = timedelta(minutes=1)


def test_out_again_within_ten_minutes_is_the_same_incident() -> None:
    assert is_again(RESTORED, RESTORED, RULES)
    assert is_again(RESTORED, RESTORED + 10 * MINUTE, RULES)
    assert not is_again(RESTORED, RESTORED + 10 * MINUTE + timedelta(seconds=1), RULES)


def test_the_first_restoration_is_told_at_once() -> None:
    assert hold_restoration(0, RULES) is None


@pytest.mark.parametrize("times", [1, 2, 9])
def test_later_ones_wait_for_a_quarter_of_an_hour_of_stable_supply(times: int) -> None:
    assert hold_restoration(times, RULES) == 15 * MINUTE


def test_no_rule_is_made_up_for_a_day_before_the_first() -> None:
    with pytest.raises(LookupError):
        flapping_at(date(2020, 1, 1))

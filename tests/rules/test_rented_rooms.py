"""What is right in rented rooms: quarters of a quota, the third tier for the undeclared, no more than the bill."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.bill import month_of
from handlers.rules.rented_rooms import rented_rooms_at, room_bill
from handlers.rules.tariff_files import load_tariffs

TARIFFS = load_tariffs()
TODAY = date(2026, 11, 23)
RULES = rented_rooms_at(TODAY)
MONTH = month_of(TODAY)


def test_four_declared_people_are_one_quota() -> None:
    assert [RULES.quotas(people) for people in (1, 2, 3, 4, 5)] == [
        Fraction(1, 4),
        Fraction(1, 2),
        Fraction(3, 4),
        1,
        Fraction(5, 4),
    ]
    with pytest.raises(ValueError, match="somebody"):
        RULES.quotas(0)
    one = room_bill(TARIFFS, RULES, MONTH, 200, 4)
    assert one.bill.total == 474_876
    assert one.fair == 2_375, "474.876 over 200 kWh, rounded up"
    assert room_bill(TARIFFS, RULES, MONTH, 400, 8).bill.subtotal == 2 * 439_700


def test_who_was_not_declared_pays_the_third_tier() -> None:
    one = room_bill(TARIFFS, RULES, MONTH, 100, None, price=4_000)
    assert (one.bill.subtotal, one.bill.total, one.fair) == (238_000, 257_040, 2_571)
    assert (one.asked, one.over) == (400_000, 142_960)


def test_a_landlord_within_the_law_asks_nothing_over() -> None:
    assert room_bill(TARIFFS, RULES, MONTH, 100, None, price=2_500).over == 0
    assert room_bill(TARIFFS, RULES, MONTH, 0, 4, price=4_000).fair == 0


def test_the_fine_is_told_from_the_day_of_its_decree() -> None:
    assert RULES.fine == (20_000_000, 30_000_000)
    assert "133/2026" in RULES.fine_source
    assert rented_rooms_at(date(2026, 5, 24)).fine is None
    assert not RULES.checked.fresh(date(2027, 7, 1))


@given(st.integers(1, 2000), st.integers(1, 40) | st.none())
def test_the_fair_price_pays_the_bill_and_hardly_more(kwh: int, people: int | None) -> None:
    one = room_bill(TARIFFS, RULES, MONTH, kwh, people)
    assert 0 <= one.fair * kwh - one.bill.total < kwh

"""SAIDI, SAIFI and MAIFI, against sums done by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.indices import (
    Chain,
    Loss,
    Off,
    begin_of,
    chains,
    following,
    index_rules_at,
    indices,
    losses,
    month_of,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
RULES = index_rules_at(date(2026, 11, 24))
EIGHT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 08:00 in Ho Chi Minh City
MINUTE = timedelta(minutes=1)


def off(outage: int, begin: int, end: int) -> Off:
    """An outage that is on between two minutes after eight."""
    return Off(outage, EIGHT + begin * MINUTE, EIGHT + end * MINUTE)


def alone(chain: Chain, customers: int) -> dict[str, Loss]:
    """What an interruption costs in which every customer is without power all the time."""
    many = len(chain.stretches)
    return losses(chain, [customers] * many, [customers] + [0] * (many - 1), RULES, ZONE)


def test_an_hour_for_a_tenth_of_the_customers_is_six_minutes_for_each() -> None:
    (chain,) = chains([off(1, 0, 60)])

    (cost,) = alone(chain, 100).values()

    found = indices(cost, 1_000)
    assert found is not None
    assert (found.saidi_minutes, found.saifi, found.maifi) == (6.0, 0.1, 0.0)


@pytest.mark.parametrize(("minutes", "sustained", "momentary"), [(5, 0, 100), (6, 100, 0)])
def test_five_minutes_are_momentary_and_more_is_not(minutes: int, sustained: int, momentary: int) -> None:
    (chain,) = chains([off(1, 0, minutes)])

    (cost,) = alone(chain, 100).values()

    assert (cost.sustained, cost.momentary) == (sustained, momentary)
    assert cost.minutes == (100 * minutes if sustained else 0)


def test_two_outages_at_once_are_one_interruption_to_who_is_in_both() -> None:
    (chain,) = chains([off(1, 0, 60), off(2, 30, 90)])

    assert [(sorted(one.outages), sorted(one.before)) for one in chain.stretches] == [
        ([1], []),
        ([1, 2], [1]),
        ([2], [1, 2]),
    ]
    # 100 customers in the first, the same and 20 more in the second.
    cost = losses(chain, [100, 120, 120], [100, 20, 0], RULES, ZONE)["2026-11"]
    assert (cost.minutes, cost.sustained) == (100 * 30 + 120 * 30 + 120 * 30, 120)


def test_outages_with_power_between_them_are_two_interruptions() -> None:
    assert len(chains([off(1, 0, 60), off(1, 61, 90)])) == 2
    assert len(chains([off(1, 0, 60), off(1, 60, 90)])) == 1


def test_over_a_months_end_the_minutes_are_divided_and_the_interruption_is_not() -> None:
    midnight = begin_of("2026-12", ZONE)
    (chain,) = chains([Off(1, midnight - 30 * MINUTE, midnight + 10 * MINUTE)])

    cost = alone(chain, 10)

    assert cost == {"2026-11": Loss(300.0, 10, 0), "2026-12": Loss(100.0, 0, 0)}


def test_a_month_begins_at_midnight_in_vietnam() -> None:
    assert begin_of("2026-12", ZONE) == datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
    assert month_of(datetime(2026, 11, 30, 16, 59, tzinfo=UTC), ZONE) == "2026-11"
    assert month_of(datetime(2026, 11, 30, 17, 0, tzinfo=UTC), ZONE) == "2026-12"
    assert following("2026-12") == "2027-01"


def test_without_customers_there_is_no_index() -> None:
    assert indices(Loss(1.0, 1, 0), 0) is None


TIMES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 5_000), st.integers(1, 600)).map(
        lambda one: off(one[0], one[1], one[1] + one[2])
    ),
    max_size=12,
)


@given(TIMES)
def test_what_hangs_together_is_neither_longer_than_the_sum_nor_shorter_than_the_longest(times: list[Off]) -> None:
    off_minutes = sum((one.length for one in chains(times)), timedelta())

    assert off_minutes <= sum((one.ends_at - one.starts_at for one in times), timedelta())
    assert off_minutes >= max((one.ends_at - one.starts_at for one in times), default=timedelta())


@given(TIMES)
def test_every_stretch_has_an_outage_and_follows_the_one_before(times: list[Off]) -> None:
    for chain in chains(times):
        assert chain.stretches[0].before == frozenset()
        for before, after in zip(chain.stretches, chain.stretches[1:], strict=False):
            assert (before.ends_at, before.outages) == (after.starts_at, after.before)
        assert all(one.outages for one in chain.stretches)


@given(st.integers(6, 3_000), st.integers(1, 2_999), st.integers(1, 1_000))
def test_one_outage_told_in_two_windows_that_touch_costs_the_same(length: int, cut: int, customers: int) -> None:
    cut = min(cut, length - 1)
    (whole,), (parts,) = chains([off(1, 0, length)]), chains([off(1, 0, cut), off(1, cut, length)])

    together = {month: round(loss.minutes, 6) for month, loss in alone(whole, customers).items()}
    assert {month: round(loss.minutes, 6) for month, loss in alone(parts, customers).items()} == together

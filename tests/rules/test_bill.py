"""Bills to the đồng: published figures, odd periods, prices that change within, and what holds for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.bill import (
    Bill,
    Line,
    Metered,
    Period,
    ReadingNeeded,
    cost_of_more,
    half_up,
    household_bill,
    metered_bill,
    month_of,
    most_kwh,
    undeclared_bill,
)
from handlers.rules.bill_change import compare
from handlers.rules.bill_rights import bill_rights_at
from handlers.rules.tariff import NotInTheData, Tariffs
from handlers.rules.tariff_files import load_tariffs

TARIFFS = load_tariffs()
NOW = month_of(date(2026, 11, 23))
DAY = timedelta(days=1)


def day(text: str) -> date:
    return date.fromisoformat(text)


def bill(kwh: int, quotas: int | Fraction = 1, period: Period = NOW, tariffs: Tariffs = TARIFFS) -> Bill:
    return household_bill(tariffs, period, kwh, Fraction(quotas))


# --- figures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kwh", "subtotal", "tax", "total"),
    [
        (0, 0, 0, 0),
        (50, 99_200, 7_936, 107_136),
        (100, 201_700, 16_136, 217_836),
        (120, 249_300, 19_944, 269_244),
        (134, 282_620, 22_610, 305_230),  # a real bill, and EVN's own calculator
        (150, 320_700, 25_656, 346_356),
        (200, 439_700, 35_176, 474_876),
        (250, 589_600, 47_168, 636_768),
        (300, 739_500, 59_160, 798_660),
        (400, 1_074_500, 85_960, 1_160_460),
        (500, 1_420_500, 113_640, 1_534_140),
        (700, 2_112_500, 169_000, 2_281_500),
    ],
)
def test_a_household_of_today(kwh: int, subtotal: int, tax: int, total: int) -> None:
    one = bill(kwh)
    assert (one.kwh, one.subtotal, one.tax, one.total) == (kwh, subtotal, tax, total)


@pytest.mark.parametrize(
    ("month", "subtotals"),
    [
        ("2024-11-15", (94_650, 192_450, 419_550, 705_550, 1_025_250, 1_355_450)),  # 2699
        ("2024-01-15", (90_300, 183_600, 400_300, 673_200, 978_200, 1_293_300)),  # 2941
        ("2023-07-15", (86_400, 175_700, 383_100, 644_300, 936_200, 1_237_700)),  # 1062
        ("2022-07-15", (83_900, 170_600, 372_000, 625_600, 909_000, 1_201_700)),  # 648
    ],
)
def test_a_household_under_older_decisions(month: str, subtotals: tuple[int, ...]) -> None:
    period = month_of(day(month))
    found = tuple(bill(kwh, period=period).subtotal for kwh in (50, 100, 200, 300, 400, 500))
    assert found == subtotals


def test_the_rise_of_may_2025_is_what_was_announced() -> None:
    before, after = month_of(day("2025-04-15")), month_of(day("2025-06-15"))
    rises = [
        bill(kwh, period=after).subtotal - bill(kwh, period=before).subtotal for kwh in (50, 100, 200, 400, 500)
    ]
    assert rises == [4_550, 9_250, 20_150, 49_250, 65_050]


@pytest.mark.parametrize(("kwh", "subtotal"), [(200, 403_400), (300, 641_400), (400, 879_400)])
def test_two_households_on_one_meter(kwh: int, subtotal: int) -> None:
    assert bill(kwh, 2).subtotal == subtotal


def test_the_lines_say_how_the_bill_comes_about() -> None:
    [part] = bill(134).parts
    assert part.decision.code == "1279/QĐ-BCT"
    assert part.lines == (
        Line("tier", 50, 1984, 1, 50),
        Line("tier", 50, 2050, 2, 50),
        Line("tier", 34, 2380, 3, 100),
    )
    [vat] = bill(134).vat
    assert (vat.percent, vat.base, vat.amount) == (8, 282_620, 22_610)
    assert "174/2025" in vat.source


# --- periods -----------------------------------------------------------------------------------------------------


def test_a_price_change_within_the_period() -> None:
    """300 kWh, T = T' = 30, Nc = 9: 90 kWh old within 15/15/30/30/30, 210 new within 35/35/70/70/70."""
    period = Period(day("2025-05-01"), day("2025-05-31"))
    assert (period.days, period.days_before) == (30, 30)
    one = bill(300, period=period)
    old, new = one.parts
    assert (old.decision.code, old.kwh, old.amount) == ("2699/QĐ-BCT", 90, 211_665)
    assert (new.decision.code, new.kwh, new.amount) == ("1279/QĐ-BCT", 210, 517_650)
    assert [line.width for line in old.lines] == [15, 15, 30, 30]
    assert [line.width for line in new.lines] == [35, 35, 70, 70]
    assert one.subtotal == 729_315
    assert one.vat[0].percent == 8
    assert one.total == 729_315 + 58_345


def test_a_period_of_two_months_has_tiers_twice_as_wide() -> None:
    one = bill(400, period=Period(day("2026-07-01"), day("2026-08-31")))  # 61 days, T' = 31
    assert [line.width for line in one.parts[0].lines] == [98, 98, 197, 197]
    assert one.parts[0].scaled
    two = bill(400, period=Period(day("2026-06-01"), day("2026-08-01")))  # 61 days over 31
    assert two.subtotal == one.subtotal
    assert bill(600, period=Period(day("2026-07-01"), day("2026-09-01"))).subtotal == 2 * bill(300).subtotal


def test_a_short_period_has_narrow_tiers() -> None:
    one = bill(100, period=Period(day("2026-06-01"), day("2026-06-16")))  # 15 days, T' = 31
    assert [line.width for line in one.parts[0].lines] == [24, 24, 48, 48]


@pytest.mark.parametrize(
    ("begin", "end", "regular"),
    [
        ("2026-01-01", "2026-02-01", True),
        ("2026-01-15", "2026-02-15", True),
        ("2026-01-31", "2026-02-28", True),
        ("2026-02-28", "2026-03-31", True),
        ("2026-02-28", "2026-03-28", True),
        ("2026-12-05", "2027-01-05", True),
        ("2026-01-15", "2026-02-14", False),
        ("2026-01-01", "2026-03-01", False),
        ("2026-01-01", "2026-01-31", False),
        ("2026-01-20", "2027-02-20", False),
    ],
)
def test_a_month_is_from_a_day_to_the_same_day(begin: str, end: str, regular: bool) -> None:
    period = Period(day(begin), day(end))
    assert period.regular is regular
    widths = [line.width for line in bill(1000, period=period).parts[0].lines]
    assert (widths == [50, 50, 100, 100, 100, None]) is regular


def test_a_period_has_days() -> None:
    with pytest.raises(ValueError, match="must have days"):
        Period(day("2026-01-01"), day("2026-01-01"))


# --- VAT that changes --------------------------------------------------------------------------------------------


def test_a_bill_of_january_has_the_rate_of_january() -> None:
    assert bill(100, period=month_of(day("2026-12-15"))).total == 217_836
    assert bill(100, period=month_of(day("2027-01-15"))).total == 201_700 + 20_170


def test_vat_that_changes_within_the_period_is_divided_by_days() -> None:
    period = Period(day("2026-12-15"), day("2027-01-15"))  # 17 days of 31 in December
    one = bill(300, period=period)
    assert [part.kwh for part in one.parts] == [300], "the tiers are not touched by it"
    eight, ten = one.vat
    assert (eight.percent, eight.base, ten.percent, ten.base) == (8, 405_532, 10, 333_968)
    assert (eight.base + ten.base, one.tax) == (739_500, 32_443 + 33_397)


def test_or_the_rate_of_the_reading_counts_for_all_of_it() -> None:
    by_reading = replace(TARIFFS, vat_inside="reading")
    one = bill(300, period=Period(day("2026-12-15"), day("2027-01-15")), tariffs=by_reading)
    assert [(line.percent, line.base) for line in one.vat] == [(10, 739_500)]
    december = bill(300, period=month_of(day("2026-12-01")), tariffs=by_reading)
    assert december.vat[0].percent == 8


def test_two_decrees_with_one_rate_are_one_line() -> None:
    one = bill(300, period=Period(day("2025-06-15"), day("2025-07-15")))
    [line] = one.vat
    assert (line.percent, line.base, line.amount) == (8, 739_500, 59_160)
    assert "180/2024" in line.source
    assert "174/2025" in line.source


def test_price_and_vat_change_in_one_period() -> None:
    one = bill(310, period=Period(day("2023-05-15"), day("2023-07-15")))
    assert [part.decision.code for part in one.parts] == ["1062/QĐ-BCT"]
    assert [(line.percent) for line in one.vat] == [10, 8]
    two = bill(310, period=Period(day("2023-04-15"), day("2023-05-15")))
    assert [part.decision.code for part in two.parts] == ["648/QĐ-BCT", "1062/QĐ-BCT"]
    assert two.vat[0].base == two.subtotal


# --- people without a whole quota, and rented rooms without any ---------------------------------------------


@pytest.mark.parametrize(
    ("people", "widths"), [(1, [13, 13, 25]), (2, [25, 25, 50]), (3, [38, 38, 75]), (4, [50, 50, 100])]
)
def test_four_people_are_one_quota(people: int, widths: list[int]) -> None:
    lines = bill(1000, Fraction(people, 4)).parts[0].lines
    assert [line.width for line in lines[:3]] == widths


def test_undeclared_people_pay_the_third_tier_for_all_of_it() -> None:
    one = undeclared_bill(TARIFFS, NOW, 300, (101, 200))
    assert one.parts[0].lines == (Line("tier", 300, 2380, 3),)
    assert one.subtotal == 714_000
    split = undeclared_bill(TARIFFS, Period(day("2025-05-01"), day("2025-05-31")), 300, (101, 200))
    assert split.subtotal == 90 * 2271 + 210 * 2380


# --- hours ---------------------------------------------------------------------------------------------


def test_a_shop_with_a_meter_for_hours() -> None:
    one = metered_bill(TARIFFS, "business.low", [Metered(NOW, {"normal": 300, "peak": 100, "off_peak": 50})])
    assert one.subtotal == 300 * 3152 + 100 * 5422 + 50 * 1918 == 1_583_700
    assert one.total == 1_583_700 + 126_696
    assert [line.kind for line in one.parts[0].lines] == ["normal", "off_peak", "peak"]


def test_a_shop_with_a_simple_meter_pays_the_price_of_normal_hours() -> None:
    one = metered_bill(TARIFFS, "business.low", [Metered(NOW, {"one": 450})])
    assert one.subtotal == 450 * 3152
    assert metered_bill(TARIFFS, "prepaid", [Metered(NOW, {"one": 100})]).subtotal == 290_900
    assert metered_bill(TARIFFS, "administration.care_low", [Metered(NOW, {"one": 100})]).subtotal == 207_200


def test_a_factory_reads_its_meter_when_prices_change() -> None:
    with pytest.raises(ReadingNeeded) as needed:
        metered_bill(TARIFFS, "production.22kv", [Metered(month_of(day("2025-05-15")), {"normal": 10})])
    assert needed.value.day == day("2025-05-10")
    after = [
        Metered(Period(day("2025-05-10"), day("2025-06-01")), {"normal": 1000}),
        Metered(month_of(day("2025-06-01")), {"peak": 10}),
    ]
    one = metered_bill(TARIFFS, "production.22kv", after)
    assert (one.period.begin, one.period.end) == (day("2025-05-10"), day("2025-07-01"))
    assert one.subtotal == 1000 * 1833 + 10 * 3398
    with pytest.raises(ValueError, match="do not follow"):
        metered_bill(TARIFFS, "production.22kv", after[::-1])
    with pytest.raises(NotInTheData):
        metered_bill(TARIFFS, "production.22kv", [Metered(month_of(day("2024-01-01")), {"normal": 1})])


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="kWh must be"):
        bill(-1)
    with pytest.raises(ValueError, match="quota"):
        bill(1, 0)
    with pytest.raises(ValueError, match="counted by"):
        metered_bill(TARIFFS, "business.low", [Metered(NOW, {"one": 1, "peak": 2})])
    with pytest.raises(NotInTheData):
        bill(1, period=month_of(day("2018-01-01")))


# --- backwards -------------------------------------------------------------------------------------------------


def test_how_far_money_goes() -> None:
    assert most_kwh(500_000, bill).kwh == 207
    assert bill(207).total <= 500_000 < bill(208).total
    assert most_kwh(305_230, bill).kwh == 134
    assert most_kwh(305_229, bill).kwh == 133
    assert most_kwh(2_000, bill).kwh == 0


def test_what_the_next_50_would_cost() -> None:
    assert cost_of_more(250, 50, bill) == 798_660 - 636_768


# --- comparing -------------------------------------------------------------------------------------------------


def test_a_bill_that_doubles_with_a_hot_month() -> None:
    may, june = month_of(day("2026-05-01")), month_of(day("2026-06-01"))
    change = compare(TARIFFS, (may, 200), (june, 350))
    assert change.difference == bill(350).total - bill(200).total
    assert change.days < 0 < change.use
    assert (change.price, change.tax) == (0, 0)
    assert (change.tiers_before, change.tiers_after) == (3, 5)


def test_a_longer_period_is_a_change_of_days_and_not_of_prices() -> None:
    """35 days have wider tiers: that, too, comes from the days."""
    usual, long = month_of(day("2026-09-01")), Period(day("2026-10-01"), day("2026-11-05"))
    change = compare(TARIFFS, (usual, 300), (long, 350))
    assert (change.use, change.price, change.tax) == (0, 0, 0)
    assert change.days == change.difference > 0


def test_a_period_in_which_prices_rose_is_compared_with_what_they_were_at_its_end() -> None:
    rising, after = Period(day("2025-05-01"), day("2025-05-31")), Period(day("2025-05-31"), day("2025-06-30"))
    change = compare(TARIFFS, (rising, 300), (after, 300))
    assert (change.days, change.use, change.tax) == (0, 0, 0)
    assert change.price == change.difference == household_bill(TARIFFS, after, 300).total - 787_660


def test_the_same_kwh_under_other_prices_is_a_change_of_price() -> None:
    change = compare(TARIFFS, (month_of(day("2025-04-01")), 300), (month_of(day("2025-06-01")), 300))
    assert (change.days, change.use, change.tax) == (0, 0, 0)
    assert change.price == change.difference > 0


def test_the_same_kwh_in_january_is_a_change_of_tax() -> None:
    change = compare(TARIFFS, (month_of(day("2026-12-01")), 300), (month_of(day("2027-01-01")), 300))
    assert (change.days, change.use, change.price) == (0, 0, 0)
    assert change.tax == change.difference == 73_950 - 59_160


def test_the_rights_of_who_doubts_a_bill() -> None:
    rights = bill_rights_at(day("2026-11-23"))
    assert (rights.recheck, rights.notices, rights.between) == (7 * DAY, 2, 3 * DAY)
    assert (rights.latest, rights.ahead) == (10 * DAY, DAY)


# --- what holds for all bills -------------------------------------------------------------------------

KWH = st.integers(0, 3000)
QUOTAS = st.integers(1, 40).map(lambda quarters: Fraction(quarters, 4))
BEGINS = st.dates(date(2019, 3, 20), date(2027, 6, 1))
PERIODS = st.builds(lambda begin, days: Period(begin, begin + timedelta(days=days)), BEGINS, st.integers(1, 100))


@given(KWH, st.integers(1, 100), QUOTAS, PERIODS)
def test_more_kwh_never_cost_less(kwh: int, more: int, quotas: Fraction, period: Period) -> None:
    assert bill(kwh, quotas, period).total < bill(kwh + more, quotas, period).total


@given(KWH, QUOTAS, PERIODS)
def test_no_kwh_and_no_dong_are_lost_on_the_way(kwh: int, quotas: Fraction, period: Period) -> None:
    one = bill(kwh, quotas, period)
    assert one.kwh == kwh
    assert sum(line.base for line in one.vat) == one.subtotal
    assert (one.parts[0].begin, one.parts[-1].end) == (period.begin, period.end)
    assert all(line.kwh <= (line.width or line.kwh) for part in one.parts for line in part.lines)


@given(KWH, st.integers(1, 30), st.dates(date(2019, 6, 1), date(2027, 6, 1)))
def test_households_add_up(kwh: int, households: int, on: date) -> None:
    """n households with n times the kWh pay n times as much, before VAT is rounded; whole months, one price."""
    period = month_of(on)
    one = bill(kwh, 1, period)
    if len(one.parts) == 1:
        assert bill(kwh * households, households, period).subtotal == households * one.subtotal


@given(KWH, QUOTAS, QUOTAS)
def test_more_quotas_never_cost_more(kwh: int, quotas: Fraction, more: Fraction) -> None:
    assert bill(kwh, quotas + more).total <= bill(kwh, quotas).total


@given(KWH, st.integers(1, 8), st.dates(date(2026, 1, 1), date(2026, 11, 1)), st.integers(1, 27))
def test_dividing_a_month_where_no_price_changes_is_neutral(kwh: int, households: int, on: date, at: int) -> None:
    """A decision that repeats the prices of the one before changes a bill by no more than its roundings do."""
    period = month_of(on)
    day_of_change = period.begin + timedelta(days=at)
    *before, now = TARIFFS.decisions
    same = replace(now, code="same again", first=day_of_change)
    divided = replace(TARIFFS, decisions=(*before, replace(now, last=day_of_change - DAY), same))
    whole, parts = bill(kwh, households, period), bill(kwh, households, period, divided)
    assert len(parts.parts) == 2
    assert (whole.kwh, parts.kwh) == (kwh, kwh)
    # A tier's width is rounded once in each part, and so are the kWh: at most 6 kWh at the widest gap of prices.
    assert abs(whole.subtotal - parts.subtotal) <= 6 * (3460 - 1984)


@settings(max_examples=60)
@given(st.integers(0, 20_000_000), QUOTAS, PERIODS)
def test_money_buys_the_most_kwh_that_it_pays_for(money: int, quotas: Fraction, period: Period) -> None:
    def bill_of(kwh: int) -> Bill:
        return bill(kwh, quotas, period)

    most = most_kwh(money, bill_of)
    assert most.total <= money or most.kwh == 0
    assert bill_of(most.kwh + 1).total > money
    assert most_kwh(bill_of(most.kwh).total, bill_of).kwh == most.kwh


@given(PERIODS, KWH, PERIODS, KWH, QUOTAS)
def test_the_reasons_of_a_change_add_up(
    before: Period, kwh: int, after: Period, then: int, quotas: Fraction
) -> None:
    change = compare(TARIFFS, (before, kwh), (after, then), quotas)
    assert change.days + change.use + change.price + change.tax == change.difference


@given(st.fractions(-1000, 1000))
def test_a_half_goes_up(value: Fraction) -> None:
    assert Fraction(-1, 2) < half_up(value) - value <= Fraction(1, 2)

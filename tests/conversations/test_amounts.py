"""kWh, money and households as people type them, and usages as buttons keep them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.amounts import Amount, amounts_in, bands_in, households_in, months_in
from conversations.appliances import PRESETS, appliances_in, names
from conversations.billing import ApplianceUse
from conversations.usage import CATEGORIES, LEVELS_WITH_HOURS, Usage, level_in, usage_answer, usage_in, usage_of


@pytest.mark.parametrize(
    ("text", "unit", "n"),
    [
        ("xài 250 số hết nhiêu", "kwh", 250),
        ("250kwh = ?", "kwh", 250),
        ("250 so bn tien", "kwh", 250),
        ("300 ký điện", "kwh", 300),
        ("1.234 kWh", "kwh", 1234),
        ("1,234 kWh", "kwh", 1234),
        ("500 nghìn thì xài được bao nhiêu số?", "money", 500_000),
        ("500k", "money", 500_000),
        ("500.000đ", "money", 500_000),
        ("500,000 VND", "money", 500_000),
        ("1tr2", "money", 1_200_000),
        ("1tr250", "money", 1_250_000),
        ("1,5 triệu", "money", 1_500_000),
        ("1.5 million", "money", 1_500_000),
        ("2 củ", "money", 2_000_000),
        ("1 triệu rưỡi", "money", 1_500_000),
        ("nửa triệu", "money", 500_000),
        ("half a million", "money", 500_000),
        ("chủ trọ lấy 4 ngàn một ký có đúng không", "money", 4_000),
        ("4k/kwh", "money", 4_000),
        ("4000/kWh", "money", 4_000),
        ("850", "kwh", 850),
        ("1.250.000", "money", 1_250_000),
    ],
)
def test_an_amount_is_what_its_unit_or_its_size_says(text: str, unit: str, n: int) -> None:
    first = amounts_in(text)[0]
    assert (first.unit, first.n) == (unit, n)


@pytest.mark.parametrize("text", ["", "mấy", "PE01000000014", "không biết", "q7p5"])
def test_where_no_amount_is_none_is_found(text: str) -> None:
    assert amounts_in(text) == ()


@pytest.mark.parametrize(
    ("text", "bands"),
    [
        ("giờ bình thường 500, cao điểm 200, thấp điểm 100 kWh", (500, 100, 200)),
        ("3 giá: cao điểm 200 kWh, 500 bình thường, thấp điểm 100", (500, 100, 200)),
        ("normal 1,500 off-peak 300 peak 200", (1500, 300, 200)),
        ("giờ cao điểm 200 số", None),
        ("giờ cao điểm, thấp điểm, bình thường là mấy giờ", None),
        ("bình thường 500 nghìn, cao điểm 200, thấp điểm 100", None),
    ],
)
def test_bands_are_told_by_their_names_in_any_order(text: str, bands: tuple[int, int, int] | None) -> None:
    assert bands_in(text) == bands
    if bands:
        assert usage_in(text, hours=True) == Usage(bands=bands)


@pytest.mark.parametrize(
    ("text", "after", "before"),
    [
        ("tháng trước 300 nghìn tháng này 900 nghìn", 900_000, 300_000),
        ("my bill was 1.2 million last month and 2.4 million this month", 2_400_000, 1_200_000),
        ("mọi tháng 400k, tháng này 1tr", 1_000_000, 400_000),
        ("tiền điện tháng 10 nhà em 2tr4", 2_400_000, None),
        ("tháng trước có 300k à", None, 300_000),
        ("300k rồi 900k", None, None),
    ],
)
def test_of_two_months_each_amount_goes_where_its_month_is_named(
    text: str, after: int | None, before: int | None
) -> None:
    expected = [Amount("money", n) if n is not None else None for n in (after, before)]
    assert list(months_in(text)) == expected


@pytest.mark.parametrize(
    ("text", "purpose", "level"),
    [
        ("sản xuất điện hạ thế", "production", "production.low"),
        ("khách sạn 22kV", "business", "business.22kv"),
        ("điện 15 kV", "business", "business.6kv"),
        ("110 kV", "production", "production.110kv"),
        ("220kV", "business", "business.22kv"),
        ("dưới 22 kV", "production", None),
        ("trường học 22 kV", "administration", None),
        ("quán ăn", "business", None),
    ],
)
def test_a_level_is_the_highest_that_the_voltage_reaches(text: str, purpose: str, level: str | None) -> None:
    assert level_in(text, purpose) == level


def test_households_are_no_kwh() -> None:
    assert households_in("2 hộ dùng chung 300 kWh") == 2
    assert usage_in("2 hộ dùng chung 300") == Usage(kwh=300, households=2)
    assert usage_in("3 families, 1.2 million") == Usage(money=1_200_000, households=3)
    assert households_in("300 kWh") is None
    assert households_in("0 hộ") is None


def test_three_numbers_are_normal_peak_and_off_peak_of_a_meter_for_hours() -> None:
    assert usage_in("300 100 50", hours=True) == Usage(bands=(300, 50, 100))
    assert usage_in("20.000 5.000 8.000", hours=True) == Usage(bands=(20_000, 8_000, 5_000))
    assert usage_in("20.000", hours=True) == Usage(kwh=20_000)
    assert usage_in("20.000") == Usage(money=20_000)
    assert usage_in("300 100 50") == Usage(kwh=300)


usages = st.one_of(
    st.builds(Usage, st.just("home"), st.integers(0, 10**6), st.none(), st.integers(1, 99)),
    st.builds(Usage, st.sampled_from(CATEGORIES), st.none(), st.integers(0, 10**9)),
    st.builds(
        Usage,
        st.sampled_from(LEVELS_WITH_HOURS),
        bands=st.tuples(st.integers(0, 10**5), st.integers(0, 10**5), st.integers(0, 10**5)),
    ),
)


@given(usages)
def test_a_usage_comes_back_from_its_button(usage: Usage) -> None:
    assert usage_of(usage.code) == usage
    # Telegram takes 64 bytes behind a button, the longest flow and a run number included.
    assert len(f"go:bill_months:{usage.code}") <= 64


@pytest.mark.parametrize(
    "code",
    ["", "home", "home:k", "home:k9999999999", "home:k10h0", "home:k1h100", "nobody:k1", "home:k-1",
     "business.low:k1h2", "prepaid:n1o2p3", "home:m9999999999", "home:k9000000", None, 5],
)  # fmt: skip
def test_a_forged_usage_is_none(code: object) -> None:
    assert usage_of(code) is None


def test_hours_are_one_amount_where_there_are_no_hours() -> None:
    assert usage_answer("home:n300o50p100", "business.low") == Usage("business.low", bands=(300, 50, 100))
    assert usage_answer("home:n300o50p100", "prepaid") == Usage("prepaid", 450)
    assert usage_answer("home:k300h2", "business.low") == Usage("business.low", 300)


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("2 máy lạnh 8 tiếng, tủ lạnh, 3 quạt",
         [ApplianceUse("air_conditioner_1hp", 2, 80), ApplianceUse("refrigerator"), ApplianceUse("fan", 3)]),
        ("1 máy lạnh 1.5 HP, hai tivi", [ApplianceUse("air_conditioner_15hp"), ApplianceUse("television", 2)]),
        ("may nuoc nong 0.5h", [ApplianceUse("water_heater", 1, 5)]),
        ("a fridge, two aircons", [ApplianceUse("refrigerator"), ApplianceUse("air_conditioner_1hp", 2)]),
        ("máy lạnh phòng khách, máy lạnh phòng ngủ", [ApplianceUse("air_conditioner_1hp", 2)]),
        ("99 quạt 30 giờ", [ApplianceUse("fan", 50, 240)]),
        ("cái gì cũng có", []),
    ],
)  # fmt: skip
def test_appliances_are_known_by_what_people_call_them(text: str, uses: list[ApplianceUse]) -> None:
    assert list(appliances_in(text)) == uses


def test_every_appliance_of_a_preset_has_a_name() -> None:
    assert {one.partition("*")[0] for preset in PRESETS.values() for one in preset.split()} <= set(
        names().values()
    )

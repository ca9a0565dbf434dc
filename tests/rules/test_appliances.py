"""What appliances use in a month, and what an hour less of each would save at the top of the bill."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from handlers.rules.appliances import APPLIANCES, Use, appliances_at, estimate
from handlers.rules.bill import Bill, household_bill, month_of
from handlers.rules.dated import BadData
from handlers.rules.tariff_files import load_tariffs

TARIFFS = load_tariffs()
TODAY = date(2026, 11, 23)
CATALOGUE = appliances_at(TODAY)


def bill(kwh: int) -> Bill:
    return household_bill(TARIFFS, month_of(TODAY), kwh)


def test_an_air_conditioner_is_what_its_watts_hours_and_duty_make() -> None:
    one = CATALOGUE.appliances["air_conditioner_1hp"]
    assert one.kwh() == Fraction(850 * 8 * 30, 1000) * Fraction(65, 100)
    assert one.kwh(2, Fraction(4)) == one.kwh()


def test_the_hungriest_comes_first_and_the_bill_is_of_all() -> None:
    home = [Use("fan", 2), Use("air_conditioner_1hp", 2), Use("refrigerator")]
    total, parts = estimate(CATALOGUE, home, bill)
    assert [part.name for part in parts] == ["air_conditioner_1hp", "refrigerator", "fan"]
    assert [part.kwh for part in parts] == [265, 35, 30]
    assert total == bill(330)


def test_an_hour_less_saves_the_dearest_kwh() -> None:
    total, parts = estimate(CATALOGUE, [Use("air_conditioner_1hp", 2), Use("refrigerator")], bill)
    conditioner, refrigerator = parts
    assert total.kwh == 300
    # An eighth of 265.2 kWh, all at the price of the fourth tier; of a refrigerator, a tenth of 34.56 kWh.
    assert abs(conditioner.saves - 33.15 * 2998 * 1.08) <= 2
    assert abs(refrigerator.saves - 3.456 * 2998 * 1.08) <= 2


def test_who_has_nothing_uses_nothing() -> None:
    total, parts = estimate(CATALOGUE, [], bill)
    assert (total.kwh, parts) == (0, ())
    with pytest.raises(KeyError):
        estimate(CATALOGUE, [Use("time_machine")], bill)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("duty = 65", "duty = 650", "percent"),
        ("hours = 8", "hours = 25", "`hours` must be more than 0"),
        ('name = "fan"', 'name = "lights"', "named twice"),
        ("watts = 850", 'watts = "850"', "`watts` must be a whole number"),
    ],
)
def test_a_wrong_appliance_says_what_is_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = APPLIANCES.read_text("utf-8")
    assert old in text
    path = tmp_path / "appliances.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BadData, match=said):
        appliances_at(TODAY, path)

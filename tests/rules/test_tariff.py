"""What the files of tariffs say; a wrong file says what is wrong with it and leaves the others working."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.rules.dated import BadData
from handlers.rules.tariff import BANDS, Hourly, NotInTheData
from handlers.rules.tariff_files import FOLDER, load_tariffs

TARIFFS = load_tariffs()
TODAY = date(2026, 11, 23)

DECISION = """
[decision]
code = "9999/QĐ-BCT"
from = 2027-03-01
source = "test"
checked_on = 2027-02-20
still_right_until = 2027-06-30
missing = ["administration", "business", "prepaid", "production"]
[decision.residential]
tiers = [{ up_to = 100, price = 2000 }, { price = 4000 }]
"""


def day(text: str) -> date:
    return date.fromisoformat(text)


def added(tmp_path: Path, text: str) -> Path:
    (tmp_path / "new.toml").write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("first", "code", "prices"),
    [
        ("2019-03-20", "648/QĐ-BCT", (1678, 1734, 2014, 2536, 2834, 2927)),
        ("2023-05-04", "1062/QĐ-BCT", (1728, 1786, 2074, 2612, 2919, 3015)),
        ("2023-11-09", "2941/QĐ-BCT", (1806, 1866, 2167, 2729, 3050, 3151)),
        ("2024-10-11", "2699/QĐ-BCT", (1893, 1956, 2271, 2860, 3197, 3302)),
        ("2025-05-10", "1279/QĐ-BCT", (1984, 2050, 2380, 2998, 3350, 3460)),
    ],
)
def test_each_decision_applies_from_its_day_on(first: str, code: str, prices: tuple[int, ...]) -> None:
    decision = TARIFFS.at(day(first))
    assert (decision.code, tuple(tier.price for tier in decision.tiers)) == (code, prices)
    assert [tier.width for tier in decision.tiers] == [50, 50, 100, 100, 100, None]
    assert decision.source
    index = TARIFFS.decisions.index(decision)
    if index:
        before = TARIFFS.decisions[index - 1]
        assert TARIFFS.at(before.last or TODAY) == before


def test_the_decision_in_force_knows_every_group() -> None:
    now = TARIFFS.at(TODAY)
    assert now.missing == ()
    assert now.by_hours("business.low") == Hourly(3152, 1918, 5422)
    assert now.by_hours("business.22kv") == Hourly(2887, 1609, 5025)
    assert now.by_hours("production.110kv") == Hourly(1811, 1146, 3266)
    assert now.by_hours("production.low") == Hourly(1987, 1300, 3640)
    assert [
        now.one_price(f"administration.{one}") for one in ("care_6kv", "care_low", "public_6kv", "public_low")
    ] == [
        1940,
        2072,
        2138,
        2226,
    ]
    assert (now.one_price("prepaid"), now.one_price("business.6kv")) == (2909, 3108)


def test_what_the_data_lacks_is_said_and_not_made_up() -> None:
    old = TARIFFS.at(day("2024-01-01"))
    assert old.missing == ("administration", "business", "prepaid", "production")
    with pytest.raises(NotInTheData, match=r"2941/QĐ-BCT: no prices of business\.low"):
        old.by_hours("business.low")
    with pytest.raises(NotInTheData, match="begins 2019-03-20"):
        TARIFFS.at(day("2019-03-19"))


@pytest.mark.parametrize(
    ("on", "percent"),
    [
        ("2022-01-31", 10), ("2022-02-01", 8), ("2022-12-31", 8), ("2023-01-01", 10), ("2023-06-30", 10),
        ("2023-07-01", 8), ("2024-06-30", 8), ("2024-07-01", 8), ("2025-06-30", 8), ("2025-07-01", 8),
        ("2026-12-31", 8), ("2027-01-01", 10),
    ],
)  # fmt: skip
def test_vat_on_a_day(on: str, percent: int) -> None:
    assert TARIFFS.vat_at(day(on)).percent == percent


def test_a_fact_that_has_run_out_is_not_fresh() -> None:
    now = TARIFFS.at(TODAY)
    assert now.checked.fresh(TODAY)
    assert not now.checked.fresh(day("2027-01-01"))
    assert not TARIFFS.vat_at(day("2027-01-01")).checked.fresh(day("2027-01-01"))
    assert TARIFFS.at(day("2020-01-01")).checked.fresh(TODAY), "what was is not going to change"


def test_new_peak_hours_are_known_and_not_billed() -> None:
    billed = TARIFFS.billed_hours(TODAY)
    assert billed.code.startswith("Thông tư 16/2014")
    [announced] = TARIFFS.announced_hours(TODAY)
    assert (announced.code, announced.billed) == ("963/QĐ-BCT", False)
    assert TARIFFS.announced_hours(day("2026-04-21")) == ()
    at = {
        "09:29": "normal",
        "09:30": "peak",
        "11:30": "normal",
        "18:00": "peak",
        "20:00": "normal",
        "22:00": "off_peak",
    }
    assert {clock: billed.band_at(0, time.fromisoformat(clock)) for clock in at} == at
    assert billed.band_at(6, time(10)) == "normal", "no peak on Sundays"
    assert announced.band_at(5, time(22, 29)) == "peak"
    assert announced.band_at(5, time(9, 30)) == "normal"
    assert announced.band_at(6, time(5, 59)) == "off_peak"


def test_the_five_tiers_sleep() -> None:
    [structure] = TARIFFS.structures
    assert structure.dormant
    assert structure.code == "14/2025/QĐ-TTg"
    assert [tier.price for tier in structure.tiers] == [90, 108, 136, 162, 180]
    assert [round(price) for price in structure.tier_prices(Decimal("2204.0655"))] == [
        1984,
        2380,
        2998,
        3571,
        3967,
    ]
    assert len(TARIFFS.at(day("2030-01-01")).tiers) == 6, "arithmetic on an average is no tariff"


def test_the_fee_of_connecting_again() -> None:
    assert TARIFFS.fee("reconnection").levels == {"low": 98_000, "35kv": 231_000, "high": 339_000}
    with pytest.raises(NotInTheData):
        TARIFFS.fee("no such")


def test_staff_add_a_decision_without_a_release(tmp_path: Path) -> None:
    tariffs = load_tariffs(extra=added(tmp_path, DECISION))
    assert tariffs.problems == ()
    assert tariffs.at(day("2027-03-01")).code == "9999/QĐ-BCT"
    assert tariffs.at(day("2027-02-28")).code == "1279/QĐ-BCT"


def test_staff_add_an_extension_of_the_lower_vat(tmp_path: Path) -> None:
    text = """
[vat]
checked_on = 2026-12-20
still_right_until = 2027-12-31
[[vat.period]]
from = 2027-01-01
until = 2027-12-31
percent = 8
source = "test"
[[vat.period]]
from = 2028-01-01
percent = 10
source = "test"
"""
    tariffs = load_tariffs(extra=added(tmp_path, text))
    rates = [tariffs.vat_at(day(on)).percent for on in ("2026-12-31", "2027-01-01", "2027-12-31", "2028-01-01")]
    assert (tariffs.problems, rates) == ((), [8, 8, 8, 10])
    assert tariffs.vat_inside == "days"


def test_staff_say_that_they_have_looked_again(tmp_path: Path) -> None:
    text = "".join(
        f'[[checked]]\ncode = "{code}"\nchecked_on = 2026-12-28\nstill_right_until = 2027-03-31\nsource = "test"\n'
        for code in ("1279/QĐ-BCT", "VAT", "963/QĐ-BCT", "Thông tư 23/2020/TT-BCT")
    )
    tariffs, january = load_tariffs(extra=added(tmp_path, text)), day("2027-01-15")
    assert tariffs.problems == ()
    assert tariffs.at(january).checked.fresh(january)
    assert tariffs.at(january).first == day("2025-05-10"), "the decision itself is as it was"
    assert tariffs.vat_at(january).checked.on == day("2026-12-28")
    assert tariffs.announced_hours(january)[0].checked.fresh(january)
    assert not tariffs.billed_hours(january).checked.fresh(january)


def test_a_look_at_nothing_is_a_mistake(tmp_path: Path) -> None:
    text = '[[checked]]\ncode = "1280"\nchecked_on = 2026-12-28\nstill_right_until = 2027-03-31\nsource = "test"\n'
    [problem] = load_tariffs(extra=added(tmp_path, text)).problems
    assert "names '1280', which is none of 1062/QĐ-BCT, 1279/QĐ-BCT" in problem


def test_staff_say_from_when_the_new_hours_are_billed(tmp_path: Path) -> None:
    hours = (FOLDER / "peak_hours.toml").read_text("utf-8").split("[[hours]]")[2]
    text = "[[hours]]" + hours.replace("billed = false", "billed = true").replace("2026-04-22", "2027-02-01")
    tariffs = load_tariffs(extra=added(tmp_path, text))
    assert tariffs.problems == ()
    assert tariffs.billed_hours(day("2027-01-31")).code.startswith("Thông tư 16")
    assert tariffs.billed_hours(day("2027-02-01")).code == "963/QĐ-BCT"
    assert tariffs.announced_hours(day("2027-02-01")) == ()


def cut(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


WRONG = [
    (cut("from = 2027-03-01", "from = 2025-05-10"), r"1279/QĐ-BCT and 9999/QĐ-BCT both begin 2025-05-10"),
    (
        cut("from = 2027-03-01", "from = 2024-12-01"),
        r"2699/QĐ-BCT \(until 2025-05-09\) and 9999/QĐ-BCT .* overlap",
    ),
    (cut("from = 2027-03-01", "from = 2027-03-01\nuntil = 2027-04-01"), "the last decision ends 2027-04-01"),
    (cut("from = 2027-03-01", "from = 2027-03-01\nuntil = 2027-02-01"), "`until` 2027-02-01 lies before `from`"),
    (
        cut("from = 2027-03-01", "from = 2018-01-01\nuntil = 2018-12-31"),
        "nothing applies from 2019-01-01 to 2019-03-19",
    ),
    (cut('source = "test"\n', ""), "`source` must be a text"),
    (cut("still_right_until = 2027-06-30", ""), "`still_right_until` must be a day"),
    (cut("2027-06-30", "2027-01-01"), "lies before `checked_on`"),
    (
        cut('"business", ', ""),
        r"`missing` must name exactly the groups that are not given: \['administration', 'business'",
    ),
    (
        cut("{ up_to = 100, price = 2000 }", "{ up_to = 0, price = 2000 }"),
        "tier 1: `up_to` must be a whole number",
    ),
    (cut("{ up_to = 100, price = 2000 }", "{ up_to = 100, price = 0 }"), "tier 1: `price` must be a whole number"),
    (cut("{ price = 4000 }", "{ up_to = 90, price = 4000 }, { price = 1 }"), "tier 2: ends at 90 kWh"),
    (cut("{ price = 4000 }", "{ up_to = 900, price = 4000 }"), "the last tier has no `up_to`"),
    (cut("[decision]", "[decisions]"), r"no such table: \[decision"),
    (cut("[decision]", "[decision"), "cannot be read as TOML"),
    (lambda text: "", "holds none of decision"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said[:40] for _, said in WRONG])
def test_a_wrong_file_of_staff_says_what_is_wrong_and_the_rest_works(
    tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    added(tmp_path, change(DECISION))
    (tmp_path / "zz-good.toml").write_text(DECISION.replace("9999", "9998"), "utf-8")
    tariffs = load_tariffs(extra=tmp_path)
    [problem] = tariffs.problems
    with pytest.raises(BadData, match=said):
        raise BadData(problem)
    assert "new.toml" in problem
    assert tariffs.at(TODAY).code == TARIFFS.at(TODAY).code
    assert tariffs.at(day("2027-03-01")).code == "9998/QĐ-BCT"


def test_the_data_that_comes_along_may_have_no_gap(tmp_path: Path) -> None:
    for file in FOLDER.glob("*.toml"):
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    (tmp_path / "2023-11-09-2941.toml").unlink()
    with pytest.raises(
        BadData, match="nothing applies from 2023-11-09 to 2024-10-10, between 1062/QĐ-BCT and 2699"
    ):
        load_tariffs(tmp_path)
    with pytest.raises(BadData, match=r"holds no \[decision\]"):
        load_tariffs(tmp_path / "nowhere")


HOURS = (FOLDER / "peak_hours.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"09:30-11:30"', '"09:30-11:00"', "no band holds 11:00 to 11:30"),
        ('"09:30-11:30"', '"09:00-11:30"', "two bands hold 09:00 to 09:30"),
        ('"22:00-24:00", ', "", "no band holds 22:00 to 24:00"),
        ('"22:00-24:00"', '"22:00-04:00"', "divide it at midnight"),
        ('"22:00-24:00"', '"22h-24h"', "write spans such as"),
        ("billed = true", "billed = 1", "`billed` must be true or false"),
        ("[hours.sunday]", "[hours.weekend]", "write peak, normal and off_peak"),
    ],
)
def test_the_hours_of_a_day_are_whole(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = HOURS.split("[[hours]]")[1].replace("2014-06-01", "2027-06-01")
    assert old in text
    tariffs = load_tariffs(extra=added(tmp_path, "[[hours]]" + text.replace(old, new, 1)))
    assert said in tariffs.problems[0]
    assert set(TARIFFS.billed_hours(TODAY).workday) == set(BANDS)

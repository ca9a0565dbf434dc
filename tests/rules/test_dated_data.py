"""The files of dated rules and frozen days hold what they must, and a wrong file says what is wrong with it."""

import tomllib
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from handlers.rules.dated import BadData
from handlers.rules.freezes import FREEZES, freezes_at, load_freezes
from handlers.rules.planning import rules_at
from handlers.rules.planning_rules import PLANNING

CALENDAR = load_freezes()
YEAR = '[[year]]\nyear = 2026\nsource = "x"\n'


def freeze(code: str, first: str, last: str, source: str = 'source = "x"') -> str:
    return f'[[freeze]]\ncode = "{code}"\nname = "N"\nfrom = {first}\nto = {last}\n{source}\n'


def written(tmp_path: Path, *parts: str, name: str = "data.toml") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(parts), "utf-8")
    return path


def frozen(day: str) -> list[str]:
    return [freeze.code for freeze in freezes_at(date.fromisoformat(day), CALENDAR.freezes)]


# --- the rules


def test_the_rules_of_today() -> None:
    rules = rules_at(date(2026, 11, 24))
    assert (rules.longest, rules.months_between) == (timedelta(hours=5), 9)
    assert rules.legal_notice == timedelta(days=5)
    assert rules.company_notice == {"industrial": timedelta(days=30), "business": timedelta(days=7)}
    assert rules.first_notice == {**rules.company_notice, "household": timedelta(days=6)}
    assert rules.reminders == {"day": timedelta(hours=24), "hour": timedelta(hours=1)}
    assert rules.morning == time(8)


def test_no_rule_is_made_up_for_a_day_before_the_law() -> None:
    assert rules_at(date(2025, 2, 1)).legal_notice == timedelta(days=5)
    with pytest.raises(LookupError, match="2025-02-01"):
        rules_at(date(2025, 1, 31))


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = PLANNING.read_text("utf-8")
    assert old in text
    return written(tmp_path, text.replace(old, new, 1))


def test_a_new_version_applies_from_its_day_on(tmp_path: Path) -> None:
    text = PLANNING.read_text("utf-8")
    path = written(tmp_path, text, text.replace("2025-02-01", "2027-01-01").replace("hours = 5,", "hours = 4,"))
    assert rules_at(date(2026, 12, 31), path).longest == timedelta(hours=5)
    assert rules_at(date(2027, 1, 1), path).longest == timedelta(hours=4)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2025-02-01", '"2025-02-01"', "without quotes"),
        ("2025-02-01", "2025-02-01T00:00:00", "must be a day"),
        ("hours = 5,", "", "exactly one of days, hours and minutes"),
        ("hours = 5,", "hours = 5, days = 1,", "exactly one of days, hours and minutes"),
        ("hours = 5,", "hours = -5,", "at least 0"),
        ("months = 9,", "months = 0,", "at least 1"),
        ("months = 9,", "months = true,", "whole number"),
        ("between_cuts", "between", "between_cuts: missing"),
        ("08:00:00", '"08:00"', "a time such as 08:00:00"),
        ('source = "company choice" }', 'source = " " }', "must not be empty"),
        ("days = 6,", "days = 4,", "first_notice.household is 4 days; it must be at least 5"),
        ("first_notice.industrial = { days = 30", "first_notice.industrial = { days = 29", "at least 30"),
        ("\n[[version]]", "\n[[versions]]", r"no \[\[version\]\]"),
        ("\n[[version]]", "\n[[version", "cannot be read as TOML"),
    ],
)
def test_a_wrong_file_of_rules_says_what_is_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(BadData, match=said) as refused:
        rules_at(date(2026, 11, 24), changed(tmp_path, old, new))
    assert "data.toml" in str(refused.value)


@pytest.mark.parametrize("second", ["2025-02-01", "2024-12-31"])
def test_versions_stand_in_order(tmp_path: Path, second: str) -> None:
    text = PLANNING.read_text("utf-8")
    with pytest.raises(BadData, match="oldest first"):
        rules_at(date(2026, 1, 1), written(tmp_path, text, text.replace("2025-02-01", second)))


# --- frozen days


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-01",
        "2026-02-17",  # mùng 1 Tết
        "2026-03-15",  # election
        "2026-04-26",  # 10/3 of the lunar year
        "2026-04-30",
        "2026-05-01",
        "2026-06-12",  # graduation exam
        "2026-08-31",
        "2026-09-02",
        "2027-01-01",
        "2027-02-06",  # mùng 1 Tết
        "2027-04-16",  # 10/3 of the lunar year
        "2027-05-01",
        "2027-09-01",
    ],
)
def test_known_days_are_frozen_once(day: str) -> None:
    assert len(frozen(day)) == 1


@pytest.mark.parametrize(
    "day", ["2026-02-13", "2026-02-23", "2026-08-30", "2026-09-03", "2026-11-29", "2027-06-11"]
)
def test_other_days_are_not(day: str) -> None:
    assert frozen(day) == []


def test_what_is_not_known_is_said_and_not_guessed() -> None:
    assert {open_one.year for open_one in CALENDAR.unannounced} == {2026, 2027}
    assert any("tốt nghiệp" in open_one.name and open_one.year == 2027 for open_one in CALENDAR.unannounced)
    assert all(open_one.note for open_one in CALENDAR.unannounced)
    assert all(open_one.may_hold_on(open_one.first) for open_one in CALENDAR.unannounced)
    assumed = {freeze.code for freeze in CALENDAR.freezes if freeze.assumed}
    assert {"tet-2027", "national-day-2027"} <= assumed
    assert not {"tet-2026", "reunification-2027"} & assumed
    assert all(freeze.note for freeze in CALENDAR.freezes if freeze.assumed)
    assert not any(freeze.code.startswith("graduation-exam-2027") for freeze in CALENDAR.freezes)


def test_the_calendar_knows_for_which_years_it_was_made() -> None:
    assert CALENDAR.years == (2026, 2027)
    assert CALENDAR.covers(date(2027, 12, 31))
    assert not CALENDAR.covers(date(2028, 1, 1))


def test_every_entry_names_its_source() -> None:
    tables = tomllib.loads(FREEZES.read_text("utf-8"))
    assert all(entry["source"].strip() for entry in [*tables["year"], *tables["freeze"]])


def test_staff_add_days_of_their_own_in_a_second_file(tmp_path: Path) -> None:
    own = written(
        tmp_path, freeze("own-1", "2026-08-30", "2026-08-31"), freeze("own-2", "2027-06-10", "2027-06-11")
    )
    calendar = load_freezes(FREEZES, own)
    assert [freeze.code for freeze in freezes_at(date(2026, 8, 31), calendar.freezes)] == [
        "own-1",
        "national-day-2026",
    ]
    assert [freeze.code for freeze in freezes_at(date(2027, 6, 11), calendar.freezes)] == ["own-2"]
    assert calendar.years == (2026, 2027)
    assert list(calendar.freezes) == sorted(calendar.freezes, key=lambda freeze: freeze.first)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((YEAR, freeze("a", "2026-05-02", "2026-05-01")), "ends 2026-05-01, before it begins"),
        (
            (YEAR, freeze("a", "2026-05-02", "2026-05-03"), freeze("b", "2026-05-01", "2026-05-01")),
            "begins earlier",
        ),
        (
            (YEAR, freeze("a", "2026-05-01", "2026-05-03"), freeze("b", "2026-05-03", "2026-05-04")),
            "share 2026-05-03",
        ),
        ((YEAR, freeze("a", "2026-05-01", "2026-05-01"), freeze("a", "2026-05-03", "2026-05-04")), "used twice"),
        ((YEAR, freeze("a", "2026-05-01", "2026-05-01", source="")), "`source` must be a text"),
        ((YEAR, freeze("a", "2026-05-01", '"2026-05-01"')), "`to` must be a day"),
        ((freeze("a", "2026-05-01", "2026-05-01"),), r"no \[\[year\]\]"),
        ((YEAR, YEAR.replace("2026", "2028"), freeze("a", "2026-05-01", "2026-05-01")), "year 2027 is left out"),
        ((YEAR, YEAR.replace("2026", "2027"), freeze("a", "2026-05-01", "2026-05-01")), "2027 is complete"),
        ((YEAR.replace('"x"', '""'),), "`source` must be a text"),
        ((YEAR, '[[open]]\nyear = 2026\nname = "N"\n'), "`note` must be a text"),
        ((YEAR, '[[open]]\nyear = 2026\nname = "N"\nfrom = 2026-05-01\n'), "`to` must be a day"),
        (
            (YEAR, '[[open]]\nyear = 2026\nname = "N"\nnote = "x"\nfrom = 2027-05-01\nto = 2027-05-02\n'),
            "within 2026",
        ),
        ((YEAR, freeze("a", "2026-05-01", "2026-05-01") + 'status = "perhaps"\n'), '"announced" or "assumed"'),
        (("[[year",), "cannot be read as TOML"),
    ],
)
def test_a_wrong_calendar_says_what_is_wrong(tmp_path: Path, parts: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadData, match=said) as refused:
        load_freezes(written(tmp_path, *parts))
    assert "data.toml" in str(refused.value)


def test_a_calendar_that_is_not_there_is_an_error_of_its_own_kind(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"nowhere\.toml"):
        load_freezes(FREEZES, tmp_path / "nowhere.toml")

"""A plan is held against the law, the company's promises and the calendar, on local days, wherever it runs."""

import os
import random
import time as clock
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.freezes import Freeze, FreezeCalendar, Unannounced
from handlers.rules.planning import (
    EarlierCut,
    Finding,
    Overlap,
    Plan,
    Rule,
    Window,
    check,
    local_days,
    months_later,
    rules_at,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
RULES = rules_at(date(2026, 11, 24))
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TET = Freeze("tet", "Tết", date(2027, 2, 3), date(2027, 2, 11), "test")
MOMENTS = st.integers(0, 2 * 365 * 86_400).map(
    lambda second: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)
DAYS = st.dates(date(2020, 1, 1), date(2032, 12, 31))
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process lives elsewhere than the customers."""
    monkeypatch.setenv("TZ", "America/New_York")
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def window(start: str, end: str) -> Window:
    return Window(local(start), local(end))


GOOD = Plan((window("2027-01-20 08:00", "2027-01-20 12:00"),), frozenset({"TT-472"}), {"household": 90}, 0)


def calendar(*freezes: Freeze, unannounced: tuple[Unannounced, ...] = ()) -> FreezeCalendar:
    return FreezeCalendar(freezes, unannounced, tuple(range(2019, 2035)))


def findings(plan: Plan, *freezes: Freeze, now: datetime = NOW) -> tuple[Finding, ...]:
    return check(plan, RULES, calendar(*freezes), now, ZONE)


def about(rule: Rule, plan: Plan, *freezes: Freeze, now: datetime = NOW) -> list[Finding]:
    return [finding for finding in findings(plan, *freezes, now=now) if finding.rule is rule]


def at(*windows: Window) -> Plan:
    return replace(GOOD, windows=windows)


def test_the_process_is_elsewhere() -> None:
    assert os.environ["TZ"] == "America/New_York"
    assert clock.tzname[0] == "EST"


def test_nothing_is_said_of_a_good_plan() -> None:
    assert findings(GOOD, TET) == ()


def test_nothing_is_said_of_a_plan_without_windows_but_whom_it_touches() -> None:
    plan = replace(GOOD, windows=(), important=2, segments={"industrial": 1})
    assert [finding.rule for finding in findings(plan, TET)] == [Rule.IMPORTANT]


# --- windows


def test_a_window_must_end_after_it_starts_and_know_its_zone() -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        Window(NOW, NOW)
    with pytest.raises(ValueError, match="aware"):
        Window(NOW.replace(tzinfo=None), NOW)
    with pytest.raises(ValueError, match="aware"):
        check(GOOD, RULES, calendar(), NOW.replace(tzinfo=None), ZONE)


def test_a_window_is_kept_as_utc() -> None:
    kept = window("2027-01-20 08:00", "2027-01-20 12:00")
    assert kept.starts_at.tzinfo is UTC
    assert kept.starts_at.hour == 1
    assert kept == Window(kept.starts_at, kept.ends_at)


# --- longest


def test_five_hours_are_allowed_and_a_second_more_is_not() -> None:
    start = local("2027-01-20 08:00")
    assert not about(Rule.LONGEST, at(Window(start, start + 5 * HOUR)))
    (finding,) = about(Rule.LONGEST, at(Window(start, start + 5 * HOUR + timedelta(seconds=1))))
    assert finding.blocking
    assert finding.values == {
        "start": "08:00 20/01/2027",
        "end": "13:00 20/01/2027",
        "minutes": 301,
        "most": 300,
    }


def test_each_window_that_is_too_long_is_named() -> None:
    plan = at(
        window("2027-01-22 06:00", "2027-01-22 12:00"),
        window("2027-01-21 08:00", "2027-01-21 12:00"),
        window("2027-01-20 06:00", "2027-01-20 14:00"),
    )
    assert [finding.values["start"] for finding in about(Rule.LONGEST, plan)] == [
        "06:00 20/01/2027",
        "06:00 22/01/2027",
    ]


# --- one cut in nine months


def cut(day: str, feeder: str = "TT-472", code: str = "BD-1") -> EarlierCut:
    return EarlierCut(feeder, code, local(f"{day} 09:00"))


@pytest.mark.parametrize(
    ("plan_day", "other", "blocked"),
    [
        ("2027-01-20", "2026-04-20", False),  # nine months to the day
        ("2027-01-20", "2026-04-21", True),
        ("2027-01-20", "2027-10-19", True),  # the other one lies ahead
        ("2027-01-20", "2027-10-20", False),
        ("2027-01-20", "2027-01-20", True),
        ("2027-02-27", "2026-05-31", True),
        ("2027-02-28", "2026-05-31", False),  # 31/5 and nine months end with February
        ("2028-02-28", "2027-05-31", True),
        ("2028-02-29", "2027-05-31", False),
        ("2026-12-31", "2027-09-29", True),
        ("2026-12-31", "2027-09-30", False),
    ],
)
def test_a_feeder_is_cut_once_in_nine_calendar_months(plan_day: str, other: str, blocked: bool) -> None:
    plan = replace(at(window(f"{plan_day} 08:00", f"{plan_day} 12:00")), cuts=(cut(other),))
    assert [finding.blocking for finding in about(Rule.ONE_CUT, plan)] == [True] * blocked


def test_months_are_counted_between_local_days() -> None:
    """00:30 on 21/4 in Vietnam is still 20/4 in UTC, and still 20/4 in New York."""
    early = EarlierCut("TT-472", "BD-1", local("2026-04-21 00:30"))
    plan = replace(at(window("2027-01-20 08:00", "2027-01-20 12:00")), cuts=(early,))
    assert [finding.values["day"] for finding in about(Rule.ONE_CUT, plan)] == ["21/04/2026"]
    plan = replace(at(window("2027-01-21 00:30", "2027-01-21 04:00")), cuts=(early,))
    assert not about(Rule.ONE_CUT, plan)


def test_a_cut_of_another_feeder_does_not_count() -> None:
    assert not about(Rule.ONE_CUT, replace(GOOD, cuts=(cut("2027-01-10", "LX-471"),)))


def test_each_feeder_and_other_outage_is_named_once_with_its_nearest_day() -> None:
    cuts = (
        cut("2026-10-02"),
        cut("2026-10-03"),
        cut("2026-10-01"),
        cut("2026-12-24", code="BD-2"),
        cut("2026-10-01", "LX-471"),
    )
    plan = replace(
        GOOD,
        feeders=frozenset({"TT-472", "LX-471"}),
        windows=(*GOOD.windows, window("2027-01-18 08:00", "2027-01-18 09:00")),
        cuts=cuts,
    )
    assert [dict(finding.values) for finding in about(Rule.ONE_CUT, plan)] == [
        {"feeder": "LX-471", "code": "BD-1", "day": "01/10/2026", "months": 9},
        {"feeder": "TT-472", "code": "BD-1", "day": "03/10/2026", "months": 9},
        {"feeder": "TT-472", "code": "BD-2", "day": "24/12/2026", "months": 9},
    ]


@given(DAYS, DAYS)
def test_which_of_two_cuts_is_planned_first_makes_no_difference(one: date, two: date) -> None:
    def blocked(mine: date, other: date) -> bool:
        plan = at(window(f"{mine} 08:00", f"{mine} 12:00"))
        return bool(about(Rule.ONE_CUT, replace(plan, cuts=(cut(str(other)),))))

    assert blocked(one, two) == blocked(two, one)


@given(DAYS, st.integers(0, 60))
def test_months_later_is_the_same_day_or_the_last_of_its_month(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


# --- notice


def test_the_law_wants_five_days() -> None:
    start = NOW + timedelta(days=5)
    assert not about(Rule.LEGAL_NOTICE, at(Window(start, start + HOUR)))
    (finding,) = about(Rule.LEGAL_NOTICE, at(Window(start - timedelta(seconds=1), start + HOUR)))
    assert finding.blocking
    assert finding.values == {"days": 5, "start": "08:59 29/11/2026", "earliest": "09:00 29/11/2026"}


def test_the_first_window_counts_whatever_the_order() -> None:
    soon = Window(NOW + timedelta(days=2), NOW + timedelta(days=2, hours=1))
    assert about(Rule.LEGAL_NOTICE, at(*GOOD.windows, soon))
    assert about(Rule.LEGAL_NOTICE, at(soon, *GOOD.windows))


def test_the_earliest_moment_is_rounded_up_to_a_minute_that_will_do() -> None:
    now = NOW + timedelta(seconds=1)
    (finding,) = about(Rule.LEGAL_NOTICE, at(Window(now + HOUR, now + 2 * HOUR)), now=now)
    assert finding.values["earliest"] == "09:01 29/11/2026"


@pytest.mark.parametrize(("segment", "days"), [("industrial", 30), ("business", 7)])
def test_the_company_promised_more_to_some(segment: str, days: int) -> None:
    start = NOW + timedelta(days=days)
    kept, late = Window(start, start + HOUR), Window(start - timedelta(minutes=1), start + HOUR)
    segments = {"household": 50, segment: 3}
    assert not about(Rule.COMPANY_NOTICE, replace(at(kept), segments=segments))
    (finding,) = about(Rule.COMPANY_NOTICE, replace(at(late), segments=segments))
    assert finding.blocking
    assert (finding.values["segment"], finding.values["customers"], finding.values["days"]) == (segment, 3, days)


def test_a_segment_that_nobody_is_in_wants_nothing() -> None:
    soon = Window(NOW + timedelta(days=6), NOW + timedelta(days=6, hours=1))
    assert findings(replace(at(soon), segments={"industrial": 0, "household": 12})) == ()


def test_each_segment_that_hears_too_late_is_a_finding() -> None:
    soon = Window(NOW + timedelta(days=1), NOW + timedelta(days=1, hours=1))
    plan = replace(at(soon), segments={"industrial": 1, "business": 2, "household": 3})
    assert [finding.rule for finding in findings(plan)] == [
        Rule.LEGAL_NOTICE,
        Rule.COMPANY_NOTICE,
        Rule.COMPANY_NOTICE,
    ]


# --- freezes


@pytest.mark.parametrize(
    ("start", "end", "day"),
    [
        ("2027-02-02 20:00", "2027-02-03 00:00", None),  # ends at 24:00, before the first frozen day
        ("2027-02-02 20:00", "2027-02-03 00:01", "03/02/2027"),
        ("2027-02-11 23:59", "2027-02-12 02:00", "11/02/2027"),
        ("2027-02-12 00:00", "2027-02-12 04:00", None),
        ("2027-02-06 08:00", "2027-02-06 09:00", "06/02/2027"),
    ],
)
def test_frozen_days_are_local_days(start: str, end: str, day: str | None) -> None:
    found = about(Rule.FREEZE, at(window(start, end)), TET)
    assert [finding.values["day"] for finding in found] == ([day] if day else [])
    assert all(finding.blocking and finding.values["name"] == "Tết" for finding in found)


def test_a_freeze_is_named_once_with_all_its_days() -> None:
    plan = at(window("2027-02-05 08:00", "2027-02-05 09:00"), window("2027-02-04 08:00", "2027-02-04 09:00"))
    (finding,) = about(Rule.FREEZE, plan, TET)
    assert dict(finding.values) == {
        "code": "tet",
        "name": "Tết",
        "day": "04/02/2027",
        "first": "03/02/2027",
        "last": "11/02/2027",
        "status": "announced",
    }


def test_a_freeze_whose_days_are_assumed_blocks_and_says_so() -> None:
    (finding,) = about(Rule.FREEZE, at(window("2027-02-05 08:00", "2027-02-05 09:00")), replace(TET, assumed=True))
    assert (finding.blocking, finding.values["status"]) == (True, "assumed")


@pytest.mark.parametrize(
    ("start", "end", "years"),
    [
        ("2027-12-31 20:00", "2028-01-01 00:00", []),  # ends at 24:00, in the last year that is known
        ("2027-12-31 20:00", "2028-01-01 00:01", [2028]),
        ("2028-05-01 08:00", "2028-05-01 10:00", [2028]),
    ],
)
def test_a_year_without_data_is_said_and_blocks_nothing(start: str, end: str, years: list[int]) -> None:
    known = FreezeCalendar((TET,), (), (2026, 2027))
    found = check(at(window(start, end)), RULES, known, NOW, ZONE)
    missing = [finding for finding in found if finding.rule is Rule.CALENDAR]
    assert [(finding.blocking, finding.values) for finding in missing] == [
        (False, {"year": year, "last": 2027}) for year in years
    ]


def test_days_that_are_not_announced_yet_are_said_only_where_they_may_fall() -> None:
    exam = Unannounced(2027, "Kỳ thi", "not announced", date(2027, 6, 1), date(2027, 6, 30))
    for day, blocking in (
        ("2027-05-31", []),
        ("2027-06-01", [False]),
        ("2027-06-30", [False]),
        ("2027-07-01", []),
    ):
        plan = at(window(f"{day} 08:00", f"{day} 10:00"))
        found = check(plan, RULES, calendar(unannounced=(exam,)), NOW, ZONE)
        assert [one.blocking for one in found if one.rule is Rule.UNANNOUNCED] == blocking


@given(MOMENTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=3)))
def test_a_window_touches_exactly_the_days_it_has_time_in(start: datetime, length: timedelta) -> None:
    stretch = Window(start, start + length)
    days = local_days(stretch, ZONE)
    for day in {days[0] - timedelta(days=1), *days, days[-1] + timedelta(days=1)}:
        midnight = datetime.combine(day, time(), ZONE)
        shared = min(stretch.ends_at, midnight + 24 * HOUR) - max(stretch.starts_at, midnight)
        assert (day in days) == (shared > timedelta())


# --- what informs


def test_an_overlap_informs() -> None:
    known = Overlap("SC-9", local("2027-01-20 07:00"), local("2027-01-20 09:00"))
    unknown = Overlap("SC-10", local("2027-01-20 07:00"), None)
    one, two = about(Rule.OVERLAP, replace(GOOD, overlaps=(known, unknown)))
    assert not one.blocking
    assert one.values == {"code": "SC-9", "start": "07:00 20/01/2027", "end": "09:00 20/01/2027"}
    assert two.values["end"] == "?"


def test_two_windows_with_a_short_break_are_one_long_outage_to_people() -> None:
    plan = at(window("2027-01-20 13:00", "2027-01-20 17:00"), window("2027-01-20 08:00", "2027-01-20 12:30"))
    (finding,) = findings(plan)
    assert (finding.rule, finding.blocking) == (Rule.ADJOINING, False)
    assert finding.values == {
        "start": "08:00 20/01/2027",
        "end": "17:00 20/01/2027",
        "windows": 2,
        "minutes": 510,
        "most": 300,
    }


@pytest.mark.parametrize(
    "windows",
    [
        # a whole hour of power between them
        (window("2027-01-20 08:00", "2027-01-20 12:00"), window("2027-01-20 13:00", "2027-01-20 17:00")),
        # five hours altogether
        (window("2027-01-20 08:00", "2027-01-20 10:30"), window("2027-01-20 11:00", "2027-01-20 13:30")),
        # an hour that both share is off once
        (window("2027-01-20 08:00", "2027-01-20 11:00"), window("2027-01-20 10:00", "2027-01-20 13:00")),
        (window("2027-01-20 08:00", "2027-01-20 13:00"), window("2027-01-20 09:00", "2027-01-20 10:00")),
    ],
)
def test_windows_apart_or_short_altogether_are_fine(windows: tuple[Window, ...]) -> None:
    assert findings(at(*windows)) == ()


def test_windows_that_overlap_or_follow_in_a_chain_add_up() -> None:
    overlapping = at(
        window("2027-01-20 08:00", "2027-01-20 12:00"), window("2027-01-20 11:00", "2027-01-20 14:00")
    )
    assert [finding.values["minutes"] for finding in about(Rule.ADJOINING, overlapping)] == [360]
    chain = at(
        window("2027-01-20 08:00", "2027-01-20 10:00"),
        window("2027-01-20 10:30", "2027-01-20 12:30"),
        window("2027-01-20 13:00", "2027-01-20 15:00"),
        window("2027-01-21 08:00", "2027-01-21 12:00"),
    )
    assert [finding.values["windows"] for finding in about(Rule.ADJOINING, chain)] == [3]


def test_a_short_window_inside_a_long_one_does_not_break_the_chain() -> None:
    plan = at(
        window("2027-01-20 08:00", "2027-01-20 13:00"),
        window("2027-01-20 08:30", "2027-01-20 09:00"),
        window("2027-01-20 13:30", "2027-01-20 15:00"),
    )
    assert [finding.values["minutes"] for finding in about(Rule.ADJOINING, plan)] == [390]


def test_important_customers_are_to_be_called() -> None:
    (finding,) = findings(replace(GOOD, important=3))
    assert (finding.rule, finding.blocking, finding.values) == (Rule.IMPORTANT, False, {"customers": 3})


WINDOWS = st.builds(
    lambda start, length: Window(start, start + length), MOMENTS, st.timedeltas(timedelta(seconds=1), 9 * HOUR)
)


@given(st.lists(WINDOWS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_windows_makes_no_difference(windows: list[Window], chance: random.Random) -> None:
    shuffled = list(windows)
    chance.shuffle(shuffled)
    plan = replace(at(*windows), segments={"industrial": 1}, cuts=(cut("2027-01-10"), cut("2026-08-10")))
    assert findings(plan, TET) == findings(replace(plan, windows=tuple(shuffled)), TET)


@given(st.lists(WINDOWS, min_size=1, max_size=4), st.timedeltas(timedelta(), timedelta(days=60)))
def test_waiting_longer_never_helps_the_notice(windows: list[Window], later: timedelta) -> None:
    plan = replace(at(*windows), segments={"industrial": 1, "business": 1})
    for rule in (Rule.LEGAL_NOTICE, Rule.COMPANY_NOTICE):
        assert len(about(rule, plan, now=NOW + later)) >= len(about(rule, plan))

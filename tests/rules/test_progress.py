"""The steps that a customer is shown, the moves that there are, and when a request becomes late."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.services import catalogue
from handlers.rules import progress
from handlers.rules.progress import ENDS, allowed, plain_process, process_of, promised_days, rules_at, steps_seen
from handlers.rules.working_days import work_calendar

AT = datetime(2026, 11, 16, 3, tzinfo=UTC)
CALENDAR = work_calendar(ZoneInfo("Asia/Ho_Chi_Minh"))
RULES = rules_at(date(2026, 11, 16))
CONNECTION = process_of("home_connection")


def shown(*states: str) -> str:
    """The steps as one letter each, for a request that went through these states, an hour apart."""
    history = [(state, AT + timedelta(hours=n)) for n, state in enumerate(states)]
    return " ".join(f"{step.name}:{step.mark}" for step in steps_seen(CONNECTION, history))


def test_the_steps_of_a_usual_request() -> None:
    assert shown("received") == "received:now checking:ahead survey:ahead works:ahead done:ahead"
    surveyed = shown("received", "checking", "survey")
    assert surveyed == "received:done checking:done survey:now works:ahead done:ahead"
    assert shown("received", "checking", "survey", "works", "done").endswith("works:done done:done")


def test_a_step_that_was_left_out_is_shown_as_not_needed() -> None:
    assert "survey:skipped works:now" in shown("received", "checking", "works")


def test_what_waits_for_papers_stays_at_the_step_it_reached() -> None:
    waiting = shown("received", "checking", "papers_missing")
    assert waiting == shown("received", "checking")
    # Back from the works: what was done after the check is to be done again.
    back = shown("received", "checking", "works", "papers_missing", "checking")
    assert back == "received:done checking:now survey:ahead works:ahead done:ahead"


def test_a_request_that_is_open_again_begins_anew() -> None:
    again = shown("received", "checking", "works", "done", "reopened")
    assert again == shown("received")
    assert "checking:skipped survey:skipped works:now" in shown("received", "works", "done", "reopened", "works")


@given(st.data())
def test_any_walk_has_one_step_at_most_that_is_now_and_nothing_done_after_it(data: st.DataObject) -> None:
    for process in (*catalogue().processes.values(), plain_process()):
        states = [process.steps[0]]
        for _ in range(data.draw(st.integers(0, 12))):
            states.append(data.draw(st.sampled_from(allowed(process, states[-1]))))
        marks = [step.mark for step in steps_seen(process, [(state, AT) for state in states])]
        order = {"done": 0, "skipped": 0, "now": 1, "ahead": 2}
        assert [order[mark] for mark in marks] == sorted(order[mark] for mark in marks)
        assert marks.count("now") <= 1
        assert ("now" not in marks) == (marks[-1] == "done")


def test_every_process_can_be_ended_and_opened_again() -> None:
    for process in (*catalogue().processes.values(), plain_process()):
        assert set(process.steps) <= set(process.moves)
        for state, to in process.moves.items():
            assert to, f"{process.name}: nobody gets on from {state}"
            assert state in ENDS or set(to) & {*ENDS, *process.steps}


def test_a_service_that_is_offered_no_longer_can_still_be_moved() -> None:
    assert process_of("no_such_service") == plain_process()
    assert allowed(plain_process(), "survey") == plain_process().moves["checking"]


def test_the_newest_promise_of_the_day_counts() -> None:
    assert promised_days("home_connection", date(2026, 11, 16), RULES) == 5
    assert promised_days("home_connection", date(2025, 1, 1), RULES) == RULES.plain_days
    assert promised_days("no_such_service", date(2026, 11, 16), RULES) == RULES.plain_days


def test_staff_see_it_from_the_morning_of_the_working_day_before() -> None:
    ends = CALENDAR.deadline(AT, 5)
    seen = progress.escalates_at(ends, AT, CALENDAR, RULES)
    assert (ends.date() - seen.date()).days == 3
    assert seen == CALENDAR.opening(date(2026, 11, 20))
    assert progress.tells_at(ends, AT, RULES) == ends - timedelta(hours=2)


@given(st.integers(0, 600 * 24 * 60), st.integers(1, 30))
def test_staff_see_it_and_the_customer_hears_it_before_the_promise_breaks(minutes: int, days: int) -> None:
    received = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ends = CALENDAR.deadline(received, days)
    seen, told = (
        progress.escalates_at(ends, received, CALENDAR, RULES),
        progress.tells_at(ends, received, RULES),
    )
    assert received < seen < ends
    assert received <= told < ends


def test_no_rule_is_made_up_for_a_day_before_the_first() -> None:
    with pytest.raises(LookupError):
        rules_at(date(2025, 1, 31))

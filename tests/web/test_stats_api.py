"""The staff API of figures: its period, its refusals, and the numbers as they are written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.town import FEEDER, FEEDS, NOW, OTHER_FEEDER
from tests.web.test_outages_api import Answer, Office, office

__all__ = ["office"]


async def ask(office: Office, query: str = "", role: str = "leader", language: str = "en") -> Answer:
    return await office.ask("GET", f"/api/v1/stats{query}", role=role, Accept_Language=language)


async def an_hour_out(office: Office) -> None:
    """Three of four customers are without power for an hour."""
    done = await office.town.publish(FEEDS)
    await office.town.until(NOW + timedelta(hours=1))
    await office.town.restore(done)


async def test_without_a_period_the_last_twelve_months_are_told(office: Office) -> None:
    answer = await ask(office)

    assert (answer.status, answer.body["from"], answer.body["to"]) == (200, "2025-12", "2026-11")
    assert [one["month"] for one in answer.body["indices"]] == [
        f"2025-{12}",
        *(f"2026-{n:02}" for n in range(1, 12)),
    ]
    assert answer.body["current_basis"] == [one["month"] for one in answer.body["indices"]]


@pytest.mark.parametrize(
    ("query", "period"),
    [
        ("?to=2024-02", ("2023-03", "2024-02")),
        ("?from=2026-10", ("2026-10", "2026-11")),
        ("?from=2026-1&to=2026-3", ("2026-01", "2026-03")),
        ("?from=2024-01&to=2026-12", ("2024-01", "2026-12")),
    ],
)
async def test_a_period_may_be_named(office: Office, query: str, period: tuple[str, str]) -> None:
    answer = await ask(office, query)

    assert (answer.status, answer.body["from"], answer.body["to"]) == (200, *period)


async def test_the_figures_are_those_reckoned_by_hand(office: Office) -> None:
    await an_hour_out(office)
    answer = await ask(office, "?from=2026-10")

    assert answer.body["indices"][1] == {
        "month": "2026-11",
        "feeder": None,
        "company": None,
        "saidi_minutes": 45.0,
        "saifi": 0.75,
        "maifi": 0.0,
        "customers": 4,
        "customer_minutes": 180.0,
        "customer_interruptions": 3,
        "customer_momentary": 0,
        "overall": {"saidi_minutes": 45.0, "saifi": 0.75, "maifi": 0.0},
        "distribution": {"saidi_minutes": 45.0, "saifi": 0.75, "maifi": 0.0},
    }
    assert answer.body["total"] == {"saidi_minutes": 45.0, "saifi": 0.75, "maifi": 0.0}
    assert answer.body["momentary_minutes"] == 5
    assert "> 5 min" in answer.body["formula"]
    assert "39/2015/TT-BCT" in answer.body["source"]
    assert answer.body["incidents"]["incidents"] == 1


async def test_the_circulars_two_sets_leave_out_what_it_says_and_say_so(office: Office) -> None:
    await an_hour_out(office)
    unclassed = await ask(office, "?from=2026-10")
    path = "/api/v1/outages/1"
    fallen = await office.ask("PATCH", path, {"cause_class": "transmission"})
    after = await ask(office, "?from=2026-10")

    # It has ended, and yet its cause may be named; nobody hears of it.
    assert (fallen.status, fallen.body["state"], fallen.body["revision"]) == (200, "restored", 2)
    assert fallen.body["recipients"] == 0
    nothing, all_of_it = {"saidi_minutes": 0.0, "saifi": 0.0, "maifi": 0.0}, unclassed.body["total"]
    assert unclassed.body["totals"] == {"overall": all_of_it, "distribution": all_of_it}
    assert after.body["total"] == all_of_it
    assert after.body["totals"] == {"overall": all_of_it, "distribution": nothing}
    assert after.body["indices"][1]["distribution"] == nothing
    sets = after.body["sets"]
    assert sets["overall"]["without"] == ["customer", "weather_force_majeure"]
    assert set(sets["distribution"]["without"]) > set(sets["overall"]["without"])
    assert all("Điều 12" in one["source"] for one in sets.values())

    shown = (await office.ask("GET", path)).body
    assert (shown["cause_class"], [(one["cause_class"], one["by"]) for one in shown["causes"]]) == (
        "transmission",
        [("transmission", "operator at the desk")],
    )


async def test_a_class_that_cannot_be_is_refused_and_null_takes_it_back(office: Office) -> None:
    refused = await office.publish(cause_class="planned")
    assert (refused.status, list(refused.fields)) == (422, ["cause_class"])
    assert (await office.publish(cause_class="lightning")).status == 422
    await office.publish(cause_class="tree_animal")
    assert (await office.ask("PATCH", "/api/v1/outages/1", {"cause_class": "planned"})).status == 422

    await office.ask("PATCH", "/api/v1/outages/1", {"cause_class": None, "reason": "Sét đánh"})

    shown = (await office.ask("GET", "/api/v1/outages/1")).body
    assert (shown["cause_class"], shown["reason"], shown["revision"]) == ("unknown", "Sét đánh", 2)
    assert [one["cause_class"] for one in shown["causes"]] == ["tree_animal", "unknown"]


async def test_by_feeder_and_by_company_nothing_is_summed_over_them(office: Office) -> None:
    await an_hour_out(office)
    by_feeder, by_company = await ask(office, "?by=feeder"), await ask(office, "?by=company")

    assert [(one["feeder"], one["saidi_minutes"]) for one in by_feeder.body["indices"]] == [(FEEDER, 60.0)]
    assert [(one["company"], one["saidi_minutes"]) for one in by_company.body["indices"]] == [("PE0100", 45.0)]
    assert (by_feeder.body["total"], by_company.body["total"]) == ({}, {})
    assert OTHER_FEEDER not in str(by_feeder.body)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("?from=2026-13", "from"),
        ("?from=11/2026", "from"),
        ("?from=0001-01", "from"),
        ("?to=0001-01", "to"),
        ("?to=9999-12", "to"),
        ("?to=hôm qua", "to"),
        ("?from=2026-11&to=2026-10", "to"),
        ("?from=2023-11&to=2026-11", "to"),
        ("?from=2026-12", "to"),
        ("?by=ward", "by"),
        ("?month=2026-11", "month"),
    ],
)
async def test_a_period_that_cannot_be_meant_is_refused_by_its_field(
    office: Office, query: str, path: str
) -> None:
    answer = await ask(office, query)

    assert (answer.status, answer.code) == (422, "invalid")
    assert list(answer.fields) == [path]


async def test_a_refusal_says_what_to_do_in_both_languages(office: Office) -> None:
    english, vietnamese = await ask(office, "?from=x"), await ask(office, "?from=x", language="vi")
    too_many = await ask(office, "?from=2020-01")

    assert english.fields == {"from": "Write a month as 2026-11."}
    assert vietnamese.fields == {"from": "Viết tháng theo dạng 2026-11."}
    assert too_many.fields == {"to": "From and to must be in order and span at most 36 months."}


@pytest.mark.parametrize("role", ["operator", "agent", "leader", "admin"])
async def test_all_staff_may_read_the_figures(office: Office, role: str) -> None:
    assert (await ask(office, role=role)).status == 200


async def test_nobody_else_may(office: Office) -> None:
    answer = await ask(office, role="a-secret-of-nobody")

    assert (answer.status, answer.code) == (401, "unauthorized")


async def test_satisfaction_spans_no_more_months_either(office: Office) -> None:
    async def satisfaction(query: str) -> Answer:
        return await office.ask("GET", f"/api/v1/satisfaction{query}", role="leader", Accept_Language="en")

    assert (await satisfaction("?from=2020-01&to=2026-11")).fields == {
        "to": "From and to must be in order and span at most 36 months."
    }
    assert (await satisfaction("?from=2026-11&to=2026-10")).status == 422
    answer = await satisfaction("?from=2026-01")
    assert (answer.status, answer.body["answered"], answer.body["score"]) == (200, 0, None)


async def test_the_description_names_the_query_and_the_answer_as_they_are_sent(office: Office) -> None:
    document = (await office.ask("GET", "/api/v1/openapi.json")).body
    answered = document["components"]["schemas"]["StatsOut"]["properties"]

    parameters = document["paths"]["/api/v1/stats"]["get"]["parameters"]
    assert {one["name"] for one in parameters} == {"from", "to", "by"}
    assert set(answered) == set((await ask(office)).body)

"""Important customers are named to staff, and an incident that touches one is theirs to acknowledge."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from handlers.escalations import EscalationKind
from store import escalations
from store.customers import Customer
from tests.town import FACTORY, FAR_HOME, FEEDER, NOW, OTHER_FEEDER, SHOP
from tests.web.test_outages_api import Office, office

__all__ = ["office"]

PATH = "/api/v1/escalations"
HOSPITAL = {"code": SHOP, "name": "Bệnh viện Quận"}
PLAN = {
    "kind": "planned",
    "slots": [{"starts_at": "2027-01-20T08:00:00+07:00", "ends_at": "2027-01-20T10:00:00+07:00"}],
    "scope": {"feeders": [FEEDER]},
}


async def make_important(office: Office, code: str, name: str) -> None:
    async with office.town.database.unit() as unit:
        await unit.session.execute(
            update(Customer).where(col(Customer.code) == code).values(important=True, name=name)
        )


@pytest.fixture
async def hospital(office: Office) -> Office:
    """The shop at the feeder is a hospital."""
    await make_important(office, SHOP, HOSPITAL["name"])
    return office


async def listed(office: Office, query: str = "", **headers: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await office.ask("GET", PATH + query, role="agent", **headers)).body[
        "escalations"
    ]
    return found


async def test_important_customers_are_named_before_and_after_a_plan_is_published(hospital: Office) -> None:
    named = {"count": 1, "customers": [HOSPITAL]}
    preview = await hospital.ask("POST", "/api/v1/outages/preview", PLAN)
    published = await hospital.ask("POST", "/api/v1/outages", PLAN)
    shown = await hospital.ask("GET", "/api/v1/outages/1")

    assert [one.status for one in (preview, published, shown)] == [200, 201, 200]
    assert [one.body["important_customers"] for one in (preview, published, shown)] == [named] * 3
    # They can be called in time: a plan is no emergency.
    assert await listed(hospital) == []


async def test_an_incident_that_touches_one_is_handed_to_staff_until_somebody_takes_it(hospital: Office) -> None:
    published = await hospital.publish()
    assert published.body["important_customers"]["customers"] == [HOSPITAL]
    (english,) = await listed(hospital, Accept_Language="en")
    (vietnamese,) = await listed(hospital)

    assert (english["kind"], english["subject"]) == ("important_customers", published.body["code"])
    assert english["reason"] == {"outage": 1, "customers": 1, "codes": [SHOP]}
    assert "leaves 1 important customers without power" in english["text"]
    assert "1 khách hàng quan trọng" in vietnamese["text"]
    assert (english["acknowledged_at"], english["acknowledged_by"]) == (None, "")

    by_agent = await hospital.ask("POST", f"{PATH}/1/acknowledge", {}, role="agent")
    done = await hospital.ask("POST", f"{PATH}/1/acknowledge", {"note": "Đã gọi, máy phát chạy"})
    again = await hospital.ask("POST", f"{PATH}/1/acknowledge", {}, role="leader", Accept_Language="en")
    unknown = await hospital.ask("POST", f"{PATH}/9/acknowledge", {})

    assert (by_agent.status, done.status) == (403, 200)
    assert (again.status, again.code, unknown.status, unknown.code) == (
        409,
        "escalation.acknowledged",
        404,
        "escalation.unknown",
    )
    assert await listed(hospital) == []
    (kept,) = await listed(hospital, "?acknowledged=true&kind=important_customers")
    assert (kept["acknowledged_by"], kept["note"]) == ("operator at the desk", "Đã gọi, máy phát chạy")
    assert kept["acknowledged_at"] == NOW.isoformat().replace("+00:00", "Z")


async def test_only_whoever_is_touched_anew_is_a_new_matter(hospital: Office) -> None:
    await make_important(hospital, FAR_HOME, "Trạm bơm")
    await hospital.publish()
    one = "/api/v1/outages/1"
    both = {"feeders": [FEEDER, OTHER_FEEDER]}
    await hospital.ask("PATCH", one, {"scope": both})
    # Still open: it now names both.
    assert [row["reason"]["codes"] for row in await listed(hospital)] == [[SHOP, FAR_HOME]]

    await hospital.ask("POST", f"{PATH}/1/acknowledge", {})
    await hospital.ask("PATCH", one, {"reason": "Sét đánh"})
    await hospital.ask("PATCH", one, {"scope": {"feeders": [OTHER_FEEDER]}})
    await hospital.ask("PATCH", one, {"scope": both})
    assert await listed(hospital) == []

    await make_important(hospital, FACTORY, "Nhà máy nước")
    await hospital.ask("PATCH", one, {"scope": {"feeders": [FEEDER]}})
    assert [row["reason"]["codes"] for row in await listed(hospital)] == [[SHOP, FACTORY]]


async def test_an_incident_that_touches_none_is_no_matter_for_staff(hospital: Office) -> None:
    await hospital.publish(scope={"feeders": [OTHER_FEEDER]})
    assert await listed(hospital) == []
    assert (await hospital.ask("GET", f"{PATH}?kind=weather")).status == 422


async def test_matters_of_requests_say_what_to_do_until_when_on_the_utility_s_clock(office: Office) -> None:
    due = "2027-01-20T09:30:00+00:00"
    matters: dict[EscalationKind, dict[str, Any]] = {
        EscalationKind.REQUEST_LATE: {"service": "home_connection"},
        EscalationKind.UNHAPPY_SURVEY: {"survey": 4, "score": 3},
        EscalationKind.UNANSWERED_QUESTION: {"handover": 5, "waited": 15},
    }
    async with office.town.database.unit() as unit:
        for kind, reason in matters.items():
            # One is open for each kind and subject, however often it is opened.
            await escalations.open_(unit, kind, "HS-000001-E", {**reason, "due_by": NOW.isoformat()}, NOW)
            await escalations.open_(unit, kind, "HS-000001-E", {**reason, "due_by": due}, NOW)

    for language, said in (
        ("vi", ("trễ hẹn", "không hài lòng", "15 phút")),
        ("en", ("late", "unhappy", "15 min")),
    ):
        found = await listed(office, Accept_Language=language)
        assert [one["kind"] for one in reversed(found)] == list(matters)
        for one, part in zip(reversed(found), said, strict=True):
            assert part in one["text"]
            assert "HS-000001-E" in one["text"]
            assert "16:30 20/1/2027" in one["text"]
            assert one["reason"]["due_by"] == due
    (one,) = await listed(office, "?kind=unhappy_survey")
    assert "POST /api/v1/surveys/4/follow-up" in one["text"]

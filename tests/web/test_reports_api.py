"""The staff API of reports: listed without what tells who wrote them, and settled once."""

from __future__ import annotations

from conversations.model import Json
from conversations.report import OpenReport
from handlers.commands import carry_out
from handlers.talking import talking
from store.contacts import Contact
from tests.town import FEEDER, HOME
from tests.web.test_outages_api import Office, office

__all__ = ["office"]

PLACE: Json = {
    "target": f"c:{HOME}",
    "name": {"say": "place.as_said", "values": {"text": "x"}},
    "heard": "nhà cô Ba",
}


async def three_reports(office: Office) -> None:
    for number in range(3):
        contact_id = await office.town.resident(f"Người {number}")
        async with office.town.database.unit() as unit:
            contact = await unit.session.get(Contact, contact_id)
            assert contact is not None
            wish = OpenReport(f"BD-{number}", PLACE, {"since": "now"}, None, False)
            await carry_out(unit, contact, wish, office.town.now, talking())


async def test_a_list_of_reports_shows_neither_the_code_nor_the_customers_words(office: Office) -> None:
    await three_reports(office)
    listed = await office.ask("GET", "/api/v1/reports?state=open&urgent=false&limit=2", role="agent")
    assert (listed.status, len(listed.body["reports"])) == (200, 2)
    assert HOME not in str(listed.body)
    assert "cô Ba" not in str(listed.body)
    older = await office.ask("GET", f"/api/v1/reports?before={listed.body['next_before']}")
    assert [one["code"] for one in older.body["reports"]] == ["BD-0"]


async def test_a_suggestion_is_confirmed_once_and_all_reporters_are_told(office: Office) -> None:
    await three_reports(office)
    (one,) = (await office.ask("GET", "/api/v1/suggestions?state=open")).body["suggestions"]
    path = f"/api/v1/suggestions/{one['id']}"
    done = await office.ask("POST", f"{path}/confirm", {"reason": "Cây ngã"}, Idempotency_Key="k1")
    again = await office.ask("POST", f"{path}/confirm", {"reason": "Cây ngã"}, Idempotency_Key="k1")
    late = await office.ask("POST", f"{path}/dismiss", {"why": "không phải"})
    assert (done.status, again.body) == (201, done.body)
    assert (late.status, late.code) == (409, "suggestion.settled")
    assert {f"Người {number}" for number in range(3)} <= {who for who, _ in await office.town.heard()}


async def test_a_dismissal_wants_a_reason_and_the_right_to(office: Office) -> None:
    await three_reports(office)
    path = "/api/v1/suggestions/1/dismiss"
    assert (await office.ask("POST", path, {"why": " "})).status == 422
    assert (await office.ask("POST", path, {"why": "x"}, role="agent")).status == 403
    assert (await office.ask("POST", "/api/v1/suggestions/9/dismiss", {"why": "x"})).code == "suggestion.unknown"
    done = await office.ask("POST", path, {"why": "Đang thử bảo vệ"})
    assert (done.status, done.body["state"], done.body["why"]) == (200, "dismissed", "Đang thử bảo vệ")


async def test_who_sends_a_crew_reads_one_report_in_full_and_a_leader_does_not(office: Office) -> None:
    await three_reports(office)

    read = await office.ask("GET", "/api/v1/reports/bd-0", role="agent")
    leader = await office.ask("GET", "/api/v1/reports/BD-0", role="leader")
    unknown = await office.ask("GET", "/api/v1/reports/BD-7", role="agent", Accept_Language="en")

    assert (read.status, read.body["customer"], read.body["words"]) == (200, HOME, ["nhà cô Ba"])
    assert (leader.status, unknown.status) == (403, 404)
    assert "BD-7" in unknown.body["error"]["message"]


async def test_an_incident_published_by_hand_settles_what_was_suggested_of_it(office: Office) -> None:
    await three_reports(office)

    body = {"kind": "incident", "scope": {"feeders": [FEEDER]}}
    done = await office.ask("POST", "/api/v1/outages", body)
    (one,) = (await office.ask("GET", "/api/v1/suggestions")).body["suggestions"]
    tied = (await office.ask("GET", "/api/v1/reports")).body["reports"]
    await office.ask("POST", f"/api/v1/outages/{done.body['id']}/restore", {})
    closed = (await office.ask("GET", "/api/v1/reports")).body["reports"]

    assert (one["state"], one["outage_id"]) == ("confirmed", done.body["id"])
    assert {report["state"] for report in tied} == {"tied"}
    assert {report["state"] for report in closed} == {"closed"}

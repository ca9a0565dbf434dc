"""The staff API of requests: enough for a company's own system to take them from receipt to completion."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlmodel import select

from bot.web.server import WebServices, create_app
from conversations.privacy import KeepWish
from conversations.request_deeds import AskAboutRequest
from conversations.service_words import OpenRequest
from handlers import lateness, tokens
from handlers.commands import carry_out
from handlers.talking import talking
from store import requests as kept
from store import vault
from store.contacts import Contact
from store.db import Unit
from store.outbox import Message
from tests.handlers.test_requests import ANSWERS, CODE, ID_NUMBER, PAPERS, SECOND, Turned
from tests.town import HOME, NOW, built
from tests.web.test_outages_api import SECRETS, Office

SEALING = replace(talking(), sealer=Turned())
ONE = f"/api/v1/requests/{CODE}"


@pytest.fixture
async def desk(migrated_url: str) -> AsyncIterator[Office]:
    """Staff with two requests, one of which has a question."""
    async with built(migrated_url) as town:
        contact_id = await town.resident("Hoa")
        async with town.database.unit() as unit:
            for role, secret in SECRETS.items():
                await tokens.issue(unit, f"{role} at the desk", role, secret, NOW)
            contact = await unit.session.get(Contact, contact_id)
            assert contact is not None
            for code in (CODE, SECOND):
                wish = OpenRequest(code, "home_connection", ANSWERS, PAPERS)
                await carry_out(unit, contact, wish, town.now, SEALING)
            await carry_out(unit, contact, AskAboutRequest(CODE, "Bao giờ xong?"), town.now, SEALING)
        app = create_app(
            WebServices(town.database, lambda: town.now, lambda ids: None, talking().speaker, SEALING.sealer)
        )
        async with TestClient(TestServer(app)) as client:
            yield Office(town, client)


async def test_a_wish_for_a_correction_reaches_staff_who_close_it_once(desk: Office) -> None:
    async with desk.town.database.unit() as unit:
        contact = await unit.session.get_one(Contact, (await contacts_of(unit))[0])
        await carry_out(unit, contact, KeepWish("RD-000001-X", "correct"), NOW, SEALING)
        await carry_out(unit, contact, KeepWish("RD-000002-X", "see"), NOW, SEALING)
    (case,) = (await desk.ask("GET", "/api/v1/privacy-cases", role="agent")).body["cases"]
    assert (case["code"], case["wish"], case["state"]) == ("RD-000001-X", "correct", "asked")
    assert len((await desk.ask("GET", "/api/v1/privacy-cases?open=false", role="admin")).body["cases"]) == 2
    assert (await desk.ask("GET", "/api/v1/privacy-cases", role="operator")).status == 403

    done = await desk.ask("POST", f"/api/v1/privacy-cases/{case['id']}/done", {}, role="agent")
    assert (done.status, done.body["state"]) == (200, "done")
    again = await desk.ask("POST", f"/api/v1/privacy-cases/{case['id']}/done", {}, role="agent")
    assert (again.status, again.code) == (409, "privacy.not_yours")
    assert (await desk.ask("POST", "/api/v1/privacy-cases/99/done", {}, role="agent")).status == 404
    async with desk.town.database.reading() as unit:
        said = [
            words["say"]
            for one in (await unit.session.exec(select(Message))).all()
            for words in one.words["words"]
        ]
    assert said.count("privacy.corrected") == 1


async def contacts_of(unit: Unit) -> list[int]:
    return [one.contact_id for one in await kept.page(unit, 1)]


async def test_a_list_names_nobody_and_takes_filters(desk: Office) -> None:
    first = await desk.ask("GET", "/api/v1/requests?limit=1", role="leader")
    assert (first.status, [one["code"] for one in first.body["requests"]]) == (200, [SECOND])
    second = await desk.ask("GET", f"/api/v1/requests?before={first.body['next_before']}")
    (one,) = second.body["requests"]
    assert (one["name"], one["state"], one["company"], one["late"]) == ("N. T. Hoa", "received", HOME[:6], False)
    assert "Nguyễn" not in str(second.body)
    assert ID_NUMBER not in str(second.body)

    await desk.ask("POST", f"{ONE}/assign", {"company": "PE0200", "to": "đội 3"}, role="agent")
    await desk.ask("POST", f"{ONE}/moves", {"to": "checking"}, role="agent")
    for query, found in {
        "state=checking": [CODE],
        "state=done": [],
        "company=PE0200": [CODE],
        "assigned=": [SECOND],
        "service=home_connection": [SECOND, CODE],
        "late=true": [],
    }.items():
        listed = await desk.ask("GET", f"/api/v1/requests?{query}")
        assert [one["code"] for one in listed.body["requests"]] == found, query
    desk.town.now = (await _request(desk)).look_at or desk.town.now
    async with desk.town.database.unit() as unit:
        await lateness.requests_late(unit, desk.town.now)
    listed = await desk.ask("GET", "/api/v1/requests?late=true")
    assert {one["code"] for one in listed.body["requests"]} == {CODE, SECOND}


async def test_an_id_number_is_read_only_with_a_reason_and_every_reader_is_kept(desk: Office) -> None:
    masked = await desk.ask("GET", ONE.lower(), role="operator")
    assert (masked.status, masked.body["answers"]["id_number"]) == (200, "…234")
    assert (masked.body["answers"]["phone"], masked.body["sealed"]) == ("0901234567", True)
    assert ID_NUMBER not in str(masked.body)
    assert (await desk.ask("GET", f"{ONE}?full=1", role="agent")).fields.keys() == {"why"}
    assert (await desk.ask("GET", f"{ONE}?full=1&why=x", role="operator")).status == 403
    assert (await desk.ask("GET", ONE, role="leader")).status == 403
    full = await desk.ask("GET", f"{ONE}?full=1&why=k%C3%BD+h%E1%BB%A3p+%C4%91%E1%BB%93ng", role="agent")
    assert full.body["answers"]["id_number"] == ID_NUMBER

    assert (await desk.ask("GET", f"{ONE}/reads", role="agent")).status == 403
    reads = (await desk.ask("GET", f"{ONE}/reads", role="leader")).body["reads"]
    assert [(one["by"], one["file"], one["full"], one["why"]) for one in reads] == [
        ("operator at the desk", None, False, ""),
        ("agent at the desk", None, True, "ký hợp đồng"),
    ]


async def test_who_opened_a_file_stands_among_the_readers_of_its_request(desk: Office) -> None:
    papers = (await desk.ask("GET", f"{ONE}/papers", role="agent")).body["papers"]
    file = next(one["file"] for one in papers if one["file"])
    async with desk.town.database.unit() as unit:
        await vault.add(unit, file, (await _request(desk)).contact_id, "request", "image", desk.town.now)
        await vault.note_access(unit, file, "Hạnh", "đối chiếu thẻ", desk.town.now)
    (read,) = (await desk.ask("GET", f"{ONE}/reads", role="leader")).body["reads"]
    assert (read["by"], read["file"], read["full"], read["why"]) == ("Hạnh", file, True, "đối chiếu thẻ")


async def test_a_company_takes_a_request_from_receipt_to_completion(desk: Office) -> None:
    seen = await desk.ask("GET", ONE, role="agent")
    assert seen.body["allowed"] == ["checking", "papers_missing", "declined", "cancelled"]
    for to, note in (("checking", None), ("survey", "Hẹn 9 giờ"), ("works", ""), ("done", "Công tơ số 5")):
        moved = await desk.ask("POST", f"{ONE}/moves", {"to": to, "note": note}, role="agent")
        assert (moved.status, moved.body["state"]) == (200, to)
    wrong = await desk.ask("POST", f"{ONE}/moves", {"to": "works"}, role="agent", Accept_Language="en")
    assert (wrong.status, wrong.code, wrong.body["allowed"]) == (409, "request.not_allowed", ["reopened"])
    assert "reopened" in wrong.body["error"]["message"]
    unknown = await desk.ask("POST", "/api/v1/requests/HS-000009-X/moves", {"to": "done"}, role="agent")
    assert (unknown.status, unknown.code) == (404, "request.unknown")
    assert (await desk.ask("POST", f"{ONE}/moves", {"to": "done"}, role="leader")).status == 403
    seen = await desk.ask("GET", ONE, role="agent")
    assert [one["to_state"] for one in seen.body["moves"]] == ["received", "checking", "survey", "works", "done"]
    # One message tells all four moves, when the last has settled.
    assert [one["told"] for one in seen.body["moves"]] == [None, "due", "due", "due", "due"]
    assert seen.body["survey_due_at"]


async def test_a_deed_is_done_once_for_each_key(desk: Office) -> None:
    body = {"paper": "id_card", "why": "Ảnh mờ"}
    for _ in range(2):
        asked = await desk.ask("POST", f"{ONE}/papers", body, role="agent", Idempotency_Key="k1")
        assert (asked.status, asked.body["state"]) == (200, "papers_missing")
    papers = (await desk.ask("GET", f"{ONE}/papers", role="agent")).body["papers"]
    assert [(one["paper"], one["file"]) for one in papers] == [
        ("id_card", "f1"),
        ("id_card", "f2"),
        ("place_right", "f3"),
        ("id_card", None),
    ]
    assert papers[-1]["why"] == "Ảnh mờ"

    for path, body in (("answers", {"text": "Thứ Ba ạ"}), ("notes", {"text": "đã gọi"})):
        for _ in range(2):
            done = await desk.ask("POST", f"{ONE}/{path}", body, role="agent", Idempotency_Key=path)
            assert done.status == 200
    notes = (await desk.ask("GET", ONE, role="agent")).body["notes"]
    assert [one["kind"] for one in notes] == ["question", "answer", "note"]
    assert notes[1]["answers"] == notes[0]["id"]


async def test_a_new_day_is_named_only_while_the_clock_runs(desk: Office) -> None:
    late = await desk.ask("POST", f"{ONE}/expected", {"on": "2026-12-10", "why": "Chờ vật tư"}, role="agent")
    assert (late.status, late.body["expected_by"]) == (200, "2026-12-10T10:00:00Z")
    assert late.body["promised_by"] == "2026-12-01T10:00:00Z"
    assert (await desk.ask("POST", f"{ONE}/expected", {"on": "2026-11-01"}, role="agent")).status == 409
    assert "on" in (await desk.ask("POST", f"{ONE}/expected", {"on": "mai"}, role="agent")).fields
    await desk.ask("POST", f"{ONE}/moves", {"to": "papers_missing"}, role="agent")
    stopped = await desk.ask("POST", f"{ONE}/expected", {"on": "2026-12-20"}, role="agent")
    assert (stopped.status, stopped.code) == (409, "request.too_early")


async def test_the_description_tells_another_system_how_to_drive_it(desk: Office) -> None:
    document = (await desk.ask("GET", "/api/v1/openapi.json")).body
    paths = document["paths"]
    (code, *_) = paths["/api/v1/requests/{code}/moves"]["post"]["parameters"]
    assert (code["name"], code["schema"]) == ("code", {"type": "string"})
    assert paths["/api/v1/outages/{id}"]["get"]["parameters"][0]["schema"] == {"type": "integer"}
    assert "allowed" in document["components"]["schemas"]["Error"]["properties"]
    for path in ("moves", "papers", "notes", "answers", "assign", "expected"):
        parameters = paths[f"/api/v1/requests/{{code}}/{path}"]["post"]["parameters"]
        assert "Idempotency-Key" in json.dumps(parameters)
    assert {"full", "why"} <= {one["name"] for one in paths["/api/v1/requests/{code}"]["get"]["parameters"]}


async def _request(desk: Office) -> kept.Request:
    async with desk.town.database.reading() as unit:
        found = await kept.with_code(unit, CODE)
    assert found is not None
    return found

"""The staff API of outages: what it takes, what it answers, and how it refuses, in both languages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict

from bot.web.errors import texts, wanted
from bot.web.server import WebServices, create_app
from handlers import tokens
from handlers.talking import talking
from store.outbox import Status
from tests.town import BEN_THANH, FAR_HOME, FEEDER, HOME, NOW, SHOP, Town, built

SECRETS = {role: f"sd_{role}_secret" for role in ("operator", "agent", "leader", "admin")}
INCIDENT: dict[str, Any] = {"kind": "incident", "reason": None, "scope": {"feeders": [FEEDER]}}


@dataclass
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: CIMultiDict[str]

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])

    @property
    def fields(self) -> dict[str, str]:
        return {one["path"]: one["message"] for one in self.body["error"].get("fields", [])}


@dataclass
class Office:
    """Staff at their desk, with the town behind."""

    town: Town
    client: TestClient[web.Request, web.Application]
    spread: list[Sequence[int]] = field(default_factory=list)

    async def ask(
        self, method: str, path: str, body: Any = None, role: str = "operator", **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Authorization", f"Bearer {SECRETS.get(role, role)}")
        given: dict[str, Any] = {"data": body} if isinstance(body, (str, bytes, BytesIO)) else {"json": body}
        if body is None:
            given = {}
        async with self.client.request(method, path, headers=named, **given) as answer:
            plain = await answer.json(content_type=None)
            return Answer(answer.status, plain, CIMultiDict(answer.headers))

    async def publish(self, **changed: Any) -> Answer:
        return await self.ask("POST", "/api/v1/outages", INCIDENT | changed)

    async def refused(self, **changed: Any) -> dict[str, str]:
        """The fields that a draft is refused for, in English."""
        answer = await self.ask("POST", "/api/v1/outages", INCIDENT | changed, Accept_Language="en")
        assert (answer.status, answer.code) == (422, "invalid")
        assert await self.town.heard() == []
        return answer.fields


@pytest.fixture
async def office(migrated_url: str) -> AsyncIterator[Office]:
    async with built(migrated_url) as town:
        async with town.database.unit() as unit:
            for role, secret in SECRETS.items():
                await tokens.issue(unit, f"{role} at the desk", role, secret, NOW)
        await town.resident("An", f"c:{HOME} Nhà", channel="web")
        await town.resident("Bình", f"c:{SHOP} Tiệm", channel="web")
        spread: list[Sequence[int]] = []
        app = create_app(WebServices(town.database, lambda: town.now, spread.append, talking().speaker))
        async with TestClient(TestServer(app)) as client:
            yield Office(town, client, spread)


# --- publishing and what follows ----------------------------------------------------------------------------


async def test_an_incident_is_published_with_one_request(office: Office) -> None:
    answer = await office.publish()

    assert (answer.status, answer.body) == (
        201,
        {
            "id": 1,
            "code": "SC-261123-1",
            "state": "published",
            "revision": 1,
            "affected_customers": 3,
            "recipients": 2,
            "slots": [
                {"number": 1, "starts_at": NOW.isoformat().replace("+00:00", "Z"), "ends_at": None, "state": "on"}
            ],
            "findings": [],
            "important_customers": {"count": 0, "customers": []},
        },
    )
    assert await office.town.heard() == [("An", "incident"), ("Bình", "incident")]
    assert office.spread == []


async def test_all_that_the_design_allows_in_a_body_is_taken(office: Office) -> None:
    answer = await office.publish(
        reason="  Sét đánh  ",
        slots=[{"starts_at": "2026-11-23T13:30:00+07:00", "ends_at": "2026-11-23T09:00:00Z"}],
        scope={"feeders": [], "transformers": ["BT-01"], "wards": [], "customers": [SHOP.lower()]},
        override={"rule": "five_hours", "why": "khẩn cấp"},
    )
    assert answer.status == 201

    shown = await office.ask("GET", "/api/v1/outages/1", role="leader")
    assert shown.body["reason"] == "Sét đánh"
    assert shown.body["slots"] == [
        {"number": 1, "starts_at": "2026-11-23T06:30:00Z", "ends_at": "2026-11-23T09:00:00Z", "state": "on"}
    ]
    assert shown.body["scope"] == {"feeders": [], "transformers": ["BT-01"], "wards": [], "customers": [SHOP]}
    assert shown.body["area"] == [{"ward": BEN_THANH, "name": "Phường Bến Thành", "part": True}]
    assert [(one["revision"], one["stage"], one["by"]) for one in shown.body["revisions"]] == [
        (1, "incident", "operator at the desk")
    ]


async def test_an_incident_is_changed_then_restored(office: Office) -> None:
    await office.publish()
    await office.town.send()

    changed = await office.ask(
        "PATCH", "/api/v1/outages/1", {"reason": "Cây ngã", "ends_at": "2026-11-23T16:00:00+07:00"}
    )
    again = await office.ask(
        "PATCH", "/api/v1/outages/1", {"reason": "Cây ngã", "ends_at": "2026-11-23T16:00:00+07:00"}
    )
    await office.town.send()
    office.town.now = NOW + timedelta(hours=1)
    restored = await office.ask("POST", "/api/v1/outages/1/restore")

    assert (changed.status, changed.body["revision"], changed.body["recipients"]) == (200, 2, 2)
    assert (again.status, again.body["revision"], again.body["recipients"]) == (200, 2, 0)
    assert (restored.status, restored.body["revision"], restored.body["recipients"]) == (200, 3, 2)
    assert await office.town.heard(revision=2) == [("An", "change"), ("Bình", "change")]
    assert await office.town.heard(revision=3) == [("An", "restored"), ("Bình", "restored")]


async def test_a_mistake_is_taken_back(office: Office) -> None:
    await office.publish()
    await office.town.send()

    cancelled = await office.ask("POST", "/api/v1/outages/1/cancel", {})
    restored = await office.ask("POST", "/api/v1/outages/1/restore", {})

    assert (cancelled.status, cancelled.body["recipients"]) == (200, 2)
    assert (restored.status, restored.code) == (409, "outage.over")


async def test_outages_are_listed_newest_first_a_page_at_a_time(office: Office) -> None:
    for _ in range(3):
        await office.publish()
    await office.ask("POST", "/api/v1/outages/2/restore")

    first = await office.ask("GET", "/api/v1/outages?limit=2", role="agent")
    second = await office.ask("GET", f"/api/v1/outages?limit=2&before={first.body['next_before']}")
    restored = await office.ask("GET", "/api/v1/outages?state=restored&kind=incident")

    assert [one["id"] for one in first.body["outages"]] == [3, 2]
    assert [one["id"] for one in second.body["outages"]] == [1]
    assert second.body["next_before"] is None
    assert [one["id"] for one in restored.body["outages"]] == [2]


async def test_who_was_told_is_counted_and_shown_with_addresses_masked(office: Office) -> None:
    await office.town.resident("0901234567", f"c:{HOME} Nhà")
    await office.publish()
    await office.town.send(limit=2)
    await office.town.settle(await office.town.claim(), Status.REJECTED)

    first = await office.ask("GET", "/api/v1/outages/1/deliveries?limit=2")
    second = await office.ask("GET", f"/api/v1/outages/1/deliveries?limit=2&after={first.body['next_after']}")

    assert first.body["counts"] == {"sent": 2, "rejected": 1}
    assert [one["status"] for one in first.body["deliveries"]] == ["sent", "sent"]
    (last,) = second.body["deliveries"]
    assert (last["status"], last["places"], last["channel"]) == ("rejected", ["Nhà"], "web")
    assert "0901234567" not in last["to"]
    assert last["to"].endswith("567")
    assert second.body["next_after"] is None


async def test_the_rest_of_a_large_audience_is_written_after_the_answer(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.announcements.announce.__defaults__", (True, 1, 1))

    answer = await office.publish()

    assert (answer.status, answer.body["recipients"]) == (201, 2)
    assert [len(ids) for ids in office.spread] == [1]
    assert await office.town.heard() == [("An", "incident")]


async def test_a_crash_while_a_large_audience_is_counted_publishes_nothing_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.announcements.announce.__defaults__", (True, 1, 1))
    with monkeypatch.context() as crashing:
        crashing.delattr("handlers.outages.recipients")
        assert (await office.ask("POST", "/api/v1/outages", INCIDENT, Idempotency_Key="k")).status == 500

    replies = [await office.ask("POST", "/api/v1/outages", INCIDENT, Idempotency_Key="k") for _ in range(2)]

    assert [(one.status, one.body["id"], one.body["recipients"]) for one in replies] == [(201, 1, 2)] * 2
    assert [one.headers["Idempotent-Replay"] for one in replies] == ["true", "true"]
    assert [len(ids) for ids in office.spread] == [1]


# --- the door -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer sd_wrong", "Basic c2Q6", f"Token {SECRETS['admin']}"]
)
async def test_without_a_token_nothing_is_shown(office: Office, authorization: str) -> None:
    for method, path in (("GET", "/api/v1/outages"), ("POST", "/api/v1/outages"), ("GET", "/api/v1/outages/1")):
        answer = await office.ask(method, path, Authorization=authorization, Accept_Language="en")

        assert (answer.status, answer.code) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="sangden"'
        assert "sangden token add" in answer.body["error"]["message"]


@pytest.mark.parametrize(("role", "status"), [("operator", 201), ("admin", 201), ("leader", 201), ("agent", 403)])
async def test_who_plans_publishes_and_everyone_reads(office: Office, role: str, status: int) -> None:
    answer = await office.ask("POST", "/api/v1/outages", INCIDENT, role=role, Accept_Language="en")
    reading = await office.ask("GET", "/api/v1/outages", role=role)

    assert (answer.status, reading.status) == (status, 200)
    if status == 403:
        assert "operator, leader, admin" in answer.body["error"]["message"]
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


async def test_a_refused_caller_learns_nothing_about_their_body(office: Office) -> None:
    answer = await office.ask("POST", "/api/v1/outages", "{", role="agent")

    assert answer.status == 403


async def test_a_token_issued_again_voids_the_old_secret(office: Office) -> None:
    async with office.town.database.unit() as unit:
        await tokens.issue(unit, "operator at the desk", "operator", "sd_new", NOW)

    assert (await office.publish()).status == 401
    assert (await office.ask("POST", "/api/v1/outages", INCIDENT, role="sd_new")).status == 201


# --- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "time",
    [
        "2 giờ chiều",
        "2026-11-23T14:05:00",
        "2026-11-23",
        "14:05",
        "",
        1_795_000_000,
        "1795000000",
        None,
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+07:00",
        "9999-12-31T23:59:00-07:00",
    ],
)
async def test_an_unreadable_time_gets_an_example_of_a_readable_one(office: Office, time: object) -> None:
    vietnamese = await office.publish(slots=[{"starts_at": time}])

    assert vietnamese.fields == {
        "slots.0.starts_at": "Viết thời điểm theo ISO 8601 có múi giờ, ví dụ 2026-11-23T14:05:00+07:00."
    }
    english = await office.refused(slots=[{"starts_at": time}])
    assert english["slots.0.starts_at"].startswith("Write the time as ISO 8601 with a zone")


@pytest.mark.parametrize(
    ("changed", "path", "words"),
    [
        ({"kind": "planned", "slots": []}, "slots", "at least one window"),
        ({"kind": "blackout"}, "kind", "'planned' or 'incident'"),
        ({"scope": {}}, "scope", "at least one entry"),
        ({"scope": {"feeders": [FEEDER], "streets": []}}, "scope.streets", "no field of this name"),
        ({"scope": {"feeders": FEEDER}}, "scope.feeders", "must be a list"),
        ({"scope": {"wards": [26743]}}, "scope.wards.0", "must be a text"),
        ({"scope": [FEEDER]}, "scope", "must be an object"),
        ({"scope": {"feeders": [FEEDER] * 1_001}}, "scope.feeders", "at most 1000"),
        ({"scope": {"feeders": ["471-TB"]}}, "scope.feeders.0", "471-BT"),
        ({"scope": {"customers": [HOME, "PE01000000009"]}}, "scope.customers.1", HOME),
        ({"scope": {"wards": ["x\x00y"]}}, "scope.wards.0", "control character"),
        ({"reason": "Sét\x00"}, "reason", "control character"),
        ({"reason": "r" * 301}, "reason", "at most 300"),
        ({"reason": 5}, "reason", "must be a text"),
        ({"cause": "sét"}, "cause", "no field of this name"),
        ({"slots": [{"starts_at": "2026-11-23T14:05:00+07:00"}] * 2}, "slots", "exactly one slot"),
        ({"slots": [{}]}, "slots.0.starts_at", "missing"),
        ({"slots": ["now"]}, "slots.0", "must be an object"),
        ({"slots": [{"starts_at": "2026-11-24T14:06:00+07:00"}]}, "slots.0.starts_at", "more than a day from now"),
        (
            {"slots": [{"starts_at": "2026-11-23T14:05:00+07:00", "ends_at": "2026-11-23T14:00:00+07:00"}]},
            "slots.0.ends_at",
            "after the start",
        ),
    ],
)
async def test_a_bad_field_gets_a_path_and_a_sentence(
    office: Office, changed: dict[str, Any], path: str, words: str
) -> None:
    fields = await office.refused(**changed)

    assert list(fields) == [path]
    assert words in fields[path]


async def test_a_change_is_refused_by_the_field_that_was_sent(office: Office) -> None:
    await office.publish()

    early = await office.ask("PATCH", "/api/v1/outages/1", {"ends_at": "2026-11-23T14:00:00+07:00"})
    none = await office.ask("PATCH", "/api/v1/outages/1", {"slots": []})
    unknown = await office.ask("PATCH", "/api/v1/outages/1", {"scope": {"wards": ["1"]}})

    assert [list(one.fields) for one in (early, none, unknown)] == [["ends_at"], ["slots"], ["scope.wards.0"]]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"incident"', b"\xff\xfe", '{"kind": "\\ud800"}'])
async def test_a_body_that_is_no_object_is_refused(office: Office, body: str | bytes) -> None:
    answer = await office.ask("POST", "/api/v1/outages", body)

    assert answer.status in (400, 422)
    assert answer.code in ("not_json", "not_object", "invalid")


async def test_a_body_of_megabytes_is_refused(office: Office) -> None:
    answer = await office.ask("POST", "/api/v1/outages", BytesIO(b"x" * 1_100_000))

    assert (answer.status, answer.code) == (413, "too_large")


async def test_what_does_not_exist_is_said_to_be_unknown(office: Office) -> None:
    for method, path in (
        ("GET", "/api/v1/outages/7"),
        ("GET", "/api/v1/outages/7/deliveries"),
        ("PATCH", "/api/v1/outages/7"),
        ("POST", "/api/v1/outages/7/restore"),
        ("POST", "/api/v1/outages/7/cancel"),
    ):
        answer = await office.ask(method, path, {} if method != "GET" else None, Accept_Language="en-GB")
        assert (answer.status, answer.code) == (404, "outage.unknown")
        assert "7" in answer.body["error"]["message"]
    for path in ("/api/v1/outage", "/api/v1/outages/abc", f"/api/v1/outages/{'9' * 30}"):
        answer = await office.ask("GET", path)
        assert (answer.status, answer.code) == (404, "not_found")
    answer = await office.ask("DELETE", "/api/v1/outages/1")
    assert (answer.status, answer.code) == (405, "method")
    assert "PATCH" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "limit=0", "before=abc", "state=gone", "kind=storm", f"before={'9' * 30}"]
)
async def test_a_page_that_cannot_be_shown_is_refused(office: Office, query: str) -> None:
    answer = await office.ask("GET", f"/api/v1/outages?{query}", Accept_Language="en")

    assert (answer.status, answer.code) == (422, "invalid")
    assert list(answer.fields) == [query.split("=")[0]]


async def test_a_fault_of_ours_is_a_sentence_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret details")

    monkeypatch.setattr("handlers.outages.publish", broken)

    answer = await office.publish()

    assert (answer.status, answer.code) == (500, "fault")
    assert "secret" not in str(answer.body)
    assert answer.headers["X-Request-Id"] in answer.body["error"]["message"]


# --- Idempotency-Key ----------------------------------------------------------------------------------------


async def test_the_same_key_and_body_get_the_same_answer_and_no_second_outage(office: Office) -> None:
    first = await office.ask("POST", "/api/v1/outages", INCIDENT, Idempotency_Key="k1")
    again = await office.ask("POST", "/api/v1/outages", INCIDENT, Idempotency_Key="k1")
    other_caller = await office.ask("POST", "/api/v1/outages", INCIDENT, role="admin", Idempotency_Key="k1")

    assert (again.status, again.body) == (first.status, first.body)
    assert ("Idempotent-Replay" in first.headers, again.headers["Idempotent-Replay"]) == (False, "true")
    assert other_caller.body["id"] == 2
    assert len((await office.ask("GET", "/api/v1/outages")).body["outages"]) == 2


async def test_the_same_key_with_another_body_or_deed_is_refused(office: Office) -> None:
    await office.ask("POST", "/api/v1/outages", INCIDENT, Idempotency_Key="k1")

    for path, body in (("/api/v1/outages", INCIDENT | {"reason": "Sét"}), ("/api/v1/outages/1/restore", {})):
        answer = await office.ask("POST", path, body, Idempotency_Key="k1")
        assert (answer.status, answer.code) == (409, "idempotency.other_body")
    assert (await office.ask("GET", "/api/v1/outages/1")).body["state"] == "published"


async def test_a_refused_request_leaves_its_key_free(office: Office) -> None:
    refused = await office.ask("POST", "/api/v1/outages", INCIDENT | {"kind": "planned"}, Idempotency_Key="k1")
    corrected = await office.ask("POST", "/api/v1/outages", INCIDENT, Idempotency_Key="k1")

    assert (refused.status, corrected.status) == (422, 201)


async def test_two_requests_at_once_with_one_key_are_one_outage(office: Office) -> None:
    answers = await asyncio.gather(
        *(office.ask("POST", "/api/v1/outages", INCIDENT, Idempotency_Key="k1") for _ in range(5))
    )

    assert {answer.status for answer in answers} == {201}
    assert {answer.body["id"] for answer in answers} == {1}
    assert sum("Idempotent-Replay" in answer.headers for answer in answers) == 4


@pytest.mark.parametrize("key", ["", "k" * 201, "khoá"])
async def test_a_key_that_cannot_be_kept_is_refused(office: Office, key: str) -> None:
    answer = await office.ask("POST", "/api/v1/outages", INCIDENT, Idempotency_Key=key)

    assert (answer.status, answer.code) == (400, "idempotency.bad_key")


# --- the rest of the server ---------------------------------------------------------------------------------


async def test_every_operation_is_described_and_nothing_else(office: Office) -> None:
    answer = await office.ask("GET", "/api/v1/openapi.json", Authorization="")
    described = {
        (method.upper(), path) for path, operations in answer.body["paths"].items() for method in operations
    }
    app = office.client.server.app  # type: ignore[attr-defined]
    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.resource.canonical.startswith("/api/v1/") and route.method != "HEAD"
    }

    assert described == served - {("GET", "/api/v1/openapi.json")}
    assert answer.body["openapi"].startswith("3.1")


async def test_every_reference_of_the_description_leads_somewhere(office: Office) -> None:
    answer = await office.ask("GET", "/api/v1/openapi.json")
    schemas = answer.body["components"]["schemas"]

    references = set(re.findall(r"'#/components/schemas/(\w+)'", str(answer.body)))
    assert {"OutageIn", "PublishedOut", "Error"} <= references <= set(schemas)
    assert schemas["SlotIn"]["properties"]["starts_at"]["format"] == "date-time"
    for operations in answer.body["paths"].values():
        for operation in operations.values():
            success = next(iter(operation["responses"].values()))
            assert success["content"]["application/json"]["schema"]


async def test_each_answer_forbids_what_a_page_does_not_need(office: Office) -> None:
    for path in ("/healthz", "/api/v1/outages", "/nowhere", "/static/nothing.js"):
        async with office.client.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Request-Id"]


async def test_the_probes_and_the_figures_answer(office: Office) -> None:
    await office.publish()
    for path in ("/healthz", "/readyz"):
        async with office.client.get(path) as answer:
            assert (answer.status, (await answer.json())["status"]) == (200, "ok")
    async with office.client.get("/metrics") as answer:
        assert 'sangden_deliveries{channel="web",status="due"} 2.0' in await answer.text()


async def test_without_its_database_the_service_lives_but_is_not_ready(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("store.outbox.next_due", unreachable)

    async with office.client.get("/readyz") as ready, office.client.get("/healthz") as alive:
        assert (ready.status, alive.status) == (503, 200)


def test_every_sentence_for_staff_is_there_in_both_languages_with_the_same_values() -> None:
    for key, sentence in texts().items():
        assert set(sentence) == {"vi", "en"}, key
        assert wanted(sentence["vi"]) == wanted(sentence["en"]), key
        assert sentence["vi"] != sentence["en"], key


async def test_the_language_most_wanted_is_spoken(office: Office) -> None:
    for header, start in (
        ("en-US,en;q=0.9,vi;q=0.8", "There is no outage"),
        ("vi-VN,vi;q=0.9,en;q=0.5", "Không có lịch hay sự cố"),
        ("fr, en;q=0.5, vi;q=0.1", "There is no outage"),
        ("fr", "Không có lịch hay sự cố"),
        ("*", "Không có lịch hay sự cố"),
    ):
        answer = await office.ask("GET", f"/api/v1/outages/{FAR_HOME[-1]}", Accept_Language=header)
        assert answer.body["error"]["message"].startswith(start), header

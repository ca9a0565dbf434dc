"""The desk through the staff API and its live socket: who waits, what they write, and what is said to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, web
from aiohttp.test_utils import TestClient, TestServer

from bot.web.desk_bodies import LineOut
from bot.web.desk_socket import SHUT_OUT, DeskSocket
from bot.web.history import LAST, newest_items, said_item
from bot.web.server import WebServices, create_app
from conversations.model import Press, Reply, Words
from conversations.wire import reply_to_json
from handlers import tokens
from handlers.talking import talking
from store import contacts, outbox
from store.db import Database
from store.handovers import HandoverState
from store.outbox import Said, Settled, Status
from tests.handlers.test_handovers import MINUTE, MORNING, Chat

SECRETS = {"Hạnh": "sd_hanh", "Tâm": "sd_tam", "boss": "sd_leader"}


@dataclass
class Desk:
    """The service with two agents and a leader, and customers who write to it."""

    chat: Chat
    client: TestClient[web.Request, web.Application]

    async def ask(self, method: str, path: str, body: Any = None, by: str = "Hạnh") -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {SECRETS[by]}", "Accept-Language": "en"}
        async with self.client.request(method, f"/api/v1{path}", headers=headers, json=body) as answer:
            return answer.status, await answer.json()

    async def sit_down(self, by: str = "Hạnh") -> ClientWebSocketResponse:
        headers = {"Authorization": f"Bearer {SECRETS[by]}", "Accept-Language": "en"}
        return await self.client.ws_connect("/api/v1/handovers/live", headers=headers)


@pytest.fixture
async def desk(migrated_url: str) -> AsyncIterator[Desk]:
    database = Database(migrated_url)
    chat = Chat(database)
    async with database.unit() as unit:
        for name, secret in SECRETS.items():
            await tokens.issue(unit, name, "leader" if name == "boss" else "agent", secret, MORNING)
    socket = DeskSocket(database, lambda: chat.now, talking().speaker)
    services = WebServices(database, lambda: chat.now, lambda ids: None, talking().speaker)
    async with TestClient(TestServer(create_app(services, socket.routes()))) as client:
        yield Desk(chat, client)
        await socket.close()
    await database.close()


async def until(socket: ClientWebSocketResponse, **wanted: Any) -> dict[str, Any]:
    """The next message of the socket that has these values."""
    async with asyncio.timeout(20):
        while True:
            message: dict[str, Any] = await socket.receive_json()
            flat = {**message, **message.get("handover", {}), **message.get("line", {})}
            if wanted.items() <= flat.items():
                return message


async def test_an_agent_takes_reads_answers_and_ends(desk: Desk) -> None:
    await desk.chat.writes("Lan", "gặp nhân viên")
    await desk.chat.writes("Lan", "Hỏi vụ chốt công tơ trễ hai ngày <b>")

    status, listed = await desk.ask("GET", "/handovers")
    (one,) = listed["handovers"]
    assert (status, one["state"], one["name"]) == (200, "waiting", "Lan")
    number = one["id"]
    assert (await desk.ask("POST", f"/handovers/{number}/say", {"text": "Chào"}))[1]["error"][
        "code"
    ] == "handover.waiting"

    assert (await desk.ask("POST", f"/handovers/{number}/take"))[1]["taken_by"] == "Hạnh"
    status, refused = await desk.ask("POST", f"/handovers/{number}/take", by="Tâm")
    assert (status, refused["error"]["message"].startswith("Hạnh is talking")) == (409, True)
    lines = (await desk.ask("GET", f"/handovers/{number}"))[1]["lines"]
    assert [line["text"] for line in lines if line["by"] == "customer"][-1].endswith("hai ngày &lt;b&gt;")

    assert (await desk.ask("POST", f"/handovers/{number}/end"))[1]["error"]["code"] == "handover.unanswered"
    assert (await desk.ask("POST", f"/handovers/{number}/say", {"text": "  "}))[0] == 422
    assert (await desk.ask("POST", f"/handovers/{number}/say", {"text": "a\0b"}))[0] == 422
    assert (await desk.ask("POST", f"/handovers/{number}/say", {"text": "Giá < 2.000 đ ạ"}))[0] == 200
    ended = (await desk.ask("POST", f"/handovers/{number}/end", {"note": "đã giải thích"}))[1]
    assert (ended["state"], ended["note"]) == ("answered", "đã giải thích")
    assert (await desk.chat.heard("Lan"))[-3:] == ["agent.taken", "agent.says", "agent.talk_over"]

    assert (await desk.ask("GET", "/handovers"))[1]["handovers"] == []
    assert [one["id"] for one in (await desk.ask("GET", "/handovers?state=answered"))[1]["handovers"]] == [number]
    assert (await desk.ask("GET", "/handovers", by="boss"))[0] == 403
    assert (await desk.ask("POST", "/handovers/77/take"))[0] == 404


async def test_a_live_desk_sees_who_waits_what_they_write_and_answers_at_once(desk: Desk) -> None:
    await desk.chat.writes("Lan", "gặp nhân viên")
    socket = await desk.sit_down()
    number = (await until(socket, type="handover", state="waiting"))["handover"]["id"]
    await until(socket, type="ready")
    colleague = await desk.sit_down("Tâm")
    await until(colleague, type="ready")

    await socket.send_json({"type": "take", "id": number})
    await until(socket, type="handover", taken_by="Hạnh")
    await until(colleague, type="handover", taken_by="Hạnh")
    await desk.chat.writes("Lan", "nhà em ở Bến Thành")
    await until(socket, type="line", id=number, by="customer", text="nhà em ở Bến Thành")

    await colleague.send_json({"type": "say", "id": number, "text": "để em", "ref": "r1"})
    assert (await until(colleague, type="refused", ref="r1"))["code"] == "handover.taken"
    await socket.send_json({"type": "say", "id": number, "text": "Em chào chị"})
    await until(socket, type="handover", said_at="2026-11-25T02:00:00Z")
    await desk.chat.writes("Lan", Press("go:agentleave"))
    await until(socket, type="handover", state="answered", ended_by="customer")

    for wrong in (
        "[1]",
        "{",
        '{"type": "sing"}',
        '{"type": "say", "id": 1, "text": ""}',
        '{"type": "say", "id": 1, "text": "a\\u0000b"}',
        '{"type": "take", "id": 99999999999999999999}',
        '{"type": "take", "id": true}',
    ):
        await socket.send_str(wrong)
        assert (await until(socket, type="refused"))["text"]
    await socket.close()
    await colleague.close()


async def test_who_is_dismissed_neither_reads_on_nor_speaks(desk: Desk) -> None:
    await desk.chat.writes("Lan", "gặp nhân viên")
    socket = await desk.sit_down()
    number = (await until(socket, type="handover"))["handover"]["id"]
    await until(socket, type="ready")

    async with desk.chat.database.unit() as unit:
        await tokens.issue(unit, "Hạnh", "agent", "sd_another", MORNING)
    await socket.send_json({"type": "take", "id": number})
    async with asyncio.timeout(20):
        while not socket.closed:
            await socket.receive()

    assert socket.close_code == SHUT_OUT
    wish = await desk.chat.wish("Lan")
    assert wish is not None
    assert wish.state == HandoverState.WAITING


async def test_a_socket_without_a_token_is_refused(desk: Desk) -> None:
    async with desk.client.get("/api/v1/handovers/live") as answer:
        assert answer.status == 401


@pytest.mark.parametrize("path", ["my-data/eyJ.ab-c_D.json", "calendar/eyJ.ab-c_D.ics"])
def test_a_line_of_the_chat_opens_nobody_elses_data(path: str) -> None:
    item = {"key": "d1", "from": "bot", "at": "", "text": f"đường dẫn: https://dien.vn/{path}, 24 giờ"}
    text = LineOut.of(item).text
    assert "ab-c" not in text
    assert text.endswith(", 24 giờ")


async def test_an_agent_is_shown_the_newest_lines_and_never_an_older_one_afterwards(desk: Desk) -> None:
    for number in range(70):
        await desk.chat.writes("Lan", f"chị hỏi lần {number}")
    async with desk.chat.database.unit() as unit:
        sent = await outbox.claim(unit, "web", MORNING, MORNING + MINUTE, 1000, (0, 99))
        await outbox.settle(unit, [Settled(one.id, Status.SENT, MORNING, MORNING) for one in sent])
    async with desk.chat.database.reading() as unit:
        contact = await contacts.find(unit, "web", "Lan")
        assert contact is not None
        first = await newest_items(unit, contact, talking().speaker)
        again = await newest_items(unit, contact, talking().speaker, {item["key"] for item in first})
    assert (len(sent), len(first)) == (70, LAST)
    assert again == []


@pytest.mark.parametrize(("key", "whose"), [("agent.says", "staff"), ("agent.taken", "bot")])
def test_the_page_shows_whose_words_they_are(key: str, whose: str) -> None:
    words = reply_to_json(Reply((Words(key, {"name": "Hạnh", "text": "Em chào chị"}),)))
    assert said_item(Said(1, words, (), 0, MORNING), "vi", talking().speaker)["from"] == whose

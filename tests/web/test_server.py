"""What the server refuses, what it promises to proxies and probes, and how the chat's socket answers nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, FormData, WSMsgType, WSServerHandshakeError
from pydantic import SecretStr

from bot.web.chat import COOKIE, MOST_EVENTS
from tests.emulators.telegram import TelegramEmulator
from tests.web.service import TOKEN, Service, settings_for

SECRET = "what-telegram-repeats"  # noqa: S105
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105
PRESS = Path(__file__).parent.parent / "channels" / "payloads" / "telegram" / "press.json"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 100


@pytest.fixture
async def client(served: Service) -> AsyncIterator[ClientSession]:
    # Cookies of an address without a name are kept only on request.
    async with ClientSession(served.address, cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
async def visitor(client: ClientSession) -> ClientSession:
    """A client that has opened the page, and so holds a visitor's cookie."""
    async with client.get("/") as response:
        assert response.status == 200
    return client


async def heard(socket: ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next message of that type."""
    async with asyncio.timeout(30):
        while True:
            message: dict[str, Any] = await socket.receive_json()
            if message["type"] == kind:
                return message


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/nowhere", "/api/v1/nowhere", "/static/chat.css", "/static/none"]
)
async def test_every_answer_carries_the_security_headers(client: ClientSession, path: str) -> None:
    async with client.get(path) as response:
        headers = response.headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Request-Id"]


async def test_a_visitors_cookie_is_out_of_reach_of_scripts_and_of_other_sites(client: ClientSession) -> None:
    async with client.get("/") as response:
        cookie = response.cookies[COOKIE]
        assert response.headers["Cache-Control"] == "no-store"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["secure"]


async def test_behind_https_the_cookie_travels_only_there(service: Service) -> None:
    service.settings = service.settings.model_copy(update={"public_url": "https://chat.example.vn"})
    async with service.on(), ClientSession(service.address) as client, client.get("/") as response:
        assert response.cookies[COOKIE]["secure"]


async def test_static_files_are_asked_for_again_and_sent_only_when_they_changed(client: ClientSession) -> None:
    async with client.get("/static/chat.js") as response:
        assert response.headers["Cache-Control"] == "no-cache"
        etag = response.headers["ETag"]
    async with client.get("/static/chat.js", headers={"If-None-Match": etag}) as response:
        assert response.status == 304


async def test_no_file_outside_the_static_folder_is_served(client: ClientSession) -> None:
    async with client.get("/static/%2e%2e/server.py") as response:
        assert response.status in (403, 404)


async def test_a_socket_with_a_forged_cookie_is_closed_and_told_why(client: ClientSession) -> None:
    async with client.ws_connect("/chat/ws", headers={"Cookie": f"{COOKIE}=somebody.else"}) as socket:
        message = await socket.receive(timeout=30)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 4401)


async def test_a_page_of_another_site_gets_no_socket(visitor: ClientSession) -> None:
    with pytest.raises(WSServerHandshakeError) as caught:
        await visitor.ws_connect("/chat/ws", origin="https://evil.example")
    assert caught.value.status == 403


async def test_a_page_of_our_own_gets_a_socket(visitor: ClientSession, served: Service) -> None:
    async with visitor.ws_connect("/chat/ws", origin=served.address) as socket:
        assert (await heard(socket, "hello"))["items"] == []


@pytest.mark.parametrize(
    "frame",
    [
        "not JSON",
        "[]",
        "{}",
        '{"type":"text","text":""}',
        '{"type":"text","text":5}',
        '{"type":"text","text":"a\\u0000b"}',
        '{"type":"place","lat":91,"lon":0}',
        '{"type":"place","lat":"10","lon":"106"}',
        '{"type":"lang","lang":"fr"}',
        '{"type":"fly"}',
        orjson.dumps({"type": "text", "text": "a" * 20_000}).decode(),
        orjson.dumps({"type": "press", "value": "a" * 300}).decode(),
    ],
)
async def test_what_no_page_of_ours_sends_is_refused_with_a_sentence(visitor: ClientSession, frame: str) -> None:
    async with visitor.ws_connect("/chat/ws") as socket:
        await socket.send_str(frame)
        assert "chưa đọc được" in (await heard(socket, "refused"))["text"]
        await socket.send_json({"type": "text", "ref": "after", "text": "xin chào"})
        assert (await heard(socket, "ack"))["ref"] == "after"


async def test_who_floods_is_told_to_slow_down_and_answered_for_the_rest(visitor: ClientSession) -> None:
    async with visitor.ws_connect("/chat/ws") as socket:
        for number in range(MOST_EVENTS + 1):
            await socket.send_json({"type": "text", "ref": str(number), "text": "xin chào"})
        refused = await heard(socket, "refused")
        assert refused["ref"] == str(MOST_EVENTS)
        assert "hơi nhanh" in refused["text"]


async def test_a_message_repeated_with_the_same_reference_is_answered_once(visitor: ClientSession) -> None:
    message = {"type": "text", "ref": "one:two", "text": "xin chào"}
    async with visitor.ws_connect("/chat/ws") as socket:
        await socket.send_json(message)
        first = await heard(socket, "ack")
        await heard(socket, "item")
        await socket.send_json(message)
        assert await heard(socket, "ack") == first
        assert first["item"]["ref"] == first["ref"] == "one:two"
    async with visitor.ws_connect("/chat/ws") as socket:
        assert [item["from"] for item in (await heard(socket, "hello"))["items"]] == ["me", "bot"]


async def test_a_switch_of_language_is_confirmed_and_has_no_item_to_show(visitor: ClientSession) -> None:
    async with visitor.ws_connect("/chat/ws") as socket:
        await socket.send_json({"type": "lang", "ref": "l", "lang": "en"})
        assert (await heard(socket, "ack"))["item"] is None
        assert (await heard(socket, "lang"))["lang"] == "en"


async def test_a_photo_is_taken_whatever_its_size_up_to_ten_megabytes(visitor: ClientSession) -> None:
    async with visitor.post("/chat/photos", data=form("p1", JPEG + b"\0" * 3_000_000)) as response:
        assert response.status == 201
        assert (await response.json())["item"]["ref"] == "p1"


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "chưa đọc được"), (JPEG + b"\0" * 10_500_000, "10 MB")],
)
async def test_what_is_empty_or_too_big_is_refused_with_a_sentence(
    visitor: ClientSession, content: bytes, says: str
) -> None:
    async with visitor.post("/chat/photos", data=form("p2", content)) as response:
        assert response.status == 422
        assert says in (await response.json())["text"]


async def test_what_no_question_asks_for_is_shown_answered_and_not_kept(
    visitor: ClientSession, service: Service
) -> None:
    for ref, content, shown in (("p5", b"%PDF-1.7", "[tệp PDF]"), ("p6", b"GIF89a", "[ảnh]")):
        async with visitor.post("/chat/photos", data=form(ref, content)) as response:
            assert (response.status, (await response.json())["item"]["text"]) == (201, shown)
    async with visitor.ws_connect("/chat/ws") as socket:
        items = (await heard(socket, "hello"))["items"]
        while sum("chưa cần tới" in item["text"] for item in items) < 2:
            items.append((await heard(socket, "item"))["item"])
    assert not [file for file in service.settings.vault.rglob("*") if file.is_file()]


async def test_a_body_that_is_no_form_is_refused_with_a_sentence(visitor: ClientSession) -> None:
    async with visitor.post("/chat/photos", data=b"raw") as response:
        assert response.status == 422


async def test_a_stranger_uploads_nothing(client: ClientSession) -> None:
    async with client.post("/chat/photos", data=form("p3", JPEG)) as response:
        assert response.status == 403


def form(ref: str, content: bytes) -> FormData:
    data = FormData(default_to_multipart=True)
    data.add_field("ref", ref)
    data.add_field("file", BytesIO(content), filename="photo.jpg", content_type="image/jpeg")
    return data


async def test_probes_and_figures_answer(client: ClientSession) -> None:
    for path in ("/healthz", "/readyz"):
        async with client.get(path) as response:
            assert (response.status, await response.json()) == (200, {"status": "ok"})
    async with client.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        assert "sangden_" in await response.text()


async def test_a_service_whose_database_has_no_tables_lives_but_is_not_ready(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    service = Service(settings_for(tmp_path, empty_sqlite_url))
    async with service.on(), ClientSession(service.address) as client:
        async with client.get("/healthz") as response:
            assert response.status == 200
        async with client.get("/readyz") as response:
            assert response.status == 503


@pytest.mark.parametrize(
    ("method", "path", "size", "status", "vi", "en"),
    [
        ("GET", "/api/v1/nowhere", 0, 404, "Không có tài nguyên", "no such resource"),
        ("DELETE", "/api/v1/outages", 0, 405, "không nhận phương thức DELETE", "not take the method DELETE"),
        ("POST", "/api/v1/outages", 1_100_000, 413, "lớn hơn 1 MB", "larger than 1 MB"),
    ],
)
async def test_the_staff_api_refuses_in_the_callers_language(
    client: ClientSession, method: str, path: str, size: int, status: int, vi: str, en: str
) -> None:
    for language, words in (("vi", vi), ("en-GB,en;q=0.9", en)):
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Language": language}
        async with client.request(method, path, data=BytesIO(b"x" * size), headers=headers) as response:
            assert response.status == status
            assert words in (await response.json())["error"]["message"]


async def test_what_telegram_posts_is_believed_only_with_its_secret_and_a_press_acknowledged_in_the_answer(
    service: Service,
) -> None:
    async with TelegramEmulator.running() as telegram:
        service.settings = service.settings.model_copy(
            update={
                "telegram_token": SecretStr(telegram.token),
                "telegram_api_url": telegram.url,
                "telegram_mode": "webhook",
                "telegram_webhook_secret": SecretStr(SECRET),
                "public_url": "https://chat.example.vn",
            }
        )
        async with service.on(), ClientSession(service.address) as client:
            await check_webhook(client)


async def check_webhook(client: aiohttp.ClientSession) -> None:
    update = PRESS.read_bytes()
    for headers in ({}, {SECRET_HEADER: "a guess"}):
        async with client.post("/webhooks/telegram", data=update, headers=headers) as response:
            assert response.status == 401
    known = {SECRET_HEADER: SECRET}
    async with client.post("/webhooks/telegram", data=update, headers=known) as response:
        assert response.status == 200
        answer = await response.json()
    asked = orjson.loads(update)["callback_query"]["id"]
    assert answer == {"method": "answerCallbackQuery", "callback_query_id": asked}
    async with client.post("/webhooks/telegram", data=b"no update", headers=known) as response:
        assert (response.status, await response.read()) == (200, b"")

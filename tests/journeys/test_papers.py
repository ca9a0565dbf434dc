"""Files all the way: from Telegram and the web chat through the vault to staff, while a form collects papers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, FormData
from pydantic import SecretStr
from sqlmodel import select

from bot.app import running
from bot.sender import utcnow
from handlers import tokens
from store.db import Database
from store.vault import VaultFile
from tests import cards
from tests.emulators.telegram import TelegramEmulator
from tests.papers import ASK_CARD, ASK_PAPER, NAME, with_papers
from tests.web.service import settings_for

LAN = 7001
AGENT = "sd_a-token-of-an-agent-in-tests"


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    async with opened.unit() as unit:
        await tokens.issue(unit, "chị Hoa", "agent", AGENT, utcnow())
    yield opened
    await opened.close()


@asynccontextmanager
async def served(
    url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **others: Any
) -> AsyncIterator[ClientSession]:
    """The service with the form of papers, and a client that keeps cookies."""
    monkeypatch.setattr("bot.app.talking", with_papers)
    async with (
        running(settings_for(folder, url, **others), "all", "127.0.0.1", 0) as address,
        ClientSession(address, cookie_jar=CookieJar(unsafe=True)) as client,
    ):
        yield client


async def staff_read(client: ClientSession, file: VaultFile) -> bytes:
    headers = {"Authorization": f"Bearer {AGENT}"}
    async with client.get(f"/api/v1/files/{file.id}", params={"why": "đối chiếu"}, headers=headers) as answer:
        assert answer.status == 200
        return await answer.read()


async def files_in(database: Database) -> dict[str, VaultFile]:
    """The files of the vault by their purpose."""
    async with database.reading() as unit:
        return {one.purpose: one for one in (await unit.session.exec(select(VaultFile))).all()}


async def test_over_telegram_a_card_is_read_and_a_pdf_kept_as_it_is(
    database: Database,
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with TelegramEmulator.running() as telegram:
        others = {
            "telegram_token": SecretStr(telegram.token),
            "telegram_api_url": telegram.url,
            "telegram_rate": 1000,
        }
        async with served(sqlite_url, tmp_path, monkeypatch, **others) as client:
            await telegram.text(LAN, f"/start {NAME}")
            await telegram.shown(LAN, ASK_CARD)
            # One that is called a picture and is none; then the card.
            gif = b64encode(cards.gif()).decode()
            await telegram.document(LAN, name="the.jpg", base64=gif, mime="image/jpeg")
            await telegram.shown(LAN, "không phải ảnh JPG")
            await telegram.document(LAN, name="nang.jpg", mime="image/jpeg", size=60 * 1024 * 1024)
            await telegram.shown(LAN, "Tệp này lớn quá")
            await telegram.photo(LAN, data=cards.card_photo())
            await telegram.shown(LAN, ASK_PAPER, within=10)
            deed = cards.pdf(500_000)
            await telegram.document(LAN, name="so do.pdf", base64=b64encode(deed).decode())
            done = await telegram.shown(LAN, "Thank you", within=10)
            assert "Nguyễn Thị Lan" in done["text"]
            files = await files_in(database)
            assert await staff_read(client, files["paper"]) == deed
            assert (await staff_read(client, files["id_card"])).startswith(b"\xff\xd8\xff")
    assert not any("079190001234" in part for part in capfd.readouterr())


async def test_over_the_web_chat_a_card_and_a_pdf_are_kept_and_too_much_is_refused(
    database: Database, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(sqlite_url, tmp_path, monkeypatch) as client, client.get("/"):
        async with client.ws_connect("/chat/ws") as socket:
            await socket.send_json({"type": "press", "ref": "go", "value": f"go:{NAME}", "label": "x"})
            await said(socket, ASK_CARD)
            big = b"\xff\xd8\xff" + bytes(60 * 1024 * 1024)
            assert await upload(client, "big", big) == (422, "10 MB")
            assert await upload(client, "gif", cards.gif(), "the.jpg") == (201, "[ảnh]")
            await said(socket, "không phải ảnh JPG")
            card = cards.card_photo()
            # The page sends again what it had no answer to.
            for _ in range(2):
                assert await upload(client, "card", card, "CCCD 079190001234.jpg") == (201, "[ảnh]")
            await said(socket, ASK_PAPER)
            deed = cards.pdf(9_000_000)
            assert await upload(client, "deed", deed, "so do.pdf") == (201, "[tệp PDF]")
            await said(socket, "Thank you")
        files = await files_in(database)
        assert set(files) == {"id_card", "paper"}
        assert await staff_read(client, files["paper"]) == deed
    stored = [file for file in (tmp_path / "vault").rglob("*") if file.is_file()]
    assert {file.name for file in stored} == {file.id for file in files.values()}


async def upload(client: ClientSession, ref: str, data: bytes, name: str = "anh.jpg") -> tuple[int, str]:
    """The status, and what is shown or said of it."""
    form = FormData(default_to_multipart=True)
    form.add_field("ref", ref)
    form.add_field("file", BytesIO(data), filename=name, content_type="application/octet-stream")
    async with client.post("/chat/photos", data=form) as response:
        answer = await response.json()
        if response.status == 422:
            return 422, "10 MB" if "10 MB" in answer["text"] else answer["text"]
        return response.status, answer["item"]["text"]


async def said(socket: Any, words: str) -> None:
    """Wait until the page is told these words."""
    while True:
        message = await socket.receive_json(timeout=10)
        if message["type"] == "item" and words in message["item"]["text"]:
            return

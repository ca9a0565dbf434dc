"""The first two walks over Telegram: a message in, a reply out; an incident published, a push delivered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from handlers import tokens
from tests.emulators.telegram import TelegramEmulator
from tests.journeys.service import Service, Staff, until
from tests.processes import free_port
from tests.town import BEN_THANH, built

TOKEN = "sd_a_token_of_the_tests"  # noqa: S105
AN, BINH, CHI = 1001, 1002, 1003


@dataclass
class Journey:
    """The emulated Telegram and the staff of a running service."""

    emulator: TelegramEmulator
    staff: Staff

    async def follow(self, chat: int) -> None:
        """Follow the ward by chatting."""
        await self.emulator.text(chat=chat, text="theo dõi")
        await self.emulator.shown(chat, "muốn theo dõi nơi nào")
        await self.emulator.text(chat=chat, text="phường Bến Thành")
        await self.emulator.shown(chat, "gọi nơi này là gì")
        await self.emulator.press(chat=chat, label="Nhà")
        await self.emulator.shown(chat, "Xong rồi ạ")

    def heard(self, chat: int) -> list[str]:
        """The bot's messages in a chat."""
        messages: list[dict[str, Any]] = self.emulator.chat(chat)["messages"]
        return [message["text"] for message in messages if message["from"] == "bot"]


@pytest.fixture(params=["polling", "webhook"])
async def journey(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Journey]:
    async with built(sqlite_url) as town, town.database.unit() as unit:
        await tokens.issue(unit, "test", "operator", TOKEN, datetime.now(UTC))
    port = free_port()
    async with TelegramEmulator.running() as emulator, ClientSession() as session:
        settings = {
            "DATABASE_URL": sqlite_url,
            "TELEGRAM_TOKEN": emulator.token,
            "TELEGRAM_API_URL": emulator.url,
            "TELEGRAM_MODE": request.param,
            "TELEGRAM_WEBHOOK_SECRET": "a_secret",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": "a secret key that only tests use, long enough",
        }
        async with Service.running(settings, tmp_path, port) as service:
            yield Journey(emulator, Staff(session, service.url, TOKEN))
            assert await service.stop() == 0


async def test_who_follows_a_ward_is_told_of_its_incident_its_change_and_its_end(journey: Journey) -> None:
    await journey.follow(AN)
    await journey.emulator.text(chat=BINH, text="menu")
    await until(lambda: bool(journey.heard(BINH)))
    outage = await journey.staff.publish(BEN_THANH)
    assert outage["recipients"] == 1
    await journey.emulator.shown(AN, outage["code"])
    told = len(journey.heard(AN))

    changed = await journey.staff.change(outage, reason="Cây đổ vào đường dây")
    assert changed["recipients"] == 1
    await journey.emulator.shown(AN, "Cây đổ vào đường dây")

    restored = await journey.staff.restore(outage)
    assert restored["recipients"] == 1
    await until(lambda: len(journey.heard(AN)) == told + 2)
    assert len(journey.heard(BINH)) == 1


async def test_who_blocked_the_bot_stops_nobody_else(journey: Journey) -> None:
    for chat in (AN, BINH, CHI):
        await journey.follow(chat)
    await journey.emulator.script(chat=BINH, status=403, description="Forbidden: bot was blocked by the user")
    outage = await journey.staff.publish(BEN_THANH)
    for chat in (AN, CHI):
        await journey.emulator.shown(chat, outage["code"])

    async def settled() -> bool:
        return await journey.staff.counts(outage) == {"sent": 2, "unreachable": 1}

    await until(settled)
    assert (await journey.staff.change(outage, reason="Sét đánh"))["recipients"] == 2


async def test_an_update_that_telegram_repeats_is_answered_once(journey: Journey) -> None:
    update = await journey.emulator.text(chat=AN, text="menu")
    await until(lambda: len(journey.heard(AN)) == 1)
    await journey.emulator.redeliver(update["update_id"])
    await journey.emulator.text(chat=AN, text="trợ giúp")
    await until(lambda: len(journey.heard(AN)) >= 2 and not journey.emulator.stats()["pending_updates"])
    assert len(journey.heard(AN)) == 2


async def test_an_old_button_pressed_after_a_text_confuses_nobody(journey: Journey) -> None:
    await journey.follow(AN)
    answers = len(journey.heard(AN))
    await journey.emulator.text(chat=AN, text="theo dõi")
    await journey.emulator.press(chat=AN, data="go:places")
    await until(lambda: len(journey.heard(AN)) >= answers + 1 and not journey.emulator.stats()["pending_updates"])
    await journey.emulator.text(chat=AN, text="nơi của tôi")
    await journey.emulator.shown(AN, "Nhà")
    outage = await journey.staff.publish(BEN_THANH)
    assert outage["recipients"] == 1
    await journey.emulator.shown(AN, outage["code"])

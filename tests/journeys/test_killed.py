"""Kill -9 in the middle of a push: everyone is told, and only what was in flight can be told twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from aiohttp import ClientSession
from sqlalchemy import insert

from handlers import tokens
from store.contacts import Contact
from store.db import Database
from store.subscriptions import Subscription
from tests.emulators.telegram import TelegramEmulator
from tests.journeys.service import Service, Staff, until
from tests.town import BEN_THANH, built

SUBSCRIBERS = 2_000
IN_FLIGHT = 100
CHATS = range(5_000_000, 5_000_000 + SUBSCRIBERS)
TOKEN = "sd_a_token_of_the_tests"  # noqa: S105


async def test_after_a_kill_in_the_middle_of_a_push_everyone_is_told_and_nobody_thrice(
    migrated_url: str, tmp_path: Path
) -> None:
    await _follow(migrated_url)
    async with TelegramEmulator.running() as emulator, ClientSession() as session:
        await emulator.know(chats=list(CHATS))
        await emulator.limits(latency_ms=30)
        settings = {
            "DATABASE_URL": migrated_url,
            "TELEGRAM_TOKEN": emulator.token,
            "TELEGRAM_API_URL": emulator.url,
            "TELEGRAM_RATE": "1000",
        }
        async with Service.running(settings, tmp_path) as service:
            outage = await Staff(session, service.url, TOKEN).publish(BEN_THANH)
            assert outage["recipients"] == SUBSCRIBERS
            await until(lambda: emulator.stats()["sends"] >= SUBSCRIBERS // 3)
            await service.kill()
        assert emulator.stats()["sends"] < SUBSCRIBERS, "the kill came too late to prove anything"

        async with Service.running(settings, tmp_path) as service:
            staff = Staff(session, service.url, TOKEN)

            async def settled() -> bool:
                return (await staff.counts(outage)).get("sent") == SUBSCRIBERS

            await until(settled)
            assert await service.stop() == 0
        copies = [emulator.world.sent[chat] for chat in CHATS]
        assert min(copies) == 1
        assert max(copies) <= 2
        # Sent and answered is settled 20 ms later; what was answered within these is repeated as well.
        assert copies.count(2) <= 2 * IN_FLIGHT


async def _follow(url: str) -> None:
    now = datetime.now(UTC)
    async with built(url) as town:
        async with town.database.unit() as unit:
            await tokens.issue(unit, "test", "operator", TOKEN, now)
        await _insert(town.database, now)


async def _insert(database: Database, now: datetime) -> None:
    async with database.unit() as unit:
        await unit.session.execute(
            insert(Contact),
            [
                {"id": chat, "channel": "telegram", "address": str(chat), "created_at": now, "seen_at": now}
                for chat in CHATS
            ],
        )
        target = {"target": f"w:{BEN_THANH}", "ward_code": BEN_THANH, "label": "Nhà", "created_at": now}
        await unit.session.execute(insert(Subscription), [{"contact_id": chat, **target} for chat in CHATS])

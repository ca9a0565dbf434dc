"""Walks with planned outages and reports over Telegram: told, proposed, moved, killed, started late, still dark."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlalchemy import insert, update
from sqlmodel import col

from handlers import tokens
from handlers.rules.notices import NoticeKind
from handlers.talking import ZONE
from store.contacts import Contact
from store.customers import Customer
from store.db import Database
from store.notices import Notice
from store.subscriptions import Subscription
from tests.emulators.telegram import TelegramEmulator
from tests.journeys.service import Service, until
from tests.town import BEN_THANH, FACTORY, FAR_HOME, FEEDER, HOME, OTHER_FEEDER, SHOP, built

SECRETS = {role: f"sd_a_token_of_an_{role}" for role in ("operator", "admin")}
RULES = ("legal_notice", "company_notice", "five_hours", "one_cut", "frozen")
AN, BINH, CHI = 1001, 1002, 1003
SUBSCRIBERS = 2_000
IN_FLIGHT = 100
CHATS = range(5_000_000, 5_000_000 + SUBSCRIBERS)


@dataclass
class Desk:
    """The staff API, at which each request names the role that asks."""

    session: ClientSession
    url: str

    async def ask(
        self, method: str, path: str, body: Any = None, status: int = 200, role: str = "operator"
    ) -> dict[str, Any]:
        """The answer, which must have this status."""
        headers = {"Authorization": f"Bearer {SECRETS[role]}"}
        url = f"{self.url}/api/v1/{path}"
        async with self.session.request(method, url, json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == status, answer
            return answer

    async def plan(self, feeder: str, *windows: tuple[datetime, datetime]) -> dict[str, Any]:
        """Publish planned work, whatever the rules find."""
        return await self.ask("POST", "outages", work(feeder, *windows) | aside(), 201, "admin")

    async def notices(self, outage: dict[str, Any], stage: str) -> list[str]:
        """The states of an outage's notices of that stage."""
        shown = await self.ask("GET", f"outages/{outage['id']}")
        return [one["state"] for one in shown["notices"] if one["stage"] == stage]


def work(feeder: str, *windows: tuple[datetime, datetime]) -> dict[str, Any]:
    slots = [{"starts_at": start.isoformat(), "ends_at": end.isoformat()} for start, end in windows]
    return {"kind": "planned", "reason": "Thay dây", "slots": slots, "scope": {"feeders": [feeder]}}


def aside() -> dict[str, Any]:
    """Every rule, set aside: the days on which tests run are not chosen."""
    return {"override": [{"rule": rule, "why": "thử"} for rule in RULES]}


def morning(days: int, hours: int = 3) -> tuple[datetime, datetime]:
    """From eight o'clock, so many days from now."""
    day = (datetime.now(ZONE) + timedelta(days=days)).date()
    begins = datetime.combine(day, time(8), ZONE)
    return begins, begins + timedelta(hours=hours)


def day_of(window: tuple[datetime, datetime]) -> str:
    return f"{window[0]:%d/%m}"


def settings(emulator: TelegramEmulator, database_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "TELEGRAM_TOKEN": emulator.token,
        "TELEGRAM_API_URL": emulator.url,
        "TELEGRAM_RATE": "1000",
        "SECRET_KEY": "a secret key that only tests use, long enough",
    }


@dataclass
class Journey:
    """The emulated Telegram, and a service that can be started and ended."""

    emulator: TelegramEmulator
    session: ClientSession
    database_url: str
    folder: Path

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Service, Desk]]:
        async with Service.running(settings(self.emulator, self.database_url), self.folder) as service:
            yield service, Desk(self.session, service.url)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        database = Database(self.database_url)
        try:
            yield database
        finally:
            await database.close()

    async def say(self, chat: int, text: str, answer: str) -> None:
        await self.emulator.text(chat=chat, text=text)
        await self.emulator.shown(chat, answer)

    async def press(self, chat: int, label: str, answer: str) -> None:
        await self.emulator.press(chat=chat, label=label)
        await self.emulator.shown(chat, answer)

    async def follow(self, chat: int, code: str) -> None:
        """Follow a meter by chatting."""
        await self.say(chat, "theo dõi", "muốn theo dõi nơi nào")
        await self.say(chat, code, "gọi nơi này là gì")
        await self.press(chat, "Nhà", "Xong rồi ạ")

    def heard(self, chat: int, words: str) -> int:
        """How many of the bot's messages in a chat have these words."""
        messages: list[dict[str, Any]] = self.emulator.chat(chat)["messages"]
        return sum(message["from"] == "bot" and words in message["text"] for message in messages)


@pytest.fixture
async def journey(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Journey]:
    """The town, where the factory is one, before the service starts."""
    async with _at(sqlite_url, tmp_path) as journey:
        yield journey


@asynccontextmanager
async def _at(url: str, folder: Path) -> AsyncIterator[Journey]:
    async with built(url) as town:
        await town.serve("industrial", FACTORY)
        async with town.database.unit() as unit:
            for role, secret in SECRETS.items():
                await tokens.issue(unit, role, role, secret, datetime.now(UTC))
    async with TelegramEmulator.running() as emulator, ClientSession() as session:
        yield Journey(emulator, session, url, folder)


async def test_a_factory_is_told_late_proposes_other_windows_and_hears_what_becomes_of_each(
    journey: Journey,
) -> None:
    first, second, wish, other = morning(10), morning(12), morning(15), morning(16)
    async with journey.running() as (service, desk):
        await journey.follow(AN, FACTORY)

        late = work(FEEDER, first, second)
        refused = await desk.ask("POST", "outages", late, 409)
        assert "company_notice" in {finding["rule"] for finding in refused["error"]["findings"]}
        await desk.ask("POST", "outages", late | aside(), 403)
        outage = await desk.ask("POST", "outages", late | aside(), 201, "admin")
        assert outage["recipients"] == 1
        push = await journey.emulator.shown(AN, outage["code"], within=3.0)
        assert (day_of(first) in push["text"], day_of(second) in push["text"]) == (True, True)

        await journey.press(AN, "Đề nghị đổi lịch", "muốn dời khung giờ nào")
        slot = next(
            button["data"]
            for row in (await journey.emulator.shown(AN, "muốn dời khung giờ nào"))["buttons"]
            for button in row
            if day_of(first) in button["label"]
        )
        await journey.emulator.press(chat=AN, data=slot)
        await journey.emulator.shown(AN, "muốn dời sang lúc nào")
        await journey.say(AN, f"{day_of(wish)} 8h-11h", "thêm một khung giờ")
        await journey.say(AN, f"{day_of(other)} từ 8h đến 11h", day_of(other))
        await journey.press(AN, "Đủ rồi", "cho em lý do")
        await journey.press(AN, "Đang chạy đơn hàng", "xem lại giúp em")
        await journey.press(AN, "Gửi đề nghị", "Em đã gửi đề nghị số")

        (proposal,) = (await desk.ask("GET", "proposals?state=open"))["proposals"]
        assert journey.heard(AN, proposal["code"]) == 1
        assert [datetime.fromisoformat(one["starts_at"]) for one in proposal["windows"]] == [wish[0], other[0]]
        accept = f"proposals/{proposal['id']}/accept"
        await desk.ask("POST", accept, {"window": 1} | aside(), role="admin")
        change = await journey.emulator.shown(AN, "THAY ĐỔI LỊCH", within=3.0)
        moved, kept = [line for line in change["text"].splitlines() if line.startswith("•")]
        print(change["text"])

        await desk.ask("POST", f"outages/{outage['id']}/cancel", {})
        called_off = await journey.emulator.shown(AN, "HỦY LỊCH", within=3.0)
        print(called_off["text"])
        assert day_of(wish) in called_off["text"]
        assert await service.stop() == 0


async def test_after_a_kill_in_the_middle_of_a_planned_notice_everyone_is_told_and_nobody_thrice(
    migrated_url: str, tmp_path: Path
) -> None:
    async with _at(migrated_url, tmp_path) as journey:
        emulator = journey.emulator
        await _crowd(journey)
        await emulator.know(chats=list(CHATS))
        await emulator.limits(latency_ms=30)
        async with journey.running() as (service, desk):
            outage = await desk.plan(FEEDER, morning(3))
            assert outage["recipients"] == SUBSCRIBERS
            await until(lambda: emulator.stats()["sends"] >= SUBSCRIBERS // 3)
            await service.kill()
        assert emulator.stats()["sends"] < SUBSCRIBERS, "the kill came too late to prove anything"

        async with journey.running() as (service, desk):

            async def settled() -> bool:
                shown = await desk.ask("GET", f"outages/{outage['id']}/deliveries?limit=1")
                return bool(shown["counts"].get("sent") == SUBSCRIBERS)

            await until(settled, seconds=20)
            assert await service.stop() == 0
        copies = [emulator.world.sent[chat] for chat in CHATS]
        assert min(copies) == 1
        assert max(copies) <= 2
        # As for incidents: what was in flight or not settled yet may be repeated.
        assert copies.count(2) <= 2 * IN_FLIGHT


async def test_what_fell_due_while_nothing_ran_is_said_after_the_start_unless_it_is_worthless(
    journey: Journey,
) -> None:
    async with journey.running() as (service, desk):
        await journey.follow(AN, HOME)
        await journey.follow(BINH, FAR_HOME)
        # An hour before, people are reminded: in four seconds.
        begins = datetime.now(UTC) + timedelta(hours=1, seconds=4)
        window = (begins, begins + timedelta(hours=2))
        near, passed = await desk.plan(FEEDER, window), await desk.plan(OTHER_FEEDER, window)
        for chat in (AN, BINH):
            await journey.emulator.shown(chat, "LỊCH TẠM NGỪNG CẤP ĐIỆN")
        assert await desk.notices(near, NoticeKind.REMINDER) == ["due"]
        assert await service.stop() == 0

    async with journey.database() as database, database.unit() as unit:
        ago = datetime.now(UTC) - timedelta(minutes=5)
        reminder = (col(Notice.outage_id) == passed["id"], col(Notice.stage) == NoticeKind.REMINDER)
        await unit.session.execute(update(Notice).where(*reminder).values(due_at=ago, worthless_after=ago))

    async with journey.running() as (service, desk):
        await journey.emulator.shown(AN, "SẮP TẠM NGỪNG CẤP ĐIỆN", within=10.0)

        async def dealt_with() -> bool:
            return await desk.notices(passed, NoticeKind.REMINDER) == ["worthless"]

        await until(dealt_with)
        assert await service.stop() == 0
    assert journey.heard(AN, "SẮP TẠM NGỪNG CẤP ĐIỆN") == 1
    assert journey.heard(BINH, "SẮP TẠM NGỪNG CẤP ĐIỆN") == 0


async def test_three_reports_become_an_incident_and_who_is_still_dark_gets_a_number(journey: Journey) -> None:
    next_door = await _next_door(journey)
    at = {AN: SHOP, BINH: FACTORY, CHI: next_door}
    async with journey.running() as (service, desk):
        for chat, code in at.items():
            await journey.say(chat, "mất điện", "mất điện ở đâu")
            await journey.say(chat, code, "hàng xóm xung quanh")
            await journey.press(chat, "Cả xóm mất", "từ bao lâu rồi")
            await journey.press(chat, "Vừa xong", "Em đã ghi nhận phiếu")

        (suggested,) = (await desk.ask("GET", "suggestions?state=open"))["suggestions"]
        print(suggested)
        incident = await desk.ask(
            "POST", f"suggestions/{suggested['id']}/confirm", {"reason": "Hỏng máy biến áp"}, 201
        )
        for chat in at:
            await journey.emulator.shown(chat, "Hỏng máy biến áp", within=3.0)
        await desk.ask("POST", f"outages/{incident['id']}/restore", {})
        for chat in at:
            await journey.emulator.shown(chat, "Nhà mình đã có điện chưa", within=3.0)

        await journey.press(CHI, "Chưa có", "vẫn chưa có điện. Cầu dao")
        await journey.press(CHI, "Chưa xem", "vẫn chưa có điện sau khi khu vực đã có lại")
        (again,) = (await desk.ask("GET", "reports?state=open"))["reports"]
        assert journey.heard(CHI, again["code"]) == 1
        assert journey.heard(AN, again["code"]) == 0
        assert await service.stop() == 0


async def _next_door(journey: Journey) -> str:
    """Another customer at the transformer of the shop and the factory; its code."""
    async with journey.database() as database, database.unit() as unit:
        shop = await unit.session.get(Customer, SHOP)
        assert shop is not None
        unit.session.add(Customer(**shop.model_dump() | {"code": "PE01000000005"}))
    return "PE01000000005"


async def _crowd(journey: Journey) -> None:
    now = datetime.now(UTC)
    person = {"channel": "telegram", "created_at": now, "seen_at": now}
    place = {"target": f"w:{BEN_THANH}", "ward_code": BEN_THANH, "label": "Nhà", "created_at": now}
    async with journey.database() as database, database.unit() as unit:
        people = [{"id": chat, "address": str(chat), **person} for chat in CHATS]
        await unit.session.execute(insert(Contact), people)
        await unit.session.execute(insert(Subscription), [{"contact_id": chat, **place} for chat in CHATS])

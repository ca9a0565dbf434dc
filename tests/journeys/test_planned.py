"""Planned work and reports over Telegram: told, proposed, moved, killed in between, started late, still dark."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlmodel import col

from handlers.rules.notices import NoticeKind
from store.contacts import Contact
from store.customers import Customer
from store.notices import Notice
from store.subscriptions import Subscription
from tests.journeys.service import until
from tests.journeys.walks import Journey, aside, day_of, morning, town_at, work
from tests.town import BEN_THANH, FACTORY, FAR_HOME, FEEDER, HOME, OTHER_FEEDER, SHOP

AN, BINH, CHI = 1001, 1002, 1003
SUBSCRIBERS = 2_000
IN_FLIGHT = 100
CHATS = range(5_000_000, 5_000_000 + SUBSCRIBERS)


@pytest.fixture
async def journey(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Journey]:
    async with town_at(sqlite_url, tmp_path) as journey:
        yield journey


async def test_a_factory_is_told_late_proposes_other_windows_and_hears_what_becomes_of_each(
    journey: Journey,
) -> None:
    first, second, wish, other = morning(10), morning(12), morning(15), morning(16)
    async with journey.running() as (service, desk):
        await journey.follow(AN, FACTORY)

        late = work(FEEDER, first, second)
        refused = await desk.ask("POST", "outages", late, 409)
        assert "company_notice" in {finding["rule"] for finding in refused["findings"]}
        await desk.ask("POST", "outages", late | aside(), 403)
        outage = await desk.ask("POST", "outages", late | aside(), 201, "admin")
        assert outage["recipients"] == 1
        told = await journey.windows_told(AN, outage["code"])
        assert [day_of(first) in told[0], day_of(second) in told[1]] == [True, True]

        await journey.press(AN, "Đề nghị đổi lịch", "muốn dời khung giờ nào")
        await journey.choose(AN, day_of(first), "muốn dời sang lúc nào")
        await journey.say(AN, f"{day_of(wish)} 8h-11h", "thêm một khung giờ")
        await journey.say(AN, f"{day_of(other)} từ 8h đến 11h", day_of(other))
        await journey.press(AN, "Đủ rồi", "cho em lý do")
        await journey.press(AN, "Đang chạy đơn hàng", "xem lại giúp em")
        await journey.press(AN, "Gửi đề nghị", "Em đã gửi đề nghị số")

        (proposal,) = (await desk.ask("GET", "proposals?state=open"))["proposals"]
        assert journey.heard(AN, proposal["code"]) == 1
        assert [datetime.fromisoformat(one["starts_at"]) for one in proposal["windows"]] == [wish[0], other[0]]
        # Windows are counted from 0, in the order in which they were proposed.
        accepted = {"window": 1} | aside()
        await desk.ask("POST", f"proposals/{proposal['id']}/accept", accepted, role="admin")
        kept, moved = await journey.windows_told(AN, "THAY ĐỔI LỊCH")
        assert (day_of(second) in kept, "vẫn giữ" in kept) == (True, True)
        assert moved.index(day_of(first)) < moved.index("dời sang") < moved.index(day_of(wish))
        await journey.emulator.shown(AN, f"ĐỒNG Ý ĐỔI LỊCH {proposal['code']}")

        await desk.ask("POST", f"outages/{outage['id']}/cancel", {})
        called_off = await journey.windows_told(AN, "HỦY LỊCH")
        assert [(day_of(second) in called_off[0]), (day_of(wish) in called_off[1])] == [True, True]
        assert ["đã hủy" in line for line in called_off] == [True, True]
        assert await service.stop() == 0


async def test_after_a_kill_in_the_middle_of_a_planned_notice_everyone_is_told_and_nobody_thrice(
    migrated_url: str, tmp_path: Path
) -> None:
    async with town_at(migrated_url, tmp_path) as journey:
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
            # What the emulator counts costs the service nothing, unlike asking it.
            await until(lambda: len(emulator.world.sent) == SUBSCRIBERS)

            async def settled() -> bool:
                shown = await desk.ask("GET", f"outages/{outage['id']}/deliveries?limit=1")
                return bool(shown["counts"].get("sent") == SUBSCRIBERS)

            await until(settled)
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
        await _remind_by_the_hour(journey)
        begins = datetime.now(UTC) + timedelta(hours=2)
        window = (begins, begins + timedelta(hours=2))
        near, passed = await desk.plan(FEEDER, window), await desk.plan(OTHER_FEEDER, window)
        for chat in (AN, BINH):
            await journey.emulator.shown(chat, "LỊCH TẠM NGỪNG CẤP ĐIỆN")
        assert await desk.notices(near, NoticeKind.REMINDER) == ["due"]
        assert await service.stop() == 0
    ago = datetime.now(UTC) - timedelta(minutes=5)
    await _rewind_reminder(journey, near, due_at=ago)
    await _rewind_reminder(journey, passed, due_at=ago, worthless_after=ago)

    async with journey.running() as (service, desk):
        await journey.emulator.shown(AN, "SẮP TẠM NGỪNG CẤP ĐIỆN")

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
        assert (suggested["kind"], suggested["reports"]) == ("transformer", 3)
        confirm = f"suggestions/{suggested['id']}/confirm"
        incident = await desk.ask("POST", confirm, {"reason": "Hỏng máy biến áp"}, 201)
        for chat in at:
            await journey.emulator.shown(chat, "Hỏng máy biến áp")
        await desk.ask("POST", f"outages/{incident['id']}/restore", {})
        for chat in at:
            await journey.emulator.shown(chat, "Nhà mình đã có điện chưa")

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


async def _remind_by_the_hour(journey: Journey) -> None:
    """All wish to be reminded an hour before, too."""
    async with journey.database() as database, database.unit() as unit:
        await unit.session.execute(update(Contact).values(remind_hour=True))


async def _rewind_reminder(journey: Journey, outage: dict[str, Any], **times: datetime) -> None:
    """Give the reminder of an outage times that have passed."""
    async with journey.database() as database, database.unit() as unit:
        reminder = (col(Notice.outage_id) == outage["id"], col(Notice.stage) == NoticeKind.REMINDER)
        await unit.session.execute(update(Notice).where(*reminder).values(**times))


async def _crowd(journey: Journey) -> None:
    now = datetime.now(UTC)
    person = {"channel": "telegram", "created_at": now, "seen_at": now}
    place = {"target": f"w:{BEN_THANH}", "ward_code": BEN_THANH, "label": "Nhà", "created_at": now}
    async with journey.database() as database, database.unit() as unit:
        people = [{"id": chat, "address": str(chat), **person} for chat in CHATS]
        await unit.session.execute(insert(Contact), people)
        await unit.session.execute(insert(Subscription), [{"contact_id": chat, **place} for chat in CHATS])

"""A request over Telegram: seen, moved by staff, told with a picture, asked about, and ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col

from conversations.service_words import OpenRequest
from handlers import my_requests, numbering
from handlers.talking import talking
from store import contacts
from store.outbox import Delivery, Status
from tests.journeys.walks import Journey, town_at
from tests.town import HOME

AN, BINH = 1001, 1002
FILE = ({"file": "f1", "kind": "image"},)


@pytest.fixture
async def journey(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Journey]:
    async with town_at(sqlite_url, tmp_path) as journey:
        yield journey


async def test_a_request_is_followed_from_receipt_to_completion(journey: Journey) -> None:
    async with journey.running() as (service, desk):
        await journey.say(AN, "hồ sơ của tôi", "chưa thấy hồ sơ nào")
        code = await opened(journey, AN)
        # As people type a number: small letters, no dashes.
        await journey.emulator.text(chat=AN, text=code.lower().replace("-", " "))
        shown = await journey.emulator.shown(AN, f"{code} (", within=3.0)
        assert "đã tiếp nhận" in shown["text"]
        assert shown["photo"]["width"] == 1080

        one = f"requests/{code}"
        await desk.ask("POST", f"{one}/moves", {"to": "checking"})
        await desk.ask("POST", f"{one}/moves", {"to": "survey", "note": "Hẹn 9 giờ sáng mai"})
        assert journey.heard(AN, "có tin mới") == 0
        await settled(journey)
        await journey.say(AN, "menu", "cần em giúp việc nào")
        told = await journey.emulator.shown(AN, "Hẹn 9 giờ sáng mai", within=3.0)
        assert told["photo"]
        assert journey.heard(AN, "có tin mới") == 1

        await journey.press(AN, "Xem tiến độ", "Hẹn 9 giờ sáng mai")
        await journey.press(AN, "Hỏi về hồ sơ", "muốn hỏi gì")
        await journey.say(AN, "Có cần ở nhà không em?", "đã chuyển câu hỏi")
        await desk.ask("POST", f"{one}/answers", {"text": "Dạ có người lớn ở nhà là được"})
        await journey.emulator.shown(AN, "có người lớn ở nhà", within=3.0)

        # Somebody else who knows the number sees nothing.
        await journey.say(BINH, code, "chưa thấy hồ sơ nào")

        refused = await desk.ask("POST", f"{one}/moves", {"to": "done"}, 409)
        assert refused["allowed"] == ["works", "papers_missing", "declined", "cancelled"]
        for to in ("works", "done"):
            await desk.ask("POST", f"{one}/moves", {"to": to})
        await settled(journey)
        await journey.say(AN, "menu", "cần em giúp việc nào")
        await journey.emulator.shown(AN, "đã hoàn thành", within=3.0)
        assert (await desk.ask("GET", one))["survey_due_at"]
        assert await service.stop() == 0


async def opened(journey: Journey, chat: int) -> str:
    """A request of whoever is at that chat."""
    async with journey.database() as database, database.unit() as unit:
        contact = await contacts.at(unit, "telegram", str(chat))
        assert contact is not None
        code = await numbering.new_number(unit, "request")
        answers = {"name": "Lê An", "customer_code": HOME}
        wish = OpenRequest(code, "home_connection", answers, {"id_card": FILE, "place_right": FILE})
        await my_requests.open_request(unit, contact, wish, datetime.now(UTC), talking())
    return code


async def settled(journey: Journey) -> None:
    """The two minutes are over within which staff may take a move back."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with journey.database() as database, database.unit() as unit:
        await unit.session.execute(update(Delivery).where(col(Delivery.status) == Status.DUE).values(due_at=past))

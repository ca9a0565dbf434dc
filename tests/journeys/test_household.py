"""A household connection over Telegram: asked for with a photo of the card, moved by staff to the end, rated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import col, select

from store.db import Database
from store.outbox import Delivery, Message, Status
from tests import cards
from tests.journeys.service import until
from tests.journeys.surveying import ask_how_it_went, settle_moves
from tests.journeys.walks import Journey, town_at

LAN = 1001
# Of typing, in signs: at the 40 words a minute that people manage on a phone (200 signs) well under two minutes.
MOST_TYPED = 60
TAKEN = "Đã nhận 1 tệp"


@pytest.fixture
async def journey(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Journey]:
    async with town_at(sqlite_url, tmp_path) as journey:
        yield journey


@dataclass
class Effort:
    """Lan at her phone: what she does is counted."""

    journey: Journey
    typed: int = 0
    taps: int = 0

    async def says(self, text: str, answer: str) -> None:
        self.typed += len(text)
        await self.journey.say(LAN, text, answer)

    async def presses(self, label: str, answer: str) -> None:
        self.taps += 1
        await self.journey.press(LAN, label, answer)

    async def photographs(self, photo: bytes) -> None:
        """Send a photo, and wait until it is taken: the same words are there from the photo before."""
        self.taps += 1
        before = self.journey.heard(LAN, TAKEN)
        await self.journey.emulator.photo(LAN, data=photo)
        await until(lambda: self.journey.heard(LAN, TAKEN) > before)


async def test_a_household_connection_takes_a_line_of_typing_and_is_followed_to_its_rating(
    journey: Journey,
) -> None:
    lan = Effort(journey)
    async with journey.running() as (service, desk):
        await lan.says("mắc điện mới", "Quý khách cần việc nào")
        await lan.presses("Mắc điện cho gia đình", "Quý khách đồng ý chứ")
        await lan.presses("Tôi đồng ý", "Địa chỉ dùng điện ở đâu")
        await lan.says("12 Lê Lợi phường Bến Thành", "Quý khách ở nơi này là")
        await lan.presses("Chủ nhà", "chụp hai mặt thẻ căn cước")
        await lan.photographs(cards.card_photo())
        await lan.presses("Xong", "0791••••1234")
        await lan.presses("Đúng", "Số điện thoại để nhân viên gọi")
        await lan.presses("Gửi số của tôi", "Chia sẻ số")
        lan.taps += 1
        await journey.emulator.contact(LAN, "+84912345678")
        await journey.emulator.shown(LAN, "Cần điện mấy pha")
        await lan.presses("1 pha", "giấy tờ về nơi dùng điện")
        await lan.photographs(cards.compose_card(None, seed=2))
        await lan.presses("Xong", "xem lại hồ sơ")
        await lan.presses("Gửi hồ sơ", "Em đã nhận hồ sơ HS-")
        assert lan.typed <= MOST_TYPED
        assert lan.taps <= 15

        (listed,) = (await desk.ask("GET", "requests"))["requests"]
        one = f"requests/{listed['code']}"
        assert (listed["service"], listed["state"], listed["ward_code"]) == (
            "home_connection",
            "received",
            "26743",
        )
        papers = (await desk.ask("GET", f"{one}/papers"))["papers"]
        assert [paper["paper"] for paper in papers if paper["file"]] == ["id_card", "place_right"]
        asked = await desk.ask("GET", one)
        assert (asked["answers"]["name"], asked["answers"]["phone"]) == ("Nguyễn Thị Lan", "0912345678")

        told = {
            "checking": "có tin mới: đang kiểm tra hồ sơ",
            "survey": "Hẹn 9 giờ sáng mai",
            "works": "có tin mới: đang thi công",
            "done": "có tin mới: đã hoàn thành",
        }
        for to, words in told.items():
            note = words if to == "survey" else ""
            await desk.ask("POST", f"{one}/moves", {"to": to, "note": note})
            await desk_is_done(journey)
            push = await journey.emulator.shown(LAN, words)
            assert listed["code"] in push["text"]
            assert push["photo"], to

        async with journey.database() as database:
            await ask_how_it_went(database, listed["code"])
        await journey.say(LAN, "menu", "cần em giúp việc nào")
        await journey.emulator.shown(LAN, "đã xong. Quý khách dành nửa phút")
        await lan.presses("Đánh giá ngay", "thái độ của nhân viên")
        await lan.presses("😀 Hài lòng", "quy trình, thủ tục")
        await lan.presses("😀 Hài lòng", "mấy điểm")
        await lan.presses("9", "nhắn thêm điều gì")
        await lan.presses("Không có gì thêm", "Cảm ơn Quý khách")
        (rated,) = (await desk.ask("GET", "surveys"))["surveys"]
        assert (rated["attitude"], rated["procedure"], rated["score"]) == (3, 3, 9)
        assert lan.typed <= MOST_TYPED
        assert await service.stop() == 0
    assert "079190001234" not in (journey.folder / "service.log").read_text("utf-8")


async def test_a_kill_loses_no_answer_of_a_form_and_no_push_that_was_on_its_way(journey: Journey) -> None:
    lan = Effort(journey)
    async with journey.running() as (service, desk):
        await lan.says("mắc điện mới", "Quý khách cần việc nào")
        await lan.presses("Mắc điện cho gia đình", "Quý khách đồng ý chứ")
        await lan.presses("Tôi đồng ý", "Địa chỉ dùng điện ở đâu")
        await lan.says("12 Lê Lợi phường Bến Thành", "Quý khách ở nơi này là")
        await lan.presses("Chủ nhà", "chụp hai mặt thẻ căn cước")
        await lan.photographs(cards.card_photo())
        await service.kill()

    async with journey.running() as (service, desk):
        # The photo that was there before the kill is still there after it.
        await lan.presses("Xong", "0791••••1234")
        await lan.presses("Đúng", "Số điện thoại để nhân viên gọi")
        await lan.says("0912 345 678", "Cần điện mấy pha")
        await lan.presses("1 pha", "giấy tờ về nơi dùng điện")
        await lan.presses("Gửi sau", "xem lại hồ sơ")
        await lan.presses("Gửi hồ sơ", "Em đã nhận hồ sơ HS-")
        (listed,) = (await desk.ask("GET", "requests"))["requests"]
        one = f"requests/{listed['code']}"
        seen = await desk.ask("GET", one)
        answers = seen["answers"]
        assert (seen["state"], answers["use_address"]["text"]) == ("papers_missing", "12 Lê Lợi phường Bến Thành")
        assert (answers["holder"], answers["name"]) == ("owner", "Nguyễn Thị Lan")
        papers = (await desk.ask("GET", f"{one}/papers"))["papers"]
        assert [paper["paper"] for paper in papers if paper["file"]] == ["id_card"]

        await desk.ask("POST", f"{one}/moves", {"to": "checking", "note": "Hẹn 9 giờ sáng mai"})
        await journey.emulator.limits(latency_ms=20_000)
        async with journey.database() as database:
            await settle_moves(database)
            await journey.emulator.text(chat=LAN, text="menu")
            await until_in_flight(database)
        await service.kill()
    await journey.emulator.limits(latency_ms=0)

    async with journey.running() as (service, desk):
        await journey.emulator.shown(LAN, "Hẹn 9 giờ sáng mai")
        assert journey.heard(LAN, "Hẹn 9 giờ sáng mai") in (1, 2)
        assert await service.stop() == 0


async def until_in_flight(database: Database) -> None:
    """The news of the move was handed to Telegram, which has not answered."""

    async def in_flight() -> bool:
        async with database.reading() as unit:
            on_way = col(Delivery.status) == Status.LEASED, col(Delivery.message_id) == col(Message.id)
            words = (await unit.session.exec(select(Message.words).where(*on_way))).all()
            return any("request.moved" in str(one) for one in words)

    await until(in_flight)


async def desk_is_done(journey: Journey) -> None:
    """What staff did has settled; the customer looks at the chat, which wakes the sender at once."""
    async with journey.database() as database:
        await settle_moves(database)
    await journey.say(LAN, "menu", "cần em giúp việc nào")

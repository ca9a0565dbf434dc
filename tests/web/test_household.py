"""A household connection in a real browser: the card from the camera, a paper from the picker, to the rating."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import FilePayload, Page, expect

from store.db import Database
from tests import cards
from tests.journeys.surveying import ask_how_it_went, settle_moves
from tests.web.service import Service, Talk

CAMERA, PICKER = "#photo-camera", "#photo-file"


@pytest.fixture
async def database(served: Service) -> AsyncIterator[Database]:
    opened = Database(served.settings.database_url)
    yield opened
    await opened.close()


async def attach(talk: Talk, chooser: str, name: str, photo: bytes, taken: int) -> None:
    """Send a photo from the camera or the picker, and wait until so many are said to be taken."""
    file = FilePayload(name=name, mimeType="image/jpeg", buffer=photo)
    await talk.page.locator(chooser).set_input_files(files=[file])
    await expect(talk.page.locator("#tray li")).to_have_count(1)
    await talk.page.locator("#send").click()
    await expect(talk.said_by_bot("Đã nhận 1 tệp")).to_have_count(taken)


async def test_a_household_connection_is_asked_for_with_a_phone_and_followed_to_its_rating(
    phone_page: Page, served: Service, database: Database
) -> None:
    talk = Talk(phone_page)
    await talk.open(served.address)
    await talk.say("mắc điện mới", "Quý khách cần việc nào")
    await talk.press("Mắc điện cho gia đình", "Quý khách đồng ý chứ")
    await talk.press("Tôi đồng ý", "Địa chỉ dùng điện ở đâu")
    await talk.say("12 Lê Lợi phường Bến Thành", "Quý khách ở nơi này là")
    await talk.press("Chủ nhà", "chụp hai mặt thẻ căn cước")
    await attach(talk, CAMERA, "image.jpg", cards.card_photo(), taken=1)
    await talk.press("Xong", "0791••••1234")
    await talk.press("Đúng", "Số điện thoại để nhân viên gọi")
    await talk.say("0912 345 678", "Cần điện mấy pha")
    await talk.press("1 pha", "giấy tờ về nơi dùng điện")
    await attach(talk, PICKER, "so-hong.jpg", cards.compose_card(None, seed=2), taken=2)
    await talk.press("Xong", "xem lại hồ sơ")
    await talk.press("Gửi hồ sơ", "Em đã nhận hồ sơ HS-")

    (request,) = (await served.staff("GET", "/requests"))["requests"]
    code = str(request["code"])
    pushes = phone_page.locator(".row[data-push=true]", has_text=code)
    for to, words in {
        "checking": "đang kiểm tra hồ sơ",
        "works": "đang thi công",
        "done": "đã hoàn thành",
    }.items():
        await served.staff("POST", f"/requests/{code}/moves", {"to": to})
        await settle_moves(database)
        push = pushes.filter(has_text=f"có tin mới: {words}")
        await expect(push).to_be_visible()
        picture = push.locator(".picture img")
        await expect(picture).to_have_js_property("naturalWidth", 1080)
        await expect(picture).to_have_attribute("alt", re.compile("Mắc điện cho gia đình|" + code))

    await ask_how_it_went(database, code)
    await expect(pushes.filter(has_text="dành nửa phút")).to_be_visible()
    await talk.press("Đánh giá ngay", "thái độ của nhân viên")
    await talk.press("😀 Hài lòng", "quy trình, thủ tục")
    await talk.press("😀 Hài lòng", "mấy điểm")
    await talk.press("10", "nhắn thêm điều gì")
    await talk.press("Không có gì thêm", "Cảm ơn Quý khách")
    (rated,) = (await served.staff("GET", "/surveys"))["surveys"]
    assert (rated["attitude"], rated["score"]) == (3, 10)

    await phone_page.reload()
    await talk.connected()
    await expect(pushes).to_have_count(4)
    await expect(talk.said_by_bot("079190001234")).to_have_count(0)

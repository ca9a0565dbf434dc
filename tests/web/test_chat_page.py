"""The chat page in a real browser, on the whole service: nothing is lost, doubled, or shown to somebody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession
from playwright.async_api import FilePayload, Locator, Page, expect

from bot import sender
from bot.web import hub
from tests.browser import PHONE, Visitors
from tests.web.service import Service, Talk

HOURS = 10_000.0
# The smallest PNG: one pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000"
    "01f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
async def served_without_looking(service: Service, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    """The service, where nobody looks for news by the clock: what arrives at all was passed on at once."""
    monkeypatch.setattr(sender, "POLL_SECONDS", HOURS)
    monkeypatch.setattr(hub, "LOOK_SECONDS", HOURS)
    async with service.on():
        yield service


async def arrived(page: Page, served: Service) -> Talk:
    talk = Talk(page)
    await talk.open(served.address)
    return talk


async def test_a_newcomer_is_greeted_follows_a_ward_and_gets_each_stage_of_an_incident(
    phone_page: Page, served_without_looking: Service
) -> None:
    served = served_without_looking
    talk = await arrived(phone_page, served)
    await phone_page.locator("#start").click()
    await expect(talk.said_by_bot("Em là trợ lý Sáng Đèn")).to_be_visible()
    await talk.follow()

    outage = await served.publish()
    push = phone_page.locator(".row[data-push=true]", has_text="SỰ CỐ MẤT ĐIỆN")
    await expect(push).to_be_visible()
    await expect(push).to_contain_text("Cây ngã vào đường dây")

    end = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    await served.staff("PATCH", f"/outages/{outage}", {"ends_at": end})
    await expect(talk.said_by_bot("CẬP NHẬT SỰ CỐ")).to_be_visible()
    await served.staff("POST", f"/outages/{outage}/restore")
    await expect(talk.said_by_bot("ĐÃ CÓ ĐIỆN TRỞ LẠI")).to_be_visible()


async def test_a_reload_shows_the_same_history_and_nothing_twice(page: Page, served: Service) -> None:
    talk = await arrived(page, served)
    await talk.say("xin chào", "Em là trợ lý Sáng Đèn")
    await talk.follow()
    await served.publish()
    await expect(talk.said_by_bot("SỰ CỐ MẤT ĐIỆN")).to_be_visible()
    await expect(page.locator(".row[data-key]")).to_have_count(9)
    before = await talk.keys()
    await page.reload()
    await talk.connected()
    await expect(page.locator(".row[data-key]")).to_have_count(9)
    # The hub looks twice a second for what was settled: what hello showed must not come again with it.
    await asyncio.sleep(1.2)
    assert await talk.keys() == before
    assert len(set(before)) == 9


async def test_a_message_sent_while_the_service_is_down_arrives_when_it_is_back(
    page: Page, visitors: Visitors, service: Service
) -> None:
    visitors.allow("WebSocket connection to")
    talk = Talk(page)
    async with service.on():
        await talk.open(service.address)
        await talk.say("xin chào", "Em là trợ lý Sáng Đèn")
    await expect(page.locator("#connection[data-state=offline]")).to_be_visible()
    await talk.type("trợ giúp")
    await expect(page.locator(".row[data-state=waiting]", has_text="trợ giúp")).to_be_visible()
    async with service.on():
        await talk.connected()
        await expect(talk.said_by_me("trợ giúp")).to_have_count(1)
        await expect(page.locator(".row[data-state]")).to_have_count(0)
        await expect(page.locator(".row[data-from=bot]")).to_have_count(2)


async def test_what_was_published_while_a_page_was_away_is_there_when_it_returns(
    page: Page, served: Service
) -> None:
    talk = await arrived(page, served)
    await talk.say("xin chào", "Em là trợ lý Sáng Đèn")
    await talk.follow()
    await page.goto("about:blank")
    await served.publish("Hỏng máy biến áp")
    await talk.open(served.address)
    await expect(talk.said_by_bot("Hỏng máy biến áp")).to_have_count(1)


async def test_the_language_is_switched_for_page_and_bot_and_shows_no_empty_bubble(
    page: Page, served: Service
) -> None:
    talk = await arrived(page, served)
    await talk.say("xin chào", "Em là trợ lý Sáng Đèn")
    await page.locator("#language").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    # The bot confirms in the language chosen; what only chose it is no message of the visitor's.
    await expect(page.locator(".row[data-from=bot]")).to_have_count(2)
    await expect(page.locator(".row[data-from=me]")).to_have_count(1)
    before = await talk.keys()
    await page.reload()
    await talk.connected()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.locator(".row[data-key]")).to_have_count(len(before))


async def test_who_reads_english_is_spoken_to_in_english(visitors: Visitors, served: Service) -> None:
    page = await visitors.arrive(PHONE, language="en-GB")
    talk = await arrived(page, served)
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await talk.type("hello")
    await expect(page.locator(".quick-reply", has_text="Follow outages")).to_be_visible()


async def test_a_pdf_is_chosen_by_its_name_and_sent(page: Page, served: Service) -> None:
    talk = await arrived(page, served)
    deed = FilePayload(name="so-do.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 %%EOF")
    await page.locator("#photo-file").set_input_files(files=deed)
    await expect(page.locator("#tray li .file", has_text="so-do.pdf")).to_be_visible()
    await page.locator("#send").click()
    await expect(talk.said_by_me("[tệp PDF]")).to_be_visible()
    await expect(talk.said_by_bot("chưa cần tới").last).to_be_visible()


async def test_a_pdf_that_is_too_large_is_not_even_uploaded(page: Page, served: Service) -> None:
    await arrived(page, served)
    large = FilePayload(name="ban-ve.pdf", mimeType="application/pdf", buffer=bytes(11 * 1024 * 1024))
    await page.locator("#photo-file").set_input_files(files=large)
    await expect(page.locator("#notice-words")).to_contain_text("“ban-ve.pdf” lớn hơn 10 MB")
    await expect(page.locator("#tray li")).to_have_count(0)


async def test_a_photo_is_shown_confirmed_and_answered(page: Page, served: Service) -> None:
    talk = await arrived(page, served)
    await talk.say("xin chào", "Em là trợ lý Sáng Đèn")
    await page.locator("#photo-file").set_input_files(
        files=FilePayload(name="meter.png", mimeType="image/png", buffer=PIXEL)
    )
    await page.locator("#send").click()
    await expect(page.locator(".row[data-key][data-from=me]")).to_have_count(2)
    await expect(page.locator(".row[data-from=bot]")).to_have_count(2)


async def see_the_week(talk: Talk) -> Locator:
    """Ask for the week at one's own places; the picture of the answer."""
    await talk.type("tra cứu")
    await talk.press("Các nơi của tôi", "Quý khách muốn xem")
    await talk.press("7 ngày tới", "7 ngày tới")
    return talk.page.locator(".row[data-from=bot] .picture img")


async def test_the_week_comes_as_a_picture_that_opens_large_and_stays_in_the_history(
    phone_page: Page, served: Service
) -> None:
    talk = await arrived(phone_page, served)
    await talk.say("xin chào", "Em là trợ lý Sáng Đèn")
    await talk.follow()
    await served.publish()
    await expect(talk.said_by_bot("SỰ CỐ MẤT ĐIỆN")).to_be_visible()
    picture = await see_the_week(talk)
    await expect(picture).to_have_attribute("alt", re.compile("^Hình lịch cúp điện 7 ngày, kể từ "))
    await expect(picture).to_have_js_property("complete", True)
    shown: dict[str, float] = await picture.evaluate(
        "image => ({natural: image.naturalWidth, high: image.naturalHeight, width: image.clientWidth,"
        " declared: image.width && +image.getAttribute('width'), reserved: +image.getAttribute('height')})"
    )
    assert (shown["natural"], shown["high"]) == (shown["declared"], shown["reserved"]) == (1080, shown["high"])
    viewport = phone_page.viewport_size
    assert viewport is not None
    assert shown["width"] > 0.7 * viewport["width"]

    await picture.click()
    enlarged = phone_page.locator("#viewer img")
    await expect(enlarged).to_be_visible()
    assert await enlarged.evaluate("image => image.naturalWidth") == 1080
    assert await enlarged.evaluate("image => image.clientWidth") == viewport["width"]
    await enlarged.click()
    await expect(enlarged).to_be_hidden()

    await phone_page.reload()
    await talk.connected()
    await expect(picture).to_have_count(1)
    await expect(picture).to_have_js_property("naturalWidth", 1080)
    await phone_page.locator("#language").click()
    await phone_page.reload()
    await expect(picture).to_have_attribute("alt", re.compile("^Picture: outages in the 7 days from "))
    await expect(picture).to_have_js_property("naturalWidth", 1080)


async def test_a_picture_is_shown_to_nobody_else(visitors: Visitors, served: Service) -> None:
    lan = await arrived(await visitors.arrive(), served)
    minh = await arrived(await visitors.arrive(), served)
    await lan.say("xin chào", "Em là trợ lý Sáng Đèn")
    await lan.follow()
    await minh.say("xin chào", "Em là trợ lý Sáng Đèn")
    source = await (await see_the_week(lan)).get_attribute("src")
    assert source is not None
    own = await lan.page.request.get(served.address + source)
    assert (own.status, own.headers["content-type"]) == (200, "image/png")
    assert own.headers["cache-control"].startswith("private")
    assert own.headers["x-content-type-options"] == "nosniff"
    assert (await minh.page.request.get(served.address + source)).status == 404
    async with ClientSession() as stranger, stranger.get(served.address + source) as answer:
        assert answer.status == 404
    for other in ("/chat/pictures/1", "/chat/pictures/999999999999999999", "/chat/pictures/x"):
        assert (await lan.page.request.get(served.address + other)).status == 404


async def test_an_old_button_is_answered_and_changes_nothing(page: Page, served: Service) -> None:
    talk = await arrived(page, served)
    await talk.say("xin chào", "Em là trợ lý Sáng Đèn")
    await talk.follow()
    await page.locator(".quick-reply", has_text="Nhà ba mẹ").first.click()
    await expect(talk.said_by_bot("Nút này thuộc một câu hỏi cũ")).to_be_visible()


async def test_two_visitors_do_not_see_each_other(visitors: Visitors, served: Service) -> None:
    lan = await arrived(await visitors.arrive(), served)
    minh = await arrived(await visitors.arrive(), served)
    await lan.say("xin chào", "Em là trợ lý Sáng Đèn")
    await lan.follow()
    await served.publish()
    await expect(lan.said_by_bot("SỰ CỐ MẤT ĐIỆN")).to_be_visible()
    assert await minh.keys() == []
    await minh.say("trợ giúp", "")
    await expect(minh.page.locator(".row")).to_have_count(2)


async def test_two_pages_of_one_visitor_show_the_same(page: Page, served: Service) -> None:
    first = await arrived(page, served)
    second = await arrived(await page.context.new_page(), served)
    await first.say("xin chào", "Em là trợ lý Sáng Đèn")
    await expect(second.said_by_bot("Em là trợ lý Sáng Đèn")).to_have_count(1)


async def test_everything_is_reached_with_the_keyboard_alone(page: Page, served: Service) -> None:
    talk = await arrived(page, served)
    await expect(page.locator("#composer")).to_be_focused()
    await page.keyboard.type("xin chào")
    await page.keyboard.press("Enter")
    await expect(talk.said_by_bot("Em là trợ lý Sáng Đèn")).to_be_visible()
    for _ in range(20):
        await page.keyboard.press("Shift+Tab")
        if await page.locator(".quick-reply:focus", has_text="Theo dõi cúp điện").count():
            break
    await page.keyboard.press("Enter")
    await expect(talk.said_by_bot("mã khách hàng").last).to_be_visible()


async def test_markup_that_a_visitor_types_stays_text(page: Page, served: Service) -> None:
    talk = await arrived(page, served)
    await talk.type("<b>đậm</b> <img src=x onerror=alert(1)>")
    await expect(talk.said_by_me("<b>đậm</b> <img src=x onerror=alert(1)>")).to_be_visible()
    await expect(page.locator("#log .bubble img")).to_have_count(0)

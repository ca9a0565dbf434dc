"""Planned work on the chat page in a real browser: the notice with its buttons, and the week as a picture."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from playwright.async_api import Page, expect

from bot.sender import utcnow
from handlers import tokens
from handlers.demo import FACTORY
from handlers.rules.planning import Rule
from handlers.talking import ZONE
from store.db import Database
from tests.web.service import TOKEN, Service, Talk


async def publish_plan(served: Service) -> str:
    """Planned work at the factory in three days, published late by who may set rules aside; its code."""
    database = Database(served.settings.database_url)
    try:
        async with database.unit() as unit:
            await tokens.issue(unit, "tests", "admin", TOKEN, utcnow())
    finally:
        await database.close()
    begins = datetime.combine(datetime.now(ZONE).date() + timedelta(days=3), time(8), ZONE)
    slot = {"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=3)).isoformat()}
    body = {
        "kind": "planned",
        "reason": "Thay máy biến áp",
        "slots": [slot],
        "scope": {"customers": [FACTORY]},
        "override": [{"rule": rule, "why": "thử"} for rule in Rule],
    }
    return str((await served.staff("POST", "/outages", body))["code"])


async def test_a_planned_notice_comes_with_its_buttons_and_the_week_shows_it_as_a_picture(
    phone_page: Page, served: Service
) -> None:
    talk = Talk(phone_page)
    await talk.open(served.address)
    await talk.say("xin chào", "Em là trợ lý Sáng Đèn")
    await talk.press("Theo dõi cúp điện", "mã khách hàng")
    await talk.say(FACTORY, "Quý khách gọi nơi này là gì")
    await talk.press("Nhà", "Xong rồi ạ")

    code = await publish_plan(served)
    push = phone_page.locator(".row[data-push=true]", has_text="LỊCH TẠM NGỪNG CẤP ĐIỆN")
    await expect(push).to_contain_text(code)
    await expect(push).to_contain_text("Thay máy biến áp")
    await expect(push.locator(".quick-reply")).to_have_text(["Đề nghị đổi lịch", "Nơi của tôi"])

    await talk.type("tra cứu")
    await talk.press("Các nơi của tôi", "Quý khách muốn xem")
    await talk.press("7 ngày tới", "7 ngày tới")
    answer = phone_page.locator(".row[data-from=bot]", has=phone_page.locator(".picture"))
    await expect(answer).to_contain_text("Thay máy biến áp")
    picture = answer.locator(".picture img")
    await expect(picture).to_have_attribute("alt", re.compile("^Hình lịch cúp điện 7 ngày, kể từ "))
    await expect(picture).to_have_js_property("naturalWidth", 1080)

    await talk.press("Đề nghị đổi lịch", "muốn dời sang lúc nào")

"""Over Telegram: a bill with its picture, then a person; the bot is silent meanwhile, and a kill loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.journeys.service import until
from tests.journeys.walks import Desk, Journey, town_at

LAN = 7001
DESK = "tests.journeys.always_open"


def heard(journey: Journey) -> list[str]:
    """What the bot and its staff said to the customer, in order."""
    messages: list[dict[str, Any]] = journey.emulator.chat(LAN)["messages"]
    return [message["text"] for message in messages if message["from"] == "bot"]


async def at(desk: Desk, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """What the desk answers to an agent."""
    return await desk.ask(method, path, body, role="agent")


async def lines(desk: Desk, number: int) -> list[tuple[str, str]]:
    """The talk as an agent reads it: who, and what."""
    shown = await at(desk, "GET", f"handovers/{number}")
    return [(line["by"], line["text"]) for line in shown["lines"]]


async def test_who_asks_for_a_person_gets_one_and_loses_nothing_by_a_kill(sqlite_url: str, tmp_path: Path) -> None:
    async with town_at(sqlite_url, tmp_path) as journey:
        async with journey.running(DESK) as (service, desk):
            await journey.say(LAN, "250 so bao nhieu tien", "636.768 đ")
            bill = await journey.emulator.shown(LAN, "636.768 đ")
            assert bill["photo"] or any(one["photo"] for one in journey.emulator.chat(LAN)["messages"])

            await journey.say(LAN, "cho gặp nhân viên", "nhân viên")
            await journey.emulator.text(chat=LAN, text="Hóa đơn ghi sai tên vợ tôi")

            async def asked() -> bool:
                waiting = (await at(desk, "GET", "handovers"))["handovers"]
                return bool(waiting) and ("customer", "Hóa đơn ghi sai tên vợ tôi") in await lines(
                    desk, waiting[0]["id"]
                )

            await until(asked)
            [one] = (await at(desk, "GET", "handovers"))["handovers"]
            number = one["id"]
            assert ("customer", "250 so bao nhieu tien") in await lines(desk, number), "what was said so far"
            await at(desk, "POST", f"handovers/{number}/take")
            await at(desk, "POST", f"handovers/{number}/say", {"text": "Chào chị, em là Hạnh"})
            await journey.emulator.shown(LAN, "em là Hạnh")
            before = len(heard(journey))
            await journey.emulator.text(chat=LAN, text="mai có cúp điện không")

            async def read() -> bool:
                return ("customer", "mai có cúp điện không") in await lines(desk, number)

            await until(read)
            await service.kill()
        await journey.emulator.text(chat=LAN, text="em còn đó không")

        async with journey.running(DESK) as (service, desk):

            async def both() -> bool:
                return [said for by, said in await lines(desk, number) if by == "customer"][-2:] == [
                    "mai có cúp điện không",
                    "em còn đó không",
                ]

            await until(both)
            await at(desk, "POST", f"handovers/{number}/say", {"text": "Dạ em đây"})
            await journey.emulator.shown(LAN, "Dạ em đây")
            assert [text for text in heard(journey)[before:] if "em đây" not in text] == [], "the bot is silent"
            assert journey.heard(LAN, "em là Hạnh") == 1
            await at(desk, "POST", f"handovers/{number}/end")
            await until(lambda: len(heard(journey)) == before + 2)
            await journey.say(LAN, "300 so bao nhieu tien", "798.660 đ")
            assert await service.stop() == 0

"""The whole service in this process, on a demonstration utility of its own, as browsers and scripts meet it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from playwright.async_api import Locator, Page, expect
from pydantic import SecretStr

from bot.app import running
from bot.sender import utcnow
from bot.settings import Settings
from handlers import tokens
from store.db import Database

TOKEN = "sd_a-token-that-only-tests-know-of"  # noqa: S105
HOST = "127.0.0.1"
# A ward of the demonstration utility, and a feeder that serves it.
WARD, FEEDER = "Bến Thành", "TT-472"


class Service:
    """Goes on and off on one port; `address` is where it is."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        """On within the block; the second time on the same port as the first."""
        async with running(self.settings, "all", HOST, self.port) as address:
            self.port = int(address.rpartition(":")[2])
            yield

    async def staff(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the staff API answers to an operator."""
        async with (
            ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as client,
            client.request(method, f"{self.address}/api/v1{path}", json=body or {}) as response,
        ):
            answer: dict[str, Any] = await response.json()
            assert response.status in (200, 201), answer
            return answer

    async def publish(self, reason: str = "Cây ngã vào đường dây") -> int:
        """An incident on the feeder; its number."""
        scope = {"feeders": [FEEDER]}
        answer = await self.staff("POST", "/outages", {"kind": "incident", "reason": reason, "scope": scope})
        return int(answer["id"])


def settings_for(directory: Path, database_url: str, **others: Any) -> Settings:
    """Settings that neither the environment nor a .env file of this machine changes."""
    return Settings(
        _env_file=None,
        data_dir=directory,
        database_url=database_url,
        secret_key=SecretStr("a secret key that only tests know of"),
        **others,
    )


async def with_operator(database_url: str) -> None:
    """Have an operator, whose token is TOKEN."""
    database = Database(database_url)
    try:
        async with database.unit() as unit:
            await tokens.issue(unit, "tests", "operator", TOKEN, utcnow())
    finally:
        await database.close()


class Talk:
    """A visitor's hands and eyes on the chat page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self, address: str) -> None:
        await self.page.goto(address)
        await self.connected()

    async def connected(self) -> None:
        await expect(self.page.locator("#connection[data-state=online]")).to_be_visible()

    def said_by_bot(self, words: str) -> Locator:
        """The bot's bubbles with these words."""
        return self.page.locator(".row[data-from=bot] .bubble", has_text=words)

    def said_by_me(self, words: str) -> Locator:
        """The visitor's own bubbles with these words, confirmed by the server."""
        return self.page.locator(".row[data-key][data-from=me] .bubble", has_text=words)

    async def type(self, words: str) -> None:
        await self.page.locator("#composer").fill(words)
        await self.page.locator("#send").click()

    async def say(self, words: str, answer: str) -> None:
        """Type, send, and wait for the answer."""
        await self.type(words)
        await expect(self.said_by_bot(answer).last).to_be_visible()

    async def press(self, label: str, answer: str) -> None:
        """Press the newest button of that label and wait for the answer."""
        await self.page.locator(".quick-reply").get_by_text(label, exact=True).last.click()
        await expect(self.said_by_bot(answer).last).to_be_visible()

    async def follow(self, ward: str = WARD) -> None:
        """Follow a ward, pressing what can be pressed and typing the rest."""
        await self.press("Theo dõi cúp điện", "mã khách hàng")
        await self.say(f"phường {ward}", "Quý khách gọi nơi này là gì")
        await self.press("Nhà", "Xong rồi ạ")

    async def keys(self) -> list[str]:
        """What is shown, by the server's keys, in order."""
        rows = await self.page.locator(".row[data-key]").all()
        return [str(await row.get_attribute("data-key")) for row in rows]

"""What walks over Telegram with planned work and reports share: a desk of staff, customers who chat, a service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from handlers import tokens
from handlers.rules.planning import Rule
from handlers.talking import ZONE
from store.db import Database
from tests.emulators.telegram import TelegramEmulator
from tests.journeys.service import Service
from tests.town import FACTORY, built

SECRETS = {role: f"sd_a_token_of_an_{role}" for role in ("operator", "admin", "agent")}


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
    """Planned work on a feeder, as a request to publish it."""
    slots = [{"starts_at": start.isoformat(), "ends_at": end.isoformat()} for start, end in windows]
    return {"kind": "planned", "reason": "Thay dây", "slots": slots, "scope": {"feeders": [feeder]}}


def aside() -> dict[str, Any]:
    """Every rule, set aside: the days on which tests run are not chosen."""
    return {"override": [{"rule": rule, "why": "thử"} for rule in Rule]}


def morning(days: int, hours: int = 3) -> tuple[datetime, datetime]:
    """From eight o'clock, so many days from now."""
    day = (datetime.now(ZONE) + timedelta(days=days)).date()
    begins = datetime.combine(day, time(8), ZONE)
    return begins, begins + timedelta(hours=hours)


def day_of(window: tuple[datetime, datetime]) -> str:
    """Its day as the bot writes it, and as people type it."""
    begins = window[0]
    return f"{begins.day}/{begins.month}/{begins.year}"


def _settings(emulator: TelegramEmulator, database_url: str) -> dict[str, str]:
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
    async def running(self, module: str = "bot") -> AsyncIterator[tuple[Service, Desk]]:
        """The service on, and the staff API that it serves."""
        settings = _settings(self.emulator, self.database_url)
        async with Service.running(settings, self.folder, module=module) as service:
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

    async def choose(self, chat: int, words: str, answer: str) -> None:
        """Press the newest button whose label has these words."""
        messages: list[dict[str, Any]] = self.emulator.chat(chat)["messages"]
        buttons = (button for message in reversed(messages) for row in message["buttons"] for button in row)
        chosen = next(button["data"] for button in buttons if words in button["label"])
        await self.emulator.press(chat=chat, data=chosen)
        await self.emulator.shown(chat, answer)

    async def windows_told(self, chat: int, title: str) -> list[str]:
        """The lines about windows in the push with that title, earliest first."""
        push = await self.emulator.shown(chat, title)
        return [line for line in push["text"].splitlines() if line.startswith("•")]

    def heard(self, chat: int, words: str) -> int:
        """How many of the bot's messages in a chat have these words."""
        messages: list[dict[str, Any]] = self.emulator.chat(chat)["messages"]
        return sum(message["from"] == "bot" and words in message["text"] for message in messages)


@asynccontextmanager
async def town_at(url: str, folder: Path) -> AsyncIterator[Journey]:
    """The town, where the factory is one, and its staff; the service is still off."""
    async with built(url) as town:
        await town.serve("industrial", FACTORY)
        async with town.database.unit() as unit:
            for role, secret in SECRETS.items():
                await tokens.issue(unit, role, role, secret, datetime.now(UTC))
    async with TelegramEmulator.running() as emulator, ClientSession() as session:
        yield Journey(emulator, session, url, folder)

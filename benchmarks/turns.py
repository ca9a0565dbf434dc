"""Conversation turns through the webhook: from an update's arrival to its reply at Telegram, against aiogram."""

import asyncio
import itertools
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvloop
from aiohttp import ClientSession, TCPConnector

from benchmarks.fake_bot_api import listen
from benchmarks.measuring import TOKEN, Table, databases, percentile, verdict
from bot.channels.telegram import SECRET_HEADER, WEBHOOK_PATH
from handlers import demo_load
from handlers.talking import talking
from store.db import Database

CONNECTIONS = 32
CHATS_EACH = 40
SECRET = "benchmark"  # noqa: S105 - opens nothing
BAR, BAR_P99 = 400.0, 100.0
# A greeting, a place followed, named and looked at, the list of places, an end.
DIALOGUE = (
    "/start",
    "xin chào",
    "theo dõi",
    "Phường Bến Thành",
    "Nhà",
    "tra cứu cúp điện",
    "Bến Thành",
    "hôm nay",
    "nơi của tôi",
    "hủy",
)


@dataclass
class Telegram:
    """The side of the customers: posts their updates, hears the replies."""

    address: str
    session: ClientSession
    waiting: dict[str, asyncio.Event]
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1_000_000))

    async def turn(self, chat: int, text: str) -> None:
        """One update; over when it is answered with 200 and the reply has arrived."""
        heard = self.waiting[str(chat)] = asyncio.Event()
        person = {"id": chat, "is_bot": False, "first_name": "An", "language_code": "vi"}
        message = {
            "message_id": next(self.ids),
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private", "first_name": "An"},
            "from": person,
            "text": text,
        }
        update = {"update_id": next(self.ids), "message": message}
        headers = {SECRET_HEADER: SECRET}
        async with self.session.post(self.address + WEBHOOK_PATH, json=update, headers=headers) as answer:
            answer.raise_for_status()
        async with asyncio.timeout(20):
            await heard.wait()


@dataclass(frozen=True)
class Measured:
    """One service: turns a second at full load, milliseconds at full and at half load."""

    name: str
    rate: float
    full: Sequence[float]
    half: Sequence[float]


def measure(*, quick: bool) -> Table:
    """Full load, then half of it, on both databases and the peer. quick: three seconds of each."""
    with databases() as urls:
        return uvloop.run(_measure(urls, 3.0 if quick else 10.0))


async def _measure(urls: Mapping[str, str], seconds: float) -> Table:
    waiting: dict[str, asyncio.Event] = {}

    def hear(chat: bytes) -> None:
        if event := waiting.get(chat.decode()):
            event.set()

    api = await listen(hear)
    api_url = f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}"
    results = []
    for name, url in urls.items():
        await _load(url)
        async with _service(_ours(url, api_url), ours=True) as address:
            results.append(await _loads(f"Sáng Đèn, durable, {name}", address, waiting, seconds))
    peer = [sys.executable, "-m", "benchmarks.peer_dialogue", api_url, TOKEN, WEBHOOK_PATH]
    async with _service((peer, {}), ours=False) as address:
        results.append(await _loads("aiogram, in memory, not durable", address, waiting, seconds))
    api.close()
    return _table(results, seconds)


async def _load(url: str) -> None:
    """The demonstration utility: its network, wards and 2,000 customers."""
    database = Database(url)
    async with database.unit() as unit:
        await demo_load.load(unit, talking().wards)
    await database.close()


def _ours(database: str, api: str) -> tuple[list[str], Mapping[str, str]]:
    settings = {
        "DATABASE_URL": database,
        "PUBLIC_URL": "http://127.0.0.1",
        "SECRET_KEY": "benchmark",
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": api,
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_RATE": "1000",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "bot", "serve", "--port", "0"]
    return command, {f"SANGDEN_{name}": value for name, value in settings.items()}


@asynccontextmanager
async def _service(start: tuple[list[str], Mapping[str, str]], *, ours: bool) -> AsyncIterator[str]:
    """A service in a process of its own; gives its address."""
    command, settings = start
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **settings}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdin
    try:
        line = ""
        while "http://" not in line and not (line.strip().isdigit() and not ours):
            line = (await process.stdout.readline()).decode()
            if not line:
                raise RuntimeError(f"{command} did not start")
            line = line if line.strip() else " "
        yield line.split()[-1].rstrip("/") if ours else f"http://127.0.0.1:{line.strip()}"
    finally:
        process.stdin.close()
        process.terminate()
        await process.wait()


async def _loads(name: str, address: str, waiting: dict[str, asyncio.Event], seconds: float) -> Measured:
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        telegram = Telegram(address, session, waiting)
        await _closed(telegram, 1.0, 1)
        rate, full = await _closed(telegram, seconds, 2)
        half = await _open(telegram, rate / 2, seconds)
        return Measured(name, rate, full, half)


async def _closed(telegram: Telegram, seconds: float, crowd: int) -> tuple[float, list[float]]:
    """Every connection begins its next turn when the last is over: turns a second, and their milliseconds."""
    took: list[float] = []
    started = time.perf_counter()

    async def work(connection: int) -> None:
        chats = [crowd * 1_000_000 + connection * 1000 + chat for chat in range(CHATS_EACH)]
        for text in itertools.cycle(DIALOGUE):
            for chat in chats:
                begun = time.perf_counter()
                if begun - started > seconds:
                    return
                await telegram.turn(chat, text)
                took.append((time.perf_counter() - begun) * 1000)

    await asyncio.gather(*(work(connection) for connection in range(CONNECTIONS)))
    return len(took) / (time.perf_counter() - started), took


async def _open(telegram: Telegram, rate: float, seconds: float) -> list[float]:
    """Turns begin at an even pace whether the earlier ones are over or not: milliseconds from their time."""
    took: list[float] = []
    started = time.perf_counter()

    async def one(number: int) -> None:
        begins = started + number / rate
        await asyncio.sleep(begins - time.perf_counter())
        people = CONNECTIONS * CHATS_EACH
        await telegram.turn(3_000_000 + number % people, DIALOGUE[number // people % len(DIALOGUE)])
        took.append((time.perf_counter() - begins) * 1000)

    await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
    return took


def _table(results: Sequence[Measured], seconds: float) -> Table:
    rows, notes = [], []
    for one in results:
        at_full = f"{percentile(one.full, 0.5):.0f} / {percentile(one.full, 0.99):.0f}"
        p99 = percentile(one.half, 0.99)
        rows.append([one.name, f"{one.rate:,.0f}", at_full, f"{percentile(one.half, 0.5):.0f} / {p99:.0f}"])
        if "not durable" not in one.name:
            kept = f"{verdict(one.rate, BAR)}, {verdict(p99, BAR_P99, most=True)}"
            notes.append(f"{one.name}: at least {BAR:.0f}/s, p99 at half load at most {BAR_P99:.0f} ms: {kept}.")
    return Table(
        "Conversation turns",
        ("service", "turns/s", "p50 / p99 ms, full load", "p50 / p99 ms, half load"),
        rows,
        (
            f"A turn is over when the webhook has answered and the reply has arrived at Telegram. {CONNECTIONS}",
            f"connections with {CHATS_EACH} chats each, {seconds:.0f} s of each load. Ours understands free text,",
            "looks up the network, and commits event, state and reply, then answers; the peer parses updates,",
            "walks a dialogue of three questions and forgets everything when it stops.",
            "",
            *notes,
        ),
    )

"""At a platform's limit, enforced by the emulator: how much of it a broadcast uses, how long a reply takes."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from benchmarks.measuring import Table, percentile, verdict
from bot import app, garbage
from bot.settings import Settings
from handlers import demo_load, outages
from handlers.outages import OutageDraft
from handlers.talking import talking
from store.contacts import Contact
from store.db import Database
from store.extent import Scope
from store.migrate import upgrade
from store.network import add_rows
from store.subscriptions import Subscription
from tests.emulators.telegram import TelegramEmulator

WARD = "26743"
FIRST_CHAT, CURIOUS = 10_000, 5
RATES = (30, 1000)
SHARE, REPLY_MS = 0.98, 250.0
# A question so often while the broadcast goes on, in seconds.
ASK_EVERY = 0.25


@dataclass(frozen=True)
class Run:
    """One broadcast: the share of the limit that it used, refusals, and the seconds that replies took."""

    rate: int
    messages: int
    share: float
    refused: int
    replies: tuple[float, ...]


def measure(*, quick: bool) -> Table:
    """A broadcast of about so many seconds at each limit, with one customer asking all the while."""
    runs = []
    for rate in RATES:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(data_dir=Path(folder))
            upgrade(settings.database)
            runs.append(uvloop.run(_broadcast(settings, rate, rate * (5 if quick else 15))))
    return _table(runs)


async def _broadcast(settings: Settings, rate: int, number: int) -> Run:
    async with TelegramEmulator.running() as telegram:
        chats = [FIRST_CHAT + one for one in range(number)]
        await telegram.know(chats=[*chats, CURIOUS])
        await telegram.limits(overall_per_second=rate)
        database = Database(settings.database)
        await _followers(database, chats)
        ours = settings.model_copy(
            update={
                "telegram_token": type(settings.telegram_token)(telegram.token),
                "telegram_api_url": telegram.url,
                "telegram_rate": float(rate),
            }
        )
        async with app.running(ours, "all", "127.0.0.1", 0):
            garbage.collect_rarely()
            await _reply(telegram)
            before = _sends(telegram)
            async with database.unit() as unit:
                draft = OutageDraft("incident", None, (), Scope(wards=(WARD,)))
                await outages.publish(unit, draft, "benchmark", datetime.now(UTC))
            started, replies = time.perf_counter(), list[float]()
            while _sends(telegram) - before < number + len(replies):
                replies.append(await _reply(telegram))
                await _pause(lambda: _sends(telegram) - before >= number + len(replies))
            seconds = time.perf_counter() - started
            sends = _sends(telegram) - before
        await database.close()
        return Run(rate, sends, sends / seconds / rate, telegram.stats()["refused_429"], tuple(replies))


async def _followers(database: Database, chats: list[int]) -> None:
    now = datetime.now(UTC)
    contact = {
        "channel": "telegram",
        "name": "",
        "language": "vi",
        "created_at": now,
        "seen_at": now,
        "asleep_why": "",
    }
    follows = {"target": f"w:{WARD}", "ward_code": WARD, "label": "Nhà", "paused": False, "created_at": now}
    async with database.unit() as unit:
        await demo_load.load(unit, talking().wards)
        await add_rows(unit, Contact, [{**contact, "address": str(chat)} for chat in chats])
        await add_rows(unit, Subscription, [{**follows, "contact_id": one} for one in range(1, len(chats) + 1)])


async def _pause(over: Callable[[], bool]) -> None:
    """The time between two questions, cut short when the broadcast is over."""
    until = time.perf_counter() + ASK_EVERY
    while time.perf_counter() < until and not over():
        await asyncio.sleep(0.005)


def _sends(telegram: TelegramEmulator) -> int:
    return int(telegram.stats()["sends"])


async def _reply(telegram: TelegramEmulator) -> float:
    """Seconds from a customer's text to the bot's answer in their chat."""
    before, started = _answers(telegram), time.perf_counter()
    await telegram.text(chat=CURIOUS, text="menu")
    while _answers(telegram) == before:
        await asyncio.sleep(0.001)
    return time.perf_counter() - started


def _answers(telegram: TelegramEmulator) -> int:
    sent = telegram.stats()["sent"]
    return int(sent.get(CURIOUS, 0))


def _table(runs: list[Run]) -> Table:
    rows, notes = [], []
    for run in runs:
        p99 = percentile(run.replies, 0.99) * 1000
        rows.append(
            (
                f"{run.rate}/s",
                f"{run.messages:,}",
                f"{run.share:.1%}",
                str(run.refused),
                f"{percentile(run.replies, 0.5) * 1000:.0f} / {p99:.0f}",
            )
        )
        used, refused = verdict(run.share, SHARE), verdict(run.refused, 0, most=True)
        kept = f"{used}, {refused}, {verdict(p99, REPLY_MS, most=True)}"
        notes.append(f"{run.rate}/s: at least 98 % used, no refusal, a reply's p99 at most 250 ms: {kept}.")
    return Table(
        "At a platform's limit",
        ("limit", "messages", "of it used", "429s", "reply p50 / p99 ms"),
        rows,
        (
            "One incident told to everyone, over long polling on SQLite; the emulator, in the same process,",
            "refuses what exceeds the limit. Meanwhile one customer keeps asking: from text to answer.",
            "",
            *notes,
        ),
    )

"""Messages a second: our durable road against bare loops of python-telegram-bot and aiogram, in one run."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import uvloop
from aiogram import Bot as AiogramBot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from telegram import Bot
from telegram.request import BaseRequest, HTTPXRequest

from benchmarks import broadcast
from benchmarks.measuring import TOKEN, Figures, Table, databases, verdict
from bot import garbage
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_transport import AiohttpRequest
from bot.holder import Holder
from bot.sender import Sender
from handlers.ports import Outcome, Outgoing
from handlers.rendering import render
from handlers.talking import talking
from store.db import Database
from tests.processes import kept

CONCURRENCY = 50
# A rate so high that pace never makes anyone wait.
LIFTED = 1_000_000.0
OURS = "Sáng Đèn"
AIOGRAM = "aiogram, bare loop"
OUR_TRANSPORT = "python-telegram-bot, our transport, bare loop"
STOCK = "python-telegram-bot, its own transport, bare loop"
BAR, OF_AIOGRAM, OF_STOCK = 2500.0, 0.75, 5.0

Send = Callable[[int, str], Awaitable[object]]


def measure(*, quick: bool) -> Table:
    """Interleaved rounds of every contender. quick: fewer rounds of fewer messages."""
    rounds, number = (2, 2000) if quick else (5, 10_000)
    with databases() as urls, kept("benchmarks.fake_bot_api") as port:
        return uvloop.run(_measure(urls, f"http://127.0.0.1:{port}", rounds, number))


async def _measure(urls: Mapping[str, str], api: str, rounds: int, number: int) -> Table:
    ours = {f"{OURS}, durable, {name}": Database(url) for name, url in urls.items()}
    for database in ours.values():
        await broadcast.add_followers(database, number, _now())
    contenders = [Figures(name) for name in (*ours, AIOGRAM, OUR_TRANSPORT, STOCK)]
    cpu = [Figures(one.name) for one in contenders]
    # As the service itself does it; every contender in this process has it alike.
    garbage.collect_rarely()
    for _ in range(rounds):
        for rate, spent in zip(contenders, cpu, strict=True):
            # The stock transport is so slow that a fifth of the messages shows it as well.
            count = number // 5 if rate.name == STOCK else number
            before = time.process_time()
            seconds = await (
                _ours(ours[rate.name], api, number) if rate.name in ours else _bare(rate.name, api, count)
            )
            rate.values.append(count / seconds)
            spent.values.append((time.process_time() - before) / count * 1e6)
    for database in ours.values():
        await database.close()
    return _table(contenders, cpu, rounds, number)


class CountedChannel(TelegramChannel):
    """Counts what went out, so that the database is asked only when the end is near."""

    went = 0

    async def send(self, to: str, message: Outgoing, key: str) -> Outcome:
        outcome = await super().send(to, message, key)
        self.went += 1
        return outcome


async def _ours(database: Database, api: str, total: int) -> float:
    """Seconds from the sender's start until every delivery is settled as sent."""
    message_id = await broadcast.write(database, _now())
    channel = CountedChannel(TOKEN, api_url=api, rate=LIFTED)
    await channel.start()
    sender = Sender(database, channel, talking().speaker, Holder())
    settled = asyncio.Event()
    sender.on_settled(settled.set)
    started = time.perf_counter()
    sending = asyncio.create_task(sender.run())
    while channel.went < total or await broadcast.sent(database, message_id) < total:
        await settled.wait()
        settled.clear()
    seconds = time.perf_counter() - started
    sender.stop()
    await sending
    await channel.stop()
    return seconds


async def _bare(name: str, api: str, count: int) -> float:
    """Seconds for a loop that only sends: nothing is read, rendered or remembered."""
    text = render(broadcast.incident(_now()), "vi", talking().speaker).text
    async with _PEERS[name](api) as send:
        started = time.perf_counter()
        await _all(send, iter(range(count)), text)
        return time.perf_counter() - started


async def _all(send: Send, chats: Iterator[int], text: str) -> None:
    async def work() -> None:
        for chat in chats:
            await send(broadcast.FIRST_CHAT + chat, text)

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


@asynccontextmanager
async def _aiogram(api: str) -> AsyncIterator[Send]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(api))
    async with AiogramBot(TOKEN, session=session, default=DefaultBotProperties(parse_mode="HTML")) as bot:
        yield bot.send_message


@asynccontextmanager
async def _library(api: str, request: BaseRequest) -> AsyncIterator[Send]:
    async with Bot(TOKEN, base_url=f"{api}/bot", request=request) as bot:
        yield lambda chat, text: bot.send_message(chat, text, parse_mode="HTML")


_PEERS: Mapping[str, Callable[[str], AbstractAsyncContextManager[Send]]] = {
    AIOGRAM: _aiogram,
    OUR_TRANSPORT: lambda api: _library(api, AiohttpRequest(CONCURRENCY)),
    STOCK: lambda api: _library(api, HTTPXRequest(connection_pool_size=256)),
}


def _table(rates: Sequence[Figures], cpu: Sequence[Figures], rounds: int, number: int) -> Table:
    by_name = {one.name: one.median for one in rates}
    aiogram, stock = by_name[AIOGRAM], by_name[STOCK]
    rows, notes = [], []
    for rate, spent in zip(rates, cpu, strict=True):
        own = rate.median
        rows.append([rate.name, rate.shown, f"{spent.median:.0f}", f"{own / aiogram:.2f}", f"{own / stock:.1f}"])
        if rate.name.startswith(OURS):
            bars = [(own, BAR), (own / aiogram, OF_AIOGRAM), (own / stock, OF_STOCK)]
            kept_or_not = ", ".join(verdict(value, bar) for value, bar in bars)
            notes.append(
                f"{rate.name}: at least {BAR:,.0f}/s, {OF_AIOGRAM} and {OF_STOCK:.0f} times: {kept_or_not}."
            )
    return Table(
        "Sending",
        ("road", "messages/s", "µs of CPU each", "× aiogram", "× its own transport"),
        rows,
        (
            f"{rounds} interleaved rounds of {number:,} messages: medians, ranges. Ours claims from the outbox,",
            "renders, sends and settles, and is done when all is settled; the loops send a text that is",
            f"ready, {CONCURRENCY} at a time, remember nothing, and lose what is under way when they die.",
            "",
            *notes,
        ),
    )


def _now() -> datetime:
    return datetime.now(UTC)

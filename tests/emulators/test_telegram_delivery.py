"""Updates reach a bot, and its calls fail, the way they do on the real Telegram: order, retries, limits, cuts."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, NetworkError, RetryAfter, TimedOut
from telegram.ext import Application, ApplicationBuilder, ContextTypes, MessageHandler, filters

from tests.emulators.telegram import TelegramEmulator, faults

AN, BINH = 1001, 1002
SPEED = 50
# Real seconds until a test gives up; less than a poll of 50 seconds takes at a speed of one.
WAIT = 30
SECRET = "a-secret_1"  # noqa: S105 (known to these tests only)
BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("Nhà", callback_data="home")]])


@pytest.fixture(autouse=True)
def durations_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's newer way; the older one warns."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def emulator() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator.running(speed=SPEED) as running:
        await running.know([AN, BINH])
        yield running


@pytest.fixture
async def bot(emulator: TelegramEmulator) -> AsyncIterator[Bot]:
    async with Bot(emulator.token, emulator.base_url, emulator.base_file_url) as bot:
        yield bot


@pytest.fixture
def pauses(emulator: TelegramEmulator, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of server time that the emulator decides to wait, one after the other."""
    clock = emulator.world.clock
    decided, sleep = list[float](), clock.sleep

    async def noted(seconds: float) -> None:
        decided.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(clock, "sleep", noted)
    return decided


class Time:
    """Stands for the module `time` where real seconds are counted; it moves only when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    time = monotonic


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time by which the emulator counts calls against its limits."""
    time = Time()
    monkeypatch.setattr(faults, "time", time)
    return time


class Receiver:
    """The bot's end of a webhook; `answer` decides by update and attempt, everything taken is kept.

    Requests are answered `pause` seconds after as many of them as `together` wants are there.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answer: Callable[[dict[str, Any], int], web.Response] = lambda update, attempt: web.Response()
        self.came: list[tuple[float, dict[str, Any]]] = []
        self.headers: dict[str, str] = {}
        self.pause, self.together = 0.0, asyncio.Barrier(1)
        self.most_at_once = 0
        self._now = 0

    async def receive(self, request: web.Request) -> web.Response:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        self.headers = dict(request.headers)
        update = await request.json()
        self.came.append((time.monotonic(), update))
        await self.together.wait()
        await asyncio.sleep(self.pause)
        self._now -= 1
        return self.answer(update, sum(one["update_id"] == update["update_id"] for _, one in self.came))

    def texts(self) -> list[str]:
        return [update["message"]["text"] for _, update in self.came if "message" in update]

    async def until(self, count: int) -> None:
        await until(lambda: len(self.came) >= count)


@asynccontextmanager
async def serving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with serving() as receiver:
        yield receiver


def texts(updates: tuple[Update, ...]) -> list[str | None]:
    return [update.message.text for update in updates if update.message]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT):
        while not condition():
            await asyncio.sleep(0.005)


async def test_polling_repeats_updates_until_an_offset_confirms_them(bot: Bot, emulator: TelegramEmulator) -> None:
    for word in "abc":
        await emulator.text(AN, word)
    first = await bot.get_updates(limit=2)
    assert texts(first) == ["a", "b"]
    assert [update.update_id - first[0].update_id for update in first] == [0, 1]
    assert texts(await bot.get_updates(offset=first[1].update_id)) == ["b", "c"]
    assert texts(await bot.get_updates(offset=-1)) == ["c"]
    assert texts(await bot.get_updates(offset=first[1].update_id + 1)) == ["c"]


async def test_a_long_poll_ends_the_moment_something_happens(bot: Bot, emulator: TelegramEmulator) -> None:
    await emulator.options(speed=1)
    poll = asyncio.create_task(bot.get_updates(timeout=50))
    await until(lambda: emulator.delivery.polling.waits)
    await emulator.text(AN, "chào")
    assert texts(await asyncio.wait_for(poll, WAIT)) == ["chào"]


async def test_a_long_poll_without_news_ends_empty_after_50_seconds_at_most(
    bot: Bot, emulator: TelegramEmulator
) -> None:
    clock = emulator.world.clock
    started, two_minutes = clock.now(), asyncio.create_task(clock.sleep(120))
    assert await bot.get_updates(timeout=600) == ()
    assert clock.now() - started > 49
    assert not two_minutes.done()
    two_minutes.cancel()


async def test_a_second_consumer_ends_the_first_with_a_conflict(bot: Bot, emulator: TelegramEmulator) -> None:
    async with Bot(emulator.token, emulator.base_url) as other:
        first = asyncio.create_task(bot.get_updates(timeout=50))
        await until(lambda: emulator.delivery.polling.waits)
        second = asyncio.create_task(other.get_updates(timeout=50))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        await emulator.text(AN, "chào")
        assert texts(await second) == ["chào"]


async def test_polling_and_a_webhook_exclude_each_other(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator
) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=50))
    await until(lambda: emulator.delivery.polling.waits)
    await bot.set_webhook(receiver.url)
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await poll
    with pytest.raises(Conflict, match="while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    await emulator.text(AN, "chào")
    assert texts(await bot.get_updates()) == ["chào"]


async def test_only_wanted_kinds_of_update_are_kept_until_told_otherwise(
    bot: Bot, emulator: TelegramEmulator
) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    await emulator.text(AN, "không ai nghe")
    sent = await bot.send_message(AN, "x", reply_markup=BUTTON)
    await emulator.press(AN, label="Nhà", message_id=sent.message_id)
    [update] = await bot.get_updates(offset=1)
    assert update.callback_query is not None
    assert [one["state"] for one in emulator.updates()] == ["not wanted", "pending"]


async def test_a_webhook_gets_the_secret_and_one_update_per_request(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator
) -> None:
    await emulator.text(AN, "trước")
    await bot.set_webhook(receiver.url, secret_token=SECRET, max_connections=7)
    await emulator.text(AN, "sau")
    await receiver.until(2)
    assert receiver.texts() == ["trước", "sau"]
    assert receiver.headers["X-Telegram-Bot-Api-Secret-Token"] == SECRET
    assert receiver.headers["Content-Type"] == "application/json"
    await until(lambda: not emulator.stats()["pending_updates"])
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections, info.pending_update_count) == (receiver.url, 7, 0)


async def test_webhooks_that_telegram_would_not_set_are_refused(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="an https url must be provided"):
        await bot.set_webhook("http://example.com/hook")
    with pytest.raises(BadRequest, match="only on ports 80, 88, 443 or 8443"):
        await bot.set_webhook("https://example.com:8080/hook")
    with pytest.raises(BadRequest, match="Secret token contains unallowed characters"):
        await bot.set_webhook("https://example.com/hook", secret_token=SECRET + "!")


async def test_failures_are_retried_at_once_then_with_doubling_pauses(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator, pauses: list[float]
) -> None:
    receiver.answer = lambda update, attempt: web.Response(status=500 if attempt <= 4 else 204)
    await bot.set_webhook(receiver.url)
    await emulator.text(AN, "chào")
    await receiver.until(5)
    moments = [moment for moment, _ in receiver.came]
    assert pauses == [0, 2, 4, 8]
    for pause, (earlier, later) in zip(pauses, pairwise(moments), strict=True):
        assert (later - earlier) * SPEED >= pause
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"


async def test_a_failing_update_holds_up_its_own_chat_only(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator
) -> None:
    def answer(update: dict[str, Any], attempt: int) -> web.Response:
        failing = update.get("message", {}).get("text") == "một" and attempt <= 3
        return web.Response(status=503 if failing else 200)

    receiver.answer = answer
    await bot.send_message(AN, "x", reply_markup=BUTTON)
    await bot.set_webhook(receiver.url)
    for word in ("một", "hai"):
        await emulator.text(AN, word)
    await emulator.press(AN, label="Nhà")
    await emulator.text(BINH, "người khác")
    await receiver.until(7)
    order = receiver.texts()
    assert [word for word in order if word != "người khác"] == ["một"] * 4 + ["hai"]
    # A press of the same person has a queue of its own: it overtakes the message that was sent before it.
    kinds = ["press" if "callback_query" in update else update["message"]["text"] for _, update in receiver.came]
    assert kinds.index("press") < kinds.index("hai")
    assert kinds.index("người khác") < kinds.index("hai")


async def test_the_bot_can_ask_for_a_longer_pause(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator, pauses: list[float]
) -> None:
    receiver.answer = lambda update, attempt: web.Response(
        status=503 if attempt == 1 else 200, headers={"Retry-After": "20"}
    )
    await bot.set_webhook(receiver.url)
    await emulator.text(AN, "chào")
    await receiver.until(2)
    assert pauses == [20]
    assert (receiver.came[1][0] - receiver.came[0][0]) * SPEED >= 20


async def test_a_press_is_dropped_after_150_seconds_and_a_message_is_not(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator
) -> None:
    receiver.answer = lambda update, attempt: web.Response(status=500)
    await emulator.options(speed=500)
    await bot.send_message(AN, "x", reply_markup=BUTTON)
    await bot.set_webhook(receiver.url)
    await emulator.press(AN, label="Nhà")
    await emulator.text(AN, "chào")
    await until(lambda: emulator.updates()[0]["state"] == "dropped")
    await emulator.world.clock.sleep(20)
    assert [one["state"] for one in emulator.updates()] == ["dropped", "pending"]


async def test_an_answer_to_the_webhook_is_carried_out_as_a_call(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator
) -> None:
    calls = iter(
        [
            {"method": "sendMessage", "chat_id": AN, "text": "trả lời ngay"},
            {"method": "deleteWebhook"},
            {"method": "sendMessage", "chat_id": 999, "text": "lỗi bị bỏ qua"},
        ]
    )
    receiver.answer = lambda update, attempt: web.json_response(next(calls))
    await bot.set_webhook(receiver.url)
    for word in "abc":
        await emulator.text(AN, word)
    await receiver.until(3)
    await emulator.shown(AN, "trả lời ngay")
    await until(lambda: not emulator.stats()["pending_updates"])
    assert (await bot.get_webhook_info()).url == receiver.url
    assert len(receiver.came) == 3


async def test_chats_are_served_side_by_side_up_to_max_connections(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator
) -> None:
    receiver.pause, receiver.together = 0.03, asyncio.Barrier(3)
    await bot.set_webhook(receiver.url, max_connections=3)
    for chat in range(1, 10):
        await emulator.text(chat, "chào")
    await receiver.until(9)
    assert receiver.most_at_once == 3


async def test_a_webhook_gone_for_23_hours_is_removed(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator
) -> None:
    receiver.answer = lambda update, attempt: web.Response(status=410)
    await emulator.options(speed=100_000)
    await bot.set_webhook(receiver.url)
    await emulator.text(AN, "chào")
    await until(lambda: emulator.delivery.webhook is None)
    assert (await bot.get_webhook_info()).url == ""


async def test_an_update_can_be_delivered_twice(bot: Bot, receiver: Receiver, emulator: TelegramEmulator) -> None:
    number = (await emulator.text(AN, "chào"))["update_id"]
    await bot.get_updates()
    assert await bot.get_updates(offset=number + 1) == ()
    await emulator.redeliver(number)
    assert [update.update_id for update in await bot.get_updates(offset=number + 1)] == [number]
    await bot.set_webhook(receiver.url, drop_pending_updates=True)
    await emulator.redeliver(number)
    await receiver.until(1)
    assert receiver.came[0][1]["update_id"] == number


async def test_the_overall_rate_is_enforced_and_counted(
    bot: Bot, emulator: TelegramEmulator, standing: Time
) -> None:
    await emulator.limits(overall_per_second=5)
    answers = await asyncio.gather(
        *(bot.send_message(AN, str(number)) for number in range(8)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, RetryAfter)]
    assert [error.retry_after for error in refused] == [timedelta(seconds=1)] * 3
    assert emulator.stats()["refused_429"] == 3
    standing.seconds += 1
    assert await bot.send_message(AN, "nữa")
    assert emulator.stats()["sends"] == 6


async def test_the_rate_per_chat_is_enforced_with_the_header_too(
    emulator: TelegramEmulator, standing: Time
) -> None:
    await emulator.limits(chat_per_second=1, chat_burst=2)
    url = f"{emulator.base_url}{emulator.token}/sendMessage"
    async with aiohttp.ClientSession() as http:

        async def send(chat: int) -> aiohttp.ClientResponse:
            return await http.post(url, json={"chat_id": chat, "text": "x"})

        assert [(await send(AN)).status for _ in range(2)] == [200, 200]
        refused = await send(AN)
        assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
        assert (await refused.json())["parameters"] == {"retry_after": 2}
        assert (await send(BINH)).status == 200


async def test_too_many_calls_in_flight_are_held_and_refused(bot: Bot, emulator: TelegramEmulator) -> None:
    await emulator.limits(in_flight=2, latency_ms=300)
    answers = await asyncio.gather(*(bot.send_message(AN, "x") for _ in range(4)), return_exceptions=True)
    waits = [answer.retry_after for answer in answers if isinstance(answer, RetryAfter)]
    assert len(waits) >= 2
    assert set(waits) == {timedelta(seconds=60)}
    assert emulator.stats()["most_in_flight"] == 4


async def test_scripted_failures_come_in_order_and_only_where_asked(bot: Bot, emulator: TelegramEmulator) -> None:
    await emulator.script(chat=AN, retry_after=7)
    await emulator.script(chat=AN, status=500)
    await emulator.script(chat=AN, migrate_to_chat_id=-100500)
    await emulator.script(chat=BINH, method="sendMessage", times=None, status=403)
    with pytest.raises(RetryAfter) as wait:
        await bot.send_message(AN, "x")
    assert wait.value.retry_after == timedelta(seconds=7)
    with pytest.raises(NetworkError, match="Internal Server Error"):
        await bot.send_message(AN, "x")
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(AN, "x")
    assert moved.value.new_chat_id == -100500
    assert await bot.send_message(AN, "cuối cùng")
    for _ in range(3):
        with pytest.raises(Forbidden):
            await bot.send_message(BINH, "x")
    assert await bot.send_chat_action(BINH, "typing")
    assert [message["text"] for message in emulator.chat(AN)["messages"]] == ["cuối cùng"]


async def test_a_cut_connection_may_hide_that_the_message_was_sent(bot: Bot, emulator: TelegramEmulator) -> None:
    await emulator.script(drop="before")
    await emulator.script(drop="after")
    for seen in (0, 1):
        with pytest.raises(NetworkError):
            await bot.send_message(AN, "x")
        assert len(emulator.chat(AN)["messages"]) == seen
    await emulator.script(hang=0.5)
    with pytest.raises(TimedOut):
        await bot.send_message(AN, "x", read_timeout=0.1)
    assert len(emulator.chat(AN)["messages"]) == 2


async def test_reset_forgets_everything_but_the_webhook_and_the_numbers(
    bot: Bot, receiver: Receiver, emulator: TelegramEmulator
) -> None:
    before = (await emulator.text(AN, "trước"))["update_id"]
    await bot.set_webhook(receiver.url)
    await emulator.reset()
    assert emulator.chats() == []
    after = await emulator.text(AN, "sau")
    assert after["update_id"] > before
    await until(lambda: "sau" in receiver.texts())


async def test_a_whole_application_of_the_library_polls_and_answers(emulator: TelegramEmulator) -> None:
    async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_text(f"Nghe rồi: {update.message.text}")

    builder = ApplicationBuilder().token(emulator.token).base_url(emulator.base_url)
    application: Application[Any, Any, Any, Any, Any, Any] = builder.build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    async with application:
        assert application.updater is not None
        await application.start()
        await application.updater.start_polling()
        await emulator.text(AN, "mất điện")
        await emulator.shown(AN, "Nghe rồi: mất điện")
        await emulator.text(BINH, "có điện")
        await emulator.shown(BINH, "Nghe rồi: có điện")
        await application.updater.stop()
        await application.stop()

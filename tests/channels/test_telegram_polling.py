"""Long polling: order within a chat, nothing lost in a crash, nobody blocked by somebody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channels import telegram_polling
from bot.channels.pauses import growing
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_polling import TelegramPolling
from handlers.ports import Incoming, Outgoing, OutgoingButton
from tests.emulators.telegram import TelegramEmulator
from tests.journeys.service import until

LAN, MINH = 5001, 5002


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator.running() as emulator:
        yield emulator


@pytest.fixture
async def channel(telegram: TelegramEmulator) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(telegram.token, api_url=telegram.url)
    await channel.start()
    yield channel
    await channel.stop()


class Inbox:
    """Receives events; `trouble` is called first and may fail or wait."""

    def __init__(self, trouble: Callable[[Incoming], Awaitable[None]] | None = None) -> None:
        self.got: list[Incoming] = []
        self.news = asyncio.Condition()
        self._trouble = trouble

    async def receive(self, channel: str, incoming: Incoming) -> None:
        assert channel == "telegram"
        if self._trouble is not None:
            await self._trouble(incoming)
        async with self.news:
            self.got.append(incoming)
            self.news.notify_all()

    def words(self, chat: int | None = None) -> list[str]:
        return [incoming.shown for incoming in self.got if chat is None or incoming.sender == str(chat)]

    async def holds(self, count: int) -> None:
        """Wait until so many events are there."""
        async with asyncio.timeout(30), self.news:
            await self.news.wait_for(lambda: len(self.got) >= count)


@asynccontextmanager
async def polling(channel: TelegramChannel, inbox: Inbox, **options: Any) -> AsyncIterator[TelegramPolling]:
    """A polling that runs within the block and ends gracefully after it."""
    poller = TelegramPolling(channel, inbox.receive, **options)
    running = asyncio.create_task(poller.run())
    try:
        yield poller
    finally:
        async with asyncio.timeout(30):
            await poller.stop()
            await running


async def test_what_waits_and_what_comes_is_received_in_order(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    inbox = Inbox()
    await telegram.text(LAN, "một")
    await telegram.text(LAN, "hai")
    async with polling(channel, inbox):
        await inbox.holds(2)
        await telegram.text(LAN, "ba")
        await inbox.holds(3)
    assert inbox.words() == ["một", "hai", "ba"]
    assert {update["state"] for update in telegram.updates()} == {"delivered"}


async def test_an_event_waits_for_the_one_before_it_in_its_chat_but_not_in_another(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    minh_is_done = asyncio.Event()

    async def lan_waits(incoming: Incoming) -> None:
        if incoming.shown == "một":
            await minh_is_done.wait()
        if incoming.sender == str(MINH):
            minh_is_done.set()

    inbox = Inbox(lan_waits)
    for chat, words in [(LAN, "một"), (LAN, "hai"), (MINH, "chen ngang")]:
        await telegram.text(chat, words)
    async with polling(channel, inbox):
        await inbox.holds(3)
    assert inbox.words(LAN) == ["một", "hai"]


async def test_no_more_chats_are_served_at_once_than_allowed(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    now, most = 0, 0
    three_are_served = asyncio.Barrier(3)

    async def count(incoming: Incoming) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await three_are_served.wait()
        await asyncio.sleep(0.02)
        now -= 1

    inbox = Inbox(count)
    for chat in range(LAN, LAN + 9):
        await telegram.text(chat, "xin chào")
    async with polling(channel, inbox, at_once=3):
        await inbox.holds(9)
    assert most == 3


async def test_a_press_is_acknowledged_before_it_is_dealt_with(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    async def until_acknowledged(incoming: Incoming) -> None:
        while incoming.ack and not telegram.chat(LAN)["notices"]:
            await asyncio.sleep(0.01)

    await telegram.text(LAN, "menu")
    await channel.send(str(LAN), Outgoing("Chọn", (OutgoingButton("Lịch", "schedule"),)), "key")
    await telegram.press(LAN, label="Lịch")
    inbox = Inbox(until_acknowledged)
    async with polling(channel, inbox):
        await inbox.holds(2)
    assert inbox.words() == ["menu", "Lịch"]


async def test_an_event_that_fails_is_tried_again_before_the_next_of_its_chat(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    failures = iter([RuntimeError("no database"), TimeoutError()])

    async def fail_twice(incoming: Incoming) -> None:
        if failure := next(failures, None):
            raise failure

    inbox = Inbox(fail_twice)
    await telegram.text(LAN, "một")
    await telegram.text(LAN, "hai")
    async with polling(channel, inbox, pause=0.01):
        await inbox.holds(2)
    assert inbox.words() == ["một", "hai"]


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_an_event_that_always_fails_is_logged_and_skipped(
    telegram: TelegramEmulator, channel: TelegramChannel, trouble: str
) -> None:
    tried = 0

    async def reject(incoming: Incoming) -> None:
        nonlocal tried
        if incoming.shown == "độc":
            tried += 1
            if trouble == "hangs":
                await asyncio.Event().wait()
            raise RuntimeError("poison")

    inbox = Inbox(reject)
    poison = await telegram.text(LAN, "độc")
    for chat, words in [(LAN, "lành"), (MINH, "chuyện khác")]:
        await telegram.text(chat, words)
    with capture_logs() as logs:
        async with polling(channel, inbox, pause=0.01, patience=0.05, tries=3):
            await inbox.holds(2)
    assert sorted(inbox.words()) == ["chuyện khác", "lành"]
    assert tried == 3
    skipped = {"event": "an event is skipped", "update": str(poison["update_id"]), "log_level": "error"}
    assert skipped in logs


async def test_an_update_that_cannot_be_read_holds_nothing_up(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    telegram.world.updates.add("message", {"message_id": "?"}, ("message", LAN))
    await telegram.text(LAN, "xin chào")
    inbox = Inbox()
    with capture_logs() as logs:
        async with polling(channel, inbox):
            await inbox.holds(1)
    assert [entry["log_level"] for entry in logs] == ["error"]


async def test_a_crash_repeats_what_was_in_hand_and_loses_nothing(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    async def stall(incoming: Incoming) -> None:
        if incoming.shown == "hai":
            await asyncio.Event().wait()

    before, after = Inbox(stall), Inbox()
    await telegram.text(LAN, "một")
    await telegram.text(LAN, "hai")
    crashing = asyncio.create_task(TelegramPolling(channel, before.receive).run())
    await before.holds(1)
    crashing.cancel()
    await asyncio.gather(crashing, return_exceptions=True)
    async with polling(channel, after):
        await after.holds(2)
    assert (before.words(), after.words()) == (["một"], ["một", "hai"])
    assert before.got[0].id == after.got[0].id


async def test_a_repeat_by_telegram_has_the_same_id(telegram: TelegramEmulator, channel: TelegramChannel) -> None:
    inbox = Inbox()
    await telegram.options(speed=50)  # it slows down whoever asks for the same again
    update = await telegram.text(LAN, "một")
    async with polling(channel, inbox):
        await inbox.holds(1)
        await telegram.redeliver(update["update_id"])
        await inbox.holds(2)
    assert inbox.got[0] == inbox.got[1]


async def test_stopping_finishes_and_confirms_what_is_in_hand(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(incoming: Incoming) -> None:
        begun.set()
        await may_end.wait()

    inbox = Inbox(work)
    await telegram.text(LAN, "một")
    async with polling(channel, inbox) as poller:
        await begun.wait()
        stopping = asyncio.create_task(poller.stop())
        await asyncio.sleep(0.05)
        assert not stopping.done()
        may_end.set()
        await stopping
    assert inbox.words() == ["một"]
    assert telegram.stats()["pending_updates"] == 0


async def test_an_idle_poll_does_not_keep_from_stopping(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    async with polling(channel, Inbox(), timeout=50):  # and `polling` waits for less than that
        await until(lambda: telegram.delivery.polling.waits)


async def test_a_webhook_that_is_in_the_way_is_deleted(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await channel.bot.set_webhook("http://127.0.0.1:1/webhooks/telegram")
    await telegram.text(LAN, "xin chào")
    inbox = Inbox()
    async with polling(channel, inbox):
        await inbox.holds(1)
    assert telegram.delivery.webhook_info()["url"] == ""


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"drop": "before"}, "telegram cannot be reached"),
        ({"status": 502}, "telegram cannot be reached"),
        ({"retry_after": 1}, "telegram is busy"),
        ({"status": 401}, "telegram refuses the token"),
        ({"status": 409}, "another program takes this bot's updates"),
    ],
)
async def test_trouble_is_survived_with_a_pause_and_a_clear_word(
    telegram: TelegramEmulator,
    channel: TelegramChannel,
    monkeypatch: pytest.MonkeyPatch,
    trouble: dict[str, Any],
    said: str,
) -> None:
    monkeypatch.setattr(telegram_polling, "growing", partial(growing, 0.05))
    await telegram.script(method="getUpdates", **trouble)
    await telegram.text(LAN, "xin chào")
    inbox = Inbox()
    with capture_logs() as logs:
        async with polling(channel, inbox):
            await inbox.holds(1)
    pause = max(0.05, trouble.get("retry_after", 0))
    assert [(entry["event"], entry["again_in"]) for entry in logs] == [(said, pause)]


def test_the_pauses_grow_from_a_second_to_a_minute() -> None:
    assert list(islice(growing(), 8)) == [1, 2, 4, 8, 16, 32, 60, 60]
    assert list(islice(growing(0.5, 1.5), 4)) == [0.5, 1, 1.5, 1.5]


async def test_the_pauses_grow_while_the_trouble_lasts_and_stopping_cuts_them_short(
    telegram: TelegramEmulator, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram_polling, "growing", lambda: iter([0.01, 0.02, 3600.0]))
    await telegram.script(method="getUpdates", status=409, times=None)
    with capture_logs() as logs:
        async with polling(channel, Inbox()):
            await until(lambda: len(logs) == 3)
    assert [entry["again_in"] for entry in logs] == [0.01, 0.02, 3600.0]

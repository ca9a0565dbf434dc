"""Telegram's updates by long polling: those of one chat in order, and none confirmed before it was received."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeAlias, TypeVar

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.channels.pauses import growing
from bot.channels.telegram import ALLOWED_UPDATES, TelegramChannel
from bot.channels.telegram_outcomes import pause_of
from handlers.ports import Incoming, Unreadable

Receive: TypeAlias = Callable[[str, Incoming], Awaitable[None]]

T = TypeVar("T")

log = structlog.get_logger(__name__)


class TelegramPolling:
    """Fetches updates and hands them to `receive(channel name, event)`, from `run` to `stop`.

    An event is confirmed to Telegram only after `receive` returned for every event fetched with it, so a crash
    loses nothing and repeats what was in hand. When `receive` fails or takes longer than `patience` seconds it is
    tried again, `tries` times in all with growing pauses from `pause` seconds; then the event is logged and
    skipped, and the next one of the same chat has its turn.

    timeout: seconds that a poll stays open, 50 at most. at_once: chats whose events are received together.
    """

    def __init__(
        self,
        channel: TelegramChannel,
        receive: Receive,
        *,
        timeout: int = 30,
        at_once: int = 32,
        tries: int = 4,
        pause: float = 0.5,
        patience: float = 30.0,
    ) -> None:
        self._channel = channel
        self._receive = receive
        self._timeout = timeout
        self._slots = asyncio.Semaphore(at_once)
        self._tries, self._pause, self._patience = tries, pause, patience
        self._offset = 0
        self._unconfirmed = False
        self._stopping, self._stopped = asyncio.Event(), asyncio.Event()
        self._stopped.set()
        self._courtesies: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Poll until `stop`, whatever Telegram and the network do; once for each object."""
        self._stopped.clear()
        try:
            await self._until_done("deleteWebhook", {})
            while not self._stopping.is_set():
                await self._poll()
            if self._unconfirmed:
                await self._confirm()
            await asyncio.gather(*self._courtesies)
        finally:
            self._stopped.set()

    async def stop(self) -> None:
        """Have `run` end, after what is in hand was received and confirmed, and wait for it."""
        self._stopping.set()
        await self._stopped.wait()

    async def _poll(self) -> None:
        poll = {"timeout": self._timeout, "offset": self._offset, "allowed_updates": ALLOWED_UPDATES}
        self._unconfirmed = False
        updates = await self._until_done("getUpdates", poll, read_timeout=self._timeout + 10.0)
        if updates:
            await self._receive_all(updates)
            self._offset = updates[-1]["update_id"] + 1
            self._unconfirmed = True

    async def _confirm(self) -> None:
        """Tell Telegram what was received last, as the next poll would have."""
        try:
            await self._channel.bot.call("getUpdates", {"timeout": 0, "limit": 1, "offset": self._offset})
        except TelegramError as error:
            log.warning("telegram will repeat the last updates", error=str(error))

    async def _until_done(
        self, method: str, parameters: dict[str, Any], *, read_timeout: float | None = None
    ) -> Any:
        """The result of a call, repeated until it succeeds; None once we are to stop."""
        for pause in growing():
            try:
                return await self._unless_stopping(
                    self._channel.bot.call(method, {**parameters}, read_timeout=read_timeout)
                )
            except TelegramError as error:
                await self._unless_stopping(asyncio.sleep(_explain(method, error, pause)))
            if self._stopping.is_set():
                break
        return None

    async def _unless_stopping(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` returns, or None when `stop` is called first."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            stopping.cancel()

    async def _receive_all(self, updates: Iterable[Any]) -> None:
        chats: dict[str, list[Incoming]] = {}
        for update in updates:
            for incoming in self._read(update):
                chats.setdefault(incoming.sender, []).append(incoming)
        await asyncio.gather(*(self._receive_in_order(events) for events in chats.values()))

    def _read(self, update: Any) -> list[Incoming]:
        try:
            return self._channel.read_update(update)
        except Unreadable as error:
            log.error("an update is unreadable, skipped", error=str(error))
            return []

    async def _receive_in_order(self, events: Iterable[Incoming]) -> None:
        async with self._slots:
            for incoming in events:
                self._acknowledge(incoming)
                await self._receive_one(incoming)

    async def _receive_one(self, incoming: Incoming) -> None:
        pauses = growing(self._pause)
        for left in reversed(range(self._tries)):
            try:
                async with asyncio.timeout(self._patience):
                    await self._receive(self._channel.name, incoming)
                return
            except Exception:
                log.exception("an event was not received", update=incoming.id, tries_left=left)
            if left:
                await asyncio.sleep(next(pauses))
        log.error("an event is skipped", update=incoming.id)

    def _acknowledge(self, incoming: Incoming) -> None:
        if incoming.ack is None:
            return
        task = asyncio.create_task(self._channel.acknowledge(incoming.ack))
        self._courtesies.add(task)
        task.add_done_callback(self._courtesies.discard)


def _explain(method: str, error: TelegramError, pause: float) -> float:
    """Log why a call failed; returns the seconds to wait before the next try."""
    match error:
        case RetryAfter():
            pause = max(pause, pause_of(error).total_seconds())
            log.warning("telegram is busy", method=method, again_in=pause)
        case Conflict():
            log.error("another program takes this bot's updates", error=error.message, again_in=pause)
        case InvalidToken():
            log.error("telegram refuses the token", method=method, again_in=pause)
        case _:
            log.warning("telegram cannot be reached", method=method, error=error.message, again_in=pause)
    return pause

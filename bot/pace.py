"""Rate budgets of one channel account: replies at once, pushes fill what is left, platforms' pauses obeyed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

# Part of a platform's limit that is used: clocks and networks are not exact, and a 429 costs seconds.
USED = 0.99
# How many recipients are remembered for their own pace; the oldest are long past their second.
REMEMBERED = 50_000
# Two people told to wait within so many seconds: it is the account that is too fast, not a person's chat.
SAME_CAUSE = 2.0


class Pace:
    """Lets replies pass at once and holds pushes so that both together stay below the account's rate.

    per_second: messages of the whole account; per_recipient: seconds between two pushes to one person.
    """

    def __init__(self, per_second: float, per_recipient: float, clock: Callable[[], float]) -> None:
        self._interval = 1 / (per_second * USED)
        # A late timer may be made up for, but by no more than half a hundredth of a second's messages.
        self._slack = self._interval * per_second * (1 - USED) / 2
        self._per_recipient = per_recipient
        self._clock = clock
        self._free_at = 0.0
        self._gate = asyncio.Lock()
        self._paused_until = 0.0
        self._opened = asyncio.Event()
        self._limited: tuple[float, str] = (float("-inf"), "")
        self._sending: OrderedDict[str, asyncio.Lock] = OrderedDict()
        self._pushing: OrderedDict[str, asyncio.Lock] = OrderedDict()
        self._next_push: OrderedDict[str, float] = OrderedDict()

    @asynccontextmanager
    async def turn(self, recipient: str, push: bool) -> AsyncIterator[None]:
        """Wait for the right to send one message; one person's replies keep their order, and so do their pushes.

        A push that waits holds up only later pushes to that person, never a reply to them.
        """
        if push:
            async with _lock(self._pushing, recipient):
                await self._wait_for_recipient(recipient)
                await self._wait_for_push()
                async with _lock(self._sending, recipient):
                    yield
        else:
            async with _lock(self._sending, recipient):
                await self._wait_out_pause()
                self._take()
                yield
        self._forget()

    @property
    def paused_for(self) -> float:
        """Seconds until the account may send again."""
        return max(0.0, self._paused_until - self._clock())

    def told_to_wait(self, recipient: str, seconds: float) -> None:
        """The platform limited a message. It does not say whether the person or the account was too fast.

        The person waits in any case. When another one is told the same at about the same time, the whole
        account pauses for as long as the platform said.
        """
        now = self._clock()
        last, whom = self._limited
        if now - last < SAME_CAUSE and whom != recipient:
            self._paused_until = max(self._paused_until, now + seconds)
        self._limited = (now, recipient)
        self._next_push[recipient] = now + seconds

    def open(self) -> None:
        """Let everyone pass who waits: nothing more is sent, and nobody need wait to be told so."""
        self._opened.set()

    def _take(self) -> None:
        self._free_at = max(self._free_at, self._clock() - self._slack) + self._interval

    async def _wait_for_push(self) -> None:
        async with self._gate:
            while (
                wait := max(self._free_at, self._paused_until) - self._clock()
            ) > 0 and not self._opened.is_set():
                await self._sleep(wait)
            self._take()

    async def _wait_out_pause(self) -> None:
        while (wait := self.paused_for) > 0 and not self._opened.is_set():
            await self._sleep(wait)

    async def _wait_for_recipient(self, recipient: str) -> None:
        if not self._per_recipient:
            return
        while (wait := self._next_push.get(recipient, 0.0) - self._clock()) > 0 and not self._opened.is_set():
            await self._sleep(wait)
        self._next_push[recipient] = self._clock() + self._per_recipient
        self._next_push.move_to_end(recipient)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, until `open` at the latest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._opened.wait()

    def _forget(self) -> None:
        while len(self._next_push) > REMEMBERED:
            self._next_push.popitem(last=False)
        for locks in (self._sending, self._pushing):
            while len(locks) > REMEMBERED:
                oldest, lock = next(iter(locks.items()))
                if lock.locked():
                    break
                del locks[oldest]


def _lock(locks: OrderedDict[str, asyncio.Lock], recipient: str) -> asyncio.Lock:
    lock = locks.setdefault(recipient, asyncio.Lock())
    locks.move_to_end(recipient)
    return lock

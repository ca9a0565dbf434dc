"""Rate budgets of one channel account: replies at once, pushes fill what is left, platforms' pauses obeyed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

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
        self._limited: tuple[float, str] = (float("-inf"), "")
        self._recipients: OrderedDict[str, asyncio.Lock] = OrderedDict()
        self._next_push: OrderedDict[str, float] = OrderedDict()

    @asynccontextmanager
    async def turn(self, recipient: str, push: bool) -> AsyncIterator[None]:
        """Wait for the right to send one message; one person's messages keep their order."""
        lock = self._recipients.setdefault(recipient, asyncio.Lock())
        self._recipients.move_to_end(recipient)
        async with lock:
            if push:
                await self._wait_for_recipient(recipient)
                await self._wait_for_push()
            else:
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

    def _take(self) -> None:
        self._free_at = max(self._free_at, self._clock() - self._slack) + self._interval

    async def _wait_for_push(self) -> None:
        async with self._gate:
            while (wait := max(self._free_at, self._paused_until) - self._clock()) > 0:
                await asyncio.sleep(wait)

    async def _wait_out_pause(self) -> None:
        while (wait := self.paused_for) > 0:
            await asyncio.sleep(wait)

    async def _wait_for_recipient(self, recipient: str) -> None:
        if self._per_recipient:
            while (wait := self._next_push.get(recipient, 0.0) - self._clock()) > 0:
                await asyncio.sleep(wait)
            self._next_push[recipient] = self._clock() + self._per_recipient
            self._next_push.move_to_end(recipient)

    def _forget(self) -> None:
        while len(self._next_push) > REMEMBERED:
            self._next_push.popitem(last=False)
        while len(self._recipients) > REMEMBERED:
            oldest, lock = next(iter(self._recipients.items()))
            if lock.locked():
                break
            del self._recipients[oldest]

"""getUpdates as the real server answers it: long poll, confirmation by offset, one consumer at a time."""

import asyncio

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.errors import ApiError
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.updates import Update, Updates

LONGEST_POLL = 50
_OTHER_CONSUMER = "terminated by other getUpdates request; make sure that only one bot instance is running"


class Polling:
    """The one consumer that may wait for updates."""

    def __init__(self, updates: Updates, clock: Clock) -> None:
        self._updates = updates
        self._clock = clock
        self._waiting: asyncio.Future[None] | None = None
        self._last_offset: int | None = None
        self._last_start = 0.0

    @property
    def waits(self) -> bool:
        """Whether a poll is open and has nothing to tell yet."""
        return self._waiting is not None

    def wake(self) -> None:
        """There is something to fetch."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def terminate(self, why: str) -> None:
        """End the poll that waits with 409."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ApiError(409, f"Conflict: {why}"))
        self._waiting = None

    async def get(self, call: Call) -> list[Json]:
        """Updates from `offset` on, at most `limit`, waiting up to `timeout` seconds (never above 50)."""
        self.terminate(_OTHER_CONSUMER)
        limit = call.integer("limit", 100)
        limit = limit if 1 <= limit <= 100 else 100
        offset = call.integer("offset")
        timeout, limit = self._slowed(offset, min(max(call.integer("timeout"), 0), LONGEST_POLL), limit)
        self._confirm(offset)
        batch = self._batch(limit)
        deadline = self._clock.now() + timeout
        while not batch and (left := deadline - self._clock.now()) > 0:
            await self._wait(left)
            batch = self._batch(limit)
        for update in batch:
            update.attempts += 1
        return [update.body for update in batch]

    async def _wait(self, seconds: float) -> None:
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        await asyncio.wait([waiting], timeout=self._clock.real(seconds))
        if self._waiting is waiting:
            self._waiting = None
        if waiting.done():
            waiting.result()

    def _slowed(self, offset: int, timeout: int, limit: int) -> tuple[int, int]:
        """Asking again for the same offset within moments is slowed down."""
        now = self._clock.now()
        if offset == self._last_offset:
            since = now - self._last_start
            timeout = max(timeout, 3) if since < 3.0 else timeout
            limit = 1 if since < 0.5 else limit
        self._last_offset, self._last_start = offset, now
        return timeout, limit

    def _confirm(self, offset: int) -> None:
        pending = self._updates.pending
        if offset > 0:
            self._updates.confirm_before(offset)
        elif offset < 0 and -offset < len(pending):
            self._updates.confirm_before(pending[offset].id)

    def _batch(self, limit: int) -> list[Update]:
        self._updates.drop_expired()
        return self._updates.pending[:limit]

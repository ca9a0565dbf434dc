"""Writes the rest of a large audience's deliveries while the first are already being sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from bot.sender import utcnow
from handlers import announcements
from store.db import Database

# Small chunks let the first pushes leave early. Large ones are quicker, since PostgreSQL reads what the
# scope touches again for each; on SQLite a chunk keeps everyone from writing, replies too, while it is written.
GROWTH, MOST, MOST_ON_SQLITE = 4, 250_000, 20_000

log = structlog.get_logger(__name__)


class Spreading:
    """One unit of work for each chunk; what a crash leaves unfinished, the scheduler's tick goes on with."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, message_ids: Sequence[int]) -> None:
        """Go on with messages in the background, one after the other."""
        task = asyncio.create_task(self._spread_all(message_ids))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def unfinished(self) -> None:
        """Go on with every message that is not spread to its end."""
        async with self._database.reading() as unit:
            messages = await announcements.unfinished(unit)
        await self._spread_all(messages)

    async def finish(self) -> None:
        """Leave what is not done to the next process; the chunk under way is finished or rolled back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _spread_all(self, message_ids: Sequence[int]) -> None:
        for message_id in message_ids:
            await self._spread(message_id)

    async def _spread(self, message_id: int) -> None:
        try:
            done, chunk = False, announcements.FIRST
            while not done:
                async with self._database.unit() as unit:
                    done = await announcements.spread(unit, message_id, utcnow(), chunk)
                chunk = min(chunk * GROWTH, MOST_ON_SQLITE if self._database.is_sqlite else MOST)
        except Exception:
            log.exception("spreading_failed", message=message_id)

"""Writes the rest of a large audience's deliveries while the first are already being sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from bot.sender import utcnow
from handlers import announcements
from store.audience import Range
from store.db import Database

# Small chunks let the first pushes leave early. On SQLite a large one would keep everyone from writing, replies
# too, while it is written. PostgreSQL reads all that the scope touches again for each: after two small ones the
# rest is written in a few large parts, as many at once as this.
ON_SQLITE, GROWTH_ON_SQLITE = 20_000, 4
GROWTH, LARGE, WRITERS = 16, 500_000, 2

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
            await (self._on_sqlite(message_id) if self._database.is_sqlite else self._on_postgresql(message_id))
        except Exception:
            log.exception("spreading_failed", message=message_id)

    async def _on_sqlite(self, message_id: int) -> None:
        chunk = announcements.FIRST
        while not await self._chunk(message_id, chunk):
            chunk = min(chunk * GROWTH_ON_SQLITE, ON_SQLITE)

    async def _on_postgresql(self, message_id: int) -> None:
        for chunk in (announcements.FIRST, announcements.FIRST * GROWTH):
            if await self._chunk(message_id, chunk):
                return
        while not await self._side_by_side(message_id):
            pass

    async def _chunk(self, message_id: int, chunk: int) -> bool:
        async with self._database.unit() as unit:
            return await announcements.spread(unit, message_id, utcnow(), chunk)

    async def _side_by_side(self, message_id: int) -> bool:
        """Write some parts at once. After a crash between them they are written again, which does no harm."""
        async with self._database.unit() as unit:
            parts = await announcements.parts(unit, message_id, LARGE, WRITERS)
        if not parts:
            return True
        async with asyncio.TaskGroup() as writers:
            for part in parts:
                writers.create_task(self._part(message_id, part))
        async with self._database.unit() as unit:
            return await announcements.spread_parts_end(unit, message_id, parts, utcnow())

    async def _part(self, message_id: int, part: Range) -> None:
        async with self._database.unit() as unit:
            await announcements.spread_part(unit, message_id, part, utcnow())

"""Every event's way in, whatever the channel: one unit of work, and an apology instead of silence."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from bot import metrics
from bot.sender import utcnow
from handlers import incoming
from handlers.assistant import Assistant
from handlers.incoming import Handled
from handlers.photos import Intake
from handlers.ports import Incoming
from handlers.talking import Talking
from store.db import Database, collided

log = structlog.get_logger(__name__)


# How often an event is tried whose transaction the database gave up for another one.
_TRIES = 3


class Receiver:
    """Handles events; after it returns, the event and its answer are committed."""

    def __init__(
        self,
        database: Database,
        talking: Talking,
        clock: Callable[[], datetime] = utcnow,
        intake: Intake | None = None,
        assistant: Assistant | None = None,
    ) -> None:
        self._database = database
        self._talking = talking
        self._clock = clock
        self._intake = intake
        self._assistant = assistant

    def now(self) -> datetime:
        """The time by which events are handled."""
        return self._clock()

    async def __call__(self, channel: str, event: Incoming) -> Handled | None:
        """Handle one event. Raises only when the database is away: then the platform shall repeat it."""
        started = time.perf_counter()
        try:
            if self._intake is not None:
                event = await self._intake(channel, event, self._clock())
            talking = await self._advised(channel, event)
            handled = await self._handled(channel, event, talking)
        except (OperationalError, InterfaceError, OSError, TimeoutError):
            metrics.RECEIVED.labels(channel, "database_away").inc()
            raise
        except Exception:
            # A fault of ours in one conversation must neither silence nor stop the channel.
            log.exception("event_failed", channel=channel, event_id=event.id, kind=type(event.event).__name__)
            metrics.RECEIVED.labels(channel, "failed").inc()
            async with self._database.unit() as unit:
                await incoming.apologise(unit, channel, event, self._clock())
            return None
        metrics.RECEIVED.labels(channel, "handled" if handled else "repeated").inc()
        metrics.TURNS.labels(channel).observe(time.perf_counter() - started)
        return handled

    async def _advised(self, channel: str, event: Incoming) -> Talking:
        """What it takes to talk, with an assistant's advice on this event if there is any."""
        advice = await self._assistant(channel, event, self._clock()) if self._assistant else None
        return replace(self._talking, advice=advice) if advice else self._talking

    async def _handled(self, channel: str, event: Incoming, talking: Talking) -> Handled | None:
        for left in reversed(range(_TRIES)):
            try:
                async with self._database.unit() as unit:
                    return await incoming.handle(unit, channel, event, self._clock(), talking)
            except DBAPIError as error:
                if not left or not collided(error):
                    raise
                log.warning("event_collided", channel=channel, event_id=event.id)
        raise AssertionError("the last try returns or raises")

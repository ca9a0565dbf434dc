"""The clock's work: one line per tick; what is due lives in tables, so a missed tick loses nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from handlers import (
    handovers,
    incidents,
    latecomers,
    lateness,
    notices,
    privacy,
    proposals,
    push_times,
    surveys,
    ticks,
)
from store.db import Database, Unit

log = structlog.get_logger(__name__)

Tick = Callable[[Unit, datetime], Awaitable[int]]

# What is done, and every how many seconds.
TICKS: tuple[tuple[Tick, int], ...] = (
    (ticks.leases_expired, 5),
    # What is worthless is not claimed either, so that this is only tidying up.
    (ticks.worthless, 60),
    (ticks.pauses_over, 15),
    (notices.next_notices_due, 5),
    (incidents.held_restorations, 15),
    (latecomers.late_reporters, 15),
    (latecomers.let_go_late, 15),
    (push_times.keep_push_times, 30),
    (proposals.proposals_expired, 30),
    (handovers.waiting_ones, 10),
    (handovers.silent_ones, 10),
    (surveys.surveys_due, 60),
    (surveys.reminders_due, 300),
    (privacy.deletions_due, 60),
    (lateness.requests_late, 30),
    (ticks.retention, 3600),
)


# How often the files of the vault whose time is over are deleted.
SWEEP_SECONDS = 300

# These do one piece at a time, each in a unit of its own, and go on until nothing is left.
PIECEWISE: tuple[Tick, ...] = (
    notices.next_notices_due,
    lateness.requests_late,
    privacy.deletions_due,
    ticks.retention,
)


class Scheduler:
    """apscheduler as a ticker in memory; two processes that tick do no harm."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        spread: Callable[[], Awaitable[None]],
        sweep: Callable[[datetime], Awaitable[int]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._sweep = sweep
        # A misfire is caught up with once, however late: the default would silently drop it after a second.
        self._ticker = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        for tick, seconds in TICKS:
            self._ticker.add_job(self._run, "interval", seconds=seconds, args=[tick], id=tick.__name__)
        self._ticker.add_job(spread, "interval", seconds=2, id="spread_unfinished")
        self._ticker.add_job(self._swept, "interval", seconds=SWEEP_SECONDS, id="vault_sweep")

    def start(self) -> None:
        self._ticker.start()

    def stop(self) -> None:
        self._ticker.shutdown(wait=False)

    async def _run(self, tick: Tick) -> None:
        """One tick, one unit for each piece of it; a tick that fails is tried again the next time."""
        total = 0
        try:
            while True:
                async with self._database.unit() as unit:
                    done = await tick(unit, self._clock())
                total += done
                if not done or tick not in PIECEWISE:
                    break
        except Exception:
            log.exception("tick_failed", tick=tick.__name__)
        if total:
            log.info("tick", tick=tick.__name__, done=total)

    async def _swept(self) -> None:
        """The vault's sweep, which takes units of work of its own around what it does on the disk."""
        try:
            swept = await self._sweep(self._clock())
        except Exception:
            log.exception("tick_failed", tick="vault_sweep")
        else:
            if swept:
                log.info("tick", tick="vault_sweep", done=swept)

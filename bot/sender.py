"""The one way out: claims due deliveries of one channel account, paces, sends and settles them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.holder import Holder
from bot.pace import Pace
from conversations.model import Language
from conversations.texts import MissingText, Speaker
from conversations.wire import reply_from_json
from handlers import deliveries
from handlers.deliveries import Ended
from handlers.ports import Channel, Outcome, Outgoing, Rejected, Sent, TryLater
from handlers.rendering import fit, render
from store import leases, outbox
from store.db import Database
from store.outbox import Claimed, Priority, Settled, Status

log = structlog.get_logger(__name__)

# A claimed delivery belongs to this process so long; a platform's slowest answer is well below it.
LEASE = timedelta(seconds=90)
# The account itself: held for this long, renewed often; another process takes over within it.
ACCOUNT_LEASE = timedelta(seconds=15)
RENEW_SECONDS = 5.0
# What is due without anybody having said so (a retry, a time reached) is looked for this often.
POLL_SECONDS = 0.5
# Settling waits this long for company: one commit for many.
SETTLE_SECONDS = 0.02
SETTLE_BATCH = 500
# Room kept for replies while a broadcast fills the rest.
FOR_REPLIES = 20
STOP_SECONDS = 10.0


def utcnow() -> datetime:
    """The clock of the outside; inside, `now` is an argument."""
    return datetime.now(UTC)


class Sender:
    """Sends for one channel account; only one process does at a time, by a lease on the account."""

    def __init__(
        self,
        database: Database,
        channel: Channel,
        speaker: Speaker,
        holder: Holder,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self.channel = channel
        self._database = database
        self._speaker = speaker
        self._holder = holder
        self._clock = clock
        limits = channel.limits
        self._pace = Pace(limits.per_second, limits.per_recipient, time.monotonic)
        self._most = limits.in_flight
        # About a second's worth: more would only be leased and wait for its turn.
        self._batch = int(max(1, min(SETTLE_BATCH, limits.per_second)))
        self._replies: set[asyncio.Task[None]] = set()
        self._pushes: set[asyncio.Task[None]] = set()
        self._ended: list[Ended] = []
        self._wake = asyncio.Event()
        self._settle_now = asyncio.Event()
        self._stopping = False
        self._settled_listeners: list[Callable[[], None]] = []

    def wake(self) -> None:
        """Something was put into the outbox."""
        self._wake.set()

    def on_settled(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit of settled deliveries."""
        self._settled_listeners.append(listener)

    async def run(self) -> None:
        """Send until `stop` is called; a database that is away is waited for."""
        settling = asyncio.create_task(self._settle_loop())
        renewing = asyncio.create_task(self._hold_loop())
        try:
            while not self._stopping:
                await self._round()
        finally:
            renewing.cancel()
            await self._finish()
            settling.cancel()
            await asyncio.gather(settling, renewing, return_exceptions=True)
            await self._let_go()

    def stop(self) -> None:
        """Claim no more; what is being sent is finished and settled."""
        self._stopping = True
        self._wake.set()

    async def _round(self) -> None:
        """Claim what there is room for, then sleep until something happens."""
        self._wake.clear()
        claimed = 0
        if self._holder.holds(self.channel.name):
            try:
                claimed = await self._claim()
            except (SQLAlchemyError, OSError) as error:
                log.error("outbox_unreachable", channel=self.channel.name, error=str(error))
                await asyncio.sleep(POLL_SECONDS)
        if not claimed:
            await _until(self._wake, POLL_SECONDS)

    async def _claim(self) -> int:
        replies = await self._claim_lane(
            self._most + FOR_REPLIES - len(self._replies), (Priority.REPLY, Priority.INCIDENT - 1), self._replies
        )
        room = 0 if self._pace.paused_for else min(self._batch, self._most * 2 - len(self._pushes))
        pushes = await self._claim_lane(room, (Priority.INCIDENT, 99), self._pushes)
        return replies + pushes

    async def _claim_lane(self, room: int, priorities: tuple[int, int], lane: set[asyncio.Task[None]]) -> int:
        # A claim for a handful of free places would cost a statement for each few messages.
        if room <= 0 or (lane and room < self._batch / 4):
            return 0
        now = self._clock()
        async with self._database.unit() as unit:
            claimed = await outbox.claim(
                unit, self.channel.name, now, now + LEASE, min(room, self._batch), priorities
            )
        for one in claimed:
            task = asyncio.create_task(self._send(one))
            lane.add(task)
            task.add_done_callback(lane.discard)
            task.add_done_callback(lambda _: self._wake.set())
        return len(claimed)

    async def _send(self, one: Claimed) -> None:
        """Send one delivery when its turn comes; whatever happens, its end is noted."""
        push = one.priority >= Priority.INCIDENT
        async with self._pace.turn(one.address, push):
            outcome = await self._outcome(one)
        if isinstance(outcome, TryLater) and outcome.limited and outcome.after:
            self._pace.told_to_wait(one.address, outcome.after.total_seconds())
        if outcome is not None:
            metrics.sent(self.channel.name, outcome, self._clock() - one.due_at)
            self._ended.append(Ended(one, outcome))
            self._settle_now.set()

    async def _outcome(self, one: Claimed) -> Outcome | None:
        if one.stale:
            await self._drop(one, Status.RETRACTED)
            return None
        if one.worthless_after is not None and one.worthless_after <= self._clock():
            await self._drop(one, Status.EXPIRED)
            return None
        try:
            parts = self._parts(one)
        except (MissingText, ValueError, KeyError) as error:
            log.error("unrenderable", message=one.message_id, error=str(error))
            return Rejected(f"cannot be put into words: {error}")
        return await send_parts(self.channel, one.address, parts, one.key)

    def _parts(self, one: Claimed) -> tuple[Outgoing, ...]:
        return parts_of(one, self._speaker, self.channel)

    async def _drop(self, one: Claimed, status: Status) -> None:
        now = self._clock()
        async with self._database.unit() as unit:
            await outbox.settle(unit, [Settled(one.id, status, one.due_at, now)])

    # --- settling --------------------------------------------------------------------------------------------

    async def _settle_loop(self) -> None:
        while True:
            await self._settle_now.wait()
            if len(self._ended) < SETTLE_BATCH:
                await asyncio.sleep(SETTLE_SECONDS)
            self._settle_now.clear()
            await self._settle()

    async def _settle(self) -> None:
        ended, self._ended = self._ended, []
        if not ended:
            return
        try:
            async with self._database.unit() as unit:
                await deliveries.settle(unit, ended, self._clock())
        except (SQLAlchemyError, OSError) as error:
            # What was sent must not be forgotten: it is settled as soon as the database is back.
            log.error("settling_failed", channel=self.channel.name, error=str(error))
            self._ended = ended + self._ended
            await asyncio.sleep(POLL_SECONDS)
            self._settle_now.set()
            return
        for listener in self._settled_listeners:
            listener()

    async def _finish(self) -> None:
        """Wait for what is in flight, give back what still waits for its turn, settle the rest."""
        waiting = [*self._replies, *self._pushes]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
        await self._settle()

    # --- the account's lease ---------------------------------------------------------------------------------

    async def _hold_loop(self) -> None:
        while True:
            try:
                await self._hold()
            except (SQLAlchemyError, OSError) as error:
                log.error("lease_failed", channel=self.channel.name, error=str(error))
            await asyncio.sleep(RENEW_SECONDS if self._holder.holds(self.channel.name) else POLL_SECONDS)

    async def _hold(self) -> None:
        name, now = self.channel.name, self._clock()
        async with self._database.unit() as unit:
            dead = await self._holder.dead(unit, name)
            held_before = self._holder.holds(name)
            held = await leases.take(unit, _lease(name), self._holder.id, now, now + ACCOUNT_LEASE, dead)
            if held and not held_before:
                # Whoever held it before is gone, and with it whatever it had leased: due again at once.
                freed = await outbox.reclaim(unit, name, now=None)
                log.info("account_taken", channel=name, freed=freed)
        self._holder.note(name, held, ACCOUNT_LEASE.total_seconds())
        if held and not held_before:
            self._wake.set()

    async def _let_go(self) -> None:
        if self._holder.holds(self.channel.name):
            async with self._database.unit() as unit:
                await outbox.reclaim(unit, self.channel.name, now=None)
                await leases.release(unit, _lease(self.channel.name), self._holder.id)
            self._holder.note(self.channel.name, False, 0)


def parts_of(one: Claimed, speaker: Speaker, channel: Channel) -> tuple[Outgoing, ...]:
    """A claimed delivery in the customer's language, cut to the channel's limits."""
    language: Language = "en" if one.language == "en" else "vi"
    message = render(reply_from_json(one.words), language, speaker, one.places)
    if one.edits:
        message = Outgoing(**{**vars(message), "edits": one.edits})
    return fit(message, channel.limits)


async def send_parts(channel: Channel, to: str, parts: tuple[Outgoing, ...], key: str) -> Outcome:
    """Send the parts in order; the first that does not go ends it, and all are tried again later."""
    moved: str | None = None
    outcome: Outcome = Rejected("nothing to send")
    for number, part in enumerate(parts):
        outcome = await channel.send(moved or to, part, f"{key}#{number}")
        if not isinstance(outcome, Sent):
            return outcome
        moved = outcome.moved_to or moved
    return Sent(outcome.remote_id, moved) if isinstance(outcome, Sent) else outcome


def _lease(channel: str) -> str:
    return f"send:{channel}"


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return

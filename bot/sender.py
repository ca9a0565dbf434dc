"""The one way out: claims due deliveries of one channel account, paces, sends and settles them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from bot import metrics
from bot.holder import Holder
from bot.pace import Pace
from bot.pictures import Pictures
from conversations.model import language_of
from conversations.texts import MissingText, Speaker
from conversations.wire import reply_from_json
from handlers import deliveries
from handlers.deliveries import Ended, Withheld
from handlers.ports import Channel, Outcome, Outgoing, Rejected, Sent, TryLater
from handlers.rendering import fit, render
from store import leases, outbox
from store.db import Database
from store.outbox import Claimed, Priority, Status

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
# A claim may be sent until so long before its lease ends: a platform's slowest answer must still fit.
LEASE_MARGIN = timedelta(seconds=35)
# Room kept for replies while a broadcast fills the rest.
FOR_REPLIES = 20
# So many different wordings of broadcasts are kept; a kilobyte each.
REMEMBERED_PARTS = 2000
STOP_SECONDS = 10.0


def utcnow() -> datetime:
    """The clock of the outside; inside, `now` is an argument."""
    return datetime.now(UTC)


@dataclass
class Lane:
    """Deliveries of some priorities, lowest and highest, that this process has claimed; `size` at most."""

    priorities: tuple[int, int]
    size: int
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def room(self) -> int:
        return self.size - len(self.tasks)

    @property
    def has_room(self) -> bool:
        """Whether a claim is worth its statement: not for the few places that become free one by one."""
        return self.room >= self.size / 4


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
        self._pictures = Pictures(speaker)
        self._holder = holder
        self._clock = clock
        limits = channel.limits
        self._pace = Pace(limits.per_second, limits.per_recipient, time.monotonic)
        self._most = limits.in_flight
        # About a second's worth: more would only be leased and wait for its turn.
        self._batch = int(max(1, min(SETTLE_BATCH, limits.per_second)))
        self._replies = Lane((Priority.REPLY, Priority.INCIDENT - 1), self._most + FOR_REPLIES)
        # What waits for its turn cannot be overtaken by what is more urgent, so it is seconds' worth at most.
        self._pushes = Lane((Priority.INCIDENT, 99), min(self._most, self._batch) * 2)
        # Calls that pushes may have under way; the rest of the channel's are for replies.
        self._calls = asyncio.Semaphore(max(1, self._most - FOR_REPLIES))
        self._ended: list[Ended] = []
        self._said: dict[tuple[int, str, tuple[str, ...], str | None], tuple[Outgoing, ...]] = {}
        self._wake = asyncio.Event()
        self._settle_now = asyncio.Event()
        self._stopping = False
        self._finished = False
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
            await self._finish(settling)
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
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
                claimed = await self._claim(self._replies)
                if not self._pace.paused_for:
                    claimed += await self._claim(self._pushes)
            except Exception as error:  # whatever it is, the other messages must go out
                log.error("outbox_unreachable", channel=self.channel.name, error=str(error))
                await asyncio.sleep(POLL_SECONDS)
        if not claimed:
            await _until(self._wake, POLL_SECONDS)

    async def _claim(self, lane: Lane) -> int:
        if not lane.has_room:
            return 0
        now = self._clock()
        most = min(lane.room, self._batch)
        async with self._database.unit() as unit:
            claimed = await outbox.claim(unit, self.channel.name, now, now + LEASE, most, lane.priorities)
        for one in claimed:
            task = asyncio.create_task(self._send(one, now + LEASE - LEASE_MARGIN))
            lane.tasks.add(task)
            task.add_done_callback(lane.tasks.discard)
            task.add_done_callback(lambda _: self._wake.set() if lane.has_room else None)
        return len(claimed)

    async def _send(self, one: Claimed, until: datetime) -> None:
        """Send one delivery when its turn comes, `until` a time at the latest; its end is noted."""
        push = one.priority >= Priority.INCIDENT
        async with self._calls if push else nullcontext(), self._pace.turn(one.address, push):
            if self._clock() > until or not self._holder.holds(self.channel.name):
                # It is due again when its lease ends; others may be sending it by then.
                return
            outcome = await self._outcome(one)
        if isinstance(outcome, TryLater) and outcome.limited and outcome.after:
            self._pace.told_to_wait(one.address, outcome.after.total_seconds())
        if not isinstance(outcome, Withheld):
            metrics.sent(self.channel.name, outcome, self._clock() - one.due_at)
        self._ended.append(Ended(one, outcome))
        self._settle_now.set()

    async def _outcome(self, one: Claimed) -> Outcome | Withheld:
        if self._stopping:
            return Withheld(Status.DUE)
        if one.stale:
            return Withheld(Status.RETRACTED)
        if one.worthless_after is not None and one.worthless_after <= self._clock():
            return Withheld(Status.EXPIRED)
        try:
            parts = self._parts(one)
        except (MissingText, ValueError, KeyError) as error:
            log.error("unrenderable", message=one.message_id, error=str(error))
            return Rejected(f"cannot be put into words: {error}")
        try:
            parts = await self._pictures.added(parts, language_of(one.language))
            return await send_parts(self.channel, one.address, parts, one.key)
        except Exception as error:  # a fault of the adapter, which promises not to raise
            log.exception("sending_failed", channel=self.channel.name, delivery=one.id)
            return TryLater(f"fault: {error!r}")

    def _parts(self, one: Claimed) -> tuple[Outgoing, ...]:
        if one.priority < Priority.INCIDENT:
            return parts_of(one, self._speaker, self.channel)
        # A broadcast says the same to many: what differs is the language and what they call their places.
        same = (one.message_id, one.language, one.places, one.edits)
        parts = self._said.get(same)
        if parts is None:
            parts = self._said[same] = parts_of(one, self._speaker, self.channel)
            if len(self._said) > REMEMBERED_PARTS:
                del self._said[next(iter(self._said))]
        return parts

    # --- settling --------------------------------------------------------------------------------------------

    async def _settle_loop(self) -> None:
        while not self._finished or self._ended:
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
        except Exception as error:
            # What was sent must not be forgotten: it is settled as soon as the database is back.
            log.error("settling_failed", channel=self.channel.name, error=str(error))
            self._ended = ended + self._ended
            await asyncio.sleep(POLL_SECONDS)
            self._settle_now.set()
            return
        for listener in self._settled_listeners:
            listener()

    async def _finish(self, settling: asyncio.Task[None]) -> None:
        """Wait for the calls under way, give back what waits for its turn, settle all of it."""
        self._pace.open()
        if waiting := self._replies.tasks | self._pushes.tasks:
            _, late = await asyncio.wait(waiting, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._finished = True
        self._settle_now.set()
        await asyncio.wait({settling}, timeout=STOP_SECONDS)
        settling.cancel()
        await asyncio.gather(settling, return_exceptions=True)

    # --- the account's lease ---------------------------------------------------------------------------------

    async def _hold_loop(self) -> None:
        while True:
            try:
                await self._hold()
            except Exception as error:  # the next round may succeed; without it nothing is sent at all
                log.error("lease_failed", channel=self.channel.name, error=str(error))
            await asyncio.sleep(RENEW_SECONDS if self._holder.holds(self.channel.name) else POLL_SECONDS)

    async def _hold(self) -> None:
        name, now, started = self.channel.name, self._clock(), time.monotonic()
        async with self._database.unit() as unit:
            dead = await self._holder.dead(unit, name)
            ours_before = await leases.holder_of(unit, _lease(name)) == self._holder.id
            held = await leases.take(unit, _lease(name), self._holder.id, now, now + ACCOUNT_LEASE, dead)
            if held and not ours_before:
                # Whoever held it before is gone, and with it whatever it had leased: due again at once.
                freed = await outbox.reclaim(unit, name, now=None)
                log.info("account_taken", channel=name, freed=freed)
        held_before = self._holder.holds(name)
        self._holder.note(name, held, ACCOUNT_LEASE.total_seconds() - (time.monotonic() - started))
        if held and not held_before:
            self._wake.set()

    async def _let_go(self) -> None:
        """Free the account at once; what was sent but could not be settled stays leased until its time is up."""
        name = self.channel.name
        if not self._holder.holds(name):
            return
        self._holder.note(name, False, 0)
        try:
            async with self._database.unit() as unit:
                if not self._ended:
                    await outbox.reclaim(unit, name, now=None)
                await leases.release(unit, _lease(name), self._holder.id)
        except Exception as error:  # a lease ends by itself
            log.error("lease_not_released", channel=name, error=str(error))


def parts_of(one: Claimed, speaker: Speaker, channel: Channel) -> tuple[Outgoing, ...]:
    """A claimed delivery in the customer's language, cut to the channel's limits."""
    language = language_of(one.language)
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

"""How a sending ended: what becomes of the delivery and of the contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy.exc import IntegrityError

from handlers.ports import Outcome, Rejected, Sent, TryLater, Unreachable
from store import contacts, outbox
from store.db import Unit
from store.outbox import Claimed, Settled, Status

FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(minutes=10)
# With delays that grow to ten minutes this is about four hours of a platform that does not answer.
MOST_ATTEMPTS = 30


@dataclass(frozen=True)
class Withheld:
    """It was not sent: RETRACTED and EXPIRED never will be, DUE waits for the next sender."""

    status: Status


@dataclass(frozen=True)
class Ended:
    """A claimed delivery and how it ended."""

    claimed: Claimed
    outcome: Outcome | Withheld


def delay(attempts: int) -> timedelta:
    """How long to wait after so many attempts: twice as long each time, up to the longest."""
    doublings = min(max(attempts - 1, 0), 20)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


def settled(ended: Ended, now: datetime) -> Settled:
    """The row's new state. A message that a newer one made stale is not tried again."""
    claimed, outcome = ended.claimed, ended.outcome
    match outcome:
        case Sent(remote_id):
            return Settled(claimed.id, Status.SENT, claimed.due_at, now, remote_id=remote_id)
        case TryLater(why, after, limited):
            if claimed.stale:
                return Settled(claimed.id, Status.RETRACTED, claimed.due_at, now, error=why)
            if claimed.attempts >= MOST_ATTEMPTS and not limited:
                return Settled(claimed.id, Status.REJECTED, claimed.due_at, now, error=f"gave up: {why}")
            return Settled(claimed.id, Status.DUE, now + (after or delay(claimed.attempts)), None, error=why)
        case Unreachable(why):
            return Settled(claimed.id, Status.UNREACHABLE, claimed.due_at, now, error=why)
        case Rejected(why):
            return Settled(claimed.id, Status.REJECTED, claimed.due_at, now, error=why)
        case Withheld(status):
            return Settled(claimed.id, status, claimed.due_at, None if status == Status.DUE else now)
    assert_never(outcome)


async def settle(unit: Unit, ended: Sequence[Ended], now: datetime) -> None:
    """Write down how sendings ended, in one unit: the rows, who fell asleep, who moved."""
    await outbox.settle(unit, [settled(one, now) for one in ended])
    for one in ended:
        match one.outcome:
            case Unreachable(why):
                await contacts.asleep(unit, one.claimed.contact_id, why, now)
            case Sent(moved_to=str(address)):
                await _moved(unit, one.claimed.contact_id, address, now)


async def _moved(unit: Unit, contact_id: int, address: str, now: datetime) -> None:
    """Keep a contact's new address, unless someone is known there already: then that is the contact to reach."""
    try:
        async with unit.session.begin_nested():
            await contacts.moved(unit, contact_id, address)
    except IntegrityError:
        await contacts.asleep(unit, contact_id, f"moved to {address}, which is another contact", now)

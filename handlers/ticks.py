"""What time does: each tick is a function of an open unit and `now`, harmless when run twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers import subscriptions
from store import conversations, knowledge, outbox, tokens
from store.db import Unit

# The customer's side of a chat, and the proof against repeats, which platforms send for a day at most.
KEEP_RECEIVED = timedelta(days=90)
KEEP_ANSWERS = timedelta(days=2)
# Questions in vain that only one customer asked: time enough to write an article for each.
KEEP_QUESTIONS = timedelta(days=180)
_AT_ONCE = 5_000


async def leases_expired(unit: Unit, now: datetime) -> int:
    """Deliveries whose sender did not come back are due again."""
    freed = 0
    for channel in await outbox.channels_leased(unit):
        freed += await outbox.reclaim(unit, channel, now)
    unit.said_something = unit.said_something or freed > 0
    return freed


async def worthless(unit: Unit, now: datetime) -> int:
    """Deliveries that came too late are given up, never sent."""
    return await outbox.expire(unit, now)


async def pauses_over(unit: Unit, now: datetime) -> int:
    """Places whose pause is over speak again."""
    return await subscriptions.resume_due(unit, now)


async def retention(unit: Unit, now: datetime) -> int:
    """What need not be known any longer is forgotten, a piece at a time: nobody who writes waits long for it."""
    await tokens.forget_answers(unit, now - KEEP_ANSWERS)
    await knowledge.forget_questions(unit, now - KEEP_QUESTIONS)
    return await conversations.forget_received(unit, now - KEEP_RECEIVED, _AT_ONCE)

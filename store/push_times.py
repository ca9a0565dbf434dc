"""When those whom an incident touches were told of it: the first of them, and the last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_
from sqlmodel import col, select

from store.db import Unit
from store.outages import Kind, Outage, Stage
from store.outbox import Delivery, Message, Status


async def incomplete(unit: Unit, since: datetime) -> Sequence[Outage]:
    """Incidents published since a time whose last push is not known yet, locked."""
    query = (
        select(Outage)
        .where(Outage.kind == Kind.INCIDENT, col(Outage.published_at) >= since, col(Outage.last_push_at).is_(None))
        .order_by(col(Outage.id))
        .with_for_update(skip_locked=True)
    )
    return (await unit.session.exec(query)).all()


async def under_way(unit: Unit, outage_id: int) -> bool:
    """Whether somebody is still to be told that it is out."""
    messages = await unit.session.exec(
        select(Message).where(Message.outage_id == outage_id, Message.stage == Stage.INCIDENT)
    )
    for message in messages.all():
        if message.spread_at is None and message.audience_kind is not None:
            return True
        # From the end: those were written last, and are the last to be sent.
        waiting = (
            select(Delivery.id)
            .where(Delivery.message_id == message.id, col(Delivery.status).in_((Status.DUE, Status.LEASED)))
            .order_by(col(Delivery.contact_id).desc())
            .limit(1)
        )
        if (await unit.session.exec(waiting)).first() is not None:
            return True
    return False


async def of_outage(unit: Unit, outage_id: int) -> tuple[datetime | None, datetime | None]:
    """When the first and the last of those who have been told so far were told that it is out."""
    # Who begins to follow later is told then, and says nothing about how soon the others were.
    at_first = and_(
        col(Message.audience_kind).is_not(None),
        or_(col(Message.spread_at).is_(None), col(Delivery.created_at) <= col(Message.spread_at)),
    )
    told = (
        select(func.min(Delivery.settled_at), func.max(Delivery.settled_at))
        .join(Message, col(Message.id) == col(Delivery.message_id))
        .where(
            Message.outage_id == outage_id,
            Message.stage == Stage.INCIDENT,
            Delivery.status == Status.SENT,
            at_first,
        )
    )
    first, last = (await unit.session.exec(told)).one()
    return first, last

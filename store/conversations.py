"""Where each contact's conversation stands, and every event received, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Index, UniqueConstraint, bindparam, delete, false
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.handovers import IS_LIVE, Handover
from store.types import BigId, Document, Utc, upsert


class Conversation(SQLModel, table=True):
    """The engine's state of one contact; busy: a form is under way, which a sealed state does not tell."""

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", sa_type=BigId)
    state: dict[str, Any] = Field(sa_type=Document)
    updated_at: datetime = Field(sa_type=Utc)
    busy: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class Received(SQLModel, table=True):
    """An event that a channel delivered: proof that it was handled, and the customer's side of the chat."""

    __table_args__ = (
        UniqueConstraint("channel", "event_id"),
        Index("ix_received_contact", "contact_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    channel: str
    event_id: str
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    shown: str = ""
    at: datetime = Field(sa_type=Utc, index=True)


@cache
def _receiving(dialect: str) -> Any:
    columns = ("channel", "event_id", "contact_id", "shown", "at")
    return upsert(dialect, Received, *columns).on_conflict_do_nothing().returning(col(Received.id))


async def receive(
    unit: Unit, channel: str, event_id: str, contact_id: int, shown: str, now: datetime
) -> int | None:
    """Note an event; its id, or None when it was received before."""
    values = {"channel": channel, "event_id": event_id, "contact_id": contact_id, "shown": shown, "at": now}
    received: int | None = (await unit.run(_receiving(unit.dialect), values)).scalar()
    return received


async def received_by(unit: Unit, contact_id: int, limit: int) -> Sequence[Received]:
    """The newest events of a contact, oldest first."""
    query = (
        select(Received).where(Received.contact_id == contact_id).order_by(col(Received.id).desc()).limit(limit)
    )
    return list(reversed((await unit.session.exec(query)).all()))


async def by_event(unit: Unit, channel: str, event_id: str) -> Received | None:
    """The event of that platform id."""
    query = select(Received).where(Received.channel == channel, Received.event_id == event_id)
    return (await unit.session.exec(query)).first()


@dataclass(frozen=True)
class Kept:
    """A conversation's state and when it was written; handed_over: the contact waits for, or has, a person."""

    state: dict[str, Any]
    updated_at: datetime
    handed_over: bool = False


# One question for both, as every event asks them.
_STATE = select(
    Conversation.state,
    Conversation.updated_at,
    select(Handover.id).where(Handover.contact_id == bindparam("contact_id"), IS_LIVE).exists().label("live"),
).where(Conversation.contact_id == bindparam("contact_id"))


async def state_of(unit: Unit, contact_id: int) -> Kept | None:
    """Where the conversation stands."""
    row = (await unit.run(_STATE, {"contact_id": contact_id})).first()
    return Kept(row.state, row.updated_at, bool(row.live)) if row else None


@cache
def _saving(dialect: str) -> Any:
    statement = upsert(dialect, Conversation, "contact_id", "state", "updated_at", "busy")
    changed = {name: statement.excluded[name] for name in ("state", "updated_at", "busy")}
    return statement.on_conflict_do_update(index_elements=["contact_id"], set_=changed)


async def save_state(
    unit: Unit, contact_id: int, state: dict[str, Any], now: datetime, busy: bool = False
) -> None:
    """Keep where the conversation stands; busy: a form is under way."""
    values = {"contact_id": contact_id, "state": state, "updated_at": now, "busy": busy}
    await unit.run(_saving(unit.dialect), values)


async def busy_since(unit: Unit, contact_id: int) -> datetime | None:
    """When the contact last did something, if that left a form under way."""
    query = select(Conversation.updated_at).where(
        Conversation.contact_id == contact_id, col(Conversation.busy).is_(True)
    )
    return (await unit.session.exec(query)).first()


async def forget_received(unit: Unit, before: datetime, limit: int) -> int:
    """Drop events received before that time, at most so many; how many."""
    old = select(Received.id).where(col(Received.at) < before).limit(limit)
    result = await unit.session.execute(
        delete(Received).where(col(Received.id).in_(old)).execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))

"""Customers who asked for a person: who waits, who is being talked to, and how each of them ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Index, and_, bindparam, func, or_, text
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc


class HandoverState(StrEnum):
    """WAITING: in the queue; TALKING: a person has it; the others are over.

    ANSWERED: a person said something and it ended. LEFT: the customer waited no longer. TURNED: it is a request.
    """

    WAITING = "waiting"
    TALKING = "talking"
    ANSWERED = "answered"
    LEFT = "left"
    TURNED = "turned"


LIVE = (HandoverState.WAITING, HandoverState.TALKING)
# Written out, as the partial index has it: every event of every customer asks for it, and SQLite uses no partial
# index for states that come as parameters.
_LIVE = text("state IN ('waiting', 'talking')")
IS_LIVE = text("handover.state IN ('waiting', 'talking')")


class Handover(SQLModel, table=True):
    """One wish for a person.

    queued_at: what the place in the queue goes by; kept when it is given back. waits_since: what the patience of
    who waits goes by; begins anew then. heard_at: when the customer last
    wrote; said_at: when a person last did; answered: whether one ever did. with_bot: the customer goes on with the
    bot while they wait. request_code: what it was turned into.
    """

    __table_args__ = (
        Index(
            "uq_handover_live",
            "contact_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        Index("ix_handover_queue", "state", "queued_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    state: str = HandoverState.WAITING
    queued_at: datetime = Field(sa_type=Utc)
    waits_since: datetime = Field(sa_type=Utc)
    heard_at: datetime = Field(sa_type=Utc)
    reassured_at: datetime | None = Field(default=None, sa_type=Utc)
    taken_at: datetime | None = Field(default=None, sa_type=Utc, index=True)
    taken_by: str = ""
    said_at: datetime | None = Field(default=None, sa_type=Utc)
    answered: bool = False
    with_bot: bool = False
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    ended_by: str = ""
    note: str = ""
    request_code: str | None = None
    updated_at: datetime = Field(sa_type=Utc, index=True)


_LIVE_OF = select(Handover).where(Handover.contact_id == bindparam("contact_id"), IS_LIVE)
_LIVE_OF_LOCKED = _LIVE_OF.with_for_update()


async def live_of(unit: Unit, contact_id: int, lock: bool = False) -> Handover | None:
    """The contact's wish that is not over, if there is one."""
    statement = _LIVE_OF_LOCKED if lock else _LIVE_OF
    return (await unit.session.execute(statement, {"contact_id": contact_id})).scalars().first()


async def by_id(unit: Unit, handover_id: int, lock: bool = False) -> Handover | None:
    """One of them; locked against two agents who take it at once."""
    query = select(Handover).where(Handover.id == handover_id)
    return (await unit.session.exec(query.with_for_update() if lock else query)).first()


async def place_of(unit: Unit, handover: Handover | None) -> int:
    """The place in the queue, from 1; of None, the place behind everybody."""
    query = select(func.count()).select_from(Handover).where(Handover.state == HandoverState.WAITING)
    if handover is not None:
        query = query.where(
            (col(Handover.queued_at) < handover.queued_at)
            | ((col(Handover.queued_at) == handover.queued_at) & (col(Handover.id) < handover.id))
        )
    return int((await unit.session.exec(query)).one()) + 1


async def taken_since(unit: Unit, since: datetime) -> Sequence[datetime]:
    """When customers were taken, from a time on."""
    query = select(Handover.taken_at).where(col(Handover.taken_at) >= since)
    return [at for at in (await unit.session.exec(query)).all() if at is not None]


async def page(
    unit: Unit, state: str | None, limit: int, before: int | None = None, live: bool = False
) -> Sequence[Handover]:
    """Wishes, the newest first; `live` only those that are not over, the longest waiting first."""
    query = select(Handover)
    if live:
        query = query.where(col(Handover.state).in_(LIVE)).order_by(col(Handover.queued_at), col(Handover.id))
    else:
        query = query.order_by(col(Handover.id).desc())
    if state is not None:
        query = query.where(Handover.state == state)
    if before is not None:
        query = query.where(col(Handover.id) < before)
    return (await unit.session.exec(query.limit(limit))).all()


async def changed_since(unit: Unit, since: datetime, limit: int) -> Sequence[Handover]:
    """Wishes in which something happened from a time on, the oldest change first."""
    query = select(Handover).where(col(Handover.updated_at) >= since)
    return (await unit.session.exec(query.order_by(col(Handover.updated_at), col(Handover.id)).limit(limit))).all()


async def waiting_since(unit: Unit, turns: datetime, reassures: datetime, limit: int) -> Sequence[Handover]:
    """Who has waited since `turns`, or unreassured since `reassures`; see `_oldest`."""
    since = col(Handover.waits_since)
    waited = or_(since <= turns, and_(since <= reassures, col(Handover.reassured_at).is_(None)))
    return await _oldest(unit, HandoverState.WAITING, waited, limit)


async def silent_since(unit: Unit, agent: datetime, customer: datetime, limit: int) -> Sequence[Handover]:
    """Talks in which an agent owes a word since then, or a customer has said nothing since; see `_oldest`."""
    heard_at, said_at = col(Handover.heard_at), col(Handover.said_at)
    owed = or_(said_at.is_(None), said_at < heard_at)
    silent = or_(
        and_(owed, heard_at <= agent, col(Handover.taken_at) <= agent),
        and_(said_at >= heard_at, said_at <= customer),
    )
    return await _oldest(unit, HandoverState.TALKING, silent, limit)


async def _oldest(unit: Unit, state: HandoverState, which: ColumnElement[bool], limit: int) -> Sequence[Handover]:
    """The longest waiting first, locked; those that somebody else works on are left out."""
    query = (
        select(Handover)
        .where(Handover.state == state, which)
        .order_by(col(Handover.queued_at), col(Handover.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await unit.session.exec(query)).all()

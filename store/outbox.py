"""The outbox: everything said to anyone is a message with deliveries here before it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Index, String, bindparam, func, text, update
from sqlmodel import Field, SQLModel, col, select

from store.contacts import Contact
from store.db import Unit
from store.types import BigId, Document, Utc, upsert


class Status(StrEnum):
    """Where a delivery stands. Only DUE and LEASED ones can still be sent."""

    DUE = "due"
    LEASED = "leased"
    SENT = "sent"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    EXPIRED = "expired"
    RETRACTED = "retracted"


class Priority:
    """Smaller goes first: a reply never waits behind a broadcast, an incident never behind a plan."""

    REPLY = 0
    INCIDENT = 10
    # News of somebody's own request.
    PERSONAL = 15
    PLANNED = 20


_PRIORITIES = (Priority.REPLY, Priority.INCIDENT, Priority.PERSONAL, Priority.PLANNED)


class Message(SQLModel, table=True):
    """What is said, without a language: the reply's words, and which version of which outage it tells.

    audience_kind: who shall get it, as store/audience.py reads it; `segments` leaves out the other segments,
    `preference` (day, hour) those who do not wish such a reminder, `heard_last` those whose newest news of the
    outage is of another revision than these. spread_at is set when all their deliveries
    are written. part: which window and reminder of its stage it is, "" where there is only one.
    hold_before: quiet hours may hold it until then at most; None: they do not hold it.
    superseded_by names the message that made this one stale.
    """

    __table_args__ = (
        Index(
            "uq_message_of_outage",
            "outage_id",
            "revision",
            "stage",
            "part",
            unique=True,
            sqlite_where=text("outage_id IS NOT NULL"),
            postgresql_where=text("outage_id IS NOT NULL"),
        ),
        Index(
            "ix_message_unspread",
            "id",
            sqlite_where=text("audience_kind IS NOT NULL AND spread_at IS NULL"),
            postgresql_where=text("audience_kind IS NOT NULL AND spread_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    words: dict[str, Any] = Field(sa_type=Document)
    outage_id: int | None = Field(default=None, foreign_key="outage.id")
    revision: int | None = None
    stage: str | None = None
    priority: int = Priority.REPLY
    worthless_after: datetime | None = Field(default=None, sa_type=Utc)
    audience_kind: str | None = None
    spread_after: int = Field(default=0, sa_type=BigId)
    spread_at: datetime | None = Field(default=None, sa_type=Utc)
    superseded_by: int | None = Field(default=None, sa_type=BigId)
    segments: list[str] | None = Field(default=None, sa_type=Document)
    preference: str | None = None
    heard_last: list[int] | None = Field(default=None, sa_type=Document)
    part: str = Field(default="", sa_column_kwargs={"server_default": ""})
    hold_before: datetime | None = Field(default=None, sa_type=Utc)
    created_at: datetime = Field(sa_type=Utc)


class Delivery(SQLModel, table=True):
    """One message to one contact at one channel; unique keys make writing it twice harmless.

    dedupe_key: names what a reply answers. A broadcast has none: its message goes once to each contact.
    """

    __table_args__ = (
        Index(
            "ix_delivery_due",
            "channel",
            "priority",
            "due_at",
            "id",
            sqlite_where=text("status = 'due'"),
            postgresql_where=text("status = 'due'"),
        ),
        Index(
            "ix_delivery_leased",
            "channel",
            "lease_until",
            sqlite_where=text("status = 'leased'"),
            postgresql_where=text("status = 'leased'"),
        ),
        Index("ix_delivery_contact", "contact_id", "id"),
        Index("uq_delivery_message", "message_id", "contact_id", unique=True),
        Index(
            "uq_delivery_key",
            "dedupe_key",
            unique=True,
            sqlite_where=text("dedupe_key IS NOT NULL"),
            postgresql_where=text("dedupe_key IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    # No foreign keys: PostgreSQL looks up both for each row, which nearly doubles what a broadcast takes. Both ids
    # come from rows that the same unit read or wrote; contacts are never deleted, messages after their deliveries.
    message_id: int = Field(sa_type=BigId)
    contact_id: int = Field(sa_type=BigId)
    channel: str
    status: str = Status.DUE
    priority: int
    due_at: datetime = Field(sa_type=Utc)
    worthless_after: datetime | None = Field(default=None, sa_type=Utc)
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    attempts: int = 0
    dedupe_key: str | None = None
    places: list[str] | None = Field(default=None, sa_type=Document)
    edits: str | None = None
    remote_id: str | None = None
    last_error: str | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Utc)
    created_at: datetime = Field(sa_type=Utc)


@dataclass(frozen=True)
class Claimed:
    """A delivery that this process may now send, with all that rendering it takes."""

    id: int
    message_id: int
    contact_id: int
    address: str
    language: str
    words: dict[str, Any]
    stale: bool
    priority: int
    places: tuple[str, ...]
    edits: str | None
    key: str
    attempts: int
    due_at: datetime
    worthless_after: datetime | None


@dataclass(frozen=True)
class Settled:
    """How a claimed delivery ended, or when it is to be tried again (status DUE with `due_at`)."""

    id: int
    status: Status
    due_at: datetime
    settled_at: datetime | None
    remote_id: str | None = None
    error: str | None = None


async def add_reply(
    unit: Unit, contact: Contact, words: dict[str, Any], key: str, now: datetime, edits: str | None = None
) -> None:
    """Say something to the contact who just wrote."""
    await add_for(unit, contact, Message(words=words, created_at=now), key, now, edits)


_DELIVERED = (
    "message_id",
    "contact_id",
    "channel",
    "status",
    "priority",
    "due_at",
    "worthless_after",
    "attempts",
    "dedupe_key",
    "edits",
    "created_at",
)
_SAID = tuple(name for name in Message.model_fields if name != "id")


@cache
def _adding_delivery(dialect: str) -> Any:
    return upsert(dialect, Delivery, *_DELIVERED).on_conflict_do_nothing()


@cache
def _adding_message(dialect: str) -> Any:
    return upsert(dialect, Message, *_SAID).returning(col(Message.id))


async def add_for(
    unit: Unit,
    contact: Contact,
    message: Message,
    key: str,
    now: datetime,
    edits: str | None = None,
    due_at: datetime | None = None,
) -> int:
    """Say something to one contact, now or when it is due; a second time under the same key says nothing.

    Gives the message's id.
    """
    message_id = await add_message(unit, message)
    values = {
        "message_id": message_id,
        "contact_id": contact.id,
        "channel": contact.channel,
        "status": Status.DUE,
        "priority": message.priority,
        "due_at": due_at or now,
        "worthless_after": message.worthless_after,
        "attempts": 0,
        "dedupe_key": key,
        "edits": edits,
        "created_at": now,
    }
    await unit.run(_adding_delivery(unit.dialect), values)
    unit.said_something = True
    return message_id


async def add_message(unit: Unit, message: Message) -> int:
    """Keep a message; its id."""
    values = {name: getattr(message, name) for name in _SAID}
    return int((await unit.run(_adding_message(unit.dialect), values)).scalar_one())


async def claim(
    unit: Unit,
    channel: str,
    now: datetime,
    lease_until: datetime,
    limit: int,
    priorities: tuple[int, int],
    contact_id: int | None = None,
) -> list[Claimed]:
    """Lease up to `limit` due deliveries of a channel, the most urgent first; nobody else gets them.

    priorities: the lowest and highest taken, inclusive. A delivery that is worthless by now is left to `expire`.
    """
    ids: list[int] = []
    # One priority at a time: the index then ends at what is due now, before a million that quiet hours hold.
    for priority in _PRIORITIES:
        if priorities[0] <= priority <= priorities[1] and len(ids) < limit:
            ids += await _lease(unit, channel, now, lease_until, limit - len(ids), priority, contact_id)
    return await _claimed(unit, ids) if ids else []


async def _lease(
    unit: Unit,
    channel: str,
    now: datetime,
    lease_until: datetime,
    limit: int,
    priority: int,
    contact_id: int | None,
) -> list[int]:
    """Lease due deliveries of one priority; their ids."""
    due = (
        select(Delivery.id)
        .where(
            Delivery.channel == channel,
            Delivery.status == Status.DUE,
            Delivery.priority == priority,
            col(Delivery.due_at) <= now,
            (col(Delivery.worthless_after).is_(None)) | (col(Delivery.worthless_after) > now),
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if contact_id is not None:
        due = due.where(Delivery.contact_id == contact_id)
    # Materialized: inside a join PostgreSQL may run the query again and again, and lease `limit` rows each time.
    chosen = due.cte("chosen").prefix_with("MATERIALIZED")
    leased = await unit.session.execute(
        update(Delivery)
        .where(col(Delivery.id).in_(select(chosen.c.id)))
        .values(status=Status.LEASED, lease_until=lease_until, attempts=col(Delivery.attempts) + 1)
        .returning(col(Delivery.id))
        .execution_options(synchronize_session=False)
    )
    return list(leased.scalars())


async def _claimed(unit: Unit, ids: list[int]) -> list[Claimed]:
    rows = await unit.session.execute(
        select(
            Delivery.id,
            Delivery.message_id,
            Delivery.contact_id,
            Delivery.priority,
            Delivery.places,
            Delivery.edits,
            Delivery.dedupe_key,
            Delivery.attempts,
            Delivery.due_at,
            Delivery.worthless_after,
            Contact.address,
            Contact.language,
        )  # type: ignore[call-overload, misc]
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(col(Delivery.id).in_(ids))
        .order_by(col(Delivery.priority), col(Delivery.due_at), col(Delivery.id))
    )
    deliveries = rows.all()
    wanted = {row.message_id for row in deliveries}
    messages = {
        row.id: row
        for row in await unit.session.execute(
            select(Message.id, Message.words, Message.superseded_by).where(col(Message.id).in_(wanted))
        )
    }
    return [
        Claimed(
            id=row.id,
            message_id=row.message_id,
            contact_id=row.contact_id,
            address=row.address,
            language=row.language,
            words=messages[row.message_id].words,
            stale=messages[row.message_id].superseded_by is not None,
            priority=row.priority,
            places=tuple(row.places or ()),
            edits=row.edits,
            key=row.dedupe_key or f"{row.message_id}:{row.contact_id}",
            attempts=row.attempts,
            due_at=row.due_at,
            worthless_after=row.worthless_after,
        )
        for row in deliveries
    ]


_SETTLE = (
    update(Delivery.__table__)  # type: ignore[attr-defined]
    .where(
        col(Delivery.id) == bindparam("b_id"),
        # What was sent stays sent, even if its lease ran out before that could be written down.
        (col(Delivery.status) == Status.LEASED)
        | ((col(Delivery.status) == Status.DUE) & (bindparam("b_status", type_=String) == Status.SENT)),
    )
    .values(
        status=bindparam("b_status"),
        due_at=bindparam("b_due_at"),
        settled_at=bindparam("b_settled_at"),
        remote_id=bindparam("b_remote_id"),
        last_error=bindparam("b_error"),
        lease_until=None,
    )
)


async def settle(unit: Unit, settled: Sequence[Settled]) -> None:
    """Write down how claimed deliveries ended, all in one statement."""
    if not settled:
        return
    connection = await unit.session.connection()
    await connection.execute(
        _SETTLE,
        [
            {
                "b_id": one.id,
                "b_status": one.status,
                "b_due_at": one.due_at,
                "b_settled_at": one.settled_at,
                "b_remote_id": one.remote_id,
                # A platform's words may hold what PostgreSQL cannot keep.
                "b_error": one.error[:300].replace("\0", "") if one.error else None,
            }
            for one in settled
        ],
    )


async def reclaim(unit: Unit, channel: str, now: datetime | None) -> int:
    """Make leased deliveries due again: those whose lease ran out by `now`, or all (None) of a dead sender's."""
    statement = update(Delivery).where(col(Delivery.channel) == channel, col(Delivery.status) == Status.LEASED)
    if now is not None:
        statement = statement.where(col(Delivery.lease_until) < now)
    result = await unit.session.execute(
        statement.values(status=Status.DUE, lease_until=None).execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))


async def expire(unit: Unit, now: datetime) -> int:
    """Give up deliveries that would be worthless by now; how many."""
    result = await unit.session.execute(
        update(Delivery)
        .where(col(Delivery.status) == Status.DUE, col(Delivery.worthless_after) <= now)
        .values(status=Status.EXPIRED, settled_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))


async def next_due(unit: Unit, channel: str) -> datetime | None:
    """When the next delivery of a channel falls due."""
    query = select(func.min(Delivery.due_at)).where(Delivery.channel == channel, Delivery.status == Status.DUE)
    return (await unit.session.exec(query)).one()


async def newest_remote_id(unit: Unit, contact_id: int) -> str | None:
    """The platform's name of the last message that the contact got: the only one an edit may replace."""
    query = (
        select(Delivery.remote_id)
        .where(Delivery.contact_id == contact_id)
        .order_by(col(Delivery.id).desc())
        .limit(1)
    )
    return (await unit.session.exec(query)).first()


async def pushed_last(unit: Unit, contact_id: int) -> Mapping[str, Any] | None:
    """The words of what the contact got last, if nobody had asked for it; looked for among the newest few."""
    query = (
        select(Delivery.priority, Delivery.settled_at, Message.words)
        .join(Message, col(Message.id) == col(Delivery.message_id))
        .where(Delivery.contact_id == contact_id, col(Delivery.settled_at).is_not(None))
        .where(col(Delivery.status) == Status.SENT)
        .order_by(col(Delivery.id).desc())
        .limit(5)
    )
    # A push is written when it is news, and sent when it is due: the number does not tell which came last.
    newest = max((await unit.session.exec(query)).all(), key=lambda one: (one[1], one[0]), default=None)
    return newest[2] if newest and newest[0] > Priority.REPLY else None


@dataclass(frozen=True)
class Said:
    """A message that a contact got, for a chat's history."""

    id: int
    words: dict[str, Any]
    places: tuple[str, ...]
    priority: int
    at: datetime


async def said_to(
    unit: Unit, contact_ids: Iterable[int], limit: int, since: datetime | None = None
) -> dict[int, list[Said]]:
    """What contacts got, oldest first, at most the newest `limit` in all, settled at or after `since`."""
    query = (
        select(
            Delivery.id,
            Delivery.contact_id,
            Delivery.places,
            Delivery.priority,
            Delivery.settled_at,
            Message.words,
        )  # type: ignore[call-overload]
        .join(Message, col(Message.id) == col(Delivery.message_id))
        .where(col(Delivery.contact_id).in_(list(contact_ids)), Delivery.status == Status.SENT)
        .order_by(col(Delivery.id).desc())
        .limit(limit)
    )
    if since is not None:
        query = query.where(col(Delivery.settled_at) >= since)
    said: dict[int, list[Said]] = {}
    for row in reversed((await unit.session.execute(query)).all()):
        said.setdefault(row.contact_id, []).append(
            Said(row.id, row.words, tuple(row.places or ()), row.priority, row.settled_at)
        )
    return said


async def under_way(unit: Unit) -> dict[tuple[str, str], int]:
    """How many deliveries are still to be sent, by (channel, status); those that ended are not looked at."""
    counts: dict[tuple[str, str], int] = {}
    for status in (Status.DUE, Status.LEASED):
        # Written out, as the partial indexes have it, so that each is read through its own.
        there = text(f"status = '{status.value}'")
        query = select(Delivery.channel, func.count()).where(there).group_by(Delivery.channel)
        counts |= {(channel, status.value): count for channel, count in await unit.session.exec(query)}
    return counts


async def channels_leased(unit: Unit) -> Sequence[str]:
    """The channels that have leased deliveries."""
    query = select(Delivery.channel).where(Delivery.status == Status.LEASED).distinct()
    return (await unit.session.exec(query)).all()


async def of_outage(unit: Unit, outage_id: int) -> Sequence[Message]:
    """All messages about an outage, oldest first."""
    query = select(Message).where(Message.outage_id == outage_id).order_by(col(Message.id))
    return (await unit.session.exec(query)).all()


async def locked(unit: Unit, message_id: int) -> Message | None:
    """A message to be spread, or None while another process is at it."""
    query = select(Message).where(Message.id == message_id).with_for_update(skip_locked=True)
    return (await unit.session.exec(query)).first()


async def held(unit: Unit, message_id: int) -> Message | None:
    """A message that nobody changes until the unit ends; others may hold it as well."""
    return (
        await unit.session.exec(select(Message).where(Message.id == message_id).with_for_update(read=True))
    ).first()


async def unspread(unit: Unit) -> list[int]:
    """Messages whose deliveries are not all written, oldest first."""
    query = select(Message.id).where(col(Message.audience_kind).is_not(None), col(Message.spread_at).is_(None))
    return [one for one in await unit.session.exec(query.order_by(col(Message.id))) if one is not None]


async def any_unspread(unit: Unit, message_ids: Sequence[int]) -> bool:
    """Whether any of these messages has deliveries still to be written."""
    query = select(Message.id).where(col(Message.id).in_(message_ids), col(Message.spread_at).is_(None)).limit(1)
    return (await unit.session.exec(query)).first() is not None


async def spread_again(unit: Unit, outage_id: int, revision: int, audience_kind: str) -> None:
    """Look for the audience of a revision's messages once more; deliveries that are written stay as they are."""
    await unit.session.execute(
        update(Message)
        .where(
            col(Message.outage_id) == outage_id,
            col(Message.revision) == revision,
            col(Message.audience_kind) == audience_kind,
            col(Message.superseded_by).is_(None),
        )
        .values(spread_after=0, spread_at=None)
        .execution_options(synchronize_session=False)
    )


async def supersede(unit: Unit, message_ids: Sequence[int], by: int, now: datetime) -> None:
    """Make messages stale: what is still due of them is retracted, what is not written yet never will be."""
    if not message_ids:
        return
    await unit.session.execute(
        update(Message)
        .where(col(Message.id).in_(message_ids), col(Message.superseded_by).is_(None))
        .values(superseded_by=by, spread_at=func.coalesce(col(Message.spread_at), bindparam("now", now, Utc)))
        .execution_options(synchronize_session=False)
    )
    await unit.session.execute(
        update(Delivery)
        .where(col(Delivery.message_id).in_(message_ids), col(Delivery.status) == Status.DUE)
        .values(status=Status.RETRACTED, settled_at=now)
        .execution_options(synchronize_session=False)
    )


async def take_back(unit: Unit, message_id: int, now: datetime) -> bool:
    """Retract a message that was not sent yet; False when it is on its way, or arrived, and stays."""
    retracted = await unit.session.execute(
        update(Delivery)
        .where(col(Delivery.message_id) == message_id, col(Delivery.status) == Status.DUE)
        .values(status=Status.RETRACTED, settled_at=now)
        .execution_options(synchronize_session="fetch")
    )
    return bool(getattr(retracted, "rowcount", 0))


async def statuses(unit: Unit, message_ids: Iterable[int]) -> dict[int, str]:
    """How the delivery of each of these messages to one contact stands."""
    query = select(Delivery.message_id, Delivery.status).where(col(Delivery.message_id).in_(list(message_ids)))
    return dict((await unit.session.exec(query)).all())


async def addressed(unit: Unit, contact_id: int, message_ids: Sequence[int]) -> bool:
    """Whether a contact has a delivery of any of these messages."""
    query = select(Delivery.id).where(Delivery.contact_id == contact_id, col(Delivery.message_id).in_(message_ids))
    return (await unit.session.exec(query.limit(1))).first() is not None


async def counts_of_outage(unit: Unit, outage_id: int) -> dict[str, int]:
    """How many deliveries about an outage stand where."""
    query = (
        select(Delivery.status, func.count())
        .join(Message, col(Message.id) == col(Delivery.message_id))
        .where(Message.outage_id == outage_id)
        .group_by(Delivery.status)
    )
    return dict((await unit.session.exec(query)).all())


async def page_of_outage(
    unit: Unit, outage_id: int, after: int, limit: int
) -> Sequence[tuple[Delivery, Message, Contact]]:
    """Deliveries about an outage with their message and contact, in the order in which they were written."""
    query = (
        select(Delivery, Message, Contact)
        .join(Message, col(Message.id) == col(Delivery.message_id))
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(Message.outage_id == outage_id, col(Delivery.id) > after)
        .order_by(col(Delivery.id))
        .limit(limit)
    )
    return (await unit.session.exec(query)).all()

"""Who is to hear of an outage: found, and written as deliveries, by set-based statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased
from sqlmodel import col

from store.contacts import Contact
from store.customers import Customer
from store.db import Unit
from store.network import Ward
from store.outages import ScopeKind
from store.outbox import Delivery, Message, Status
from store.subscriptions import Subscription
from store.types import Document, Utc, insert


class Audience(StrEnum):
    """Who shall get a message about an outage. Contacts that sleep never do.

    TOUCHED: whose places the scope touches and whom no message of this revision has reached yet.
    WAITING: those of them to whom an earlier revision was addressed, though they never got it.
    TOLD: who got an earlier revision, or is getting it right now, and was not told since that it is not theirs.
    STILL_TOUCHED, NO_LONGER_TOUCHED: TOLD, divided by whether the scope of this revision touches them.
    """

    TOUCHED = "touched"
    WAITING = "waiting"
    TOLD = "told"
    STILL_TOUCHED = "still_touched"
    NO_LONGER_TOUCHED = "no_longer_touched"


@dataclass(frozen=True)
class Scope:
    """The parts of the network that an outage names, by code."""

    feeders: tuple[str, ...] = ()
    transformers: tuple[str, ...] = ()
    wards: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()

    def parts(self) -> list[tuple[ScopeKind, str]]:
        """The same as pairs of a kind and a code."""
        named = (
            (ScopeKind.FEEDER, self.feeders),
            (ScopeKind.TRANSFORMER, self.transformers),
            (ScopeKind.WARD, self.wards),
            (ScopeKind.CUSTOMER, self.customers),
        )
        return [(kind, code) for kind, codes in named for code in codes]


@dataclass(frozen=True)
class Reach:
    """Whom a scope touches: the customers it names, and the followers of these wards."""

    scope: Scope
    wards: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """Ids of an outage's messages, as one of its revisions sees them.

    telling, parting: those of earlier revisions that told of the outage, or that it is not one's own.
    current: those of the revision itself.
    """

    telling: tuple[int, ...] = ()
    parting: tuple[int, ...] = ()
    current: tuple[int, ...] = ()


@dataclass(frozen=True)
class Range:
    """Contact ids after one and up to another, or to the last."""

    after: int = 0
    upto: int | None = None

    def holds(self, contact_id: Any) -> list[ColumnElement[bool]]:
        """The conditions on a column of contact ids; none for the whole range, so that no index misleads."""
        bounds: list[ColumnElement[bool]] = []
        if self.after:
            bounds.append(contact_id > self.after)
        if self.upto is not None:
            bounds.append(contact_id <= self.upto)
        return bounds


EVERYONE = Range()


async def affected(unit: Unit, scope: Scope) -> int:
    """How many customers a scope holds."""
    query = select(func.count()).select_from(Customer).where(_within(scope))
    return int((await unit.session.execute(query)).scalar_one())


async def wards_within(unit: Unit, scope: Scope) -> dict[str, str]:
    """The wards, code to name, in which customers of a scope live, and those that it names."""
    lived_in = select(col(Customer.ward_code)).where(_within(scope))
    query = select(col(Ward.code), col(Ward.name)).where(
        or_(col(Ward.code).in_(lived_in), col(Ward.code).in_(scope.wards))
    )
    return {row.code: row.name for row in await unit.session.execute(query)}


async def parts_of_ward(unit: Unit, ward_code: str) -> list[tuple[str, str]]:
    """The parts of the network whose outage followers of a ward hear of: it, and the lines that serve it."""
    parts: list[tuple[str, str]] = [(ScopeKind.WARD, ward_code)]
    for kind, column in (
        (ScopeKind.FEEDER, col(Customer.feeder_code)),
        (ScopeKind.TRANSFORMER, col(Customer.transformer_code)),
    ):
        found = await unit.session.execute(select(column).where(col(Customer.ward_code) == ward_code).distinct())
        parts.extend((kind, code) for code in found.scalars())
    return parts


async def size(unit: Unit, kinds: Sequence[Audience], reach: Reach, history: History, now: datetime) -> int:
    """How many contacts these audiences have together."""
    found = [_recipients(unit, kind, reach, history, now, EVERYONE, _without_places) for kind in kinds]
    contact_ids = [select(one.subquery().c.contact_id) for one in found]
    together = (union(*contact_ids) if len(contact_ids) > 1 else contact_ids[0]).subquery()
    query = (
        select(func.count())
        .select_from(together.join(Contact, col(Contact.id) == together.c.contact_id))
        .where(col(Contact.asleep_since).is_(None))
    )
    return int((await unit.session.execute(query)).scalar_one())


async def end_of_chunk(unit: Unit, after: int, chunk: int) -> int | None:
    """The id of the last of the next `chunk` contacts, or None when fewer are left."""
    query = select(col(Contact.id)).where(col(Contact.id) > after).order_by(col(Contact.id))
    return (await unit.session.execute(query.offset(chunk - 1).limit(1))).scalar()


async def write(unit: Unit, message: Message, reach: Reach, history: History, within: Range, now: datetime) -> int:
    """Write the deliveries of a message to those of its audience within a range of contacts; how many are new."""
    kind = Audience(message.audience_kind or "")
    recipients = _recipients(unit, kind, reach, history, now, within, _with_places).subquery()
    rows = (
        select(*_delivery_values(message, recipients.c.places, now).values())
        .select_from(recipients.join(Contact, col(Contact.id) == recipients.c.contact_id))
        .where(col(Contact.asleep_since).is_(None))
        .order_by(col(Contact.id))
    )
    return await _insert(unit, message, rows)


async def write_to(unit: Unit, message: Message, contact_id: int, places: list[str], now: datetime) -> bool:
    """Write a message's delivery to one contact; false when they have it already."""
    values = _delivery_values(message, literal(places, Document), now)
    return bool(await _insert(unit, message, select(*values.values()).where(col(Contact.id) == contact_id)))


def _delivery_values(message: Message, places: ColumnElement[Any], now: datetime) -> dict[str, Any]:
    """The columns of a delivery of `message` to a row of Contact."""
    once = f"outage:{message.outage_id}:{message.revision}:{message.stage}:"
    return {
        "message_id": literal(message.id),
        "contact_id": col(Contact.id),
        "channel": col(Contact.channel),
        "status": literal(Status.DUE.value),
        "priority": literal(message.priority),
        "due_at": literal(now, Utc),
        "worthless_after": literal(message.worthless_after, Utc),
        "attempts": literal(0),
        "dedupe_key": literal(once) + cast(col(Contact.id), String),
        "places": places,
        "created_at": literal(now, Utc),
    }


async def _insert(unit: Unit, message: Message, rows: Select[Any]) -> int:
    columns = list(_delivery_values(message, literal(None), message.created_at))
    statement = (
        insert(unit, Delivery).from_select(columns, rows).on_conflict_do_nothing(index_elements=["dedupe_key"])
    )
    result = await unit.session.execute(statement)
    written = int(getattr(result, "rowcount", 0))
    unit.said_something = unit.said_something or written > 0
    return written


def _recipients(
    unit: Unit,
    kind: Audience,
    reach: Reach,
    history: History,
    now: datetime,
    within: Range,
    by_contact: Callable[[Unit, Any], Select[Any]],
) -> Select[Any]:
    """The audience as (contact_id, places), or without places to be counted: one row per contact."""
    match kind:
        case Audience.TOUCHED | Audience.WAITING:
            touched = by_contact(unit, _touched(reach, within, awake_at=now)).subquery()
            return select(touched).where(*_not_yet_told(kind, touched.c.contact_id, history))
        case Audience.TOLD:
            return _told(history, within)
        case Audience.STILL_TOUCHED:
            told = _told(history, within).subquery()
            touched = by_contact(unit, _touched(reach, within)).subquery()
            return select(touched).join(told, told.c.contact_id == touched.c.contact_id)
        case Audience.NO_LONGER_TOUCHED:
            told = _told(history, within).subquery()
            return select(told).where(~_touches(reach, told.c.contact_id))


def _within(scope: Scope) -> ColumnElement[bool]:
    """Whether a row of Customer lies within a scope."""
    named: Iterable[tuple[Any, tuple[str, ...]]] = (
        (Customer.feeder_code, scope.feeders),
        (Customer.transformer_code, scope.transformers),
        (Customer.ward_code, scope.wards),
        (Customer.code, scope.customers),
    )
    return or_(false(), *(col(column).in_(codes) for column, codes in named if codes))


def _touched(reach: Reach, within: Range, awake_at: datetime | None = None) -> Any:
    """The subscriptions touched: two branches, so that each finds its rows by an index of its own."""
    places = select(col(Subscription.id), col(Subscription.contact_id), col(Subscription.label)).where(
        *within.holds(col(Subscription.contact_id))
    )
    if awake_at is not None:
        places = places.where(or_(col(Subscription.paused).is_(False), col(Subscription.paused_until) <= awake_at))
    meters = places.join(Customer, col(Customer.code) == col(Subscription.customer_code)).where(
        _within(reach.scope)
    )
    if not reach.wards:
        # An empty IN would be answered by reading every subscription.
        return meters
    return union_all(meters, places.where(col(Subscription.ward_code).in_(reach.wards)))


def _without_places(unit: Unit, touched: Any) -> Select[Any]:
    """The contacts of touched subscriptions, each once."""
    return select(touched.subquery().c.contact_id).distinct()


def _with_places(unit: Unit, touched: Any) -> Select[Any]:
    """Touched subscriptions by contact, their labels gathered in the order in which they were followed."""
    if unit.dialect == "sqlite":
        # Its aggregates take no ORDER BY before 3.44, but its windows do; each row of one has the whole list.
        # Materialized, or it would look for the order first and read every subscription along an index;
        # nesting, because the driver counts the rows only of what begins with INSERT.
        rows = touched.cte(nesting=True).prefix_with("MATERIALIZED")
        contact_id = rows.c.contact_id
        gathered = func.json_group_array(rows.c.label).over(
            partition_by=contact_id, order_by=rows.c.id, rows=(None, None)
        )
        return select(contact_id, gathered.label("places")).distinct()
    rows = touched.subquery()
    labels = func.jsonb_agg(aggregate_order_by(rows.c.label, rows.c.id))
    return select(rows.c.contact_id, labels.label("places")).group_by(rows.c.contact_id)


def _touches(reach: Reach, contact_id: Any) -> ColumnElement[bool]:
    """Whether anything that a contact follows, paused or not, is touched."""
    followed = select(col(Subscription.id)).outerjoin(
        Customer, col(Customer.code) == col(Subscription.customer_code)
    )
    touched = or_(_within(reach.scope), col(Subscription.ward_code).in_(reach.wards))
    return followed.where(col(Subscription.contact_id) == contact_id, touched).exists()


_GOT = (Status.SENT, Status.LEASED)


def _told(history: History, within: Range) -> Select[Any, Any]:
    """TOLD as (contact_id, places), the places as they were last told."""
    later = aliased(Delivery)
    told_again = col(later.message_id).in_(history.telling) & col(later.status).in_(_GOT)
    # A parting still due counts: it will be sent, whatever comes after it.
    parted = col(later.message_id).in_(history.parting) & col(later.status).in_((*_GOT, Status.DUE))
    newest = ~exists().where(
        col(later.contact_id) == col(Delivery.contact_id),
        col(later.id) > col(Delivery.id),
        or_(told_again, parted),
    )
    return select(col(Delivery.contact_id), col(Delivery.places)).where(
        col(Delivery.message_id).in_(history.telling),
        col(Delivery.status).in_(_GOT),
        *within.holds(col(Delivery.contact_id)),
        newest,
    )


def _not_yet_told(kind: Audience, contact_id: Any, history: History) -> list[ColumnElement[bool]]:
    """What sets TOUCHED and WAITING apart from all who are touched."""
    conditions = []
    if history.current:
        conditions.append(~_addressed(history.current, contact_id))
    if kind is Audience.WAITING:
        conditions.append(_addressed(history.telling, contact_id, (Status.DUE, Status.LEASED, Status.RETRACTED)))
    return conditions


def _addressed(
    messages: Iterable[int], contact_id: Any, statuses: Sequence[Status] = tuple(Status)
) -> ColumnElement[bool]:
    return exists().where(
        col(Delivery.contact_id) == contact_id,
        col(Delivery.message_id).in_(messages),
        col(Delivery.status).in_(statuses),
    )

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
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    text,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased
from sqlmodel import col

from store.contacts import Contact
from store.customers import Customer, Segment
from store.db import Unit
from store.extent import Scope, holds
from store.outbox import Delivery, Message, Status
from store.reports import Report
from store.subscriptions import Subscription
from store.types import Document, Utc, insert


class Audience(StrEnum):
    """Who shall get a message about an outage. Contacts that sleep never do.

    TOUCHED: whose places the scope touches and whom no message of this revision has reached yet.
    WAITING: those of them to whom an earlier revision was addressed, though they never got it.
    TOLD: who got an earlier revision, or is getting it right now, and was not told since that it is not theirs.
    STILL_TOUCHED, NO_LONGER_TOUCHED: TOLD, divided by whether the scope of this revision touches them.
    UNTOLD: whose places the scope touches and who heard of no revision yet, nor is about to.
    EVERYBODY: whose places the scope touches, whatever they heard.
    """

    TOUCHED = "touched"
    WAITING = "waiting"
    TOLD = "told"
    STILL_TOUCHED = "still_touched"
    NO_LONGER_TOUCHED = "no_longer_touched"
    UNTOLD = "untold"
    EVERYBODY = "everybody"


@dataclass(frozen=True)
class Reach:
    """Whom a scope touches: the customers it names, and the followers of these wards.

    segments: only those of them; followers of a ward count as households. reporters_of: also who reported what
    turned out to be that outage.
    """

    scope: Scope
    wards: tuple[str, ...]
    segments: tuple[str, ...] | None = None
    reporters_of: int | None = None


@dataclass(frozen=True)
class History:
    """Ids of an outage's messages, as one of its revisions sees them.

    telling, parting: those of earlier revisions that told of the outage, or that it is not one's own.
    current, current_telling: those of the revision itself.
    heard_last: whose newest telling is one of these, None for anybody's; reporters: whether those belong to them
    who heard of the outage in the answer to a report.
    """

    telling: tuple[int, ...] = ()
    parting: tuple[int, ...] = ()
    current: tuple[int, ...] = ()
    current_telling: tuple[int, ...] = ()
    heard_last: tuple[int, ...] | None = None
    reporters: bool = True


@dataclass(frozen=True)
class Range:
    """Contact ids after one and up to another, or to the last."""

    after: int = 0
    upto: int | None = None

    def holding(self, contact_id: Any) -> list[ColumnElement[bool]]:
        """The conditions on a column of contact ids; none for the whole range, so that no index misleads."""
        bounds: list[ColumnElement[bool]] = []
        if self.after:
            bounds.append(contact_id > self.after)
        if self.upto is not None:
            bounds.append(contact_id <= self.upto)
        return bounds


EVERYONE = Range()


@dataclass(frozen=True)
class LocalHours:
    """Now on the utility's clock, for quiet hours: the hour, and the next time that it is each hour (0 to 23)."""

    hour: int
    following: tuple[datetime, ...]


@dataclass(frozen=True)
class Listeners:
    """An audience with all that it depends on."""

    kind: Audience
    reach: Reach
    history: History
    preference: str | None = None


async def size(unit: Unit, listeners: Sequence[Listeners], now: datetime) -> int:
    """How many contacts these audiences have together."""
    return sum((await by_channel(unit, listeners, now)).values())


async def by_channel(unit: Unit, listeners: Sequence[Listeners], now: datetime) -> dict[str, int]:
    """How many contacts these audiences have together at each channel."""
    contact_ids = []
    for one in listeners:
        found = _recipients(unit, one.kind, one.reach, one.history, now, EVERYONE, _without_places).subquery()
        contact_ids.append(_wishing(select(found.c.contact_id), found.c.contact_id, one.preference))
    together = (union(*contact_ids) if len(contact_ids) > 1 else contact_ids[0]).subquery()
    query = (
        select(col(Contact.channel), func.count())
        .select_from(together.join(Contact, col(Contact.id) == together.c.contact_id))
        .where(col(Contact.asleep_since).is_(None))
        .group_by(col(Contact.channel))
    )
    return {row[0]: row[1] for row in await unit.session.execute(query)}


async def may_exceed(unit: Unit, listeners: Sequence[Listeners], most: int, now: datetime) -> bool:
    """Whether an audience may have more than so many contacts; False is certain, and the answer is always quick.

    It looks at no more than `most` + 1 places that are touched, or contacts that were told, of each.
    """
    for one in listeners:
        told = one.kind in (Audience.TOLD, Audience.STILL_TOUCHED, Audience.NO_LONGER_TOUCHED)
        rows = _ever_told(one.history, one.reach) if told else _touched(one.reach, EVERYONE, awake_at=now)
        first = select(literal(1)).select_from(rows.subquery()).limit(most + 1).subquery()
        if (await unit.session.execute(select(func.count()).select_from(first))).scalar_one() > most:
            return True
    return False


async def has_reporters(unit: Unit, outage_id: int) -> bool:
    """Whether anybody reported what turned out to be that outage."""
    query = select(col(Report.id)).where(col(Report.outage_id) == outage_id).limit(1)
    return (await unit.session.execute(query)).first() is not None


async def end_of_chunk(unit: Unit, after: int, chunk: int) -> int | None:
    """The id of the last of the next `chunk` contacts, or None when fewer are left."""
    query = select(col(Contact.id)).where(col(Contact.id) > after).order_by(col(Contact.id))
    return (await unit.session.execute(query.offset(chunk - 1).limit(1))).scalar()


async def last_contact(unit: Unit) -> int:
    """The newest contact's id, 0 without any."""
    return (await unit.session.execute(select(func.max(col(Contact.id))))).scalar() or 0


async def write(
    unit: Unit, message: Message, reach: Reach, history: History, within: Range, now: datetime, hours: LocalHours
) -> int:
    """Write the deliveries of a message to those of its audience within a range of contacts; how many are new."""
    if unit.dialect == "postgresql" and within != EVERYONE:
        # Enough to gather the places of a large chunk without going to the disk; the default is 4 MB.
        await unit.session.execute(text("SET LOCAL work_mem = '64MB'"))
    kind = Audience(message.audience_kind or "")
    recipients = _recipients(unit, kind, reach, history, now, within, _with_places).subquery()
    rows = (
        select(*_delivery_values(message, recipients.c.places, now, hours).values())
        .select_from(recipients.join(Contact, col(Contact.id) == recipients.c.contact_id))
        .where(col(Contact.asleep_since).is_(None), *_wishes(message.preference))
        .order_by(col(Contact.id))
    )
    return await _insert(unit, message, rows)


async def write_to(
    unit: Unit, message: Message, contact_id: int, places: list[str], now: datetime, hours: LocalHours
) -> bool:
    """Write a message's delivery to one contact; false when they have it already."""
    values = _delivery_values(message, literal(places, Document), now, hours)
    return bool(await _insert(unit, message, select(*values.values()).where(col(Contact.id) == contact_id)))


def _wishes(preference: str | None) -> list[ColumnElement[bool]]:
    """Whether a row of Contact wishes such a reminder; a message that is none is wished by all."""
    columns = {"day": col(Contact.remind_day), "hour": col(Contact.remind_hour)}
    return [columns[preference].is_(True)] if preference else []


def _wishing(query: Select[Any], contact_id: Any, preference: str | None) -> Select[Any]:
    if preference is None:
        return query
    return query.where(exists().where(col(Contact.id) == contact_id, *_wishes(preference)))


def _delivery_values(
    message: Message, places: ColumnElement[Any], now: datetime, hours: LocalHours
) -> dict[str, Any]:
    """The columns of a delivery of `message` to a row of Contact."""
    return {
        "message_id": literal(message.id),
        "contact_id": col(Contact.id),
        "channel": col(Contact.channel),
        "status": literal(Status.DUE.value),
        "priority": literal(message.priority),
        "due_at": _due_at(message.hold_before, now, hours),
        "worthless_after": literal(message.worthless_after, Utc),
        "attempts": literal(0),
        "places": places,
        "created_at": literal(now, Utc),
    }


def _due_at(hold_before: datetime | None, now: datetime, hours: LocalHours) -> ColumnElement[Any]:
    """Now, or the end of the contact's quiet hours where the message may wait so long."""
    begins, ends = col(Contact.quiet_from), col(Contact.quiet_to)
    mornings = {
        hour: at for hour, at in enumerate(hours.following) if hold_before is not None and at < hold_before
    }
    if not mornings:
        return literal(now, Utc)
    over_midnight = and_(begins > ends, or_(begins <= hours.hour, ends > hours.hour))
    quiet = or_(over_midnight, and_(begins <= hours.hour, ends > hours.hour))
    return case(
        *((and_(quiet, ends == hour), literal(at, Utc)) for hour, at in mornings.items()), else_=literal(now, Utc)
    )


async def _insert(unit: Unit, message: Message, rows: Select[Any]) -> int:
    columns = list(_delivery_values(message, literal(None), message.created_at, LocalHours(0, ())))
    statement = (
        insert(unit, Delivery)
        .from_select(columns, rows)
        .on_conflict_do_nothing(index_elements=["message_id", "contact_id"])
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
        case Audience.TOLD:
            return _told(history, within, reach)
        case Audience.STILL_TOUCHED:
            told = _told(history, within, reach).subquery()
            touched = by_contact(unit, _touched(reach, within)).subquery()
            return select(touched).join(told, told.c.contact_id == touched.c.contact_id)
        case Audience.NO_LONGER_TOUCHED:
            told = _told(history, within, reach).subquery()
            return select(told).where(~_touches(reach, told.c.contact_id))
    touched = by_contact(unit, _touched(reach, within, awake_at=now)).subquery()
    return select(touched).where(*_not_yet_told(kind, touched.c.contact_id, reach, history))


def _touched(reach: Reach, within: Range, awake_at: datetime | None = None) -> Any:
    """The subscriptions touched: two branches, so that each finds its rows by an index of its own."""
    places = select(col(Subscription.id), col(Subscription.contact_id), col(Subscription.label)).where(
        *within.holding(col(Subscription.contact_id))
    )
    if awake_at is not None:
        places = places.where(or_(col(Subscription.paused).is_(False), col(Subscription.paused_until) <= awake_at))
    meters = places.join(Customer, col(Customer.code) == col(Subscription.customer_code)).where(
        # Of a range of contacts each meter is looked up: the scope would find everyone's, for each range again.
        holds(reach.scope, indexed=within == EVERYONE)
    )
    if reach.segments is not None:
        meters = meters.where(col(Customer.segment).in_(reach.segments))
    branches = [meters]
    as_households = reach.segments is None or Segment.HOUSEHOLD in reach.segments
    if reach.wards and as_households:
        # An empty IN would be answered by reading every subscription.
        branches.append(places.where(col(Subscription.ward_code).in_(reach.wards)))
    if reach.reporters_of is not None and as_households:
        branches.append(_reporters(reach, reach.reporters_of, within))
    return union_all(*branches) if len(branches) > 1 else meters


def _reporters(reach: Reach, outage_id: int, within: Range) -> Any:
    """Who reported what turned out to be an outage, from within its scope; they may follow nothing."""
    return select(col(Report.id), col(Report.contact_id), col(Report.label)).where(
        col(Report.outage_id) == outage_id, _reported_from(reach), *within.holding(col(Report.contact_id))
    )


def _reported_from(reach: Reach) -> ColumnElement[bool]:
    """Whether a report came from within a scope."""
    named: Iterable[tuple[Any, tuple[str, ...]]] = (
        (Report.feeder_code, reach.scope.feeders),
        (Report.transformer_code, reach.scope.transformers),
        (Report.ward_code, reach.scope.wards),
        (Report.customer_code, reach.scope.customers),
    )
    # A line of which the report knows that it is another's is not out because the ward is named.
    only_ward = and_(col(Report.transformer_code).is_(None), col(Report.feeder_code).is_(None))
    return or_(
        false(),
        *(col(column).in_(codes) for column, codes in named if codes),
        and_(only_ward, col(Report.ward_code).in_(reach.wards)),
    )


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
    touched = or_(holds(reach.scope), col(Subscription.ward_code).in_(reach.wards))
    follows = followed.where(col(Subscription.contact_id) == contact_id, touched).exists()
    if reach.reporters_of is None:
        return follows
    reported = select(col(Report.id)).where(
        col(Report.contact_id) == contact_id, col(Report.outage_id) == reach.reporters_of, _reported_from(reach)
    )
    return or_(follows, reported.exists())


_GOT = (Status.SENT, Status.LEASED)


def _told(history: History, within: Range, reach: Reach) -> Select[Any, Any]:
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
    delivered = _delivered(history, within).where(newest)
    if reach.reporters_of is None or not history.reporters:
        return delivered
    told = (*history.telling, *history.parting)
    heard = select(col(Report.contact_id), _no_places()).where(
        col(Report.outage_id) == reach.reporters_of,
        col(Report.heard),
        ~_addressed(told, col(Report.contact_id), _GOT),
        *within.holding(col(Report.contact_id)),
    )
    both = union_all(delivered, heard.distinct()).subquery()
    return select(both.c.contact_id, both.c.places)


def _delivered(history: History, within: Range) -> Select[Any, Any]:
    """Who got a telling, as (contact_id, places), whatever they got after it."""
    telling = history.telling if history.heard_last is None else history.heard_last
    return select(col(Delivery.contact_id), col(Delivery.places)).where(
        col(Delivery.message_id).in_(telling),
        col(Delivery.status).in_(_GOT),
        *within.holding(col(Delivery.contact_id)),
    )


def _ever_told(history: History, reach: Reach) -> Any:
    """All who can be TOLD, and some of them more than once."""
    delivered = _delivered(history, EVERYONE)
    if reach.reporters_of is None:
        return delivered
    heard = col(Report.outage_id) == reach.reporters_of, col(Report.heard)
    return union_all(delivered, select(col(Report.contact_id), _no_places()).where(*heard))


def _no_places() -> Any:
    return literal([], Document).label("places")


def _not_yet_told(kind: Audience, contact_id: Any, reach: Reach, history: History) -> list[ColumnElement[bool]]:
    """What sets an audience apart from all who are touched."""
    if kind is Audience.EVERYBODY:
        return []
    conditions = []
    if history.current and kind is not Audience.UNTOLD:
        conditions.append(~_addressed(history.current, contact_id))
    if kind is Audience.WAITING:
        conditions.append(_addressed(history.telling, contact_id, (Status.DUE, Status.LEASED, Status.RETRACTED)))
    if kind is Audience.UNTOLD:
        conditions.append(~_heard(history, contact_id))
    if reach.reporters_of is not None:
        # Who heard of it in the answer to a report is told of changes, not once more of the outage itself.
        heard = select(col(Report.id)).where(
            col(Report.contact_id) == contact_id, col(Report.outage_id) == reach.reporters_of, col(Report.heard)
        )
        conditions.append(~heard.exists())
    return conditions


def _heard(history: History, contact_id: Any) -> ColumnElement[bool]:
    """Whether a contact heard of the outage, or is about to, and was not told since that it is not theirs."""
    later = aliased(Delivery)
    parted = exists().where(
        col(later.contact_id) == contact_id,
        col(later.id) > col(Delivery.id),
        col(later.message_id).in_(history.parting),
    )
    return exists().where(
        col(Delivery.contact_id) == contact_id,
        col(Delivery.message_id).in_((*history.telling, *history.current_telling)),
        col(Delivery.status).in_((*_GOT, Status.DUE)),
        ~parted,
    )


def _addressed(
    messages: Iterable[int], contact_id: Any, statuses: Sequence[Status] = tuple(Status)
) -> ColumnElement[bool]:
    return exists().where(
        col(Delivery.contact_id) == contact_id,
        col(Delivery.message_id).in_(messages),
        col(Delivery.status).in_(statuses),
    )

"""What calendars and public alerts are made of: planned windows at a contact's places, and outages told to all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, and_, func, literal, or_, union_all
from sqlmodel import col, select

from store.customers import Customer
from store.db import Unit
from store.outages import (
    LIVE,
    Kind,
    Outage,
    OutageRevision,
    OutageScope,
    OutageSlot,
    OutageState,
    ScopeKind,
)
from store.subscriptions import Subscription


@dataclass(frozen=True)
class WindowAt:
    """A planned window and the places of a contact that it touches; `awake` while any of them is not paused."""

    outage: Outage
    slot: OutageSlot
    labels: tuple[str, ...]
    awake: bool


async def planned_windows(
    unit: Unit, contact_id: int, begins_before: datetime, ends_after: datetime
) -> Sequence[WindowAt]:
    """Planned windows at the places a contact follows, those called off as well, by their beginnings."""
    parts = _parts_followed(contact_id).subquery()
    touched = (
        select(OutageScope.outage_id, parts.c.subscription_id)
        .join(parts, and_(col(OutageScope.kind) == parts.c.kind, col(OutageScope.code) == parts.c.code))
        .distinct()
        .subquery()
    )
    query = (
        select(Outage, OutageSlot, Subscription)
        .join(touched, touched.c.outage_id == col(Outage.id))
        .join(OutageSlot, col(OutageSlot.outage_id) == col(Outage.id))
        .join(Subscription, col(Subscription.id) == touched.c.subscription_id)
        .where(Outage.kind == Kind.PLANNED, was_public())
        .where(OutageSlot.starts_at < begins_before)
        .where(func.coalesce(col(OutageSlot.ends_at), col(OutageSlot.starts_at)) > ends_after)
        .order_by(col(OutageSlot.starts_at), col(OutageSlot.id), col(Subscription.id))
    )
    rows: dict[int | None, list[tuple[Outage, OutageSlot, Subscription]]] = {}
    for outage, slot, place in await unit.session.exec(query):
        rows.setdefault(slot.id, []).append((outage, slot, place))
    return [
        WindowAt(
            *together[0][:2],
            labels=tuple(place.label for _, _, place in together),
            awake=any(not place.paused for _, _, place in together),
        )
        for together in rows.values()
    ]


async def public_outages(unit: Unit, ended_after: datetime) -> Sequence[Outage]:
    """Outages that the public is told of: those that are on or to come, and those that ended after a time.

    One that is postponed without a new time counts as ended when that was said.
    """
    ended = (OutageState.RESTORED, OutageState.CANCELLED, OutageState.POSTPONED)
    on = [state for state in LIVE if state not in ended]
    query = (
        select(Outage)
        .where(
            or_(
                col(Outage.state).in_(on),
                and_(col(Outage.state).in_(ended), col(Outage.updated_at) > ended_after, was_public()),
            )
        )
        .order_by(col(Outage.updated_at).desc(), col(Outage.id).desc())
    )
    return (await unit.session.exec(query)).all()


async def public_outage(unit: Unit, code: str) -> Outage | None:
    """The outage of that code, if the public was ever told of it."""
    return (await unit.session.exec(select(Outage).where(Outage.code == code, was_public()))).first()


async def revisions_of(unit: Unit, outage_ids: Sequence[int]) -> dict[int, list[OutageRevision]]:
    """All revisions of each outage, in order."""
    query = (
        select(OutageRevision)
        .where(col(OutageRevision.outage_id).in_(outage_ids))
        .order_by(col(OutageRevision.outage_id), col(OutageRevision.revision))
    )
    revisions: dict[int, list[OutageRevision]] = {}
    for one in await unit.session.exec(query):
        revisions.setdefault(one.outage_id, []).append(one)
    return revisions


async def newest_change(unit: Unit) -> datetime | None:
    """When any outage was last changed, drafts included."""
    return (await unit.session.exec(select(func.max(Outage.updated_at)))).one()


def was_public() -> ColumnElement[bool]:
    """Neither a draft nor a draft that was thrown away; an outage that was told and then cancelled stays."""
    told = (
        select(OutageRevision.id)
        .where(col(OutageRevision.outage_id) == col(Outage.id))
        .where(col(OutageRevision.content)["state"].as_string().in_(LIVE))
        .exists()
    )
    return and_(
        col(Outage.state) != OutageState.DRAFT,
        or_(col(Outage.state) != OutageState.CANCELLED, told),
    )


def _parts_followed(contact_id: int) -> CompoundSelect[Any]:
    """Every part of the network whose outage a contact hears of, with the subscription by which they do.

    A follower of a ward hears of the ward and of the lines that serve it, not of single customers in it.
    """
    mine = col(Subscription.contact_id) == contact_id
    meter = and_(mine, col(Subscription.customer_code) == col(Customer.code))
    ward = and_(mine, col(Subscription.ward_code) == col(Customer.ward_code))
    named = (
        (ScopeKind.CUSTOMER, col(Customer.code), meter),
        (ScopeKind.TRANSFORMER, col(Customer.transformer_code), meter),
        (ScopeKind.FEEDER, col(Customer.feeder_code), meter),
        (ScopeKind.WARD, col(Customer.ward_code), meter),
        (ScopeKind.TRANSFORMER, col(Customer.transformer_code), ward),
        (ScopeKind.FEEDER, col(Customer.feeder_code), ward),
    )
    through_customers: list[Any] = [
        select(
            col(Subscription.id).label("subscription_id"), literal(kind.value).label("kind"), code.label("code")
        )
        .where(link)
        .distinct()
        for kind, code, link in named
    ]
    itself: Any = select(
        col(Subscription.id).label("subscription_id"),
        literal(ScopeKind.WARD.value).label("kind"),
        col(Subscription.ward_code).label("code"),
    ).where(mine, col(Subscription.ward_code).is_not(None))
    return union_all(itself, *through_customers)

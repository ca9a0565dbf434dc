"""Outages and their revisions, slots and scope; every change is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, delete, or_, update
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import Document, Utc


class Kind(StrEnum):
    """Planned work, or an incident that nobody planned."""

    PLANNED = "planned"
    INCIDENT = "incident"


class OutageState(StrEnum):
    """Where an outage stands. An incident is published until it is restored; a plan goes through all of them.

    POSTPONED: every window is called off and no new one is known yet.
    """

    DRAFT = "draft"
    PUBLISHED = "published"
    POSTPONED = "postponed"
    IN_PROGRESS = "in_progress"
    RESTORED = "restored"
    CANCELLED = "cancelled"


# What customers are told of, and can still change.
LIVE = (OutageState.PUBLISHED, OutageState.POSTPONED, OutageState.IN_PROGRESS)


class SlotState(StrEnum):
    """Where one window of an outage stands; POSTPONED is called off without a new time."""

    ON = "on"
    OVER = "over"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"


class CauseClass(StrEnum):
    """The class of an outage's cause, by which the indices leave it out or count it."""

    EQUIPMENT = "equipment"
    TREE_ANIMAL = "tree_animal"
    THIRD_PARTY = "third_party"
    WEATHER_FORCE_MAJEURE = "weather_force_majeure"
    TRANSMISSION = "transmission"
    LOAD_SHEDDING = "load_shedding"
    CUSTOMER = "customer"
    SAFETY = "safety"
    PLANNED = "planned"
    UNKNOWN = "unknown"


class ScopeKind(StrEnum):
    """By what a part of the network is named."""

    FEEDER = "feeder"
    TRANSFORMER = "transformer"
    WARD = "ward"
    CUSTOMER = "customer"


class Stage(StrEnum):
    """What a message about an outage is news of.

    INCIDENT and PLAN are what somebody hears first. REMINDER comes a day or an hour before a window, START
    when it begins. NOT_YOURS tells those whom a smaller scope has left out.
    """

    INCIDENT = "incident"
    PLAN = "plan"
    REMINDER = "reminder"
    START = "start"
    CHANGE = "change"
    POSTPONED = "postponed"
    RESTORED = "restored"
    CANCELLED = "cancelled"
    NOT_YOURS = "not_yours"


class Outage(SQLModel, table=True):
    """A cut of supply: its newest revision. `area` lists the wards it touches, see handlers/outage_keeping.py.

    ref: its name in the file it came from. came_back: how often an incident was out again just after it was
    restored. first_push_at, last_push_at: when the first and the last of those it touched were told of it.
    """

    __table_args__ = (Index("uq_outage_ref", "ref", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    ref: str | None = None
    kind: str
    state: str = Field(default=OutageState.PUBLISHED, index=True)
    revision: int = 1
    reason: str | None = None
    cause_class: str = Field(
        default=CauseClass.UNKNOWN, sa_column_kwargs={"server_default": CauseClass.UNKNOWN.value}
    )
    area: list[dict[str, Any]] = Field(sa_type=Document)
    affected_customers: int = 0
    published_at: datetime = Field(sa_type=Utc)
    published_by: str
    restored_at: datetime | None = Field(default=None, sa_type=Utc)
    came_back: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    first_push_at: datetime | None = Field(default=None, sa_type=Utc)
    last_push_at: datetime | None = Field(default=None, sa_type=Utc)
    updated_at: datetime = Field(sa_type=Utc)


class OutageSlot(SQLModel, table=True):
    """One window of an outage; an end nobody knows yet is empty. Windows that are called off stay as rows.

    number: its name within the outage, never given again. changed_in: the revision that last touched it.
    """

    __table_args__ = (UniqueConstraint("outage_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    outage_id: int = Field(foreign_key="outage.id")
    number: int
    starts_at: datetime = Field(sa_type=Utc, index=True)
    ends_at: datetime | None = Field(default=None, sa_type=Utc)
    state: str = Field(default=SlotState.ON, sa_column_kwargs={"server_default": SlotState.ON.value})
    changed_in: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class OutageScope(SQLModel, table=True):
    """One part of the network that an outage touches."""

    __table_args__ = (
        UniqueConstraint("outage_id", "kind", "code"),
        Index("ix_outagescope_part", "kind", "code"),
    )

    id: int | None = Field(default=None, primary_key=True)
    outage_id: int = Field(foreign_key="outage.id")
    kind: str
    code: str


class OutageCause(SQLModel, table=True):
    """The class of an outage's cause as somebody named it once; the newest is the outage's own."""

    id: int | None = Field(default=None, primary_key=True)
    outage_id: int = Field(foreign_key="outage.id", index=True)
    cause_class: str
    at: datetime = Field(sa_type=Utc)
    by: str


class FeederCut(SQLModel, table=True):
    """A feeder that a planned outage cuts, by which the next cut of it is found too early."""

    outage_id: int = Field(foreign_key="outage.id", primary_key=True)
    feeder_code: str = Field(primary_key=True, index=True)


class OutageImpact(SQLModel, table=True):
    """How many customers of one feeder, company and segment an outage touches, at its newest revision.

    company: the first six characters of their customer codes.
    """

    outage_id: int = Field(foreign_key="outage.id", primary_key=True)
    feeder_code: str = Field(primary_key=True)
    company: str = Field(primary_key=True)
    segment: str = Field(primary_key=True)
    customers: int
    important: int = 0


class OutageRevision(SQLModel, table=True):
    """What an outage looked like at one revision, who made it so and why."""

    __table_args__ = (UniqueConstraint("outage_id", "revision"),)

    id: int | None = Field(default=None, primary_key=True)
    outage_id: int = Field(foreign_key="outage.id")
    revision: int
    stage: str
    at: datetime = Field(sa_type=Utc)
    by: str
    content: dict[str, Any] = Field(sa_type=Document)


async def by_id(unit: Unit, outage_id: int, lock: bool = False) -> Outage | None:
    """That outage, locked if it is about to be changed."""
    query = select(Outage).where(Outage.id == outage_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.exec(query)).first()


async def revision_of(unit: Unit, outage_id: int, revision: int) -> OutageRevision:
    """That revision of an outage; it must exist."""
    query = select(OutageRevision).where(
        OutageRevision.outage_id == outage_id, OutageRevision.revision == revision
    )
    return (await unit.session.exec(query)).one()


async def revisions_of(unit: Unit, outage_id: int) -> Sequence[OutageRevision]:
    """All revisions of an outage, in order."""
    query = select(OutageRevision).where(OutageRevision.outage_id == outage_id)
    return (await unit.session.exec(query.order_by(col(OutageRevision.revision)))).all()


async def causes_of(unit: Unit, outage_id: int) -> Sequence[OutageCause]:
    """What staff named as the class of an outage's cause, in order."""
    query = select(OutageCause).where(OutageCause.outage_id == outage_id).order_by(col(OutageCause.id))
    return (await unit.session.exec(query)).all()


async def newest(
    unit: Unit, state: str | None, kind: str | None, limit: int, before: int | None
) -> Sequence[Outage]:
    """Outages, newest first, a page at a time (`before` is the id the last page ended with)."""
    query = select(Outage).order_by(col(Outage.id).desc()).limit(limit)
    if state:
        query = query.where(Outage.state == state)
    if kind:
        query = query.where(Outage.kind == kind)
    if before:
        query = query.where(col(Outage.id) < before)
    return (await unit.session.exec(query)).all()


async def slots_of(unit: Unit, outage_ids: Iterable[int]) -> dict[int, list[OutageSlot]]:
    """The slots of each outage, in order."""
    query = (
        select(OutageSlot)
        .where(col(OutageSlot.outage_id).in_(list(outage_ids)))
        .order_by(col(OutageSlot.outage_id), col(OutageSlot.number))
    )
    slots: dict[int, list[OutageSlot]] = {}
    for slot in await unit.session.exec(query):
        slots.setdefault(slot.outage_id, []).append(slot)
    return slots


async def scope_of(unit: Unit, outage_id: int) -> Sequence[OutageScope]:
    """What an outage touches."""
    query = select(OutageScope).where(OutageScope.outage_id == outage_id).order_by(col(OutageScope.id))
    return (await unit.session.exec(query)).all()


async def replace_slots(unit: Unit, outage_id: int, slots: Sequence[OutageSlot]) -> None:
    """Give an outage these windows instead of its own."""
    await unit.session.execute(delete(OutageSlot).where(col(OutageSlot.outage_id) == outage_id))
    unit.session.add_all(slots)


async def end_slot(unit: Unit, outage_id: int, number: int) -> None:
    """A window is over, and nobody need be told."""
    await unit.session.execute(
        update(OutageSlot)
        .where(col(OutageSlot.outage_id) == outage_id, col(OutageSlot.number) == number)
        .values(state=SlotState.OVER)
    )


async def replace_scope(unit: Unit, outage_id: int, parts: Iterable[tuple[str, str]]) -> None:
    """Give an outage this scope, as (kind, code), instead of its own."""
    await unit.session.execute(delete(OutageScope).where(col(OutageScope.outage_id) == outage_id))
    unit.session.add_all(OutageScope(outage_id=outage_id, kind=kind, code=code) for kind, code in parts)


async def replace_cuts(unit: Unit, outage_id: int, feeders: Iterable[str]) -> None:
    """These are the feeders that an outage cuts."""
    await unit.session.execute(delete(FeederCut).where(col(FeederCut.outage_id) == outage_id))
    unit.session.add_all(FeederCut(outage_id=outage_id, feeder_code=code) for code in sorted(feeders))


async def replace_impact(unit: Unit, outage_id: int, impact: Iterable[OutageImpact]) -> None:
    """These are the customers that an outage touches."""
    await unit.session.execute(delete(OutageImpact).where(col(OutageImpact.outage_id) == outage_id))
    unit.session.add_all(impact)


async def cuts_of(
    unit: Unit, feeders: Iterable[str], after: datetime, before: datetime, but: int | None
) -> Sequence[tuple[str, str, datetime]]:
    """Other planned cuts of these feeders that begin within a time, as (feeder, outage code, start).

    Drafts count for nothing, and neither do windows that were called off.
    """
    query = (
        select(FeederCut.feeder_code, Outage.code, OutageSlot.starts_at)
        .join(Outage, col(Outage.id) == col(FeederCut.outage_id))
        .join(OutageSlot, col(OutageSlot.outage_id) == col(Outage.id))
        .where(
            col(FeederCut.feeder_code).in_(list(feeders)),
            Outage.kind == Kind.PLANNED,
            Outage.state != OutageState.DRAFT,
            col(OutageSlot.state).in_((SlotState.ON, SlotState.OVER)),
            col(OutageSlot.starts_at) > after,
            col(OutageSlot.starts_at) < before,
            col(Outage.id) != (but or 0),
        )
        .order_by(col(FeederCut.feeder_code), col(OutageSlot.starts_at))
    )
    return [(row[0], row[1], row[2]) for row in await unit.session.exec(query)]


async def by_ref(unit: Unit, ref: str) -> Outage | None:
    """The outage that a file named so, locked."""
    query = select(Outage).where(Outage.ref == ref).with_for_update()
    return (await unit.session.exec(query)).first()


async def restored_since(unit: Unit, kind: Kind, since: datetime) -> Sequence[Outage]:
    """Outages of a kind whose power came back at or after a time, the latest first, locked."""
    query = (
        select(Outage)
        .where(Outage.kind == kind, Outage.state == OutageState.RESTORED, col(Outage.restored_at) >= since)
        .order_by(col(Outage.restored_at).desc())
        .with_for_update()
    )
    return (await unit.session.exec(query)).all()


async def touching(
    unit: Unit,
    parts: Iterable[tuple[str, str]],
    begins_before: datetime,
    ends_after: datetime,
) -> Sequence[Outage]:
    """Live outages that name any of these parts (kind, code) and have a window on within the time.

    A window without an end goes on until the outage is restored.
    """
    by_kind: dict[str, list[str]] = {}
    for kind, code in parts:
        by_kind.setdefault(kind, []).append(code)
    if not by_kind:
        return []
    named = or_(
        *((col(OutageScope.kind) == kind) & col(OutageScope.code).in_(codes) for kind, codes in by_kind.items())
    )
    query = (
        select(Outage)
        .where(col(Outage.state).in_(LIVE))
        .where(col(Outage.id).in_(select(OutageScope.outage_id).where(named)))
        .where(
            col(Outage.id).in_(
                select(OutageSlot.outage_id).where(
                    OutageSlot.starts_at < begins_before,
                    OutageSlot.state == SlotState.ON,
                    or_(
                        col(OutageSlot.ends_at).is_(None),
                        col(OutageSlot.ends_at) > ends_after,
                        col(Outage.kind) == Kind.INCIDENT,
                    ),
                )
            )
        )
        .order_by(col(Outage.id))
    )
    return (await unit.session.exec(query)).all()

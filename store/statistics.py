"""What the indices are reckoned from: times off, customers without power, notices and their times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, not_, or_
from sqlmodel import col, select

from store.census import COMPANY_LENGTH, Census
from store.customers import Customer
from store.db import Unit
from store.extent import Scope, holds
from store.notices import Notice, NoticeState
from store.outages import FeederCut, Kind, Outage, OutageImpact, OutageScope, OutageSlot, OutageState, SlotState


@dataclass(frozen=True)
class TimeOff:
    """One window of an outage that took place, or is taking place; an end that is not there yet is None."""

    outage_id: int
    code: str
    kind: str
    starts_at: datetime
    ends_at: datetime | None
    over: bool
    cause_class: str


async def times_off(unit: Unit, begin: datetime, end: datetime) -> list[TimeOff]:
    """Every window that had begun before `end` and was not over at `begin`; none that was called off."""
    # A restored outage was kept with its window still on before windows had states.
    over = or_(col(OutageSlot.state) == SlotState.OVER, col(Outage.state) == OutageState.RESTORED)
    query = (
        select(
            Outage.id,
            Outage.code,
            Outage.kind,
            OutageSlot.starts_at,
            OutageSlot.ends_at,
            Outage.cause_class,
            over.label("over"),  # type: ignore[call-overload]
        )
        .join(OutageSlot, col(OutageSlot.outage_id) == col(Outage.id))
        .where(
            _not_called_off(),
            col(OutageSlot.starts_at) < end,
            or_(col(OutageSlot.ends_at).is_(None), col(OutageSlot.ends_at) > begin, not_(over)),
        )
        .order_by(col(OutageSlot.starts_at), col(Outage.id))
    )
    return [
        TimeOff(row.id, row.code, row.kind, row.starts_at, row.ends_at, bool(row.over), row.cause_class)
        for row in await unit.session.execute(query)
    ]


async def impacts(unit: Unit, outage_ids: Iterable[int]) -> list[tuple[int, str, str, int]]:
    """The customers of each outage, as (outage id, feeder, company, customers)."""
    by = (col(OutageImpact.outage_id), col(OutageImpact.feeder_code), col(OutageImpact.company))
    query = (
        select(*by, func.sum(OutageImpact.customers))
        .where(col(OutageImpact.outage_id).in_(list(outage_ids)))
        .group_by(*by)
    )
    return [(row[0], row[1], row[2], int(row[3])) for row in await unit.session.execute(query)]


async def scopes(unit: Unit, outage_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """The parts, (kind, code), that each outage names."""
    query = select(OutageScope).where(col(OutageScope.outage_id).in_(list(outage_ids)))
    found: dict[int, list[tuple[str, str]]] = {}
    for part in await unit.session.exec(query):
        found.setdefault(part.outage_id, []).append((part.kind, part.code))
    return found


async def without_power(
    unit: Unit, feeder: str, within: Sequence[Scope], but: Sequence[Scope] = ()
) -> dict[str, int]:
    """The customers of a feeder, by company, whom any of some scopes holds and none of others."""
    company = func.substr(col(Customer.code), 1, COMPANY_LENGTH)
    inside = or_(*(holds(scope) for scope in within))
    if but:
        inside = and_(inside, *(not_(holds(scope)) for scope in but))
    query = select(company, func.count()).where(Customer.feeder_code == feeder, inside).group_by(company)
    return {row[0]: int(row[1]) for row in await unit.session.execute(query)}


async def customers_in(unit: Unit, months: Sequence[str]) -> dict[tuple[str, str, str], int]:
    """The customers counted in these months, by (month, feeder, company)."""
    by = (col(Census.month), col(Census.feeder_code), col(Census.company))
    query = select(*by, func.sum(Census.customers)).where(col(Census.month).in_(months)).group_by(*by)
    return {(row[0], row[1], row[2]): int(row[3]) for row in await unit.session.execute(query)}


async def customers_now(unit: Unit) -> dict[tuple[str, str], int]:
    """The customers as they are, by (feeder, company)."""
    company = func.substr(col(Customer.code), 1, COMPANY_LENGTH)
    query = (
        select(col(Customer.feeder_code), company, func.count())
        .where(~col(Customer.gone))
        .group_by(col(Customer.feeder_code), company)
    )
    return {(row[0], row[1]): int(row[2]) for row in await unit.session.execute(query)}


async def first_notices(unit: Unit, begin: datetime, end: datetime) -> list[tuple[str, Notice]]:
    """The first notices of windows that took place, or still will, within a time, with the outage's code.

    A notice is of the window at the time that it named: once the window is moved, only the news of that counts.
    """
    query = (
        select(Outage.code, Notice)
        .join(Notice, col(Notice.outage_id) == col(Outage.id))
        .join(
            OutageSlot,
            (col(OutageSlot.outage_id) == col(Notice.outage_id))
            & (col(OutageSlot.number) == col(Notice.slot))
            & (col(OutageSlot.starts_at) == col(Notice.begins_at)),
        )
        .where(
            col(OutageSlot.state).in_((SlotState.ON, SlotState.OVER)),
            Notice.stage == "plan",
            Notice.state != NoticeState.DUE,
            col(Notice.begins_at) >= begin,
            col(Notice.begins_at) < end,
        )
    )
    return [(row[0], row[1]) for row in await unit.session.exec(query)]


async def segments_touched(unit: Unit, outage_ids: Iterable[int]) -> set[tuple[int, str]]:
    """Which segments each outage touches."""
    query = (
        select(OutageImpact.outage_id, OutageImpact.segment)
        .where(col(OutageImpact.outage_id).in_(list(outage_ids)))
        .distinct()
    )
    return {(row[0], row[1]) for row in await unit.session.exec(query)}


async def incidents_between(unit: Unit, begin: datetime, end: datetime) -> list[tuple[Outage, datetime]]:
    """The incidents that occurred within a time, with when they did."""
    query = (
        select(Outage, OutageSlot.starts_at)
        .join(OutageSlot, col(OutageSlot.outage_id) == col(Outage.id))
        .where(
            Outage.kind == Kind.INCIDENT,
            Outage.state != OutageState.CANCELLED,
            col(OutageSlot.starts_at) >= begin,
            col(OutageSlot.starts_at) < end,
        )
        .order_by(col(Outage.id))
    )
    return [(row[0], row[1]) for row in await unit.session.exec(query)]


async def cuts_between(unit: Unit, begin: datetime, end: datetime) -> list[tuple[str, str, datetime]]:
    """The planned cuts of feeders within a time as (feeder, outage code, first window), in order."""
    first = func.min(OutageSlot.starts_at)
    query = (
        select(col(FeederCut.feeder_code), col(Outage.code), first)
        .join(Outage, col(Outage.id) == col(FeederCut.outage_id))
        .join(OutageSlot, col(OutageSlot.outage_id) == col(Outage.id))
        .where(
            _not_called_off(),
            col(OutageSlot.starts_at) >= begin,
            col(OutageSlot.starts_at) < end,
        )
        .group_by(col(FeederCut.feeder_code), col(Outage.code))
        .order_by(col(FeederCut.feeder_code), first)
    )
    return [(row[0], row[1], row[2]) for row in await unit.session.execute(query)]


def _not_called_off() -> ColumnElement[bool]:
    """Windows that took place or will: a window that is over stays so, though the others were called off later."""
    called_off = (OutageState.CANCELLED, OutageState.POSTPONED)
    still_on = and_(col(OutageSlot.state) == SlotState.ON, col(Outage.state).not_in(called_off))
    return and_(col(Outage.state) != OutageState.DRAFT, or_(col(OutageSlot.state) == SlotState.OVER, still_on))

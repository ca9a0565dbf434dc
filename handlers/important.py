"""Important customers that an outage touches: shown to staff, and escalated when an incident touches one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handlers.escalations import EscalationKind
from handlers.outage_keeping import scope_of
from store import escalations, extent
from store.db import Unit
from store.extent import Scope
from store.outages import Outage

# So many are named; the count tells how many there are.
MOST_NAMED = 100


@dataclass(frozen=True)
class ImportantCustomer:
    """Somebody whose supply must not fail, as staff look for them."""

    code: str
    name: str


@dataclass(frozen=True)
class Important:
    """How many important customers a scope holds, and the first of them by code."""

    count: int = 0
    customers: tuple[ImportantCustomer, ...] = ()


async def within(unit: Unit, scope: Scope, count: int) -> Important:
    """The important customers of a scope that holds so many of them."""
    if not count:
        return Important()
    found = await extent.important(unit, scope, MOST_NAMED)
    return Important(count, tuple(ImportantCustomer(one.code, one.name) for one in found))


async def of_outage(unit: Unit, outage_id: int) -> Important:
    """Those that an outage touches, as they are now; how many were counted at its newest revision."""
    return await within(unit, await scope_of(unit, outage_id), await extent.important_count(unit, outage_id))


async def escalate(unit: Unit, outage: Outage, now: datetime) -> None:
    """Hand an incident that touches important customers to staff, once for each of them.

    Whoever is touched only since the last acknowledgement is a new matter; a smaller scope is none.
    """
    assert outage.id is not None
    touched = await of_outage(unit, outage.id)
    if not touched.count:
        return
    kind, known = EscalationKind.IMPORTANT_CUSTOMERS, set[str]()
    for before in await escalations.of_subject(unit, kind, outage.code):
        if before.acknowledged_at is not None:
            known |= set(before.reason["codes"])
    codes = [one.code for one in touched.customers]
    if known and set(codes) <= known:
        return
    reason = {"outage": outage.id, "customers": touched.count, "codes": codes}
    await escalations.open_(unit, kind, outage.code, reason, now)

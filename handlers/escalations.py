"""Matters that the service hands to staff: opened where they arise, and acknowledged by name."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import structlog

from store import escalations
from store.db import Unit
from store.escalations import Escalation

log = structlog.get_logger(__name__)


class EscalationKind(StrEnum):
    """Why staff must look at something; `escalation.<kind>` of the staff catalog says it."""

    IMPORTANT_CUSTOMERS = "important_customers"


class UnknownEscalation(Exception):
    """There is no such escalation."""


class Acknowledged(Exception):
    """Somebody acknowledged it before."""


async def acknowledge(unit: Unit, escalation_id: int, note: str, by: str, now: datetime) -> Escalation:
    """Somebody looks after it; who, when and what they did stay. Raises UnknownEscalation, Acknowledged."""
    found = await escalations.by_id(unit, escalation_id, lock=True)
    if found is None:
        raise UnknownEscalation
    if found.acknowledged_at is not None:
        raise Acknowledged
    found.acknowledged_at, found.acknowledged_by, found.note = now, by, note
    unit.session.add(found)
    await unit.session.flush()
    log.info("escalation_acknowledged", by=by, kind=found.kind, subject=found.subject)
    return found

"""Matters that the service hands to staff: opened where they arise, and acknowledged by name."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import structlog

from handlers.rules.masking import masked
from store import escalations
from store.db import Unit
from store.escalations import Escalation

log = structlog.get_logger(__name__)


class EscalationKind(StrEnum):
    """Why staff must look at something; `escalation.<kind>` of the staff catalog says it."""

    IMPORTANT_CUSTOMERS = "important_customers"
    # The subject of these is the number of a request.
    REQUEST_LATE = "request_late"
    UNHAPPY_SURVEY = "unhappy_survey"
    UNANSWERED_QUESTION = "unanswered_question"


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
    _take(found, note, by, now)
    unit.session.add(found)
    await unit.session.flush()
    return found


async def settle(unit: Unit, kind: EscalationKind, subject: str, note: str, by: str, now: datetime) -> None:
    """What was escalated has been done elsewhere: whoever did it has acknowledged it, too."""
    for found in await escalations.of_subject(unit, kind, subject, still_open=True):
        _take(found, note, by, now)
        unit.session.add(found)


def _take(found: Escalation, note: str, by: str, now: datetime) -> None:
    found.acknowledged_at, found.acknowledged_by, found.note = now, by, masked(note)
    log.info("escalation_acknowledged", by=by, kind=found.kind, subject=found.subject)

"""Classes of causes, by which the indices leave outages out or count them; they are told to nobody."""

from __future__ import annotations

from datetime import datetime

from handlers.outage_forms import Invalid, Problem
from store.db import Unit
from store.outages import CauseClass, Kind, Outage, OutageCause


def suggested(kind: str) -> CauseClass:
    """The class while nobody has named one."""
    return CauseClass.PLANNED if kind == Kind.PLANNED else CauseClass.UNKNOWN


def problems(kind: str, cause_class: str | None) -> list[Problem]:
    """What is wrong with the class for an outage of that kind: nobody planned an incident."""
    if kind == Kind.INCIDENT and cause_class == CauseClass.PLANNED:
        return [Problem("cause_class", "cause_class.incident")]
    return []


async def classify(unit: Unit, outage: Outage, named: str | None, by: str, now: datetime) -> None:
    """Keep what staff named as the class of a cause, and who did; None takes it back. Raises Invalid.

    It makes no revision: nobody hears of it, and often it is known only after the end.
    """
    if wrong := problems(outage.kind, named):
        raise Invalid(wrong)
    cause_class = named or suggested(outage.kind)
    if cause_class == outage.cause_class:
        return
    assert outage.id is not None
    outage.cause_class = cause_class
    unit.session.add(outage)
    unit.session.add(OutageCause(outage_id=outage.id, cause_class=cause_class, at=now, by=by))
    await unit.session.flush()

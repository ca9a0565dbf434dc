"""Writes the newest shape of an outage down and keeps it as a revision; reads older shapes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from handlers.announcements import Announced, scope_from
from handlers.outage_forms import Over, Override, Published, ToCount, Unknown
from handlers.rules.planning import Finding
from handlers.talking import ZONE
from store import extent, outages
from store.db import Unit
from store.extent import Scope
from store.outages import LIVE, Kind, Outage, OutageRevision, OutageSlot, OutageState, SlotState, Stage


@dataclass(frozen=True)
class SlotSeen:
    """One window as a revision has it; `changed_in` is the revision that last touched it."""

    number: int
    starts_at: datetime
    ends_at: datetime | None
    state: SlotState = SlotState.ON
    changed_in: int = 1


@dataclass(frozen=True)
class Notes:
    """What is kept beside a revision's shape: the findings, what set them aside, and words of staff."""

    findings: Sequence[Finding] = ()
    overrides: Sequence[Override] = ()
    why: str | None = None


NO_NOTES = Notes()


async def keep(
    unit: Unit,
    outage: Outage,
    slots: Sequence[SlotSeen],
    scope: Scope,
    stage: Stage,
    by: str,
    now: datetime,
    notes: Notes = NO_NOTES,
) -> None:
    """Write the newest shape of an outage, and keep it as a revision."""
    assert outage.id is not None
    found = await extent.of(unit, outage.id, scope)
    wards, impact = found.wards, found.impact
    outage.area = [
        {"ward": code, "name": name, "part": code not in scope.wards} for code, name in sorted(wards.items())
    ]
    outage.affected_customers = sum(one.customers for one in impact)
    outage.updated_at = now
    unit.session.add(outage)
    await outages.replace_impact(unit, outage.id, impact)
    await outages.replace_slots(unit, outage.id, [_row(outage.id, slot) for slot in slots])
    await outages.replace_scope(unit, outage.id, scope.parts())
    if outage.kind == Kind.PLANNED:
        await outages.replace_cuts(unit, outage.id, await extent.feeders_cut(unit, scope))
    content = {
        **_content(outage, slots, scope, notes),
        "area": outage.area,
        "heard_in": list(found.heard_in),
    }
    unit.session.add(
        OutageRevision(outage_id=outage.id, revision=outage.revision, stage=stage, at=now, by=by, content=content)
    )
    await unit.session.flush()


async def slots_of(unit: Unit, outage_id: int) -> tuple[SlotSeen, ...]:
    """All windows of an outage, those called off as well, by number."""
    rows = (await outages.slots_of(unit, [outage_id])).get(outage_id, [])
    return tuple(
        SlotSeen(row.number, row.starts_at, row.ends_at, SlotState(row.state), row.changed_in) for row in rows
    )


async def slots_at(unit: Unit, outage_id: int, revision: int) -> tuple[SlotSeen, ...]:
    """The windows of an outage as an earlier revision had them."""
    content = (await outages.revision_of(unit, outage_id, revision)).content
    if "windows" not in content:
        # Kept before windows had numbers.
        pairs = enumerate(content["slots"], 1)
        return tuple(SlotSeen(number, _time(start), _time(end) if end else None) for number, (start, end) in pairs)
    return tuple(
        SlotSeen(
            one["number"],
            _time(one["starts_at"]),
            _time(one["ends_at"]) if one["ends_at"] else None,
            SlotState(one["state"]),
            one["changed_in"],
        )
        for one in content["windows"]
    )


async def scope_of(unit: Unit, outage_id: int) -> Scope:
    """What an outage touches, by kind."""
    return scope_from((part.kind, part.code) for part in await outages.scope_of(unit, outage_id))


async def known(unit: Unit, outage_id: int) -> Outage:
    """That outage, locked. Raises Unknown."""
    outage = await outages.by_id(unit, outage_id, lock=True)
    if outage is None:
        raise Unknown
    return outage


async def live(unit: Unit, outage_id: int) -> Outage:
    """That outage, locked, if something about it can still change. Raises Unknown, Over."""
    outage = await known(unit, outage_id)
    if outage.state not in (*LIVE, OutageState.DRAFT):
        raise Over
    return outage


def published(outage: Outage, said: Sequence[Announced], findings: tuple[Finding, ...] = ()) -> Published:
    """An outage after a deed that was announced so."""
    unfinished = tuple(one for announced in said for one in announced.unfinished)
    counted = sum(one.recipients for one in said)
    together = tuple(one.to_count for one in said if one.to_count)
    if not together:
        return Published(outage, counted, unfinished, findings)
    return Published(outage, None, unfinished, findings, ToCount(counted, together))


def code_of(outage: Outage, now: datetime) -> str:
    """SC-261123-7: sự cố (KH: kế hoạch), the day in the utility's time, and the outage's own number."""
    day = now.astimezone(ZONE).strftime("%y%m%d")
    return f"{'SC' if outage.kind == Kind.INCIDENT else 'KH'}-{day}-{outage.id}"


def code_to_come() -> str:
    """What stands for the code until the row has its number; never the same, or publishers wait for each other."""
    return f"new:{uuid4().hex}"


def _content(outage: Outage, slots: Sequence[SlotSeen], scope: Scope, notes: Notes) -> Mapping[str, Any]:
    on = [slot for slot in slots if slot.state is SlotState.ON]
    windows = [
        {**asdict(slot), "starts_at": slot.starts_at.isoformat(), "ends_at": _iso(slot.ends_at)} for slot in slots
    ]
    return {
        "reason": outage.reason,
        "state": outage.state,
        "slots": [[slot.starts_at.isoformat(), _iso(slot.ends_at)] for slot in on],
        "windows": windows,
        "scope": [list(part) for part in scope.parts()],
        "findings": [
            {"rule": finding.rule, "blocking": finding.blocking, "values": dict(finding.values)}
            for finding in notes.findings
        ],
        "overrides": [asdict(one) for one in notes.overrides],
        "why": notes.why,
    }


def _row(outage_id: int, slot: SlotSeen) -> OutageSlot:
    return OutageSlot(outage_id=outage_id, **asdict(slot))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None

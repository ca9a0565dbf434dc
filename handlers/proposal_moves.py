"""Moves the window of a proposal, and checks beforehand whether it may be moved."""

from __future__ import annotations

from datetime import datetime

from handlers import outages
from handlers.outage_checks import allow, findings_of, plan_problems
from handlers.outage_forms import (
    Invalid,
    OutageChange,
    OutageDraft,
    Override,
    PostponedSlot,
    Postponement,
    Problem,
    Published,
    Slot,
)
from handlers.outage_keeping import scope_of, slots_of
from handlers.rules.planning import Finding, Window
from store.db import Unit
from store.outages import Kind, Outage, SlotState
from store.proposals import Proposal


async def revised(
    unit: Unit, proposal: Proposal, new: Slot, overrides: tuple[Override, ...], by: str, now: datetime
) -> Published:
    """Move a proposal's window; all others stay as they are. Raises Unknown, Over, Invalid, Broken."""
    slots = await slots_of(unit, proposal.outage_id)
    if any(one.state is SlotState.POSTPONED for one in slots):
        # A change calls off what it does not name; windows that wait for a new time go on waiting.
        moved = Postponement((PostponedSlot(new.starts_at, new.ends_at, new.number),), overrides=overrides)
        return await outages.postpone(unit, proposal.outage_id, moved, by, now)
    wish = OutageChange(frozenset({"slots"}), slots=await slots_with(unit, proposal, new), overrides=overrides)
    return await outages.change(unit, proposal.outage_id, wish, by, now)


async def slots_with(unit: Unit, proposal: Proposal, new: Slot) -> tuple[Slot, ...]:
    """All windows of the outage that are on, with the new one in the place of its own."""
    slots = await slots_of(unit, proposal.outage_id)
    return tuple(
        new if one.number == proposal.slot else Slot(one.starts_at, one.ends_at, one.number)
        for one in slots
        if one.state is SlotState.ON
    )


async def may_be(
    unit: Unit,
    outage: Outage,
    proposal: Proposal,
    new: Slot,
    overrides: tuple[Override, ...],
    now: datetime,
) -> tuple[Finding, ...]:
    """What rules find in a window before it is promised to a customer. Raises Invalid, Broken."""
    slots = await slots_with(unit, proposal, Slot(new.starts_at, new.ends_at, proposal.slot))
    scope = await scope_of(unit, proposal.outage_id)
    begun = [slot for slot in slots if slot.starts_at <= now and slot.number != proposal.slot]
    problems = await plan_problems(unit, OutageDraft(Kind.PLANNED, outage.reason, slots, scope), now, begun)
    if problems:
        raise Invalid([Problem(one.path.rpartition(".")[2], one.key, one.values) for one in problems])
    assert new.ends_at is not None
    findings = await findings_of(unit, scope, [Window(new.starts_at, new.ends_at)], now, outage.id)
    allow(findings, overrides)
    return findings

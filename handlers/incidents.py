"""Incidents: published with the cause unknown, explained, restored; supply that flaps is not told at each flap."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from handlers import announcements, causes, important, latecomers, outage_words
from handlers.announcements import News
from handlers.outage_checks import incident_slot
from handlers.outage_forms import Invalid, OutageChange, OutageDraft, Over, Problem, Published, Slot
from handlers.outage_keeping import Notes, SlotSeen, code_of, code_to_come, keep, published, scope_of, slots_of
from handlers.rules.flapping import FlappingRules, flapping_at, hold_restoration, is_again
from handlers.talking import ZONE
from store import due, extent, outages, reports
from store.audience import Audience
from store.db import Unit
from store.extent import Scope
from store.outages import Kind, Outage, OutageState, SlotState, Stage

# Restorations of flapping supply that wait until it has held.
HELD = "restoration_held"
# So far back a restored incident is looked for that may be the same; the rule says how near it must be.
_LOOK_BACK = timedelta(hours=1)


async def publish(unit: Unit, draft: OutageDraft, by: str, now: datetime) -> Published:
    """Publish an incident and tell everyone it touches. Raises Invalid.

    The same scope out again just after its restoration is the same incident: it goes on under its code.
    """
    slot = await incident_slot(unit, draft, now)
    before = await _same_just_restored(unit, draft.scope, now)
    if before is not None:
        return await _came_back(unit, before, draft, slot, by, now)
    outage = Outage(
        code=code_to_come(),
        ref=draft.ref,
        kind=Kind.INCIDENT,
        reason=draft.reason,
        cause_class=causes.suggested(Kind.INCIDENT),
        area=[],
        published_at=now,
        published_by=by,
        updated_at=now,
    )
    unit.session.add(outage)
    await unit.session.flush()
    outage.code = code_of(outage, now)
    await causes.classify(unit, outage, draft.cause_class, by, now)
    await keep(unit, outage, [SlotSeen(1, slot.starts_at, slot.ends_at)], draft.scope, Stage.INCIDENT, by, now)
    await important.escalate(unit, outage, now)
    await latecomers.tie_reports(unit, outage, now)
    await latecomers.look_again(unit, outage, now)
    return await _announce(unit, outage, {Stage.INCIDENT: Audience.TOUCHED}, now)


async def change(unit: Unit, outage: Outage, wish: OutageChange, by: str, now: datetime) -> Published:
    """Change an incident; everyone who was told is told again, and those whom a wider scope touches. Raises
    Over, Invalid."""
    if outage.state != OutageState.PUBLISHED:
        raise Over
    assert outage.id is not None
    old, scope = await _slot(unit, outage.id), await scope_of(unit, outage.id)
    wanted_slot, wanted_scope = _wanted(wish, Slot(old.starts_at, old.ends_at), scope)
    reason = wish.reason if "reason" in wish.named else outage.reason
    draft = OutageDraft(outage.kind, reason, (wanted_slot,), wanted_scope)
    await incident_slot(unit, draft, max(now, old.starts_at), began=old.starts_at)
    new = replace(old, starts_at=wanted_slot.starts_at, ends_at=wanted_slot.ends_at)
    if (new, wanted_scope, reason) == (old, scope, outage.reason):
        return Published(outage, 0)
    outage.reason, outage.revision = reason, outage.revision + 1
    await keep(unit, outage, [replace(new, changed_in=outage.revision)], wanted_scope, Stage.CHANGE, by, now)
    rescoped = wanted_scope != scope
    if rescoped:
        await important.escalate(unit, outage, now)
        await latecomers.tie_reports(unit, outage, now)
    said = await _tell_change(unit, outage, rescoped, now)
    if rescoped:
        # Only now: who reported from there had to hear first that it is not theirs.
        await latecomers.stay_within(unit, outage)
    return said


async def restore(unit: Unit, outage: Outage, restored_at: datetime | None, by: str, now: datetime) -> Published:
    """The power is back: exactly those hear it who heard of the outage. Raises Over, Invalid."""
    if outage.state == OutageState.RESTORED:
        return Published(outage, 0)
    if outage.state != OutageState.PUBLISHED or outage.id is None:
        raise Over
    slot, at = await _slot(unit, outage.id), restored_at or now
    if not slot.starts_at <= at <= now + timedelta(minutes=5):
        raise Invalid([Problem("restored_at", "restored_at.outside")])
    outage.restored_at, outage.state, outage.revision = at, OutageState.RESTORED, outage.revision + 1
    over = replace(slot, ends_at=at, state=SlotState.OVER, changed_in=outage.revision)
    await keep(unit, outage, [over], await scope_of(unit, outage.id), Stage.RESTORED, by, now)
    await reports.close_of_outage(unit, outage.id, now)
    hold = hold_restoration(outage.came_back, _rules(now))
    if hold is not None:
        await due.plan(unit, HELD, str(outage.id), now + hold)
        return Published(outage, 0)
    return await _announce(unit, outage, {Stage.RESTORED: Audience.TOLD}, now)


async def cancel(unit: Unit, outage: Outage, by: str, now: datetime) -> Published:
    """There is no such incident after all: exactly those hear it who heard of it. Raises Over."""
    if outage.state == OutageState.CANCELLED:
        return Published(outage, 0)
    if outage.state != OutageState.PUBLISHED or outage.id is None:
        raise Over
    outage.state, outage.revision = OutageState.CANCELLED, outage.revision + 1
    called_off = replace(await _slot(unit, outage.id), state=SlotState.CANCELLED, changed_in=outage.revision)
    await keep(unit, outage, [called_off], await scope_of(unit, outage.id), Stage.CANCELLED, by, now)
    said = await _announce(unit, outage, {Stage.CANCELLED: Audience.TOLD}, now)
    await latecomers.let_go(unit, outage, now)
    return said


async def held_restorations(unit: Unit, now: datetime) -> int:
    """Tell the restorations that have held long enough; how many."""
    held = await due.take(unit, HELD, now)
    for one in held:
        outage = await outages.by_id(unit, int(one.about), lock=True)
        if outage is not None and outage.state == OutageState.RESTORED:
            await _announce(unit, outage, {Stage.RESTORED: Audience.TOLD}, now)
    return len(held)


async def news_for(unit: Unit, outage: Outage, now: datetime) -> News:
    """What somebody hears who begins to follow a place during an incident."""
    assert outage.id is not None
    reply = outage_words.incident(outage, Stage.INCIDENT, await _slot(unit, outage.id))
    return News(Stage.INCIDENT, Audience.TOUCHED, reply, now + announcements.WORTH)


# --- the parts of a deed ---------------------------------------------------------------------------------------


async def _came_back(
    unit: Unit, outage: Outage, draft: OutageDraft, slot: Slot, by: str, now: datetime
) -> Published:
    """The power failed again: who believes that it is back is told, once; who was not told so need not be."""
    assert outage.id is not None
    untold = await due.drop(unit, HELD, str(outage.id))
    outage.state, outage.restored_at = OutageState.PUBLISHED, None
    outage.revision, outage.came_back = outage.revision + 1, outage.came_back + 1
    outage.reason = draft.reason or outage.reason
    if draft.cause_class is not None:
        await causes.classify(unit, outage, draft.cause_class, by, now)
    old = await _slot(unit, outage.id)
    out = SlotSeen(1, old.starts_at, slot.ends_at, changed_in=outage.revision)
    await keep(unit, outage, [out], draft.scope, Stage.CHANGE, by, now, Notes(why="came back"))
    await important.escalate(unit, outage, now)
    await latecomers.tie_reports(unit, outage, now)
    return Published(outage, 0) if untold else await _tell_change(unit, outage, True, now)


async def _same_just_restored(unit: Unit, scope: Scope, now: datetime) -> Outage | None:
    for outage in await outages.restored_since(unit, Kind.INCIDENT, now - _LOOK_BACK):
        assert outage.id is not None
        assert outage.restored_at is not None
        same = set((await scope_of(unit, outage.id)).parts()) == set(scope.parts())
        if same and is_again(outage.restored_at, now, _rules(now)):
            return outage
    return None


async def _tell_change(unit: Unit, outage: Outage, rescoped: bool, now: datetime) -> Published:
    assert outage.id is not None
    await latecomers.look_again(unit, outage, now)
    still_to_find = rescoped or await announcements.any_unfinished(unit, outage.id)
    stages: dict[Stage, Audience] = {}
    if rescoped:
        stages[Stage.NOT_YOURS] = Audience.NO_LONGER_TOUCHED
    stages[Stage.CHANGE] = Audience.STILL_TOUCHED if rescoped else Audience.TOLD
    # Last, because it is for those whom the others of this revision did not reach.
    stages[Stage.INCIDENT] = Audience.TOUCHED if still_to_find else Audience.WAITING
    return await _announce(unit, outage, stages, now)


async def _announce(unit: Unit, outage: Outage, stages: dict[Stage, Audience], now: datetime) -> Published:
    assert outage.id is not None
    slot = await _slot(unit, outage.id)
    also = await other_outages(unit, outage, now) if Stage.RESTORED in stages else ()
    news = [
        News(stage, kind, outage_words.incident(outage, stage, slot, also), now + announcements.WORTH)
        for stage, kind in stages.items()
    ]
    said = await announcements.announce(unit, outage, news, now)
    return published(outage, [said])


async def other_outages(unit: Unit, outage: Outage, now: datetime) -> tuple[str, ...]:
    """The codes of the other outages that go on at a place of this one: its end does not bring power there."""
    assert outage.id is not None
    parts = await extent.parts_within(unit, await scope_of(unit, outage.id))
    going_on = await outages.touching(unit, parts, now + timedelta(microseconds=1), now)
    return tuple(one.code for one in going_on if one.id != outage.id)


def _rules(now: datetime) -> FlappingRules:
    return flapping_at(now.astimezone(ZONE).date())


async def _slot(unit: Unit, outage_id: int) -> SlotSeen:
    return (await slots_of(unit, outage_id))[0]


def _wanted(wish: OutageChange, slot: Slot, scope: Scope) -> tuple[Slot, Scope]:
    if "slots" in wish.named:
        if len(wish.slots) != 1:
            raise Invalid([Problem("slots", "slots.one")])
        slot = wish.slots[0]
    if "ends_at" in wish.named:
        slot = replace(slot, ends_at=wish.ends_at)
    if wish.scope is not None and set(wish.scope.parts()) != set(scope.parts()):
        scope = wish.scope
    return slot, scope

"""Outages: published, changed, restored, cancelled; every revision is kept, and the right people hear it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from conversations.model import Value
from handlers import announcements, near_codes
from handlers.announcements import Audiences
from store import audience, network, outages, subscriptions
from store.audience import Audience, Scope
from store.contacts import Contact
from store.customers import Customer
from store.db import Unit
from store.outages import Kind, Outage, OutageRevision, OutageState, Stage

# A clock or a typing error, not an incident, when it is said to begin later than this.
LATEST_START = timedelta(days=1)
LONGEST_REASON = 300


@dataclass(frozen=True)
class Slot:
    """A window of an outage; an end nobody knows yet is None."""

    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class OutageDraft:
    """What staff publish. Without a slot an incident begins now."""

    kind: str
    reason: str | None
    slots: tuple[Slot, ...]
    scope: Scope


@dataclass(frozen=True)
class OutageChange:
    """What staff change; what is not named in `named` stays as it is."""

    named: frozenset[str]
    reason: str | None = None
    ends_at: datetime | None = None
    slots: tuple[Slot, ...] = ()
    scope: Scope | None = None


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field: a path into the request and a text of the staff catalog."""

    path: str
    key: str
    values: Mapping[str, Value] = field(default_factory=dict)


class Invalid(Exception):
    """The request cannot be done as it stands; nothing was written."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(problem.key for problem in problems))
        self.problems = tuple(problems)


class Unknown(Exception):
    """There is no such outage."""


class Over(Exception):
    """The outage has ended: nothing about it can be changed."""


@dataclass(frozen=True)
class Published:
    """An outage after a deed, how many are to hear of it, and the messages still to be spread."""

    outage: Outage
    recipients: int
    unfinished: tuple[int, ...] = ()


async def publish(unit: Unit, draft: OutageDraft, by: str, now: datetime) -> Published:
    """Publish an incident and tell everyone it touches. Raises Invalid."""
    slot = await _checked(unit, draft, now)
    outage = Outage(
        code=f"new:{by}:{now.isoformat()}",
        kind=draft.kind,
        reason=draft.reason,
        area=[],
        published_at=now,
        published_by=by,
        updated_at=now,
    )
    unit.session.add(outage)
    await unit.session.flush()
    outage.code = code_of(outage, now)
    await _keep(unit, outage, slot, draft.scope, Stage.INCIDENT, by, now)
    told = Audiences(outage, {Stage.INCIDENT: (Audience.TOUCHED,)})
    return await _announce(unit, told, slot, now)


async def change(unit: Unit, outage_id: int, wish: OutageChange, by: str, now: datetime) -> Published:
    """Change an outage; everyone who was told is told again, and those whom a wider scope touches. Raises
    Unknown, Over, Invalid."""
    outage = await _open(unit, outage_id)
    slot, scope = await _slot(unit, outage_id), await scope_of(unit, outage_id)
    wanted_slot, wanted_scope = _wanted(wish, slot, scope)
    reason = wish.reason if "reason" in wish.named else outage.reason
    draft = OutageDraft(outage.kind, reason, (wanted_slot,), wanted_scope)
    await _checked(unit, draft, max(now, slot.starts_at))
    if (wanted_slot, wanted_scope, reason) == (slot, scope, outage.reason):
        return Published(outage, 0)
    outage.reason, outage.revision, outage.updated_at = reason, outage.revision + 1, now
    await _keep(unit, outage, wanted_slot, wanted_scope, Stage.CHANGE, by, now)
    rescoped = wanted_scope != scope
    waiting = (
        Audience.TOUCHED if rescoped or await announcements.any_unfinished(unit, outage_id) else Audience.WAITING
    )
    stages: dict[Stage, tuple[Audience, ...]] = {}
    if rescoped:
        stages[Stage.NOT_YOURS] = (Audience.NO_LONGER_TOUCHED,)
    stages[Stage.CHANGE] = (Audience.STILL_TOUCHED if rescoped else Audience.TOLD,)
    # Last, because it is for those whom the others of this revision did not reach.
    stages[Stage.INCIDENT] = (waiting,)
    return await _announce(unit, Audiences(outage, stages), wanted_slot, now)


async def restore(unit: Unit, outage_id: int, restored_at: datetime | None, by: str, now: datetime) -> Published:
    """The power is back: exactly those hear it who heard of the outage. Raises Unknown, Over, Invalid."""
    outage = await _known(unit, outage_id)
    if outage.state == OutageState.RESTORED:
        return Published(outage, 0)
    if outage.state != OutageState.PUBLISHED:
        raise Over
    slot, at = await _slot(unit, outage_id), restored_at or now
    if not slot.starts_at <= at <= now + timedelta(minutes=5):
        raise Invalid([Problem("restored_at", "restored_at.outside")])
    outage.restored_at = at
    return await _end(unit, outage, OutageState.RESTORED, Stage.RESTORED, replace(slot, ends_at=at), by, now)


async def cancel(unit: Unit, outage_id: int, by: str, now: datetime) -> Published:
    """There is no such outage after all: exactly those hear it who heard of it. Raises Unknown, Over."""
    outage = await _known(unit, outage_id)
    if outage.state == OutageState.CANCELLED:
        return Published(outage, 0)
    if outage.state != OutageState.PUBLISHED:
        raise Over
    slot = await _slot(unit, outage_id)
    return await _end(unit, outage, OutageState.CANCELLED, Stage.CANCELLED, slot, by, now)


async def subscribe_news(unit: Unit, contact: Contact, target: str, now: datetime) -> None:
    """Tell a contact who begins to follow a place of the incidents there, as everybody was told before.

    They then belong to those who were told, and hear the end as well.
    """
    assert contact.id is not None
    parts = await _parts_of(unit, target)
    followed = await subscriptions.of_contact(unit, contact.id)
    labels = [one.label for one in followed if one.target == target and not one.paused]
    for found in await outages.touching(unit, parts, now + timedelta(microseconds=1), now) if labels else ():
        # Locked and read again: a change under way must not leave them with the revision before it.
        outage = await outages.by_id(unit, found.id or 0, lock=True)
        if outage is None or outage.id is None or outage.state != OutageState.PUBLISHED:
            continue
        if outage.kind == Kind.INCIDENT:
            slot = await _slot(unit, outage.id)
            words = announcements.words(outage, Stage.INCIDENT, slot.starts_at, slot.ends_at)
            await announcements.tell_one(unit, outage, words, contact.id, labels, now)


async def scope_of(unit: Unit, outage_id: int) -> Scope:
    """What an outage touches, by kind."""
    return announcements.scope_from((part.kind, part.code) for part in await outages.scope_of(unit, outage_id))


def code_of(outage: Outage, now: datetime) -> str:
    """SC-261123-7: sự cố, the day in the utility's time, and the outage's own number, which makes it unique."""
    day = (now + timedelta(hours=7)).strftime("%y%m%d")
    return f"{'SC' if outage.kind == Kind.INCIDENT else 'KH'}-{day}-{outage.id}"


# --- the parts of a deed ---------------------------------------------------------------------------------------


async def _checked(unit: Unit, draft: OutageDraft, now: datetime) -> Slot:
    """The draft's one slot, or all that is wrong with the draft at once."""
    problems = []
    if draft.kind != Kind.INCIDENT:
        problems.append(Problem("kind", "kind.not_yet"))
    if len(draft.slots) > 1:
        problems.append(Problem("slots", "slots.one"))
    slot = draft.slots[0] if draft.slots else Slot(now, None)
    if slot.starts_at > now + LATEST_START:
        problems.append(Problem("slots.0.starts_at", "slots.too_late"))
    if slot.ends_at is not None and slot.ends_at <= slot.starts_at:
        problems.append(Problem("slots.0.ends_at", "slots.end_before_start"))
    if draft.reason is not None and len(draft.reason) > LONGEST_REASON:
        problems.append(Problem("reason", "reason.too_long", {"limit": LONGEST_REASON}))
    if not draft.scope.parts():
        problems.append(Problem("scope", "scope.empty"))
    problems += await _unknown(unit, draft.scope)
    if problems:
        raise Invalid(problems)
    return slot


async def _unknown(unit: Unit, scope: Scope) -> list[Problem]:
    problems = []
    named: Iterable[tuple[str, Any, tuple[str, ...]]] = (
        ("feeders", network.Feeder, scope.feeders),
        ("transformers", network.Transformer, scope.transformers),
        ("wards", network.Ward, scope.wards),
        ("customers", Customer, scope.customers),
    )
    for name, table, codes in named:
        for code in await network.unknown_codes(unit, table, codes):
            near = await near_codes.near(unit, table, code)
            key = "scope.unknown_near" if near else "scope.unknown"
            path = f"scope.{name}.{codes.index(code)}"
            problems.append(Problem(path, key, {"code": code, "near": ", ".join(near)}))
    return problems


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


async def _known(unit: Unit, outage_id: int) -> Outage:
    outage = await outages.by_id(unit, outage_id, lock=True)
    if outage is None:
        raise Unknown
    return outage


async def _open(unit: Unit, outage_id: int) -> Outage:
    outage = await _known(unit, outage_id)
    if outage.state != OutageState.PUBLISHED:
        raise Over
    return outage


async def _slot(unit: Unit, outage_id: int) -> Slot:
    first = (await outages.slots_of(unit, [outage_id]))[outage_id][0]
    return Slot(first.starts_at, first.ends_at)


async def _keep(
    unit: Unit, outage: Outage, slot: Slot, scope: Scope, stage: Stage, by: str, now: datetime
) -> None:
    """Write the newest shape of an outage, and keep it as a revision."""
    assert outage.id is not None
    # Followers of a ward are not alarmed by one customer's outage, only by that of a line or of the ward.
    heard = await audience.wards_within(unit, replace(scope, customers=()))
    wards = heard | (await audience.wards_within(unit, Scope(customers=scope.customers)))
    outage.area = [
        {"ward": code, "name": name, "part": code not in scope.wards} for code, name in sorted(wards.items())
    ]
    outage.affected_customers = await audience.affected(unit, scope)
    unit.session.add(outage)
    await outages.replace_slots(unit, outage.id, [(slot.starts_at, slot.ends_at)])
    await outages.replace_scope(unit, outage.id, scope.parts())
    content = {
        "reason": outage.reason,
        "state": outage.state,
        "slots": [[slot.starts_at.isoformat(), slot.ends_at.isoformat() if slot.ends_at else None]],
        "scope": [list(part) for part in scope.parts()],
        "area": outage.area,
        "heard_in": sorted(heard),
    }
    unit.session.add(
        OutageRevision(outage_id=outage.id, revision=outage.revision, stage=stage, at=now, by=by, content=content)
    )
    await unit.session.flush()


async def _end(
    unit: Unit, outage: Outage, state: OutageState, stage: Stage, slot: Slot, by: str, now: datetime
) -> Published:
    assert outage.id is not None
    outage.state, outage.revision, outage.updated_at = state, outage.revision + 1, now
    await _keep(unit, outage, slot, await scope_of(unit, outage.id), stage, by, now)
    return await _announce(unit, Audiences(outage, {stage: (Audience.TOLD,)}), slot, now)


async def _announce(unit: Unit, told: Audiences, slot: Slot, now: datetime) -> Published:
    said = await announcements.announce(unit, told, slot.starts_at, slot.ends_at, now)
    return Published(told.outage, said.recipients, said.unfinished)


async def _parts_of(unit: Unit, target: str) -> list[tuple[str, str]]:
    """The parts of the network whose outage touches a followed place."""
    kind, _, code = target.partition(":")
    if kind == "w":
        return await audience.parts_of_ward(unit, code)
    customer = await unit.session.get(Customer, code)
    if customer is None:
        return []
    parts = Scope(
        (customer.feeder_code,), (customer.transformer_code,), (customer.ward_code,), (customer.code,)
    ).parts()
    return list(parts)

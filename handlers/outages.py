"""Outages, planned or not: the front of all that staff do with them, and what a new follower of a place hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from handlers import announcements, causes, important, incidents, notice_board, plans
from handlers.important import Important
from handlers.outage_checks import FURTHEST_PLAN, findings_of, incident_slot, plan_problems, windows_of
from handlers.outage_forms import (
    Broken,
    Invalid,
    OutageChange,
    OutageDraft,
    Over,
    Override,
    PostponedSlot,
    Postponement,
    Problem,
    Published,
    Slot,
    ToCount,
    Unknown,
)
from handlers.outage_keeping import SlotSeen, code_of, known, live, scope_of
from handlers.rules.notices import Planned
from handlers.rules.planning import Finding
from store import audience, extent, outages, subscriptions
from store.audience import Audience, History, Listeners, Reach
from store.contacts import Contact
from store.customers import Customer, Segment
from store.db import Unit
from store.extent import Scope
from store.outages import LIVE, Kind

__all__ = [
    "Broken",
    "Invalid",
    "OutageChange",
    "OutageDraft",
    "Over",
    "Override",
    "PostponedSlot",
    "Postponement",
    "Preview",
    "Problem",
    "Published",
    "Slot",
    "ToCount",
    "Unknown",
    "cancel",
    "change",
    "code_of",
    "postpone",
    "preview",
    "publish",
    "publish_draft",
    "recipients",
    "restore",
    "scope_of",
    "subscribe_news",
]


@dataclass(frozen=True)
class Preview:
    """What publishing would lead to: findings, whom it touches, whom it tells at which channel, and when.

    notices: empty for an incident, which is told at once. reached: how many each notice would reach, in order.
    """

    findings: tuple[Finding, ...]
    affected: Mapping[str, int]
    important: Important
    recipients: Mapping[str, int]
    notices: tuple[Planned, ...] = ()
    reached: tuple[int, ...] = field(default=())


async def publish(unit: Unit, draft: OutageDraft, by: str, now: datetime) -> Published:
    """Publish an outage and tell whom it touches, now or in time. Raises Invalid, Broken."""
    if draft.kind == Kind.INCIDENT:
        return await incidents.publish(unit, draft, by, now)
    return await plans.publish(unit, draft, by, now)


async def publish_draft(
    unit: Unit, outage_id: int, overrides: tuple[Override, ...], by: str, now: datetime
) -> Published:
    """Publish a draft. Raises Unknown, Over, Invalid, Broken."""
    return await plans.publish_draft(unit, await known(unit, outage_id), overrides, by, now)


async def change(unit: Unit, outage_id: int, wish: OutageChange, by: str, now: datetime) -> Published:
    """Change an outage; everyone who was told is told again. Raises Unknown, Over, Invalid, Broken.

    The class of its cause is told to nobody, and may be named after the end as well.
    """
    if "cause_class" in wish.named:
        outage = await known(unit, outage_id)
        await causes.classify(unit, outage, wish.cause_class, by, now)
        if wish.named == {"cause_class"}:
            return Published(outage, 0)
    outage = await live(unit, outage_id)
    if outage.kind == Kind.INCIDENT:
        return await incidents.change(unit, outage, wish, by, now)
    return await plans.change(unit, outage, wish, by, now)


async def postpone(unit: Unit, outage_id: int, wish: Postponement, by: str, now: datetime) -> Published:
    """Put planned work off. Raises Unknown, Over, Broken, and Invalid for an incident."""
    outage = await live(unit, outage_id)
    if outage.kind == Kind.INCIDENT:
        raise Invalid([Problem("", "postpone.incident")])
    return await plans.postpone(unit, outage, wish, by, now)


async def cancel(unit: Unit, outage_id: int, by: str, now: datetime, why: str | None = None) -> Published:
    """It will not be, or never was; those hear it who heard of it. Raises Unknown, Over, Invalid."""
    outage = await known(unit, outage_id)
    if outage.kind == Kind.INCIDENT:
        return await incidents.cancel(unit, outage, by, now)
    return await plans.cancel(unit, outage, why, by, now)


async def restore(unit: Unit, outage_id: int, restored_at: datetime | None, by: str, now: datetime) -> Published:
    """The power is back; those hear it who heard of the outage. Raises Unknown, Over, Invalid."""
    outage = await known(unit, outage_id)
    if outage.kind == Kind.INCIDENT:
        return await incidents.restore(unit, outage, restored_at, by, now)
    return await plans.restore(unit, outage, restored_at, by, now)


async def preview(unit: Unit, draft: OutageDraft, now: datetime) -> Preview:
    """What publishing a draft would lead to; nothing is written. Raises Invalid."""
    found = await extent.of(unit, 0, draft.scope)
    impact, reach = found.impact, Reach(draft.scope, found.heard_in)
    affected = {segment.value: 0 for segment in Segment}
    for one in impact:
        affected[one.segment] = affected.get(one.segment, 0) + one.customers
    touched = await important.within(unit, draft.scope, sum(one.important for one in impact))
    if draft.kind == Kind.INCIDENT:
        await incident_slot(unit, draft, now)
        told = await audience.by_channel(unit, [Listeners(Audience.EVERYBODY, reach, History())], now)
        return Preview((), affected, touched, told)
    problems = await plan_problems(unit, draft, now)
    if problems:
        raise Invalid(problems)
    findings = await findings_of(unit, draft.scope, windows_of(draft.slots), now)
    slots = sorted(draft.slots, key=lambda slot: slot.starts_at)
    seen = [SlotSeen(number, slot.starts_at, slot.ends_at) for number, slot in enumerate(slots, 1)]
    timetable = notice_board.timetable(seen, [], now)
    reached = [await _reached(unit, one, reach, now) for one in timetable]
    told = await audience.by_channel(unit, [Listeners(Audience.EVERYBODY, reach, History())], now)
    return Preview(findings, affected, touched, told, timetable, tuple(reached))


async def recipients(unit: Unit, to_count: ToCount) -> int:
    """How many are to hear of what was done, counted after it was committed."""
    total = to_count.counted
    for message_ids in to_count.announced:
        total += await announcements.recipients_of(unit, message_ids)
    if to_count.followed is not None and to_count.at is not None:
        total += await announcements.followers_of(unit, *to_count.followed, to_count.at)
    return total


async def subscribe_news(unit: Unit, contact: Contact, target: str, now: datetime) -> None:
    """Tell a contact who begins to follow a place of the outages there, as everybody was told before.

    They then belong to those who were told, and hear each change and the end as well.
    """
    assert contact.id is not None
    parts, segment = await _supply_of(unit, target)
    followed = await subscriptions.of_contact(unit, contact.id)
    labels = [one.label for one in followed if one.target == target and not one.paused]
    for found in await outages.touching(unit, parts, now + FURTHEST_PLAN, now) if labels else ():
        # Locked and read again: a change under way must not leave them with the revision before it.
        outage = await outages.by_id(unit, found.id or 0, lock=True)
        if outage is None or outage.state not in LIVE:
            continue
        if outage.kind == Kind.INCIDENT:
            news = await incidents.news_for(unit, outage, now)
        else:
            plan = await plans.news_for(unit, outage, segment, now)
            if plan is None:
                continue
            news = plan
        await announcements.tell_one(unit, outage, news, contact.id, labels, now)


async def _reached(unit: Unit, notice: Planned, reach: Reach, now: datetime) -> int:
    segments = (notice.segment,) if notice.segment else None
    narrowed = Reach(reach.scope, reach.wards, segments)
    listeners = Listeners(Audience.EVERYBODY, narrowed, History(), notice.lead or None)
    return await audience.size(unit, [listeners], now)


async def _supply_of(unit: Unit, target: str) -> tuple[list[tuple[str, str]], str]:
    """The parts of the network whose outage touches a followed place, and the segment it is told as."""
    kind, _, code = target.partition(":")
    if kind == "w":
        return await extent.parts_of_ward(unit, code), Segment.HOUSEHOLD
    customer = await unit.session.get(Customer, code)
    if customer is None:
        return [], Segment.HOUSEHOLD
    scope = Scope((customer.feeder_code,), (customer.transformer_code,), (customer.ward_code,), (customer.code,))
    return list(scope.parts()), customer.segment

"""Checks what staff say of an outage before anything is written: fields, codes, and the planning rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from handlers import causes, near_codes
from handlers.outage_forms import Broken, Invalid, OutageDraft, Override, Problem, Slot
from handlers.rules.freezes import load_freezes
from handlers.rules.planning import EarlierCut, Finding, Overlap, Plan, Window, check, rules_at
from handlers.talking import ZONE
from store import extent, network, outages
from store.customers import Customer
from store.db import Unit
from store.extent import Scope

# A clock or a typing error, not an incident, when it is said to begin later than this.
LATEST_START = timedelta(days=1)
# Nobody plans a cut so far ahead; somebody mistyped a year.
FURTHEST_PLAN = timedelta(days=400)
LONGEST_REASON = 300
# Power is never expected back later than that, and an incident that began earlier is no news: a typing error.
LONGEST_INCIDENT = timedelta(days=30)
EARLIEST_START = timedelta(days=7)
CALENDAR = load_freezes()


async def incident_slot(unit: Unit, draft: OutageDraft, now: datetime, began: datetime | None = None) -> Slot:
    """The one window of an incident, or all that is wrong with the draft at once. Raises Invalid.

    began: when it is known to have begun, which is not asked again.
    """
    problems = [Problem("slots", "slots.one")] if len(draft.slots) > 1 else []
    if draft.draft:
        problems.append(Problem("draft", "draft.incident"))
    slot = draft.slots[0] if draft.slots else Slot(now, None)
    if slot.starts_at > now + LATEST_START:
        problems.append(Problem("slots.0.starts_at", "slots.too_late"))
    if slot.starts_at < now - EARLIEST_START and slot.starts_at != began:
        problems.append(Problem("slots.0.starts_at", "slots.too_early", {"days": EARLIEST_START.days}))
    if slot.ends_at is not None and slot.ends_at > now + LONGEST_INCIDENT:
        problems.append(Problem("slots.0.ends_at", "slots.end_too_far", {"days": LONGEST_INCIDENT.days}))
    problems += _order(0, slot)
    problems += await _common(unit, draft)
    if problems:
        raise Invalid(problems)
    return slot


async def plan_problems(
    unit: Unit, draft: OutageDraft, now: datetime, begun: Sequence[Slot] = ()
) -> list[Problem]:
    """All that is wrong with the fields of a planned outage; windows that have `begun` may lie in the past."""
    problems = [] if draft.slots else [Problem("slots", "slots.needed")]
    starts = {slot.starts_at for slot in begun}
    for at, slot in enumerate(draft.slots):
        if slot.ends_at is None:
            problems.append(Problem(f"slots.{at}.ends_at", "slots.end_needed"))
        problems += _order(at, slot)
        if slot.starts_at <= now and slot.starts_at not in starts:
            problems.append(Problem(f"slots.{at}.starts_at", "slots.past"))
        elif slot.ends_at is not None and slot.ends_at <= now:
            problems.append(Problem(f"slots.{at}.ends_at", "slots.end_past"))
        if slot.starts_at > now + FURTHEST_PLAN:
            problems.append(Problem(f"slots.{at}.starts_at", "slots.too_far", {"days": FURTHEST_PLAN.days}))
        elif slot.ends_at is not None and slot.ends_at > now + FURTHEST_PLAN:
            problems.append(Problem(f"slots.{at}.ends_at", "slots.end_too_far", {"days": FURTHEST_PLAN.days}))
    problems += _crossing(draft.slots)
    return problems + await _common(unit, draft)


async def findings_of(
    unit: Unit,
    scope: Scope,
    windows: Sequence[Window],
    now: datetime,
    but: int | None = None,
    binding: bool = False,
) -> tuple[Finding, ...]:
    """What the planning rules find in these windows; `but` is the outage that is being changed itself.

    binding: what passes is published with this very unit. Plans on the same feeders then wait for each other, so
    that of two made at the same moment one sees the other.
    """
    if not windows:
        return ()
    rules = rules_at(now.astimezone(ZONE).date())
    feeders = frozenset(await extent.feeders_cut(unit, scope))
    impact = await extent.impact(unit, but or 0, scope)
    if binding:
        await network.hold_feeders(unit, feeders | {one.feeder_code for one in impact})
    begin, end = min(one.starts_at for one in windows), max(one.ends_at for one in windows)
    # A month has at most 31 days; the rule itself counts calendar months.
    near = timedelta(days=31 * rules.months_between)
    cuts = await outages.cuts_of(unit, feeders, begin - near, end + near, but)
    overlaps = await _overlaps(unit, scope, windows, begin, end, but)
    segments: dict[str, int] = {}
    for one in impact:
        segments[one.segment] = segments.get(one.segment, 0) + one.customers
    plan = Plan(
        windows=tuple(windows),
        feeders=feeders,
        segments=segments,
        important=sum(one.important for one in impact),
        cuts=tuple(EarlierCut(feeder, code, at) for feeder, code, at in cuts),
        overlaps=overlaps,
    )
    return check(plan, rules, CALENDAR, now, ZONE)


def allow(findings: Sequence[Finding], overrides: Sequence[Override]) -> None:
    """Let a plan pass unless a finding blocks it that nobody set aside. Raises Broken with all findings."""
    aside = {one.rule for one in overrides}
    if any(finding.blocking and finding.rule not in aside for finding in findings):
        raise Broken(findings)


def windows_of(slots: Iterable[Slot]) -> list[Window]:
    """The slots as windows; those without an end are none."""
    return [Window(slot.starts_at, slot.ends_at) for slot in slots if slot.ends_at is not None]


async def _common(unit: Unit, draft: OutageDraft) -> list[Problem]:
    problems = causes.problems(draft.kind, draft.cause_class)
    if draft.reason is not None and len(draft.reason) > LONGEST_REASON:
        problems.append(Problem("reason", "reason.too_long", {"limit": LONGEST_REASON}))
    if not draft.scope.parts():
        problems.append(Problem("scope", "scope.empty"))
    return problems + await _unknown(unit, draft.scope)


def _order(at: int, slot: Slot) -> list[Problem]:
    if slot.ends_at is not None and slot.ends_at <= slot.starts_at:
        return [Problem(f"slots.{at}.ends_at", "slots.end_before_start")]
    return []


def _crossing(slots: Sequence[Slot]) -> list[Problem]:
    """Windows of one outage that overlap are one window, mistyped."""
    ordered = sorted(enumerate(slots), key=lambda pair: pair[1].starts_at)
    return [
        Problem(f"slots.{at}.starts_at", "slots.crossing", {"other": before + 1})
        for (before, first), (at, second) in pairwise(ordered)
        if first.ends_at is not None and second.starts_at < first.ends_at
    ]


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


async def _overlaps(
    unit: Unit, scope: Scope, windows: Sequence[Window], begin: datetime, end: datetime, but: int | None
) -> tuple[Overlap, ...]:
    """Other outages of a place of this scope, with each of their windows that meets one of these."""
    others = await outages.touching(unit, await extent.parts_within(unit, scope), end, begin)
    found = {one.id: one for one in others if one.id is not None and one.id != but}
    slots = await outages.slots_of(unit, found)
    return tuple(
        Overlap(found[id_].code, slot.starts_at, slot.ends_at)
        for id_, of_other in slots.items()
        for slot in of_other
        if slot.state == outages.SlotState.ON and any(_meet(slot, window) for window in windows)
    )


def _meet(slot: outages.OutageSlot, window: Window) -> bool:
    return slot.starts_at < window.ends_at and (slot.ends_at is None or slot.ends_at > window.starts_at)

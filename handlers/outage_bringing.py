"""Brings one outage of a file into the service: new, changed, or left as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from handlers import outages
from handlers.outage_file import draft_of
from handlers.outage_forms import Broken, Invalid, OutageChange, OutageDraft, Over, Problem, Published, Slot
from handlers.outage_keeping import SlotSeen, scope_of, slots_at, slots_of
from handlers.rules.outage_rows import INCIDENT, FileOutage, too_late
from handlers.rules.planning import Finding
from store import outages as kept
from store.db import Unit
from store.outages import LIVE, Outage, OutageState, SlotState

# Who has done it, in the revisions that an import makes.
BY = "import"


class Outcome(StrEnum):
    """What became of an outage of the file. BLOCKED: planning rules forbid it, so it is kept as a draft.

    FORBIDDEN: planning rules forbid the change of what is published already, so it stays as it was.
    """

    PUBLISHED = "published"
    DRAFT = "draft"
    BLOCKED = "blocked"
    CHANGED = "changed"
    FORBIDDEN = "forbidden"
    UNCHANGED = "unchanged"
    OVER = "over"


@dataclass(frozen=True)
class WindowChange:
    """A window before and after; None where there was none."""

    before: SlotSeen | None
    after: SlotSeen


@dataclass(frozen=True)
class Result:
    """An outage of the file and what was, or with a dry run would be, done with it.

    recipients: how many hear of it; spreading: whether the service goes on telling them.
    """

    ref: str
    outcome: Outcome
    code: str = ""
    is_draft: bool = False
    recipients: int = 0
    spreading: bool = False
    findings: tuple[Finding, ...] = ()
    windows: tuple[WindowChange, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Said:
    """The shape of an outage at one revision, as far as a file says it."""

    slots: tuple[SlotSeen, ...]
    reason: str | None
    parts: frozenset[tuple[str, str]]


class Refused(Exception):
    """The outage cannot be used; why, by line. Its unit is rolled back."""

    def __init__(self, wrong: Mapping[int, str]) -> None:
        super().__init__(", ".join(wrong.values()))
        self.wrong = wrong


async def bring(unit: Unit, wanted: FileOutage, now: datetime, *, draft: bool) -> Result:
    """Bring one outage to the state of the file; a new one stays a `draft`. Raises Refused, Invalid."""
    known = await kept.by_ref(unit, wanted.ref)
    if known is None:
        return await _new(unit, wanted, now, draft)
    if known.kind != wanted.kind:
        why = f"outage_ref is {known.code} already, which is {known.kind}; take another one"
        raise Refused({wanted.lines[0]: why})
    if known.state not in (*LIVE, OutageState.DRAFT):
        return Result(wanted.ref, Outcome.OVER, known.code)
    return await _known(unit, known, wanted, now)


async def _new(unit: Unit, wanted: FileOutage, now: datetime, draft: bool) -> Result:
    if wrong := too_late(wanted, now):
        raise Refused(wrong)
    if draft and wanted.kind == INCIDENT:
        raise Refused({wanted.lines[0]: "an incident is told at once, so it cannot be kept as a draft"})
    outcome = Outcome.DRAFT if draft else Outcome.PUBLISHED
    try:
        done = await outages.publish(unit, draft_of(wanted, draft=draft), BY, now)
    except Broken:
        outcome = Outcome.BLOCKED
        done = await outages.publish(unit, draft_of(wanted, draft=True), BY, now)
    await _name(unit, done.outage, wanted)
    return await _result(unit, wanted, outcome, done)


async def _name(unit: Unit, outage: Outage, wanted: FileOutage) -> None:
    """An incident that is out again goes on under the code that it had; it must be found by this name as well."""
    if outage.ref not in (None, wanted.ref):
        why = f"{outage.code} ({outage.ref} in a file), just restored, is out again, publish it by hand"
        raise Refused({wanted.lines[0]: why})
    outage.ref = wanted.ref
    unit.session.add(outage)
    await unit.session.flush()


async def _known(unit: Unit, outage: Outage, wanted: FileOutage, now: datetime) -> Result:
    """Change what differs from the last import; what staff have changed since stays, where the file did not."""
    assert outage.id is not None
    draft = draft_of(wanted, draft=outage.state == OutageState.DRAFT)
    before = await slots_of(unit, outage.id)
    if outage.came_back:
        # It went on as the incident that it was; the file names the second beginning.
        slot = Slot(before[0].starts_at, draft.slots[0].ends_at)
        draft = replace(draft, slots=(slot,), reason=draft.reason or outage.reason)
    named = await _differing(unit, outage, draft)
    unchanged = Result(wanted.ref, Outcome.UNCHANGED, outage.code, outage.state == OutageState.DRAFT)
    if not named:
        return unchanged
    if "slots" in named and (wrong := too_late(wanted, now, _begun(before, now))):
        raise Refused(wrong)
    slots = _ahead(draft.slots, before)
    change = OutageChange(frozenset(named), draft.reason, None, slots, draft.scope)
    was = (outage.revision, outage.reason, set((await scope_of(unit, outage.id)).parts()))
    try:
        done = await outages.change(unit, outage.id, change, BY, now)
    except Broken as error:
        return Result(wanted.ref, Outcome.FORBIDDEN, outage.code, findings=error.findings)
    except Over:
        return Result(wanted.ref, Outcome.OVER, outage.code)
    except Invalid as error:
        raise Invalid([_in_file(problem, slots, draft.slots) for problem in error.problems]) from None
    if done.outage.revision == was[0]:
        return unchanged
    result = await _result(unit, wanted, Outcome.CHANGED, done)
    now_touched = set((await scope_of(unit, outage.id)).parts())
    compared = (("reason", was[1], done.outage.reason), ("scope", was[2], now_touched))
    fields = [name for name, old, new in compared if old != new]
    windows = _changes(before, await slots_of(unit, outage.id))
    return replace(result, windows=windows, fields=tuple(fields))


async def _result(unit: Unit, wanted: FileOutage, outcome: Outcome, done: Published) -> Result:
    is_draft = done.outage.state == OutageState.DRAFT
    spreading = bool(done.unfinished)
    recipients = await outages.recipients(unit, done.to_count) if done.to_count else done.recipients or 0
    return Result(wanted.ref, outcome, done.outage.code, is_draft, recipients, spreading, done.findings)


async def _differing(unit: Unit, outage: Outage, draft: OutageDraft) -> list[str]:
    """The fields of OutageChange in which the file differs from what it said at the last import."""
    assert outage.id is not None
    last = await _last_said(unit, outage.id)
    ahead = {(slot.starts_at, slot.ends_at) for slot in _ahead(draft.slots, last.slots)}
    on = {(slot.starts_at, slot.ends_at) for slot in last.slots if slot.state is SlotState.ON}
    parts = {(str(kind), code) for kind, code in draft.scope.parts()}
    differ = {"slots": ahead != on, "reason": draft.reason != last.reason, "scope": parts != last.parts}
    return [name for name, differs in differ.items() if differs]


async def _last_said(unit: Unit, outage_id: int) -> _Said:
    """Each field as the last import made it; one that no import has touched, as it was at first."""
    last: _Said | None = None
    before: _Said | None = None
    for one in await kept.revisions_of(unit, outage_id):
        content = one.content
        parts = frozenset((kind, code) for kind, code in content["scope"])
        now = _Said(await slots_at(unit, outage_id, one.revision), content["reason"], parts)
        if last is None or before is None:
            last = now
        elif one.by == BY:
            last = _Said(
                now.slots if now.slots != before.slots else last.slots,
                now.reason if now.reason != before.reason else last.reason,
                now.parts if now.parts != before.parts else last.parts,
            )
        before = now
    assert last is not None
    return last


def _ahead(wanted: Sequence[Slot], known: Sequence[SlotSeen]) -> tuple[Slot, ...]:
    """The windows of the file without those that are over, perhaps earlier or later than was planned."""
    over = {slot.starts_at for slot in known if slot.state is SlotState.OVER}
    return tuple(slot for slot in wanted if slot.starts_at not in over)


def _begun(known: Sequence[SlotSeen], now: datetime) -> frozenset[datetime]:
    """When the windows began that may lie in the past: they run, or are over."""
    seen = (SlotState.ON, SlotState.OVER)
    return frozenset(slot.starts_at for slot in known if slot.starts_at <= now and slot.state in seen)


def _in_file(problem: Problem, slots: Sequence[Slot], of_file: Sequence[Slot]) -> Problem:
    """A problem of the windows ahead as one of the file's windows."""
    if not problem.path.startswith("slots."):
        return problem
    if problem.key != "slots.begun":
        # These count all windows of the outage, not those of the file.
        return replace(problem, path="slots")
    at = of_file.index(slots[int(problem.path.split(".")[1])])
    return replace(problem, path=f"slots.{at}")


def _changes(before: Sequence[SlotSeen], after: Sequence[SlotSeen]) -> tuple[WindowChange, ...]:
    old = {slot.number: slot for slot in before}
    pairs = [WindowChange(old.get(slot.number), slot) for slot in after]
    return tuple(
        one
        for one in pairs
        if one.before is None
        or (one.before.starts_at, one.before.ends_at, one.before.state)
        != (one.after.starts_at, one.after.ends_at, one.after.state)
    )

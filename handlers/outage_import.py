"""Brings outages to the state of a file: new ones are published, known ones changed, each in a unit of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from handlers import outages
from handlers.bad_rows import BadRows, nothing_usable
from handlers.csv_file import Unusable
from handlers.outage_file import OutageFile, bad_rows, draft_of, read_outages
from handlers.outage_forms import Broken, Invalid, OutageChange, OutageDraft, Over, Problem, Published, Slot
from handlers.outage_keeping import SlotSeen, scope_of, slots_at, slots_of
from handlers.rules.outage_rows import INCIDENT, FileOutage, left_out, too_late
from handlers.rules.planning import Finding
from store import outages as kept
from store.db import Database, Unit
from store.outages import LIVE, Outage, OutageRevision, OutageState, SlotState

# Who has done it, in the revisions that an import makes.
BY = "import"

# Words for a text of the staff catalog, filled in with values.
Say = Callable[[str, Mapping[str, Any]], str]
# Called with how many outages are done, and how many there are.
Progress = Callable[[int, int], None]

_log = logging.getLogger(__name__)


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
class Options:
    """How to import. bad: where the bad rows go, None for nowhere; draft: publish nothing that is new."""

    bad: Path | None
    dry_run: bool = False
    draft: bool = False


@dataclass(frozen=True)
class Report:
    """What was, or with a dry run would be, done: each outage in the order of the file, and the bad rows."""

    results: tuple[Result, ...]
    good: int
    extra_columns: tuple[str, ...]
    bad: BadRows


@dataclass
class _Run:
    """One import: what it goes by, and what has come of it so far."""

    file: OutageFile
    options: Options
    now: datetime
    say: Say
    results: list[Result] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


class _Refused(Exception):
    """The outage cannot be used; why, by line. Its unit is rolled back."""

    def __init__(self, wrong: Mapping[int, str]) -> None:
        super().__init__(", ".join(wrong.values()))
        self.wrong = wrong


class _DryRun(Exception):
    """Ends a unit of work whose deeds were only tried."""


async def run(
    database: Database,
    path: Path,
    options: Options,
    now: datetime,
    zone: ZoneInfo,
    say: Say,
    progress: Progress,
) -> Report:
    """Bring the outages to the state of the file at `path`. A bad outage is left out and stops no other.

    A dry run does everything and takes it back at its end, so that it finds what the outages do to each other.
    Raises Unusable, with a sentence, for a file that cannot be used as a whole; then nothing was done.
    """
    file = read_outages(path, zone)
    one = _Run(file, options, now, say, refused=dict(file.gathered.refused))
    if not file.gathered.outages:
        with closing(bad_rows(file, one.refused)) as bad:
            bad.write(options.bad, iter(()))
            raise Unusable(nothing_usable(path, bad, options.bad))
    _refuse_unwritable(options.bad)
    if options.dry_run:
        await _try_all(database, one, progress)
    else:
        await _do_all(database, one, progress)
    with closing(bad_rows(file, one.refused)) as bad:
        bad.write(options.bad, iter(()))
    return Report(tuple(one.results), len(file.rows) - bad.count, file.layout.extra, bad)


def _refuse_unwritable(path: Path | None) -> None:
    """Before anything is done, because then it is too late to say that nothing was."""
    if path is None:
        return
    try:
        path.open("a").close()
    except OSError as error:
        raise Unusable(
            f"The bad rows cannot be written to {path}: {error.strerror}. Name another place with --bad. "
            "Nothing was changed."
        ) from None


async def _do_all(database: Database, run: _Run, progress: Progress) -> None:
    every = run.file.gathered.outages
    for done, outage in enumerate(every):
        progress(done, len(every))
        try:
            async with database.unit() as unit:
                result = await _bring(unit, outage, run)
            run.results.append(result)
        except Exception as error:
            _note(outage, error, run)
    progress(len(every), len(every))


async def _try_all(database: Database, run: _Run, progress: Progress) -> None:
    every = run.file.gathered.outages
    try:
        async with database.unit() as unit:
            for done, outage in enumerate(every):
                progress(done, len(every))
                try:
                    async with unit.session.begin_nested():
                        result = await _bring(unit, outage, run)
                    run.results.append(result)
                except Exception as error:
                    _note(outage, error, run)
            raise _DryRun
    except _DryRun:
        progress(len(every), len(every))


def _note(outage: FileOutage, error: Exception, run: _Run) -> None:
    """An outage that could not be used: its lines are left out, and the others go on."""
    if isinstance(error, _Refused):
        wrong = error.wrong
    elif isinstance(error, Invalid):
        wrong = _by_line(outage, error.problems, run.say)
    else:
        _log.error("outage of the file failed", exc_info=error)
        wrong = {outage.lines[0]: "a fault of the service, see its log; import the file once more"}
    run.refused |= left_out(outage.lines, wrong)


def _by_line(outage: FileOutage, problems: Sequence[Problem], say: Say) -> dict[int, str]:
    """What the use case found wrong, at the line of the window that it is about, or the outage's first."""
    named = [(_line_of(outage, problem.path), _sentence(problem, say)) for problem in problems]
    named.sort(key=lambda one: one[0])
    return {
        line: "; ".join(sentence for _, sentence in one) for line, one in groupby(named, key=lambda one: one[0])
    }


def _line_of(outage: FileOutage, path: str) -> int:
    parts = path.split(".")
    return outage.lines[int(parts[1])] if parts[0] == "slots" and len(parts) > 1 else outage.lines[0]


def _sentence(problem: Problem, say: Say) -> str:
    if problem.key in ("scope.unknown", "scope.unknown_near"):
        kind = problem.path.split(".")[1].removesuffix("s")
        near = f", near to it: “{problem.values['near']}”" if problem.values.get("near") else ""
        return f"unknown {kind} “{problem.values['code']}”{near}"
    return say(problem.key, problem.values).rstrip(".").replace("; ", ", ")


# --- one outage ------------------------------------------------------------------------------------------------


async def _bring(unit: Unit, wanted: FileOutage, run: _Run) -> Result:
    """Bring one outage to the state of the file. Raises _Refused, Invalid."""
    known = await kept.by_ref(unit, wanted.ref)
    if known is None:
        return await _new(unit, wanted, run)
    if known.kind != wanted.kind:
        why = f"outage_ref is {known.code} already, which is {known.kind}; take another one"
        raise _Refused({wanted.lines[0]: why})
    if known.state not in (*LIVE, OutageState.DRAFT):
        return Result(wanted.ref, Outcome.OVER, known.code)
    return await _known(unit, known, wanted, run)


async def _new(unit: Unit, wanted: FileOutage, run: _Run) -> Result:
    if wrong := too_late(wanted, run.now):
        raise _Refused(wrong)
    if run.options.draft and wanted.kind == INCIDENT:
        raise _Refused({wanted.lines[0]: "an incident is told at once, so it cannot be kept as a draft"})
    outcome = Outcome.DRAFT if run.options.draft else Outcome.PUBLISHED
    try:
        done = await outages.publish(unit, draft_of(wanted, draft=run.options.draft), BY, run.now)
    except Broken:
        outcome = Outcome.BLOCKED
        done = await outages.publish(unit, draft_of(wanted, draft=True), BY, run.now)
    await _name(unit, done.outage, wanted)
    return _result(wanted, outcome, done)


async def _name(unit: Unit, outage: Outage, wanted: FileOutage) -> None:
    """An incident that is out again goes on under the code that it had; it must be found by this name as well."""
    if outage.ref not in (None, wanted.ref):
        why = f"it is {outage.code}, just restored, out again, and that is {outage.ref} in a file; publish it by hand"
        raise _Refused({wanted.lines[0]: why})
    outage.ref = wanted.ref
    unit.session.add(outage)
    await unit.session.flush()


async def _known(unit: Unit, outage: Outage, wanted: FileOutage, run: _Run) -> Result:
    """Change what differs from the last import; what staff have changed since stays, where the file did not."""
    assert outage.id is not None
    draft = draft_of(wanted, draft=outage.state == OutageState.DRAFT)
    named = await _differing(unit, outage, draft)
    before = await slots_of(unit, outage.id)
    is_draft = outage.state == OutageState.DRAFT
    unchanged = Result(wanted.ref, Outcome.UNCHANGED, outage.code, is_draft)
    if not named:
        return unchanged
    slots = _ahead(draft.slots, before)
    change = OutageChange(frozenset(named), draft.reason, None, slots, draft.scope)
    was = (outage.revision, outage.reason, set((await scope_of(unit, outage.id)).parts()))
    try:
        done = await outages.change(unit, outage.id, change, BY, run.now)
    except Broken as error:
        run.refused |= left_out(wanted.lines, {wanted.lines[0]: _rules_broken(error)})
        return Result(wanted.ref, Outcome.FORBIDDEN, outage.code, findings=error.findings)
    except Over:
        return Result(wanted.ref, Outcome.OVER, outage.code)
    except Invalid as error:
        raise Invalid([_in_file(problem, slots, draft.slots) for problem in error.problems]) from None
    if done.outage.revision == was[0]:
        return unchanged
    result = _result(wanted, Outcome.CHANGED, done)
    fields = [name for name, old, new in (
        ("reason", was[1], done.outage.reason),
        ("scope", was[2], set((await scope_of(unit, outage.id)).parts())),
    ) if old != new]
    windows = _changes(before, await slots_of(unit, outage.id))
    return Result(**{**vars(result), "windows": windows, "fields": tuple(fields), "is_draft": is_draft})


def _result(wanted: FileOutage, outcome: Outcome, done: Published) -> Result:
    is_draft = done.outage.state == OutageState.DRAFT
    spreading = bool(done.unfinished)
    return Result(
        wanted.ref, outcome, done.outage.code, is_draft, done.recipients, spreading, done.findings
    )


async def _differing(unit: Unit, outage: Outage, draft: OutageDraft) -> list[str]:
    """The fields of OutageChange in which the file differs from what it said at the last import."""
    assert outage.id is not None
    ours = [one for one in await kept.revisions_of(unit, outage.id) if one.by == BY]
    last: OutageRevision = ours[-1] if ours else await kept.revision_of(unit, outage.id, outage.revision)
    seen = await slots_at(unit, outage.id, last.revision)
    ahead = {(slot.starts_at, slot.ends_at) for slot in _ahead(draft.slots, seen)}
    on = {(slot.starts_at, slot.ends_at) for slot in seen if slot.state is SlotState.ON}
    parts = {(str(kind), code) for kind, code in draft.scope.parts()}
    differ = {
        "slots": ahead != on,
        "reason": draft.reason != last.content["reason"],
        "scope": parts != {(kind, code) for kind, code in last.content["scope"]},
    }
    return [name for name, differs in differ.items() if differs]


def _ahead(wanted: Sequence[Slot], known: Sequence[SlotSeen]) -> tuple[Slot, ...]:
    """The windows of the file without those that are over, perhaps earlier or later than was planned."""
    over = {slot.starts_at for slot in known if slot.state is SlotState.OVER}
    return tuple(slot for slot in wanted if slot.starts_at not in over)


def _in_file(problem: Problem, slots: Sequence[Slot], of_file: Sequence[Slot]) -> Problem:
    """A problem of the windows ahead as one of the file's windows."""
    parts = problem.path.split(".")
    if parts[0] != "slots" or len(parts) == 1 or int(parts[1]) >= len(slots):
        return Problem("", problem.key, problem.values)
    at = of_file.index(slots[int(parts[1])])
    return Problem(f"slots.{at}", problem.key, problem.values)


def _rules_broken(error: Broken) -> str:
    rules = sorted({str(one.rule) for one in error.findings if one.blocking})
    return f"the change breaks planning rules ({', '.join(rules)}); staff may set them aside"


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

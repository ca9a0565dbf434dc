"""Brings outages to the state of a file: new ones are published, known ones changed, each in a unit of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from handlers.bad_rows import BadRows, nothing_usable
from handlers.csv_file import Unusable
from handlers.outage_bringing import Outcome, Refused, Result, bring
from handlers.outage_file import OutageFile, bad_rows, read_outages
from handlers.outage_forms import Invalid, Problem
from handlers.rules.outage_rows import FileOutage, left_out
from store import outages as kept
from store.db import Database

# Words for a text of the staff catalog, filled in with values.
Say = Callable[[str, Mapping[str, Any]], str]
# Called with how many outages are done, and how many there are.
Progress = Callable[[int, int], None]

log = structlog.get_logger(__name__)


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
    async with database.reading() as unit:
        # A database without tables is said once, not for each outage.
        await kept.newest(unit, None, None, 1, None)
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
                result = await bring(unit, outage, run.now, draft=run.options.draft)
            _keep(outage, result, run)
        except Exception as error:
            _note(outage, error, run)
    progress(len(every), len(every))


async def _try_all(database: Database, run: _Run, progress: Progress) -> None:
    every = run.file.gathered.outages
    try:
        async with database.unit() as unit:
            unit.tentative = True
            for done, outage in enumerate(every):
                progress(done, len(every))
                try:
                    async with unit.session.begin_nested():
                        result = await bring(unit, outage, run.now, draft=run.options.draft)
                    _keep(outage, result, run)
                except Exception as error:
                    _note(outage, error, run)
            raise _DryRun
    except _DryRun:
        progress(len(every), len(every))


def _keep(outage: FileOutage, result: Result, run: _Run) -> None:
    run.results.append(result)
    if result.outcome is Outcome.FORBIDDEN:
        run.refused |= left_out(outage.lines, {outage.lines[0]: _rules_broken(result)})


def _note(outage: FileOutage, error: Exception, run: _Run) -> None:
    """An outage that could not be used: its lines are left out, and the others go on."""
    if isinstance(error, Refused):
        wrong = error.wrong
    elif isinstance(error, Invalid):
        wrong = _by_line(outage, error.problems, run.say)
    else:
        log.error("outage_import_failed", ref=outage.ref, exc_info=error)
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


def _rules_broken(result: Result) -> str:
    rules = sorted({str(one.rule) for one in result.findings if one.blocking})
    return f"the change breaks planning rules ({', '.join(rules)}), which staff may set aside"

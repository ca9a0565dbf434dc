"""`sangden import`: brings master data from files into the database, and says what it did."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bot.settings import Settings
from bot.start import checked_settings, run, told
from handlers import customer_import, customer_reading
from handlers.bad_rows import BadRows
from handlers.csv_file import Unusable
from handlers.customer_import import Options, Report
from handlers.here import WARD_TABLE, ZONE
from handlers.rules.ward_names import read_wards
from store.customer_import import Busy
from store.db import Database

import_cli = typer.Typer(help="Bring master data in from files.", no_args_is_help=True)

# Between two lines of progress where there is no terminal to draw a bar on.
_QUIET_SECONDS = 5.0


def main() -> None:
    """`sangden import` as a program of its own."""
    cli = typer.Typer()
    cli.add_typer(import_cli, name="import")
    told(cli)


@import_cli.callback()
def _imports() -> None:
    """Bring master data in from files."""


@import_cli.command("customers")
def customers_command(
    file: Annotated[Path, typer.Argument(help="A CSV file, in UTF-8, of all customers.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would change.")] = False,
    bad: Annotated[
        Path | None,
        typer.Option(help="Where bad rows are written; default: beside FILE, as FILE.bad.csv (not in a dry run)."),
    ] = None,
    remove_gone: Annotated[
        bool, typer.Option("--remove-gone", help="Mark missing customers as gone even if they are more than half.")
    ] = False,
) -> None:
    """Bring the customers to the state of FILE: new, changed, moved and gone ones. Bad rows are left out."""
    settings = checked_settings()
    where = bad or (None if dry_run else file.parent / f"{file.stem}.bad.csv")
    # Rows are no cycles: looking for some among them takes a quarter of the time.
    gc.disable()
    with watched() as progress:
        try:
            report = run(_customers(settings, file, Options(where, dry_run, remove_gone), progress))
        except Unusable as error:
            raise ended(str(error)) from None
        except Busy:
            raise ended(
                "Another import is under way in this database. Wait for its end, then try again."
            ) from None
    for line in _told(report, file, where, dry_run=dry_run):
        typer.echo(line)


def ended(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)


async def _customers(
    settings: Settings, file: Path, options: Options, progress: customer_reading.Progress
) -> Report:
    database = Database(settings.database)
    try:
        return await customer_import.run(
            database, file, read_wards(WARD_TABLE), options, datetime.now(UTC), ZONE, progress
        )
    finally:
        await database.close()


@contextmanager
def watched() -> Iterator[customer_reading.Progress]:
    """A bar at a terminal, now and then a line elsewhere; on standard error, so that the report stays apart."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        yield _Bar(bar)


class _Bar:
    """Progress as a bar for each thing that is being done."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            for task in self._tasks.values():
                self._bar.update(task, total=1, completed=1)
            self._tasks[what] = self._bar.add_task(what)
        self._bar.update(self._tasks[what], total=total or None, completed=done)


class _Lines:
    """Progress as a line when something else begins, and every few seconds."""

    def __init__(self) -> None:
        self._what = ""
        self._next = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what != self._what or now >= self._next:
            self._what, self._next = what, now + _QUIET_SECONDS
            share = f" {done * 100 // total} %" if total else ""
            sys.stderr.write(f"{what}{share}\n")
            sys.stderr.flush()


def _told(report: Report, file: Path, where: Path | None, *, dry_run: bool) -> Iterator[str]:
    """The report in lines."""
    found, bad = report.found, report.bad
    yield f"{file}: {report.good + bad.count:,} rows, {report.good:,} good, {bad.count:,} bad."
    if report.extra_columns:
        yield f"Columns that are not used: {', '.join(report.extra_columns)}."
    yield "A dry run: nothing was written. An import would make of the customers" if dry_run else "Customers:"
    for count, word in (
        (found.new, "new"),
        (found.changed, "changed"),
        (found.moved, "moved to another transformer or feeder"),
        (found.back, "back after they were gone"),
        (report.gone, "gone: not in the file; marked, not deleted"),
        (found.unchanged, "unchanged"),
    ):
        yield f"  {count:>10,} {word}"
    yield (
        f"Network: {report.new_feeders:,} feeders and {report.new_transformers:,} transformers are new, "
        f"{report.moved_transformers:,} transformers are on another feeder now."
    )
    if report.kept_back:
        yield (
            f"{report.kept_back:,} of {found.known:,} customers are not in the file. That is more than half, so "
            "they were left alone. If it is right, add --remove-gone."
        )
    yield from bad_rows_told(report.bad, where)


def bad_rows_told(bad: BadRows, where: Path | None) -> Iterator[str]:
    if not bad.count:
        return
    yield f"Bad rows, left out: {where or 'add --bad PATH to have them in a file'}"
    for reason, count in bad.reasons.most_common():
        yield f"  {count:>10,} {reason}"
    for one in bad.first:
        yield f"  line {one.line}: {one.reason}"
    if bad.count > len(bad.first):
        yield f"  … and {bad.count - len(bad.first):,} more"

"""`sangden import outages`: a file of outages is published, or shown in a dry run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot import outage_report
from bot.importing import bad_rows_told, ended, import_cli, main, watched
from bot.settings import Settings
from bot.start import checked_settings, run
from bot.web.errors import say
from handlers import customer_reading, outage_import
from handlers.csv_file import Unusable
from handlers.here import ZONE
from store.db import Database

__all__ = ["import_cli", "main"]


@import_cli.command("outages")
def outages_command(
    file: Annotated[Path, typer.Argument(help="A CSV file, in UTF-8, or a workbook (.xlsx): a row per window.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would change.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Keep what is new as a draft; publish nothing.")] = False,
    bad: Annotated[
        Path | None,
        typer.Option(help="Where bad rows are written; default: beside FILE, as FILE.bad.csv (not in a dry run)."),
    ] = None,
) -> None:
    """Publish the outages of FILE that are new, and change those that it names otherwise than before."""
    settings = checked_settings()
    where = bad or (None if dry_run else file.parent / f"{file.stem}.bad.csv")
    options = outage_import.Options(where, dry_run, draft)
    with watched() as progress:
        try:
            report = run(_outages(settings, file, options, progress))
        except Unusable as error:
            raise ended(str(error)) from None
    for line in outage_report.told(report, file, ZONE, dry_run=dry_run):
        typer.echo(line)
    for line in bad_rows_told(report.bad, where):
        typer.echo(line)


async def _outages(
    settings: Settings, file: Path, options: outage_import.Options, progress: customer_reading.Progress
) -> outage_import.Report:
    database = Database(settings.database)
    try:
        return await outage_import.run(
            database,
            file,
            options,
            datetime.now(UTC),
            ZONE,
            lambda key, values: say(key, "en", values),
            lambda done, total: progress("outages", done, total),
        )
    finally:
        await database.close()

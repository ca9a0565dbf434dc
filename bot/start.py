"""What every command begins with: settings that are checked, and an event loop for its work."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console as Terminal
from rich.markup import escape
from sqlalchemy.exc import SQLAlchemyError

from bot import logs
from bot.settings import Settings
from store.sealing import MissingKeys

try:
    import uvloop
except ImportError:  # not made for every platform; the service runs without it, a little slower
    uvloop = None  # type: ignore[assignment]

terminal = Terminal(stderr=False)


def checked_settings() -> Settings:
    """The settings of this run, its logs set up by them; ends the process with a sentence for each wrong one."""
    try:
        settings = Settings()
    except ValidationError as error:
        for one in error.errors():
            name = "SANGDEN_" + "_".join(str(part) for part in one["loc"]).upper() if one["loc"] else "settings"
            terminal.print(f"[red]{name}[/red]: {escape(one['msg'])}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    logs.configure(settings.log_format, settings.log_level)
    return settings


def run(work: Any) -> Any:
    """Run a coroutine to its end."""
    if uvloop is not None:
        return uvloop.run(work)
    return asyncio.run(work)


def told(commands: typer.Typer) -> None:
    """Run a command of these, and end with a sentence where the machine or the database is in the way."""
    try:
        commands()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        typer.echo(f"{error.strerror}. Choose another port with --port.", err=True)
        raise SystemExit(1) from None
    except MissingKeys as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None
    except SQLAlchemyError as error:
        typer.echo(f"The database said: {error}\nRun `sangden doctor` to see what is wrong.", err=True)
        raise SystemExit(1) from None

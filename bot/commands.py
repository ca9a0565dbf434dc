"""The commands beside serving and imports: migrate, demo, token, vault, chat, survey-sample, doctor."""

from __future__ import annotations

import io
import secrets
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bot import app, doctor, survey_sample
from bot.console import BadLine, Console
from bot.sender import utcnow
from bot.serving import cli as cli
from bot.settings import Settings
from bot.start import checked_settings, run, terminal, told
from bot.vault_cli import vault_cli
from conversations.model import Language
from handlers import demo_load, tokens
from handlers.talking import talking
from handlers.vault import check_keys
from store import migrate as migrations
from store.db import Database

token_cli = typer.Typer(help="API tokens of staff and systems.", no_args_is_help=True)
cli.add_typer(token_cli, name="token")
cli.add_typer(vault_cli, name="vault")


class StaffRoles(StrEnum):
    """What an API token may do."""

    OPERATOR = "operator"
    AGENT = "agent"
    LEADER = "leader"
    ADMIN = "admin"


class Speaks(StrEnum):
    """The languages of the bot."""

    VI = "vi"
    EN = "en"


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    settings = checked_settings()
    migrations.upgrade(_prepared(settings))
    terminal.print("The database is up to date.")


def _prepared(settings: Settings) -> str:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings.database


@cli.command()
def demo(
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Say nothing when there are customers.")] = False,
) -> None:
    """Load the demonstration utility into an empty database."""
    settings = checked_settings()
    loaded = run(_demo(settings))
    if loaded:
        terminal.print(f"Loaded a fictitious utility with {loaded} customers.")
    elif not if_empty:
        terminal.print("There are customers already; the demonstration data is only for an empty database.")
        raise typer.Exit(1)


async def _demo(settings: Settings) -> int:
    database = Database(settings.database)
    try:
        async with database.unit() as unit:
            return await demo_load.load(unit, talking().wards) if await demo_load.is_empty(unit) else 0
    finally:
        await database.close()


@token_cli.command("add")
def token_add(
    name: Annotated[str, typer.Argument(help="Who or what uses it.")],
    role: Annotated[StaffRoles, typer.Option(help="What it may do.")],
) -> None:
    """Make an API token and print it, this once."""
    settings = checked_settings()
    secret = f"sd_{secrets.token_urlsafe(32)}"
    run(_token_add(settings, name, role.value, secret))
    typer.echo(secret)


async def _token_add(settings: Settings, name: str, role: str, secret: str) -> None:
    database = Database(settings.database)
    try:
        async with database.unit() as unit:
            await tokens.issue(unit, name, role, secret, utcnow())
    finally:
        await database.close()


@cli.command()
def chat(
    name: Annotated[
        str, typer.Option("--as", help="Who is talking; each name has a conversation of its own.")
    ] = "me",
    lang: Annotated[Speaks | None, typer.Option(help="The language to begin with.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each turn.")] = False,
) -> None:
    """Talk with the bot in the terminal, or from a script through standard input."""
    settings = checked_settings()
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            # Whatever the terminal's locale is: a byte that is no UTF-8 is a wrong letter, not the end.
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        run(_chat(settings, name, lang.value if lang else None, as_json))
    except BadLine as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


async def _chat(settings: Settings, name: str, language: Language | None, as_json: bool) -> None:
    database, server = Database(settings.database), app.assistant_server(settings)
    try:
        await migrations.upgrade_engine(database.engine)
        vault = app.vault_of(settings, database)
        await check_keys(database, vault.files.sealer, utcnow())
        words = app.talking_of(settings)
        assistant = app.assistant_of(server, database, words)
        await Console(database, words, name, language, vault, assistant).run(as_json)
    finally:
        if server:
            await server.close()
        await database.close()


@cli.command("survey-sample")
def survey_sample_command(
    year: Annotated[int, typer.Argument(min=2020, max=2200, help="The year whose answers are drawn from.")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The CSV file to write.")],
    seed: Annotated[
        str, typer.Option(help="The same seed draws the same sample; the year, if none is given.")
    ] = "",
) -> None:
    """Draw the sample for the yearly independent survey, without anything that names anybody."""
    settings = checked_settings()
    drawn = run(survey_sample.write(settings.database, year, seed or str(year), file))
    terminal.print(f"{file}: {drawn} answers of {year}.", highlight=False)


@cli.command("doctor")
def doctor_command() -> None:
    """Check settings, database and channels, and say what to do about what is wrong."""
    settings = checked_settings()
    findings = run(doctor.examine(settings))
    for finding in findings:
        colour = {"ok": "green", "off": "yellow", "wrong": "red"}[finding.state]
        detail = escape(f"{finding.what}: {finding.detail}")
        terminal.print(f"[{colour}]{finding.state:>5}[/{colour}]  {detail}", highlight=False, soft_wrap=True)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(1)


def main() -> None:
    """`sangden` as it is started for any of these."""
    told(cli)

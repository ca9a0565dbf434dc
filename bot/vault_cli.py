"""`sangden vault`: makes keys for the vault, and brings everything that is sealed under the first of them."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from bot.app import vault_of
from bot.sender import utcnow
from bot.settings import Settings
from bot.start import checked_settings, run
from handlers import vault
from handlers.vault import Rotated
from store.db import Database
from store.sealing import new_key

vault_cli = typer.Typer(help="The keys of what customers entrust to us.", no_args_is_help=True)

# Between two lines of progress, in seconds.
_QUIET = 2.0


@vault_cli.command("key")
def key_command(
    name: Annotated[str, typer.Option("--id", help="The key's id: letters, digits, - and _.")] = "",
) -> None:
    """Print a new key, to be put first into SANGDEN_VAULT_KEYS; the keys before it stay behind it."""
    typer.echo(new_key(name or f"k{utcnow():%Y%m%d}"))


@vault_cli.command("rotate")
def rotate_command() -> None:
    """Bring every file and sealed text under the first key, so that the others are needless. May be stopped."""
    settings = checked_settings()
    done = run(_rotate(settings))
    typer.echo(f"{done.files:,} files and {done.texts:,} texts are under another key than before.")
    if done.broken:
        typer.echo(
            f"{done.broken:,} could not be opened; the log names them. Keep the old keys until that is settled.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("Everything is under the first key. The others may be taken out of SANGDEN_VAULT_KEYS.")


async def _rotate(settings: Settings) -> Rotated:
    database = Database(settings.database)
    try:
        return await vault.rotate(vault_of(settings, database), _Progress(), utcnow())
    finally:
        await database.close()


class _Progress:
    """A line now and then, on standard error."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _QUIET

    def __call__(self, what: str, done: int, total: int) -> None:
        if (now := time.monotonic()) >= self._next:
            self._next = now + _QUIET
            typer.echo(f"{what}: {done:,}" + (f" of {total:,}" if total else ""), err=True)

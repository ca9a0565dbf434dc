"""The whole command line, for `python -m bot` and for help; `sangden` begins in bot/entry.py and loads less."""

from __future__ import annotations

from bot import commands
from bot.importing_outages import import_cli
from bot.start import told

commands.cli.add_typer(import_cli, name="import")


def main() -> None:
    """Run any command."""
    told(commands.cli)


if __name__ == "__main__":
    main()

"""`sangden serve`, and the command line that the other commands join; it loads only what serving needs."""

from __future__ import annotations

import asyncio
import signal
import sys
from enum import StrEnum
from typing import Annotated

import typer

from bot import app, garbage
from bot.settings import Settings
from bot.start import checked_settings, run, terminal, told

cli = typer.Typer(help="Sáng Đèn: the chatbot service of a power utility.", no_args_is_help=True)


class Roles(StrEnum):
    """What a process does."""

    ALL = "all"
    WEB = "web"
    SENDER = "sender"
    SCHEDULER = "scheduler"


@cli.callback()
def _commands() -> None:
    """Sáng Đèn: the chatbot service of a power utility."""


@cli.command()
def serve(
    role: Annotated[Roles, typer.Option(help="What this process does.")] = Roles.ALL,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 picks one.")] = 8080,
) -> None:
    """Run the service until it is told to stop (Ctrl-C or SIGTERM)."""
    run(_serve(checked_settings(), role.value, host, port))


async def _serve(settings: Settings, role: app.Role, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop.set)
    async with app.running(settings, role, host, port) as address:
        garbage.collect_rarely()
        if address:
            terminal.print(
                f"\n[bold]Sáng Đèn[/bold] is on. Open [link={address}/]{address}/[/link]", highlight=False
            )
            terminal.print(f"  web chat   {address}/", highlight=False)
            terminal.print(f"  staff API  {address}/api/v1/openapi.json", highlight=False)
            terminal.print(f"  health     {address}/readyz, {address}/metrics", highlight=False)
            telegram = settings.telegram_mode if settings.telegram_token.get_secret_value() else "off (no token)"
            terminal.print(f"  Telegram   {telegram}", highlight=False)
            sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """`sangden serve` as a program of its own."""
    told(cli)

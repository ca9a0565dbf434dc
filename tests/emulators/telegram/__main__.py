"""`python -m tests.emulators.telegram --port P`: serves until told to stop, after one line with its address."""

import argparse
import asyncio
import contextlib
import signal
import sys

import uvloop

from tests.emulators.telegram.emulator import TelegramEmulator
from tests.emulators.telegram.state import TOKEN


async def serve(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopped.set)
    async with TelegramEmulator.running(
        host=options.host,
        port=options.port,
        token=options.token,
        speed=options.speed,
        known_chats_only=options.known_chats_only,
    ) as emulator:
        sys.stdout.write(f"{emulator.url}\n")
        sys.stdout.flush()
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.telegram", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--token", default=TOKEN, help="the only token that is let in (default: %(default)s)")
    parser.add_argument("--speed", type=float, default=1.0, help="server seconds per real second")
    parser.add_argument("--known-chats-only", action=argparse.BooleanOptionalAction, default=True)
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()

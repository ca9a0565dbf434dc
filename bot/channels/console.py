"""The terminal as a channel: what is sent is printed, and kept for whoever asks for JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from handlers.ports import Forged, Incoming, Limits, Outcome, Outgoing, Sent

NAME = "console"
_PIECE = 256 * 1024


class ConsoleChannel:
    """Collects what is sent to the one person at the terminal."""

    name = NAME
    most_file_bytes = 20 * 1024 * 1024
    limits = Limits(
        text=100_000, buttons=100, edit=False, images=True, per_second=1e6, per_recipient=0.0, in_flight=10
    )

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def taken(self) -> list[Outgoing]:
        """What was sent since the last time."""
        sent, self.sent = self.sent, []
        return sent

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        raise Forged("a terminal has no webhook")

    async def send(self, to: str, message: Outgoing, key: str) -> Outcome:
        self.sent.append(message)
        return Sent(key)

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """A file of the machine that the terminal is on; `ref` is its path."""
        with await asyncio.to_thread(Path(ref).open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

"""The terminal as a channel: what is sent is printed, and kept for whoever asks for JSON."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.ports import Forged, Incoming, Limits, Outcome, Outgoing, Sent

NAME = "console"


class ConsoleChannel:
    """Collects what is sent to the one person at the terminal."""

    name = NAME
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

    async def photo(self, ref: str) -> bytes:
        raise FileNotFoundError(ref)

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

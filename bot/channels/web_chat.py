"""The web chat as a channel: the platform is our own database, so what is settled is delivered."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.ports import Forged, Incoming, Limits, Outcome, Outgoing, Sent

NAME = "web"


class WebChatChannel:
    """A message counts as sent once it stands in the visitor's history, which the page shows live or later."""

    name = NAME
    # A page fetches the pictures that it shows (bot/web/chat.py), so none is drawn to be sent along.
    limits = Limits(
        text=20_000, buttons=30, edit=False, images=False, per_second=1e6, per_recipient=0.0, in_flight=500
    )

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        """The page speaks over its own socket (bot/web/chat.py); nobody posts here."""
        raise Forged("the web chat has no webhook")

    async def send(self, to: str, message: Outgoing, key: str) -> Outcome:
        return Sent(key)

    async def photo(self, ref: str) -> bytes:
        raise FileNotFoundError(ref)

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

"""The web chat as a channel: the platform is our own database, so what is settled is delivered."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager

from handlers.ports import Forged, Incoming, Limits, Outcome, Outgoing, Sent
from store.spool import Spool

NAME = "web"


class WebChatChannel:
    """A message counts as sent once it stands in the visitor's history, which the page shows live or later."""

    name = NAME
    most_file_bytes = 10 * 1024 * 1024
    # A page fetches the pictures that it shows (bot/web/chat.py), so none is drawn to be sent along.
    limits = Limits(
        text=20_000, buttons=30, edit=False, images=False, per_second=1e6, per_recipient=0.0, in_flight=500
    )

    def __init__(self) -> None:
        self._held: dict[str, Spool] = {}

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        """The page speaks over its own socket (bot/web/chat.py); nobody posts here."""
        raise Forged("the web chat has no webhook")

    async def send(self, to: str, message: Outgoing, key: str) -> Outcome:
        return Sent(key)

    @contextmanager
    def holding(self, spool: Spool) -> Iterator[str]:
        """Have an upload at hand for `fetch` while the block runs; gives its ref, which names it this once."""
        ref = secrets.token_hex(16)
        self._held[ref] = spool
        try:
            yield ref
        finally:
            del self._held[ref]

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """The upload of that ref."""
        if ref not in self._held:
            raise FileNotFoundError("the upload is over")
        async for piece in self._held[ref].read():
            yield piece

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

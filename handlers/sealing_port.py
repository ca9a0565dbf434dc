"""What requests need of the vault: answers sealed as text, and files kept for a purpose until a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from store.db import Unit


class Sealer(Protocol):
    """Encrypts what names a person; `about` is bound to it, so that a row cannot be put in another's place."""

    def seal(self, plain: bytes, about: str) -> str:
        """The sealed text."""

    def open(self, sealed: str, about: str) -> bytes:
        """What was sealed. Raises for a text that was not sealed for this, or whose key is gone."""


class Files(Protocol):
    """Keeps the files that customers sent."""

    async def claim(
        self, unit: Unit, file_ids: Sequence[str], request_code: str, purpose: str, delete_after: datetime
    ) -> None:
        """These files belong to a request, and are kept for it until then."""

"""What requests need of the vault's keys: answers sealed as text."""

from __future__ import annotations

from typing import Protocol


class Sealer(Protocol):
    """Encrypts what names a person; `about` is bound to it, so that a row cannot be put in another's place."""

    def seal(self, plain: bytes, about: str) -> str:
        """The sealed text."""

    def open(self, sealed: str, about: str) -> bytes:
        """What was sealed. Raises for a text that was not sealed for this, or whose key is gone."""

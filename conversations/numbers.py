"""Numbers that customers keep: asked for just before something gets one, so that it can be said back."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.model import Found, Query


@dataclass(frozen=True)
class NewNumber(Query):
    """A number that nobody has yet, for a thing of this kind (`report`)."""

    kind: str


@dataclass(frozen=True)
class NumberFound(Found):
    """The number, with its check letter: BD-000127-K."""

    code: str

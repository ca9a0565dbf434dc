"""API tokens: issued once, known by their digest, carrying a role."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from store import tokens
from store.db import Unit


@dataclass(frozen=True)
class Caller:
    """Who calls the staff API."""

    id: int
    name: str
    role: str


def digest(secret: str) -> str:
    """What is kept of a secret: it is long and random, so that a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def issue(unit: Unit, name: str, role: str, secret: str, now: datetime) -> None:
    """Keep a token; one of the same name is replaced, its old secret void."""
    await tokens.add(unit, name, role, digest(secret), now)


async def caller(unit: Unit, secret: str) -> Caller | None:
    """Whose secret that is, or None."""
    token = await tokens.by_digest(unit, digest(secret))
    return Caller(token.id, token.name, token.role) if token and token.id is not None else None

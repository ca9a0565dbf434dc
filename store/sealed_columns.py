"""The columns whose values are sealed, and how they are sealed anew under another key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, update
from sqlmodel import SQLModel, col, select

from store.conversations import Conversation
from store.db import Unit
from store.profiles import Profile
from store.requests import Request
from store.sealing import Sealer, Unopened, key_id_of


@dataclass(frozen=True)
class SealedColumn:
    """A column; what the text of a row is about is `{about}/{key}`.

    within: the name under which a JSON column holds the sealed text; None for a column that is the text.
    """

    table: type[SQLModel]
    key: str
    column: str
    about: str
    within: str | None = None


# Whoever adds a column that is sealed adds it here, so that `sangden vault rotate` finds it.
COLUMNS = (
    SealedColumn(Conversation, "contact_id", "state", "conversation", within="sealed"),
    SealedColumn(Profile, "contact_id", "sealed", "profile"),
    SealedColumn(Request, "code", "sealed", "request"),
)


async def count(unit: Unit, of: SealedColumn) -> int:
    """How many rows the table has."""
    return int((await unit.session.execute(select(func.count()).select_from(of.table))).scalar_one())


@dataclass(frozen=True)
class Resealed:
    """What one look at some rows did: their keys, how many were sealed anew, which could not be opened."""

    keys: Sequence[Any]
    changed: int
    broken: Sequence[Any]


async def reseal(unit: Unit, of: SealedColumn, sealer: Sealer, after: Any, limit: int) -> Resealed:
    """Seal the next rows anew, in the order of their keys, as far as they are not under the key that seals now.

    after: the last key looked at, None for the beginning.
    """
    key, column = getattr(of.table, of.key), getattr(of.table, of.column)
    # Locked, so that no conversation that goes on meanwhile is set back.
    query = select(key, column).order_by(key).limit(limit).with_for_update()
    rows = (await unit.session.execute(query if after is None else query.where(col(key) > after))).all()
    changed, broken = 0, []
    for row_key, value in rows:
        try:
            new = _resealed(of, row_key, value, sealer)
        except Unopened:
            broken.append(row_key)
            continue
        if new is not None:
            await unit.session.execute(update(of.table).where(col(key) == row_key).values({of.column: new}))
            changed += 1
    return Resealed([row_key for row_key, _ in rows], changed, broken)


def _resealed(of: SealedColumn, key: Any, value: Any, sealer: Sealer) -> Any:
    """The value sealed anew; None when it need not be. Raises Unopened."""
    sealed = value.get(of.within) if of.within and isinstance(value, dict) else value
    if not isinstance(sealed, str) or not sealed or key_id_of(sealed) == sealer.current:
        return None
    anew = sealer.resealed(sealed, f"{of.about}/{key}")
    return {**value, of.within: anew} if of.within else anew

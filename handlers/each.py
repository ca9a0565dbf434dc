"""Does something with each of the rows that a tick found; one that fails keeps no other from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from store.db import Unit

log = structlog.get_logger(__name__)


class _Row(Protocol):
    @property
    def id(self) -> int | None: ...


Row = TypeVar("Row", bound=_Row)


async def each(unit: Unit, what: str, rows: Sequence[Row], deed: Callable[[Row], Awaitable[bool]]) -> int:
    """How many rows the deed did something with; what it did with one that failed is undone, and logged."""
    done = 0
    for row in rows:
        # Read now: after a failure the row would have to be read anew.
        row_id = row.id
        try:
            async with unit.session.begin_nested():
                done += await deed(row)
        except Exception:
            log.exception("piece_failed", what=what, id=row_id)
    return done

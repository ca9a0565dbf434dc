"""Brings the customer master to the state of a file: staged rows are compared, and written as sets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from store import bulk
from store.customer_staging import DETAILS, KEPT, PLACE
from store.db import Unit

# Any number will do, as long as nothing else takes it: two imports at once would each see half of the other.
_LOCK = 7_206_031
_FRUGAL_KILOBYTES = 3_000
# To enter a row into an index out of its order takes some four times as long as in a sorted million.
_MANY = 4


@dataclass(frozen=True)
class Comparison:
    """What a file changes, in customers.

    moved: on another transformer or feeder, whatever else changed; changed: only in other details; back: gone
    before, in the file again; missing: in the database, and neither gone nor in the file; known: in the database
    and not gone before; met: whether there was any customer before, gone or not.
    """

    new: int
    changed: int
    moved: int
    back: int
    unchanged: int
    missing: int
    known: int
    met: bool

    @property
    def differs(self) -> bool:
        """Whether any row of the file is other than what is kept."""
        return bool(self.new or self.changed or self.moved or self.back)


class Busy(Exception):
    """Another import is under way in this database."""


async def begin(unit: Unit) -> None:
    """Keep other imports out until the unit ends. Raises Busy (PostgreSQL; SQLite waits by itself)."""
    if unit.dialect == "sqlite":
        # Rows pass by once and need no cache; sorting for an index takes as much memory as the cache may have.
        await unit.run(text(f"PRAGMA cache_size=-{_FRUGAL_KILOBYTES}"))
        return
    if not (await unit.run(text(f"SELECT pg_try_advisory_xact_lock({_LOCK})"))).scalar_one():
        raise Busy
    await unit.run(text("SET LOCAL work_mem = '64MB'"))
    await unit.run(text("SET LOCAL maintenance_work_mem = '256MB'"))


# --- all at once: into a table that has no rows ------------------------------------------------------------


async def can_fill(unit: Unit) -> bool:
    """Whether there is no customer, not even one who is gone, and the table is ours to load as we like."""
    return not await _any(unit, "customer") and await bulk.is_ours(unit, "customer")


async def fill(
    unit: Unit, blocks: Iterator[Sequence[Sequence[str]]], parents: Callable[[], Awaitable[None]]
) -> None:
    """Take blocks of rows, each as its columns in the order of KEPT and sorted by code, as the customers.

    parents: adds the feeders and transformers of the rows when all are there. SQLite: within `bulk.trusted`.
    """
    async with bulk.without_indexes(unit, "customer"):
        await bulk.copy(unit, "customer", KEPT, blocks)
        await parents()
    if unit.dialect != "sqlite":
        await unit.run(text("ANALYZE customer"))


# --- compared: rows have been staged -----------------------------------------------------------------------


async def mention(unit: Unit, codes: Sequence[str]) -> None:
    """These customers are in the file, though nothing can be learned of them."""
    await bulk.copy(unit, "customer_mentioned", ("code",), iter([[codes]] if codes else []))


async def settle(unit: Unit, *, in_order: bool) -> None:
    """All rows are staged: let PostgreSQL's planner know how many there are, and find them by code."""
    if unit.dialect == "sqlite":
        return
    if not in_order:
        await unit.run(text("CREATE INDEX by_code ON customer_staged (code)"))
    await unit.run(text("ANALYZE customer_staged"))


async def refuse_repeated(unit: Unit) -> list[tuple[int, int]]:
    """Take out all rows of a code but the first; their lines, each with the first one's."""
    first = "(SELECT code, min(line) AS line FROM customer_staged GROUP BY code HAVING count(*) > 1)"
    found: Any = await unit.run(
        text(f"SELECT s.line, f.line FROM customer_staged s JOIN {first} f ON f.code = s.code AND s.line > f.line")
    )
    repeated = sorted((again, line) for again, line in found)
    if repeated:
        await unit.run(
            text(
                f"DELETE FROM customer_staged WHERE line IN (SELECT s.line FROM customer_staged s "
                f"JOIN {first} f ON f.code = s.code AND s.line > f.line)"
            )
        )
    return repeated


async def refuse_pair(unit: Unit, transformer: str, feeder: str) -> list[int]:
    """Take out the rows that have this transformer on this feeder; their lines."""
    at = {"transformer": transformer, "feeder": feeder}
    where = "WHERE transformer_code = :transformer AND feeder_code = :feeder"
    lines = [line for (line,) in await unit.run(text(f"SELECT line FROM customer_staged {where}"), at)]
    await unit.run(text(f"INSERT INTO customer_mentioned (code) SELECT code FROM customer_staged {where}"), at)
    await unit.run(text(f"DELETE FROM customer_staged {where}"), at)
    return lines


async def feeders_by_rows(unit: Unit, transformer: str) -> list[str]:
    """The feeders on which rows have this transformer: that of most rows first, of as many the one met first."""
    counted = (
        "SELECT feeder_code FROM customer_staged WHERE transformer_code = :transformer "
        "GROUP BY feeder_code ORDER BY count(*) DESC, min(line)"
    )
    return [feeder for (feeder,) in await unit.run(text(counted), {"transformer": transformer})]


async def first_line(unit: Unit, transformer: str, feeder: str) -> int:
    """The first row that has this transformer on this feeder."""
    where = "WHERE transformer_code = :transformer AND feeder_code = :feeder"
    at = {"transformer": transformer, "feeder": feeder}
    return int((await unit.run(text(f"SELECT min(line) FROM customer_staged {where}"), at)).scalar_one())


async def compare(unit: Unit) -> Comparison:
    """What the staged rows would change."""
    staged, known = await _count(unit, "customer_staged"), await _count(unit, "customer WHERE NOT gone")
    if not await _any(unit, "customer"):
        return Comparison(staged, 0, 0, 0, 0, 0, 0, met=False)
    moved = _differ(unit, PLACE)
    changed = _differ(unit, DETAILS)
    row = (
        await unit.run(
            text(
                f"SELECT count(*), sum(CASE WHEN c.gone THEN 1 ELSE 0 END), "
                f"sum(CASE WHEN c.gone THEN 0 WHEN {moved} THEN 1 ELSE 0 END), "
                f"sum(CASE WHEN c.gone THEN 0 WHEN {moved} THEN 0 WHEN {changed} THEN 1 ELSE 0 END) "
                "FROM customer_staged s JOIN customer c ON c.code = s.code"
            )
        )
    ).one()
    matched, back, moves, changes = (int(value or 0) for value in row)
    missing = known - (matched - back)
    if missing and await _any(unit, "customer_mentioned"):
        missing = await _count(unit, f"customer c WHERE {_MISSING}")
    return Comparison(
        staged - matched, changes, moves, back, matched - back - moves - changes, missing, known, met=True
    )


_MISSING = (
    "NOT c.gone AND NOT EXISTS (SELECT 1 FROM customer_staged s WHERE s.code = c.code) "
    "AND NOT EXISTS (SELECT 1 FROM customer_mentioned m WHERE m.code = c.code)"
)


def _differ(unit: Unit, columns: Iterable[str]) -> str:
    """The condition that a customer `c` is not as the staged row `s` says in these columns."""
    names = list(columns)
    kept, staged = (", ".join(f"{table}.{name}" for name in names) for table in "cs")
    return f"({kept}) {'IS NOT' if unit.dialect == 'sqlite' else 'IS DISTINCT FROM'} ({staged})"


async def _count(unit: Unit, what: str) -> int:
    return int((await unit.run(text(f"SELECT count(*) FROM {what}"))).scalar_one())


async def _any(unit: Unit, table: str) -> bool:
    return bool((await unit.run(text(f"SELECT EXISTS (SELECT 1 FROM {table})"))).scalar_one())


async def write(unit: Unit, found: Comparison) -> None:
    """Make the customers what the staged rows say; their wards, feeders and transformers must exist."""
    if found.changed or found.moved or found.back:
        values = ", ".join(f"{name} = s.{name}" for name in KEPT[1:])
        await unit.run(
            text(
                f"UPDATE customer AS c SET {values}, gone = false FROM customer_staged s "
                f"WHERE c.code = s.code AND (c.gone OR {_differ(unit, KEPT[1:])})"
            )
        )
    if found.new:
        # Worth it only for many: all rows of the table are indexed anew.
        async with bulk.without_indexes(unit, "customer", if_=found.new * _MANY > found.known):
            columns = ", ".join(KEPT)
            new = (
                "WHERE NOT EXISTS (SELECT 1 FROM customer c WHERE c.code = s.code) ORDER BY code"
                if found.met
                else ""
            )
            await unit.run(
                text(
                    f"INSERT INTO customer ({columns}, gone) SELECT {columns}, false FROM customer_staged s {new}"
                )
            )
    if found.differs and unit.dialect != "sqlite":
        await unit.run(text("ANALYZE customer"))


async def mark_gone(unit: Unit) -> None:
    """Mark the customers that the file does not name at all."""
    if unit.dialect == "sqlite":
        await unit.run(text("CREATE INDEX IF NOT EXISTS staging.by_code ON customer_staged (code)"))
    await unit.run(text(f"UPDATE customer AS c SET gone = true WHERE {_MISSING}"))


async def move_transformers(unit: Unit, feeders: Mapping[str, str]) -> None:
    """Put transformers, by code, on other feeders, and all their customers with them."""
    moves = [{"transformer": transformer, "feeder": feeder} for transformer, feeder in feeders.items()]
    if moves:
        await unit.run(text("UPDATE transformer SET feeder_code = :feeder WHERE code = :transformer"), moves)
        await unit.run(
            text(
                "UPDATE customer SET feeder_code = :feeder "
                "WHERE transformer_code = :transformer AND feeder_code <> :feeder"
            ),
            moves,
        )

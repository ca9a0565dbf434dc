"""Where the rows of a customer file wait until all are there: a temporary table, on SQLite a file of its own."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import text

from store import bulk
from store.db import Database, Unit

# The columns of a staged row, in order; `line` is where it stands in the file.
DETAILS = ("name", "phone", "address", "house", "street", "ward_code", "segment", "important")
PLACE = ("feeder_code", "transformer_code")
KEPT = ("code", *DETAILS, *PLACE)
STAGED = ("line", *KEPT)


@contextmanager
def staging_file(database: Database) -> Iterator[Path | None]:
    """Where rows wait on SQLite: apart, so that others can write while a file is read. None on PostgreSQL."""
    if not database.is_sqlite:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="sangden-import-") as folder:
        yield Path(folder) / "staged.db"


def stage_apart(place: Path, blocks: Iterator[Sequence[Sequence[str]]]) -> None:
    """Take in blocks as `stage` does, into a file that `open_staged` adds to a unit."""
    with closing(sqlite3.connect(place, isolation_level=None)) as apart:
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", *_tables("", ""), "BEGIN"):
            apart.execute(statement)
        for columns in blocks:
            bulk.insert_into(apart, "customer_staged", STAGED, columns)
        apart.execute("COMMIT")


def sort_apart(place: Path) -> None:
    """Bring what is staged into the order of codes, which is the order of what it is compared with."""
    with closing(sqlite3.connect(place, isolation_level=None)) as apart:
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "BEGIN", *_SORTING, "COMMIT"):
            apart.execute(statement)


async def open_staged(unit: Unit, place: Path | None) -> None:
    """Make the room for rows, which goes when the unit ends; on SQLite, when its connection is closed."""
    if place is None:
        for statement in _tables("TEMPORARY", " ON COMMIT DROP"):
            await unit.run(text(statement))
    else:
        await unit.run(text("ATTACH DATABASE :place AS staging"), {"place": str(place)})


def _tables(kind: str, at_commit: str) -> list[str]:
    columns = ", ".join(f"{name} {_type(name)}" for name in STAGED)
    return [
        f"CREATE {kind} TABLE customer_staged ({columns}){at_commit}",
        f"CREATE {kind} TABLE customer_mentioned (code VARCHAR){at_commit}",
    ]


_SORTING = (
    "CREATE TABLE customer_sorted AS SELECT * FROM customer_staged ORDER BY code, line",
    "DROP TABLE customer_staged",
    "ALTER TABLE customer_sorted RENAME TO customer_staged",
    "CREATE INDEX by_code ON customer_staged (code)",
)


def _type(name: str) -> str:
    return {"line": "INTEGER", "important": "BOOLEAN"}.get(name, "VARCHAR")


async def stage(unit: Unit, blocks: Iterator[Sequence[Sequence[str]]]) -> None:
    """Take in blocks of rows, each as its columns in the order of STAGED; what `blocks` raises comes through."""
    await bulk.copy(unit, "customer_staged", STAGED, blocks)

"""Writes rows by the million: COPY and indexes set aside on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain, islice
from typing import Any

from sqlalchemy import text

from store.db import Database, Unit

# Rows of one statement on SQLite: a third less time for each than one by one.
_AT_ONCE = 20
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

Columns = Sequence[Sequence[str]]


async def copy(unit: Unit, table: str, names: Sequence[str], blocks: Iterator[Columns]) -> None:
    """Append blocks of rows, each given as its columns; the database makes of the texts what the table wants.

    An empty text stays empty. What `blocks` raises comes through, and the unit is then rolled back as ever.
    """
    connection = await unit.session.connection()
    if unit.dialect == "sqlite":
        driver: Any = (await connection.get_raw_connection()).driver_connection
        for columns in blocks:
            await driver.visit(lambda held, columns=columns: insert_into(held, table, names, columns))
        return
    raw: Any = (await connection.get_raw_connection()).driver_connection
    await raw.copy_to_table(table, source=_as_text(blocks), columns=list(names), format="text")


def insert_into(held: sqlite3.Connection, table: str, names: Sequence[str], columns: Columns) -> None:
    """Append a block of rows, given as its columns, on SQLite."""
    rows = len(columns[0]) if columns else 0
    whole = rows - rows % _AT_ONCE
    cells = chain.from_iterable(islice(zip(*columns, strict=True), whole))
    held.executemany(_insertion(table, names, _AT_ONCE), zip(*[cells] * (_AT_ONCE * len(names)), strict=True))
    held.executemany(_insertion(table, names, 1), islice(zip(*columns, strict=True), whole, None))


def _insertion(table: str, names: Sequence[str], rows: int) -> str:
    values = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([values] * rows)}"


async def _as_text(blocks: Iterator[Columns]) -> AsyncIterator[bytes]:
    """COPY's text format; a block whose cells hold none of its signs is joined without looking at each cell."""
    for columns in blocks:
        rows = len(columns[0])
        if not rows:
            continue
        joined = "\n".join(map("\t".join, zip(*columns, strict=True)))
        strange = "\\" in joined or "\r" in joined
        if strange or joined.count("\n") != rows - 1 or joined.count("\t") != rows * (len(columns) - 1):
            escaped = ([cell.translate(_ESCAPED) for cell in column] for column in columns)
            joined = "\n".join(map("\t".join, zip(*escaped, strict=True)))
        yield joined.encode() + b"\n"


@asynccontextmanager
async def trusted(database: Database) -> AsyncIterator[None]:
    """Units within the block may write what they know to be consistent without SQLite's looking each key up.

    That is a third of the time of a row. It cannot be chosen within a unit. PostgreSQL is not concerned.
    """
    await _check_keys(database, "OFF")
    try:
        yield
    finally:
        await _check_keys(database, "ON")


async def _check_keys(database: Database, state: str) -> None:
    if database.is_sqlite:
        # There is one connection that writes: what it is told here holds for the unit that comes.
        async with database.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.visit(lambda held: held.execute(f"PRAGMA foreign_keys={state}"))


@asynccontextmanager
async def without_indexes(unit: Unit, table: str, *, if_: bool = True) -> AsyncIterator[None]:
    """Take a table's indexes and foreign keys away for the block, and build and check them at its end.

    Readers of the table wait until the unit ends. Its primary key stays. On PostgreSQL nothing happens unless the
    table is ours to change; for SQLite's foreign keys see `trusted`.
    """
    parts = await _parts(unit, table) if if_ else []
    for drop, _ in parts:
        await unit.run(text(drop))
    yield
    for _, make in parts:
        await unit.run(text(make))


async def is_ours(unit: Unit, table: str) -> bool:
    """Whether `without_indexes` can do anything: a role of PostgreSQL may write a table that is not its own."""
    if unit.dialect == "sqlite":
        return True
    owner = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(:name)"
    return bool((await unit.run(text(owner), {"name": table})).scalar_one())


async def _parts(unit: Unit, table: str) -> list[tuple[str, str]]:
    """What takes each of them away, and what makes it again."""
    if unit.dialect == "sqlite":
        indexes = (
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL"
        )
        found: Any = await unit.run(text(indexes), {"name": table})
        return [(f'DROP INDEX "{name}"', sql) for name, sql in found]
    found = await unit.run(text(_POSTGRESQL_PARTS), {"name": table})
    return [(drop, make) for drop, make in found]


_POSTGRESQL_PARTS = """
    SELECT 'ALTER TABLE ' || t.oid::regclass || ' DROP CONSTRAINT ' || quote_ident(k.conname),
           'ALTER TABLE ' || t.oid::regclass || ' ADD CONSTRAINT ' || quote_ident(k.conname)
               || ' ' || pg_get_constraintdef(k.oid)
      FROM pg_class t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
     WHERE t.oid = to_regclass(:name) AND pg_has_role(t.relowner, 'USAGE')
    UNION ALL
    SELECT 'DROP INDEX ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid)
      FROM pg_class t JOIN pg_index i ON i.indrelid = t.oid AND NOT i.indisunique
     WHERE t.oid = to_regclass(:name) AND pg_has_role(t.relowner, 'USAGE')
"""

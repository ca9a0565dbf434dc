"""aiosqlite with one visit to its thread for each statement, instead of four: open, execute, fetch, close."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiosqlite


class Cursor:
    """What SQLAlchemy asks of a cursor. The rows are fetched with the statement: our pages are short."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Cursor:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Cursor:
        return await self._visit(lambda cursor: cursor.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Cursor:
        return await self._visit(lambda cursor: cursor.executemany(statement, parameters))

    async def _visit(self, work: Callable[[sqlite3.Cursor], Any]) -> Cursor:
        await self._connection.visit(lambda connection: self._work(connection, work))
        return self

    def _work(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Cursor], Any]) -> None:
        """In the connection's thread."""
        cursor = connection.cursor()
        try:
            work(cursor)
            self._rows = cursor.fetchall() if cursor.description else []
            self.description, self.rowcount = cursor.description, cursor.rowcount
            self.lastrowid = cursor.lastrowid
        finally:
            cursor.close()

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """It was closed in its thread."""


class Connection(aiosqlite.Connection):
    """A connection whose cursors visit its thread once for each statement."""

    def cursor(self, cursor_class: Any = None) -> Any:
        return Cursor(self)

    async def visit(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do something in the connection's thread."""
        await self._execute(lambda: work(self._conn))  # type: ignore[no-untyped-call]


async def connect(database: str) -> Connection:
    """Open a database file. Its thread does not keep a process alive that ends without closing it."""
    connection = Connection(lambda: sqlite3.connect(database, check_same_thread=False), 64)
    thread = getattr(connection, "_thread", None)
    if thread is not None:
        thread.daemon = True
    await connection
    return connection

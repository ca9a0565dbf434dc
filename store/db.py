"""The database: one engine per process, one unit of work per event, and the only commit of the product."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, CursorResult, Executable, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.asyncio import AsyncSession as SqlAlchemySession
from sqlmodel.ext.asyncio.session import AsyncSession

from store import sqlite_driver

# A writer waits this long for another process's transaction before it gives up (SQLite only), in seconds.
BUSY_SECONDS = 30
# Of pages that SQLite keeps in memory, for each connection.
CACHE_KILOBYTES = 32_000


# Two transactions waited for each other, or read what another changed: PostgreSQL gives one of them up.
_COLLIDED = ("40P01", "40001")


def collided(error: DBAPIError) -> bool:
    """Whether a unit of work was given up for another one, so that it can be done again as it was."""
    return getattr(error.orig, "sqlstate", None) in _COLLIDED


class Session(AsyncSession):
    """sqlmodel's session without its warning against `execute`, which statements that write need."""

    execute = SqlAlchemySession.execute


class Unit:
    """One unit of work: everything done with it is committed together or not at all."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.said_something = False
        # Tried only, and taken back at its end: nobody need wait for what it finds.
        self.tentative = False

    async def run(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Execute a statement on tables, past the object layer: quicker, for what every event does."""
        connection = await self.session.connection()
        return await connection.execute(statement, parameters)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`, for the few statements that differ."""
        return self.session.get_bind().dialect.name


class Database:
    """Opens units of work; tells listeners, after a commit, that the outbox has grown."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self._writer, self._reader = _engines(self.url)
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> AsyncEngine:
        """The writing engine, for migrations and bulk loading."""
        return self._writer

    def on_said(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit that put something into the outbox."""
        self._listeners.append(listener)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Unit]:
        """A unit of work: committed when the block ends well, rolled back when it raises."""
        async with Session(self._writer, expire_on_commit=False) as session:
            unit = Unit(session)
            try:
                yield unit
                await session.commit()
            except BaseException:
                # Shielded: a cancelled request must not leave its transaction open on a pooled connection.
                await asyncio.shield(session.rollback())
                raise
        if unit.said_something:
            for listener in self._listeners:
                listener()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Unit]:
        """A unit that only reads; on SQLite it does not wait for writers."""
        async with Session(self._reader, expire_on_commit=False) as session:
            yield Unit(session)

    async def ping(self) -> None:
        """Raise unless the database answers."""
        async with self._reader.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def _engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    def dumps(value: Any) -> str:
        return orjson.dumps(value).decode()

    # An error's text goes to the log, and the values of a statement are what customers wrote.
    options: dict[str, Any] = {
        "json_serializer": dumps,
        "json_deserializer": orjson.loads,
        "hide_parameters": True,
    }
    if url.get_backend_name() != "sqlite":
        engine = create_async_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True, **options)
        return engine, engine
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # SQLite has one writer: a pool of one connection is the fair queue for it, and readers do not stand in it.
    options["async_creator"] = partial(sqlite_driver.connect, url.database or ":memory:")
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=BUSY_SECONDS, **options)
    reader = create_async_engine(url, pool_size=4, max_overflow=4, **options)
    _prepare_sqlite(writer, begin="BEGIN IMMEDIATE")
    _prepare_sqlite(reader, begin="BEGIN")
    return writer, reader


def _prepare_sqlite(engine: AsyncEngine, begin: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # The driver would open transactions late and by its own rules; SQLAlchemy's begin event does it instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            # FULL: what was answered with 200 survives a power cut, not only a crash of the process.
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{CACHE_KILOBYTES}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        # Taking the write lock at once avoids the upgrade of a read lock, which SQLite refuses when it is stale.
        connection.exec_driver_sql(begin)

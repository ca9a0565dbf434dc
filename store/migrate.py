"""Brings a database to the newest schema, and tells whether models and migrations agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from store.db import Database
from store.tables import metadata

T = TypeVar("T")


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file; the connection travels as an attribute."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def upgrade(url: str) -> None:
    """Migrate the database at `url` to the newest schema. Not for use within a running event loop."""
    asyncio.run(_upgrade(url))


async def upgrade_engine(engine: AsyncEngine, to: str = "head") -> None:
    """Migrate through an engine that is open already, up to a revision if one is named."""

    def migrate(connection: Connection) -> None:
        command.upgrade(config(connection), to)

    if engine.dialect.name != "sqlite":
        return await _with_connection(engine, migrate)
    # SQLite changes a column by making its table anew, which must not delete the rows that refer to it; the
    # pragma is deaf within a transaction, so it is set before one begins.
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute("PRAGMA foreign_keys=OFF")
        try:
            await connection.run_sync(migrate)
            await connection.commit()
        finally:
            await driver.execute("PRAGMA foreign_keys=ON")


async def differences(engine: AsyncEngine) -> list[Any]:
    """What a new migration would have to do; empty when models and migrations agree."""

    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "include_object": of_dialect(connection.dialect.name)}
        migrations = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(migrations, metadata))

    return await _with_connection(engine, compare)


def of_dialect(dialect: str) -> Callable[..., bool]:
    """Alembic's `include_object`: it knows nothing of `ddl_if`, so a part's `info` names its dialect."""
    return lambda part, *_: getattr(part, "info", {}).get("dialect", dialect) == dialect


async def _upgrade(url: str) -> None:
    database = Database(url)
    try:
        await upgrade_engine(database.engine)
    finally:
        await database.close()


async def _with_connection(engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
    async with engine.connect() as connection:
        result = await connection.run_sync(work)
        await connection.commit()
        return result

"""The demonstration utility in a database, loaded once and copied for each test."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from handlers.demo_load import load
from handlers.talking import talking
from store.db import Database


@pytest.fixture(scope="session")
def demo_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demonstration utility, to copy."""
    file = tmp_path_factory.mktemp("demo") / "demo.sqlite"
    _copy(sqlite_template, file)
    asyncio.run(_load(file))
    return file


@pytest.fixture
async def demo(demo_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """The demonstration utility, with nobody talking to it yet."""
    file = tmp_path / "demo.sqlite"
    _copy(demo_template, file)
    database = Database(f"sqlite+aiosqlite:///{file}")
    yield database
    await database.close()


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as template, closing(sqlite3.connect(target)) as copy:
        template.backup(copy)


async def _load(file: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{file}")
    async with database.unit() as unit:
        await load(unit, talking().wards)
    await database.close()

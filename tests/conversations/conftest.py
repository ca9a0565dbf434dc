"""The demonstration utility in a database of each test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.db import Database
from tests.sqlite_files import copied, sqlite_address


@pytest.fixture
async def demo(demo_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """The demonstration utility, with nobody talking to it yet."""
    database = Database(sqlite_address(copied(demo_template, tmp_path / "demo.sqlite")))
    yield database
    await database.close()

"""SQLite databases as files of tests: their addresses, and copies of them."""

import sqlite3
from contextlib import closing
from pathlib import Path


def sqlite_address(file: Path) -> str:
    """The SQLAlchemy address of a database file."""
    return f"sqlite+aiosqlite:///{file}"


def copied(template: Path, file: Path) -> Path:
    """The file, now a copy of a database; SQLite's own copy also sees what is still in a write-ahead log."""
    with closing(sqlite3.connect(template)) as original, closing(sqlite3.connect(file)) as copy:
        original.backup(copy)
    return file

"""Column types on which both databases agree: aware UTC times, JSON, and growing ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator


class Utc(TypeDecorator[datetime]):
    """An aware time, kept as UTC. SQLite drops the zone of what it is given, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


# PostgreSQL has room for more than two thousand million deliveries; SQLite's only growing key is INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")

Document: JSON = JSON().with_variant(JSONB(), "postgresql")


class _HasDialect(Protocol):
    @property
    def dialect(self) -> str: ...


def upsert(dialect: str, table: Any, *columns: str) -> Any:
    """An INSERT of these columns, each a parameter of its own name, to be built once for each dialect."""
    kind = sqlite if dialect == "sqlite" else postgresql
    return kind.insert(table.__table__).values({name: bindparam(name) for name in columns})


def insert(unit: _HasDialect, table: Any) -> Any:
    """An INSERT with ON CONFLICT, in the dialect of the unit's database (both spell it alike)."""
    return (sqlite if unit.dialect == "sqlite" else postgresql).insert(table)

"""Alembic's entry: compares the models with the database it is handed, or migrates it."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString

from store.migrate import of_dialect
from store.tables import metadata
from store.types import Document, Utc


def render_type(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types as SQLAlchemy's own, so that old migrations do not lean on today's code."""
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(item, Utc):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, type(Document)):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    # SQLite cannot ALTER most things: alembic copies the table instead.
    render_as_batch=True,
    compare_type=True,
    include_object=of_dialect(connection.dialect.name),
    render_item=render_type,
)
with context.begin_transaction():
    context.run_migrations()

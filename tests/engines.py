"""What the databases of a worker's tests share: not a row, but the SQL that SQLAlchemy made for one of them."""

from collections.abc import MutableMapping
from functools import partial
from typing import Any

import pytest
from sqlalchemy import URL, Dialect, Engine, event
from sqlalchemy.dialects import plugins
from sqlalchemy.engine import CreateEnginePlugin
from sqlalchemy.ext.asyncio import create_async_engine

NAME = "shared_sql"

# A statement is compiled for a dialect object, and every engine makes its own. The first one of each kind that has
# met its database is what all later engines of that kind use.
_dialects: dict[str, Dialect] = {}
_compiled: MutableMapping[Any, Any] = {}


class SharedSql(CreateEnginePlugin):
    """Has an engine use the SQL that was compiled for the engines of earlier tests.

    A third of the suite's time went into compiling the same statements for each test. All engines of a kind
    have the same options (store/db.py) and the same server, so what is compiled for one is right for all.
    """

    def update_url(self, url: URL) -> URL:
        """Nothing of it is ours."""
        return url

    def engine_created(self, engine: Engine) -> None:
        kind = engine.dialect.name
        engine.update_execution_options(compiled_cache=_compiled)
        if kind in _dialects:
            engine.dialect = _dialects[kind]
            return

        @event.listens_for(engine.pool, "connect", once=True)
        def met(_connection: Any, _record: Any) -> None:
            _dialects.setdefault(kind, engine.dialect)


plugins.register(NAME, __name__, "SharedSql")


def share_sql(patch: pytest.MonkeyPatch) -> None:
    """Have every `store.db.Database` made from now on share its SQL."""
    patch.setattr("store.db.create_async_engine", partial(create_async_engine, plugins=[NAME]))

"""Fixtures that every test may use: databases of both kinds and a browser; a skipped test fails the run."""

import asyncio
import itertools
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.garbage import collect_rarely
from handlers import demo_load
from handlers.talking import talking
from store.db import Database
from tests.engines import share_sql
from tests.postgres import Server, running
from tests.sqlite_files import copied, sqlite_address

# No example fails because it took long: on a machine with other work to do that says nothing.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

pytest_plugins = ["tests.browser"]

KINDS = ("sqlite", "postgresql")
TEMPLATE = "migrated"

names = (f"test_{number}" for number in itertools.count(1))


@pytest.fixture(scope="session", autouse=True)
def _shared_sql() -> Iterator[None]:
    """SQL is compiled once in a worker, not once in a test."""
    with pytest.MonkeyPatch.context() as patch:
        share_sql(patch)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """This worker's PostgreSQL server; it starts when the first test needs it."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def migrate() -> Callable[[str], None]:
    """What brings the database at an address up to date; looked up when the first test needs it."""
    upgrade: Callable[[str], None] = pkgutil.resolve_name("store.migrate:upgrade")
    return upgrade


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, migrate: Callable[[str], None]) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("template") / "migrated.sqlite"
    migrate(sqlite_address(file))
    return file


@pytest.fixture(scope="session")
def demo_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demonstration utility, to copy; nobody talks to it yet."""
    file = copied(sqlite_template, tmp_path_factory.mktemp("template") / "demo.sqlite")
    asyncio.run(_load_demo(sqlite_address(file)))
    return file


async def _load_demo(url: str) -> None:
    database = Database(url)
    async with database.unit() as unit:
        await demo_load.load(unit, talking().wards)
    await database.close()


@pytest.fixture(scope="session")
def postgres_template(postgres: Server, migrate: Callable[[str], None]) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    postgres.create(TEMPLATE)
    migrate(postgres.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """A SQLite database without a table."""
    return sqlite_address(tmp_path / "empty.sqlite")


@pytest.fixture
def empty_postgres_url(postgres: Server) -> Iterator[str]:
    """A PostgreSQL database without a table."""
    name = next(names)
    postgres.create(name)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database with all tables and no rows of any other test."""
    return sqlite_address(copied(sqlite_template, tmp_path / "migrated.sqlite"))


@pytest.fixture
def postgres_url(postgres: Server, postgres_template: str) -> Iterator[str]:
    """A PostgreSQL database with all tables and no rows of any other test."""
    name = next(names)
    postgres.create(name, postgres_template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["empty_sqlite_url", "empty_postgres_url"], ids=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database; the test runs once on each kind."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(params=["sqlite_url", "postgres_url"], ids=KINDS)
def migrated_url(request: pytest.FixtureRequest) -> str:
    """A migrated database; the test runs once on each kind."""
    url: str = request.getfixturevalue(request.param)
    return url


def pytest_configure() -> None:
    """Look rarely for garbage while tests are imported; log exceptions plainly.

    structlog's default draws all variables of all frames: seconds for one exception from the database's depths.
    """
    collect_rarely()
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


def pytest_collection_finish() -> None:
    """What was imported and collected lives as long as the run: the collector need not walk it again and again."""
    collect_rarely()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test proves nothing, so a run with one has not passed."""
    reporter: pytest.TerminalReporter | None = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker of xdist: the process that it reports to counts
        return
    skipped = reporter.stats.get("skipped", [])
    for report in skipped:
        reporter.write_line(f"\nSKIPPED, which counts as failed: {report.nodeid}", red=True)
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

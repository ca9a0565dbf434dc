"""The tests' own ground holds: databases are fresh, servers and browsers end, errors on a page are seen."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.browser import PHONE, Visitors
from tests.postgres import Server, running
from tests.processes import ROOT

OWNER = """
import sys, time
from tests.processes import kept
with kept(sys.argv[1]) as port:
    print(port, flush=True)
    time.sleep(60)
"""


def table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def tables_before_leaving_one_behind(url: str) -> set[str]:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        found = await connection.run_sync(table_names)
        await connection.execute(text("CREATE TABLE left_behind (id INTEGER)"))
    await engine.dispose()
    return found


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def comes_true(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@contextmanager
def killed_afterwards(module: str) -> Iterator[int]:
    """Another process that keeps a server, as a test run would; it is killed when the block ends."""
    command = [sys.executable, "-c", OWNER, module]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as owner:
        try:
            yield int(owner.stdout.readline()) if owner.stdout else 0
        finally:
            owner.kill()


async def data_folder(server: Server) -> Path:
    engine = create_async_engine(server.url("postgres"))
    async with engine.connect() as connection:
        folder: str = (await connection.execute(text("SHOW data_directory"))).scalar_one()
    await engine.dispose()
    return Path(folder)


@pytest.mark.parametrize("visit", ["first", "second"])
async def test_every_test_finds_an_empty_database(database_url: str, visit: str) -> None:
    assert await tables_before_leaving_one_behind(database_url) == set()


@pytest.mark.parametrize("visit", ["first", "second"])
async def test_every_test_finds_a_migrated_database_as_no_other_test_left_it(
    migrated_url: str, visit: str
) -> None:
    tables = await tables_before_leaving_one_behind(migrated_url)

    assert "alembic_version" in tables
    assert "left_behind" not in tables


async def test_the_fixtures_of_one_kind_are_migrated_too(sqlite_url: str, postgres_url: str) -> None:
    on_sqlite = await tables_before_leaving_one_behind(sqlite_url)

    assert "alembic_version" in on_sqlite
    assert await tables_before_leaving_one_behind(postgres_url) == on_sqlite


def test_postgres_is_gone_with_its_folder_when_its_block_ends() -> None:
    with running() as server:
        folder = asyncio.run(data_folder(server))
        assert folder.is_dir()

    assert not listens(server.port)
    assert not folder.parent.exists()


def test_postgres_is_gone_with_its_folder_when_its_test_run_is_killed() -> None:
    with killed_afterwards("tests.postgres") as port:
        folder = asyncio.run(data_folder(Server(port)))
        assert folder.is_dir()

    assert comes_true(lambda: not listens(port))
    assert comes_true(lambda: not folder.parent.exists())


def test_chromium_is_gone_when_its_test_run_is_killed() -> None:
    with killed_afterwards("tests.browser") as port:
        assert listens(port)

    assert comes_true(lambda: not listens(port))


async def test_a_page_opens_and_can_be_used(page: Page) -> None:
    await page.goto("data:text/html;charset=utf-8,<button onclick='this.textContent=`Đã bấm`'>Bấm</button>")
    await page.get_by_role("button").click()

    assert await page.get_by_role("button").text_content() == "Đã bấm"


async def test_a_phone_is_narrow_and_touched(phone_page: Page) -> None:
    await phone_page.goto("data:text/html,<meta name=viewport content='width=device-width'>")

    assert await phone_page.evaluate("innerWidth") == PHONE["viewport"]["width"]
    assert await phone_page.evaluate("navigator.maxTouchPoints") > 0


async def test_errors_on_a_page_are_reported_unless_allowed(visitors: Visitors) -> None:
    page = await visitors.arrive()
    await page.goto("data:text/html,<script>console.error('lamp is out'); throw new Error('no current')</script>")
    # The events may come after the page: what is asked next is answered after them.
    await page.evaluate("1")

    assert [error for error in visitors.unexpected() if "lamp is out" in error]
    assert [error for error in visitors.unexpected() if "no current" in error]

    visitors.allow("lamp is out|no current")
    assert visitors.unexpected() == []


async def test_two_visitors_share_no_cookies(visitors: Visitors) -> None:
    first = await visitors.arrive()
    second = await visitors.arrive(PHONE)
    await first.context.add_cookies([{"name": "who", "value": "first", "url": "http://localhost"}])

    assert await second.context.cookies() == []

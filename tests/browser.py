"""Chromium for tests: one per worker, and for each test visitors with profiles of their own."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from typing import TypedDict

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, WebError, async_playwright, expect

from tests.processes import announce, free_port, kept

# The same names as in .ci/chromium; without any of them Playwright's own Chromium is used.
SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Milliseconds until what a page should show is given up; only a test that fails waits so long.
expect.set_options(timeout=30_000)

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


class Device(TypedDict):
    """What a visitor holds in their hands, as Playwright's `new_context` wants it."""

    viewport: ViewportSize
    device_scale_factor: float
    is_mobile: bool
    has_touch: bool


DESKTOP = Device(viewport={"width": 1280, "height": 800}, device_scale_factor=1, is_mobile=False, has_touch=False)
PHONE = Device(viewport={"width": 390, "height": 844}, device_scale_factor=3, is_mobile=True, has_touch=True)


class Visitors:
    """Opens pages for people who share nothing, and remembers every error that a page reports."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._allowed: list[str] = []
        self.errors: list[str] = []

    async def arrive(self, device: Device = DESKTOP, *, language: str = "vi-VN", dark: bool = False) -> Page:
        """An empty page of a visitor who was never here before: no cookies, no storage."""
        context = await self._browser.new_context(
            **device,
            locale=language,
            timezone_id="Asia/Ho_Chi_Minh",
            color_scheme="dark" if dark else "light",
        )
        context.on("console", self._hear)
        context.on("weberror", self._catch)
        return await context.new_page()

    def allow(self, pattern: str) -> None:
        """Errors in which this regular expression is found are part of the test."""
        self._allowed.append(pattern)

    def unexpected(self) -> list[str]:
        """The errors that no test allowed."""
        return [error for error in self.errors if not any(re.search(each, error) for each in self._allowed)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _catch(self, error: WebError) -> None:
        self.errors.append(str(error.error))


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """The address of this worker's Chromium.

    It runs beside the tests, not in an event loop of theirs: each test connects from its own loop, the one in
    which its other fixtures live too.
    """
    with kept(__name__) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """This worker's Chromium; profiles opened through it close with the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(chromium)
        yield browser
        await browser.close()


@pytest.fixture
async def visitors(browser: Browser) -> AsyncIterator[Visitors]:
    """Whom to ask for pages; an error on one of them fails the test unless `visitors.allow` knows it."""
    visitors = Visitors(browser)
    yield visitors
    for context in browser.contexts:
        await context.close()
    if errors := visitors.unexpected():
        pytest.fail("the page reported errors:\n" + "\n".join(errors))


@pytest.fixture
async def page(visitors: Visitors) -> Page:
    """The page of a new visitor at a desktop computer."""
    return await visitors.arrive(DESKTOP)


@pytest.fixture
async def phone_page(visitors: Visitors) -> Page:
    """The page of a new visitor with a phone."""
    return await visitors.arrive(PHONE)


async def _keep() -> None:
    """The process behind `chromium`; should it be killed, Playwright's driver closes the browser."""
    port = free_port()
    system = next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=system, chromium_sandbox=False, args=[*FLAGS, f"--remote-debugging-port={port}"]
        )
        await asyncio.to_thread(announce, port)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(_keep())

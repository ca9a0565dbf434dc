"""The service that the tests of pages and interfaces share, one for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.service import Service, settings_for, with_demo


@pytest.fixture
async def service(sqlite_url: str, tmp_path: Path) -> Service:
    """The service on demonstration data, still off."""
    await with_demo(sqlite_url)
    return Service(settings_for(tmp_path, sqlite_url))


@pytest.fixture
async def served(service: Service) -> AsyncIterator[Service]:
    """The same, on."""
    async with service.on():
        yield service

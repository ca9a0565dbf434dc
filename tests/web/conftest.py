"""The service that the tests of pages and interfaces share, one for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sqlite_files import copied, sqlite_address
from tests.web.service import Service, settings_for, with_operator


@pytest.fixture
async def service(demo_template: Path, tmp_path: Path) -> Service:
    """The service on demonstration data, still off."""
    url = sqlite_address(copied(demo_template, tmp_path / "demo.sqlite"))
    await with_operator(url)
    return Service(settings_for(tmp_path, url))


@pytest.fixture
async def served(service: Service) -> AsyncIterator[Service]:
    """The same, on."""
    async with service.on():
        yield service

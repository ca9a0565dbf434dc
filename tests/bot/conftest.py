"""The commands' process, which ends with the tests."""

from collections.abc import Iterator

import pytest

from tests.bot.command import warm


@pytest.fixture(scope="session", autouse=True)
def _warm() -> Iterator[None]:
    yield
    warm.close()

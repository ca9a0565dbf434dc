"""What all benchmarks share: figures from rounds, tables of them, the machine, and databases to run on."""

import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from store import migrate
from tests import postgres

PACKAGES = ("python-telegram-bot", "aiogram", "aiohttp", "httpx", "sqlalchemy", "asyncpg", "aiosqlite", "uvloop")
TOKEN = "42:benchmark"  # noqa: S105 - opens nothing


@dataclass
class Figures:
    """One contender's figures, one for each round."""

    name: str
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def shown(self) -> str:
        """The median, and the range where there were several rounds."""
        if len(self.values) == 1:
            return f"{self.median:,.0f}"
        return f"{self.median:,.0f} ({min(self.values):,.0f} to {max(self.values):,.0f})"


@dataclass(frozen=True)
class Table:
    """A small table with a heading and what must be known to read it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        widths = [max(len(row[column]) for row in (self.head, *self.rows)) for column in range(len(self.head))]
        lines = [self._line(row, widths) for row in (self.head, ["-" * width for width in widths], *self.rows)]
        return "\n".join([f"## {self.title}", "", *lines, "", *self.notes])

    @staticmethod
    def _line(row: Sequence[str], widths: Sequence[int]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def verdict(value: float, bar: float, *, most: bool = False) -> str:
    """Whether a figure keeps its bar: at least that much, or at most."""
    return "kept" if (value <= bar if most else value >= bar) else "MISSED"


def machine() -> str:
    """What the figures were measured on."""
    cpus = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} cores ({cpus[0] if cpus else platform.machine()}), {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {packages}."
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """The addresses of two migrated databases, empty and thrown away at the end, by name.

    SQLite writes to the disk at each commit, as in use; PostgreSQL is the tests' server, which does not.
    """
    with tempfile.TemporaryDirectory(prefix="sangden-benchmark-") as folder, postgres.running() as server:
        server.create("benchmark")
        urls = {
            "SQLite": f"sqlite+aiosqlite:///{Path(folder) / 'benchmark.db'}",
            "PostgreSQL": server.url("benchmark"),
        }
        for url in urls.values():
            migrate.upgrade(url)
        yield urls

"""The customer file: a million rows into an empty database, and once more, against loading without a look."""

import asyncio
import csv
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import asyncpg

from benchmarks.measuring import Table, databases, verdict
from handlers.rules.customer_rows import COLUMNS
from handlers.rules.ward_names import read_wards
from handlers.talking import WARD_TABLE

ROWS, QUICK_ROWS = 1_000_000, 50_000
BARS = {"SQLite": 12.0, "PostgreSQL": 8.0}
BAR_AGAIN, BAR_MEGABYTES = 12.0, 150.0
_LOOK_SECONDS = 0.02  # between two looks at the memory
_STREETS = ("Lê Lợi", "Nguyễn Huệ", "Đường số 7", "Cách Mạng Tháng 8", "Trần Quang Khải", "3 Tháng 2")
_MISSED_BY = "The bare load checks nothing, compares nothing and fills one table without indexes."
_CREATE = f"CREATE TABLE bare ({', '.join(f'{name} VARCHAR' for name in COLUMNS)})"


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of CPU, and the most megabytes, of a process and those that it started."""

    seconds: float
    cpu: float
    peak: float


def measure(*, quick: bool) -> Table:
    """Each import is a process of its own, as staff run it. quick: 50,000 rows."""
    rows = QUICK_ROWS if quick else ROWS
    with tempfile.TemporaryDirectory(prefix="sangden-benchmark-") as folder, databases() as urls:
        file = Path(folder) / "customers.csv"
        _write(file, rows)
        measured, notes = [], []
        for name, url in urls.items():
            bare = _bare(url, file)
            first, again = (_import(url, file) for _ in range(2))
            for what, one in (("first time", first), ("same file again", again), ("bare load", bare)):
                shown = (f"{one.seconds:.1f}", f"{one.seconds / bare.seconds:.1f}", f"{one.cpu:.1f}")
                measured.append([f"{name}, {what}", *shown, f"{rows / one.seconds:,.0f}", f"{one.peak:,.0f}"])
            if not quick:
                notes.append(_judged(name, first, again))
    return Table(
        f"Import of {rows:,} customers",
        ("import", "seconds", "× bare", "s of CPU", "rows/s", "peak MB"),
        measured,
        (
            f"From the command to its end, start of the process included. {_MISSED_BY}",
            "CPU and memory are those of both processes of an import, without PostgreSQL's.",
            "",
            *notes,
        ),
    )


def _judged(name: str, first: Cost, again: Cost) -> str:
    bar, peak = BARS[name], max(first.peak, again.peak)
    kept = [verdict(value, most, most=True) for value, most in ((first.seconds, bar), (again.seconds, BAR_AGAIN))]
    kept.append(verdict(peak, BAR_MEGABYTES, most=True))
    return f"{name}: at most {bar:.0f} s, {BAR_AGAIN:.0f} s again, {BAR_MEGABYTES:.0f} MB: {', '.join(kept)}."


def _write(file: Path, rows: int) -> None:
    wards = read_wards(WARD_TABLE)
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        for number in range(rows):
            ward, transformer = wards[number * 7919 % len(wards)], number * 31 % 16_000
            address = f"{number % 900 + 1}/{number % 60} {_STREETS[number % len(_STREETS)]}, {ward.name}"
            segment = ("household", "household", "household", "business")[number % 4]
            code = f"PE{number * 16 // rows + 1:02}00{number:07}"
            network = (f"F{transformer % 800:04}", f"T{transformer:06}")
            name, phone = f"Nguyễn Văn {number % 977}", f"09{number:08}"
            table.writerow([code, name, phone, address, ward.code, *network, segment, int(number % 500 == 0)])


def _import(url: str, file: Path) -> Cost:
    """What `sangden import customers` costs."""
    settings = {"SANGDEN_DATABASE_URL": url, "SANGDEN_DATA_DIR": str(file.parent), "SANGDEN_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "bot.entry", "import", "customers", str(file)]
    return _timed(command, {**os.environ, **settings})


def _bare(url: str, file: Path) -> Cost:
    return _timed([sys.executable, "-m", "benchmarks.importing", url, str(file)], dict(os.environ))


def _timed(command: Sequence[str], environment: dict[str, str]) -> Cost:
    started, peak, status = time.perf_counter(), 0, None
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while status is None:
        time.sleep(_LOOK_SECONDS)
        peak = max(peak, sum(map(_kilobytes, [process.pid, *_children(process.pid)])))
        ended, code, used = os.wait4(process.pid, os.WNOHANG)
        status = code if ended else None
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    seconds = time.perf_counter() - started
    return Cost(seconds, used.ru_utime + used.ru_stime, peak * 1024 / 1e6)


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def _kilobytes(pid: int) -> int:
    """The memory that a process holds; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status if line.startswith("VmRSS")), 0)


def _load_bare(url: str, file: Path) -> None:
    """The peer: the same rows into one table, with nothing but the database's own tools."""
    if url.startswith("postgresql"):
        asyncio.run(_copy_bare(url, file))
        return
    with sqlite3.connect(url.partition(":///")[2]) as database, file.open(encoding="utf-8", newline="") as rows:
        database.execute(_CREATE)
        database.executemany(f"INSERT INTO bare VALUES ({','.join('?' * len(COLUMNS))})", _data(csv.reader(rows)))
    database.execute("DROP TABLE bare")


def _data(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    return islice(rows, 1, None)


async def _copy_bare(url: str, file: Path) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(_CREATE)
    await connection.copy_to_table("bare", source=str(file), format="csv", header=True)
    await connection.execute("DROP TABLE bare")
    await connection.close()


if __name__ == "__main__":
    _load_bare(sys.argv[1], Path(sys.argv[2]))

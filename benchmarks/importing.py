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
_STREETS = ("Lê Lợi", "Nguyễn Huệ", "Đường số 7", "Cách Mạng Tháng 8", "Trần Quang Khải", "3 Tháng 2")
_MISSED_BY = "The bare load checks nothing, compares nothing and fills one table without indexes."
_CREATE = f"CREATE TABLE bare ({', '.join(f'{name} VARCHAR' for name in COLUMNS)})"


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
            for what, (seconds, peak) in (("first time", first), ("same file again", again), ("bare load", bare)):
                measured.append([f"{name}, {what}", f"{seconds:.1f}", f"{rows / seconds:,.0f}", f"{peak:,.0f}"])
            if not quick:
                notes.append(_judged(name, first, again))
    return Table(
        f"Import of {rows:,} customers",
        ("import", "seconds", "rows/s", "peak MB"),
        measured,
        (f"From the command to its end, start of the process included. {_MISSED_BY}", "", *notes),
    )


def _judged(name: str, first: tuple[float, float], again: tuple[float, float]) -> str:
    bar, peak = BARS[name], max(first[1], again[1])
    kept = [verdict(value, most, most=True) for value, most in ((first[0], bar), (again[0], BAR_AGAIN))]
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


def _import(url: str, file: Path) -> tuple[float, float]:
    """Seconds and megabytes of `sangden import customers`."""
    settings = {"SANGDEN_DATABASE_URL": url, "SANGDEN_DATA_DIR": str(file.parent), "SANGDEN_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "bot", "import", "customers", str(file)]
    return _timed(command, {**os.environ, **settings})


def _bare(url: str, file: Path) -> tuple[float, float]:
    return _timed([sys.executable, "-m", "benchmarks.importing", url, str(file)], dict(os.environ))


def _timed(command: Sequence[str], environment: dict[str, str]) -> tuple[float, float]:
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return time.perf_counter() - started, used.ru_maxrss / 1024


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

"""`sangden import` as staff run it: what it prints, how it ends, and what it leaves behind."""

from __future__ import annotations

import csv
import signal
import sqlite3
from datetime import datetime, timedelta
from operator import attrgetter
from pathlib import Path

import pytest

from handlers.demo import build
from handlers.rules import outage_rows
from handlers.rules.customer_rows import COLUMNS
from handlers.talking import ZONE
from tests.bot.command import sangden, started
from tests.sqlite_files import copied


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    copied(sqlite_template, tmp_path / "sangden.db")
    with (tmp_path / "c.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for one in sorted(build().customers[:50], key=attrgetter("customer_code")):
            out.writerow([getattr(one, name) for name in COLUMNS[:-1]] + [int(one.important)])
    return tmp_path


def customers(folder: Path) -> int:
    with sqlite3.connect(folder / "sangden.db") as database:
        return int(database.execute("SELECT count(*) FROM customer").fetchone()[0])


def test_a_dry_run_tells_and_an_import_does(folder: Path) -> None:
    dry = sangden(folder, "import", "customers", "c.csv", "--dry-run")
    assert (dry.returncode, customers(folder)) == (0, 0)
    assert "A dry run: nothing was written." in dry.stdout
    assert "50 new" in dry.stdout

    done = sangden(folder, "import", "customers", "c.csv")
    assert (done.returncode, customers(folder)) == (0, 50)
    assert "c.csv: 50 rows, 50 good, 0 bad." in done.stdout
    assert done.stderr.splitlines() == ["reading 100 %", "writing"]
    again = sangden(folder, "import", "customers", "c.csv")
    assert "50 unchanged" in again.stdout
    assert again.stderr.splitlines() == ["reading 100 %", "comparing", "writing"]
    assert not (folder / "c.bad.csv").exists()


def test_bad_rows_are_counted_shown_and_kept_beside_the_file(folder: Path) -> None:
    with (folder / "c.csv").open("a", encoding="utf-8") as file:
        file.write("PE01000000999,An,0901234567,1 Lê Lợi,99999,F,T,household,2\n")
    done = sangden(folder, "import", "customers", "c.csv")
    assert done.returncode == 0
    assert "line 52: unknown ward_code “99999”; important is “2” instead of 0 or 1" in done.stdout
    assert "Bad rows, left out: c.bad.csv" in done.stdout
    assert "0901234567" not in done.stdout
    assert "99999,F,T,household,2,52,unknown" in (folder / "c.bad.csv").read_text("utf-8")

    elsewhere = sangden(folder, "import", "customers", "c.csv", "--dry-run", "--bad", "other.csv")
    assert elsewhere.returncode == 0
    assert (folder / "other.csv").exists()


@pytest.mark.parametrize(("name", "sentence"), [("none.csv", "There is no file"), (".", "is a directory")])
def test_a_file_that_cannot_be_used_is_said_in_a_sentence(folder: Path, name: str, sentence: str) -> None:
    done = sangden(folder, "import", "customers", name)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_who_would_be_gone_by_a_file_of_a_few_is_left_alone_and_the_option_is_named(folder: Path) -> None:
    sangden(folder, "import", "customers", "c.csv")
    lines = (folder / "c.csv").read_text("utf-8").splitlines()
    (folder / "c.csv").write_text("\n".join(lines[:11]), "utf-8")
    done = sangden(folder, "import", "customers", "c.csv")
    assert "40 of 50 customers are not in the file" in done.stdout
    assert "--remove-gone" in done.stdout
    assert "40 gone" in sangden(folder, "import", "customers", "c.csv", "--remove-gone").stdout


# --- outages -------------------------------------------------------------------------------------------------


@pytest.fixture
def feeder(folder: Path) -> str:
    """A feeder with customers; an outage file is written for it."""
    sangden(folder, "import", "customers", "c.csv")
    with sqlite3.connect(folder / "sangden.db") as database:
        (code,) = database.execute("SELECT feeder_code FROM customer ORDER BY code").fetchone()
    now = datetime.now(ZONE)
    write(folder, plan("KH-1", now, str(code)), incident("SC-1", now, str(code)))
    return str(code)


def plan(ref: str, now: datetime, feeder: str) -> list[str]:
    """Work of two hours tomorrow, which is too soon for the law."""
    start = now + timedelta(days=1)
    times = [f"{start:%d/%m/%Y %H:%M}", f"{start + timedelta(hours=2):%d/%m/%Y %H:%M}"]
    return [ref, "planned", *times, "Bảo trì", feeder, "", "", ""]


def incident(ref: str, now: datetime, feeder: str, reason: str = "") -> list[str]:
    return [ref, "incident", f"{now - timedelta(minutes=9):%d/%m/%Y %H:%M}", "", reason, feeder, "", "", ""]


def write(folder: Path, *rows: list[str]) -> None:
    with (folder / "o.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([outage_rows.COLUMNS, *rows])


def outages(folder: Path) -> list[tuple[str, str, int]]:
    with sqlite3.connect(folder / "sangden.db") as database:
        return database.execute("SELECT ref, state, revision FROM outage ORDER BY ref").fetchall()


def test_outages_are_tried_and_then_brought_in(folder: Path, feeder: str) -> None:
    dry = sangden(folder, "import", "outages", "o.csv", "--dry-run")
    assert (dry.returncode, outages(folder)) == (0, [])
    assert "A dry run: nothing was written. An import would make of the outages" in dry.stdout
    assert "1 new: published" in dry.stdout
    assert "1 new: kept as a draft, because planning rules forbid to publish" in dry.stdout
    assert "the law wants 5 days' notice" in dry.stdout

    done = sangden(folder, "import", "outages", "o.csv")
    assert (done.returncode, outages(folder)) == (0, [("KH-1", "draft", 1), ("SC-1", "published", 1)])
    assert "o.csv: 2 rows, 2 good, 0 bad." in done.stdout
    assert "Drafts that wait for staff: 1." in done.stdout
    again = sangden(folder, "import", "outages", "o.csv")
    assert "2 unchanged" in again.stdout
    assert outages(folder) == [("KH-1", "draft", 1), ("SC-1", "published", 1)]


def test_a_change_of_an_outage_is_told_with_what_is_other(folder: Path, feeder: str) -> None:
    sangden(folder, "import", "outages", "o.csv")
    now = datetime.now(ZONE)
    with (folder / "o.csv").open(encoding="utf-8", newline="") as file:
        _, planned, known = list(csv.reader(file))
    known[4] = "Cây đổ vào đường dây"
    planned[2] = f"{now + timedelta(hours=23):%d/%m/%Y %H:%M}"
    write(folder, planned, known)
    done = sangden(folder, "import", "outages", "o.csv")
    assert "2 changed" in done.stdout
    assert "    reason is another one" in done.stdout
    assert f" → {now + timedelta(hours=23):%H:%M %d/%m/%Y} – " in done.stdout


def test_bad_outages_are_counted_shown_and_kept_beside_the_file(folder: Path, feeder: str) -> None:
    now = datetime.now(ZONE)
    write(folder, incident("SC-1", now, feeder), incident("SC-2", now, "XX-999"), plan("KH-1", now, "XX-999"))
    done = sangden(folder, "import", "outages", "o.csv", "--draft")
    assert done.returncode == 0
    assert "o.csv: 3 rows, 0 good, 3 bad." in done.stdout
    assert "Bad rows, left out: o.bad.csv" in done.stdout
    assert "line 2: an incident is told at once, so it cannot be kept as a draft" in done.stdout
    assert "line 4: unknown feeder “XX-999”" in done.stdout
    assert (folder / "o.bad.csv").read_text("utf-8").splitlines()[0].endswith(",customers,line,why")
    assert outages(folder) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("none.csv", "There is no file"), (".", "is a directory"), ("c.csv", "lacks the columns outage_ref, kind")],
)
def test_an_outage_file_that_cannot_be_used_is_said_in_a_sentence(folder: Path, name: str, sentence: str) -> None:
    done = sangden(folder, "import", "outages", name)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("known", [0, 50])
def test_an_import_that_is_killed_leaves_the_data_as_it_was(folder: Path, known: int) -> None:
    """While it fills an empty table, and while it writes what differs."""
    if known:
        sangden(folder, "import", "customers", "c.csv")
    header, *lines = (folder / "c.csv").read_text("utf-8").splitlines()
    many = [f"PE99{number:09}{lines[0][13:]}" for number in range(60_000)]
    (folder / "many.csv").write_text("\n".join([header, *lines, *many]), "utf-8")
    with started(folder, "import", "customers", "many.csv") as (process, stderr):
        awaited = "writing" if known else "reading"
        assert any(line.startswith(awaited) for line in stderr)
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert customers(folder) == known
    assert f"{60_050 - known} new" in sangden(folder, "import", "customers", "many.csv").stdout.replace(",", "")

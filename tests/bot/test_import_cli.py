"""`sangden import customers` as staff run it: what it prints, how it ends, and what it leaves behind."""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

import pytest

from handlers.demo import build
from handlers.rules.customer_rows import COLUMNS
from tests.bot.command import sangden


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sangden(tmp_path, "migrate")
    with (tmp_path / "c.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for one in build().customers[:50]:
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
    assert done.stderr.splitlines() == ["reading 100 %", "comparing", "writing"]
    assert "50 unchanged" in sangden(folder, "import", "customers", "c.csv").stdout
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

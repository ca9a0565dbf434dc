"""Reads a sheet of an Excel workbook as rows of cells, within bounds that no bomb can break."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.datetime import MAC_EPOCH

from handlers.csv_file import Layout, Unusable, checked, layout_of
from handlers.rules.outage_times import SYSTEM_1900, SYSTEM_1904, Cell

LARGEST_UNZIPPED = 100_000_000
LONGEST_SHEET = 1_048_576  # rows; the most that Excel has
WIDEST_SHEET = 200  # columns that are looked at
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PASSWORD = "EncryptedPackage".encode("utf-16-le")
SAVE_AS = "Save it as “Excel workbook (.xlsx)” and try again."


@dataclass(frozen=True)
class WorkbookSheet:
    """The rows below the header, each with its number, its cells as wide as the header. day_0: of its numbers."""

    layout: Layout
    rows: Sequence[tuple[int, tuple[Cell, ...]]]
    day_0: datetime


def is_workbook(path: Path, sample: bytes) -> bool:
    """Whether a file with this beginning is a workbook. Raises Unusable for one that cannot be opened."""
    if sample.startswith(_OLE):
        why = "has a password" if _PASSWORD in sample else "is an old Excel workbook (.xls), or has a password"
        raise Unusable(f"{path} {why}. Save it without a password as “Excel workbook (.xlsx)” and try again.")
    if sample.startswith(_ZIP):
        return True
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        raise Unusable(f"{path} is named as an Excel workbook, but it is none. {SAVE_AS}")
    return False


def read_workbook(path: Path, columns: Sequence[str], most_rows: int) -> WorkbookSheet:
    """The first sheet of the workbook that has these columns in its first row. Raises Unusable."""
    _refuse_bombs(path)
    with warnings.catch_warnings():
        # About styles and extensions, which mean nothing here.
        warnings.simplefilter("ignore")
        try:
            with path.open("rb") as file:
                book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
                return _sheet(book, path, columns, most_rows)
        except Unusable:
            raise
        except MemoryError:
            raise Unusable(f"{path} does not fit into memory. Cut it into parts.") from None
        except Exception:
            # The library tells a broken file by whatever its parts happen to raise.
            raise Unusable(f"{path} is damaged: Excel's own repair may help. {SAVE_AS}") from None


def _refuse_bombs(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as file:
            parts = file.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise Unusable(f"{path} is damaged: it ends too early, or is no workbook. {SAVE_AS}") from None
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise Unusable(f"{path} is a ZIP file, but no Excel workbook. {SAVE_AS}")
    # The library reads no more of a part than is said here.
    unzipped = sum(part.file_size for part in parts)
    if unzipped > LARGEST_UNZIPPED:
        raise Unusable(
            f"{path} holds {unzipped:,} bytes when it is unzipped, more than {LARGEST_UNZIPPED:,}. "
            "Copy its rows to a new workbook, without pictures and formats, or cut it into parts."
        )


def _sheet(book: Any, path: Path, columns: Sequence[str], most_rows: int) -> WorkbookSheet:
    headers = [(_header(sheet), sheet) for sheet in book.worksheets]
    if not headers:
        raise Unusable(f"{path} has no sheet with cells. {SAVE_AS}")
    laid_out = [(*layout_of(names, ",", columns), sheet) for names, sheet in headers]
    layout, missing, sheet = min(laid_out, key=lambda one: len(one[1]))
    layout = checked(path, layout, missing, columns)
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    for number, cells in _rows(sheet, 2, len(layout.header)):
        if len(rows) == most_rows:
            raise Unusable(f"{path} has more than {most_rows:,} rows. Cut it into parts.")
        rows.append((number, cells))
    return WorkbookSheet(layout, rows, SYSTEM_1904 if book.epoch == MAC_EPOCH else SYSTEM_1900)


def _header(sheet: Any) -> list[str]:
    # What the file says of its size is wrong often enough.
    sheet.reset_dimensions()
    names = next(sheet.iter_rows(max_row=1, max_col=WIDEST_SHEET, values_only=True), ())
    texts = [str(name) if name is not None else "" for name in names]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _rows(sheet: Any, first: int, width: int) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    """The rows that hold something."""
    found = sheet.iter_rows(min_row=first, max_row=LONGEST_SHEET, max_col=width)
    for number, row in enumerate(found, first):
        cells = tuple(_value(cell) for cell in row)
        if any(cell is not None and str(cell).strip() for cell in cells):
            yield number, cells


def _value(cell: Any) -> Cell:
    """What a cell holds; a day that is shown without a clock was not meant as its midnight."""
    value: Cell = cell.value
    if isinstance(value, datetime) and "h" not in str(cell.number_format).lower():
        return value.date() if value == datetime.combine(value.date(), datetime.min.time()) else value
    return value

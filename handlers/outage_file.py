"""Reads an outage file, CSV or XLSX, and makes drafts of its outages."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from handlers.bad_rows import BadRows
from handlers.csv_file import CsvFile, Layout, Unusable, beginning, open_csv
from handlers.outage_forms import OutageDraft, Slot
from handlers.rules.outage_rows import COLUMNS, FileOutage, Gathered, Record, gather
from handlers.rules.outage_times import SYSTEM_1900, Cell
from handlers.workbook_file import is_workbook, read_workbook
from store.extent import Scope

LARGEST_BYTES = 50_000_000
MOST_ROWS = 100_000
# The column of the bad rows that says why: `reason` is the outage's own.
WHY = "why"


@dataclass(frozen=True)
class OutageFile:
    """What a file says: its columns, its rows with their lines, as written, and the outages that they are."""

    layout: Layout
    rows: Sequence[tuple[int, Sequence[str]]]
    gathered: Gathered


def read_outages(path: Path, zone: ZoneInfo) -> OutageFile:
    """The outages of the file at `path`; local times are in `zone`. Raises Unusable."""
    _, sample = beginning(path, LARGEST_BYTES)
    if is_workbook(path, sample):
        sheet = read_workbook(path, COLUMNS, MOST_ROWS)
        records = [Record(line, tuple(cells[pick] for pick in sheet.layout.picks)) for line, cells in sheet.rows]
        rows = [(line, [_written(cell) for cell in cells]) for line, cells in sheet.rows]
        return OutageFile(sheet.layout, rows, gather(records, zone, sheet.day_0))
    file = open_csv(path, COLUMNS, LARGEST_BYTES)
    found = list(_csv_rows(file))
    records = [_record(file.layout, *row) for row in found]
    return OutageFile(file.layout, [(line, cells) for line, cells, _ in found], gather(records, zone, SYSTEM_1900))


def draft_of(outage: FileOutage, *, draft: bool) -> OutageDraft:
    """An outage of the file as staff would publish it, or keep it as a draft."""
    slots = tuple(Slot(window.starts_at, window.ends_at) for window in outage.windows)
    return OutageDraft(outage.kind, outage.reason, slots, Scope(**outage.scope), ref=outage.ref, draft=draft)


def bad_rows(file: OutageFile, refused: dict[int, str]) -> BadRows:
    """The rows that are left out, in the order of lines."""
    bad = BadRows(file.layout.header, file.layout.delimiter, WHY)
    for line, cells in file.rows:
        if line in refused:
            bad.add(line, cells, refused[line])
    return bad


def _csv_rows(file: CsvFile) -> Iterator[tuple[int, list[str], str]]:
    """Every line with its cells and why it is no record, in order."""
    count = 0
    for block in file.blocks():
        broken = [(one.line, [one.text], one.reason) for one in block.broken]
        whole = [
            (line, cells, "" if len(cells) == len(file.layout.header) else _wrong_width(cells, file.layout))
            for line, cells in zip(block.lines, block.records, strict=True)
            if any(cell.strip() for cell in cells)
        ]
        count += len(broken) + len(whole)
        if count > MOST_ROWS:
            raise Unusable(f"{file.path} has more than {MOST_ROWS:,} rows. Cut it into parts.")
        yield from sorted([*whole, *broken])


def _wrong_width(cells: Sequence[str], layout: Layout) -> str:
    return f"{len(cells)} columns instead of {len(layout.header)}"


def _torn(text: str, layout: Layout) -> list[str]:
    """The cells of a line whose quotation marks are broken, as far as they can be told: whose it is, above all."""
    return next(csv.reader([text], delimiter=layout.delimiter, quoting=csv.QUOTE_NONE), [])


def _record(layout: Layout, line: int, cells: Sequence[str], broken: str) -> Record:
    cells = _torn(cells[0], layout) if len(cells) == 1 else cells
    picked = tuple(cells[pick] if pick < len(cells) else "" for pick in layout.picks)
    return Record(line, (picked[0].strip('" '), *picked[1:]), broken)


def _written(cell: Cell) -> str:
    """A cell of a workbook as a CSV file has it."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%dT%H:%M:%S}"
    return "" if cell is None else str(cell)

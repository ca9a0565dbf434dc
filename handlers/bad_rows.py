"""Collects the rows of a file that were left out, and writes them down with their lines and reasons."""

from __future__ import annotations

import csv
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Any

from handlers.csv_file import Unusable

SHOWN = 10
_VALUE = re.compile(r"“[^”]*”|(?<=line )\d+|(?<=transformer )\S+(?= is)|(?<=feeder )\S+(?= on)|^\d+(?= columns)")
_SPOOLED_BYTES = 1 << 20


@dataclass(frozen=True)
class BadRow:
    """A line of the file and why it was left out."""

    line: int
    reason: str


class BadRows:
    """Rows that were left out, in any number: they wait in a file of their own, which `close` takes away.

    count: how many; reasons: how many for each reason; first: those with the lowest lines. why: the column in
    which the reason is written, another one than the file's own.
    """

    def __init__(self, header: Sequence[str], delimiter: str, why: str = "reason") -> None:
        self.count = 0
        self.reasons: Counter[str] = Counter()
        self.first: list[BadRow] = []
        self._header = header
        self._delimiter = delimiter
        self._why = why
        self._later: dict[int, str] = {}
        self._spool = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - it lives as long as this object
            _SPOOLED_BYTES, "w+", encoding="utf-8", errors="surrogateescape", newline=""
        )
        self._spooled = csv.writer(self._spool)

    def close(self) -> None:
        """Nothing is to be written any more; the counts stay."""
        self._spool.close()

    def add(self, line: int, cells: Sequence[str], reason: str) -> None:
        """Leave out a row, in the order of lines."""
        self._note(line, reason)
        self._spooled.writerow([line, reason, *cells])

    def add_later(self, line: int, reason: str) -> None:
        """Leave out a row whose cells are to be read again when it is written down."""
        self._note(line, reason)
        self._later[line] = reason

    def _note(self, line: int, reason: str) -> None:
        self.count += 1
        # A row may have several; without what differs from row to row a million of them are a few kinds.
        self.reasons.update(_kind(one) for one in reason.split("; "))
        if len(self.first) < SHOWN or line < self.first[-1].line:
            self.first = sorted([*self.first, BadRow(line, reason)], key=lambda one: one.line)[:SHOWN]

    def write(self, path: Path | None, again: Iterator[tuple[int, Sequence[str]]]) -> None:
        """Write all of them to `path`: their cells, `line` and reason. `again`: the file's records once more.

        Without bad rows nothing is written, and what an earlier import left there is taken away. Raises Unusable.
        """
        if path is None:
            return
        try:
            if not self.count:
                path.unlink(missing_ok=True)
                return
            with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                self._write(csv.writer(file, delimiter=self._delimiter), again)
        except OSError as error:
            raise Unusable(
                f"The bad rows cannot be written to {path}: {error.strerror}. Name another place with --bad. "
                "Nothing was changed."
            ) from None

    def _write(self, out: Any, again: Iterator[tuple[int, Sequence[str]]]) -> None:
        out.writerow([*self._header, "line", self._why])
        width = len(self._header)
        for line, reason, cells in merge(self._early(), self._late(again), key=lambda row: row[0]):
            # What is too much stays in the last column, so that line and reason stand below their names.
            kept = [*cells[: width - 1], self._delimiter.join(cells[width - 1 :])]
            out.writerow([*kept, *[""] * (width - len(kept)), line, reason])

    def _early(self) -> Iterator[tuple[int, str, Sequence[str]]]:
        self._spool.seek(0)
        for line, reason, *cells in csv.reader(self._spool):
            yield int(line), reason, cells

    def _late(self, again: Iterator[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, str, Sequence[str]]]:
        left = len(self._later)
        while left:
            line, cells = next(again)
            if reason := self._later.get(line):
                left -= 1
                yield line, reason, cells


def nothing_usable(path: Path, bad: BadRows, where: Path | None) -> str:
    """That no row of a file can be used, and why; `where` the bad rows are written, if anywhere."""
    if not bad.count:
        return f"{path} has a header, but no rows. Nothing was changed."
    told = f" {where} tells why." if where else f" The first is line {bad.first[0].line}: {bad.first[0].reason}."
    return f"None of the {bad.count:,} rows of {path} can be used.{told} Nothing was changed."


def _kind(reason: str) -> str:
    """`unknown ward_code “1”` and `customer_code is on line 7 already` without their values."""
    return _VALUE.sub("…", reason)

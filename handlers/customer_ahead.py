"""Gives the rows of a large customer file, whose second part another process reads while the first is written."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO

from handlers.bad_rows import BadRows
from handlers.csv_file import CsvFile, Span, Unusable
from handlers.customer_reading import Columns, Contradiction, Piece, Progress, Tally, note_refused, read
from handlers.rules.customer_rows import Expected
from handlers.rules.stored_addresses import StoredAddresses

# Smaller files are read before another Python has started.
WORTH_BYTES = 8 * 1024**2
# Of a file, what the process that also writes reads itself.
_OURS = 0.42


@dataclass(frozen=True)
class _Job:
    file: CsvFile
    span: Span
    expected: Expected
    tally: Tally


def good_rows(
    file: CsvFile, expected: Expected, tally: Tally, bad: BadRows, progress: Progress
) -> Iterator[Columns]:
    """The file's good rows in blocks, as columns in the order of store.customer_staging.STAGED.

    Raises Unusable; with a strict tally Contradiction.
    """
    parts = file.parted(_OURS) if file.size >= WORTH_BYTES and (os.cpu_count() or 1) > 1 else None
    if parts is None:
        yield from _noted(read(file, None, expected, tally), file, tally, bad, progress)
        return
    ours, theirs = parts
    later = replace(tally, streets_known=set(tally.streets_known))
    with _reading_ahead(_Job(file, theirs, expected, later)) as ahead:
        yield from _noted(read(file, ours, expected, tally), file, tally, bad, progress)
        yield from _noted(_pieces(ahead, tally), file, tally, bad, progress)


def _noted(
    pieces: Iterator[Piece], file: CsvFile, tally: Tally, bad: BadRows, progress: Progress
) -> Iterator[Columns]:
    for piece in pieces:
        note_refused(piece, tally, bad)
        if piece.columns is not None:
            yield piece.columns
        progress("reading", piece.done, file.size)


@dataclass(frozen=True)
class _Ahead:
    process: subprocess.Popen[bytes]
    results: IO[bytes]


@contextmanager
def _reading_ahead(job: _Job) -> Iterator[_Ahead]:
    """The other process. Its results wait in a file, so that it need not wait until somebody takes them."""
    with tempfile.TemporaryFile() as results:
        command = [sys.executable, "-m", __name__]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=results)
        try:
            assert process.stdin is not None
            with process.stdin as to:
                pickle.dump(job, to)
            yield _Ahead(process, results)
        finally:
            process.kill()
            process.wait()


def _pieces(ahead: _Ahead, tally: Tally) -> Iterator[Piece]:
    """What the other process found, as if it had been read here."""
    if status := ahead.process.wait():
        raise RuntimeError(f"The process that reads the file's second part ended with {status}.")
    ahead.results.seek(0)
    while True:
        found = pickle.load(ahead.results)
        if isinstance(found, Tally):
            tally.join(found)
            return
        if isinstance(found, Exception):
            raise found
        if found.columns is not None:
            columns = [column.split("\n") for column in found.columns]
            tally.follow(columns[1][0], columns[1][-1])
            found = replace(found, columns=columns)
        yield found


def _read_for_another() -> None:
    """In the other process: a job from standard input, its pieces and then its tally to standard output."""
    gc.disable()
    job: _Job = pickle.load(sys.stdin.buffer)
    out = sys.stdout.buffer
    try:
        for piece in read(job.file, job.span, job.expected, job.tally):
            # No cell holds a line break, and one string a column is much less to take apart than one a cell.
            columns = None if piece.columns is None else ["\n".join(column) for column in piece.columns]
            pickle.dump(replace(piece, columns=columns), out)
        pickle.dump(replace(job.tally, streets_known=set(), addresses=StoredAddresses()), out)
    except (Contradiction, Unusable) as found:
        pickle.dump(found, out)
    out.flush()


if __name__ == "__main__":
    _read_for_another()

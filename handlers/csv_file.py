"""Reads a CSV file of any size in blocks, tells each record's line, lets no broken one swallow the next."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK_BYTES = 1 << 16
LARGEST_BYTES = 2 * 1024**3
LONGEST_LINE_BYTES = 1 << 20
# A field may hold line breaks, but one that goes on for longer has lost its closing quotation mark.
LINES_OF_A_RECORD = 20
_DELIMITERS = ",;\t"  # spreadsheets write a semicolon where the comma parts decimals, as in Vietnam
_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE_BYTES = 1 << 20
SAVE_AS = "Save it as “CSV UTF-8” and try again."


class Unusable(Exception):
    """The file as a whole cannot be read; its text says why and what to do, in one or two sentences."""


@dataclass(frozen=True)
class Layout:
    """What the header says: the columns of the file, and where those are that were asked for."""

    delimiter: str
    header: tuple[str, ...]
    picks: tuple[int, ...]
    extra: tuple[str, ...]


@dataclass(frozen=True)
class Broken:
    """A line that is no record of the file, as its text with what could not be decoded as escapes."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Block:
    """Some records, each with the line it begins on, and the lines that are none.

    damaged: whether a record may hold bytes that are no UTF-8 (as surrogates) or NUL. done: bytes read so far.
    """

    records: Sequence[list[str]]
    lines: Sequence[int]
    broken: Sequence[Broken]
    damaged: bool
    done: int


@dataclass(frozen=True)
class Span:
    """Some whole records of a file: from byte `begin`, where `line` begins, to `end`, or to the last (None)."""

    begin: int
    line: int
    end: int | None = None


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header has been read and found good."""

    path: Path
    size: int
    layout: Layout

    def blocks(self, span: Span | None = None) -> Iterator[Block]:
        """The records of a span, or all; blank lines are no records. Raises Unusable, OSError."""
        with self.path.open("rb") as file:
            span = span or Span(len(file.readline(LONGEST_LINE_BYTES)), 2)
            file.seek(span.begin)
            reader, done = _Records(self.layout, span.line), span.begin
            for data in _whole_lines(file, span.end):
                done += len(data)
                yield reader.read(data, done)
        yield reader.finish(done)

    def parted(self, share: float) -> tuple[Span, Span] | None:
        """The file in two, the first about `share` of it; None where no place is certainly between two records."""
        with self.path.open("rb") as file:
            begin = len(file.readline(LONGEST_LINE_BYTES))
            about = max(begin, int(self.size * share))
            file.seek(about)
            after = _certain_beginning(file.read(_SAMPLE_BYTES), self.layout.delimiter.encode())
            if after is None:
                return None
            line = 1 + _count_lines(file, about + after)
        return Span(begin, 2, about + after), Span(about + after, line)


def _certain_beginning(text: bytes, delimiter: bytes) -> int | None:
    """Where a line begins that is certainly a record's first, whatever stands before this text.

    Was a field still open there, then it would be closed by the line's first quotation mark; if what follows that
    can follow no end of a field, no record reaches so far. Nor does one over too many lines without such a mark.
    """
    at, calm = text.find(b"\n") + 1, 0
    while at and (end := text.find(b"\n", at) + 1):
        mark = text.find(b'"', at, end)
        if mark == -1:
            calm += 1
        elif text[mark + 1 : mark + 2] not in (delimiter, b'"', b"\r", b"\n"):
            return at
        else:
            calm = 0
        at = end
        if calm == LINES_OF_A_RECORD:
            return at
    return None


def _count_lines(file: BinaryIO, end: int) -> int:
    """How many lines end before a byte."""
    file.seek(0)
    return sum(file.read(min(_SAMPLE_BYTES, end - at)).count(b"\n") for at in range(0, end, _SAMPLE_BYTES))


def open_csv(path: Path, columns: Sequence[str], largest: int = LARGEST_BYTES) -> CsvFile:
    """The file at `path`, which must have these columns, in any order. Raises Unusable."""
    size, sample = beginning(path, largest)
    _refuse_other_encodings(path, sample)
    return CsvFile(path, size, _layout(path, sample, columns))


def beginning(path: Path, largest: int) -> tuple[int, bytes]:
    """The size of a file of any kind, in bytes, and its beginning. Raises Unusable."""
    try:
        if path.is_dir():
            raise Unusable(f"{path} is a directory. Name the file in it.")
        size = path.stat().st_size
        with path.open("rb") as file:
            sample = file.read(_SAMPLE_BYTES)
    except FileNotFoundError:
        raise Unusable(f"There is no file {path}. Check the name and the directory.") from None
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from None
    if size > largest:
        raise Unusable(f"{path} has {size:,} bytes, more than {largest:,}. Cut it into parts by company.")
    return size, sample


def _refuse_other_encodings(path: Path, sample: bytes) -> None:
    """By what a file of another kind gives away in its beginning."""
    if not sample.strip():
        raise Unusable(f"{path} is empty.")
    if sample.startswith(_WIDE) or sample[:200].count(0) > len(sample[:200]) // 4:
        raise Unusable(f"{path} is in UTF-16, not in UTF-8. {SAVE_AS}")
    if sample.startswith(b"PK\x03\x04"):
        raise Unusable(f"{path} is a workbook (or a ZIP file), not a CSV file. {SAVE_AS}")
    written = [line for line in sample.split(b"\n")[:-1] or [sample] if not line.isascii()]
    wrong = sum(not _is_utf8(line) for line in written)
    if wrong * 2 > len(written):
        raise Unusable(f"{path} is not in UTF-8: {wrong} of its first lines are in another encoding. {SAVE_AS}")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _layout(path: Path, sample: bytes, columns: Sequence[str]) -> Layout:
    line = sample.removeprefix(_BOM).partition(b"\n")[0]
    text = line.decode(errors="replace").rstrip("\r")
    best = min((_named(text, delimiter, columns) for delimiter in _DELIMITERS), key=lambda one: len(one[1]))
    return checked(path, *best, columns)


def checked(path: Path, layout: Layout, missing: Sequence[str], columns: Sequence[str]) -> Layout:
    """The layout, if the file can be read by it. Raises Unusable."""
    if missing:
        raise Unusable(
            f"{path} lacks {_listed(missing)} in its first line. "
            f"It must name the columns {', '.join(columns)}, in any order."
        )
    if twice := sorted({name for name in columns if layout.header.count(name) > 1}):
        raise Unusable(f"{path} names {_listed(twice)} twice in its first line. Remove one of them.")
    return layout


def _named(text: str, delimiter: str, columns: Sequence[str]) -> tuple[Layout, list[str]]:
    """The header as this delimiter parts it, and the columns it then lacks."""
    try:
        names = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        names = []
    return layout_of(names, delimiter, columns)


def layout_of(names: Sequence[str], delimiter: str, columns: Sequence[str]) -> tuple[Layout, list[str]]:
    """What a header with these names says, and the columns it lacks."""
    header = tuple(name.strip().lower() for name in names)
    missing = [name for name in columns if name not in header]
    picks = tuple(header.index(name) for name in columns) if not missing else ()
    extra = tuple(name or "(no name)" for name in header if name not in columns)
    return Layout(delimiter, header, picks, extra), missing


def _listed(names: Sequence[str]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _whole_lines(file: BinaryIO, end: int | None) -> Iterator[bytes]:
    """Blocks that end with a line's end, but for the last."""
    rest = b""
    while data := file.read(BLOCK_BYTES if end is None else min(BLOCK_BYTES, end - file.tell())):
        data = rest + data
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        if len(rest) > LONGEST_LINE_BYTES:
            raise Unusable(
                f"A line of the file is longer than {LONGEST_LINE_BYTES:,} bytes: it is no list of records."
            )
        if cut:
            yield data[:cut]
    if rest:
        yield rest


class _Records:
    """Makes records of lines; what a block ends in the middle of waits for the next."""

    def __init__(self, layout: Layout, line: int) -> None:
        self._layout = layout
        self._line = line  # the next one's number; the header is the first
        self._open: list[str] = []

    def read(self, data: bytes, done: int) -> Block:
        try:
            text, damaged = data.decode(), b"\0" in data
        except UnicodeDecodeError:
            text, damaged = data.decode(errors="surrogateescape"), True
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        if not self._open and (records := self._each_a_line(lines)) is not None:
            block = Block(records, range(self._line, self._line + len(lines)), (), damaged, done)
            self._line += len(lines)
            return block
        return self._carefully([*self._open, *lines], damaged, done, last=False)

    def finish(self, done: int) -> Block:
        """What is still open when the file ends."""
        return self._carefully(self._open, True, done, last=True)

    def _each_a_line(self, lines: list[str]) -> list[list[str]] | None:
        """One record from each line, at the speed of the library; None if one is broken or goes over lines."""
        try:
            records = list(csv.reader(lines, delimiter=self._layout.delimiter, strict=True))
        except csv.Error:
            return None
        return records if len(records) == len(lines) else None

    def _carefully(self, lines: list[str], damaged: bool, done: int, *, last: bool) -> Block:
        records, numbers, broken = list[list[str]](), list[int](), list[Broken]()
        first = self._line
        at = 0
        while at < len(lines):
            record, length, reason = self._record(lines[at : at + LINES_OF_A_RECORD])
            if record is None and not reason and not last and at + LINES_OF_A_RECORD > len(lines):
                break
            if record is None:
                reason = reason or "a quotation mark is not closed"
                broken.append(Broken(first + at, lines[at].rstrip("\r"), reason))
            else:
                records.append(record)
                numbers.append(first + at)
            at += length
        self._line, self._open = first + at, lines[at:]
        return Block(records, numbers, broken, damaged, done)

    def _record(self, lines: Sequence[str]) -> tuple[list[str] | None, int, str]:
        """The record at the beginning, its lines, and why there is none ("" if only its end is not here)."""
        for length in range(1, len(lines) + 1):
            text = "\n".join(lines[:length])
            try:
                record = next(csv.reader([text], delimiter=self._layout.delimiter, strict=True), [])
            except csv.Error as error:
                if "unexpected end" in str(error):
                    continue
                wrong = "a quotation mark is not closed" if length > 1 else "its quotation marks are misplaced"
                return None, 1, wrong
            if length > 1 and len(record) != len(self._layout.header):
                return None, 1, "a quotation mark is not closed"
            return record, length, ""
        return None, 1, ""

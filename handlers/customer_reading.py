"""Reads the utility's customer file in a stream, and learns of it as a whole what no single row tells.

Kept free of the database's libraries: a second process that reads ahead would pay for them in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, repeat
from operator import lt

from handlers.bad_rows import BadRows
from handlers.csv_file import Broken, CsvFile, Span
from handlers.rules import customer_rows
from handlers.rules.customer_rows import Checked, Expected, Refused
from handlers.rules.stored_addresses import StoredAddresses, street_as_written

Columns = Sequence[Sequence[str]]
# Called with what is being done, how much of it is done, and how much there is (0: it cannot be said).
Progress = Callable[[str, int, int], None]


class Contradiction(Exception):
    """Rows must be compared with each other before any of them can be kept."""


@dataclass
class Tally:
    """What is learned of the file as a whole while its rows pass by.

    company_length: how many first characters of a code name the company.
    strict: raise Contradiction instead of noting that codes are not in order or a transformer is on two feeders.
    on_feeder: the first feeder of each transformer; on_several: those that are on another one further down;
    census: rows by feeder, company and segment; whole: whether the census counts all customers that there will be.
    """

    streets_known: set[tuple[str, str]]
    company_length: int
    strict: bool
    addresses: StoredAddresses = field(default_factory=StoredAddresses)
    streets: list[dict[str, str]] = field(default_factory=list)
    on_feeder: dict[str, str] = field(default_factory=dict)
    on_several: set[str] = field(default_factory=set)
    census: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    mentioned: list[str] = field(default_factory=list)
    good: int = 0
    in_order: bool = True
    last_code: str = ""
    whole: bool = True

    def follow(self, first: str, last: str) -> None:
        """Rows in order pass by, from one code to another."""
        self.in_order = self.in_order and self.last_code < first
        self.last_code = last
        self._refuse(not self.in_order)

    def join(self, later: Tally) -> None:
        """Add what was learned of a part of the file that comes later; of its order only within itself."""
        self.good += later.good
        self.census.update(later.census)
        self.in_order = self.in_order and later.in_order
        self.on_several |= later.on_several
        for transformer, feeder in later.on_feeder.items():
            if self.on_feeder.setdefault(transformer, feeder) != feeder:
                self.on_several.add(transformer)
        for street in later.streets:
            if (place := (street["ward_code"], street["folded"])) not in self.streets_known:
                self.streets_known.add(place)
                self.streets.append(street)
        self._refuse(not self.in_order or bool(self.on_several))

    def _refuse(self, contradiction: bool) -> None:
        if self.strict and contradiction:
            raise Contradiction


@dataclass(frozen=True)
class Piece:
    """What a block of the file comes to: lines that are no records, rows left out, and the columns of the others.

    columns: in the order of store.customer_staging.STAGED; None without any. done: bytes read so far.
    """

    broken: Sequence[Broken]
    refused: Sequence[Refused]
    columns: Columns | None
    done: int


def read(file: CsvFile, span: Span | None, expected: Expected, tally: Tally) -> Iterator[Piece]:
    """Check the rows of a span, or of the whole file, and learn of them. Raises Unusable, Contradiction."""
    for block in file.blocks(span):
        checked = customer_rows.check(block.records, block.lines, expected, damaged=block.damaged)
        columns = _columns(checked, tally) if checked.lines else None
        yield Piece(block.broken, checked.refused, columns, block.done)


def note_refused(piece: Piece, tally: Tally, bad: BadRows) -> None:
    """Keep the rows that are left out, and whom they name."""
    for broken in piece.broken:
        bad.add(broken.line, (broken.text,), broken.reason)
    for one in piece.refused:
        bad.add(one.line, one.cells, one.reason)
        if one.code:
            tally.mentioned.append(one.code)


def _columns(checked: Checked, tally: Tally) -> Columns:
    codes, names, phones, addresses, wards, feeders, transformers, segments, important = checked.columns
    houses, streets = tally.addresses.read(addresses)
    tally.good += len(codes)
    _note_order(codes, tally)
    _note_network(transformers, feeders, tally)
    tally.census.update(zip(feeders, _companies(codes, tally), segments, strict=False))
    _note_streets(wards, streets, addresses, tally)
    lines = list(map(str, checked.lines))
    place = (feeders, transformers)
    return (lines, codes, names, phones, addresses, houses, streets, wards, segments, important, *place)


def _companies(codes: Sequence[str], tally: Tally) -> Iterable[str]:
    """The company of each code, without end if it is the same: of a sorted block the ends show it."""
    first, last = codes[0][: tally.company_length], codes[-1][: tally.company_length]
    if tally.in_order and first == last:
        return repeat(first)
    return [code[: tally.company_length] for code in codes]


def _note_order(codes: Sequence[str], tally: Tally) -> None:
    """A file that is sorted by code, as most are, needs no search for codes that occur twice."""
    if tally.in_order:
        tally.in_order = all(map(lt, codes, islice(codes, 1, None)))
        tally.follow(codes[0], codes[-1])


def _note_network(transformers: Sequence[str], feeders: Sequence[str], tally: Tally) -> None:
    """Almost always a block says of transformers what earlier ones said, which is quickly seen."""
    if tuple(map(tally.on_feeder.get, transformers)) == tuple(feeders):
        return
    for transformer, feeder in dict.fromkeys(zip(transformers, feeders, strict=True)):
        if tally.on_feeder.setdefault(transformer, feeder) != feeder:
            tally.on_several.add(transformer)
            if tally.strict:
                raise Contradiction


def _note_streets(wards: Sequence[str], streets: Sequence[str], addresses: Sequence[str], tally: Tally) -> None:
    """Keep the streets that no ward's list has yet, under the name that the first address on them gives."""
    new = set(zip(wards, streets, strict=True)) - tally.streets_known
    if not new:
        return
    for ward, street, address in zip(wards, streets, addresses, strict=True):
        if (ward, street) in new:
            new.discard((ward, street))
            tally.streets_known.add((ward, street))
            if street:
                name = street_as_written(address, street)
                tally.streets.append({"ward_code": ward, "name": name, "folded": street})


def records(file: CsvFile) -> Iterator[tuple[int, Sequence[str]]]:
    """All records once more, with their lines: for rows whose fault shows only in the company of others."""
    for block in file.blocks():
        yield from zip(block.lines, block.records, strict=True)

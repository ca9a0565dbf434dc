"""Imports the utility's customer file: reads it in a stream, keeps what is good, tells what is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import lt
from pathlib import Path
from zoneinfo import ZoneInfo

from conversations.folding import fold
from handlers.bad_rows import BadRows, nothing_usable
from handlers.csv_file import Block, CsvFile, Unusable, open_csv
from handlers.rules import customer_rows
from handlers.rules.customer_rows import COLUMNS, Checked, Expected
from handlers.rules.stored_addresses import StoredAddresses, street_as_written
from handlers.rules.ward_names import Ward as ListedWard
from store import census, network
from store import customer_import as kept
from store.customer_import import Comparison
from store.db import Unit
from store.network import Feeder, Street, Transformer, Ward

# Called with what is being done, how much of it is done, and how much there is (0: it cannot be said).
Progress = Callable[[str, int, int], None]

_AT_A_TIME = 5_000  # rows of one statement


@dataclass(frozen=True)
class Options:
    """How to import. bad: where the bad rows go, None for nowhere; remove_gone: however many are missing."""

    bad: Path | None
    dry_run: bool = False
    remove_gone: bool = False


@dataclass(frozen=True)
class Report:
    """What was, or with `dry_run` would be, done. gone: customers now marked as gone; kept_back: who would be,
    but are too many. new_feeders, new_transformers, moved_transformers: counts of the network's parts."""

    found: Comparison
    good: int
    gone: int
    kept_back: int
    new_feeders: int
    new_transformers: int
    moved_transformers: int
    extra_columns: tuple[str, ...]
    bad: BadRows


@dataclass
class _Tally:
    """What is learned of the file as a whole while its rows pass by."""

    streets_known: set[tuple[str, str]]
    addresses: StoredAddresses = field(default_factory=StoredAddresses)
    streets: list[dict[str, str]] = field(default_factory=list)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    mentioned: list[str] = field(default_factory=list)
    good: int = 0
    in_order: bool = True
    last_code: str = ""


async def run(
    unit: Unit,
    path: Path,
    wards: Sequence[ListedWard],
    options: Options,
    now: datetime,
    zone: ZoneInfo,
    progress: Progress,
) -> Report:
    """Bring the customers to the state of the file at `path`, all of it or, if it raises, nothing.

    Raises Unusable, with a sentence, for a file that cannot be used as a whole; store.customer_import.Busy.
    """
    file = open_csv(path, COLUMNS)
    await kept.begin(unit)
    with closing(BadRows(file.layout.header, file.layout.delimiter)) as bad:
        tally = _Tally(await network.streets_known(unit))
        await _read(unit, file, wards, tally, bad, progress)
        if not tally.good:
            bad.write(options.bad, _records(file))
            raise Unusable(nothing_usable(path, bad, options.bad))
        report = await _apply(unit, tally, wards, options, file.layout.extra, bad, progress)
        bad.write(options.bad, _records(file))
    if not options.dry_run:
        await census.take(unit, f"{now.astimezone(zone):%Y-%m}")
    await kept.end(unit)
    return report


# --- reading -------------------------------------------------------------------------------------------------


async def _read(
    unit: Unit, file: CsvFile, wards: Sequence[ListedWard], tally: _Tally, bad: BadRows, progress: Progress
) -> None:
    """Stage the good rows of the file, and collect the bad ones."""
    known_wards = {ward.code for ward in wards} | {ward.code for ward in await network.wards(unit)}
    expected = Expected(len(file.layout.header), file.layout.picks, known_wards)
    await kept.stage(unit, _staged(file, expected, tally, bad, progress))
    progress("comparing", 0, 0)
    await _refuse_what_contradicts(unit, tally, bad)
    await kept.mention(unit, tally.mentioned)
    await kept.settle(unit)


def _staged(
    file: CsvFile, expected: Expected, tally: _Tally, bad: BadRows, progress: Progress
) -> Iterator[Sequence[Sequence[str]]]:
    """The file's good rows in blocks, as columns in the order of store.customer_import.STAGED."""
    for block in file.blocks():
        checked = customer_rows.check(block.records, block.lines, expected, damaged=block.damaged)
        _note_refused(block, checked, tally, bad)
        if checked.lines:
            yield _columns(checked, tally)
        progress("reading", block.done, file.size)


def _note_refused(block: Block, checked: Checked, tally: _Tally, bad: BadRows) -> None:
    for broken in block.broken:
        bad.add(broken.line, (broken.text,), broken.reason)
    for one in checked.refused:
        bad.add(one.line, one.cells, one.reason)
        if one.code:
            tally.mentioned.append(one.code)


def _columns(checked: Checked, tally: _Tally) -> Sequence[Sequence[str]]:
    codes, names, phones, addresses, wards, feeders, transformers, segments, important = checked.columns
    houses, streets = tally.addresses.read(addresses)
    tally.good += len(codes)
    tally.pairs.update(zip(transformers, feeders, strict=True))
    _note_order(codes, tally)
    _note_streets(wards, streets, addresses, tally)
    lines = list(map(str, checked.lines))
    place = (feeders, transformers)
    return (lines, codes, names, phones, addresses, houses, streets, wards, segments, important, *place)


def _note_order(codes: Sequence[str], tally: _Tally) -> None:
    """A file that is sorted by code, as most are, needs no search for codes that occur twice."""
    if tally.in_order:
        tally.in_order = tally.last_code < codes[0] and all(map(lt, codes, islice(codes, 1, None)))
        tally.last_code = codes[-1]


def _note_streets(wards: Sequence[str], streets: Sequence[str], addresses: Sequence[str], tally: _Tally) -> None:
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


def _records(file: CsvFile) -> Iterator[tuple[int, Sequence[str]]]:
    """All records once more, with their lines: for rows whose fault shows only in the company of others."""
    for block in file.blocks():
        yield from zip(block.lines, block.records, strict=True)


async def _refuse_what_contradicts(unit: Unit, tally: _Tally, bad: BadRows) -> None:
    """Rows that repeat a code, and those that put a transformer on another feeder than most rows do."""
    if not tally.in_order:
        for line, first in await kept.refuse_repeated(unit):
            bad.add_later(line, f"customer_code is on line {first} already")
            tally.good -= 1
    for transformer, feeders in _on_several_feeders(tally.pairs).items():
        likely, *others = sorted(feeders, key=lambda feeder: -tally.pairs[transformer, feeder])
        first = await kept.first_line(unit, transformer, likely)
        for feeder in others:
            del tally.pairs[transformer, feeder]
            for line in await kept.refuse_pair(unit, transformer, feeder):
                bad.add_later(line, f"transformer {transformer} is on feeder {likely} on line {first} and most")
                tally.good -= 1


def _on_several_feeders(pairs: Counter[tuple[str, str]]) -> dict[str, list[str]]:
    """Transformers with more than one feeder, in the order in which they first occur."""
    if len({transformer for transformer, _ in pairs}) == len(pairs):
        return {}
    feeders: dict[str, list[str]] = {}
    for transformer, feeder in pairs:
        feeders.setdefault(transformer, []).append(feeder)
    return {transformer: several for transformer, several in feeders.items() if len(several) > 1}


# --- writing -------------------------------------------------------------------------------------------------


async def _apply(
    unit: Unit,
    tally: _Tally,
    wards: Sequence[ListedWard],
    options: Options,
    extra: tuple[str, ...],
    bad: BadRows,
    progress: Progress,
) -> Report:
    found = await kept.compare(unit)
    on_feeder = dict(tally.pairs.keys())
    feeders = set(on_feeder.values()) - await network.feeder_codes(unit)
    now_on = await network.feeders_of_transformers(unit)
    new = sorted(set(on_feeder) - now_on.keys())
    moved = {code: feeder for code, feeder in on_feeder.items() if now_on.get(code, feeder) != feeder}
    too_many = found.missing * 2 > found.known and not options.remove_gone
    if not options.dry_run:
        progress("writing", 0, 0)
        rows = [{"code": one.code, "name": one.name, "folded": fold(one.name)} for one in wards]
        await network.add_rows(unit, Ward, rows)
        await _add(unit, Feeder, ({"code": code, "name": code} for code in sorted(feeders)))
        await _add(
            unit, Transformer, ({"code": code, "name": code, "feeder_code": on_feeder[code]} for code in new)
        )
        await _add(unit, Street, iter(tally.streets))
        await kept.write(unit, found)
        await kept.move_transformers(unit, moved)
        if found.missing and not too_many:
            await kept.mark_gone(unit)
    gone, left = (0, found.missing) if too_many else (found.missing, 0)
    return Report(found, tally.good, gone, left, len(feeders), len(new), len(moved), extra, bad)


async def _add(
    unit: Unit, table: type[Feeder] | type[Transformer] | type[Street], rows: Iterator[dict[str, str]]
) -> None:
    while some := list(islice(rows, _AT_A_TIME)):
        await network.add_rows(unit, table, some)

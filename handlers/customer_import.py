"""Imports the utility's customer file: what is good becomes the customers, and what is not is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from conversations.folding import fold
from handlers.bad_rows import BadRows, nothing_usable
from handlers.csv_file import CsvFile, Unusable, open_csv
from handlers.customer_ahead import good_rows
from handlers.customer_reading import Contradiction, Progress, Tally, records
from handlers.rules.customer_rows import COLUMNS, Expected
from handlers.rules.ward_names import Ward as ListedWard
from store import bulk, census, network
from store import customer_import as kept
from store import customer_staging as staging
from store.customer_import import Comparison
from store.db import Database, Unit
from store.network import Feeder, Street, Transformer, Ward

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


@dataclass(frozen=True)
class _Job:
    """One import: its file, and what it is to be done with."""

    file: CsvFile
    wards: Sequence[ListedWard]
    options: Options
    month: str
    progress: Progress


async def run(
    database: Database,
    path: Path,
    wards: Sequence[ListedWard],
    options: Options,
    now: datetime,
    zone: ZoneInfo,
    progress: Progress,
) -> Report:
    """Bring the customers to the state of the file at `path`, all of it or, if it raises, nothing.

    The caller closes the database. Raises Unusable, with a sentence, for a file that cannot be used as a whole;
    store.customer_import.Busy.
    """
    job = _Job(open_csv(path, COLUMNS), wards, options, f"{now.astimezone(zone):%Y-%m}", progress)
    try:
        return await _fill(database, job)
    except Contradiction:
        return await _compare(database, job)


async def _fill(database: Database, job: _Job) -> Report:
    """Put the rows straight into a table without customers; raises Contradiction where that cannot be done."""
    async with database.reading() as unit:
        if job.options.dry_run or not await kept.can_fill(unit):
            raise Contradiction
    with _bad_rows(job) as bad:
        async with bulk.trusted(database), database.unit() as unit:
            await kept.begin(unit)
            if not await kept.can_fill(unit):
                raise Contradiction
            tally = Tally(await network.streets_known(unit), census.COMPANY_LENGTH, strict=True)
            parts = await _Parts.read(unit)
            await _add_wards(unit, job.wards)
            blocks = good_rows(job.file, await _expected(unit, job), tally, bad, job.progress)
            await kept.fill(unit, (columns[1:] for columns in blocks), lambda: parts.add(unit, tally.on_feeder))
            _refuse_unless_usable(job, tally, bad)
            job.progress("writing", 0, 0)
            await _add(unit, Street, iter(tally.streets))
            await kept.move_transformers(unit, parts.moved(tally.on_feeder))
            found = Comparison(tally.good, 0, 0, 0, 0, 0, 0, met=False)
            return await _finish(unit, job, tally, parts, found, bad)


async def _compare(database: Database, job: _Job) -> Report:
    """Stage the rows, compare them with each other and with the customers, and write what differs."""
    options = job.options
    with _bad_rows(job) as bad, staging.staging_file(database) as place:
        async with database.reading() as unit:
            tally = Tally(await network.streets_known(unit), census.COMPANY_LENGTH, strict=False)
            blocks = good_rows(job.file, await _expected(unit, job), tally, bad, job.progress)
        if place:
            staging.stage_apart(place, blocks)
            if not tally.in_order:
                staging.sort_apart(place)
        # A dry run reads only, and so does not keep the service from writing.
        async with database.reading() if options.dry_run else database.unit() as unit:
            await kept.begin(unit)
            await staging.open_staged(unit, place)
            if not place:
                await staging.stage(unit, blocks)
            _refuse_unless_usable(job, tally, bad)
            job.progress("comparing", 0, 0)
            await _refuse_what_contradicts(unit, tally, bad)
            await kept.mention(unit, tally.mentioned)
            await kept.settle(unit, in_order=tally.in_order)
            found = await kept.compare(unit)
            parts = await _Parts.read(unit)
            if not options.dry_run:
                job.progress("writing", 0, 0)
                await _write(unit, job, tally, parts, found)
            return await _finish(unit, job, tally, parts, found, bad)


def _bad_rows(job: _Job) -> closing[BadRows]:
    return closing(BadRows(job.file.layout.header, job.file.layout.delimiter))


def _refuse_unless_usable(job: _Job, tally: Tally, bad: BadRows) -> None:
    if not tally.good:
        bad.write(job.options.bad, records(job.file))
        raise Unusable(nothing_usable(job.file.path, bad, job.options.bad))


async def _expected(unit: Unit, job: _Job) -> Expected:
    wards = {ward.code for ward in job.wards} | {ward.code for ward in await network.wards(unit)}
    return Expected(len(job.file.layout.header), job.file.layout.picks, wards)


async def _refuse_what_contradicts(unit: Unit, tally: Tally, bad: BadRows) -> None:
    """Rows that repeat a code, and those that put a transformer on another feeder than most rows do."""
    refused = 0
    if not tally.in_order:
        for line, first in await kept.refuse_repeated(unit):
            bad.add_later(line, f"customer_code is on line {first} already")
            refused += 1
    for transformer in sorted(tally.on_several):
        likely, *others = await kept.feeders_by_rows(unit, transformer)
        tally.on_feeder[transformer] = likely
        first = await kept.first_line(unit, transformer, likely)
        for feeder in others:
            for line in await kept.refuse_pair(unit, transformer, feeder):
                bad.add_later(line, f"transformer {transformer} is on feeder {likely} on line {first} and most")
                refused += 1
    tally.good -= refused
    tally.whole = not refused and not tally.mentioned


# --- writing -------------------------------------------------------------------------------------------------


@dataclass
class _Parts:
    """The feeders and transformers that were there before, and how many the file adds."""

    feeders: set[str]
    now_on: dict[str, str]
    new_feeders: set[str] = field(default_factory=set)
    new_transformers: set[str] = field(default_factory=set)

    @classmethod
    async def read(cls, unit: Unit) -> _Parts:
        return cls(await network.feeder_codes(unit), await network.feeders_of_transformers(unit))

    def note(self, on_feeder: Mapping[str, str]) -> None:
        """What the file says of each transformer: learn which are new."""
        self.new_feeders = set(on_feeder.values()) - self.feeders
        self.new_transformers = on_feeder.keys() - self.now_on.keys()

    async def add(self, unit: Unit, on_feeder: Mapping[str, str]) -> None:
        """Write those that are new."""
        self.note(on_feeder)
        await _add(unit, Feeder, ({"code": code, "name": code} for code in sorted(self.new_feeders)))
        new = (
            {"code": code, "name": code, "feeder_code": on_feeder[code]} for code in sorted(self.new_transformers)
        )
        await _add(unit, Transformer, new)

    def moved(self, on_feeder: Mapping[str, str]) -> dict[str, str]:
        """The transformers that are on another feeder now."""
        return {code: feeder for code, feeder in on_feeder.items() if self.now_on.get(code, feeder) != feeder}


async def _write(unit: Unit, job: _Job, tally: Tally, parts: _Parts, found: Comparison) -> None:
    await _add_wards(unit, job.wards)
    await parts.add(unit, tally.on_feeder)
    # Another import may have ended since the file was read.
    known = await network.streets_known(unit)
    await _add(unit, Street, (one for one in tally.streets if (one["ward_code"], one["folded"]) not in known))
    await kept.write(unit, found)
    await kept.move_transformers(unit, parts.moved(tally.on_feeder))
    if found.missing and not _too_many(found, job.options):
        await kept.mark_gone(unit)


def _too_many(found: Comparison, options: Options) -> bool:
    """Whether so many are missing that the file is more likely a part than the whole."""
    return found.missing * 2 > found.known and not options.remove_gone


async def _finish(unit: Unit, job: _Job, tally: Tally, parts: _Parts, found: Comparison, bad: BadRows) -> Report:
    """The census, the file of bad rows, and the report."""
    left = found.missing if _too_many(found, job.options) else 0
    if job.options.dry_run:
        parts.note(tally.on_feeder)
    elif tally.whole and not left:
        await census.put(unit, job.month, tally.census)
    else:
        await census.take(unit, job.month)
    bad.write(job.options.bad, records(job.file))
    return Report(
        found,
        tally.good,
        found.missing - left,
        left,
        len(parts.new_feeders),
        len(parts.new_transformers),
        len(parts.moved(tally.on_feeder)),
        job.file.layout.extra,
        bad,
    )


async def _add_wards(unit: Unit, wards: Sequence[ListedWard]) -> None:
    rows = [{"code": one.code, "name": one.name, "folded": fold(one.name)} for one in wards]
    await network.add_rows(unit, Ward, rows)


async def _add(
    unit: Unit, table: type[Feeder] | type[Transformer] | type[Street], rows: Iterator[dict[str, str]]
) -> None:
    while some := list(islice(rows, _AT_A_TIME)):
        await network.add_rows(unit, table, some)

"""An incident that touches a million followed places: the first push, the last row, and the memory it takes."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import BigInteger, Column, MetaData, String, case, cast, func, insert, literal, select, text
from sqlalchemy import Table as SqlTable
from sqlmodel import SQLModel, col

from benchmarks.measuring import Table, databases, verdict
from bot import garbage
from bot.holder import Holder
from bot.sender import Sender
from bot.spreading import Spreading
from handlers import outages
from handlers.outages import OutageDraft, Published
from handlers.ports import Incoming, Limits, Outcome, Outgoing, Sent
from handlers.talking import talking
from store.contacts import Contact
from store.customers import Customer
from store.db import Database
from store.extent import Scope
from store.network import Feeder, Substation, Transformer, Ward
from store.outages import Kind
from store.outbox import Delivery
from store.subscriptions import Subscription
from store.types import Utc

FIRST_PUSH, LAST_ROW, MEMORY = 1.0, 10.0, 250.0
FEEDERS = 100
# Who follows which meter has no order: a prime spreads neighbours over the whole table.
SPREAD = 600_011
# The most that Telegram takes of one bot, and it is paid for.
PER_SECOND = 1000.0
BARE = "bare copy of the same rows, primary key only"


@dataclass
class Course:
    """What was measured: seconds since publishing began, and the process's peak in MB."""

    published: float
    first_push: float
    answered: float
    last_row: float
    bare: float
    peak: float


class AtOnce:
    """A channel that sends without delay, and notes when the first message went out."""

    name = "web"
    most_file_bytes = 0
    limits = Limits(
        text=4096, buttons=10, edit=True, images=True, per_second=PER_SECOND, per_recipient=0.0, in_flight=100
    )

    def __init__(self) -> None:
        self.first: float | None = None

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        return []

    async def send(self, to: str, message: Outgoing, key: str) -> Outcome:
        if self.first is None:
            self.first = time.perf_counter()
        return Sent(key)

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        raise FileNotFoundError(ref)
        yield

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None


def measure(*, quick: bool) -> Table:
    """Once on each database. quick: twenty times fewer places."""
    number = 50_000 if quick else 1_000_000
    garbage.collect_rarely()
    with databases() as urls:
        courses = {name: uvloop.run(_measure(url, number)) for name, url in urls.items()}
    return _table(courses, number)


async def _measure(url: str, number: int) -> Course:
    database = Database(url)
    await _settle_in(database)
    await _build(database, number)
    _forget_peak()
    course = await _course(database, number)
    await database.close()
    return course


async def _course(database: Database, number: int) -> Course:
    """Publish, and write and send as the service does until the last row stands."""
    channel, spreading = AtOnce(), Spreading(database)
    sender = Sender(database, channel, talking().speaker, Holder())
    database.on_said(sender.wake)
    sending = asyncio.create_task(sender.run())
    await asyncio.sleep(1)
    draft = OutageDraft(Kind.INCIDENT, None, (), Scope(feeders=tuple(_feeder(one) for one in range(FEEDERS))))
    started = time.perf_counter()
    async with database.unit() as unit:
        told = await outages.publish(unit, draft, "benchmark", datetime.now(UTC))
    published = time.perf_counter() - started
    counting = asyncio.create_task(_counted(database, told, started))
    await spreading.unfinished()
    last_row = time.perf_counter() - started
    recipients, answered = await counting
    peak = _peak()
    while channel.first is None:
        await asyncio.sleep(0.01)
    sender.stop()
    await sending
    async with database.reading() as unit:
        written = (await unit.session.execute(select(func.count()).select_from(Delivery))).scalar_one()
    if not written == recipients == number:
        raise RuntimeError(f"{written} rows and {recipients} recipients of {number}")
    return Course(published, channel.first - started, answered, last_row, await _bare(database), peak)


async def _counted(database: Database, told: Published, started: float) -> tuple[int, float]:
    """How many are told, counted beside the writing as the API counts them, and the seconds until it is known."""
    if told.to_count is None:
        return told.recipients or 0, time.perf_counter() - started
    async with database.reading() as unit:
        recipients = await outages.recipients(unit, told.to_count)
    return recipients, time.perf_counter() - started


async def _bare(database: Database) -> float:
    """Seconds for one statement that copies the rows into a table without another index or key."""
    bare = SqlTable(
        "bare", MetaData(), *(Column(one.name, one.type) for one in _columns()), Column("id", primary_key=True)
    )
    async with database.engine.begin() as connection:
        names = ", ".join(f"{one.name} {one.type.compile(connection.dialect)}" for one in _columns())
        key = "INTEGER" if database.is_sqlite else "BIGINT GENERATED ALWAYS AS IDENTITY"
        await connection.execute(text(f"CREATE TABLE bare (id {key} PRIMARY KEY, {names})"))
    started = time.perf_counter()
    async with database.engine.begin() as connection:
        await connection.execute(insert(bare).from_select([one.name for one in _columns()], select(*_columns())))
    return time.perf_counter() - started


def _columns() -> list[Any]:
    return [one for one in _of(Delivery).columns if one.name != "id"]


# --- the town --------------------------------------------------------------------------------------------------


async def _settle_in(database: Database) -> None:
    """Let PostgreSQL write as it does in use: the tests' server has a log so small that it is always full."""
    if database.is_sqlite:
        return
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("ALTER SYSTEM SET max_wal_size = '4GB'"))
        await connection.execute(text("SELECT pg_reload_conf()"))


async def _build(database: Database, number: int) -> None:
    """Everyone follows one meter, and every meter lies on one of the feeders that fail."""
    now = datetime.now(UTC)
    async with database.engine.begin() as connection:
        await connection.execute(insert(Ward), {"code": "26740", "name": "Sài Gòn", "folded": "sai gon"})
        await connection.execute(insert(Substation), {"code": "S", "name": "S"})
        lines = [{"code": _feeder(one), "name": _feeder(one), "substation_code": "S"} for one in range(FEEDERS)]
        await connection.execute(insert(Feeder), lines)
        boxes = [{"code": f"T{one}", "name": "T", "feeder_code": _feeder(one)} for one in range(FEEDERS)]
        await connection.execute(insert(Transformer), boxes)
        numbers = select(literal(0, BigInteger).label("n")).cte("numbers", recursive=True)
        numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < number - 1))
        n: Any = numbers.c.n
        line = cast(n % FEEDERS, String)
        code = literal("PB") + cast(literal(10_000_000_000) + n, String)
        followed = literal("PB") + cast(literal(10_000_000_000) + (n * SPREAD) % number, String)
        label = case((n % 10 == 0, literal("Nhà số ") + cast(n, String)), (n % 3 == 0, "Chỗ làm"), else_="Nhà")
        rows: dict[Any, dict[str, Any]] = {
            Customer: {
                "code": code,
                "name": literal("Nguyễn Văn An"),
                "phone": literal("09") + cast(literal(10_000_000) + n, String),
                "address": literal("12 Lê Lợi, Sài Gòn"),
                "house": literal("12"),
                "street": literal("le loi"),
                "ward_code": literal("26740"),
                "feeder_code": literal("F") + line,
                "transformer_code": literal("T") + line,
                "segment": literal("household"),
                "important": literal(False),
            },
            Contact: {
                "channel": literal(AtOnce.name),
                "address": literal("visitor-") + cast(n, String),
                "name": literal("An"),
                "language": literal("vi"),
                "created_at": literal(now, Utc()),
                "seen_at": literal(now, Utc()),
                "asleep_why": literal(""),
            },
        }
        for table, values in rows.items():
            await connection.execute(insert(table).from_select(list(values), select(*values.values())))
        first = (await connection.execute(select(func.min(col(Contact.id))))).scalar_one()
        places = {
            "contact_id": n + first,
            "target": literal("c:") + followed,
            "customer_code": followed,
            "label": label,
            "paused": literal(False),
            "created_at": literal(now, Utc()),
        }
        await connection.execute(insert(Subscription).from_select(list(places), select(*places.values())))
    if not database.is_sqlite:
        # What autovacuum does within a minute of a database that has grown.
        async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            await connection.execute(text("VACUUM ANALYZE"))


def _feeder(number: int) -> str:
    return f"F{number}"


def _of(table: type[SQLModel]) -> Any:
    return table.__table__  # type: ignore[attr-defined]


# --- memory ----------------------------------------------------------------------------------------------------


def _forget_peak() -> None:
    """Begin to measure memory here: building the town is not what is asked about."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """The most memory that this process has held, in MB."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024 / 1e6


def _table(courses: Mapping[str, Course], number: int) -> Table:
    rows, notes = [], []
    for name, one in courses.items():
        rows.append([f"Sáng Đèn, {name}", *_shown(one, number)])
        rows.append([f"{BARE}, {name}", "", "", "", f"{one.bare:.1f}", f"{number / one.bare:,.0f}", ""])
        bars = ((one.first_push, FIRST_PUSH), (one.last_row, LAST_ROW), (one.peak, MEMORY))
        notes.append(
            f"{name}: first push in {FIRST_PUSH:.0f} s, last row in {LAST_ROW:.0f} s, at most {MEMORY:.0f} MB: "
            f"{', '.join(verdict(value, bar, most=True) for value, bar in bars)}."
        )
    return Table(
        f"An incident for {number:,} followed places",
        ("road", "published s", "first push s", "answered s", "last row s", "rows/s", "peak MB"),
        rows,
        (
            "Seconds since publishing began. Audience found and written as deliveries, a sender sending at",
            f"{PER_SECOND:,.0f}/s meanwhile. Answered: all are counted, beside the writing. Memory is that of the",
            "service's process, without PostgreSQL's.",
            "",
            *notes,
        ),
    )


def _shown(one: Course, number: int) -> list[str]:
    rate = math.floor(number / one.last_row)
    seconds = (one.published, one.first_push, one.answered, one.last_row)
    return [*(f"{value:.2f}" for value in seconds), f"{rate:,}", f"{one.peak:.0f}"]

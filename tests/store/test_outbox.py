"""The outbox: nothing is lost, nothing is sent late, nothing is written twice, whatever happens when."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text
from sqlmodel import col

from store import contacts, outbox
from store.db import Database
from store.outbox import Claimed, Delivery, Message, Priority, Settled, Status
from tests.sqlite_files import copied, sqlite_address
from tests.town import NOW

LEASE = timedelta(seconds=90)
ALL = (0, 99)
TERMINAL = (Status.SENT, Status.UNREACHABLE, Status.REJECTED, Status.EXPIRED, Status.RETRACTED)


class Box:
    """The outbox of one database, with a person to write to."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def add(
        self, key: str, *, worth: timedelta | None = None, priority: int = 0, now: datetime = NOW
    ) -> None:
        async with self.database.unit() as unit:
            person = await contacts.add(unit, "web", "a", "A", "vi", now)
            worthless_after = now + worth if worth is not None else None
            message = Message(words={}, priority=priority, worthless_after=worthless_after, created_at=now)
            await outbox.add_for(unit, person, message, key, now)

    async def claim(
        self, now: datetime = NOW, limit: int = 10, priorities: tuple[int, int] = ALL
    ) -> list[Claimed]:
        async with self.database.unit() as unit:
            return await outbox.claim(unit, "web", now, now + LEASE, limit, priorities)

    async def settle(self, one: int, status: Status, due_at: datetime = NOW) -> None:
        async with self.database.unit() as unit:
            await outbox.settle(unit, [Settled(one, status, due_at, None if status == Status.DUE else due_at)])

    async def reclaim(self, now: datetime | None) -> int:
        async with self.database.unit() as unit:
            return await outbox.reclaim(unit, "web", now)

    async def expire(self, now: datetime) -> int:
        async with self.database.unit() as unit:
            return await outbox.expire(unit, now)

    async def statuses(self) -> dict[str, str]:
        async with self.database.reading() as unit:
            rows: Any = select(col(Delivery.dedupe_key), col(Delivery.status))
            return {row.dedupe_key: row.status for row in await unit.session.execute(rows)}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Box]:
    database = Database(url)
    try:
        yield Box(database)
    finally:
        await database.close()


@pytest.fixture
async def box(migrated_url: str) -> AsyncIterator[Box]:
    async with opened(migrated_url) as one:
        yield one


async def test_the_most_urgent_is_claimed_first_and_nothing_twice(box: Box) -> None:
    await box.add("plan", priority=Priority.PLANNED)
    await box.add("own", priority=Priority.PERSONAL)
    await box.add("incident", priority=Priority.INCIDENT)
    await box.add("reply")
    assert [one.key for one in await box.claim(limit=2)] == ["reply", "incident"]
    assert [one.key for one in await box.claim()] == ["own", "plan"]
    assert await box.claim() == []


async def test_no_plan_of_the_database_claims_more_than_there_is_room_for(box: Box) -> None:
    for number in range(20):
        await box.add(f"k{number}")
    async with box.database.unit() as unit:
        if not box.database.is_sqlite:
            # What is left is a nested loop, which runs its inner side again for each row of the outer one.
            for way in ("hashjoin", "mergejoin", "material", "memoize", "hashagg", "sort", "bitmapscan"):
                await unit.session.execute(text(f"SET LOCAL enable_{way} = off"))
        claimed = await outbox.claim(unit, "web", NOW, NOW + LEASE, 2, ALL)
    assert len(claimed) == 2
    assert list((await box.statuses()).values()).count(Status.LEASED) == 2


async def test_a_lane_claims_its_own_priorities_only(box: Box) -> None:
    await box.add("incident", priority=Priority.INCIDENT)
    assert await box.claim(priorities=(0, 9)) == []
    assert len(await box.claim(priorities=(10, 99))) == 1


async def test_the_same_key_is_written_once(box: Box) -> None:
    await box.add("k")
    await box.add("k")
    assert len(await box.claim()) == 1


async def test_what_is_worthless_is_never_claimed_and_expires(box: Box) -> None:
    await box.add("k", worth=timedelta(minutes=1))
    late = NOW + timedelta(minutes=1)
    assert await box.claim(late) == []
    assert await box.expire(late) == 1
    assert await box.statuses() == {"k": Status.EXPIRED}


async def test_what_is_tried_later_is_claimed_when_its_time_comes(box: Box) -> None:
    await box.add("k")
    (one,) = await box.claim()
    await box.settle(one.id, Status.DUE, NOW + timedelta(seconds=8))
    assert await box.claim(NOW + timedelta(seconds=7)) == []
    (again,) = await box.claim(NOW + timedelta(seconds=8))
    assert again.attempts == 2


async def test_a_lease_that_ran_out_is_due_again_and_one_that_did_not_is_not(box: Box) -> None:
    await box.add("k")
    await box.claim()
    assert await box.reclaim(NOW + LEASE) == 0
    assert await box.reclaim(NOW + LEASE + timedelta(seconds=1)) == 1
    assert len(await box.claim(NOW + LEASE)) == 1


async def test_what_was_sent_stays_sent_although_its_lease_ran_out_before_it_was_settled(box: Box) -> None:
    await box.add("k")
    (one,) = await box.claim()
    await box.reclaim(None)
    await box.settle(one.id, Status.SENT)
    assert await box.statuses() == {"k": Status.SENT}


async def test_a_late_failure_does_not_disturb_who_holds_it_now(box: Box) -> None:
    await box.add("k")
    (one,) = await box.claim()
    await box.reclaim(None)
    await box.settle(one.id, Status.REJECTED)
    assert await box.statuses() == {"k": Status.DUE}


async def test_two_claimers_at_once_share_the_rows_between_them(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        for number in range(40):
            await one.add(str(number))
        async with one.database.unit() as first, two.database.unit() as second:
            claims = [outbox.claim(unit, "web", NOW, NOW + LEASE, 20, ALL) for unit in (first, second)]
            ours, theirs = await asyncio.gather(*claims)
        assert len(ours) == len(theirs) == 20
        assert not {row.id for row in ours} & {row.id for row in theirs}


class Outbox(RuleBasedStateMachine):
    """The outbox against a model: any order of writing, claiming, crashing, ending, waiting."""

    template: Path

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "outbox.sqlite"
        copied(self.template, file)
        self.runner = asyncio.Runner()
        self.box = Box(Database(sqlite_address(file)))
        self.now = NOW
        self.held: list[Claimed] = []
        self.worth: dict[str, datetime | None] = {}
        self.ended: dict[str, str] = {}

    @rule(key=st.integers(0, 5).map(str), worth=st.none() | st.integers(0, 200), urgent=st.booleans())
    def write(self, key: str, worth: int | None, urgent: bool) -> None:
        lasts = timedelta(seconds=worth) if worth is not None else None
        priority = Priority.REPLY if urgent else Priority.INCIDENT
        self.runner.run(self.box.add(key, worth=lasts, priority=priority, now=self.now))
        self.worth.setdefault(key, self.now + lasts if lasts is not None else None)

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        claimed = self.runner.run(self.box.claim(self.now, limit))
        held = {one.key for one in self.held}
        for one in claimed:
            worth = self.worth[one.key]
            assert worth is None or worth > self.now, "claimed although worthless"
            assert one.key not in self.ended, "claimed although ended"
            assert one.key not in held, "claimed although another holds it"
        self.held += claimed

    @rule(status=st.sampled_from([*TERMINAL, Status.DUE]), wait=st.integers(0, 60))
    def end(self, status: Status, wait: int) -> None:
        if not self.held:
            return
        one = self.held.pop(0)
        at = self.now + timedelta(seconds=wait) if status == Status.DUE else self.now
        self.runner.run(self.box.settle(one.id, status, at))
        if status != Status.DUE:
            self.ended[one.key] = status

    @rule()
    def crash(self) -> None:
        assert self.runner.run(self.box.reclaim(None)) == len(self.held)
        self.held.clear()

    @rule(seconds=st.integers(-30, 300))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def tick(self) -> None:
        freed = self.runner.run(self.box.reclaim(self.now))
        assert freed <= len(self.held)
        leased = {key for key, status in self.runner.run(self.box.statuses()).items() if status == Status.LEASED}
        self.held = [one for one in self.held if one.key in leased]
        before = set(self.ended)
        expired = self.runner.run(self.box.expire(self.now))
        for key, status in self.runner.run(self.box.statuses()).items():
            if status == Status.EXPIRED and key not in before:
                worth = self.worth[key]
                assert worth is not None
                assert worth <= self.now
                self.ended[key] = Status.EXPIRED
        assert len(set(self.ended) - before) == expired

    @invariant()
    def everything_is_somewhere(self) -> None:
        statuses = self.runner.run(self.box.statuses())
        held = {one.key for one in self.held}
        assert set(statuses) == set(self.worth)
        for key, status in statuses.items():
            assert status == self.ended.get(key, Status.LEASED if key in held else Status.DUE)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.box.database.close())
            self.runner.close()
            self.folder.cleanup()


def test_nothing_is_lost_late_or_twice_in_any_order_of_events(sqlite_template: Path) -> None:
    Outbox.template = sqlite_template
    checks = settings(
        max_examples=25,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Outbox, settings=checks)

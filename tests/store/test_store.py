"""What everything else stands on: schema, times, units of work, leases, due times, places."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from store import contacts, due, leases, outbox, subscriptions
from store.db import Database
from store.migrate import differences
from tests.town import BEN_THANH, HOME, NOW, built

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = Database(migrated_url)
    yield opened
    await opened.close()


async def test_models_and_migrations_agree(database: Database) -> None:
    assert await differences(database.engine) == []


async def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    saigon = datetime(2026, 11, 23, 7, 5, 30, 123456, tzinfo=timezone(timedelta(hours=7)))
    async with database.unit() as unit:
        await due.plan(unit, "tick", "one", saigon)
    async with database.unit() as unit:
        (one,) = await due.take(unit, "tick", saigon)
    assert one.due_at == saigon
    assert one.due_at.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with database.unit() as unit:
            await due.plan(unit, "tick", "one", datetime(2026, 1, 1))  # noqa: DTZ001


async def test_a_unit_that_raises_leaves_nothing_and_tells_nobody(database: Database) -> None:
    told: list[bool] = []
    database.on_said(lambda: told.append(True))
    with suppress(RuntimeError):
        async with database.unit() as unit:
            contact = await contacts.add(unit, "web", "a", "A", "vi", NOW)
            await outbox.add_reply(unit, contact, {}, "k", NOW)
            raise RuntimeError
    async with database.reading() as unit:
        assert await contacts.find(unit, "web", "a") is None
    assert told == []


async def test_a_cancelled_unit_leaves_nothing_and_its_connection_is_free_again(database: Database) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with database.unit() as unit:
            await contacts.add(unit, "web", "a", "A", "vi", NOW)
            begun.set()
            await asyncio.Event().wait()

    for _ in range(25):  # more often than there are connections
        begun.clear()
        task = asyncio.create_task(work())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with database.unit() as unit:
        assert await contacts.find(unit, "web", "a") is None


async def test_listeners_hear_of_the_outbox_after_the_commit_only(database: Database) -> None:
    told: list[bool] = []
    database.on_said(lambda: told.append(True))
    async with database.unit() as unit:
        contact = await contacts.add(unit, "web", "a", "A", "vi", NOW)
    assert told == []
    async with database.unit() as unit:
        await outbox.add_reply(unit, contact, {}, "k", NOW)
        assert told == []
    assert told == [True]


async def test_a_lease_is_taken_over_only_when_it_ran_out_or_its_holder_is_dead(database: Database) -> None:
    async def take(holder: str, now: datetime, *dead: str) -> bool:
        async with database.unit() as unit:
            return await leases.take(unit, "send", holder, now, now + MINUTE, dead)

    assert await take("a", NOW)
    assert await take("a", NOW + MINUTE / 2)
    assert not await take("b", NOW + MINUTE)
    assert not await take("b", NOW + MINUTE, "c")
    assert await take("b", NOW + MINUTE, "a")
    assert not await take("a", NOW + 2 * MINUTE)
    assert await take("a", NOW + 3 * MINUTE)


async def test_a_lease_let_go_is_free_at_once_but_only_its_holder_can_let_it_go(database: Database) -> None:
    async with database.unit() as unit:
        await leases.take(unit, "send", "a", NOW, NOW + MINUTE)
        await leases.release(unit, "send", "b")
        assert await leases.holder_of(unit, "send") == "a"
        await leases.release(unit, "send", "a")
        assert await leases.take(unit, "send", "b", NOW, NOW + MINUTE)


async def test_what_is_due_is_taken_once_and_a_new_plan_moves_the_old(database: Database) -> None:
    async with database.unit() as unit:
        await due.plan(unit, "tick", "moved", NOW)
        await due.plan(unit, "tick", "moved", NOW + MINUTE)
        await due.plan(unit, "tick", "now", NOW)
        await due.plan(unit, "other", "now", NOW)
        await due.plan(unit, "tick", "dropped", NOW)
        await due.drop(unit, "tick", "dropped")
    async with database.unit() as unit:
        assert [one.about for one in await due.take(unit, "tick", NOW)] == ["now"]
    async with database.unit() as unit:
        assert [one.about for one in await due.take(unit, "tick", NOW + MINUTE)] == ["moved"]
        assert await due.take(unit, "tick", NOW + MINUTE) == []


async def test_what_was_taken_by_a_unit_that_failed_is_due_again(database: Database) -> None:
    async with database.unit() as unit:
        await due.plan(unit, "tick", "one", NOW)
    with suppress(RuntimeError):
        async with database.unit() as unit:
            await due.take(unit, "tick", NOW)
            raise RuntimeError
    async with database.unit() as unit:
        assert len(await due.take(unit, "tick", NOW)) == 1


async def test_following_a_place_twice_is_one_place_under_the_newer_label(migrated_url: str) -> None:
    async with built(migrated_url) as town:
        who = await town.resident("a", f"c:{HOME} Nhà", f"w:{BEN_THANH} Phường")
        await town.pause(who)
        async with town.database.unit() as unit:
            assert not await subscriptions.add(unit, who, f"c:{HOME}", "Nhà mẹ", NOW)
        async with town.database.reading() as unit:
            followed = await subscriptions.of_contact(unit, who)
    assert [(one.label, one.paused) for one in followed] == [("Nhà mẹ", False), ("Phường", True)]

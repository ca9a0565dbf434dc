"""Two plans made in the same instant: the second is judged with the first, though neither has been committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from handlers import outages
from handlers.outages import Broken, OutageDraft, Published, Slot
from store.db import Unit
from store.extent import Scope
from tests.town import FAR_HOME, FEEDER, FEEDS, HOME, NOW, OTHER_FEEDER, SERVED, Town, built

IN_TEN_DAYS = NOW + timedelta(days=10)
HOME_ONLY = Scope(customers=(HOME,))
ELSEWHERE = Scope(feeders=(OTHER_FEEDER,))


@pytest.fixture
async def town(postgres_url: str) -> AsyncIterator[Town]:
    """On PostgreSQL: SQLite has one writer, so that no two plans are ever made at once."""
    async with built(postgres_url) as town:
        yield town


async def plan(unit: Unit, scope: Scope, begin: datetime = IN_TEN_DAYS) -> Published:
    slot = Slot(begin, begin + timedelta(hours=2))
    return await outages.publish(unit, OutageDraft("planned", None, (slot,), scope), "anh Ba", NOW)


async def publish(town: Town, scope: Scope, begin: datetime = IN_TEN_DAYS) -> Published:
    async with town.database.unit() as unit:
        return await plan(unit, scope, begin)


async def waits(town: Town, work: asyncio.Task[Published]) -> None:
    """Until another transaction waits for a lock; if the work ends instead, it did not wait."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while True:
        async with town.database.reading() as unit:
            waiting = (await unit.session.execute(query)).scalar_one()
        assert not work.done(), "nobody waited"
        if waiting:
            return


async def test_two_plans_at_once_that_cut_one_feeder_cannot_both_pass(town: Town) -> None:
    async with town.database.unit() as first:
        done = await plan(first, FEEDS)
        second = asyncio.create_task(publish(town, FEEDS, IN_TEN_DAYS + timedelta(days=30)))
        await waits(town, second)

    with pytest.raises(Broken) as broken:
        await second
    (finding,) = (one for one in broken.value.findings if one.blocking)
    assert (finding.rule, finding.values["code"]) == ("one_cut", done.outage.code)


async def test_two_plans_at_once_at_one_place_know_of_each_other(town: Town) -> None:
    async with town.database.unit() as first:
        done = await plan(first, HOME_ONLY)
        # It cuts no feeder, and neither does the other; they meet at one customer's.
        second = asyncio.create_task(publish(town, Scope(transformers=(SERVED[HOME][2],))))
        await waits(town, second)

    findings = (await second).findings
    assert [(one.rule, one.values["code"]) for one in findings] == [("overlap", done.outage.code)]


async def test_what_was_taken_back_hinders_nobody(town: Town) -> None:
    async with town.database.unit() as first:
        await plan(first, FEEDS)
        second = asyncio.create_task(publish(town, FEEDS))
        await waits(town, second)
        await first.session.rollback()

    assert (await second).findings == ()


async def test_plans_elsewhere_previews_drafts_and_incidents_wait_for_nobody(town: Town) -> None:
    async with town.database.unit() as first:
        await plan(first, FEEDS)
        await publish(town, ELSEWHERE)
        await publish(town, Scope(customers=(FAR_HOME,)))
        await town.publish(FEEDS)
        await town.plan(Slot(IN_TEN_DAYS, IN_TEN_DAYS + timedelta(hours=1)), draft=True)
        async with town.database.reading() as unit:
            slot = Slot(IN_TEN_DAYS, IN_TEN_DAYS + timedelta(hours=1))
            seen = await outages.preview(unit, OutageDraft("planned", None, (slot,), FEEDS), NOW)

    # None of them saw the plan that was still being made.
    assert not [one for one in seen.findings if one.rule == "one_cut"]


async def test_plans_that_want_the_same_feeders_in_another_order_do_not_block_each_other(town: Town) -> None:
    both = [Scope(feeders=(FEEDER, OTHER_FEEDER)), Scope(feeders=(OTHER_FEEDER, FEEDER))]
    done = await asyncio.gather(*(publish(town, one) for one in both), return_exceptions=True)

    assert sorted(type(one).__name__ for one in done) == ["Broken", "Published"]

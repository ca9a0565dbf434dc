"""Planned outages when things come late or wrong: standstill, a plan that fails, odd times, customers who left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from handlers import notice_board, notices, outages, statistics
from handlers.outages import Invalid, OutageChange, OutageDraft, PostponedSlot, Slot
from store.customers import Customer
from store.extent import Scope
from store.outages import Outage
from store.outbox import Status
from tests.handlers.test_plans import DAY, HOUR, MINUTE, MONDAY
from tests.town import ALL_SET_ASIDE, FACTORY, FEEDER, HOME, NOW, OTHER_FEEDER, Town, built, outage_id

FEEDER_CUT = Scope(feeders=(FEEDER,))


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        await town.resident("An", f"c:{HOME} Nhà")
        yield town


async def stages(town: Town, *statuses: Status) -> list[str]:
    return [stage for _, stage in await town.heard(*statuses)]


async def test_after_days_of_standstill_nobody_is_asked_about_a_window_of_last_week(town: Town) -> None:
    done = await town.plan(MONDAY)
    await town.until(MONDAY.starts_at + MINUTE)
    assert "start" in await stages(town)

    town.now = MONDAY.starts_at + 6 * DAY
    await town.tick()

    assert "restored" not in await stages(town)
    async with town.database.reading() as unit:
        outage = await unit.session.get(Outage, outage_id(done))
    assert outage is not None
    assert outage.state == "restored"


async def test_a_window_that_passed_an_hour_ago_is_still_asked_about(town: Town) -> None:
    await town.plan(MONDAY)
    await town.until(MONDAY.starts_at + MINUTE)
    assert MONDAY.ends_at is not None

    town.now = MONDAY.ends_at + HOUR
    await town.tick()

    assert "restored" in await stages(town)


async def test_a_day_is_not_announced_minutes_before_the_beginning(town: Town) -> None:
    await town.plan(MONDAY)
    await town.until(MONDAY.starts_at - 2 * DAY)

    town.now = MONDAY.starts_at - 10 * MINUTE
    await town.tick()

    assert "reminder" not in await stages(town)


async def test_one_plan_that_cannot_be_told_keeps_no_other_from_being_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.resident("Xa", "c:PE01000000004 Nhà")
    broken = await town.plan(MONDAY)
    await town.plan(MONDAY, scope=Scope(feeders=(OTHER_FEEDER,)))
    say = notice_board.say

    async def fails_once(unit, outage, notice, now):  # type: ignore[no-untyped-def]
        if outage.id == outage_id(broken):
            raise RuntimeError("its rows are damaged")
        return await say(unit, outage, notice, now)

    monkeypatch.setattr(notice_board, "say", fails_once)
    town.now = MONDAY.starts_at - 6 * DAY
    async with town.database.unit() as unit:
        done = await notices.next_notices_due(unit, town.now)

    assert done > 0
    assert {who for who, _ in await town.heard()} == {"Xa"}


@pytest.mark.parametrize(
    ("kind", "slot", "path"),
    [
        ("incident", Slot(NOW, NOW + timedelta(days=3_000)), "slots.0.ends_at"),
        ("incident", Slot(NOW - 8 * DAY, None), "slots.0.starts_at"),
        ("planned", Slot(NOW + 30 * DAY, NOW + timedelta(days=2_900_000)), "slots.0.ends_at"),
    ],
)
async def test_a_time_that_nobody_can_mean_is_refused(town: Town, kind: str, slot: Slot, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        async with town.database.unit() as unit:
            await outages.publish(unit, OutageDraft(kind, None, (slot,), FEEDER_CUT, ALL_SET_ASIDE), "anh Ba", NOW)

    assert [one.path for one in refused.value.problems] == [path]


async def test_an_incident_of_long_ago_can_still_be_explained(town: Town) -> None:
    done = await town.publish(FEEDER_CUT)
    town.now = NOW + 9 * DAY

    changed = await town.explain(done, "Chờ vật tư")

    assert changed.outage.revision == 2


async def test_a_window_dropped_from_a_draft_does_not_block_it(town: Town) -> None:
    too_long = Slot(MONDAY.starts_at + DAY, MONDAY.starts_at + DAY + 7 * HOUR)
    draft = await town.plan(MONDAY, too_long, draft=True)
    await town.replan(draft, MONDAY)

    async with town.database.unit() as unit:
        done = await outages.publish_draft(unit, outage_id(draft), (), "anh Ba", town.now)

    assert (done.outage.state, done.findings) == ("published", ())


async def test_a_draft_without_a_window_is_not_published(town: Town) -> None:
    draft = await town.plan(MONDAY, draft=True)
    await town.postpone(draft, PostponedSlot(None, None, 1))

    with pytest.raises(Invalid) as refused:
        await town.publish_draft(draft)

    assert [one.key for one in refused.value.problems] == ["slots.needed"]


async def test_a_customer_who_left_counts_neither_as_cut_off_nor_against_a_plan(town: Town) -> None:
    await town.serve("industrial", FACTORY)
    async with town.database.unit() as unit:
        await unit.session.execute(update(Customer).where(col(Customer.code) == FACTORY).values(gone=True))
    soon = Slot(NOW + 10 * DAY, NOW + 10 * DAY + HOUR)

    async with town.database.reading() as unit:
        seen = await outages.preview(unit, OutageDraft("planned", None, (soon,), FEEDER_CUT), NOW)

    assert (seen.affected["industrial"], seen.findings) == (0, ())


async def test_a_window_moved_near_is_judged_by_the_news_of_it(town: Town) -> None:
    done = await town.plan(MONDAY)
    await town.until(MONDAY.starts_at - 5 * DAY)
    near = Slot(MONDAY.starts_at - 3 * DAY, MONDAY.starts_at - 3 * DAY + HOUR, 1)

    await town.change(done, OutageChange(frozenset({"slots"}), slots=(near,), overrides=ALL_SET_ASIDE))

    async with town.database.reading() as unit:
        found = await statistics.of_period(unit, "2027-01", "2027-01", "month", near.starts_at + DAY)
    judged = found.notices["household"]
    assert (judged.on_time, judged.late, judged.lawful, judged.unlawful) == (0, 1, 0, 1)

"""An incident from its publishing to its end: exactly the right people hear exactly the right thing, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from handlers import announcements, outages
from handlers.outages import Invalid, OutageChange, OutageDraft, Over, Published, Slot, Unknown
from store import outages as kept
from store import outbox
from store.audience import Range
from store.extent import Scope
from store.outbox import Status
from tests.town import (
    BEN_THANH,
    FACTORY,
    FAR_HOME,
    FEEDER,
    HOME,
    NOW,
    OTHER_FEEDER,
    SHOP,
    Told,
    Town,
    built,
    outage_id,
)

EVERYTHING = Scope(feeders=(FEEDER,))


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


@pytest.fixture
async def neighbours(town: Town) -> Town:
    """An and Bình at one feeder, Chi at another."""
    await town.resident("An", f"c:{HOME} Nhà")
    await town.resident("Bình", f"c:{SHOP} Tiệm")
    await town.resident("Chi", f"c:{FAR_HOME} Nhà vườn")
    return town


# --- publishing --------------------------------------------------------------------------------------------


async def test_an_incident_without_a_slot_begins_now_and_is_kept_as_a_revision(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)

    async with neighbours.database.reading() as unit:
        slots = await kept.slots_of(unit, [outage_id(done)])
        revisions = await kept.revisions_of(unit, outage_id(done))
    assert [(slot.starts_at, slot.ends_at) for slot in slots[outage_id(done)]] == [(NOW, None)]
    assert [(one.revision, one.stage, one.by) for one in revisions] == [(1, "incident", "anh Ba")]
    assert (done.outage.revision, done.recipients, done.unfinished) == (1, 2, ())
    assert await neighbours.heard() == [("An", "incident"), ("Bình", "incident")]


async def test_its_code_can_be_told_over_the_phone_and_belongs_to_it_alone(town: Town) -> None:
    first, second = await town.publish(EVERYTHING), await town.publish(EVERYTHING)

    assert first.outage.code == f"SC-261123-{outage_id(first)}"
    assert first.outage.code != second.outage.code


@pytest.mark.parametrize(
    ("wrong", "path", "key"),
    [
        ({"kind": "planned"}, "slots", "slots.needed"),
        ({"draft": True}, "draft", "draft.incident"),
        ({"slots": (Slot(NOW, None), Slot(NOW, None))}, "slots", "slots.one"),
        ({"slots": (Slot(NOW + timedelta(days=1, seconds=1), None),)}, "slots.0.starts_at", "slots.too_late"),
        ({"slots": (Slot(NOW, NOW),)}, "slots.0.ends_at", "slots.end_before_start"),
        ({"reason": "r" * 301}, "reason", "reason.too_long"),
        ({"scope": Scope()}, "scope", "scope.empty"),
        ({"scope": Scope(wards=(BEN_THANH, "99999"))}, "scope.wards.1", "scope.unknown"),
        ({"scope": Scope(feeders=("471-TB",))}, "scope.feeders.0", "scope.unknown_near"),
        ({"scope": Scope(transformers=("BT-03",))}, "scope.transformers.0", "scope.unknown_near"),
        ({"scope": Scope(customers=("PE01000000009",))}, "scope.customers.0", "scope.unknown_near"),
    ],
)
async def test_a_draft_that_cannot_be_meant_is_refused_by_its_field(
    town: Town, wrong: dict[str, object], path: str, key: str
) -> None:
    draft = replace(OutageDraft("incident", None, (), EVERYTHING), **wrong)  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        async with town.database.unit() as unit:
            await outages.publish(unit, draft, "anh Ba", NOW)

    assert [(one.path, one.key) for one in refused.value.problems] == [(path, key)]
    async with town.database.reading() as unit:
        assert await kept.newest(unit, None, None, 10, None) == []


async def test_all_that_is_wrong_is_said_at_once(town: Town) -> None:
    draft = OutageDraft(
        "planned", None, (Slot(NOW, NOW - timedelta(hours=1)),), Scope(wards=("x",), feeders=("y",))
    )
    with pytest.raises(Invalid) as refused:
        async with town.database.unit() as unit:
            await outages.publish(unit, draft, "anh Ba", NOW)

    paths = {one.path for one in refused.value.problems}
    assert paths == {"slots.0.ends_at", "slots.0.starts_at", "scope.wards.0", "scope.feeders.0"}


# --- changing ----------------------------------------------------------------------------------------------


async def test_a_change_goes_to_exactly_those_who_were_told(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()
    await neighbours.resident("Dung", f"c:{HOME} Nhà")

    changed = await neighbours.explain(done, "Cây ngã vào đường dây")

    assert (changed.outage.revision, changed.recipients) == (2, 2)
    assert await neighbours.told(revision=2) == [
        Told("An", "change", 2, ("Nhà",)),
        Told("Bình", "change", 2, ("Tiệm",)),
    ]


async def test_a_change_of_nothing_is_no_revision_and_tells_nobody(neighbours: Town) -> None:
    done = await neighbours.publish(Scope(customers=(HOME, SHOP)), reason="Sét đánh")
    same = OutageChange(
        frozenset({"reason", "ends_at", "scope"}), reason="Sét đánh", scope=Scope(customers=(SHOP, HOME))
    )

    changed = await neighbours.change(done, same)

    assert (changed.outage.revision, changed.recipients) == (1, 0)
    assert await neighbours.heard(revision=2) == []


async def test_who_was_not_told_yet_hears_the_new_revision_as_news(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send(limit=1)

    changed = await neighbours.explain(done, "Nổ máy biến áp")

    assert await neighbours.heard(Status.RETRACTED) == [("Bình", "incident")]
    assert await neighbours.heard(Status.DUE) == [("An", "change"), ("Bình", "incident")]
    assert changed.recipients == 2


async def test_what_is_on_its_way_while_it_changes_counts_as_told(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    under_way = await neighbours.claim()

    await neighbours.explain(done, "Nổ máy biến áp")
    await neighbours.settle(under_way)

    assert await neighbours.heard(Status.SENT) == [("An", "incident"), ("Bình", "incident")]
    assert await neighbours.heard(Status.DUE) == [("An", "change"), ("Bình", "change")]


async def test_two_changes_in_a_row_leave_one_message_to_send(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send(limit=1)

    await neighbours.explain(done, "Chưa rõ")
    await neighbours.explain(done, "Nổ máy biến áp")

    assert await neighbours.heard(Status.DUE) == [("An", "change"), ("Bình", "incident")]
    assert await neighbours.heard(Status.DUE, revision=3) == [("An", "change"), ("Bình", "incident")]


async def test_a_wider_scope_tells_the_newly_touched_as_well(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()

    changed = await neighbours.rescope(done, Scope(feeders=(FEEDER, OTHER_FEEDER)))

    assert await neighbours.heard(Status.DUE) == [("An", "change"), ("Bình", "change"), ("Chi", "incident")]
    assert (changed.recipients, changed.outage.affected_customers) == (3, 4)


async def test_a_smaller_scope_tells_those_left_out_that_it_is_not_theirs(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()

    await neighbours.rescope(done, Scope(transformers=("BT-01",)))

    assert await neighbours.told(Status.DUE) == [
        Told("An", "change", 2, ("Nhà",)),
        Told("Bình", "not_yours", 2, ("Tiệm",)),
    ]


async def test_who_was_left_out_hears_nothing_more_of_it(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()
    await neighbours.rescope(done, Scope(transformers=("BT-01",)))
    await neighbours.send()

    await neighbours.explain(done, "Nổ máy biến áp")
    await neighbours.send()
    await neighbours.restore(done)

    assert await neighbours.heard(revision=3) == [("An", "change")]
    assert await neighbours.heard(revision=4) == [("An", "restored")]


async def test_being_left_out_is_still_said_when_another_change_follows_at_once(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()
    await neighbours.rescope(done, Scope(transformers=("BT-01",)))

    await neighbours.explain(done, "Nổ máy biến áp")

    assert await neighbours.heard(Status.DUE) == [("An", "change"), ("Bình", "not_yours")]


async def test_who_was_left_out_and_is_touched_again_hears_it_as_news(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()
    await neighbours.rescope(done, Scope(transformers=("BT-01",)))
    await neighbours.send()

    await neighbours.rescope(done, EVERYTHING)

    assert await neighbours.heard(Status.DUE) == [("An", "change"), ("Bình", "incident")]


async def test_a_scope_taken_back_before_anyone_was_told_of_it_is_one_message(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()
    await neighbours.rescope(done, Scope(transformers=("BT-01",)))

    await neighbours.rescope(done, EVERYTHING)

    assert await neighbours.heard(Status.DUE) == [("An", "change"), ("Bình", "change")]


async def test_who_stopped_following_is_still_told_of_the_end(neighbours: Town) -> None:
    gone = await neighbours.resident("Dung", f"c:{HOME} Nhà")
    paused = await neighbours.resident("Em", f"c:{HOME} Nhà")
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()
    await neighbours.unfollow(gone)
    await neighbours.pause(paused)

    await neighbours.restore(done)

    told = await neighbours.heard(Status.DUE)
    assert told == [(who, "restored") for who in ("An", "Bình", "Dung", "Em")]


async def test_who_blocked_us_is_not_written_to(neighbours: Town) -> None:
    blocked = await neighbours.resident("Dung", f"c:{HOME} Nhà")
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()
    await neighbours.block(blocked)

    changed = await neighbours.explain(done, "Nổ máy biến áp")

    assert await neighbours.heard(Status.DUE) == [("An", "change"), ("Bình", "change")]
    assert changed.recipients == 2


async def test_who_could_not_be_told_before_is_not_told_of_the_change(neighbours: Town) -> None:
    paused = await neighbours.resident("Dung", f"c:{HOME} Nhà")
    await neighbours.pause(paused)
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()
    await neighbours.pause(paused, until=NOW)

    await neighbours.explain(done, "Nổ máy biến áp")

    assert await neighbours.heard(Status.DUE) == [("An", "change"), ("Bình", "change")]


# --- the end -----------------------------------------------------------------------------------------------


async def test_restoration_is_told_to_exactly_those_who_were_told(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send(limit=1)

    restored = await neighbours.restore(done)

    assert await neighbours.heard(Status.DUE) == [("An", "restored")]
    assert await neighbours.heard(Status.RETRACTED) == [("Bình", "incident")]
    assert (restored.recipients, restored.outage.state, restored.outage.restored_at) == (1, "restored", NOW)


async def test_a_second_restoration_changes_nothing(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send()
    await neighbours.restore(done)
    neighbours.now = NOW + timedelta(hours=1)

    again = await neighbours.restore(done)

    assert (again.outage.revision, again.outage.restored_at, again.recipients) == (2, NOW, 0)
    assert len(await neighbours.heard(Status.DUE)) == 2


async def test_a_mistake_is_taken_back_before_those_who_heard_of_it(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.send(limit=1)

    cancelled = await neighbours.cancel(done)

    assert await neighbours.heard(Status.DUE) == [("An", "cancelled")]
    assert (cancelled.outage.state, cancelled.recipients) == ("cancelled", 1)
    assert (await neighbours.cancel(done)).outage.revision == 2


async def test_what_is_over_cannot_be_changed_and_what_never_was_cannot_end(neighbours: Town) -> None:
    restored = await neighbours.publish(EVERYTHING)
    cancelled = await neighbours.publish(EVERYTHING)
    await neighbours.restore(restored)
    await neighbours.cancel(cancelled)

    for deed in (neighbours.cancel(restored), neighbours.restore(cancelled), neighbours.explain(restored, "Sét")):
        with pytest.raises(Over):
            await deed
    async with neighbours.database.unit() as unit:
        with pytest.raises(Unknown):
            await outages.restore(unit, 12_345, None, "anh Ba", NOW)


@pytest.mark.parametrize("minutes", [-1, 6])
async def test_the_power_cannot_be_back_before_it_went_or_in_the_future(neighbours: Town, minutes: int) -> None:
    done = await neighbours.publish(EVERYTHING)
    with pytest.raises(Invalid) as refused:
        async with neighbours.database.unit() as unit:
            await outages.restore(unit, outage_id(done), NOW + timedelta(minutes=minutes), "anh Ba", NOW)

    assert [one.path for one in refused.value.problems] == ["restored_at"]


async def test_every_revision_is_kept(neighbours: Town) -> None:
    done = await neighbours.publish(EVERYTHING)
    await neighbours.explain(done, "Nổ máy biến áp")
    await neighbours.restore(done)

    async with neighbours.database.reading() as unit:
        revisions = await kept.revisions_of(unit, outage_id(done))
    assert [(one.stage, one.content["reason"]) for one in revisions] == [
        ("incident", None),
        ("change", "Nổ máy biến áp"),
        ("restored", "Nổ máy biến áp"),
    ]


# --- following while it is dark ----------------------------------------------------------------------------


@pytest.mark.parametrize("target", [f"c:{HOME}", f"w:{BEN_THANH}"])
async def test_who_begins_to_follow_a_dark_place_is_told_and_hears_the_end(town: Town, target: str) -> None:
    done = await town.publish(EVERYTHING)
    newcomer = await town.resident("Dung")

    await town.follow(newcomer, target, "Nhà")
    await town.send()
    await town.restore(done)

    assert await town.told() == [Told("Dung", "incident", 1, ("Nhà",)), Told("Dung", "restored", 2, ("Nhà",))]


async def test_who_follows_a_second_dark_place_is_not_told_twice(town: Town) -> None:
    done = await town.publish(EVERYTHING)
    newcomer = await town.resident("Dung")
    await town.follow(newcomer, f"c:{HOME}", "Nhà")
    await town.send()
    await town.explain(done, "Nổ máy biến áp")
    await town.send()

    await town.follow(newcomer, f"c:{SHOP}", "Tiệm")

    assert await town.heard() == [("Dung", "incident"), ("Dung", "change")]


async def test_who_follows_after_a_change_hears_how_it_stands_now(town: Town) -> None:
    done = await town.publish(EVERYTHING)
    await town.explain(done, "Nổ máy biến áp")

    await town.follow(await town.resident("Dung"), f"c:{HOME}", "Nhà")

    assert await town.told() == [Told("Dung", "incident", 2, ("Nhà",))]


async def test_who_follows_while_it_is_being_changed_hears_the_change(town: Town) -> None:
    done = await town.publish(EVERYTHING)
    newcomer = await town.resident("Dung")

    async with town.database.unit() as unit:
        wish = OutageChange(frozenset({"reason"}), reason="Nổ máy biến áp")
        await outages.change(unit, outage_id(done), wish, "anh Ba", NOW)
        following = asyncio.create_task(town.follow(newcomer, f"c:{HOME}", "Nhà"))
        await asyncio.sleep(0.2)
    await following

    assert await town.told() == [Told("Dung", "incident", 2, ("Nhà",))]


async def test_following_a_place_with_light_says_nothing(town: Town) -> None:
    restored = await town.publish(EVERYTHING)
    await town.restore(restored)
    await town.publish(Scope(customers=(HOME,)))

    newcomer = await town.resident("Dung")
    await town.follow(newcomer, f"c:{SHOP}", "Tiệm")
    await town.follow(newcomer, f"w:{BEN_THANH}", "Phường")

    assert await town.heard() == []


# --- large audiences ---------------------------------------------------------------------------------------


@pytest.fixture
async def street(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Seven people, written three at a time."""
    for number in range(1, 8):
        await town.resident(f"{number}", f"c:{HOME} Nhà {number}")
    announce = announcements.announce
    monkeypatch.setattr(announcements, "announce", partial(announce, chunk=3))
    return town


async def spread(town: Town, message_id: int) -> bool:
    async with town.database.unit() as unit:
        return await announcements.spread(unit, message_id, town.now, chunk=3)


async def counted(town: Town, done: Published) -> int:
    assert done.to_count is not None
    async with town.database.reading() as unit:
        return await outages.recipients(unit, done.to_count)


async def unfinished(town: Town) -> list[int]:
    async with town.database.reading() as unit:
        return await announcements.unfinished(unit)


async def spread_all(town: Town) -> None:
    while waiting := await unfinished(town):
        for message_id in waiting:
            await spread(town, message_id)


async def test_the_first_can_be_sent_before_the_last_are_written(street: Town) -> None:
    done = await street.publish(EVERYTHING)

    assert (await counted(street, done), len(await street.heard())) == (7, 3)
    (message_id,) = done.unfinished
    assert await unfinished(street) == [message_id]
    assert [await spread(street, message_id), len(await street.heard())] == [False, 6]
    assert [await spread(street, message_id), len(await street.heard())] == [True, 7]
    assert await unfinished(street) == []
    assert await spread(street, message_id)


async def test_two_processes_that_spread_one_message_write_each_delivery_once(street: Town) -> None:
    done = await street.publish(EVERYTHING)
    (message_id,) = done.unfinished

    while await unfinished(street):
        await asyncio.gather(spread(street, message_id), spread(street, message_id))

    assert await street.heard() == [(f"{number}", "incident") for number in range(1, 8)]


async def test_a_change_while_a_chunk_is_being_written_retracts_it(street: Town) -> None:
    done = await street.publish(EVERYTHING)
    (message_id,) = done.unfinished

    async with street.database.unit() as unit:
        await announcements.spread(unit, message_id, NOW, chunk=3)
        changing = asyncio.create_task(street.explain(done, "Nổ máy biến áp"))
        await asyncio.sleep(0.2)
    await changing
    await spread_all(street)

    assert await street.heard(Status.DUE) == [(f"{number}", "incident") for number in range(1, 8)]
    assert {one.revision for one in await street.told(Status.DUE)} == {2}
    assert len(await street.heard(Status.RETRACTED)) == 6


async def parts_of(town: Town, message_id: int) -> list[Range]:
    async with town.database.unit() as unit:
        return await announcements.parts(unit, message_id, chunk=1, writers=2)


async def spread_part(town: Town, message_id: int, part: Range) -> None:
    async with town.database.unit() as unit:
        await announcements.spread_part(unit, message_id, part, town.now)


async def spread_by_twos(town: Town, message_id: int) -> None:
    """As bot/spreading.py does on PostgreSQL, two parts of one contact each at a time."""
    while parts := await parts_of(town, message_id):
        await asyncio.gather(*(spread_part(town, message_id, part) for part in parts))
        async with town.database.unit() as unit:
            await announcements.spread_parts_end(unit, message_id, parts, town.now)


async def test_parts_that_are_written_side_by_side_leave_nobody_out(street: Town) -> None:
    done = await street.publish(EVERYTHING)
    (message_id,) = done.unfinished
    # A process that died between the parts of its last ones leaves rows, but not how far it came.
    dead = await parts_of(street, message_id)
    await spread_part(street, message_id, dead[1])

    await spread_by_twos(street, message_id)

    assert await street.heard() == [(f"{number}", "incident") for number in range(1, 8)]
    assert await unfinished(street) == []
    assert await parts_of(street, message_id) == []


async def test_parts_whose_message_is_spread_from_its_beginning_again_do_not_count(street: Town) -> None:
    done = await street.publish(EVERYTHING)
    (message_id,) = done.unfinished
    parts = await parts_of(street, message_id)

    async with street.database.unit() as unit:
        await outbox.spread_again(unit, outage_id(done), 1, "touched")
    async with street.database.unit() as unit:
        assert not await announcements.spread_parts_end(unit, message_id, parts, NOW)

    assert (await parts_of(street, message_id))[0].after == 0


async def test_a_change_while_parts_are_being_written_retracts_them(street: Town) -> None:
    done = await street.publish(EVERYTHING)
    (message_id,) = done.unfinished
    first, second = await parts_of(street, message_id)

    async with street.database.unit() as unit:
        await announcements.spread_part(unit, message_id, first, NOW)
        changing = asyncio.create_task(street.explain(done, "Nổ máy biến áp"))
        await asyncio.sleep(0.2)
    await changing
    await spread_part(street, message_id, second)
    await spread_all(street)

    assert await street.heard(Status.DUE) == [(f"{number}", "incident") for number in range(1, 8)]
    assert {one.revision for one in await street.told(Status.DUE)} == {2}


async def test_a_change_in_the_middle_reaches_everyone_once(street: Town) -> None:
    done = await street.publish(EVERYTHING)
    await street.send(limit=2)

    changed = await street.explain(done, "Nổ máy biến áp")
    await spread_all(street)

    assert await counted(street, changed) == 7
    assert await street.heard(Status.DUE) == [
        ("1", "change"),
        ("2", "change"),
        *((f"{number}", "incident") for number in range(3, 8)),
    ]


async def test_restoration_in_the_middle_ends_the_spreading(street: Town) -> None:
    done = await street.publish(EVERYTHING)
    await street.send(limit=2)

    await street.restore(done)
    await spread_all(street)

    assert await street.heard(Status.DUE) == [("1", "restored"), ("2", "restored")]


async def test_those_left_out_know_it_before_the_next_change_is_told(street: Town) -> None:
    for number in range(8, 15):
        await street.resident(f"{number}", f"c:{FACTORY} Xưởng {number}")
    done = await street.publish(EVERYTHING)
    await spread_all(street)
    await street.send()

    await street.rescope(done, Scope(customers=(HOME,)))
    await street.explain(done, "Nổ máy biến áp")
    await spread_all(street)

    due = dict(await street.heard(Status.DUE))
    assert due == {f"{number}": "change" if number < 8 else "not_yours" for number in range(1, 15)}


async def test_a_follower_who_comes_in_the_middle_is_told_once(street: Town) -> None:
    done = await street.publish(EVERYTHING)

    await street.follow(await street.resident("8"), f"c:{HOME}", "Nhà 8")
    await spread_all(street)

    assert await street.heard() == [(f"{number}", "incident") for number in range(1, 9)]
    assert done.outage.revision == 1


async def test_publishing_wakes_the_sender(neighbours: Town) -> None:
    woken: list[bool] = []
    neighbours.database.on_said(lambda: woken.append(True))

    await neighbours.publish(EVERYTHING)

    assert woken == [True]


async def test_a_failure_after_publishing_leaves_nothing_behind(neighbours: Town) -> None:
    async def publish_and_fail() -> None:
        async with neighbours.database.unit() as unit:
            await outages.publish(unit, OutageDraft("incident", None, (), EVERYTHING), "anh Ba", NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await publish_and_fail()

    assert await neighbours.heard() == []
    async with neighbours.database.reading() as unit:
        assert (await unit.session.execute(text("SELECT count(*) FROM outage"))).scalar_one() == 0

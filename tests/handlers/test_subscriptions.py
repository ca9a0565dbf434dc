"""Followed places: paused for a time, resumed by the clock, and never changed by anybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from conversations.fields import literally
from conversations.my_places import PausePlace, RemovePlace, RenamePlace, ResumePlace
from handlers.commands import carry_out
from handlers.outages import Slot
from handlers.subscriptions import resume_due
from handlers.talking import talking
from store import subscriptions
from store.contacts import Contact
from store.extent import Scope
from store.subscriptions import Subscription
from tests.town import FEEDER, HOME, Told, Town, built


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


async def place_of(town: Town, contact_id: int) -> Subscription:
    async with town.database.reading() as unit:
        (place,) = await subscriptions.of_contact(unit, contact_id)
        return place


async def wish(town: Town, contact_id: int, command: PausePlace | ResumePlace | RemovePlace | RenamePlace) -> None:
    async with town.database.unit() as unit:
        contact = await unit.session.get(Contact, contact_id)
        assert contact is not None
        await carry_out(unit, contact, command, town.now, talking())


async def tick(town: Town) -> int:
    async with town.database.unit() as unit:
        return await resume_due(unit, town.now)


async def test_a_pause_of_a_week_ends_by_itself_and_says_so(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    place = await place_of(town, an)
    await wish(town, an, PausePlace(place.id or 0, 7))
    assert (await town.publish(Scope(feeders=(FEEDER,)))).recipients == 0

    town.now += timedelta(days=7, seconds=-1)
    assert await tick(town) == 0
    town.now += timedelta(seconds=1)
    assert await tick(town) == 1
    assert await tick(town) == 0
    assert not (await place_of(town, an)).paused


async def test_when_a_pause_ends_during_an_incident_the_incident_is_told(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    place = await place_of(town, an)
    await wish(town, an, PausePlace(place.id or 0, 1))
    town.now += timedelta(hours=23)
    await town.publish(Scope(feeders=(FEEDER,)))
    town.now += timedelta(hours=1)
    await tick(town)
    assert Told("An", "incident", 1, ("Nhà",)) in await town.told(revision=1)


async def test_who_resumes_by_hand_is_told_what_goes_on_there_and_what_is_planned_and_no_more(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    place = (await place_of(town, an)).id or 0
    await wish(town, an, PausePlace(place, None))
    over = await town.publish(Scope(transformers=("BT-01",)))
    await town.restore(over)
    goes_on = await town.publish(Scope(feeders=(FEEDER,)))
    await town.explain(goes_on, "Sét đánh")
    await town.plan(Slot(town.now + timedelta(days=3), town.now + timedelta(days=3, hours=2)))
    # Nobody is to hear of it yet.
    await town.plan(Slot(town.now + timedelta(days=90), town.now + timedelta(days=90, hours=2)))
    assert await town.told() == []

    await wish(town, an, ResumePlace(place))

    assert await town.told() == [Told("An", "plan", 1, ("Nhà",)), Told("An", "incident", 2, ("Nhà",))]
    await wish(town, an, ResumePlace(place))
    await wish(town, an, PausePlace(place, 1))
    await wish(town, an, ResumePlace(place))
    assert len(await town.told()) == 2


async def test_a_place_resumed_by_hand_is_not_resumed_again_by_the_clock(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    place = await place_of(town, an)
    await wish(town, an, PausePlace(place.id or 0, 1))
    await wish(town, an, ResumePlace(place.id or 0))
    town.now += timedelta(days=2)
    assert await tick(town) == 0


async def test_a_pause_without_an_end_lasts(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    place = await place_of(town, an)
    await wish(town, an, PausePlace(place.id or 0, 1))
    await wish(town, an, PausePlace(place.id or 0, None))
    town.now += timedelta(days=400)
    assert await tick(town) == 0
    assert (await place_of(town, an)).paused


async def test_a_forged_button_cannot_touch_what_another_person_follows(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    ban = await town.resident("Ban", f"c:{HOME} Quán")
    theirs = (await place_of(town, an)).id or 0
    for command in (RemovePlace(theirs), PausePlace(theirs, 1), RenamePlace(theirs, literally("Của tôi"))):
        await wish(town, ban, command)
    place = await place_of(town, an)
    assert (place.label, place.paused) == ("Nhà", False)

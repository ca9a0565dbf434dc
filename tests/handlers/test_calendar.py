"""A contact's calendar holds the planned outages at their places, and opens for its link only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from handlers import calendar, outages
from handlers.links import Links
from handlers.outages import OutageChange, Slot
from store import contacts
from store.contacts import Contact
from store.extent import Scope
from tests.handlers.feed_town import LINKS, MORNING, plan, postpone, speaking, window
from tests.town import BEN_THANH, FAR_HOME, FEEDER, HOME, SAI_GON, Town, built, outage_id

LINE = Scope(feeders=(FEEDER,))


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


async def feed(town: Town, contact_id: int, version: int = 0, links: Links = LINKS) -> bytes | None:
    token = links.calendar(contact_id, version).rpartition("/")[2].removesuffix(".ics")
    async with town.database.reading() as unit:
        found = await calendar.of_token(unit, token, town.now, speaking())
    return found.body if found else None


async def events(town: Town, contact_id: int) -> list[Any]:
    body = await feed(town, contact_id)
    assert body is not None
    return Calendar.from_ical(body).walk("VEVENT")


async def test_a_planned_outage_at_a_place_is_an_event_with_its_times_and_place(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà", f"w:{SAI_GON} Chỗ làm")
    done = await plan(town, LINE)

    (event,) = await events(town, an)
    assert event["UID"] == f"outage-{outage_id(done)}-1@dien.example.vn"
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (MORNING, MORNING + timedelta(hours=3))
    assert (event["STATUS"], event["SEQUENCE"], event["TRANSP"]) == ("CONFIRMED", 1, "TRANSPARENT")
    assert event["SUMMARY"] == "Cúp điện: Nhà, Chỗ làm"
    assert event["LOCATION"] == "một phần Phường Sài Gòn, một phần Phường Bến Thành"
    assert "Bảo trì lưới điện" in event["DESCRIPTION"]
    assert done.outage.code in event["DESCRIPTION"]
    assert event.decoded("LAST-MODIFIED") == town.now


async def test_the_file_says_its_name_and_how_often_to_ask(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    body = await feed(town, an)

    assert body is not None
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in body
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in body
    assert "X-WR-CALNAME:Lịch cúp điện\r\n".encode() in body
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))


async def test_it_speaks_the_contacts_language(town: Town) -> None:
    an = await town.resident("An", f"w:{BEN_THANH} Home")
    async with town.database.unit() as unit:
        await contacts.speaks(unit, an, "en")
    await plan(town, LINE)

    (event,) = await events(town, an)
    assert event["SUMMARY"] == "Power outage: Home"


async def test_only_what_touches_a_followed_place_is_in_it(town: Town) -> None:
    an = await town.resident("An", f"c:{FAR_HOME} Nhà vườn")
    follower = await town.resident("Bình", f"w:{BEN_THANH} Phường")
    await plan(town, Scope(customers=(HOME,)))

    assert await events(town, an) == []
    assert await events(town, follower) == [], "followers of a ward hear of lines, not of single customers"


async def test_incidents_are_told_by_message_and_are_not_in_it(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    await town.publish(LINE)

    assert await events(town, an) == []


async def test_drafts_are_never_in_it_not_even_when_they_are_thrown_away(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    done = await plan(town, LINE, draft=True)
    assert await events(town, an) == []

    async with town.database.unit() as unit:
        await outages.cancel(unit, outage_id(done), "chị Tư", town.now)
    assert await events(town, an) == []


async def test_a_draft_that_is_published_is_in_it(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    done = await plan(town, LINE, draft=True)
    async with town.database.unit() as unit:
        await outages.publish_draft(unit, outage_id(done), (), "chị Tư", town.now)

    assert [event["STATUS"] for event in await events(town, an)] == ["CONFIRMED"]


async def test_a_moved_window_keeps_its_name_and_counts_up_and_the_others_do_not(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    done = await plan(town, LINE, [window(), window(days=1)])
    before = {event["UID"]: event for event in await events(town, an)}
    town.now += timedelta(minutes=5)
    moved = Slot(MORNING + timedelta(hours=1), MORNING + timedelta(hours=2), number=1)
    kept = Slot(window(days=1).starts_at, window(days=1).ends_at, number=2)
    await town.change(done, OutageChange(frozenset({"slots"}), slots=(moved, kept)))

    after = {event["UID"]: event for event in await events(town, an)}
    first, second = sorted(after)
    assert set(after) == set(before)
    assert after[first].decoded("DTSTART") == moved.starts_at
    assert (before[first]["SEQUENCE"], after[first]["SEQUENCE"]) == (1, 2)
    assert (before[second]["SEQUENCE"], after[second]["SEQUENCE"]) == (1, 1)
    assert after[first].decoded("DTSTAMP") == town.now


@pytest.mark.parametrize("how", ["cancel", "postpone"])
async def test_what_was_called_off_stays_as_cancelled_without_an_alarm(town: Town, how: str) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    done = await plan(town, LINE)
    await (town.cancel(done) if how == "cancel" else postpone(town, done))

    (event,) = await events(town, an)
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 2)
    assert event["SUMMARY"] == ("ĐÃ HỦY" if how == "cancel" else "HOÃN") + " cúp điện: Nhà"
    assert event.walk("VALARM") == []


async def test_it_reaches_from_sixty_days_back_to_four_hundred_ahead(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    await plan(town, LINE)
    ends = MORNING + timedelta(hours=3)

    for now, seen in (
        (ends + timedelta(days=59), 1),
        (ends + timedelta(days=60), 0),
        (MORNING - timedelta(days=399), 1),
        (MORNING - timedelta(days=400), 0),
    ):
        town.now = now
        assert len(await events(town, an)) == seen


async def test_the_phone_rings_as_the_contact_chose_and_not_for_a_paused_place(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    await plan(town, LINE)

    async def rings() -> list[timedelta]:
        (event,) = await events(town, an)
        return [alarm.decoded("TRIGGER") for alarm in event.walk("VALARM")]

    assert await rings() == [timedelta(days=-1)]
    async with town.database.unit() as unit:
        await contacts.remind(unit, an, hour=True)
    assert await rings() == [timedelta(days=-1), timedelta(hours=-1)]
    async with town.database.unit() as unit:
        await contacts.remind(unit, an, day=False, hour=False)
    assert await rings() == []
    async with town.database.unit() as unit:
        await contacts.remind(unit, an, day=True)
    await town.pause(an)
    assert await rings() == []


async def test_labels_and_reasons_cannot_add_a_line_to_the_file(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà\r\nBEGIN:VALARM;x,y\\n")
    await plan(town, LINE)

    (event,) = await events(town, an)
    assert len(event.walk("VALARM")) == 1
    assert "BEGIN:VALARM;x,y" in event["SUMMARY"]


async def test_the_same_state_is_the_same_file(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    await plan(town, LINE)
    first = await feed(town, an)
    town.now += timedelta(hours=1)

    assert await feed(town, an) == first


async def test_a_replaced_link_opens_nothing_and_the_next_one_does(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    async with town.database.unit() as unit:
        await contacts.replace_calendar(unit, an)

    assert await feed(town, an, version=0) is None
    assert await feed(town, an, version=1) is not None


async def test_a_link_made_with_another_secret_or_for_nobody_opens_nothing(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")

    assert await feed(town, an, links=Links(LINKS.public_url, "guessed")) is None
    assert await feed(town, an + 1) is None
    async with town.database.reading() as unit:
        for token in ("", "x", "WzEsMF0", "WzEsMF0.", "é", "a" * 10_000):
            assert await calendar.of_token(unit, token, town.now, speaking()) is None


async def test_a_new_contact_is_reminded_a_day_ahead_only(town: Town) -> None:
    an = await town.resident("An")
    async with town.database.reading() as unit:
        contact = await unit.session.get(Contact, an)
    assert contact is not None
    assert calendar.reader_of(contact, "x").leads == (timedelta(days=1),)


def test_a_secret_does_not_stand_in_what_is_shown_of_links() -> None:
    assert LINKS.secret not in repr(LINKS)

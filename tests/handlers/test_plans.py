"""Planned outages: each is told in time, once, and of every window what became of it since they last heard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel, col

from conversations.model import Span, Words
from conversations.wire import reply_from_json
from handlers import outages
from handlers.outages import (
    Broken,
    Invalid,
    OutageChange,
    OutageDraft,
    Over,
    Override,
    PostponedSlot,
    Published,
    Slot,
)
from handlers.talking import ZONE
from store import notices
from store import outages as kept
from store.contacts import Contact
from store.extent import Scope
from store.outages import OutageState
from store.outbox import Delivery, Message, Status
from tests.town import (
    ALL_SET_ASIDE,
    BEN_THANH,
    FACTORY,
    FAR_HOME,
    FEEDS,
    HOME,
    NOW,
    OTHER_FEEDER,
    SHOP,
    Town,
    built,
    outage_id,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def at(day: int, month: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    """That time on the utility's clock; the tests begin on 23/11/2026 at 14:05."""
    return datetime(year, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


# One window on a Monday that is far ahead, and the two of a day in May 2023 that became known.
MONDAY = Slot(at(25, 1, 8, year=2027), at(25, 1, 12, year=2027))
MORNING = Slot(at(10, 12, 8, 30), at(10, 12, 13, 30))
AFTERNOON = Slot(at(10, 12, 13, 30), at(10, 12, 17))


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    """An lives there, Bình has a shop and Chi a factory at the feeder; Dung lives elsewhere."""
    async with built(migrated_url) as town:
        await town.serve("business", SHOP)
        await town.serve("industrial", FACTORY)
        for name, place in {"An": HOME, "Bình": SHOP, "Chi": FACTORY, "Dung": FAR_HOME}.items():
            await town.resident(name, f"c:{place} Nơi của {name}")
        yield town


async def who(town: Town, name: str) -> int:
    async with town.database.reading() as unit:
        query = select(Contact.id).where(col(Contact.name) == name)  # type: ignore[call-overload]
        return int((await unit.session.execute(query)).scalar_one())


async def heard_by(town: Town, name: str, *statuses: Status) -> list[str]:
    """What somebody was sent, in order: the stage, and of each window what was said."""
    query = (
        select(Message, Delivery)
        .join(Delivery, col(Delivery.message_id) == col(Message.id))
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(col(Contact.name) == name, col(Delivery.status).in_(statuses or (Status.SENT,)))
        .order_by(col(Delivery.settled_at), col(Delivery.id))
    )
    async with town.database.reading() as unit:
        return [read(message) for message, _ in (await unit.session.execute(query)).all()]


def read(message: Message) -> str:
    said = [f"{message.stage}"]
    for words in reply_from_json(message.words).words:
        if isinstance(span := words.values.get("window"), Span):
            said.append(shown(span))
        lines = words.values.get("windows", ())
        assert isinstance(lines, tuple)
        said += [line(one) for one in lines if isinstance(one, Words)]
        if words.key in ("outage.is_it_back", "outage.also"):
            said.append(words.key)
    return ", ".join(said)


def line(words: Words) -> str:
    state = words.key.removeprefix("slot.")
    spans = [words.values[name] for name in ("window", "old", "new") if name in words.values]
    return " ".join([state, *(shown(span) for span in spans if isinstance(span, Span))])


def shown(span: Span) -> str:
    begin, end = (datetime.fromisoformat(one).astimezone(ZONE) for one in (span.start, span.end or ""))
    return f"{begin.day}/{begin.month} {begin:%H:%M}-{end:%H:%M}"


async def state_of(town: Town, done: Published) -> str:
    async with town.database.reading() as unit:
        outage = await kept.by_id(unit, outage_id(done))
    assert outage is not None
    return outage.state


async def windows_of(town: Town, done: Published) -> list[tuple[str, datetime | None]]:
    """The state and the end of each window."""
    async with town.database.reading() as unit:
        slots = (await kept.slots_of(unit, [outage_id(done)]))[outage_id(done)]
    return [(slot.state, slot.ends_at) for slot in slots]


async def told_at(town: Town, name: str) -> list[datetime]:
    """When somebody got what they got, by the clock."""
    query = (
        select(Delivery.settled_at)  # type: ignore[call-overload]
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(col(Contact.name) == name, col(Delivery.status) == Status.SENT)
        .order_by(col(Delivery.id))
    )
    async with town.database.reading() as unit:
        return list((await unit.session.execute(query)).scalars())


# --- first notices -----------------------------------------------------------------------------------------


async def test_publishing_long_before_tells_nobody_yet(town: Town) -> None:
    done = await town.plan(MONDAY)
    await town.until(NOW + DAY)
    assert done.recipients == 3
    assert await town.heard() == []


async def test_industry_hears_30_days_before_business_7_and_households_6_in_the_morning(town: Town) -> None:
    await town.plan(MONDAY)
    await town.until(at(24, 1, 7, year=2027))

    assert await told_at(town, "Chi") == [at(26, 12, 8)]
    assert await told_at(town, "Bình") == [at(18, 1, 8, year=2027)]
    assert await told_at(town, "An") == [at(19, 1, 8, year=2027)]
    assert await heard_by(town, "An") == ["plan, on 25/1 08:00-12:00"]
    assert await heard_by(town, "Dung") == []


async def test_a_deadline_in_the_night_is_kept_on_the_morning_before(town: Town) -> None:
    await town.plan(Slot(at(20, 1, 5, year=2027), at(20, 1, 7, year=2027)))
    await town.until(at(15, 1, 0, year=2027))
    assert await told_at(town, "An") == [at(13, 1, 8, year=2027)]


async def test_a_late_plan_is_told_at_once_and_kept_as_late(town: Town) -> None:
    soon = Slot(NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
    done = await town.plan(soon)
    await town.send()

    assert await town.heard(Status.SENT) == [("An", "plan"), ("Bình", "plan"), ("Chi", "plan")]
    async with town.database.reading() as unit:
        first = [one for one in await notices.of_outage(unit, outage_id(done)) if one.stage == "plan"]
    assert {(one.segment, one.late, one.state, one.said_at) for one in first} == {
        (segment, True, "done", NOW) for segment in ("industrial", "business", "household")
    }


async def test_only_business_and_industry_are_asked_whether_they_would_like_another_time(town: Town) -> None:
    done = await town.plan(Slot(NOW + 2 * DAY, NOW + 2 * DAY + HOUR))
    query = (
        select(Contact.name, Message.words)  # type: ignore[call-overload]
        .join(Delivery, col(Delivery.message_id) == col(Message.id))
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
    )
    async with town.database.reading() as unit:
        rows = (await unit.session.execute(query)).all()
    wanted = f"go:reschedule:{outage_id(done)}"
    asked = {name for name, words in rows if wanted in [one.value for one in reply_from_json(words).buttons]}
    assert asked == {"Bình", "Chi"}


async def test_ticks_that_come_twice_or_late_tell_once(town: Town) -> None:
    await town.plan(MONDAY)
    town.now = at(22, 1, 3, year=2027)
    for _ in range(3):
        await town.tick()
        await town.send()
    assert await town.heard() == [("An", "plan"), ("Bình", "plan"), ("Chi", "plan")]


async def test_after_days_without_a_process_a_first_notice_is_not_told_of_a_window_that_has_begun(
    town: Town,
) -> None:
    done = await town.plan(MONDAY)
    town.now = MONDAY.starts_at + HOUR
    await town.tick()
    await town.send()
    assert await town.heard() == [("An", "start"), ("Bình", "start"), ("Chi", "start")]
    assert await state_of(town, done) == OutageState.IN_PROGRESS


async def test_a_draft_tells_nobody_until_it_is_published(town: Town) -> None:
    draft = await town.plan(Slot(NOW + 2 * DAY, NOW + 2 * DAY + HOUR), draft=True)
    await town.replan(draft, Slot(NOW + 3 * DAY, NOW + 3 * DAY + HOUR))
    await town.until(NOW + HOUR)
    assert await town.heard() == []

    await town.publish_draft(draft)
    await town.send()
    assert await heard_by(town, "An") == ["plan, on 26/11 14:05-15:05"]
    with pytest.raises(Over):
        await town.publish_draft(draft)


async def test_a_draft_that_is_dropped_was_never_heard_of(town: Town) -> None:
    draft = await town.plan(Slot(NOW + 2 * DAY, NOW + 2 * DAY + HOUR), draft=True)
    await town.cancel(draft)
    await town.until(NOW + 4 * DAY)
    assert await town.heard() == []


# --- changes, window by window ---------------------------------------------------------------------------------


async def test_each_window_is_named_with_what_became_of_it(town: Town) -> None:
    slots = [Slot(at(day, 12, 8), at(day, 12, 10)) for day in (1, 2, 3)]
    done = await town.plan(*slots)
    await town.until(at(26, 11, 12))
    moved = Slot(at(4, 12, 9), at(4, 12, 11), number=1)
    await town.replan(done, moved, slots[1])
    await town.send()
    await town.replan(done, moved, slots[1], Slot(at(5, 12, 9), at(5, 12, 11)))
    await town.send()

    assert (await heard_by(town, "An"))[1:] == [
        "change, still 2/12 08:00-10:00, cancelled 3/12 08:00-10:00, moved 1/12 08:00-10:00 4/12 09:00-11:00",
        "change, still 2/12 08:00-10:00, still 4/12 09:00-11:00, added 5/12 09:00-11:00",
    ]


async def test_a_window_without_a_number_takes_the_place_of_the_one_that_is_missing(town: Town) -> None:
    done = await town.plan(MORNING, AFTERNOON)
    await town.until(at(6, 12, 12))
    await town.replan(done, MORNING, Slot(at(11, 12, 8), at(11, 12, 9)))
    await town.send()
    assert (await heard_by(town, "An"))[-1] == (
        "change, still 10/12 08:30-13:30, moved 10/12 13:30-17:00 11/12 08:00-09:00"
    )


async def test_postponing_one_window_of_a_day_says_that_the_other_stands(town: Town) -> None:
    done = await town.plan(MORNING, AFTERNOON)
    await town.until(at(9, 12, 20))
    await town.postpone(done, PostponedSlot(None, None, 2))
    await town.send()

    assert (await heard_by(town, "An"))[-1] == ("postponed, still 10/12 08:30-13:30, postponed 10/12 13:30-17:00")
    await town.until(at(11, 12, 8))
    assert await heard_by(town, "An") == [
        "plan, on 10/12 08:30-13:30, on 10/12 13:30-17:00",
        "reminder, 10/12 08:30-13:30",
        "reminder, 10/12 13:30-17:00",
        "postponed, still 10/12 08:30-13:30, postponed 10/12 13:30-17:00",
        "start, 10/12 08:30-13:30, postponed 10/12 13:30-17:00",
        "restored, 10/12 08:30-13:30, postponed 10/12 13:30-17:00, outage.is_it_back",
    ]
    assert await state_of(town, done) == OutageState.POSTPONED


async def test_between_windows_that_adjoin_nobody_is_asked_whether_the_power_is_back(town: Town) -> None:
    done = await town.plan(MORNING, AFTERNOON)
    await town.until(at(11, 12, 8))
    assert (await heard_by(town, "An"))[3:] == [
        "start, 10/12 08:30-13:30, still 10/12 13:30-17:00",
        "start, 10/12 13:30-17:00",
        "restored, 10/12 13:30-17:00, over 10/12 08:30-13:30, outage.is_it_back",
    ]
    assert await state_of(town, done) == OutageState.RESTORED


async def test_between_windows_hours_apart_they_are_asked_and_told_of_the_next(town: Town) -> None:
    await town.plan(Slot(at(10, 12, 8), at(10, 12, 9)), Slot(at(10, 12, 14), at(10, 12, 15)))
    await town.until(at(10, 12, 9, 10))
    assert (await heard_by(town, "An"))[-1] == (
        "restored, 10/12 08:00-09:00, still 10/12 14:00-15:00, outage.is_it_back"
    )


async def test_a_window_put_off_and_given_a_new_time_is_news_of_the_same_window(town: Town) -> None:
    done = await town.plan(MORNING)
    await town.until(at(6, 12, 12))
    await town.postpone(done)
    await town.send()
    assert await state_of(town, done) == OutageState.POSTPONED
    await town.postpone(done, PostponedSlot(at(12, 12, 8), at(12, 12, 10), 1))
    await town.send()

    assert (await heard_by(town, "An"))[1:] == [
        "postponed, postponed 10/12 08:30-13:30",
        "postponed, moved 10/12 08:30-13:30 12/12 08:00-10:00",
    ]
    assert await state_of(town, done) == OutageState.PUBLISHED


async def test_who_begins_while_a_plan_is_put_off_hears_of_its_new_time(town: Town) -> None:
    done = await town.plan(MORNING)
    await town.until(at(6, 12, 12))
    await town.postpone(done)
    em = await town.resident("Em")
    await town.follow(em, f"c:{HOME}", "Nhà Em")
    await town.postpone(done, PostponedSlot(at(8, 12, 8), at(8, 12, 10), 1))
    await town.send()
    assert await heard_by(town, "Em") == ["plan, on 8/12 08:00-10:00"]


async def test_two_changes_in_one_night_are_one_message_of_what_became_since_they_last_heard(town: Town) -> None:
    await town.rest(await who(town, "An"), (22, 6))
    done = await town.plan(MORNING, AFTERNOON)
    await town.until(at(7, 12, 23))
    await town.replan(done, Slot(at(11, 12, 8), at(11, 12, 10), 1), AFTERNOON)
    await town.until(at(8, 12, 1))
    await town.replan(done, Slot(at(12, 12, 8), at(12, 12, 10), 1), AFTERNOON)
    await town.until(at(8, 12, 6))

    # Bình sleeps less and heard both.
    assert (await heard_by(town, "Bình"))[1:] == [
        "change, still 10/12 13:30-17:00, moved 10/12 08:30-13:30 11/12 08:00-10:00",
        "change, still 10/12 13:30-17:00, moved 11/12 08:00-10:00 12/12 08:00-10:00",
    ]
    assert (await heard_by(town, "An"))[1:] == [
        "change, still 10/12 13:30-17:00, moved 10/12 08:30-13:30 12/12 08:00-10:00",
    ]
    assert (await told_at(town, "An"))[1:] == [at(8, 12, 6)]


async def test_who_has_not_heard_a_change_yet_hears_of_the_end_as_they_know_the_windows(town: Town) -> None:
    await town.rest(await who(town, "An"), (20, 6))
    evening, later = Slot(at(10, 12, 20), at(10, 12, 23)), Slot(at(20, 12, 8), at(20, 12, 10))
    done = await town.plan(evening, later)
    await town.until(at(10, 12, 22))
    await town.replan(done, evening, Slot(at(21, 12, 8), at(21, 12, 10), 2))
    # Its news is of a running window too, so it goes out at once, but An's channel does not answer.
    ids = await town.claim()
    await town.settle(ids, Status.DUE)
    await town.restore(done)
    await town.until(at(11, 12, 7))
    assert (await heard_by(town, "An"))[-1] == (
        "restored, 10/12 20:00-23:00, moved 20/12 08:00-10:00 21/12 08:00-10:00, outage.is_it_back"
    )


async def test_who_was_to_hear_of_it_the_first_time_hears_it_as_it_is_now(town: Town) -> None:
    await town.rest(await who(town, "An"), (13, 16))
    done = await town.plan(Slot(NOW + 3 * DAY, NOW + 3 * DAY + HOUR))
    await town.send()
    await town.replan(done, Slot(NOW + 4 * DAY, NOW + 4 * DAY + HOUR, 1))
    await town.until(at(23, 11, 16))
    assert await heard_by(town, "An") == ["plan, on 27/11 14:05-15:05"]
    assert (await heard_by(town, "Bình"))[1:] == ["change, moved 26/11 14:05-15:05 27/11 14:05-15:05"]


async def test_calling_everything_off_names_each_window(town: Town) -> None:
    done = await town.plan(MORNING, AFTERNOON)
    await town.until(at(6, 12, 12))
    await town.cancel(done)
    await town.until(at(12, 12, 12))
    assert (await heard_by(town, "An"))[1:] == [
        "cancelled, cancelled 10/12 08:30-13:30, cancelled 10/12 13:30-17:00"
    ]


async def test_before_their_first_notice_a_change_is_news_to_nobody(town: Town) -> None:
    done = await town.plan(MONDAY)
    await town.replan(done, Slot(MONDAY.starts_at + DAY, MONDAY.starts_at + DAY + HOUR, 1))
    await town.cancel(done)
    await town.until(at(30, 1, 0, year=2027))
    assert await town.heard() == []


async def test_nothing_changed_is_no_revision(town: Town) -> None:
    done = await town.plan(MORNING, AFTERNOON)
    same = await town.replan(done, AFTERNOON, MORNING)
    assert same.outage.revision == 1


async def test_a_longer_window_that_runs_is_told_at_once_and_needs_no_override(town: Town) -> None:
    done = await town.plan(MORNING)
    await town.until(at(10, 12, 13))
    wish = OutageChange(frozenset({"ends_at"}), ends_at=at(10, 12, 15))
    await town.change(done, wish)
    await town.send()
    assert (await heard_by(town, "An"))[-1] == "change, moved 10/12 08:30-13:30 10/12 08:30-15:00"


async def test_a_window_that_has_just_passed_does_not_stand_in_the_way_of_another(town: Town) -> None:
    later = Slot(at(10, 12, 16), at(10, 12, 17))
    done = await town.plan(MORNING, later)
    await town.until(MORNING.starts_at + 5 * HOUR + 2 * MINUTE)
    await town.postpone(done, PostponedSlot(None, None, 2))
    await town.send()
    assert (await heard_by(town, "An"))[-1] == ("postponed, still 10/12 08:30-13:30, postponed 10/12 16:00-17:00")


# --- reminders and rest ----------------------------------------------------------------------------------------


async def test_everybody_is_reminded_as_they_wish(town: Town) -> None:
    await town.remind(await who(town, "An"), day=False, hour=True)
    await town.remind(await who(town, "Bình"), day=True, hour=True)
    await town.plan(MORNING)
    await town.until(MORNING.starts_at - MINUTE)
    reminder = "reminder, 10/12 08:30-13:30"
    assert (await heard_by(town, "An"))[1:] == [reminder]
    assert (await heard_by(town, "Bình"))[1:] == [reminder, reminder]
    assert (await heard_by(town, "Chi"))[1:] == [reminder]
    assert (await told_at(town, "An"))[1:] == [MORNING.starts_at - HOUR]
    assert (await told_at(town, "Chi"))[1:] == [MORNING.starts_at - DAY]


async def test_of_a_moved_window_they_are_reminded_at_its_new_time_alone(town: Town) -> None:
    done = await town.plan(MORNING)
    await town.until(at(8, 12, 8))
    await town.replan(done, Slot(at(14, 12, 8), at(14, 12, 10), 1))
    await town.until(at(14, 12, 7))
    assert [one for one in await heard_by(town, "An") if "reminder" in one] == ["reminder, 14/12 08:00-10:00"]
    assert (await told_at(town, "An"))[-1] == at(13, 12, 8)


async def test_rest_holds_a_plan_until_the_morning_but_never_an_incident(town: Town) -> None:
    await town.rest(await who(town, "An"), (22, 6))
    town.now = at(23, 11, 23)
    await town.plan(Slot(at(25, 11, 9), at(25, 11, 10)))
    await town.publish(FEEDS)
    await town.until(at(24, 11, 7))
    assert list(zip(await heard_by(town, "An"), sorted(await told_at(town, "An")), strict=True)) == [
        ("incident", at(23, 11, 23)),
        ("plan, on 25/11 09:00-10:00", at(24, 11, 6)),
    ]


async def test_rest_does_not_hold_what_would_be_too_late_in_the_morning(town: Town) -> None:
    await town.rest(await who(town, "An"), (22, 6))
    town.now = at(23, 11, 23)
    await town.plan(Slot(at(24, 11, 6, 30), at(24, 11, 7)))
    await town.send()
    assert await heard_by(town, "An") == ["plan, on 24/11 06:30-07:00"]


async def test_nobody_is_woken_to_be_asked_whether_their_power_is_back(town: Town) -> None:
    await town.rest(await who(town, "An"), (22, 6))
    await town.plan(Slot(at(10, 12, 23), at(11, 12, 2)))
    await town.until(at(11, 12, 8))
    assert (await heard_by(town, "An"))[-1] == "restored, 10/12 23:00-02:00, outage.is_it_back"
    assert (await told_at(town, "An"))[-1] == at(11, 12, 6)
    assert (await told_at(town, "Bình"))[-1] == at(11, 12, 2, 10)


# --- beginning and end -----------------------------------------------------------------------------------------


async def test_staff_say_that_the_power_is_back_early(town: Town) -> None:
    done = await town.plan(MORNING)
    await town.until(at(10, 12, 11))
    await town.restore(done, at(10, 12, 10, 50))
    await town.until(at(10, 12, 18))
    assert (await heard_by(town, "An"))[-2:] == [
        "start, 10/12 08:30-13:30",
        "restored, 10/12 08:30-13:30, outage.is_it_back",
    ]
    async with town.database.reading() as unit:
        outage = await kept.by_id(unit, outage_id(done))
    assert outage is not None
    assert (outage.state, outage.restored_at) == (OutageState.RESTORED, at(10, 12, 10, 50))


async def test_restoring_ends_the_interruption_with_all_windows_that_adjoin_and_leaves_later_ones_on(
    town: Town,
) -> None:
    evening = Slot(at(10, 12, 19), at(10, 12, 20))
    done = await town.plan(MORNING, AFTERNOON, evening)
    # Two minutes after the second began; the first is not closed yet.
    await town.until(at(10, 12, 13, 32))
    await town.restore(done)
    await town.until(at(10, 12, 18))
    assert (await heard_by(town, "An"))[-1] == (
        "restored, 10/12 13:30-17:00, over 10/12 08:30-13:30, still 10/12 19:00-20:00, outage.is_it_back"
    )
    assert await windows_of(town, done) == [
        ("over", at(10, 12, 13, 30)),
        ("over", at(10, 12, 13, 32)),
        ("on", at(10, 12, 20)),
    ]
    assert await state_of(town, done) == OutageState.PUBLISHED


@pytest.mark.parametrize("restored_at", [None, at(10, 12, 13, 20)])
async def test_restoring_before_the_second_window_calls_it_off_and_names_it(
    town: Town, restored_at: datetime | None
) -> None:
    """Said in time, or a little after the second would have begun."""
    done = await town.plan(MORNING, AFTERNOON)
    await town.until(at(10, 12, 13, 20) if restored_at is None else at(10, 12, 13, 25))
    await town.restore(done, restored_at)
    await town.until(at(11, 12, 18))
    assert (await heard_by(town, "An"))[-1] == (
        "restored, 10/12 08:30-13:30, cancelled 10/12 13:30-17:00, outage.is_it_back"
    )
    assert await windows_of(town, done) == [("over", at(10, 12, 13, 20)), ("cancelled", at(10, 12, 17))]
    assert await state_of(town, done) == OutageState.RESTORED


async def test_after_a_standstill_the_end_of_one_window_names_none_that_has_passed_since(town: Town) -> None:
    await town.plan(Slot(at(10, 12, 8), at(10, 12, 9)), Slot(at(10, 12, 10), at(10, 12, 14)))
    await town.until(at(10, 12, 9))
    town.now = at(10, 12, 14)
    await town.until(at(10, 12, 15))
    ends = [one for one in await heard_by(town, "An") if one.startswith("restored")]
    assert ends == [
        "restored, 10/12 08:00-09:00, outage.is_it_back",
        "restored, 10/12 10:00-14:00, outage.is_it_back",
    ]


async def test_the_end_of_one_outage_brings_no_power_while_another_goes_on(town: Town) -> None:
    done = await town.plan(MORNING)
    await town.until(at(10, 12, 9))
    await town.publish(Scope(wards=(BEN_THANH,)))
    await town.restore(done)
    await town.send()
    assert "outage.also" in (await heard_by(town, "An"))[-1]
    assert (await heard_by(town, "Dung")) == []


async def test_it_cannot_be_restored_before_it_began_or_cancelled_after(town: Town) -> None:
    done = await town.plan(MORNING, AFTERNOON)
    await refused(town.restore(done), ("", "restore.not_begun"))
    await town.until(at(10, 12, 9))
    await refused(town.cancel(done), ("", "cancel.running"))
    await refused(town.postpone(done), ("", "postpone.running"))
    await refused(town.restore(done, at(10, 12, 8)), ("restored_at", "restored_at.outside"))


# --- whom it touches -------------------------------------------------------------------------------------------


async def test_a_smaller_scope_says_goodbye_and_a_wider_one_welcomes(town: Town) -> None:
    done = await town.plan(Slot(NOW + 3 * DAY, NOW + 3 * DAY + HOUR))
    await town.send()
    wish = OutageChange(frozenset({"scope"}), scope=Scope(customers=(HOME, FAR_HOME)), overrides=ALL_SET_ASIDE)
    await town.change(done, wish)
    await town.send()
    assert [(one.who, one.stage) for one in await town.told(Status.SENT, revision=2)] == [
        ("An", "change"),
        ("Bình", "not_yours"),
        ("Chi", "not_yours"),
        ("Dung", "plan"),
    ]
    await town.until(NOW + 4 * DAY)
    assert {one.who for one in await town.told(Status.SENT, revision=2) if one.stage == "start"} == {"An", "Dung"}


async def test_whom_a_wider_scope_brings_in_before_their_time_hears_in_time(town: Town) -> None:
    done = await town.plan(MONDAY, scope=Scope(customers=(FACTORY,)))
    await town.until(at(1, 1, 0, year=2027))
    await town.change(done, OutageChange(frozenset({"scope"}), scope=FEEDS, overrides=ALL_SET_ASIDE))
    await town.until(at(20, 1, 0, year=2027))
    assert await told_at(town, "An") == [at(19, 1, 8, year=2027)]
    assert await heard_by(town, "An") == ["plan, on 25/1 08:00-12:00"]


async def test_who_is_brought_in_while_the_power_is_off_hears_it_though_no_first_notice_went_out(
    town: Town,
) -> None:
    done = await town.plan(MONDAY, scope=Scope(customers=(FACTORY,)))
    town.now = MONDAY.starts_at + HOUR
    await town.tick()
    await town.change(done, OutageChange(frozenset({"scope"}), scope=FEEDS, overrides=ALL_SET_ASIDE))
    await town.send()
    assert await heard_by(town, "An") == ["plan, on 25/1 08:00-12:00"]


@pytest.mark.parametrize(
    ("when", "news"),
    [
        (at(15, 1, 9, year=2027), []),
        (at(20, 1, 9, year=2027), ["plan, on 25/1 08:00-12:00, on 26/1 08:00-12:00"]),
        (at(25, 1, 9, year=2027), ["plan, on 25/1 08:00-12:00, on 26/1 08:00-12:00"]),
    ],
)
async def test_who_begins_to_follow_hears_what_the_others_have_heard(
    town: Town, when: datetime, news: list[str]
) -> None:
    await town.plan(MONDAY, Slot(MONDAY.starts_at + DAY, MONDAY.starts_at + DAY + 4 * HOUR))
    await town.until(when)
    await town.follow(await town.resident("Em"), f"c:{HOME}", "Nhà Em")
    await town.send()
    assert await heard_by(town, "Em") == news
    await town.until(at(27, 1, 0, year=2027))
    assert (await heard_by(town, "Em"))[-1].startswith("restored, 26/1 08:00-12:00")


async def test_who_lost_one_place_and_follows_another_that_is_touched_hears_of_it(town: Town) -> None:
    done = await town.plan(Slot(NOW + 3 * DAY, NOW + 3 * DAY + HOUR))
    await town.send()
    await town.change(
        done, OutageChange(frozenset({"scope"}), scope=Scope(customers=(SHOP,)), overrides=ALL_SET_ASIDE)
    )
    await town.send()
    await town.follow(await who(town, "An"), f"c:{SHOP}", "Tiệm")
    await town.send()
    assert (await heard_by(town, "An"))[1:] == ["not_yours, on 26/11 14:05-15:05", "plan, on 26/11 14:05-15:05"]


# --- rules, preview, refusals ------------------------------------------------------------------------------------


async def test_a_broken_rule_needs_somebody_who_sets_it_aside(town: Town) -> None:
    long = Slot(MONDAY.starts_at, MONDAY.starts_at + 6 * HOUR)
    draft = OutageDraft("planned", None, (long,), FEEDS)
    with pytest.raises(Broken) as broken:
        async with town.database.unit() as unit:
            await outages.publish(unit, draft, "anh Ba", NOW)
    assert [(one.rule, one.blocking) for one in broken.value.findings] == [("longest", True)]

    aside = OutageDraft("planned", None, (long,), FEEDS, (Override("longest", "thay máy biến áp"),))
    async with town.database.unit() as unit:
        done = await outages.publish(unit, aside, "anh Ba", NOW)
    async with town.database.reading() as unit:
        content = (await kept.revision_of(unit, outage_id(done), 1)).content
    assert [one.rule for one in done.findings] == ["longest"]
    assert content["overrides"] == [{"rule": "longest", "why": "thay máy biến áp"}]
    assert [one["rule"] for one in content["findings"]] == ["longest"]


async def test_a_feeder_is_not_cut_again_within_months(town: Town) -> None:
    first = await town.plan(MONDAY)
    again = Slot(MONDAY.starts_at + 60 * DAY, MONDAY.starts_at + 60 * DAY + HOUR)
    with pytest.raises(Broken) as broken:
        async with town.database.unit() as unit:
            await outages.publish(unit, OutageDraft("planned", None, (again,), FEEDS), "anh Ba", NOW)
    assert [(one.rule, one.values["code"]) for one in broken.value.findings] == [("one_cut", first.outage.code)]


@pytest.mark.parametrize("begins", [NOW + 2 * DAY, MONDAY.starts_at])
async def test_a_preview_writes_nothing_and_is_what_then_happens(town: Town, begins: datetime) -> None:
    await town.remind(await who(town, "Chi"), day=False)
    draft = OutageDraft("planned", None, (Slot(begins, begins + HOUR),), FEEDS, ALL_SET_ASIDE)
    rows = await everything(town)
    async with town.database.unit() as unit:
        seen = await outages.preview(unit, draft, NOW)
    assert await everything(town) == rows

    async with town.database.unit() as unit:
        done = await outages.publish(unit, draft, "anh Ba", NOW)
    assert (done.recipients, sum(seen.recipients.values())) == (3, 3)
    assert seen.affected == {"household": 1, "business": 1, "industrial": 1}
    assert done.findings == seen.findings
    promised = sorted(
        (one.due_at, str(one.kind), many)
        for one, many in zip(seen.notices, seen.reached, strict=True)
        if many and one.kind != "over"
    )
    await town.until(begins + 30 * MINUTE)
    query = select(Message.stage, Delivery.settled_at, func.count()).join(  # type: ignore[call-overload]
        Delivery, col(Delivery.message_id) == col(Message.id)
    )
    async with town.database.reading() as unit:
        grouped = query.group_by(col(Message.id), col(Message.stage), col(Delivery.settled_at))
        told = sorted((when, stage, many) for stage, when, many in await unit.session.execute(grouped))
    assert told == promised


@pytest.mark.parametrize(
    ("slots", "problem"),
    [
        ((Slot(at(10, 12, 8, 45), MORNING.ends_at, 1),), ("slots.0.starts_at", "slots.begun")),
        ((Slot(at(11, 12, 8), at(11, 12, 9), 7),), ("slots.0.number", "slots.unknown_number")),
        ((Slot(at(10, 12, 13), at(10, 12, 14)),), ("slots.1.starts_at", "slots.crossing")),
        ((Slot(MORNING.starts_at, at(10, 12, 8, 50), 1),), ("slots.0.ends_at", "slots.end_past")),
        ((Slot(at(11, 12, 8), at(11, 12, 7)),), ("slots.1.ends_at", "slots.end_before_start")),
    ],
)
async def test_windows_that_cannot_be_are_refused(
    town: Town, slots: tuple[Slot, ...], problem: tuple[str, str]
) -> None:
    done = await town.plan(MORNING)
    await town.until(at(10, 12, 9))
    await refused(town.replan(done, *slots), problem)


async def test_no_window_at_all_is_no_plan_and_one_that_has_begun_is_not_put_off(town: Town) -> None:
    done = await town.plan(MORNING, AFTERNOON)
    await refused(town.replan(done), ("slots", "slots.needed"))
    both = (PostponedSlot(None, None), PostponedSlot(at(11, 12, 8), at(11, 12, 9)))
    await refused(town.postpone(done, *both), ("slots", "slots.number_needed"))
    await town.until(at(10, 12, 9))
    begun = PostponedSlot(None, None, 1)
    await refused(town.postpone(done, begun), ("slots.0.number", "slots.unknown_number"))


# --- supply that flaps -------------------------------------------------------------------------------------


async def test_out_again_within_ten_minutes_is_the_same_incident_and_its_return_must_hold(town: Town) -> None:
    first = await town.publish(FEEDS)
    await town.send()
    await town.restore(first)
    await town.send()
    town.now += 9 * MINUTE
    again = await town.publish(FEEDS)
    await town.send()
    assert (again.outage.code, again.outage.came_back) == (first.outage.code, 1)
    town.now += MINUTE
    await town.restore(again)
    town.now += 5 * MINUTE
    await town.until(town.now)
    third = await town.publish(FEEDS)
    await town.restore(third)
    assert await heard_by(town, "An") == ["incident", "restored, outage.is_it_back", "change"]

    town.now += 14 * MINUTE
    await town.until(town.now)
    assert len(await heard_by(town, "An")) == 3
    await town.until(town.now + MINUTE)
    assert (await heard_by(town, "An"))[3:] == ["restored, outage.is_it_back"]
    assert third.outage.code == first.outage.code


async def test_out_again_later_or_elsewhere_is_another_incident(town: Town) -> None:
    first = await town.publish(FEEDS)
    await town.restore(first)
    elsewhere = await town.publish(Scope(feeders=(OTHER_FEEDER,)))
    town.now += 10 * MINUTE + timedelta(seconds=1)
    later = await town.publish(FEEDS)
    assert len({one.outage.code for one in (first, elsewhere, later)}) == 3


async def refused(deed: Awaitable[Published], problem: tuple[str, str]) -> None:
    """The deed is refused, by that problem alone."""
    with pytest.raises(Invalid) as invalid:
        await deed
    assert [(one.path, one.key) for one in invalid.value.problems] == [problem]


async def everything(town: Town) -> dict[str, int]:
    """How many rows every table has."""
    async with town.database.reading() as unit:
        return {
            table.name: (await unit.session.execute(select(func.count()).select_from(table))).scalar_one()
            for table in SQLModel.metadata.sorted_tables
        }

"""Reports follow their outage: let go when it is none, closed by its end, found though they crossed it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import event, update
from sqlmodel import col, select

from conversations.model import Press, Text
from conversations.places import FindPlace, MyPlaces, MyPlacesFound, PlacesFound
from conversations.power import HearOf, MyReports, MyReportsFound, PowerIsBack
from handlers import announcements, incidents, latecomers, suggestions
from handlers.incoming import handle
from handlers.lookups import answer
from handlers.outages import Slot
from handlers.ports import Incoming
from handlers.talking import talking
from store import due, outages, outbox, reports, subscriptions
from store.contacts import Contact
from store.customers import Customer
from store.extent import Scope
from store.outbox import Message
from store.reports import Report, ReportState
from tests.handlers.test_reports import all_reports, at, report, reported, suggested, wish
from tests.town import BEN_THANH, FAR_HOME, FEEDER, HOME, OTHER_FEEDER, SHOP, Town, built, outage_id

AT_HOME, AT_SHOP = Scope(transformers=("BT-01",)), Scope(transformers=("BT-02",))


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


async def states(town: Town) -> list[tuple[str, int | None, bool]]:
    return [(one.state, one.outage_id, one.heard) for one in await all_reports(town)]


# --- grouping around the new report only


async def test_a_report_looks_at_its_own_feeder_only(town: Town) -> None:
    await reported(town, HOME, HOME, HOME)
    read: list[int] = []
    async with town.database.unit() as unit:
        for feeder, transformer in ((OTHER_FEEDER, "TD-01"), (FEEDER, "BT-01"), (None, "BT-01"), (None, "TD-01")):
            read.append(len(await reports.open_since(unit, town.now - timedelta(hours=1), feeder, transformer)))
    assert read == [0, 3, 3, 0]


async def test_reports_that_are_grouped_already_are_not_written_again(town: Town) -> None:
    await reported(town, HOME, HOME, HOME)
    written: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        written.extend([statement] if statement.startswith("UPDATE report ") else [])

    async with town.database.unit() as unit:
        engine = unit.session.sync_session.get_bind().engine
        event.listen(engine, "before_cursor_execute", note)
        await suggestions.regroup(unit, town.now, feeder=FEEDER, transformer="BT-01")
        await suggestions.regroup(unit, town.now, feeder=None, transformer=None)
        await unit.session.flush()
        event.remove(engine, "before_cursor_execute", note)
    assert written == []
    assert {one.suggestion_id for one in await all_reports(town)} == {(await suggested(town))[0].id}


# --- cancelled and narrowed


async def test_a_cancelled_incident_gives_its_reports_back_after_telling_them(town: Town) -> None:
    await reported(town, HOME, HOME, HOME)
    an = await town.resident("An")
    done = await town.publish(AT_HOME)
    await wish(town, an, HearOf(at(HOME), (outage_id(done),)))
    await town.send()

    await town.cancel(done)

    assert await states(town) == [(ReportState.OPEN, None, False)] * 4
    assert len([who for who, stage in await town.heard() if stage == "cancelled"]) == 4
    again = await town.publish(Scope(feeders=(FEEDER,)))
    assert {one.outage_id for one in await all_reports(town)} == {outage_id(again)}
    assert ("An", "incident") in await town.heard()


async def test_a_cancelled_incident_keeps_its_reports_until_many_are_told(town: Town) -> None:
    await reported(town, HOME)
    done = await town.publish(AT_HOME)
    await town.send()
    await town.cancel(done)
    async with town.database.unit() as unit:
        await unit.session.execute(update(Report).values(state="tied", outage_id=outage_id(done)))
        unfinished = update(Message).where(col(Message.stage) == "cancelled")
        await unit.session.execute(unfinished.values(spread_at=None))
        await latecomers.let_go(unit, done.outage, town.now)
    assert await states(town) == [(ReportState.TIED, outage_id(done), False)]

    async with town.database.unit() as unit:
        for message_id in await outbox.unspread(unit):
            await announcements.spread(unit, message_id, town.now)
    town.now += timedelta(seconds=20)
    async with town.database.unit() as unit:
        assert await latecomers.let_go_late(unit, town.now) == 1

    assert await states(town) == [(ReportState.OPEN, None, False)]


async def test_a_narrower_scope_gives_back_the_reports_that_it_leaves_out(town: Town) -> None:
    await reported(town, HOME, SHOP)
    done = await town.publish(Scope(feeders=(FEEDER,)))
    await town.send()

    await town.rescope(done, AT_SHOP)

    assert await states(town) == [(ReportState.OPEN, None, False), (ReportState.TIED, outage_id(done), False)]
    assert ("Người 0 lúc 07:05", "not_yours") in await town.heard()
    await town.send()
    await town.restore(done)
    restored = [who for who, stage in await town.heard() if stage == "restored"]
    assert restored == ["Người 1 lúc 07:06"]


async def test_a_report_of_another_line_in_the_ward_is_not_of_the_narrower_scope(town: Town) -> None:
    await reported(town, SHOP)
    done = await town.publish(Scope(transformers=("BT-01", "BT-02")))
    await town.send()
    await town.rescope(done, AT_HOME)
    # Both are in one ward, whose followers hear of it all the same.
    assert await states(town) == [(ReportState.OPEN, None, False)]
    assert [stage for _, stage in await town.heard(revision=2)] == ["not_yours"]


async def test_a_report_of_a_ward_alone_stays_with_what_is_heard_there(town: Town) -> None:
    an = await town.resident("An")
    await report(town, an, HOME)
    async with town.database.unit() as unit:
        blank = {"customer_code": None, "transformer_code": None, "feeder_code": None}
        await unit.session.execute(update(Report).values(ward_code=BEN_THANH, **blank))
    done = await town.publish(Scope(feeders=(FEEDER,)))
    await town.send()
    await town.rescope(done, AT_HOME)
    assert await states(town) == [(ReportState.TIED, outage_id(done), False)]
    assert [stage for _, stage in await town.heard(revision=2)] == ["change"]


async def test_the_end_of_planned_work_closes_its_reports(town: Town) -> None:
    start = town.now + timedelta(days=6)
    done = await town.plan(Slot(start, start + timedelta(hours=2)))
    town.now = start + timedelta(minutes=5)
    an = await town.resident("An")
    await wish(town, an, HearOf(at(HOME), (outage_id(done),)))
    await town.restore(done)
    assert [one.state for one in await all_reports(town)] == [ReportState.CLOSED]
    assert ("An", "restored") in await town.heard()


# --- "có rồi"


async def test_power_back_after_an_outage_closes_only_what_is_of_it(town: Town) -> None:
    done = await town.publish(AT_HOME)
    await town.restore(done)
    an = await town.resident("An")
    await report(town, an, HOME, after=outage_id(done))
    await report(town, an, FAR_HOME)
    await wish(town, an, PowerIsBack(outage=outage_id(done)))
    assert [one.state for one in await all_reports(town)] == [ReportState.CLOSED, ReportState.OPEN]
    binh = await town.resident("Bình")
    await wish(town, binh, PowerIsBack(report="BD-2"))
    assert [one.state for one in await all_reports(town)] == [ReportState.CLOSED, ReportState.OPEN]


async def said(town: Town, name: str, event: Press | Text) -> str:
    """One turn of a customer's conversation; the keys of the answer's words."""
    town.now += timedelta(seconds=1)
    async with town.database.unit() as unit:
        key = f"{name}{town.now.isoformat()}"
        handled = await handle(unit, "web", Incoming(key, name, event, "", name, "vi"), town.now, talking())
    assert handled is not None
    async with town.database.reading() as unit:
        words = (await unit.session.exec(select(Message.words).order_by(col(Message.id).desc()))).first()
    assert words is not None
    return str(words)


async def test_a_typed_power_back_asks_which_of_several_places(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà", f"c:{FAR_HOME} Xưởng")
    await report(town, an, HOME)
    await said(town, "An", Text("có điện rồi"))
    assert [one.state for one in await all_reports(town)] == [ReportState.CLOSED]
    await report(town, an, HOME)
    await report(town, an, FAR_HOME)

    assert "power_back.outage" in await said(town, "An", Text("có điện rồi"))
    assert [one.state for one in await all_reports(town)] == ["closed", "open", "open"]

    assert "power_back.thanks" in await said(town, "An", Text("Xưởng"))

    assert [one.state for one in await all_reports(town)] == ["closed", "open", "closed"]


async def test_the_button_under_a_restoration_names_its_outage(town: Town) -> None:
    an = await town.resident("An")
    await report(town, an, HOME)
    await report(town, an, FAR_HOME)
    done = await town.publish(AT_HOME)
    await said(town, "An", Press(f"go:power_back:{outage_id(done)}"))
    assert [one.state for one in await all_reports(town)] == ["closed", "open"]


async def test_places_with_open_reports_are_named_once_each(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    for customer in (HOME, HOME, FAR_HOME):
        await report(town, an, customer)
    async with town.database.reading() as unit:
        contact = await unit.session.get(Contact, an)
        assert contact is not None
        found = await answer(unit, contact, MyReports(), town.now, talking())
    assert found == MyReportsFound((("Nhà", "BD-2"), (FAR_HOME, "BD-3")))


# --- a followed meter that is gone


async def test_a_followed_meter_that_is_gone_is_still_shown_and_can_be_removed(town: Town) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    async with town.database.unit() as unit:
        await unit.session.execute(update(Customer).where(col(Customer.code) == HOME).values(gone=True))
        contact = await unit.session.get(Contact, an)
        assert contact is not None
        mine = await answer(unit, contact, MyPlaces(), town.now, talking())
        pressed = await answer(unit, contact, FindPlace(f"c:{HOME}", True), town.now, talking())
    assert isinstance(mine, MyPlacesFound)
    assert (mine.places[0].label, mine.places[0].name.key) == ("Nhà", "place.gone")
    assert talking().speaker.plain(mine.places[0].name, "vi").startswith(f"Mã {HOME} (không còn")
    assert pressed == PlacesFound((), False, HOME, "code")
    assert "place.gone" in await said(town, "An", Text("mất điện"))
    await said(town, "An", Press("!cancel"))
    await said(town, "An", Press("go:places"))
    await said(town, "An", Text("Nhà"))
    await said(town, "An", Text("Bỏ theo dõi"))
    assert "places.removed" in await said(town, "An", Text("Bỏ theo dõi"))
    async with town.database.reading() as unit:
        left = await subscriptions.of_contact(unit, an)
    assert not left


# --- what crosses a publication


async def crossed(town: Town, name: str, customer: str, follows: bool = False) -> None:
    """A report, or a follow, of a transaction that did not see the incident, nor the incident it."""
    contact_id = await town.resident(name, *([f"c:{customer} Nhà"] if follows else []))
    if not follows:
        async with town.database.unit() as unit:
            await reports.add(
                unit,
                Report(
                    code=f"BD-{name}",
                    contact_id=contact_id,
                    target=f"c:{customer}",
                    label="Nhà",
                    customer_code=customer,
                    transformer_code="BT-01",
                    feeder_code=FEEDER,
                    answers={},
                    at=town.now,
                ),
            )


async def look(town: Town) -> int:
    async with town.database.unit() as unit:
        looked = await latecomers.late_reporters(unit, town.now)
    async with town.database.unit() as unit:
        for message_id in await announcements.unfinished(unit):
            await announcements.spread(unit, message_id, town.now)
    return looked


async def test_who_crossed_the_publication_is_told_once_and_nobody_twice(town: Town) -> None:
    await town.resident("An", f"c:{HOME} Nhà")
    done = await town.publish(AT_HOME)
    await crossed(town, "Bình", HOME)
    await crossed(town, "Chi", HOME, follows=True)
    town.now += timedelta(seconds=14)
    await crossed(town, "Dũng", HOME)  # could have heard of it in the answer, and said that it is not theirs
    assert await look(town) == 0
    town.now += timedelta(seconds=2)
    assert await look(town) == 1
    assert await town.heard() == [("An", "incident"), ("Bình", "incident"), ("Chi", "incident")]
    assert [one.outage_id for one in await all_reports(town)] == [outage_id(done), None]
    await town.send()
    town.now += timedelta(minutes=1)
    assert await look(town) == 0
    assert len(await town.heard()) == 3
    await town.restore(done)
    assert [who for who, stage in await town.heard() if stage == "restored"] == ["An", "Bình", "Chi"]


async def test_who_crossed_a_change_of_scope_is_told_of_it(town: Town) -> None:
    await town.resident("An", f"c:{SHOP} Tiệm")
    done = await town.publish(AT_SHOP)
    await town.send()
    town.now += timedelta(minutes=5)
    await town.rescope(done, Scope(feeders=(FEEDER,)))
    await crossed(town, "Bình", HOME)
    town.now += timedelta(seconds=16)
    assert await look(town) == 1
    assert ("Bình", "incident") in await town.heard(revision=2)
    assert [stage for who, stage in await town.heard(revision=2) if who == "An"] == ["change"]


async def test_an_incident_that_is_over_is_not_looked_at_and_a_large_one_later(town: Town) -> None:
    done = await town.publish(AT_HOME)
    await crossed(town, "Bình", HOME)
    async with town.database.unit() as unit:
        await unit.session.execute(update(Message).values(spread_at=None))
    town.now += timedelta(seconds=16)
    async with town.database.unit() as unit:
        await latecomers.late_reporters(unit, town.now)
    assert await states(town) == [(ReportState.OPEN, None, False)]
    town.now += timedelta(seconds=16)
    await over(town, outage_id(done))
    assert await look(town) == 1
    assert await states(town) == [(ReportState.OPEN, None, False)]
    async with town.database.unit() as unit:
        assert not await due.take(unit, latecomers.LATE, town.now + timedelta(hours=1))


async def over(town: Town, number: int) -> None:
    async with town.database.unit() as unit:
        outage = await outages.by_id(unit, number, lock=True)
        assert outage is not None
        await incidents.restore(unit, outage, None, "anh Ba", town.now)

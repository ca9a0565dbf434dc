"""Reports become an incident that staff confirm; everyone who reported it hears of it, and of its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlmodel import col, select

from conversations.danger import TellUrgent
from conversations.model import Command, Json
from conversations.power import HearOf, PowerIsBack
from conversations.report import OpenReport
from handlers import suggestions
from handlers.commands import carry_out
from handlers.suggestions import Confirmation, Settled
from handlers.talking import talking
from store import outages, reports
from store.contacts import Contact
from store.extent import Scope
from store.reports import Report, ReportState, Suggestion, SuggestionState
from tests.town import FACTORY, FAR_HOME, FEEDER, HOME, NOW, SHOP, Town, built, outage_id


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


def at(customer: str) -> Json:
    return {"target": f"c:{customer}", "name": {"say": "literal", "values": {"text": customer}}}


async def wish(town: Town, contact_id: int, command: Command) -> None:
    async with town.database.unit() as unit:
        contact = await unit.session.get(Contact, contact_id)
        assert contact is not None
        await carry_out(unit, contact, command, town.now, talking())


async def report(town: Town, contact_id: int, customer: str, after: int | None = None) -> None:
    async with town.database.reading() as unit:
        number = len(await reports.page(unit, None, None, 100, None)) + 1
    await wish(town, contact_id, OpenReport(f"BD-{number}", at(customer), {"since": "now"}, after, False))


async def reported(town: Town, *customers: str) -> list[int]:
    """One person who follows nothing for each customer, a minute apart."""
    people = []
    for number, customer in enumerate(customers):
        people.append(await town.resident(f"Người {number} lúc {town.now:%H:%M}"))
        await report(town, people[-1], customer)
        town.now += timedelta(minutes=1)
    return people


async def suggested(town: Town, state: str | None = SuggestionState.OPEN) -> list[Suggestion]:
    async with town.database.reading() as unit:
        return list(await reports.suggestions(unit, state, 10, None))


async def all_reports(town: Town) -> list[Report]:
    async with town.database.reading() as unit:
        return list((await unit.session.exec(select(Report).order_by(col(Report.id)))).all())


async def test_three_people_at_one_transformer_suggest_an_incident_there(town: Town) -> None:
    await reported(town, HOME, HOME)
    assert await suggested(town) == []
    await reported(town, HOME)
    (one,) = await suggested(town)
    assert (one.kind, one.code, one.reports) == ("transformer", "BT-01", 3)


async def test_one_person_who_reports_often_is_one_person(town: Town) -> None:
    (an,) = await reported(town, HOME)
    for _ in range(5):
        await report(town, an, HOME)
    assert await suggested(town) == []


async def test_reports_far_apart_suggest_nothing(town: Town) -> None:
    await reported(town, HOME, HOME)
    town.now += timedelta(hours=2)
    await reported(town, HOME)
    assert await suggested(town) == []


async def test_a_feeder_stands_for_its_transformers(town: Town) -> None:
    await reported(town, HOME, HOME, HOME, SHOP, FACTORY)
    (one,) = await suggested(town)
    assert (one.kind, one.code, one.reports) == ("feeder", FEEDER, 5)
    assert [gone.code for gone in await suggested(town, SuggestionState.ABSORBED)] == ["BT-01"]


async def test_when_staff_confirm_all_reporters_are_told_and_hear_the_end(town: Town) -> None:
    await reported(town, HOME, HOME, HOME)
    await town.resident("Xa", f"c:{FAR_HOME} Nhà vườn")
    (one,) = await suggested(town)
    async with town.database.unit() as unit:
        done = await suggestions.confirm(unit, one.id or 0, Confirmation("Cây ngã"), "anh Ba", town.now)
    everyone = ["Người 0 lúc 07:05", "Người 1 lúc 07:06", "Người 2 lúc 07:07"]
    assert [who for who, _ in await town.heard()] == everyone
    assert {one.state for one in await all_reports(town)} == {ReportState.TIED}
    async with town.database.reading() as unit:
        (slot,) = (await outages.slots_of(unit, [outage_id(done)]))[outage_id(done)]
    assert slot.starts_at == NOW
    await town.send()
    await town.restore(done)
    assert [who for who, stage in await town.heard() if stage == "restored"] == everyone
    with pytest.raises(Settled):
        async with town.database.unit() as unit:
            await suggestions.confirm(unit, one.id or 0, Confirmation(), "anh Ba", town.now)


async def test_what_staff_dismissed_is_raised_again_only_by_a_new_report(town: Town) -> None:
    await reported(town, HOME, HOME, HOME)
    (one,) = await suggested(town)
    async with town.database.unit() as unit:
        await suggestions.dismiss(unit, one.id or 0, "Cắt thử", "anh Ba", town.now)
    async with town.database.unit() as unit:
        await suggestions.regroup(unit, town.now, feeder=FEEDER, transformer="BT-01")
    assert await suggested(town) == []
    town.now += timedelta(minutes=1)
    await reported(town, HOME)
    assert [again.reports for again in await suggested(town)] == [4]


async def test_whoever_was_told_in_the_answer_hears_the_end_and_not_the_beginning(town: Town) -> None:
    done = await town.publish(Scope(feeders=(FEEDER,)))
    an = await town.resident("An")
    await wish(town, an, HearOf(at(HOME), (outage_id(done),)))
    await wish(town, an, HearOf(at(HOME), (outage_id(done),)))
    assert len(await all_reports(town)) == 1
    await town.restore(done)
    assert await town.heard() == [("An", "restored")]


async def test_an_incident_published_between_question_and_answer_is_told(town: Town) -> None:
    an = await town.resident("An")
    await town.publish(Scope(feeders=(FEEDER,)))
    await report(town, an, HOME)
    assert await town.heard() == [("An", "incident")]
    assert [one.state for one in await all_reports(town)] == [ReportState.TIED]


async def test_still_out_after_the_restoration_suggests_an_incident(town: Town) -> None:
    done = await town.publish(Scope(feeders=(FEEDER,)))
    await town.restore(done)
    for name in ("An", "Bình", "Chi"):
        await report(town, await town.resident(name), HOME, after=outage_id(done))
    assert {(one.still_out, one.outage_id) for one in await all_reports(town)} == {(True, outage_id(done))}
    assert [(one.kind, one.code) for one in await suggested(town)] == [("transformer", "BT-01")]


async def test_with_the_power_back_nothing_is_open_but_the_danger(town: Town) -> None:
    (an,) = await reported(town, HOME)
    await wish(town, an, TellUrgent("BD-9", "dây điện đứt"))
    await wish(town, an, PowerIsBack())
    assert [(one.urgent, one.state) for one in await all_reports(town)] == [(False, "closed"), (True, "open")]


async def test_more_words_and_the_place_belong_to_the_same_urgent_report(town: Town) -> None:
    an = await town.resident("An")
    await wish(town, an, TellUrgent("BD-9", "dây điện đứt"))
    await wish(town, an, TellUrgent("BD-9", "giờ xẹt lửa", at(SHOP)))
    (one,) = await all_reports(town)
    assert one.answers["words"] == ["dây điện đứt", "giờ xẹt lửa"]
    assert (one.urgent, one.transformer_code) == (True, "BT-02")

"""How it went: asked once, at a good moment, answered once, and an unhappy answer is somebody's to follow up."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import survey_sample
from conversations.model import Press, Text
from conversations.service_words import OpenRequest
from handlers import incoming, requests, surveys
from handlers.commands import carry_out
from handlers.escalations import EscalationKind
from handlers.ports import Incoming
from handlers.rules.numbers import number
from handlers.surveys import NothingToFollowUp
from handlers.talking import ZONE, talking
from store import conversations, escalations, outbox
from store import requests as kept
from store import surveys as answers
from store.contacts import Contact
from store.db import Database
from store.outbox import Priority, Settled, Status

# A Wednesday, 09:00 on the utility's clock.
MORNING = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
CODE = number("HS", 1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Story:
    """Lan's request and what she hears of it."""

    url: str
    database: Database
    now: datetime = MORNING
    contact_id: int = 0
    said: int = 0
    buttons: dict[str, str] = field(default_factory=dict)

    async def opens(self, code: str = CODE) -> None:
        async with self.database.unit() as unit:
            contact = await unit.session.get(Contact, self.contact_id) if self.contact_id else None
            if contact is None:
                contact = Contact(channel="web", address="lan", name="Lan", created_at=self.now, seen_at=self.now)
                unit.session.add(contact)
                await unit.session.flush()
                self.contact_id = contact.id or 0
            await carry_out(unit, contact, OpenRequest(code, "home_connection", {}, {}), self.now, talking())

    async def moves(self, *states: str, code: str = CODE) -> None:
        for state in states:
            async with self.database.unit() as unit:
                await requests.move(unit, code, state, "", "chị Tư", self.now)

    async def done(self, code: str = CODE) -> None:
        await self.moves("checking", "works", "done", code=code)

    async def passes(self, span: timedelta) -> list[str]:
        """What Lan hears by then, as keys of words."""
        self.now += span
        async with self.database.unit() as unit:
            await surveys.surveys_due(unit, self.now)
            await surveys.reminders_due(unit, self.now)
        async with self.database.unit() as unit:
            claimed = await outbox.claim(unit, "web", self.now, self.now + HOUR, 100, (0, 99), self.contact_id)
            await outbox.settle(unit, [Settled(one.id, Status.SENT, self.now, self.now) for one in claimed])
        pushed = [one for one in claimed if one.priority > Priority.REPLY]
        for one in pushed:
            self.buttons |= {b["words"]["say"]: b["value"] for b in one.words.get("buttons", ())}
        return [words["say"] for one in pushed for words in one.words["words"]]

    async def writes(self, event: Any) -> list[str]:
        self.said += 1
        came = Incoming(f"{self.said}", "lan", event, str(event), "Lan")
        async with self.database.unit() as unit:
            handled = await incoming.handle(unit, "web", came, self.now, talking())
        assert handled is not None
        self.buttons = {b.words.key: b.value for b in handled.turn.reply.buttons}
        return [words.key for words in handled.turn.reply.words]

    async def presses(self, key: str) -> list[str]:
        return await self.writes(Press(self.buttons[key]))

    async def answers_it(self, face: int, score: int) -> list[str]:
        await self.presses("survey.start")
        await self.presses(f"face.{face}")
        await self.presses(f"face.{face}")
        await self.writes(Text(str(score)))
        return await self.presses("survey.no_words")


@pytest.fixture
async def story(migrated_url: str) -> AsyncIterator[Story]:
    database = Database(migrated_url)
    yield Story(migrated_url, database)
    await database.close()


async def test_a_happy_customer_is_asked_once_and_thanked(story: Story) -> None:
    await story.opens()
    await story.done()
    assert "survey.invite" not in await story.passes(HOUR / 2)
    assert "survey.invite" in await story.passes(HOUR)

    assert await story.answers_it(3, 9) == ["survey.thanks"]

    assert await story.passes(4 * DAY) == []
    assert await story.writes(Press(f"go:survey:{CODE}")) == ["survey.over"]
    async with story.database.reading() as unit:
        figures = await surveys.satisfaction(unit, MORNING - DAY, MORNING + 40 * DAY)
    assert (figures.asked, figures.answered, figures.happy_attitude, figures.score) == (1, 1, 100.0, 9.0)
    assert figures.happy_space is None
    async with story.database.reading() as unit:
        assert await escalations.page(unit, None, None, 10, None) == []

    await story.moves("reopened", "done")
    assert "survey.invite" not in await story.passes(3 * DAY)


async def test_an_unhappy_customer_is_called_back_within_two_working_days(story: Story) -> None:
    await story.opens()
    await story.done()
    await story.passes(2 * HOUR)
    assert await story.answers_it(2, 4) == ["survey.sorry"]

    async with story.database.unit() as unit:
        (one,) = await answers.page(unit, True, 10, None)
        assert one.id is not None
        assert one.follow_up_by is not None
        assert one.follow_up_by.astimezone(ZONE).date().isoformat() == "2026-11-27"
        (matter,) = await escalations.page(unit, False, EscalationKind.UNHAPPY_SURVEY, 10, None)
        assert (matter.subject, matter.reason["score"], matter.reason["survey"]) == (CODE, 4, one.id)
        await surveys.follow_up(unit, one.id, "đã gọi xin lỗi, số 079190001234", "chị Tư", story.now)
    async with story.database.unit() as unit:
        (one,) = await answers.page(unit, False, 10, None)
        assert "079190001234" not in one.follow_up_note
        assert list(await answers.page(unit, True, 10, None)) == []
        (matter,) = await escalations.of_subject(unit, EscalationKind.UNHAPPY_SURVEY, CODE)
        assert (matter.acknowledged_by, "079190001234" in matter.note) == ("chị Tư", False)
        with pytest.raises(NothingToFollowUp):
            await surveys.follow_up(unit, one.id or 0, "lần nữa", "chị Tư", story.now)


async def test_nobody_is_asked_in_the_middle_of_something_else_and_a_reminder_comes_once(story: Story) -> None:
    await story.opens()
    await story.done()
    story.now += HOUR
    await story.writes(Text("theo dõi"))
    assert "survey.invite" not in await story.passes(HOUR)
    await story.writes(Text("hủy"))
    assert "survey.invite" in await story.passes(HOUR)
    await story.writes(Text("theo dõi"))
    assert "survey.remind" not in await story.passes(3 * DAY - HOUR)
    assert "survey.remind" in await story.passes(2 * DAY)
    assert await story.passes(9 * DAY) == []


async def test_a_request_opened_again_before_the_question_is_not_asked_about(story: Story) -> None:
    await story.opens()
    await story.done()
    await story.moves("reopened")
    assert "survey.invite" not in await story.passes(2 * DAY)
    async with story.database.reading() as unit:
        request = await kept.with_code(unit, CODE)
        assert request is not None
        assert await answers.of_request(unit, CODE) is None


async def test_the_yearly_sample_tells_nobody_s_name(story: Story, tmp_path: Path) -> None:
    for running in range(1, 6):
        await story.opens(number("HS", running))
        await story.done(number("HS", running))
    await story.passes(2 * HOUR)
    for running in range(1, 6):
        story.buttons["survey.start"] = f"go:survey:{number('HS', running)}"
        await story.answers_it(3, 10)

    drawn = await survey_sample.write(story.url, 2026, "2026", tmp_path / "sample.csv")

    rows = list(csv.DictReader((tmp_path / "sample.csv").read_text("utf-8").splitlines()))
    assert drawn == len(rows) == 5
    assert {row["score"] for row in rows} == {"10"}
    assert set(rows[0]) == {"stratum", "month", "channel", "attitude", "procedure", "space", "score"}
    async with story.database.reading() as unit:
        assert await conversations.busy_since(unit, story.contact_id) is None

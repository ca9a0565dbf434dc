"""A person, please: the queue, the talk, its end; in any order of events nobody is left without an answer."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.model import Event, Press, Text
from handlers import handovers, incoming, requests
from handlers.escalations import EscalationKind
from handlers.handovers import NotYours, Unanswered
from handlers.ports import Incoming
from handlers.talking import talking
from store import contacts, escalations, outbox
from store import handovers as kept
from store.db import Database, Unit
from store.handovers import LIVE, Handover, HandoverState

# A Wednesday morning on the utility's clock: people are there until 21:00.
MORNING = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TALKING = replace(talking())

numbers = itertools.count(1)


class Chat:
    """Customers who write, agents who answer, and a clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = MORNING
        self.events = itertools.count(1)

    async def writes(self, who: str, what: str | Event) -> list[str]:
        """What a customer sends; the keys of the words that it is answered with."""
        event = Text(what) if isinstance(what, str) else what
        came = Incoming(f"{next(self.events)}-{next(numbers)}", who, event, str(what), who)
        async with self.database.unit() as unit:
            handled = await incoming.handle(unit, "web", came, self.now, TALKING)
        assert handled is not None
        return [words.key for words in handled.turn.reply.words]

    async def heard(self, who: str) -> list[str]:
        """The keys of all that a customer was told, oldest first."""
        async with self.database.reading() as unit:
            contact = await contacts.find(unit, "web", who)
            assert contact is not None
            assert contact.id is not None
            claimed = await outbox.claim(unit, "web", self.now, self.now + MINUTE, 1000, (0, 99), contact.id)
        return [words["say"] for one in claimed for words in one.words["words"]]

    async def wish(self, who: str) -> Handover | None:
        """The customer's newest wish for a person."""
        async with self.database.reading() as unit:
            contact = await contacts.find(unit, "web", who)
            found = await kept.page(unit, None, 500)
        return next((one for one in found if contact and one.contact_id == contact.id), None)

    async def does(self, deed: Callable[[Unit], Awaitable[Any]]) -> Any:
        async with self.database.unit() as unit:
            return await deed(unit)

    async def takes(self, who: str, by: str) -> None:
        number = await self._number(who)
        await self.does(lambda unit: handovers.take(unit, number, by, self.now))

    async def says(self, who: str, by: str, text: str = "Em chào anh") -> None:
        number = await self._number(who)
        await self.does(lambda unit: handovers.speak(unit, number, by, text, self.now))

    async def ends(self, who: str, by: str) -> None:
        number = await self._number(who)
        await self.does(lambda unit: handovers.end(unit, number, by, "xong", self.now))

    async def gives_back(self, who: str, by: str) -> None:
        number = await self._number(who)
        await self.does(lambda unit: handovers.release(unit, number, by, self.now))

    async def passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        await self.does(lambda unit: handovers.waiting_ones(unit, self.now))
        await self.does(lambda unit: handovers.silent_ones(unit, self.now))

    async def _number(self, who: str) -> int:
        wish = await self.wish(who)
        assert wish is not None
        assert wish.id is not None
        return wish.id


@pytest.fixture
async def chat(migrated_url: str) -> AsyncIterator[Chat]:
    database = Database(migrated_url)
    yield Chat(database)
    await database.close()


async def test_the_queue_keeps_its_order_and_the_bot_is_silent_while_a_person_speaks(chat: Chat) -> None:
    assert "agent.asked" in await chat.writes("Lan", "gặp nhân viên")
    chat.now += MINUTE
    assert "agent.asked" in await chat.writes("Minh", "gặp nhân viên")
    assert await chat.writes("Minh", "hỏi về cái hóa đơn kỳ rồi đó") == ["agent.noted"]
    answered = await chat.writes("Minh", "250 số bao nhiêu tiền")
    assert (answered[0], answered[-1]) == ("bill.of_kwh", "agent.noted_too"), (
        "the bot helps, and the person reads it"
    )
    assert "agent.noted_too" not in await chat.writes("Minh", "gặp nhân viên")

    await chat.takes("Lan", "Hạnh")
    with pytest.raises(NotYours):
        await chat.takes("Lan", "Tâm")
    assert await chat.writes("Lan", "mai có cúp điện không") == []
    with pytest.raises(NotYours):
        await chat.says("Lan", "Tâm")
    with pytest.raises(Unanswered):
        await chat.ends("Lan", "Hạnh")
    await chat.says("Lan", "Hạnh")
    assert await chat.writes("Lan", "dây điện đứt rớt xuống đường") != []

    chat.now += MINUTE
    await chat.gives_back("Lan", "Hạnh")
    async with chat.database.reading() as unit:
        waiting = await kept.page(unit, HandoverState.WAITING, 10, live=True)
    lan, minh = await chat.wish("Lan"), await chat.wish("Minh")
    assert lan is not None
    assert minh is not None
    assert [one.id for one in waiting] == [lan.id, minh.id]

    await chat.takes("Lan", "Tâm")
    await chat.says("Lan", "Tâm")
    await chat.ends("Lan", "Tâm")
    assert (await chat.heard("Lan"))[-1] == "agent.talk_over"
    assert await chat.writes("Lan", "menu") == ["menu.title"]


async def test_two_agents_who_take_the_same_customer_at_once_do_not_both_get_them(chat: Chat) -> None:
    await chat.writes("Lan", "gặp nhân viên")

    results = await asyncio.gather(
        *(chat.takes("Lan", by) for by in ("Hạnh", "Tâm", "Vy")), return_exceptions=True
    )

    assert sum(result is None for result in results) == 1
    assert all(result is None or isinstance(result, NotYours) for result in results)
    assert (await chat.heard("Lan")).count("agent.taken") == 1


async def test_who_waits_too_long_gets_a_number_and_who_has_gone_gets_the_bot_back(chat: Chat) -> None:
    await chat.writes("Lan", "gặp nhân viên")
    await chat.writes("Lan", "Hỏi vụ chốt công tơ trễ hai ngày")
    await chat.passes(4)
    await chat.passes(1)
    assert (await chat.heard("Lan")).count("agent.still") == 1
    await chat.passes(10)
    wish = await chat.wish("Lan")
    assert wish is not None
    assert (wish.state, bool(wish.request_code)) == ("turned", True)
    async with chat.database.reading() as unit:
        (matter,) = await escalations.page(unit, False, EscalationKind.UNANSWERED_QUESTION, 10, None)
    assert (matter.subject, matter.reason["waited"]) == (wish.request_code, 15)
    async with chat.database.unit() as unit:
        await requests.answer(unit, matter.subject, "Dạ em ghi nhận", "Hạnh", chat.now)
        assert not await escalations.page(unit, False, None, 10, None)

    await chat.writes("Minh", "gặp nhân viên")
    await chat.takes("Minh", "Hạnh")
    await chat.passes(5)
    assert (await chat.heard("Minh"))[-1] == "agent.given_back"
    await chat.takes("Minh", "Tâm")
    await chat.says("Minh", "Tâm")
    await chat.passes(30)
    assert (await chat.heard("Minh"))[-1] == "agent.gone_quiet"


async def test_who_is_given_back_after_a_long_talk_is_left_to_a_colleague_before_a_request_is_made(
    chat: Chat,
) -> None:
    await chat.writes("Minh", "gặp nhân viên")
    await chat.takes("Minh", "Hạnh")
    for _ in range(4):
        await chat.says("Minh", "Hạnh")
        await chat.passes(4)
        await chat.writes("Minh", "còn thiếu giấy gì em")
    await chat.passes(5)
    assert (await chat.heard("Minh"))[-1] == "agent.given_back"

    await chat.passes(4)
    await chat.passes(1)
    assert (await chat.heard("Minh"))[-1] == "agent.still"
    await chat.passes(10)
    wish = await chat.wish("Minh")
    assert wish is not None
    assert wish.state == "turned"


async def test_who_was_told_to_wait_keeps_nobody_behind_them_from_being_told(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handovers, "_PAGE", 1)
    await chat.writes("Lan", "gặp nhân viên")
    await chat.writes("Minh", "gặp nhân viên")
    await chat.passes(4)
    await chat.passes(1)
    assert "agent.still" in await chat.heard("Minh")

    await chat.takes("Lan", "Hạnh")
    await chat.says("Lan", "Hạnh")
    await chat.takes("Minh", "Tâm")
    await chat.passes(5)
    assert (await chat.heard("Minh"))[-1] == "agent.given_back"


async def test_at_closing_time_who_still_waits_gets_a_number(chat: Chat) -> None:
    chat.now = datetime(2026, 11, 25, 13, 58, tzinfo=UTC)
    await chat.writes("Lan", "gặp nhân viên")
    await chat.passes(2)

    wish = await chat.wish("Lan")
    assert wish is not None
    assert wish.state == HandoverState.TURNED
    assert "agent.closed" in await chat.writes("Lan", "gặp nhân viên")


async def test_who_writes_while_their_waiting_turns_into_a_request_does_not_run_into_the_clock(chat: Chat) -> None:
    await chat.writes("Lan", "gặp nhân viên")
    chat.now += 20 * MINUTE
    if chat.database.is_sqlite:
        return  # one writer at a time: nobody holds half of what another wants

    async with chat.database.unit() as event:
        contact = await contacts.at(event, "web", "Lan")
        assert contact is not None
        assert contact.id is not None
        clock = asyncio.create_task(chat.does(lambda unit: handovers.waiting_ones(unit, chat.now)))
        await asyncio.wait([clock], timeout=2)
        live = await kept.live_of(event, contact.id, lock=True)

    assert await clock == 1
    assert live is None


CUSTOMERS, AGENTS = ("a", "b"), ("Hạnh", "Tâm")
WORDS = ["gặp nhân viên", "alo alo", "theo dõi", "hủy", "dây điện đứt", "1", "mai có cúp điện không"]
BUTTONS = ["go:agentleave", "!go_on", "!menu"]
customers, agents = st.sampled_from(CUSTOMERS), st.sampled_from(AGENTS)
deeds = st.one_of(
    st.tuples(st.just("writes"), customers, st.sampled_from(WORDS)),
    st.tuples(st.just("presses"), customers, st.sampled_from(BUTTONS)),
    st.tuples(st.sampled_from(["takes", "says", "ends", "gives_back"]), customers, agents),
    st.tuples(st.just("passes"), st.sampled_from([1, 5, 16, 31, 700]), st.just("")),
)


async def _do(chat: Chat, deed: tuple[str, Any, str], about: str) -> None:
    name, who, what = deed
    if name == "passes":
        await chat.passes(who)
    elif name == "writes":
        await chat.writes(f"{who}{about}", what)
    elif name == "presses":
        await chat.writes(f"{who}{about}", Press(what))
    elif await chat.wish(f"{who}{about}"):
        with suppress(NotYours, Unanswered):
            await getattr(chat, name)(f"{who}{about}", what)


async def _nobody_is_left_without_an_answer(chat: Chat, about: str) -> None:
    async with chat.database.reading() as unit:
        for one in await kept.page(unit, None, 10_000):
            contact = await unit.session.get_one(contacts.Contact, one.contact_id)
            if not contact.address.endswith(about):
                continue
            assert one.state not in LIVE
            if one.state == HandoverState.TURNED:
                assert one.request_code
            elif one.ended_by != "customer":
                assert one.answered


def test_in_any_order_of_events_every_wish_ends_in_an_answer_or_a_number(sqlite_url: str) -> None:
    runner = asyncio.Runner()
    database = Database(sqlite_url)

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(deeds, min_size=4, max_size=20))
    def holds(said: list[tuple[str, Any, str]]) -> None:
        async def live() -> None:
            chat, about = Chat(database), f"-{next(numbers)}"
            for deed in said:
                await _do(chat, deed, about)
            for _ in range(4):
                await chat.passes(45)
            await _nobody_is_left_without_an_answer(chat, about)

        runner.run(live())

    try:
        holds()
    finally:
        runner.run(database.close())
        runner.close()

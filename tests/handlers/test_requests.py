"""Requests of customers: kept whatever fails, moved as the table allows, told once, and never late unseen."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from bot.receiver import Receiver
from conversations.model import Json, Opened, Text, Words
from conversations.my_requests import MyRequest, MyRequests, MyRequestsFound, RequestSeen
from conversations.request_deeds import AddPaper, AskAboutRequest, CancelRequest, ReopenRequest
from conversations.service_words import GiveConsent, OpenRequest, Recall, Recalled
from handlers import incoming, lateness, request_files, request_news, requests
from handlers.commands import carry_out
from handlers.escalations import EscalationKind, acknowledge
from handlers.lookups import answer
from handlers.ports import Incoming
from handlers.request_keeping import NotAllowed, UnknownRequest, answers_of
from handlers.requests import TooEarly, TooFar
from handlers.rules.numbers import number
from handlers.talking import Talking, talking
from store import consents, escalations
from store import requests as kept
from store.contacts import Contact
from store.db import Unit
from store.outbox import Delivery, Message, Priority, Status
from store.requests import NoteKind, Request
from tests.town import BEN_THANH, HOME, NOW, Town, built

CODE, SECOND, LATER = (number("HS", running) for running in (1, 2, 127))
ID_NUMBER = "079203001234"
PAPERS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "id_card": ({"file": "f1", "kind": "image"}, {"file": "f2", "kind": "image"}),
    "place_right": ({"file": "f3", "kind": "pdf"},),
}
ANSWERS: Mapping[str, Json] = {
    "use_address": {"target": f"w:{BEN_THANH}", "text": "12 Lê Lợi"},
    "name": "Nguyễn Thị Hoa",
    "id_number": ID_NUMBER,
    "phone": "0901234567",
}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Turned:
    """Seals by turning around: enough to see what is sealed, and for what."""

    def seal(self, plain: bytes, about: str) -> str:
        return f"{about}|{base64.b64encode(plain).decode()}"

    def open(self, sealed: str, about: str) -> bytes:
        bound, _, body = sealed.partition("|")
        assert bound == about
        return base64.b64decode(body)


class Broken:
    """Keys that do nothing but fail."""

    def seal(self, plain: bytes, about: str) -> str:
        raise OSError("no keys")

    def open(self, sealed: str, about: str) -> bytes:
        raise OSError("no keys")


class Shelf:
    """A vault that writes down what is wished of it, or fails."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.kept: list[tuple[str, str, int]] = []

    async def claim(
        self,
        unit: Unit,
        contact_id: int,
        file_ids: Collection[str],
        request_code: str,
        purpose: str,
        delete_after: datetime,
    ) -> Collection[str]:
        if self.fails:
            raise OSError("no disk")
        self.kept.append((purpose, " ".join(sorted(file_ids)), (delete_after - NOW).days))
        return file_ids

    async def keep_until(self, unit: Unit, request_code: str, purpose: str, delete_after: datetime) -> int:
        if self.fails:
            raise OSError("no disk")
        self.kept.append((purpose, "", (delete_after - NOW).days))
        return 1


SEALING = replace(talking(), sealer=Turned())
FAILING = replace(talking(), sealer=Broken())


@dataclass
class Desk:
    """A customer and the staff, on the town's clock."""

    town: Town
    contact_id: int
    talk: Talking = SEALING

    async def wish(self, command: object, contact_id: int | None = None) -> None:
        async with self.town.database.unit() as unit:
            contact = await unit.session.get(Contact, contact_id or self.contact_id)
            assert contact is not None
            await carry_out(unit, contact, command, self.town.now, self.talk)  # type: ignore[arg-type]

    async def asks(self, asked: str, contact_id: int | None = None) -> RequestSeen:
        async with self.town.database.unit() as unit:
            contact = await unit.session.get(Contact, contact_id or self.contact_id)
            assert contact is not None
            found = await answer(unit, contact, MyRequest(asked), self.town.now, self.talk)
        assert isinstance(found, RequestSeen)
        return found

    async def opens(self, code: str = CODE, papers: Mapping[str, tuple[Mapping[str, str], ...]] = PAPERS) -> None:
        await self.wish(OpenRequest(code, "home_connection", ANSWERS, papers))

    async def moves(self, *states: str, note: str = "", code: str = CODE) -> None:
        for to in states:
            async with self.town.database.unit() as unit:
                await requests.move(unit, code, to, note, "chị Tư", self.town.now)

    async def request(self, code: str = CODE) -> Request:
        async with self.town.database.reading() as unit:
            found = await kept.with_code(unit, code)
        assert found is not None
        return found

    async def history(self, code: str = CODE) -> list[tuple[str, str, str]]:
        async with self.town.database.reading() as unit:
            found = await kept.with_code(unit, code)
            assert found is not None
            assert found.id is not None
            return [(one.from_state, one.to_state, one.by) for one in await kept.moves_of(unit, found.id)]

    async def heard(self) -> list[Message]:
        """What leaves by now, oldest first."""
        ids = await self.town.claim()
        await self.town.settle(ids)
        async with self.town.database.reading() as unit:
            query = (
                select(Message)
                .join(Delivery, col(Delivery.message_id) == col(Message.id))
                .where(col(Delivery.id).in_(ids))
                .order_by(col(Message.id))
            )
            return list((await unit.session.execute(query)).scalars())

    async def ticks(self) -> int:
        async with self.town.database.unit() as unit:
            return await lateness.requests_late(unit, self.town.now)


def keys(message: Message) -> list[str]:
    """The keys of a message's paragraphs, states by their names."""
    return [
        f"{one['say']}={one['values']['state']['say']}" if "state" in one.get("values", {}) else one["say"]
        for one in message.words["words"]
    ]


@pytest.fixture
async def desk(migrated_url: str) -> AsyncIterator[Desk]:
    async with built(migrated_url) as town:
        yield Desk(town, await town.resident("Hoa"))


async def test_a_request_is_kept_sealed_with_its_promise_and_company(desk: Desk) -> None:
    await desk.opens()

    request = await desk.request()
    assert (request.state, request.service) == ("received", "home_connection")
    # Monday 23/11; the 24th is a holiday, so that five working days end on Tuesday, 1 December.
    assert f"{request.promised_by:%Y-%m-%dT%H:%M}" == "2026-12-01T10:00"
    assert (request.ward_code, request.company, request.customer_code) == (BEN_THANH, HOME[:6], None)
    assert (request.shown_name, request.answers) == ("N. T. Hoa", "{}")
    assert request.sealed.startswith(f"request/{CODE}|")
    assert ID_NUMBER not in request.sealed
    assert answers_of(request, Turned()) == ANSWERS
    assert answers_of(request, None) is None
    assert await desk.history() == [("", "received", "customer")]
    async with desk.town.database.reading() as unit:
        papers = await kept.papers_of(unit, request.id or 0)
    assert [(one.paper, one.file, one.kind) for one in papers] == [
        ("id_card", "f1", "image"),
        ("id_card", "f2", "image"),
        ("place_right", "f3", "pdf"),
    ]


async def test_no_vault_that_fails_keeps_a_request_from_being_accepted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_files, "VAULT", Shelf(fails=True))
    desk.talk = FAILING
    await desk.opens()

    request = await desk.request()
    assert (request.state, request.sealed) == ("received", "")
    told = json.loads(request.answers)
    assert told["phone"] == "0901234567"
    assert told["id_number"] == "…234"
    assert ID_NUMBER not in request.answers
    await desk.moves("checking")
    await desk.wish(AddPaper(CODE, "id_card", "f9", "image"))
    async with desk.town.database.reading() as unit:
        assert len(await kept.papers_of(unit, request.id or 0)) == 4


async def test_papers_are_kept_as_long_as_their_purpose_takes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    monkeypatch.setattr(request_files, "VAULT", shelf)
    await desk.opens()
    assert shelf.kept == [("id_card", "f1 f2", 365), ("paper", "f3", 365)]
    desk.town.now += 2 * DAY
    await desk.wish(AddPaper(CODE, "giấy ủy quyền", "f4", "pdf"))
    await desk.moves("checking", "works", "done", "reopened")
    assert shelf.kept[2:] == [
        ("paper", "f4", 367),
        ("id_card", "", 32),
        ("paper", "", 92),
        ("id_card", "", 367),
        ("paper", "", 367),
    ]


async def test_moves_in_a_row_are_told_once_with_all_that_staff_said(desk: Desk) -> None:
    await desk.opens()
    await desk.moves("checking", note=f"CCCD {ID_NUMBER} hợp lệ")
    await desk.moves("survey", note="Anh Ba tới lúc 9 giờ")
    assert await desk.heard() == []

    desk.town.now += 3 * MINUTE
    (message,) = await desk.heard()
    assert message.priority == Priority.PERSONAL
    assert keys(message) == [
        "request.moved=request.state.survey",
        "request.now.survey",
        "request.note",
        "request.note",
        "request.promised",
    ]
    assert ID_NUMBER not in json.dumps(message.words)
    async with desk.town.database.reading() as unit:
        moves = await kept.moves_of(unit, (await desk.request()).id or 0)
    assert [one.message_id for one in moves] == [None, message.id, message.id]
    assert await desk.heard() == []


async def test_a_slip_that_staff_take_back_is_not_told(desk: Desk) -> None:
    await desk.opens()
    await desk.moves("checking")
    desk.town.now += 3 * MINUTE
    assert len(await desk.heard()) == 1

    await desk.moves("papers_missing", "checking")
    desk.town.now += 3 * MINUTE
    assert await desk.heard() == []
    # What is on its way stays said, and so the move back is told.
    await desk.moves("papers_missing")
    desk.town.now += 3 * MINUTE
    on_its_way = await desk.town.claim()
    await desk.moves("checking")
    await desk.town.settle(on_its_way)
    desk.town.now += 3 * MINUTE
    (last,) = await desk.heard()
    assert (len(on_its_way), keys(last)[0]) == (1, "request.moved=request.state.checking")


async def test_only_moves_of_the_table_are_made(desk: Desk) -> None:
    await desk.opens()
    before = await desk.history()
    for to in ("done", "received", "nowhere"):
        with pytest.raises(NotAllowed) as refused:
            await desk.moves(to)
        assert refused.value.allowed == ("checking", "papers_missing", "declined", "cancelled")
    with pytest.raises(UnknownRequest):
        await desk.moves("checking", code="HS-000009-A")
    assert await desk.history() == before


async def test_the_clock_stands_still_while_a_paper_is_missing(desk: Desk) -> None:
    await desk.opens()
    promised = (await desk.request()).promised_by
    async with desk.town.database.unit() as unit:
        await requests.ask_paper(unit, CODE, "place_right", "Ảnh mờ, chụp lại", "chị Tư", desk.town.now)
        await requests.ask_paper(unit, CODE, "giấy ủy quyền", "", "chị Tư", desk.town.now)
    desk.town.now += 3 * MINUTE
    (message,) = await desk.heard()
    assert keys(message) == [
        "request.moved=request.state.papers_missing",
        "request.now.papers_missing",
        "request.papers",
        "request.clock_stopped",
    ]
    assert f"go:add_paper:{CODE}" in json.dumps(message.words)
    assert (await desk.request()).look_at is None

    # Three working days later (Thursday to Monday) the first comes, the day after that the second.
    desk.town.now += 7 * DAY
    await desk.wish(AddPaper(CODE, "place_right", "f4", "image"))
    assert (await desk.request()).state == "papers_missing"
    desk.town.now += DAY
    await desk.wish(AddPaper(CODE, "giấy ủy quyền", "f5", "pdf"))
    await desk.wish(AddPaper(CODE, "giấy ủy quyền", "f5", "pdf"))
    request = await desk.request()
    assert (request.state, request.stopped_at) == ("checking", None)
    # 23, 25, 26, 27 and 30 November went by: five working days, as the 24th is none.
    assert f"{request.promised_by:%Y-%m-%d}" == "2026-12-08"
    assert request.promised_by > promised
    seen = await desk.asks(CODE)
    assert (seen.missing, seen.files) == ((), 5)
    # The customer did that, and read it in the reply.
    desk.town.now += 3 * MINUTE
    assert await desk.heard() == []


async def test_papers_that_must_come_and_did_not_are_asked_for_at_once(desk: Desk) -> None:
    await desk.opens(papers={"id_card": PAPERS["id_card"], "place_right": ()})
    assert (await desk.request()).state == "papers_missing"
    seen = await desk.asks(CODE)
    assert seen.missing == ("place_right",)
    assert seen.by_when == (Words("request.clock_stopped"),)
    desk.town.now += 3 * MINUTE
    assert await desk.heard() == []


async def test_staff_see_a_late_one_before_its_promise_breaks_and_the_customer_hears_it_before_they_ask(
    desk: Desk,
) -> None:
    await desk.opens()
    await desk.moves("checking")
    desk.town.now += 3 * MINUTE
    await desk.heard()
    promised = (await desk.request()).promised_by

    async def late() -> list[str]:
        async with desk.town.database.reading() as unit:
            return [one.code for one in await kept.page(unit, 10, late=True)]

    async def escalated(acknowledged: bool) -> list[str]:
        async with desk.town.database.reading() as unit:
            found = await escalations.page(unit, acknowledged, EscalationKind.REQUEST_LATE, 10, None)
        return [f"{one.subject} {one.reason['due_by']}" for one in found]

    desk.town.now = promised - 2 * DAY
    assert (await desk.ticks(), await late(), await escalated(False)) == (0, [], [])
    desk.town.now = promised - DAY
    assert (await desk.ticks(), await late()) == (1, [CODE])
    assert (await desk.ticks(), await desk.heard()) == (0, [])
    first = f"{CODE} {promised.isoformat()}"
    assert await escalated(False) == [first]
    async with desk.town.database.unit() as unit:
        (one,) = await escalations.of_subject(unit, EscalationKind.REQUEST_LATE, CODE, still_open=True)
        await acknowledge(unit, one.id or 0, "đã giục đội 2, thẻ 079190001234", "anh Ba", desk.town.now)
        assert "079190001234" not in one.note
    desk.town.now = promised - 2 * timedelta(hours=1)
    assert await desk.ticks() == 1
    (message,) = await desk.heard()
    assert keys(message) == ["request.late"]
    assert await desk.ticks() == 0
    # The customer hears it later, staff have it already: that is no new matter.
    assert (await escalated(False), await escalated(True)) == ([], [first])

    # Staff name a new day: it is told, and watched like the promise was.
    async with desk.town.database.unit() as unit:
        with pytest.raises(TooEarly):
            await requests.expect(unit, CODE, promised.date() - DAY, "", "chị Tư", desk.town.now)
        for slip in (date(2206, 12, 10), date.max):
            with pytest.raises(TooFar):
                await requests.expect(unit, CODE, slip, "", "chị Tư", desk.town.now)
        await requests.expect(unit, CODE, date(2026, 12, 10), "Chờ vật tư", "chị Tư", desk.town.now)
    (message,) = await desk.heard()
    assert keys(message) == ["request.late_expected", "request.note"]
    assert await late() == []
    assert (await desk.request()).promised_by == promised
    desk.town.now += 8 * DAY
    assert (await desk.ticks(), await late()) == (1, [CODE])
    # The new day is in danger as well, and is a matter of its own.
    assert await escalated(False) == [f"{CODE} {(await desk.request()).due_by.isoformat()}"]
    await desk.moves("works", "done")
    assert (await late(), await escalated(False)) == ([], [])
    assert (await desk.request()).look_at is None


async def test_a_finished_request_is_asked_about_and_can_be_opened_again(desk: Desk) -> None:
    await desk.opens()
    await desk.moves("checking", "works", "done")
    done = await desk.request()
    # 14:05, an hour later: still in office hours.
    assert done.survey_due_at == desk.town.now + timedelta(hours=1)
    assert done.ended_at == desk.town.now
    assert (await desk.asks(CODE)).may == {"ask", "reopen"}

    desk.town.now += 2 * DAY
    await desk.wish(ReopenRequest(CODE, Words("literal", {"text": "Công tơ chưa chạy"})))
    again = await desk.request()
    assert (again.state, again.reopened, again.ended_at, again.survey_due_at) == ("reopened", 1, None, None)
    assert again.promised_by >= done.promised_by
    assert again.look_at is not None
    desk.town.now += 3 * MINUTE
    assert await desk.heard() == []

    await desk.moves("done")
    desk.town.now += 31 * DAY
    assert (await desk.asks(CODE)).may == {"ask"}
    await desk.wish(ReopenRequest(CODE, Words("reopen_why.again")))
    assert (await desk.request()).state == "done"


async def test_nobody_else_sees_or_changes_a_request(desk: Desk) -> None:
    await desk.opens()
    other = await desk.town.resident("Người khác")
    assert await desk.asks(CODE, other) == RequestSeen()
    for wish in (
        CancelRequest(CODE, Words("cancel_why.no_need")),
        AddPaper(CODE, "id_card", "f7", "image"),
        AskAboutRequest(CODE, "?"),
        ReopenRequest(CODE, Words("reopen_why.again")),
    ):
        await desk.wish(wish, other)
    assert await desk.history() == [("", "received", "customer")]
    async with desk.town.database.reading() as unit:
        request_id = (await desk.request()).id or 0
        assert await kept.notes_of(unit, request_id) == []
        assert len(await kept.papers_of(unit, request_id)) == 3


async def test_a_number_is_found_with_its_slips(desk: Desk) -> None:
    await desk.opens(CODE)
    await desk.opens(LATER)
    for typed in (LATER, LATER.lower(), LATER.replace("-", ""), "HS 127", f"hs-OOO127 {LATER[-1]}"):
        assert (await desk.asks(typed)).code == LATER
    slip = await desk.asks(LATER.replace("127", "137"))
    assert (slip.code, LATER in slip.near) == ("", True)
    assert (await desk.asks("xin chào")).near == ()


async def test_a_question_is_answered_where_it_was_asked(desk: Desk) -> None:
    await desk.opens()
    await desk.wish(AskAboutRequest(CODE, f"Số {ID_NUMBER} của tôi có đúng không?"))
    async with desk.town.database.unit() as unit:
        await requests.note(unit, CODE, "gọi cho khách", "chị Tư", desk.town.now)
        await requests.answer(unit, CODE, "Dạ đúng ạ", "chị Tư", desk.town.now)
    (message,) = await desk.heard()
    assert keys(message) == ["request.answered"]
    assert ID_NUMBER not in json.dumps(message.words)
    async with desk.town.database.reading() as unit:
        notes = await kept.notes_of(unit, (await desk.request()).id or 0)
    assert [(one.kind, one.answers) for one in notes] == [
        (NoteKind.QUESTION, None),
        (NoteKind.NOTE, None),
        (NoteKind.ANSWER, notes[0].id),
    ]


async def test_a_consent_is_kept_with_its_proof_and_covers_what_is_known(desk: Desk) -> None:
    async def recalled() -> Recalled:
        async with desk.town.database.unit() as unit:
            contact = await unit.session.get(Contact, desk.contact_id)
            assert contact is not None
            found = await answer(unit, contact, Recall("home_connection"), desk.town.now, desk.talk)
        assert isinstance(found, Recalled)
        return found

    await desk.opens()
    assert await recalled() == Recalled()

    async with desk.town.database.unit() as unit:
        handled = await incoming.handle(unit, "web", Incoming("e1", "Hoa", Text("chào")), desk.town.now, desk.talk)
    assert handled is not None
    for _ in range(2):
        await desk.wish(GiveConsent("requests", "2026-11"))
    assert await recalled() == Recalled({}, frozenset({"requests"}))
    await desk.opens(SECOND)
    known = await recalled()
    assert known.answers == {name: ANSWERS[name] for name in ("name", "id_number", "phone")}
    async with desk.town.database.unit() as unit:
        (consent,) = await consents.standing(unit, desk.contact_id)
        assert (consent.proof, consent.version, consent.language) == ("web:Hoa:e1", "2026-11", "vi")
        assert await consents.withdraw(unit, desk.contact_id, "requests", desk.town.now) == 1
    assert await recalled() == Recalled()
    await desk.wish(GiveConsent("requests", "2026-11"))
    async with desk.town.database.reading() as unit:
        assert len(await consents.all_of(unit, desk.contact_id)) == 2


async def test_a_late_request_that_cannot_be_told_keeps_no_other_from_being_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.opens()
    await desk.opens(SECOND)
    say = request_news.say

    async def fails(unit: Unit, request: Request, *rest: Any) -> Any:
        if request.code == CODE:
            raise RuntimeError("a fault of ours")
        return await say(unit, request, *rest)

    monkeypatch.setattr(request_news, "say", fails)
    desk.town.now = (await desk.request()).promised_by
    assert await desk.ticks() == 1
    (message,) = await desk.heard()
    assert message.words["words"][0]["values"]["code"] == SECOND
    assert (await desk.request()).late_told_at is None


async def test_what_a_fault_kept_from_being_handled_gets_one_number_a_day(desk: Desk) -> None:
    async def fails(event_id: str, text: str) -> None:
        async with desk.town.database.unit() as unit:
            event = Incoming(event_id, "Hoa", Text(text), text)
            await incoming.apologise(unit, "web", event, desk.town.now)

    # As it truly happens: a conversation that breaks.
    receive = Receiver(desk.town.database, replace(talking(), flows=None), lambda: desk.town.now)  # type: ignore[arg-type]
    said = f"CCCD của tôi là {ID_NUMBER}"
    assert await receive("web", Incoming("e1", "Hoa", Opened(), said)) is None
    await fails("e2", "alo?")
    await fails("e2", "alo?")
    messages = await desk.heard()
    assert [keys(one) for one in messages] == [["error.kept"], ["error.kept"]]
    (code,) = {one.words["words"][0]["values"]["code"] for one in messages}
    request = await desk.request(code)
    assert (request.service, request.state, request.contact_id) == ("unhandled", "received", desk.contact_id)
    async with desk.town.database.reading() as unit:
        notes = await kept.notes_of(unit, request.id or 0)
    assert [(one.kind, one.text) for one in notes] == [
        (NoteKind.SAID, "CCCD của tôi là 0792••••1234"),
        (NoteKind.SAID, "alo?"),
    ]
    desk.town.now += DAY
    await fails("e3", "vẫn hỏng")
    async with desk.town.database.unit() as unit:
        await requests.answer(unit, code, "Em gọi Quý khách rồi ạ", "chị Tư", desk.town.now)
        contact = await unit.session.get(Contact, desk.contact_id)
        assert contact is not None
        mine = await answer(unit, contact, MyRequests(), desk.town.now, desk.talk)
    assert isinstance(mine, MyRequestsFound)
    assert len(mine.requests) == 2


async def test_an_event_that_the_database_gave_up_for_another_is_done_again_and_no_fault(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DeadlockError(Exception):
        sqlstate = "40P01"

    handle, tries = incoming.handle, 0

    async def handled(unit: Unit, *rest: Any) -> Any:
        nonlocal tries
        tries += 1
        found = await handle(unit, *rest)
        if tries == 1:
            raise DBAPIError("SELECT", None, DeadlockError("deadlock detected"))
        return found

    monkeypatch.setattr(incoming, "handle", handled)
    receive = Receiver(desk.town.database, talking(), lambda: desk.town.now)
    assert await receive("web", Incoming("e1", "Hoa", Text("menu"), "menu")) is not None
    assert [keys(one)[0] for one in await desk.heard()] == ["menu.title"]


async def test_the_hotline_is_named_when_not_even_a_number_can_be_given(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(unit: Unit, kind: str) -> str:
        raise RuntimeError("no numbers")

    monkeypatch.setattr("handlers.unhandled.numbering.new_number", broken)
    async with desk.town.database.unit() as unit:
        await incoming.apologise(unit, "web", Incoming("e1", "Hoa", Text("x"), "x"), desk.town.now)
    (message,) = await desk.heard()
    assert keys(message) == ["error.fault"]


async def test_nothing_is_told_to_who_cancelled_but_staff_see_why(desk: Desk) -> None:
    await desk.opens()
    await desk.moves("checking")
    await desk.wish(CancelRequest(CODE, Words("cancel_why.no_need")))
    desk.town.now += 3 * MINUTE
    assert await desk.heard() == []
    assert (await desk.history())[-1] == ("checking", "cancelled", "customer")
    assert (await desk.asks(CODE)).may == {"ask", "reopen"}
    async with desk.town.database.reading() as unit:
        deliveries = list((await unit.session.execute(select(Delivery))).scalars())
    assert [one.status for one in deliveries] == [Status.RETRACTED]

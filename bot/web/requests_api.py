"""The staff API of requests, for staff pages and for companies' own systems: translates, decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from aiohttp import web

from bot.web.access import ANY, AUDITORS, CREWS, ID_READERS, require
from bot.web.errors import ApiError
from bot.web.outages_api import PREFIX, Done, Model, Route, StaffApi, checked, json_of
from bot.web.requests_bodies import (
    AnswerIn,
    AskPaperIn,
    AssignIn,
    ExpectIn,
    MovedOut,
    MoveIn,
    NoteIn,
    PaperOut,
    PapersOut,
    ReadQuery,
    ReadsOut,
    RequestInFullOut,
    RequestOut,
    RequestsOut,
    RequestsQuery,
)
from handlers import requests
from handlers.request_keeping import NotAllowed, UnknownRequest, answers_of, id_of, known
from handlers.requests import TooEarly, TooFar
from handlers.sealing_port import Sealer
from store import outbox, vault
from store import requests as kept
from store.db import Database, Unit
from store.requests import Request

log = structlog.get_logger(__name__)

RequestDeed = Callable[[Unit, str, datetime, Any], Awaitable[Request]]


class RequestsApi(StaffApi):
    """The operations on requests. `sealer` opens what customers answered; without it nobody reads that here."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        spread: Callable[[Sequence[int]], None],
        sealer: Sealer | None,
    ) -> None:
        super().__init__(database, clock, spread)
        self._sealer = sealer

    def routes(self) -> list[Route]:
        every, one = PREFIX + "/requests", PREFIX + r"/requests/{code:[A-Za-z0-9-]{3,20}}"
        listed = "List requests of customers, newest first"
        shown = "One request with answers, moves, papers and notes; who reads it is kept, ID numbers take a reason"
        asked = "Ask the customer for a paper; the promise's clock stands still until it comes"
        expected = "Name a new day when the promise cannot be kept; the customer is told at once"
        return [
            Route("GET", every, listed, self.list, RequestsOut, query=RequestsQuery),
            Route("GET", one, shown, self.show, RequestInFullOut, query=ReadQuery),
            Route("POST", one + "/moves", "Move it; the customer is told", self.move, MovedOut, MoveIn),
            Route("GET", one + "/papers", "Its papers: files, and what is asked for", self.papers, PapersOut),
            Route("GET", one + "/reads", "Who read it and its files, when and why", self.reads, ReadsOut),
            Route("POST", one + "/papers", asked, self.ask_paper, MovedOut, AskPaperIn),
            Route("POST", one + "/notes", "Keep words for staff", self.note, MovedOut, NoteIn),
            Route("POST", one + "/answers", "Answer the customer's question", self.answer, MovedOut, AnswerIn),
            Route("POST", one + "/assign", "Say who has it", self.assign, MovedOut, AssignIn),
            Route("POST", one + "/expected", expected, self.expect, MovedOut, ExpectIn),
        ]

    async def list(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(RequestsQuery, dict(request.query))
            found = await kept.page(unit, **query.model_dump())
        rows = [RequestOut.of(one) for one in found]
        return json_of(RequestsOut(requests=rows, next_before=rows[-1].id if len(rows) == query.limit else None))

    async def show(self, request: web.Request) -> web.Response:
        code, now = code_of(request), self._clock()
        async with self._database.reading() as unit:
            caller = await require(unit, request, CREWS)
            query = checked(ReadQuery, dict(request.query))
            if query.full:
                await require(unit, request, ID_READERS)
        if query.full and not query.why:
            raise ApiError(422, "invalid", fields=[("why", "field.missing", {})])
        async with self._database.unit() as unit:
            found = await _translated(code, requests.read(unit, code, caller.name, query.full, query.why, now))
            shown = await self._in_full(unit, found, query.full)
        log.info("request_read", by=caller.name, request=code, full=query.full)
        return json_of(shown)

    async def papers(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, CREWS)
            found = await _translated(code_of(request), known(unit, code_of(request)))
            papers = await kept.papers_of(unit, id_of(found))
        return json_of(PapersOut(papers=[PaperOut.of(one) for one in papers]))

    async def reads(self, request: web.Request) -> web.Response:
        """Also of a request whose customer had everything deleted: who read it stays known."""
        async with self._database.reading() as unit:
            await require(unit, request, AUDITORS)
            found = await kept.with_code(unit, code_of(request))
            if found is None or found.id is None:
                raise ApiError(404, "request.unknown", {"code": code_of(request)})
            files = [one.file for one in await kept.papers_of(unit, found.id) if one.file]
            shown = ReadsOut.of(await kept.reads_of(unit, found.id), await vault.accesses(unit, *files))
        return json_of(shown)

    async def move(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: MoveIn) -> Request:
            return await requests.move(unit, code_of(request), body.to, body.note or "", by, now)

        return await self._change(request, MoveIn, deed)

    async def ask_paper(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: AskPaperIn) -> Request:
            return await requests.ask_paper(unit, code_of(request), body.paper, body.why, by, now)

        return await self._change(request, AskPaperIn, deed)

    async def note(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: NoteIn) -> Request:
            return await requests.note(unit, code_of(request), body.text, by, now)

        return await self._change(request, NoteIn, deed)

    async def answer(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: AnswerIn) -> Request:
            return await requests.answer(unit, code_of(request), body.text, by, now, body.question)

        return await self._change(request, AnswerIn, deed)

    async def assign(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: AssignIn) -> Request:
            return await requests.assign(unit, code_of(request), body.company, body.to, by, now)

        return await self._change(request, AssignIn, deed)

    async def expect(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: ExpectIn) -> Request:
            return await requests.expect(unit, code_of(request), body.on, body.why, by, now)

        return await self._change(request, ExpectIn, deed)

    async def _change(self, request: web.Request, model: type[Model], deed: RequestDeed) -> web.Response:
        """Do something with a request and answer with what it is now."""

        async def done(unit: Unit, by: str, now: datetime, body: Any) -> Done:
            return Done(MovedOut.of_moved(await _translated(code_of(request), deed(unit, by, now, body))))

        return await self._do(request, model, done, roles=CREWS)

    async def _in_full(self, unit: Unit, request: Request, full: bool) -> RequestInFullOut:
        assert request.id is not None
        moves = await kept.moves_of(unit, request.id)
        told = await outbox.statuses(unit, [one.message_id for one in moves if one.message_id is not None])
        return RequestInFullOut.of_one(
            request,
            answers_of(request, self._sealer),
            full,
            [(one, told.get(one.message_id) if one.message_id is not None else None) for one in moves],
            await kept.papers_of(unit, request.id),
            await kept.notes_of(unit, request.id),
        )


async def _translated(code: str, deed: Awaitable[Request]) -> Request:
    """The use case's refusals as answers."""
    try:
        return await deed
    except UnknownRequest:
        raise ApiError(404, "request.unknown", {"code": code}) from None
    except NotAllowed as error:
        values = {"state": error.state, "to": error.to, "allowed": ", ".join(error.allowed)}
        more = {"state": error.state, "allowed": list(error.allowed)}
        raise ApiError(409, "request.not_allowed", values, more=more) from None
    except TooEarly:
        raise ApiError(409, "request.too_early") from None
    except TooFar:
        raise ApiError(409, "request.too_far", {"days": TooFar.days}) from None


def code_of(request: web.Request) -> str:
    """The number in the path, as it is kept."""
    return request.match_info["code"].upper()

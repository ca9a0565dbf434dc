"""The staff API of the desk: who waits for a person, and the talk with them; translates, decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from aiohttp import web

from bot.web.access import DESK, require
from bot.web.desk_bodies import (
    EndIn,
    HandoverInFullOut,
    HandoverOut,
    HandoversOut,
    HandoversQuery,
    LineOut,
    SayIn,
    TakeIn,
)
from bot.web.errors import ApiError
from bot.web.history import newest_items
from bot.web.outages_api import PREFIX, Done, Model, Route, StaffApi, checked, id_of, json_of
from conversations.texts import Speaker
from handlers import handovers
from handlers.handovers import NotYours, Unanswered, UnknownHandover
from store import contacts
from store import handovers as kept
from store.contacts import Contact
from store.db import Database, Unit
from store.handovers import Handover

log = structlog.get_logger(__name__)

DeskDeed = Callable[[Unit, str, datetime, Any], Awaitable[Handover]]


class DeskApi(StaffApi):
    """The operations of the desk."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        spread: Callable[[Sequence[int]], None],
        speaker: Speaker,
    ) -> None:
        super().__init__(database, clock, spread)
        self._speaker = speaker

    def routes(self) -> list[Route]:
        every, one = PREFIX + "/handovers", PREFIX + r"/handovers/{id:\d{1,9}}"
        shown = "One customer with what was said so far; who reads it is logged"
        return [
            Route("GET", every, "Who waits for a person", self.list, HandoversOut, query=HandoversQuery),
            Route("GET", one, shown, self.show, HandoverInFullOut),
            Route("POST", one + "/take", "Begin to talk with the customer", self.take, HandoverOut, TakeIn),
            Route("POST", one + "/say", "Say something to the customer", self.say, HandoverOut, SayIn),
            Route("POST", one + "/release", "Give the customer back", self.release, HandoverOut, TakeIn),
            Route("POST", one + "/end", "The talk is over, the bot comes back", self.end, HandoverOut, EndIn),
        ]

    async def list(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, DESK)
            query = checked(HandoversQuery, dict(request.query))
            found = await kept.page(unit, query.state, query.limit, query.before, live=query.state is None)
            people = await contacts.by_ids(unit, {one.contact_id for one in found})
        rows = [HandoverOut.of(one, people[one.contact_id]) for one in found]
        more = rows[-1].id if query.state is not None and len(rows) == query.limit else None
        return json_of(HandoversOut(handovers=rows, next_before=more))

    async def show(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            caller = await require(unit, request, DESK)
            handover = await kept.by_id(unit, id_of(request))
            if handover is None:
                raise ApiError(404, "handover.unknown", {"id": id_of(request)})
            contact = await unit.session.get_one(Contact, handover.contact_id)
            lines = [LineOut.of(item) for item in await newest_items(unit, contact, self._speaker)]
        log.info("handover_read", by=caller.name, handover=handover.id)
        shown = HandoverOut.of(handover, contact).model_dump()
        return json_of(HandoverInFullOut.model_validate({**shown, "lines": lines}))

    async def take(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: TakeIn) -> Handover:
            return await handovers.take(unit, id_of(request), by, now)

        return await self._desk(request, TakeIn, deed)

    async def say(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: SayIn) -> Handover:
            return await handovers.speak(unit, id_of(request), by, body.text, now)

        return await self._desk(request, SayIn, deed)

    async def release(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: TakeIn) -> Handover:
            return await handovers.release(unit, id_of(request), by, now)

        return await self._desk(request, TakeIn, deed)

    async def end(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: EndIn) -> Handover:
            return await handovers.end(unit, id_of(request), by, body.note, now)

        return await self._desk(request, EndIn, deed)

    async def _desk(self, request: web.Request, model: type[Model], deed: DeskDeed) -> web.Response:
        """Do something at the desk, its refusals as answers."""

        async def done(unit: Unit, by: str, now: datetime, body: Any) -> Done:
            try:
                return Done(await shown_of(unit, await deed(unit, by, now, body)))
            except UnknownHandover:
                raise ApiError(404, "handover.unknown", {"id": id_of(request)}) from None
            except Unanswered:
                raise ApiError(409, "handover.unanswered") from None
            except NotYours as refused:
                raise refusal(refused) from None

        return await self._do(request, model, done, roles=DESK)


def refusal(refused: NotYours) -> ApiError:
    """Why somebody may not do it, as an answer."""
    if refused.state == "talking":
        return ApiError(409, "handover.taken", {"by": refused.taken_by})
    return ApiError(409, f"handover.{refused.state}")


async def shown_of(unit: Unit, handover: Handover) -> HandoverOut:
    """A wish for a person as the API shows it."""
    return HandoverOut.of(handover, await unit.session.get_one(Contact, handover.contact_id))

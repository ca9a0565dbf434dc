"""The staff API of customers' wishes about their own data: what is asked, by when, and that it is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from bot.web.access import SURVEYORS, require
from bot.web.bodies import LARGEST_ID, MOST_A_PAGE, Given
from bot.web.errors import ApiError
from bot.web.outages_api import PREFIX, Done, Route, StaffApi, checked, id_of, json_of
from handlers import privacy
from handlers.privacy import NotYours, UnknownCase
from store import contacts
from store import privacy as kept
from store.contacts import Contact
from store.db import Unit
from store.privacy import CaseState, PrivacyCase


class CasesQuery(Given):
    """Which to list: those that are not done, or all; `before` is the `next_before` of the page before."""

    open: bool = True
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=LARGEST_ID)


class DoneIn(Given):
    """Nothing to say."""


class CaseOut(BaseModel):
    """A wish: `correct` is for staff to do, the others the service does.

    name: what the channel calls the customer; answer_by, done_by: the law's times.
    """

    id: int
    code: str
    wish: str
    about: str
    state: CaseState
    channel: str
    name: str
    asked_at: datetime
    answer_by: datetime
    done_by: datetime
    done_at: datetime | None

    @classmethod
    def of(cls, case: PrivacyCase, contact: Contact) -> CaseOut:
        return cls.model_validate({**case.model_dump(), "channel": contact.channel, "name": contact.name})


class CasesOut(BaseModel):
    """A page of wishes, newest first; `next_before` asks for the next one, null: this is the last."""

    cases: list[CaseOut]
    next_before: int | None


class PrivacyApi(StaffApi):
    """The operations on wishes."""

    def routes(self) -> list[Route]:
        every = PREFIX + "/privacy-cases"
        listed, told = "List customers' wishes about their own data, newest first", "What is kept is corrected"
        one = every + r"/{id:\d{1,9}}/done"
        return [
            Route("GET", every, listed, self.list, CasesOut, query=CasesQuery),
            Route("POST", one, told + "; the customer is told", self.done, CaseOut, DoneIn),
        ]

    async def list(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, SURVEYORS)
            query = checked(CasesQuery, dict(request.query))
            found = await kept.page(unit, query.open, query.limit, query.before)
            people = await contacts.by_ids(unit, {one.contact_id for one in found})
        rows = [CaseOut.of(one, people[one.contact_id]) for one in found]
        return json_of(CasesOut(cases=rows, next_before=rows[-1].id if len(rows) == query.limit else None))

    async def done(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: Any) -> Done:
            try:
                case = await privacy.corrected(unit, id_of(request), by, now)
            except UnknownCase:
                raise ApiError(404, "privacy.unknown", {"id": id_of(request)}) from None
            except NotYours:
                raise ApiError(409, "privacy.not_yours") from None
            return Done(CaseOut.of(case, await unit.session.get_one(Contact, case.contact_id)))

        return await self._do(request, DoneIn, deed, roles=SURVEYORS)

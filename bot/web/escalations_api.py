"""The staff API of escalations: what staff must look at, and who does; translates, decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from bot.web.access import ANY, require
from bot.web.bodies import LARGEST_ID, MOST_A_PAGE, Given, Line
from bot.web.errors import ApiError, language_of, say
from bot.web.outages_api import PREFIX, Done, Route, StaffApi, checked, id_of, json_of
from handlers import escalations
from handlers.escalations import Acknowledged, EscalationKind, UnknownEscalation
from handlers.talking import ZONE
from store import escalations as kept
from store.db import Unit
from store.escalations import Escalation

LONGEST_NOTE = 500
# What of a reason is a time.
_TIMES = ("due_by",)


class EscalationsQuery(Given):
    """Which escalations to list, open ones if nothing is said; `before`: the `next_before` of the page before."""

    acknowledged: bool = False
    kind: EscalationKind | None = None
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=LARGEST_ID)


class AcknowledgeIn(Given):
    """What is done about it; it is kept with the caller's name."""

    note: Annotated[Line, Field(max_length=LONGEST_NOTE)] = ""


class EscalationOut(BaseModel):
    """A matter for staff: `subject` is the code of what it is about, `text` says why, `reason` has the details."""

    id: int
    kind: EscalationKind
    subject: str
    text: str
    reason: dict[str, Any]
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    note: str

    @classmethod
    def of(cls, found: Escalation, language: str) -> EscalationOut:
        values = {name: _shown(value, name) for name, value in found.reason.items()}
        text = say(f"escalation.{found.kind}", language, {"subject": found.subject, **values})
        return cls.model_validate({**found.model_dump(), "text": text})


def _shown(value: Any, name: str) -> Any:
    """A value as staff read it: times on the utility's clock."""
    if name not in _TIMES:
        return value
    at = datetime.fromisoformat(value).astimezone(ZONE)
    return f"{at:%H:%M} {at.day}/{at.month}/{at.year}"


class EscalationsOut(BaseModel):
    """A page of escalations, newest first; `next_before` asks for the next one, null: this is the last."""

    escalations: list[EscalationOut]
    next_before: int | None


class EscalationsApi(StaffApi):
    """The operations on escalations."""

    def routes(self) -> list[Route]:
        every, one = PREFIX + "/escalations", PREFIX + r"/escalations/{id:\d{1,9}}"
        listed = "List what staff must look at, newest first"
        taken = "Look after it; who did, and when, is kept"
        return [
            Route("GET", every, listed, self.list, EscalationsOut, query=EscalationsQuery),
            Route("POST", one + "/acknowledge", taken, self.acknowledge, EscalationOut, AcknowledgeIn),
        ]

    async def list(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(EscalationsQuery, dict(request.query))
            found = await kept.page(unit, query.acknowledged, query.kind, query.limit, query.before)
        rows = [EscalationOut.of(one, language_of(request)) for one in found]
        more = rows[-1].id if len(rows) == query.limit else None
        return json_of(EscalationsOut(escalations=rows, next_before=more))

    async def acknowledge(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: AcknowledgeIn) -> Done:
            try:
                found = await escalations.acknowledge(unit, id_of(request), body.note, by, now)
            except UnknownEscalation:
                raise ApiError(404, "escalation.unknown", {"id": id_of(request)}) from None
            except Acknowledged:
                raise ApiError(409, "escalation.acknowledged") from None
            return Done(EscalationOut.of(found, language_of(request)))

        return await self._do(request, AcknowledgeIn, deed)

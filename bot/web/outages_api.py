"""The staff API of outages: translates requests into use cases and their results into JSON, decides nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.web.access import ANY, PUBLISHERS, require
from bot.web.errors import ApiError, invalid, unprocessable
from handlers import outages
from handlers.outages import Invalid, OutageChange, OutageDraft, Over, Published, Slot, Unknown
from store import outages as kept
from store import outbox, tokens
from store.audience import Scope
from store.contacts import Contact
from store.db import Database, Unit
from store.outages import Outage

PREFIX = "/api/v1"
MOST_A_PAGE = 200
LONGEST_KEY = 200

Codes = Annotated[list[str], Field(max_length=1_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SlotIn(_Body):
    """A window; `ends_at` null while the end is not known."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None


class ScopeIn(_Body):
    """What the outage touches: codes of feeders, transformers, wards, customers, in any mix."""

    feeders: Codes = []
    transformers: Codes = []
    wards: Codes = []
    customers: Codes = []

    def scope(self) -> Scope:
        return Scope(
            tuple(dict.fromkeys(self.feeders)),
            tuple(dict.fromkeys(self.transformers)),
            tuple(dict.fromkeys(self.wards)),
            tuple(dict.fromkeys(code.upper() for code in self.customers)),
        )


class OverrideIn(_Body):
    """The planning rule that is overridden, and why."""

    rule: str
    why: str


class OutageIn(_Body):
    """An outage to publish. For an incident `slots` may be left out: it begins now."""

    kind: Literal["planned", "incident"]
    reason: str | None = None
    slots: list[SlotIn] = Field(default=[], max_length=50)
    scope: ScopeIn
    override: OverrideIn | None = None


class ChangeIn(_Body):
    """What to change; what is left out stays as it is. `ends_at` changes the expected end alone."""

    reason: str | None = None
    ends_at: AwareDatetime | None = None
    slots: list[SlotIn] | None = Field(default=None, max_length=50)
    scope: ScopeIn | None = None


class RestoreIn(_Body):
    """When the power came back; now, if it is left out."""

    restored_at: AwareDatetime | None = None


class CancelIn(_Body):
    """Nothing need be said to take an incident back."""


class PublishedOut(BaseModel):
    """An outage after a deed."""

    id: int
    code: str
    revision: int
    affected_customers: int
    recipients: int
    findings: list[str] = []


@dataclass(frozen=True)
class Route:
    """One operation of the API: what it takes and answers, for the server and for its description."""

    method: str
    path: str
    summary: str
    handler: Callable[[web.Request], Awaitable[web.Response]]
    body: type[BaseModel] | None = None
    status: int = 200
    result: type[BaseModel] | None = None


class OutagesApi:
    """The operations on outages. `spread` goes on with messages whose deliveries are not all written."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], spread: Callable[[Sequence[int]], None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._spread = spread

    def routes(self) -> list[Route]:
        one = PREFIX + r"/outages/{id:\d+}"
        return [
            Route("POST", PREFIX + "/outages", "Publish an outage", self.publish, OutageIn, 201, PublishedOut),
            Route("GET", PREFIX + "/outages", "List outages, newest first", self.list),
            Route("GET", one, "One outage with its revisions", self.show),
            Route("PATCH", one, "Change cause, expected end or scope", self.change, ChangeIn, 200, PublishedOut),
            Route("POST", one + "/restore", "The power is back", self.restore, RestoreIn, 200, PublishedOut),
            Route("POST", one + "/cancel", "It was a mistake", self.cancel, CancelIn, 200, PublishedOut),
            Route("GET", one + "/deliveries", "Who was told, and how it went", self.deliveries),
        ]

    async def publish(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: OutageIn) -> Published:
            slots = tuple(Slot(slot.starts_at, slot.ends_at) for slot in body.slots)
            draft = OutageDraft(body.kind, body.reason or None, slots, body.scope.scope())
            return await outages.publish(unit, draft, by, now)

        return await self._deed(request, OutageIn, deed, 201)

    async def change(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: ChangeIn) -> Published:
            wish = OutageChange(
                named=frozenset(body.model_fields_set),
                reason=body.reason or None,
                ends_at=body.ends_at,
                slots=tuple(Slot(slot.starts_at, slot.ends_at) for slot in body.slots or ()),
                scope=body.scope.scope() if body.scope else None,
            )
            return await outages.change(unit, _id(request), wish, by, now)

        return await self._deed(request, ChangeIn, deed, 200)

    async def restore(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: RestoreIn) -> Published:
            return await outages.restore(unit, _id(request), body.restored_at, by, now)

        return await self._deed(request, RestoreIn, deed, 200)

    async def cancel(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: CancelIn) -> Published:
            return await outages.cancel(unit, _id(request), by, now)

        return await self._deed(request, CancelIn, deed, 200)

    async def list(self, request: web.Request) -> web.Response:
        limit, before = _number(request, "limit", 50), _number(request, "before", 0)
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            wanted = request.query.get("state"), request.query.get("kind")
            found = await kept.newest(unit, *wanted, min(limit, MOST_A_PAGE), before or None)
            slots = await kept.slots_of(unit, [one.id for one in found if one.id])
            rows = [_row(one, slots.get(one.id or 0, [])) for one in found]
        more = found[-1].id if len(found) == min(limit, MOST_A_PAGE) else None
        return web.json_response({"outages": rows, "next_before": more})

    async def show(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            outage = await kept.by_id(unit, _id(request))
            if outage is None or outage.id is None:
                raise ApiError(404, "outage.unknown", {"id": _id(request)})
            slots = await kept.slots_of(unit, [outage.id])
            scope = await outages.scope_of(unit, outage.id)
            revisions = await kept.revisions_of(unit, outage.id)
        row = _row(outage, slots[outage.id])
        row["scope"] = {name: list(codes) for name, codes in vars(scope).items()}
        row["revisions"] = [
            {"revision": r.revision, "stage": r.stage, "at": r.at.isoformat(), "by": r.by, **r.content}
            for r in revisions
        ]
        return web.json_response(row)

    async def deliveries(self, request: web.Request) -> web.Response:
        """Counts by status, and a page of rows; addresses are masked."""
        limit, after = _number(request, "limit", 50), _number(request, "after", 0)
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            if await kept.by_id(unit, _id(request)) is None:
                raise ApiError(404, "outage.unknown", {"id": _id(request)})
            counts = await outbox.counts_of_outage(unit, _id(request))
            page = await outbox.page_of_outage(unit, _id(request), after, min(limit, MOST_A_PAGE))
        rows = [
            {
                "id": delivery.id,
                "revision": message.revision,
                "stage": message.stage,
                "channel": delivery.channel,
                "to": masked_address(contact),
                "places": delivery.places or [],
                "status": delivery.status,
                "attempts": delivery.attempts,
                "settled_at": delivery.settled_at.isoformat() if delivery.settled_at else None,
                "last_error": delivery.last_error,
            }
            for delivery, message, contact in page
        ]
        more = rows[-1]["id"] if len(rows) == min(limit, MOST_A_PAGE) else None
        return web.json_response({"counts": counts, "deliveries": rows, "next_after": more})

    async def _deed(
        self,
        request: web.Request,
        body_type: type[Any],
        deed: Callable[[Unit, str, datetime, Any], Awaitable[Published]],
        status: int,
    ) -> web.Response:
        """Do something in one unit, once for each Idempotency-Key, and start what goes on after the commit."""
        raw, now, key = await request.read(), self._clock(), request.headers.get("Idempotency-Key")
        if key is not None and not 0 < len(key) <= LONGEST_KEY:
            raise ApiError(400, "idempotency.too_long")
        async with self._database.unit() as unit:
            caller = await require(unit, request, PUBLISHERS)
            body = _parsed(raw, body_type)
            if key is not None and request.method == "POST":
                fingerprint = hashlib.sha256(f"{request.method} {request.path}\n".encode() + raw).hexdigest()
                before = await tokens.begin_answer(unit, caller.id, key, fingerprint, now)
                if before is not None:
                    return _replayed(before, fingerprint)
            published = await _translated(request, deed(unit, caller.name, now, body))
            answer = _published(published)
            if key is not None and request.method == "POST":
                await tokens.keep_answer(unit, caller.id, key, status, answer)
        if published.unfinished:
            self._spread(published.unfinished)
        return web.json_response(answer, status=status)


async def _translated(request: web.Request, deed: Awaitable[Published]) -> Published:
    """The use case's refusals as answers."""
    try:
        return await deed
    except Invalid as error:
        raise invalid(error.problems) from None
    except Unknown:
        raise ApiError(404, "outage.unknown", {"id": _id(request)}) from None
    except Over:
        raise ApiError(409, "outage.over") from None


def _parsed(raw: bytes, body_type: type[Any]) -> Any:
    try:
        plain = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "not_json", {"detail": str(error)}) from None
    if not isinstance(plain, dict):
        raise ApiError(400, "not_object")
    try:
        return body_type.model_validate(plain)
    except ValidationError as error:
        raise unprocessable(error) from None


def _replayed(before: tokens.Answered, fingerprint: str) -> web.Response:
    if before.fingerprint != fingerprint or before.status is None:
        raise ApiError(409, "idempotency.other_body")
    return web.json_response(before.body, status=before.status, headers={"Idempotent-Replay": "true"})


def _published(done: Published) -> dict[str, Any]:
    outage = done.outage
    assert outage.id is not None
    return PublishedOut(
        id=outage.id,
        code=outage.code,
        revision=outage.revision,
        affected_customers=outage.affected_customers,
        recipients=done.recipients,
    ).model_dump()


def _row(outage: Outage, slots: Sequence[kept.OutageSlot]) -> dict[str, Any]:
    return {
        "id": outage.id,
        "code": outage.code,
        "kind": outage.kind,
        "state": outage.state,
        "revision": outage.revision,
        "reason": outage.reason,
        "area": outage.area,
        "affected_customers": outage.affected_customers,
        "slots": [
            {"starts_at": s.starts_at.isoformat(), "ends_at": s.ends_at.isoformat() if s.ends_at else None}
            for s in slots
        ],
        "published_at": outage.published_at.isoformat(),
        "published_by": outage.published_by,
        "restored_at": outage.restored_at.isoformat() if outage.restored_at else None,
    }


def masked_address(contact: Contact) -> str:
    """Enough of an address to recognise it by, too little to write to it."""
    return f"…{contact.address[-3:]}"


def _id(request: web.Request) -> int:
    return int(request.match_info.get("id", 0))


def _number(request: web.Request, name: str, default: int) -> int:
    value = request.query.get(name)
    if value is None:
        return default
    if not value.isdecimal() or len(value) > 15:
        raise ApiError(400, "page.bad", {"name": name, "expected": "0, 1, 2, …"})
    return int(value)

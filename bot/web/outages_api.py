"""The staff API of outages: translates requests into use cases and their results into JSON, decides nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.web.access import ANY, PUBLISHERS, require
from bot.web.bodies import (
    CancelIn,
    ChangeIn,
    DeliveriesOut,
    DeliveriesQuery,
    DeliveryOut,
    OutageIn,
    OutageInFullOut,
    OutageOut,
    OutagesOut,
    OutagesQuery,
    PublishedOut,
    RestoreIn,
    RevisionOut,
)
from bot.web.errors import ApiError, invalid, unprocessable
from handlers import outages
from handlers.outages import Invalid, OutageChange, OutageDraft, Over, Published, Slot, Unknown
from handlers.tokens import Caller
from store import outages as kept
from store import outbox, tokens
from store.db import Database, Unit
from store.outages import Outage

PREFIX = "/api/v1"
LONGEST_KEY = 200

Model = TypeVar("Model", bound=BaseModel)
Deed = Callable[[Unit, str, datetime, Any], Awaitable[Published]]


@dataclass(frozen=True)
class Route:
    """One operation of the API: what it takes and answers, for the server and for its description."""

    method: str
    path: str
    summary: str
    handler: Callable[[web.Request], Awaitable[web.Response]]
    result: type[BaseModel]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    status: int = 200


class OutagesApi:
    """The operations on outages. `spread` goes on with messages whose deliveries are not all written."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], spread: Callable[[Sequence[int]], None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._spread = spread

    def routes(self) -> list[Route]:
        every, one = PREFIX + "/outages", PREFIX + r"/outages/{id:\d{1,9}}"
        done = PublishedOut
        return [
            Route("POST", every, "Publish an outage", self.publish, done, OutageIn, status=201),
            Route("GET", every, "List outages, newest first", self.list, OutagesOut, query=OutagesQuery),
            Route("GET", one, "One outage with its revisions", self.show, OutageInFullOut),
            Route("PATCH", one, "Change cause, expected end or scope", self.change, done, ChangeIn),
            Route("POST", one + "/restore", "The power is back", self.restore, done, RestoreIn),
            Route("POST", one + "/cancel", "It was a mistake", self.cancel, done, CancelIn),
            Route(
                "GET",
                one + "/deliveries",
                "Who was told, and how it went",
                self.deliveries,
                DeliveriesOut,
                query=DeliveriesQuery,
            ),
        ]

    async def publish(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: OutageIn) -> Published:
            slots = tuple(Slot(slot.starts_at, slot.ends_at) for slot in body.slots)
            draft = OutageDraft(body.kind, body.reason or None, slots, body.scope.scope())
            return await outages.publish(unit, draft, by, now)

        return await self._do(request, OutageIn, deed, 201)

    async def change(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: ChangeIn) -> Published:
            wish = OutageChange(
                named=frozenset(body.model_fields_set),
                reason=body.reason or None,
                ends_at=body.ends_at,
                slots=tuple(Slot(slot.starts_at, slot.ends_at) for slot in body.slots),
                scope=body.scope.scope() if body.scope else None,
            )
            try:
                return await outages.change(unit, _id(request), wish, by, now)
            except Invalid as error:
                raise Invalid([_as_sent(problem, wish) for problem in error.problems]) from None

        return await self._do(request, ChangeIn, deed)

    async def restore(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: RestoreIn) -> Published:
            return await outages.restore(unit, _id(request), body.restored_at, by, now)

        return await self._do(request, RestoreIn, deed)

    async def cancel(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: CancelIn) -> Published:
            return await outages.cancel(unit, _id(request), by, now)

        return await self._do(request, CancelIn, deed)

    async def list(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = _checked(OutagesQuery, dict(request.query))
            found = await kept.newest(unit, query.state, query.kind, query.limit, query.before)
            slots = await kept.slots_of(unit, [one.id for one in found if one.id])
        rows = [OutageOut.of(one, slots.get(one.id or 0, [])) for one in found]
        more = rows[-1].id if len(rows) == query.limit else None
        return _json(OutagesOut(outages=rows, next_before=more))

    async def show(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            outage = await _known(unit, request)
            slots = (await kept.slots_of(unit, [_id(request)])).get(_id(request), [])
            scope = await outages.scope_of(unit, _id(request))
            revisions = await kept.revisions_of(unit, _id(request))
        shown = [RevisionOut.of(one) for one in revisions]
        return _json(OutageInFullOut.of(outage, slots, scope=vars(scope), revisions=shown))

    async def deliveries(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            await _known(unit, request)
            query = _checked(DeliveriesQuery, dict(request.query))
            counts = await outbox.counts_of_outage(unit, _id(request))
            page = await outbox.page_of_outage(unit, _id(request), query.after, query.limit)
        rows = [DeliveryOut.of(*row) for row in page]
        more = rows[-1].id if len(rows) == query.limit else None
        return _json(DeliveriesOut(counts=counts, deliveries=rows, next_after=more))

    async def _do(self, request: web.Request, model: type[Model], deed: Deed, status: int = 200) -> web.Response:
        """Do something in one unit, once for each Idempotency-Key, and start what goes on after the commit."""
        raw, key, now = await request.read(), _key_of(request), self._clock()
        # The door is in a unit of its own: who may not write shall not queue for the right to write either.
        async with self._database.reading() as unit:
            caller = await require(unit, request, PUBLISHERS)
        body = _checked(model, _object(raw))
        async with self._database.unit() as unit:
            replay = await _answered_before(unit, request, caller, key, raw, now)
            if replay is not None:
                return replay
            published = await _translated(request, deed(unit, caller.name, now, body))
            answer = _published(published)
            if key is not None:
                await tokens.keep_answer(unit, caller.id, key, status, answer.model_dump())
        if published.unfinished:
            self._spread(published.unfinished)
        return _json(answer, status)


async def _answered_before(
    unit: Unit, request: web.Request, caller: Caller, key: str | None, raw: bytes, now: datetime
) -> web.Response | None:
    """The answer that the caller's key got before, or None: it is claimed for this unit."""
    if key is None:
        return None
    fingerprint = hashlib.sha256(f"{request.method} {request.path}\n".encode() + raw).hexdigest()
    before = await tokens.begin_answer(unit, caller.id, key, fingerprint, now)
    if before is None:
        return None
    if before.fingerprint != fingerprint or before.status is None:
        raise ApiError(409, "idempotency.other_body")
    return web.json_response(before.body, status=before.status, headers={"Idempotent-Replay": "true"})


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


def _as_sent(problem: outages.Problem, wish: OutageChange) -> outages.Problem:
    """A problem with the expected end, by the name under which it was sent."""
    if problem.path == "slots.0.ends_at" and "ends_at" in wish.named:
        return replace(problem, path="ends_at")
    return problem


async def _known(unit: Unit, request: web.Request) -> Outage:
    outage = await kept.by_id(unit, _id(request))
    if outage is None:
        raise ApiError(404, "outage.unknown", {"id": _id(request)})
    return outage


def _key_of(request: web.Request) -> str | None:
    """The Idempotency-Key, of a POST only: the other methods can be repeated as they are."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method != "POST":
        return None
    if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise ApiError(400, "idempotency.bad_key", {"most": LONGEST_KEY})
    return key


def _object(raw: bytes) -> dict[str, Any]:
    try:
        plain = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "not_json", {"detail": str(error)}) from None
    if not isinstance(plain, dict):
        raise ApiError(400, "not_object")
    return plain


def _checked(model: type[Model], plain: dict[str, Any]) -> Model:
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise unprocessable(error) from None


def _published(done: Published) -> PublishedOut:
    outage = done.outage
    assert outage.id is not None
    return PublishedOut(
        id=outage.id,
        code=outage.code,
        revision=outage.revision,
        affected_customers=outage.affected_customers,
        recipients=done.recipients,
    )


def _json(answer: BaseModel, status: int = 200) -> web.Response:
    return web.Response(text=answer.model_dump_json(), status=status, content_type="application/json")


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])

"""The staff API of outages: translates requests into use cases and their results into JSON, decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.web import once
from bot.web.access import ANY, OVERRIDERS, PUBLISHERS, require
from bot.web.bodies import (
    CancelIn,
    ChangeIn,
    DeliveriesOut,
    DeliveriesQuery,
    DeliveryOut,
    ImportantOut,
    OutageIn,
    OutageInFullOut,
    OutageOut,
    OutagesOut,
    OutagesQuery,
    PostponeIn,
    PreviewOut,
    PublishedOut,
    PublishIn,
    RestoreIn,
    RevisionOut,
    SlotOut,
)
from bot.web.errors import ApiError, broken, findings_out, invalid, language_of, unprocessable
from bot.web.once import Answer
from handlers import important, outages
from handlers.outages import Broken, Invalid, OutageChange, Over, Published, Unknown
from handlers.tokens import Caller
from store import notices, outbox
from store import outages as kept
from store.db import Database, Unit
from store.outages import Kind, Outage, OutageState

PREFIX = "/api/v1"

Model = TypeVar("Model", bound=BaseModel)
OutageDeed = Callable[[Unit, str, datetime, Any], Awaitable[Published]]


@dataclass(frozen=True)
class Route:
    """One operation of the API: what it takes and answers, for the server and for its description.

    media: the types of bytes that it answers with, instead of JSON.
    """

    method: str
    path: str
    summary: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    result: type[BaseModel] | None
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    status: int = 200
    media: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """What a deed is answered with, and the outage that it published or changed, if it did."""

    body: BaseModel
    published: Published | None = None


Deed = Callable[[Unit, str, datetime, Any], Awaitable[Done]]


class StaffApi:
    """What all deeds of staff have in common.

    `spread` goes on with messages whose deliveries are not all written.
    """

    def __init__(
        self, database: Database, clock: Callable[[], datetime], spread: Callable[[Sequence[int]], None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._spread = spread

    async def _do(
        self,
        request: web.Request,
        model: type[Model],
        deed: Deed,
        status: int = 200,
        roles: tuple[str, ...] = PUBLISHERS,
    ) -> web.Response:
        """Do something in one unit, once for each Idempotency-Key, and start what goes on after the commit."""
        raw, key, now = await request.read(), once.key_of(request), self._clock()
        # The door is in a unit of its own: who may not write shall not queue for the right to write either.
        async with self._database.reading() as unit:
            caller = await require(unit, request, roles)
        body = checked(model, object_of(raw))
        may_override(caller, body)
        async with self._database.unit() as unit:
            answer, published = await once.answered_before(unit, request, caller, key, raw, now), None
            if answer is None:
                done = await deed(unit, caller.name, now, body)
                published = done.published
                told = done.body.model_dump(mode="json")
                answer = Answer(status, told, published.to_count if published else None)
                await once.keep(unit, caller, key, answer)
        if published and published.unfinished:
            self._spread(published.unfinished)
        return await once.respond(self._database, caller, key, answer)


class OutagesApi(StaffApi):
    """The operations on outages."""

    def routes(self) -> list[Route]:
        every, one = PREFIX + "/outages", PREFIX + r"/outages/{id:\d{1,9}}"
        done = PublishedOut
        return [
            Route("POST", every, "Publish an outage", self.publish, done, OutageIn, status=201),
            Route("GET", every, "List outages, newest first", self.list, OutagesOut, query=OutagesQuery),
            Route("GET", one, "One outage with its revisions", self.show, OutageInFullOut),
            Route("POST", every + "/preview", "What publishing would lead to", self.preview, PreviewOut, OutageIn),
            Route("PATCH", one, "Change cause, class, expected end, slots, scope", self.change, done, ChangeIn),
            Route("POST", one + "/publish", "Publish a draft", self.publish_draft, done, PublishIn),
            Route("POST", one + "/postpone", "Put windows off", self.postpone, done, PostponeIn),
            Route("POST", one + "/restore", "The power is back", self.restore, done, RestoreIn),
            Route("POST", one + "/cancel", "It will not be, or was a mistake", self.cancel, done, CancelIn),
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
            return await outages.publish(unit, body.outage(), by, now)

        return await self._publish(request, OutageIn, deed, 201)

    async def preview(self, request: web.Request) -> web.Response:
        raw, now = await request.read(), self._clock()
        async with self._database.reading() as unit:
            await require(unit, request, PUBLISHERS)
            body = checked(OutageIn, object_of(raw))
            try:
                seen = await outages.preview(unit, body.outage(), now)
            except Invalid as error:
                raise invalid(error.problems) from None
        aside = {one.rule for one in body.overrides()}
        blocked = any(one.blocking and one.rule not in aside for one in seen.findings)
        return json_of(PreviewOut.of(seen, findings_out(seen.findings, language_of(request)), blocked))

    async def publish_draft(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: PublishIn) -> Published:
            return await outages.publish_draft(unit, id_of(request), body.overrides(), by, now)

        return await self._publish(request, PublishIn, deed)

    async def change(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: ChangeIn) -> Published:
            wish = body.change()
            try:
                return await outages.change(unit, id_of(request), wish, by, now)
            except Invalid as error:
                raise Invalid([_as_sent(problem, wish) for problem in error.problems]) from None

        return await self._publish(request, ChangeIn, deed)

    async def postpone(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: PostponeIn) -> Published:
            return await outages.postpone(unit, id_of(request), body.postponement(), by, now)

        return await self._publish(request, PostponeIn, deed)

    async def restore(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: RestoreIn) -> Published:
            return await outages.restore(unit, id_of(request), body.restored_at, by, now)

        return await self._publish(request, RestoreIn, deed)

    async def cancel(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: CancelIn) -> Published:
            return await outages.cancel(unit, id_of(request), by, now, body.reason)

        return await self._publish(request, CancelIn, deed)

    async def list(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(OutagesQuery, dict(request.query))
            found = await kept.newest(unit, query.state, query.kind, query.limit, query.before)
            slots = await kept.slots_of(unit, [one.id for one in found if one.id])
        rows = [OutageOut.of(one, slots.get(one.id or 0, [])) for one in found]
        more = rows[-1].id if len(rows) == query.limit else None
        return json_of(OutagesOut(outages=rows, next_before=more))

    async def show(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            outage = await _known(unit, request)
            slots = (await kept.slots_of(unit, [id_of(request)])).get(id_of(request), [])
            scope = await outages.scope_of(unit, id_of(request))
            revisions = await kept.revisions_of(unit, id_of(request))
            planned = await notices.of_outage(unit, id_of(request))
            causes = await kept.causes_of(unit, id_of(request))
            touched = await important.of_outage(unit, id_of(request))
        more = {
            "scope": vars(scope),
            "important_customers": ImportantOut.of(touched).model_dump(),
            "causes": [one.model_dump() for one in causes],
            "notices": [one.model_dump() for one in planned],
            "revisions": [RevisionOut.of(one) for one in revisions],
        }
        return json_of(OutageInFullOut.of(outage, slots, **more))

    async def deliveries(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            await _known(unit, request)
            query = checked(DeliveriesQuery, dict(request.query))
            counts = await outbox.counts_of_outage(unit, id_of(request))
            page = await outbox.page_of_outage(unit, id_of(request), query.after, query.limit)
        rows = [DeliveryOut.of(*row) for row in page]
        more = rows[-1].id if len(rows) == query.limit else None
        return json_of(DeliveriesOut(counts=counts, deliveries=rows, next_after=more))

    async def _publish(
        self, request: web.Request, model: type[Model], deed: OutageDeed, status: int = 200
    ) -> web.Response:
        """Do something to an outage and answer with what it is now."""

        async def done(unit: Unit, by: str, now: datetime, body: Any) -> Done:
            published = await translated(request, deed(unit, by, now, body))
            return Done(await published_out(unit, published, language_of(request)), published)

        return await self._do(request, model, done, status)


async def translated(request: web.Request, deed: Awaitable[Published]) -> Published:
    """The use case's refusals as answers."""
    try:
        return await deed
    except Invalid as error:
        raise invalid(error.problems) from None
    except Broken as error:
        raise broken(error.findings) from None
    except Unknown:
        raise ApiError(404, "outage.unknown", {"id": id_of(request)}) from None
    except Over:
        raise ApiError(409, "outage.over") from None


def _as_sent(problem: outages.Problem, wish: OutageChange) -> outages.Problem:
    """A problem with the expected end, by the name under which it was sent."""
    if problem.path == "slots.0.ends_at" and "ends_at" in wish.named:
        return replace(problem, path="ends_at")
    return problem


async def _known(unit: Unit, request: web.Request) -> Outage:
    outage = await kept.by_id(unit, id_of(request))
    if outage is None:
        raise ApiError(404, "outage.unknown", {"id": id_of(request)})
    return outage


def object_of(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body, empty for none. Raises ApiError 400."""
    try:
        plain = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "not_json", {"detail": str(error)}) from None
    if not isinstance(plain, dict):
        raise ApiError(400, "not_object")
    return plain


def checked(model: type[Model], plain: dict[str, Any]) -> Model:
    """The body or query as its model. Raises ApiError 422."""
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise unprocessable(error) from None


def may_override(caller: Caller, body: BaseModel) -> None:
    """Setting a rule aside takes another right than publishing; no rule binds an incident."""
    bound = getattr(body, "kind", None) != Kind.INCIDENT
    if bound and getattr(body, "override", None) and caller.role not in OVERRIDERS:
        raise ApiError(403, "forbidden.override", {"role": caller.role, "roles": ", ".join(OVERRIDERS)})


async def published_out(unit: Unit, done: Published, language: str) -> PublishedOut:
    """What became of an outage, as the API answers it."""
    outage = done.outage
    assert outage.id is not None
    slots = (await kept.slots_of(unit, [outage.id])).get(outage.id, [])
    return PublishedOut(
        id=outage.id,
        code=outage.code,
        state=OutageState(outage.state),
        revision=outage.revision,
        affected_customers=outage.affected_customers,
        # None is counted after the commit, by `once.respond`.
        recipients=done.recipients or 0,
        slots=[SlotOut.model_validate(slot.model_dump()) for slot in slots],
        findings=findings_out(done.findings, language),
        important_customers=ImportantOut.of(await important.of_outage(unit, outage.id)),
    )


def json_of(answer: BaseModel, status: int = 200) -> web.Response:
    """An answer as JSON."""
    return web.Response(text=answer.model_dump_json(by_alias=True), status=status, content_type="application/json")


def id_of(request: web.Request) -> int:
    """The number in the path."""
    return int(request.match_info["id"])

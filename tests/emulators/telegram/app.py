"""The HTTP side: Bot API calls and file downloads, with the trouble that was ordered for them."""

import asyncio

import orjson
from aiohttp import web

from tests.emulators.telegram.call import UPLOAD_BYTES, Call, read_call
from tests.emulators.telegram.control import Controls, control_routes
from tests.emulators.telegram.delivery import Described
from tests.emulators.telegram.errors import ApiError, too_many_requests
from tests.emulators.telegram.faults import Fault
from tests.emulators.telegram.methods import run

_FLOOD_HOLD = 3.0
_FLOOD_RETRY = 60


def make_app(controls: Controls) -> web.Application:
    """An application that serves the Bot API, its files and the control calls."""
    api = BotApi(controls)
    controls.delivery.execute = api.execute
    # Forms may be a little larger than the file in them.
    app = web.Application(client_max_size=UPLOAD_BYTES + 1024 * 1024)
    app.router.add_route("*", "/bot{token}/{method}", api.call)
    app.router.add_get("/file/bot{token}/{path:.+}", api.download)
    app.add_routes(control_routes(controls))
    app.router.add_route("*", "/{path:.*}", _not_found)
    return app


class BotApi:
    """Answers calls: reads them, applies scripts and limits, runs them, keeps the record."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._world = controls.world
        self._token = controls.world.token

    async def call(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info
        if path["token"] != self._token:
            return _refusal(_token_error(path["token"]))
        method = path["method"].lower()
        if method == "getupdates":
            return await self._answer(request, method)
        record = self._controls.record
        record.in_flight += 1
        record.most_in_flight = max(record.most_in_flight, record.in_flight)
        try:
            return await self._answer(request, method)
        finally:
            record.in_flight -= 1

    async def execute(self, call: Call) -> None:
        """Carry out a call that came as the answer to a webhook; nobody learns how it went."""
        try:
            self._controls.throttle.check(call, call.integer("chat_id"))
            await run(self._world, self._controls.delivery, call)
            self._controls.record.add(call, 200)
        except ApiError as error:
            self._controls.record.add(call, error.status)

    async def download(self, request: web.Request) -> web.StreamResponse:
        stored = self._world.files.at(request.match_info["path"])
        if request.match_info["token"] != self._token:
            return _refusal(ApiError(401, "Unauthorized"))
        if stored is None:
            return _refusal(ApiError(404, "Not Found"))
        return web.Response(body=stored.data, content_type="application/octet-stream")

    async def _answer(self, request: web.Request, method: str) -> web.StreamResponse:
        call = Call(method, {})
        fault: Fault | None = None
        try:
            call = await read_call(method, request.query, request.headers, request.content)
            fault = self._controls.faults.take(method, call.integer("chat_id"))
            if fault is not None and fault.drop == "before":
                return _hang_up(request)
            response = await self._carry_out(call, fault)
        except ApiError as error:
            response = _refusal(error)
        self._controls.record.add(call, response.status)
        if fault is not None and fault.hang:
            await asyncio.sleep(fault.hang)
        if fault is not None and fault.drop == "after":
            return _hang_up(request)
        return response

    async def _carry_out(self, call: Call, fault: Fault | None) -> web.Response:
        limits = self._controls.throttle.limits
        if limits.latency_ms:
            await asyncio.sleep(limits.latency_ms / 1000)
        if limits.in_flight is not None and self._controls.record.in_flight > limits.in_flight:
            await self._world.clock.sleep(_FLOOD_HOLD)
            raise too_many_requests(_FLOOD_RETRY)
        error = fault.error() if fault is not None else None
        if error is not None:
            raise error
        self._controls.throttle.check(call, call.integer("chat_id"))
        result = await run(self._world, self._controls.delivery, call)
        if isinstance(result, Described):
            return _ok({"ok": True, "result": result.result, "description": result.description})
        return _ok({"ok": True, "result": result})


def _token_error(token: str) -> ApiError:
    well_formed = token.partition(":")[0].isdigit() and ":" in token
    return ApiError(401, "Unauthorized" if well_formed else "Unauthorized: invalid token specified")


def _ok(body: dict[str, object]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def _refusal(error: ApiError) -> web.Response:
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return web.Response(
        body=orjson.dumps(error.answer()),
        status=error.status,
        headers=headers,
        content_type="application/json",
    )


def _hang_up(request: web.Request) -> web.StreamResponse:
    """Cut the connection as a broken network does; the response made here reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _not_found(request: web.Request) -> web.StreamResponse:
    return _refusal(ApiError(404, "Not Found"))

"""The aiohttp application: routes, the headers and errors that all of them share, and a line for each request."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog
from aiohttp import web

from bot.web.desk_api import DeskApi
from bot.web.errors import ApiError, language_of
from bot.web.escalations_api import EscalationsApi
from bot.web.files_api import FilesApi
from bot.web.health import Health
from bot.web.knowledge_api import KnowledgeApi
from bot.web.openapi import describe
from bot.web.outages_api import PREFIX, OutagesApi
from bot.web.privacy_api import PrivacyApi
from bot.web.proposals_api import ProposalsApi
from bot.web.reports_api import ReportsApi
from bot.web.requests_api import RequestsApi
from bot.web.stats_api import StatsApi
from bot.web.surveys_api import SurveysApi
from conversations.texts import Speaker
from handlers.knowledge_base import KnowledgeBase
from handlers.sealing_port import Sealer
from handlers.vault import Vault
from store.db import Database

log = structlog.get_logger(__name__)

STATIC = Path(__file__).parent / "static"
MOST_BODY = 1024 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# What opens somebody's calendar must not stand in a log, not even when the address was mistyped.
_SECRET = {"/calendar/": "/calendar/{token}.ics", "/my-data/": "/my-data/{token}.json"}
# Asked for every few seconds by machines: a line for each would bury the others.
_QUIET = ("/healthz", "/readyz", "/metrics", "/static/")

REQUEST_ID = web.RequestKey("request_id", str)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class WebServices:
    """What the routes need of the rest; without the vault no files are handed out."""

    database: Database
    clock: Callable[[], datetime]
    spread: Callable[[Sequence[int]], None]
    speaker: Speaker
    sealer: Sealer | None = None
    vault: Vault | None = None
    knowledge: KnowledgeBase = field(default_factory=KnowledgeBase)


def create_app(services: WebServices, routes: Iterable[web.RouteDef] = ()) -> web.Application:
    """The application with the staff API, the probes, the static files, and the routes given."""
    app = web.Application(middlewares=[observed, explained], client_max_size=MOST_BODY)
    operations = OutagesApi(services.database, services.clock, services.spread).routes()
    operations += ReportsApi(services.database, services.clock, services.spread).routes()
    operations += ProposalsApi(services.database, services.clock, services.spread).routes()
    operations += DeskApi(services.database, services.clock, services.spread, services.speaker).routes()
    operations += SurveysApi(services.database, services.clock, services.spread).routes()
    operations += RequestsApi(services.database, services.clock, services.spread, services.sealer).routes()
    operations += EscalationsApi(services.database, services.clock, services.spread).routes()
    operations += PrivacyApi(services.database, services.clock, services.spread).routes()
    operations += StatsApi(services.database, services.clock).routes()
    if services.vault is not None:
        operations += FilesApi(services.vault, services.clock).routes()
    operations += KnowledgeApi(services.database, services.clock, services.spread, services.knowledge).routes()
    document = describe(operations)

    async def openapi(request: web.Request) -> web.Response:
        return web.json_response(document)

    app.router.add_get(f"{PREFIX}/openapi.json", openapi)
    for operation in operations:
        app.router.add_route(operation.method, operation.path, operation.handler)
    app.router.add_routes(Health(services.database).routes())
    app.router.add_routes(list(routes))
    app.router.add_static("/static", STATIC)
    return app


@web.middleware
async def observed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A number for each request, security headers on each answer, a line in the log without query or body."""
    request_id, started = secrets.token_hex(6), time.perf_counter()
    request[REQUEST_ID] = request_id
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        try:
            response = await handler(request)
        except web.HTTPException as error:
            _finish(request, error, started)
            raise
        _finish(request, response, started)
    return response


def _finish(request: web.Request, response: web.StreamResponse, started: float) -> None:
    if not response.prepared:
        response.headers.update(HEADERS)
        response.headers["X-Request-Id"] = request[REQUEST_ID]
        if request.path.startswith("/static/"):
            # Modules import each other without a version: the browser asks whether they changed.
            response.headers["Cache-Control"] = "no-cache"
    if not request.path.startswith(_QUIET):
        took = round((time.perf_counter() - started) * 1000, 1)
        log.info("request", method=request.method, path=_shown(request.path), status=response.status, ms=took)


def _shown(path: str) -> str:
    """The path as a log may show it: the pattern of the route where the path itself is a secret."""
    return next((pattern for start, pattern in _SECRET.items() if path.startswith(start)), path)


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure of the staff API as a sentence in the caller's language."""
    language = language_of(request)
    try:
        return await handler(request)
    except ApiError as error:
        return error.response(language)
    except web.HTTPException as error:
        if not request.path.startswith(PREFIX):
            raise
        return _known(request, error).response(language)
    except Exception:
        if not request.path.startswith(PREFIX):
            raise
        log.exception("request_failed", path=request.path)
        return ApiError(500, "fault", {"request_id": request[REQUEST_ID]}).response(language)


def _known(request: web.Request, error: web.HTTPException) -> ApiError:
    if error.status == 413:
        return ApiError(413, "too_large")
    if error.status == 405:
        return ApiError(
            405, "method", {"method": request.method}, headers={"Allow": error.headers.get("Allow", "")}
        )
    return ApiError(404, "not_found") if error.status == 404 else ApiError(error.status, "not_found")

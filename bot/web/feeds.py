"""Feeds that programs ask for: a contact's calendar under its secret link, and the public alerts about outages."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import ETag, web

from handlers import alert_files, alerts, calendar
from handlers.alert_files import ATOM_TYPE, CAP_TYPE, Publisher
from handlers.talking import Talking
from store import feeds
from store.db import Database

# The alerts are written anew when an outage changed, and at least this often: some end by themselves.
FRESH = timedelta(seconds=30)
MOST_TOKEN = 200


@dataclass(frozen=True)
class _Written:
    """The feed of alerts as it was written at a time, when this was the newest change of any outage."""

    body: bytes
    at: datetime
    newest: datetime | None


class Feeds:
    """The routes of the feeds."""

    def __init__(
        self, database: Database, talking: Talking, publisher: Publisher, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._talking = talking
        self._publisher = publisher
        self._clock = clock
        self._written: _Written | None = None
        self._writing = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/calendar/{token}.ics", self.calendar),
            web.get("/alerts/cap.xml", self.alerts),
            web.get("/alerts/{code}.xml", self.alert),
        ]

    async def calendar(self, request: web.Request) -> web.Response:
        """A contact's calendar; whether a link was never ours or was replaced is not told."""
        token = request.match_info["token"]
        async with self._database.reading() as unit:
            found = (
                await calendar.of_token(unit, token, self._clock(), self._talking)
                if len(token) <= MOST_TOKEN
                else None
            )
        if found is None:
            raise web.HTTPNotFound(text="not found", headers={"Cache-Control": "no-store"})
        # Asked for anew each time, so that a link that was ended opens nothing from a cache.
        headers = {"Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex"}
        response = _answer(request, found.body, "text/calendar", headers)
        response.last_modified = found.changed_at
        return response

    async def alerts(self, request: web.Request) -> web.Response:
        """All alerts in effect."""
        body = await self._feed()
        return _answer(request, body, ATOM_TYPE, {"Cache-Control": "public, max-age=60"})

    async def alert(self, request: web.Request) -> web.Response:
        """The newest alert about one outage."""
        async with self._database.reading() as unit:
            found = await alerts.by_code(unit, request.match_info["code"])
        if found is None:
            raise web.HTTPNotFound(text="not found")
        body = alert_files.alert_file(found, self._publisher, self._talking.speaker)
        return _answer(request, body, CAP_TYPE, {"Cache-Control": "public, max-age=60"})

    async def _feed(self) -> bytes:
        # One at a time: a crowd that asks at once is answered with one writing.
        async with self._writing, self._database.reading() as unit:
            now, newest = self._clock(), await feeds.newest_change(unit)
            kept = self._written
            if kept is None or kept.newest != newest or not now - FRESH < kept.at <= now:
                found = await alerts.current(unit, now)
                body = alert_files.feed_file(found, self._publisher, self._talking.speaker, newest or now)
                kept = self._written = _Written(body, now, newest)
            return kept.body


def _answer(request: web.Request, body: bytes, kind: str, headers: dict[str, str]) -> web.Response:
    """The body, or 304 for who has it.

    Only the tag decides: a place followed since or a feed grown shorter leaves the newest change as it was.
    """
    tag = hashlib.sha256(body).hexdigest()[:32]
    known = request.if_none_match or ()
    if any(one.value in (tag, "*") for one in known):
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)
    response.etag = ETag(tag)
    return response

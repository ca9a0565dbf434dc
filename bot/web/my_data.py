"""All that is kept of a customer, under a link that only they were given and that opens for a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from aiohttp import web

from handlers import privacy_copy
from handlers.talking import Talking
from store.db import Database

log = structlog.get_logger(__name__)
MOST_TOKEN = 200


class MyDataRoutes:
    """The route of the link."""

    def __init__(self, database: Database, talking: Talking, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._talking = talking
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/my-data/{token}.json", self.export)]

    async def export(self, request: web.Request) -> web.Response:
        """The file; whether a link was never ours or has run out is not told."""
        token, links = request.match_info["token"], self._talking.links
        contact_id = links.my_data_of(token, self._clock()) if links and len(token) <= MOST_TOKEN else None
        found = None
        if contact_id is not None:
            async with self._database.reading() as unit:
                found = await privacy_copy.export(unit, contact_id, self._talking)
        if found is None:
            raise web.HTTPNotFound(text="not found", headers={"Cache-Control": "no-store"})
        log.info("data_exported", contact=contact_id)
        headers = {
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex",
            "Content-Disposition": 'attachment; filename="my-data.json"',
        }
        return web.json_response(found, headers=headers)

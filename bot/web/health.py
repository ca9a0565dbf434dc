"""Whether the service lives, whether it can serve, and its figures for Prometheus."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from store import outbox
from store.db import Database


class Health:
    """The probes of an orchestrator and the page that Prometheus reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self.alive),
            web.get("/readyz", self.ready),
            web.get("/metrics", self.metrics),
        ]

    async def alive(self, request: web.Request) -> web.Response:
        """The process answers."""
        return web.json_response({"status": "ok"})

    async def ready(self, request: web.Request) -> web.Response:
        """The process answers and so does its database, with all tables."""
        try:
            async with self._database.reading() as unit:
                await outbox.next_due(unit, "web")
        except (SQLAlchemyError, OSError) as error:
            return web.json_response({"status": "database", "detail": type(error).__name__}, status=503)
        return web.json_response({"status": "ok"})

    async def metrics(self, request: web.Request) -> web.Response:
        try:
            async with self._database.reading() as unit:
                counts = await outbox.under_way(unit)
        except (SQLAlchemyError, OSError):
            # The other figures matter most just when the database is away.
            counts = {}
        metrics.WAITING.clear()
        for (channel, status), count in counts.items():
            metrics.WAITING.labels(channel, status).set(count)
        body = generate_latest(metrics.REGISTRY)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

"""Brings what was said to visitors to their open pages, at once: a tail over the outbox loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.web.history import language_of, said_item
from conversations.texts import Speaker
from store import outbox
from store.contacts import Contact
from store.db import Database

log = structlog.get_logger(__name__)

# Another process may send for the web chat (`--role sender`): look this often even when nobody nudges.
LOOK_SECONDS = 0.5
# Settled times of two processes' clocks may differ by so much; the page knows an item again by its key.
OVERLAP = timedelta(seconds=5)
# Read for so many pages at once, and far more than they can get within the overlap.
PAGES_AT_ONCE, MOST = 200, 5_000


class Hub:
    """The open pages by contact, and the loop that feeds them."""

    def __init__(self, database: Database, speaker: Speaker, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._speaker = speaker
        self._clock = clock
        self._pages: dict[int, set[web.WebSocketResponse]] = {}
        self._shown: set[int] = set()
        self._nudged = asyncio.Event()
        self._since = clock()

    def nudge(self) -> None:
        """Something was settled just now."""
        self._nudged.set()

    def join(self, contact_id: int, page: web.WebSocketResponse) -> None:
        self._pages.setdefault(contact_id, set()).add(page)

    def leave(self, contact_id: int, page: web.WebSocketResponse) -> None:
        pages = self._pages.get(contact_id, set())
        pages.discard(page)
        if not pages:
            self._pages.pop(contact_id, None)

    async def close(self) -> None:
        """Tell every page that the service goes down; it comes back by itself."""
        for page in [page for pages in self._pages.values() for page in pages]:
            await page.close(code=1012, message=b"restart")

    async def run(self) -> None:
        """Feed the pages until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._nudged.wait()
            except TimeoutError:
                pass
            self._nudged.clear()
            if not self._pages:
                self._since = self._clock()
                continue
            try:
                await self._feed()
            except (SQLAlchemyError, OSError) as error:
                log.error("hub_cannot_read", error=str(error))
                await asyncio.sleep(LOOK_SECONDS)

    async def _feed(self) -> None:
        began, since = self._clock(), self._since - OVERLAP
        read: set[int] = set()
        open_now = list(self._pages)
        for start in range(0, len(open_now), PAGES_AT_ONCE):
            some = open_now[start : start + PAGES_AT_ONCE]
            async with self._database.reading() as unit:
                said = await outbox.said_to(unit, some, MOST, since)
                contacts = {contact_id: await unit.session.get_one(Contact, contact_id) for contact_id in said}
            for contact_id, messages in said.items():
                for one in messages:
                    read.add(one.id)
                    if one.id not in self._shown:
                        item = said_item(one, language_of(contacts[contact_id]), self._speaker)
                        await self._show(contact_id, {"type": "item", "item": item})
        # What has left the overlap is not read again.
        self._since, self._shown = began, read

    async def _show(self, contact_id: int, message: dict[str, object]) -> None:
        for page in list(self._pages.get(contact_id, ())):
            try:
                await page.send_json(message)
            except (ConnectionError, RuntimeError):
                # The page went away; it asks for the whole truth when it comes back.
                self.leave(contact_id, page)

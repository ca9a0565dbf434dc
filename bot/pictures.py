"""Draws the pictures of messages in threads, and keeps the newest for whoever is to get the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import orjson
import structlog

from conversations.model import Language, Picture
from conversations.texts import Speaker
from handlers import pictures
from handlers.ports import Outgoing
from handlers.talking import ZONE

log = structlog.get_logger(__name__)

# Some hundred kilobytes each.
REMEMBERED = 64


class Pictures:
    """Pictures as PNG in the reader's language, on the clock of `zone`; each is drawn once while it is kept."""

    def __init__(self, speaker: Speaker, zone: ZoneInfo = ZONE) -> None:
        self._speaker = speaker
        self._zone = zone
        self._drawn: dict[tuple[str, bytes, Language], asyncio.Task[bytes]] = {}

    async def png(self, picture: Picture, language: Language) -> bytes:
        """The picture, drawn in a thread; what shows the same in a language is drawn once. Raises ValueError."""
        key = (picture.kind, orjson.dumps(picture.data, option=orjson.OPT_SORT_KEYS), language)
        task = self._drawn.pop(key, None)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            drawing = asyncio.to_thread(pictures.draw, picture, language, self._speaker, self._zone)
            task = asyncio.create_task(drawing)
        self._drawn[key] = task
        if len(self._drawn) > REMEMBERED:
            del self._drawn[next(iter(self._drawn))]
        # Whoever waits for it may be cancelled; others may be waiting too.
        return await asyncio.shield(task)

    async def added(self, parts: Sequence[Outgoing], language: Language) -> tuple[Outgoing, ...]:
        """The parts with their pictures drawn; one that cannot be drawn keeps no text from going out."""
        return tuple([await self._with_image(part, language) for part in parts])

    async def _with_image(self, part: Outgoing, language: Language) -> Outgoing:
        if part.picture is None:
            return part
        try:
            return replace(part, image=await self.png(part.picture, language))
        except Exception as error:
            log.exception("picture_not_drawn", kind=part.picture.kind, error=str(error))
            return part

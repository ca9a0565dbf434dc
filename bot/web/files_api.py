"""The staff API of files that customers sent: hands one out, under a name and for a reason, both kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.web.access import FILE_READERS, require
from bot.web.bodies import LONGEST_WHY, Line
from bot.web.errors import ApiError
from bot.web.outages_api import PREFIX, Route, checked
from handlers.vault import NoSuchFile, Reading, Vault
from store.sealing import Unopened

log = structlog.get_logger(__name__)

_TYPES = {"image": ("image/jpeg", "jpg", "inline"), "pdf": ("application/pdf", "pdf", "attachment")}
MEDIA = tuple(media for media, _, _ in _TYPES.values())


class FileQuery(BaseModel):
    """Why the file is read; kept with the reader's name."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    why: Line = Field(min_length=3, max_length=LONGEST_WHY)


class FilesApi:
    """The operations on files."""

    def __init__(self, vault: Vault, clock: Callable[[], datetime]) -> None:
        self._vault = vault
        self._clock = clock

    def routes(self) -> list[Route]:
        summary = "The bytes of a file that a customer sent; who reads it and why is kept"
        path = PREFIX + r"/files/{id:[a-z]{8,40}}"
        return [Route("GET", path, summary, self.show_file, None, query=FileQuery, media=MEDIA)]

    async def show_file(self, request: web.Request) -> web.StreamResponse:
        file_id = request.match_info["id"]
        async with self._vault.database.reading() as unit:
            caller = await require(unit, request, FILE_READERS)
        query = checked(FileQuery, dict(request.query))
        try:
            # Committed before the first byte goes: whatever is read is written down.
            async with self._vault.database.unit() as unit:
                reading = await self._vault.read(unit, file_id, caller.name, query.why, self._clock())
        except NoSuchFile:
            raise ApiError(404, "file.unknown", {"id": file_id}) from None
        return await _sent(request, reading)


async def _sent(request: web.Request, reading: Reading) -> web.StreamResponse:
    """Stream a file. What cannot be opened is told before anything is sent, or breaks the connection after."""
    pieces = reading.pieces
    try:
        first = await anext(pieces)
    except (Unopened, OSError, StopAsyncIteration) as error:
        log.error("file_not_opened", file=reading.file.id, error=f"{type(error).__name__}: {error}")
        raise ApiError(500, "file.damaged", {"id": reading.file.id}) from None
    media, ending, shown = _TYPES[reading.file.kind]
    response = web.StreamResponse(
        headers={
            "Content-Type": media,
            "Content-Length": str(reading.file.size),
            "Content-Disposition": f'{shown}; filename="{reading.file.id}.{ending}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Referrer-Policy": "no-referrer",
        }
    )
    await response.prepare(request)
    await response.write(first)
    try:
        async for piece in pieces:
            await response.write(piece)
    except Unopened:
        log.exception("file_not_opened", file=reading.file.id)
        if request.transport is not None:
            request.transport.abort()  # a whole answer would say that the file is whole
        raise
    await response.write_eof()
    return response

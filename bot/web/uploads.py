"""What a visitor's page uploads: read as it comes, sealed on the disk, refused when it is too much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog
from aiohttp import BodyPartReader, web

from handlers.rules.file_checks import format_of
from store.spool import Spool

log = structlog.get_logger(__name__)

# How many may be under way, and for how long: who sends slowly on purpose must not hold the others up for ever.
AT_ONCE = 64
PATIENCE = 180.0
# Of a file that is too big, so much is read all the same: a browser whose upload is cut off shows no answer.
MOST_DRAINED = 100 * 1024 * 1024
_PIECE = 64 * 1024
_LONGEST_REF = 80


class Refused(Exception):
    """The upload is not taken; `key` is the sentence that says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Upload:
    """A file that has come, whole. ref: the page's own name of it, so that a repeat is known as such."""

    ref: str
    name: str
    kind: Literal["photo", "pdf"]
    spool: Spool


class Uploads:
    """Takes uploads; little of each is in memory, and nothing readable on the disk."""

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self._directory = directory
        self._most = most_bytes
        self._slots = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def take(self, request: web.Request) -> AsyncIterator[Upload]:
        """The upload of a form with the fields `ref` and `file`, there while the block runs. Raises Refused."""
        if request.content_type != "multipart/form-data":
            raise Refused("web.unreadable")
        if (request.content_length or 0) > MOST_DRAINED:
            raise Refused("web.photo_too_big")
        async with self._slots:
            with await self._spool() as spool:
                try:
                    async with asyncio.timeout(PATIENCE):
                        upload = await self._read(request, spool)
                except (TimeoutError, ValueError) as error:
                    raise Refused("web.unreadable") from error
                yield upload

    async def _spool(self) -> Spool:
        try:
            return await asyncio.to_thread(Spool, self._directory)
        except OSError as error:
            log.exception("upload_not_spooled")
            raise Refused("web.try_again") from error

    async def _read(self, request: web.Request, spool: Spool) -> Upload:
        ref, name, begins, size = "", "", b"", 0
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            if part.name == "ref":
                sent = (await part.read_chunk(_LONGEST_REF)).decode("ascii", "ignore")
                # A part of the event's id, which PostgreSQL keeps with no zero in it.
                ref = "".join(filter(str.isprintable, sent))
            elif part.name == "file":
                name = part.filename or ""
                while piece := bytes(await part.read_chunk(_PIECE)):
                    begins, size = begins or piece[:16], size + len(piece)
                    if size <= self._most:
                        await self._keep(spool, piece)
                    elif size > MOST_DRAINED:
                        break
        if not ref or not size:
            raise Refused("web.unreadable")
        if size > self._most:
            raise Refused("web.photo_too_big")
        return Upload(ref, name, "pdf" if format_of(begins) == "pdf" else "photo", spool)

    async def _keep(self, spool: Spool, piece: bytes) -> None:
        """Spool a piece; a full disk makes the upload one that cannot be kept, and the conversation says so."""
        if spool.closed:
            return
        try:
            await spool.write(piece)
        except OSError:
            log.exception("upload_not_spooled")
            spool.close()

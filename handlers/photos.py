"""Takes in what a customer sends while a question asks for it: fetched, judged, sealed, then the event is handled.

Before the event's unit of work, because a download must hold neither the database's write lock nor the
conversation. The event that the conversation hears carries what came of the file. Nothing here ever costs an
event: at worst it says that the file was not kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from conversations.engine import collecting, takes_loose
from conversations.model import Photo, language_of
from handlers import states
from handlers.photo_reading import Seen, look
from handlers.ports import Incoming, TooBig
from handlers.rules.file_checks import Format, Problem, format_of, problem_of_format, problem_of_pdf, shown_name
from handlers.rules.masking import masked
from handlers.talking import Talking
from handlers.vault import Vault
from store import contacts, conversations, requests
from store.vault import FileKind

log = structlog.get_logger(__name__)

# Of files whose bytes are in memory, and of pictures that are decoded, at one time.
AT_ONCE, DECODED_AT_ONCE = 8, 2
# Seconds for a file to come, less than any platform waits for our answer.
PATIENCE = 20.0


class Source(Protocol):
    """A channel, as far as files come from it."""

    @property
    def most_file_bytes(self) -> int: ...

    def fetch(self, ref: str) -> AsyncIterator[bytes]: ...


@dataclass(frozen=True)
class Intake:
    """What a file goes through; one for each process. `sources` are the channels by name."""

    vault: Vault
    talking: Talking
    sources: Mapping[str, Source]
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _decoding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DECODED_AT_ONCE))

    async def __call__(self, channel: str, incoming: Incoming, now: datetime) -> Incoming:
        """The event, with what came of its file if it has one and a question asks for it.

        Raises only what a database raises that is away.
        """
        if not isinstance(incoming.event, Photo) or channel not in self.sources:
            return incoming
        asked = await self._asked(channel, incoming)
        if asked is None:
            return incoming
        contact_id, collects = asked
        photo = replace(incoming.event, name=masked(shown_name(incoming.event.name)))
        async with self._slots:
            taken = await self._take(self.sources[channel], photo, contact_id, collects, now)
        log.info("file_taken", channel=channel, collects=collects, kind=taken.kind, problem=taken.problem or None)
        return replace(incoming, event=taken)

    async def _asked(self, channel: str, incoming: Incoming) -> tuple[int, str] | None:
        """Who sent it and what for; None when nobody waits for a file, or the event was handled before."""
        async with self.vault.database.reading() as unit:
            contact = await contacts.find(unit, channel, incoming.sender)
            if contact is None or contact.id is None:
                return None
            if await conversations.by_event(unit, channel, f"{incoming.sender}:{incoming.id}") is not None:
                return None
            kept = await conversations.state_of(unit, contact.id)
            waited_for = await requests.waits_for_papers(unit, contact.id)
        state = states.opened(kept, contact.id, language_of(contact.language), self.talking.sealer)
        collects = collecting(self.talking.flows, state)
        if collects is None and waited_for and takes_loose(self.talking.flows, state):
            collects = "paper"
        return (contact.id, collects) if collects else None

    async def _take(self, source: Source, photo: Photo, contact_id: int, collects: str, now: datetime) -> Photo:
        try:
            data = await _fetched(source, photo.ref)
        except TooBig:
            return replace(photo, problem=Problem.TOO_BIG.value)
        except (OSError, TimeoutError) as error:
            log.warning("file_not_fetched", error=f"{type(error).__name__}: {error}")
            return replace(photo, problem=Problem.NOT_FETCHED.value)
        except Exception:
            log.exception("file_not_kept", collects=collects)
            return replace(photo, problem=Problem.NOT_KEPT.value)
        found = format_of(data)
        problem = problem_of_format(found, collects) if data else Problem.BROKEN
        if problem is None and found == "pdf":
            problem = problem_of_pdf(data)
        if problem is not None:
            return replace(photo, problem=problem.value)
        return await self._judged(photo, data, found, contact_id, collects, now)

    async def _judged(
        self, photo: Photo, data: bytes, found: Format, contact_id: int, collects: str, now: datetime
    ) -> Photo:
        kind: FileKind = "pdf" if found == "pdf" else "image"
        seen = Seen(data)
        try:
            if kind == "image":
                async with self._decoding:
                    seen = await asyncio.to_thread(look, data, found, collects)
            photo = replace(photo, kind=kind, problem=seen.problem.value if seen.problem else "", card=seen.card)
            if not seen.kept:
                return photo
            file_id = await self.vault.put(contact_id, collects, kind, _once(seen.kept), now)
        except SQLAlchemyError:
            raise
        except Exception:
            # A full disk, no memory, a fault of ours or of a decoder: the request goes on without the file.
            log.exception("file_not_kept", collects=collects, kind=kind)
            return replace(photo, problem=Problem.NOT_KEPT.value)
        return replace(photo, file=file_id)


async def _fetched(source: Source, ref: str) -> bytes:
    """All bytes of a file. Raises TooBig as soon as there are too many, OSError, TimeoutError."""
    data = bytearray()
    async with asyncio.timeout(PATIENCE):
        async for piece in source.fetch(ref):
            data += piece
            if len(data) > source.most_file_bytes:
                raise TooBig(f"more than {source.most_file_bytes} bytes")
    return bytes(data)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data

"""The desk live: a socket over which an agent sees who waits and what they write, and answers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from aiohttp import WSMsgType, web
from pydantic import ValidationError

from bot.web.access import DESK, require
from bot.web.bodies import LARGEST_ID
from bot.web.desk_api import refusal
from bot.web.desk_bodies import EndIn, HandoverOut, LineOut, SayIn
from bot.web.errors import ApiError, language_of, say, unprocessable
from bot.web.history import newest_items
from bot.web.outages_api import PREFIX
from conversations.texts import Speaker
from handlers import handovers
from handlers.handovers import NotYours, Unanswered, UnknownHandover
from handlers.tokens import Caller
from store import contacts
from store import handovers as kept
from store.contacts import Contact
from store.db import Database, Unit
from store.handovers import Handover, HandoverState

log = structlog.get_logger(__name__)

# Another process may have heard the customer: look this often.
LOOK_SECONDS = 0.5
# Two processes' clocks may differ by so much, and a long transaction may commit late; a line has a key to be
# known again by.
OVERLAP = timedelta(seconds=10)
MOST_CHANGED = 500
# The token opens nothing any more.
SHUT_OUT = 4403
MOST_MESSAGE = 16 * 1024


class DeskSocket:
    """Sockets of agents; each says first who waits now, then every change."""

    def __init__(self, database: Database, clock: Callable[[], datetime], speaker: Speaker) -> None:
        self._database = database
        self._clock = clock
        self._speaker = speaker
        self._open: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PREFIX + "/handovers/live", self.serve)]

    async def close(self) -> None:
        """Tell every agent that the service goes down."""
        for socket in list(self._open):
            await socket.close(code=1012, message=b"restart")

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        async with self._database.reading() as unit:
            caller = await require(unit, request, DESK)
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=MOST_MESSAGE)
        await socket.prepare(request)
        self._open.add(socket)

        async def door(unit: Unit) -> Caller:
            return await require(unit, request, DESK)

        seat = _Seat(self._database, self._clock, self._speaker, caller, door, language_of(request), socket)
        feeding = asyncio.create_task(seat.feed())
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    await seat.heard(frame.data)
        except ConnectionError:
            pass
        finally:
            self._open.discard(socket)
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        return socket


class _Seat:
    """One agent's socket: what was shown on it already, and what the agent does."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        speaker: Speaker,
        caller: Caller,
        door: Callable[[Unit], Awaitable[Caller]],
        language: str,
        socket: web.WebSocketResponse,
    ) -> None:
        self._database = database
        self._clock = clock
        self._speaker = speaker
        self._caller = caller
        self._door = door
        self._language = language
        self._socket = socket
        self._since = clock()
        self._seen: dict[int, str] = {}
        self._lines: dict[int, set[str]] = {}

    async def feed(self) -> None:
        """Show who waits, then every change, until cancelled."""
        try:
            async with self._database.reading() as unit:
                await self._show(unit, await kept.page(unit, None, MOST_CHANGED, live=True))
            await self._socket.send_json({"type": "ready"})
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                began = self._clock()
                async with self._database.reading() as unit:
                    # A shift is long: who was dismissed meanwhile reads no further.
                    await self._door(unit)
                    await self._show(unit, await kept.changed_since(unit, self._since - OVERLAP, MOST_CHANGED))
                self._since = began
        except ConnectionError:
            return
        except ApiError:
            await self._socket.close(code=SHUT_OUT)
        except Exception:
            # The agent's page comes back and sees the whole truth.
            log.exception("desk_feed_failed")
            await self._socket.close(code=1011)

    async def _show(self, unit: Unit, handovers: Sequence[Handover]) -> None:
        people = await contacts.by_ids(unit, {one.contact_id for one in handovers})
        for one in handovers:
            await self._show_one(unit, one, people[one.contact_id])

    async def _show_one(self, unit: Unit, handover: Handover, contact: Contact) -> None:
        assert handover.id is not None
        shown = HandoverOut.of(handover, contact).model_dump(mode="json")
        digest = orjson.dumps(shown).decode()
        if self._seen.get(handover.id) != digest:
            self._seen[handover.id] = digest
            await self._socket.send_json({"type": "handover", "handover": shown})
        # What a customer writes to a colleague is that colleague's to read.
        if handover.state == HandoverState.TALKING and handover.taken_by == self._caller.name:
            await self._show_lines(unit, handover.id, contact)

    async def _show_lines(self, unit: Unit, handover_id: int, contact: Contact) -> None:
        shown = self._lines.setdefault(handover_id, set())
        for item in await newest_items(unit, contact, self._speaker, shown):
            shown.add(item["key"])
            line = LineOut.of(item).model_dump()
            await self._socket.send_json({"type": "line", "id": handover_id, "line": line})

    async def heard(self, data: str) -> None:
        """Something the agent does; refused with a sentence when it cannot be."""
        try:
            message = orjson.loads(data)
            deed = _deed(message, self._caller.name, self._clock())
        except (orjson.JSONDecodeError, ValidationError) as error:
            refused = unprocessable(error) if isinstance(error, ValidationError) else ApiError(400, "not_object")
            await self._refuse(None, refused)
            return
        if deed is None:
            await self._refuse(message, ApiError(400, "desk.unknown_deed"))
            return
        try:
            async with self._database.reading() as unit:
                await self._door(unit)
            async with self._database.unit() as unit:
                handover = await deed(unit)
            async with self._database.reading() as unit:
                await self._show(unit, [await kept.by_id(unit, handover.id or 0) or handover])
        except ApiError:
            await self._socket.close(code=SHUT_OUT)
        except UnknownHandover:
            await self._refuse(message, ApiError(404, "handover.unknown", {"id": message["id"]}))
        except Unanswered:
            await self._refuse(message, ApiError(409, "handover.unanswered"))
        except NotYours as refused_by:
            await self._refuse(message, refusal(refused_by))

    async def _refuse(self, message: Any, error: ApiError) -> None:
        about = message.get("ref") if isinstance(message, dict) else None
        text = say(error.key, self._language, error.values)
        await self._socket.send_json({"type": "refused", "ref": about, "code": error.key, "text": text})


def _deed(message: Any, by: str, now: datetime) -> Callable[[Unit], Awaitable[Handover]] | None:
    """What an agent's message asks for; None for what no page of ours sends."""
    if not isinstance(message, dict) or not _is_id(message.get("id")):
        return None
    match message:
        case {"type": "take", "id": int(one)}:
            return lambda unit: handovers.take(unit, one, by, now)
        case {"type": "say", "id": int(one), "text": str(text)}:
            words = SayIn(text=text).text
            return lambda unit: handovers.speak(unit, one, by, words, now)
        case {"type": "release", "id": int(one)}:
            return lambda unit: handovers.release(unit, one, by, now)
        case {"type": "end", "id": int(one)}:
            note = EndIn(note=str(message.get("note", ""))).note
            return lambda unit: handovers.end(unit, one, by, note, now)
    return None


def _is_id(value: Any) -> bool:
    """Whether a value can be the id of a row; True is a number to Python, and databases refuse larger ones."""
    return type(value) is int and 0 < value <= LARGEST_ID

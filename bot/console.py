"""`sangden chat`: the bot in the terminal, and the way scripts talk to it."""

from __future__ import annotations

import asyncio
import html
import re
import secrets
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import orjson

from bot.channels.console import NAME, ConsoleChannel
from bot.pictures import Pictures
from bot.receiver import Receiver
from bot.sender import parts_of, send_parts, utcnow
from conversations.model import Event, Language, Opened, Photo, Place, Press, Text, Turn, language_of
from handlers import deliveries
from handlers.assistant import Assistant
from handlers.deliveries import Ended
from handlers.incoming import Handled
from handlers.photos import Intake
from handlers.ports import Incoming, Outgoing
from handlers.talking import Talking
from handlers.vault import Vault
from store import contacts, outbox
from store.contacts import Contact
from store.db import Database

LEASE = timedelta(seconds=30)
# At a terminal pushes are shown when they come, looked for this often.
LOOK_SECONDS = 0.5
MOST_AT_ONCE = 100
_TAG = re.compile(r"</?[bi]>")


class BadLine(ValueError):
    """A line of `--json` input that is no event."""


class Console:
    """One person's conversation; what is done here is in the database, seen everywhere."""

    def __init__(
        self,
        database: Database,
        talking: Talking,
        name: str,
        language: Language | None,
        vault: Vault | None = None,
        assistant: Assistant | None = None,
    ) -> None:
        self._database = database
        self._talking = talking
        self._name = name
        self._language = language
        self._channel = ConsoleChannel()
        intake = Intake(vault, talking, {NAME: self._channel}) if vault else None
        self._receive = Receiver(database, talking, intake=intake, assistant=assistant)
        self._pictures = Pictures(talking.speaker, talking.zone)

    async def run(self, as_json: bool, lines: TextIO = sys.stdin, out: TextIO = sys.stdout) -> None:
        """Read a turn per line until the end of input; at a terminal, greet and show pushes live."""
        contact_id = await self._arrive()
        live = lines.isatty() and not as_json
        watching = asyncio.create_task(self._watch(contact_id, out)) if live else None
        try:
            if live:
                await self._turn(Opened(), contact_id)
                self._print(self._channel.taken(), out)
            async for line in _lines(lines):
                await self._line(line, contact_id, as_json, out)
        finally:
            if watching:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _line(self, line: str, contact_id: int, as_json: bool, out: TextIO) -> None:
        try:
            event = _event(line, as_json)
        except BadLine as error:
            if not as_json:
                raise
            out.write(orjson.dumps({"error": str(error)}).decode() + "\n")
            out.flush()
            return
        handled = await self._turn(event, contact_id)
        replies = self._channel.taken()
        if as_json:
            out.write(orjson.dumps(_as_json(replies, handled.turn if handled else None)).decode() + "\n")
            out.flush()
        else:
            self._print(replies, out)

    async def _arrive(self) -> int:
        now = utcnow()
        async with self._database.unit() as unit:
            contact = await contacts.at(unit, NAME, self._name)
            if contact is None:
                contact = await contacts.add(unit, NAME, self._name, self._name, self._language or "vi", now)
            assert contact.id is not None
            return contact.id

    async def _turn(self, event: Event, contact_id: int) -> Handled | None:
        shown = event.text if isinstance(event, Text) else ""
        incoming = Incoming(secrets.token_hex(8), self._name, event, shown, self._name, self._language)
        if self._language and isinstance(event, Text | Opened | Press):
            await self._speak(contact_id)
        handled = await self._receive(NAME, incoming)
        await self._drain(contact_id)
        return handled

    async def _speak(self, contact_id: int) -> None:
        """`--lang` holds for the first turn; afterwards the person may choose another language."""
        language, self._language = self._language, None
        async with self._database.unit() as unit:
            contact = await unit.session.get(Contact, contact_id)
            if contact is None or language is None or contact.language == language:
                return
        await self._receive(NAME, Incoming(secrets.token_hex(8), self._name, Press(f"lang:{language}")))
        await self._drain(contact_id)
        self._channel.taken()

    async def _drain(self, contact_id: int) -> None:
        """Send what is due to this person; whoever else uses the terminal channel is left alone."""
        while True:
            now = utcnow()
            async with self._database.unit() as unit:
                claimed = await outbox.claim(unit, NAME, now, now + LEASE, MOST_AT_ONCE, (0, 99), contact_id)
            if not claimed:
                return
            ended = []
            for one in claimed:
                parts = parts_of(one, self._talking.speaker, self._channel)
                parts = await self._pictures.added(parts, language_of(one.language))
                ended.append(Ended(one, await send_parts(self._channel, one.address, parts, one.key)))
            async with self._database.unit() as unit:
                await deliveries.settle(unit, ended, datetime.now(now.tzinfo))

    async def _watch(self, contact_id: int, out: TextIO) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._drain(contact_id)
            self._print(self._channel.taken(), out)

    def _print(self, replies: list[Outgoing], out: TextIO) -> None:
        for reply in replies:
            if reply.image is not None:
                out.write(f"[{reply.alt}]\n")
            out.write(plain(reply.text) + "\n")
            for number, button in enumerate(reply.buttons, 1):
                out.write(f"  {number}. {button.label}\n")
            out.write("\n")
        out.flush()


def plain(text: str) -> str:
    """Light markup as plain text."""
    return html.unescape(_TAG.sub("", text))


def _as_json(replies: list[Outgoing], turn: Turn | None) -> dict[str, Any]:
    frame = turn.state.frames[-1] if turn and turn.state.frames else None
    understood = turn.understood if turn else None
    return {
        "replies": [
            {
                "text": plain(reply.text),
                "buttons": [{"label": button.label, "value": button.value} for button in reply.buttons],
                "image": reply.image is not None,
            }
            for reply in replies
        ],
        "understood": {
            "intent": understood.intent if understood else None,
            "score": understood.score if understood else 0.0,
            "values": dict(understood.values) if understood else {},
        },
        "flow": frame.flow if frame else None,
        "step": frame.step if frame else None,
    }


def _event(line: str, as_json: bool) -> Event:
    if not as_json or not line.lstrip().startswith("{"):
        return Text(line)
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadLine(f"not JSON: {error}") from error
    match message:
        case {"text": str(text)}:
            return Text(text)
        case {"press": str(value)}:
            return Press(value)
        case {"photo": str(path)}:
            if not Path(path).is_file():
                raise BadLine(f"no such photo: {path}")
            return Photo(path, Path(path).name)
        case {"place": [int() | float() as latitude, int() | float() as longitude]}:
            return Place(float(latitude), float(longitude))
    raise BadLine('write {"text": …}, {"press": VALUE}, {"photo": PATH} or {"place": [lat, lon]}')


async def _lines(source: TextIO) -> AsyncIterator[str]:
    while line := await asyncio.to_thread(source.readline):
        if line.strip():
            yield line.rstrip("\n")

"""Plays a transcript: what the customer sends goes in, what the bot says is written under it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.channels.console import NAME, ConsoleChannel
from bot.console import plain
from bot.sender import parts_of
from conversations.model import Event, Language, Opened, Other, Photo, Place, Press, SharedContact, Text
from handlers import deliveries, incoming
from handlers.deliveries import Ended
from handlers.links import Links
from handlers.outages import OutageDraft, Slot, publish, restore
from handlers.ports import Incoming, Outgoing, OutgoingButton, Sent
from handlers.talking import ZONE, talking
from store import contacts, outbox
from store.db import Database, Unit
from store.extent import Scope
from store.outages import Outage, OutageScope, OutageSlot, ScopeKind
from tests.conversations import staff_desk

# A Friday afternoon, 14:05 on the utility's clock.
START = datetime(2026, 11, 20, 7, 5, tzinfo=UTC)
TALKING = replace(talking(), links=Links("https://dien.example.vn", "only for transcripts"))
WRITTEN_BY_BOT = ("< ", "  ", "! ")

_LATER = re.compile(r"~ (?P<n>\d+) (?P<unit>days?|hours?|minutes?) later")
_OUTAGE = re.compile(
    r"= (?P<kind>incident|planned) ward (?P<ward>\d+) (?P<start>[\d-]+T[\d:]+)(?: to (?P<end>[\d-]+T[\d:]+))?"
    r"(?:: (?P<reason>.+))?"
)
_RESTORED = re.compile(r"= restored (?P<id>\d+)")
_PRESSED = re.compile(r"\[(?P<old>cũ: |old: )?(?P<label>.+)\]")
_SENT = re.compile(r"\((?P<what>[^)\d]+?) ?(?P<value>[\d+][\d., +]*|[a-z]+-[a-z]-\w+)?\)")
_KINDS = {
    "dán nhãn": "sticker",
    "sticker": "sticker",
    "tin thoại": "voice",
    "voice message": "voice",
    "ảnh": "photo",
    "photo": "photo",
    "mở": "opened",
    "open": "opened",
    "vị trí": "place",
    "position": "place",
    "số của tôi": "own",
    "my number": "own",
    "số người khác": "other's",
    "somebody else's number": "other's",
    "chữ": "letters",
    "letters": "letters",
    "ảnh thẻ": "card",
    "card photo": "card",
    "ảnh giấy tờ": "paper",
    "paper photo": "paper",
    "tệp PDF": "pdf",
    "PDF file": "pdf",
}
# What the code on the card of every photographed card says, as intake hands it to the conversation.
CARD = {
    "id": "079190001234",
    "name": "NGUYỄN THỊ LAN",
    "born": "20111990",
    "sex": "Nữ",
    "address": "12/3 Lê Lợi, Bến Thành, TP.HCM",
}


class NotShown(Exception):
    """The transcript presses a button that the customer has not seen."""


@dataclass
class Playing:
    """One customer at the terminal, and a clock that moves only when the transcript says so."""

    database: Database
    language: Language
    now: datetime = START
    events: int = 0

    def __post_init__(self) -> None:
        self.shown: list[OutgoingButton] = []

    async def play(self, transcript: str) -> str:
        """The transcript as it truly goes: the bot's lines are replaced by what it says now."""
        lines: list[str] = []
        for line in transcript.splitlines():
            if not line.startswith(WRITTEN_BY_BOT):
                lines.append(line)
                lines += await self._line(line)
        return "\n".join(lines) + "\n"

    async def _line(self, line: str) -> list[str]:
        if later := _LATER.fullmatch(line):
            unit = later["unit"].removesuffix("s")
            self.now += timedelta(**{f"{unit}s": int(later["n"])})
            return []
        if outage := _OUTAGE.fullmatch(line):
            await self._outage(outage)
            return []
        if restored := _RESTORED.fullmatch(line):
            return await self._restore(int(restored["id"]))
        if await staff_desk.does(self.database, line, self.now):
            return await self._told()
        if line.startswith("> "):
            try:
                return list(await self._said(line.removeprefix("> ")))
            except NotShown as button:
                return [f"! {button} was not shown"]
        assert not line or line.startswith("#"), f"not a line of a transcript: {line!r}"
        return []

    async def _said(self, said: str) -> Iterator[str]:
        self.events += 1
        event = Incoming(str(self.events), "customer", self._event(said), said, "Lan", self.language)
        async with self.database.unit() as unit:
            handled = await incoming.handle(unit, NAME, event, self.now, TALKING)
        assert handled is not None
        return _written(await self._heard(handled.contact_id))

    async def _restore(self, outage_id: int) -> list[str]:
        """The power is back for staff; what the customer is told of it."""
        async with self.database.unit() as unit:
            await restore(unit, outage_id, None, "anh Ba", self.now)
        return await self._told()

    async def _told(self) -> list[str]:
        """What the customer hears without having said anything; nothing before they wrote for the first time."""
        async with self.database.unit() as unit:
            customer = await contacts.at(unit, NAME, "customer")
        return list(_written(await self._heard(customer.id))) if customer and customer.id else []

    def _event(self, said: str) -> Event:
        if pressed := _PRESSED.fullmatch(said):
            known = [button for button in self.shown if button.label == pressed["label"]]
            if not known:
                raise NotShown(said)
            return Press(known[0 if pressed["old"] else -1].value)
        if sent := _SENT.fullmatch(said):
            return _sent(_KINDS[sent["what"]], sent["value"] or "")
        return Text(said)

    async def _heard(self, contact_id: int) -> list[Outgoing]:
        """What was sent to the customer since the last line, as the terminal shows it."""
        async with self.database.unit() as unit:
            lease = self.now + timedelta(minutes=1)
            claimed = await outbox.claim(unit, NAME, self.now, lease, 100, (0, 99), contact_id)
        parts = [part for one in claimed for part in parts_of(one, talking().speaker, ConsoleChannel())]
        async with self.database.unit() as unit:
            await deliveries.settle(unit, [Ended(one, Sent(one.key)) for one in claimed], self.now)
        self.shown += [button for part in parts for button in part.buttons]
        return parts

    async def _outage(self, told: re.Match[str]) -> None:
        """Publish an incident as staff do; a planned outage is written as its row."""
        starts, ends = (
            datetime.fromisoformat(told[at]).replace(tzinfo=ZONE) if told[at] else None for at in ("start", "end")
        )
        assert starts is not None
        async with self.database.unit() as unit:
            if told["kind"] == "incident":
                draft = OutageDraft(
                    "incident", told["reason"], (Slot(starts, ends),), Scope(wards=(told["ward"],))
                )
                await publish(unit, draft, "anh Ba", self.now)
            else:
                await self._plan(unit, told, starts, ends)

    async def _plan(self, unit: Unit, told: re.Match[str], starts: datetime, ends: datetime | None) -> None:
        ward = talking().wards.by_code[told["ward"]]
        outage = Outage(
            code="KH-1",
            kind="planned",
            reason=told["reason"],
            area=[{"code": ward.code, "name": ward.name, "part": False}],
            published_at=self.now,
            published_by="anh Ba",
            updated_at=self.now,
        )
        unit.session.add(outage)
        await unit.session.flush()
        assert outage.id is not None
        unit.session.add(OutageSlot(outage_id=outage.id, number=1, starts_at=starts, ends_at=ends))
        unit.session.add(OutageScope(outage_id=outage.id, kind=ScopeKind.WARD, code=ward.code))


def _sent(kind: str, value: str) -> Event:
    match kind:
        case "opened":
            return Opened(value)
        case "photo":
            # One with a number was taken by the question that collects files.
            return Photo("photo-1", kind="image", file=f"file-{value}") if value else Photo("photo-1")
        case "card":
            return Photo("photo-2", kind="image", file="file-card", card=CARD)
        case "paper":
            return Photo("photo-3", kind="image", file="file-paper")
        case "pdf":
            return Photo("photo-4", name="so-do.pdf", kind="pdf", file="file-pdf")
        case "place":
            latitude, longitude = value.split(",")
            return Place(float(latitude), float(longitude))
        case "own" | "other's":
            return SharedContact(value.strip(), own=kind == "own")
        case "letters":
            return Text("điện " * (int(value.replace(".", "").replace(",", "")) // 5))
    return Other(kind)


def _written(replies: list[Outgoing]) -> Iterator[str]:
    for reply in replies:
        first, *rest = plain(reply.text).split("\n")
        yield f"< {first}"
        yield from (f"  {line}".rstrip() or "  " for line in rest)
        asked = [f"({reply.ask_label})"] if reply.ask else []
        buttons = [f"[{button.label}]" for button in reply.buttons]
        if asked or buttons:
            yield "  " + " ".join((*asked, *buttons))

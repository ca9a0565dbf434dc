"""Files on their way in: only while a question asks for them, whatever they are, never at the cost of an event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from bot.receiver import Receiver
from conversations.engine import collecting
from conversations.model import Event, Photo, Press, State, Text
from handlers import states
from handlers.photos import Intake
from handlers.ports import Incoming, TooBig
from handlers.vault import Vault
from store import contacts, conversations
from store.conversations import Conversation
from store.db import Database
from store.outbox import Message
from store.sealing import Sealer, keys_from, new_key
from store.vault import VaultFile
from store.vault_files import VaultFiles
from tests import cards
from tests.papers import START, with_papers
from tests.town import NOW

MEGABYTE = 1024 * 1024


class Large(bytes):
    """Bytes that nobody wants to read when a test fails."""

    def __repr__(self) -> str:
        return f"{len(self)} bytes"


SIXTY = Large(b"\xff\xd8\xff" + bytes(60 * MEGABYTE))


class Files:
    """A channel whose files are what the test says; `asked` notes what was fetched, `given` how many bytes."""

    most_file_bytes = 20 * MEGABYTE

    def __init__(self) -> None:
        self.data: dict[str, bytes | Exception] = {}
        self.asked: list[str] = []
        self.given = 0

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        self.asked.append(ref)
        found = self.data[ref]
        if isinstance(found, Exception):
            raise found
        for start in range(0, len(found), MEGABYTE):
            piece = found[start : start + MEGABYTE]
            self.given += len(piece)
            yield piece


class Desk:
    """One customer who fills in the form of papers."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.database = database
        sealer = Sealer(keys_from(new_key("k1")))
        self.directory = directory
        self.talking = replace(with_papers(), sealer=sealer)
        self.vault = Vault(database, VaultFiles(directory, sealer))
        self.files = Files()
        self.intake = Intake(self.vault, self.talking, {"web": self.files})
        self.receive = Receiver(database, self.talking, lambda: NOW, self.intake)
        self.number = 0

    async def hear(self, event: Event, *, number: int | None = None) -> State:
        """What the customer sends next; where the conversation stands then."""
        self.number += 1
        incoming = Incoming(str(number or self.number), "lan", event, "x", "Lan")
        await self.receive("web", incoming)
        return await self.state()

    async def send(self, data: bytes | Exception, name: str = "") -> State:
        """A file as the answer."""
        ref = f"ref-{self.number}"
        self.files.data[ref] = data
        return await self.hear(Photo(ref, name))

    async def state(self) -> State:
        async with self.database.reading() as unit:
            contact = await contacts.find(unit, "web", "lan")
            assert contact is not None
            assert contact.id is not None
            kept = await conversations.state_of(unit, contact.id)
        return states.opened(kept, contact.id, "vi", self.talking.sealer)

    async def answer(self, name: str) -> dict[str, Any]:
        found = (await self.state()).frames[-1].answers[name]
        assert isinstance(found, dict)
        return found

    async def rows(self) -> list[VaultFile]:
        async with self.database.reading() as unit:
            return list((await unit.session.exec(select(VaultFile))).all())

    async def said(self) -> str:
        """The words of the last reply, as keys and values."""
        async with self.database.reading() as unit:
            words = (await unit.session.exec(select(Message.words).order_by(col(Message.id)))).all()
        return str(words[-1])

    async def bytes_of(self, file_id: str) -> bytes:
        async with self.database.unit() as unit:
            reading = await self.vault.read(unit, file_id, "chị Hoa", "thử", NOW)
        return b"".join([piece async for piece in reading.pieces])


@pytest.fixture
async def desk(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(sqlite_url)
    desk = Desk(database, tmp_path / "vault")
    yield desk
    await database.close()


async def test_a_card_and_a_paper_are_kept_and_handed_to_the_conversation(desk: Desk) -> None:
    assert collecting(desk.talking.flows, await desk.hear(Press(START))) == "id_card"
    state = await desk.send(cards.card_photo(), "/home/lan/CCCD 079190001234.jpg")
    assert collecting(desk.talking.flows, state) == "paper"
    card = await desk.answer("card")
    assert card["card"]["id"] == "079190001234"
    assert (card["kind"], card["name"]) == ("image", "CCCD 0791••••1234.jpg")
    assert (await desk.bytes_of(card["file"])).startswith(b"\xff\xd8\xff")

    deed = cards.pdf(3 * MEGABYTE)
    await desk.send(deed, "so do.pdf")
    paper = next(row for row in await desk.rows() if row.purpose == "paper")
    assert (paper.kind, paper.size, paper.request_code) == ("pdf", len(deed), None)
    assert await desk.bytes_of(paper.id) == deed
    for file in desk.directory.rglob("*"):
        assert file.is_dir() or b"%PDF" not in file.read_bytes()


async def test_nothing_is_fetched_while_no_question_asks_for_it(desk: Desk) -> None:
    await desk.send(cards.card_photo())
    assert "unread.photo" in await desk.said()
    await desk.hear(Text("theo dõi"))
    await desk.send(cards.card_photo())
    assert (desk.files.asked, await desk.rows()) == ([], [])


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (cards.gif(), "not_supported"),
        (SIXTY, "too_big"),
        (TooBig("the platform says so"), "too_big"),
        (cards.bomb(), "too_large_picture"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "heic"),
        (cards.pdf(), "no_pdf"),
        (cards.card_photo()[:100_000], "broken"),
        (b"", "broken"),
        (OSError("gone"), "not_fetched"),
        (TimeoutError(), "not_fetched"),
        (cards.compose_card(None, dark=0.0, noise=4), "black"),
    ],
    ids=["GIF", "60 MB", "too big there", "bomb", "HEIC", "PDF", "half", "empty", "gone", "slow", "black"],
)
async def test_a_file_that_cannot_be_taken_is_answered_with_a_sentence_and_not_kept(
    desk: Desk, data: bytes | Exception, problem: str
) -> None:
    await desk.hear(Press(START))
    state = await desk.send(data, "the-cuoc.jpg")
    assert f"file.problem.{problem}" in await desk.said()
    assert collecting(desk.talking.flows, state) == "id_card"
    assert await desk.rows() == []
    # A file that is far too big is not read to its end.
    assert desk.files.given <= desk.files.most_file_bytes + MEGABYTE


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (cards.compose_card("https://example.vn/khuyen-mai"), "other_code"),
        (cards.card_photo(blur=4.0), "blurred"),
        (cards.compose_card(None, dark=0.12), "dark"),
    ],
)
async def test_what_could_be_better_is_kept_so_that_the_form_may_take_it_all_the_same(
    desk: Desk, data: bytes, problem: str
) -> None:
    await desk.hear(Press(START))
    await desk.send(data)
    assert f"file.problem.{problem}" in await desk.said()
    (row,) = await desk.rows()
    assert row.size == len(await desk.bytes_of(row.id))


@pytest.mark.parametrize("broken", ["the disk", "a decoder"])
async def test_a_vault_that_fails_says_so_and_costs_no_event(
    desk: Desk, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    def fails(*_: object) -> None:
        raise RuntimeError("a fault of a decoder")

    await desk.hear(Press(START))
    if broken == "the disk":
        monkeypatch.setattr(VaultFiles, "write", full)
    else:
        monkeypatch.setattr("handlers.photos.look", fails)
    with capture_logs() as logs:
        await desk.send(cards.card_photo())
    assert "file.problem.not_kept" in await desk.said()
    assert [line["log_level"] for line in logs if line["event"] == "file_not_kept"] == ["error"]


async def test_an_event_that_comes_again_brings_no_second_file(desk: Desk) -> None:
    await desk.hear(Press(START))
    desk.files.data["card"] = cards.card_photo()
    for _ in range(2):
        await desk.hear(Photo("card"), number=100)
    assert desk.files.asked == ["card"]
    assert len(await desk.rows()) == 1


async def test_no_line_of_the_log_and_no_readable_column_holds_what_the_card_says(desk: Desk) -> None:
    with capture_logs() as logs:
        await desk.hear(Press(START))
        await desk.send(cards.card_photo(), "079190001234.jpg")
    assert any(line["event"] == "file_taken" for line in logs)
    async with desk.database.reading() as unit:
        rows = [str(row.model_dump()) for row in (await unit.session.exec(select(Conversation))).all()]
        rows += [str(row.model_dump()) for row in (await unit.session.exec(select(VaultFile))).all()]
    for text in (str(logs), *rows):
        assert "079190001234" not in text
        assert "Nguyễn" not in text

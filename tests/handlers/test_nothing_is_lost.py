"""Whatever customers send and whatever breaks: no answer is lost, every request has a number, no log names a card.

The real road of events (receiver, intake, handlers, store), the real log. What forms make of answers is tried in
tests/conversations/test_form_machine.py, what staff do in test_request_machine.py.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bot import logs
from bot.receiver import Receiver
from conversations.model import Event, Photo, Press, State, Text
from conversations.service_words import OpenRequest
from handlers import states
from handlers.personal import safe
from handlers.photo_reading import Seen
from handlers.photos import Intake
from handlers.ports import Incoming
from handlers.request_keeping import answers_of
from handlers.rules.progress import UNHANDLED
from handlers.talking import talking
from handlers.vault import Vault
from store import contacts, conversations, requests
from store.db import Database
from store.requests import Request
from store.sealing import Sealer, keys_from, new_key
from store.vault_files import VaultFiles
from tests import cards
from tests.conversations.asking import CARD, Asking
from tests.town import NOW

NUMBER = "079190001234"
SAID = (
    NUMBER, "cccd 079 190 001 234", "số 079.190.001.234 ạ", "079-190-001-234", "0912345678", "hủy", "hủy",
    "quay lại", "gửi sau", "gửi", "đúng rồi", "hồ sơ của tôi", "dữ liệu của tôi", "khiếu nại", "2", "menu",
    "HS-000001-X", "tôi là Lan, 079190001234, bao giờ xong?",
)  # fmt: skip
senders = (f"lan-{number}" for number in itertools.count())


@dataclass
class Moody:
    """A sealer that fails as the test says, and complains with what it was given, as a library might."""

    sealer: Sealer
    fails: str = ""

    def seal(self, plain: bytes, context: str) -> str:
        if self.fails and context.startswith(self.fails):
            raise ValueError(f"cannot seal {plain!r}")
        return self.sealer.seal(plain, context)

    def open(self, sealed: str, context: str) -> bytes:
        return self.sealer.open(sealed, context)


class Files:
    """A channel of files, some of which never come."""

    most_file_bytes = 1_000_000

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        if ref == "never":
            raise RuntimeError(f"lost in a proxy: /files/cccd-{NUMBER}.jpg")
        yield cards.gif() if ref == "gif" else b"\xff\xd8\xff a card"


class Lan:
    """A customer at the real receiver; what she is asked is answered as `Asking` would."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.sealer = Moody(Sealer(keys_from(new_key("k1"))))
        vault = Vault(database, VaultFiles(folder, self.sealer.sealer))
        self.talking = replace(talking(), sealer=self.sealer)
        self.receive = Receiver(database, self.talking, lambda: NOW, Intake(vault, self.talking, {"web": Files()}))
        self.name, self.sent = next(senders), 0
        self.asking = Asking()

    async def does(self, deed: str, n: int) -> None:
        match deed:
            case "breaks":
                self.sealer.fails = ("", "request/", "conversation/", "")[n % 4]
            case "says":
                await self.hear(Text(SAID[n % len(SAID)]))
            case "begins":
                await self.hear(Press(f"go:request:{('home_connection', 'split_meter', 'complaint')[n % 3]}"))
            case "presses":
                buttons = self.asking.turn.reply.buttons
                await self.hear(Press(buttons[n % len(buttons)].value) if buttons else Text("menu"))
            case "sends":
                await self.hear(Photo(("card", "never", "gif")[n % 3], f"CCCD {NUMBER}.jpg"))
            case "answers":
                for _ in range(n % 12 + 1):
                    await self.answer()

    async def answer(self) -> None:
        """Answer the question asked now, whatever it is."""
        if not self.asking.state.frames:
            return
        for said in self.asking.good_answer(lambda values: values[0], Photo("card", f"{NUMBER}.jpg")):
            if not isinstance(said, str):
                await self.hear(said)
            else:
                await self.hear(self.asking.press(said[1:-1]) if said.startswith("[") else Text(said))

    async def hear(self, event: Event) -> None:
        """Send one event, and see to it that what came of it is kept."""
        before = await self.state()
        self.sent += 1
        shown = event.text if isinstance(event, Text) else ""
        handled = await self.receive("web", Incoming(str(self.sent), self.name, event, shown, "Lan"))
        if handled is None:
            assert await self.state() == before
            assert [one.state for one in await self.requests() if one.service == UNHANDLED]
            return
        self.asking.state, self.asking.turn = handled.turn.state, handled.turn
        assert await self.state() == handled.turn.state
        kept = {one.code: one for one in await self.requests()}
        for wish in handled.turn.commands:
            if isinstance(wish, OpenRequest):
                answers = answers_of(kept[wish.code], self.sealer)
                whole = bool(kept[wish.code].sealed)
                assert answers == (wish.answers if whole else {k: safe(v, k) for k, v in wish.answers.items()})

    async def state(self) -> State:
        async with self.database.reading() as unit:
            contact = await contacts.find(unit, "web", self.name)
            if contact is None or contact.id is None:
                return State()
            kept = await conversations.state_of(unit, contact.id)
            return states.opened(kept, contact.id, "vi", self.sealer)

    async def requests(self) -> list[Request]:
        async with self.database.reading() as unit:
            contact = await contacts.find(unit, "web", self.name)
            return list(await requests.of_contact(unit, contact.id or 0, 100)) if contact else []


@pytest.fixture
def _as_before() -> Iterator[None]:
    """Logging is the process's: hand it back as it was."""
    root = logging.getLogger()
    handlers, level, configured = list(root.handlers), root.level, structlog.get_config()
    yield
    structlog.configure(**configured)
    root.handlers[:] = handlers
    root.setLevel(level)


deeds = st.tuples(
    st.sampled_from(("answers", "answers", "says", "presses", "sends", "begins", "breaks")), st.integers(0, 40)
)
WHOLE = [("begins", 0), ("answers", 11), ("answers", 11), ("answers", 11)]


@pytest.mark.usefixtures("_as_before")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@example(done=WHOLE)
@example(done=[("breaks", 1), *WHOLE])
@example(done=[("begins", 2), ("breaks", 2), ("says", 0), ("sends", 1), ("breaks", 0), *WHOLE])
@given(done=st.lists(deeds, min_size=4, max_size=10))
def test_no_sequence_of_events_loses_an_answer_or_a_number_or_tells_the_log_of_a_card(
    sqlite_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    done: list[tuple[str, int]],
) -> None:
    # Decoding has tests of its own, and takes a second.
    monkeypatch.setattr("handlers.photos.look", lambda data, found, collects: Seen(data, card=CARD))
    logs.configure("json", "INFO")
    # A logger that remembers this test's set-up would be deaf to the tests after it.
    structlog.configure(cache_logger_on_first_use=False)

    async def story() -> list[Request]:
        database = Database(sqlite_url)
        lan = Lan(database, tmp_path / "vault")
        for deed, n in done:
            await lan.does(deed, n)
        async with database.reading() as unit:
            every = list((await unit.session.exec(select(Request))).all())
        await database.close()
        return every

    every = asyncio.run(story())
    assert len({one.code for one in every}) == len(every)
    assert all(re.fullmatch(r"HS-\d{6}-[A-Z]", one.code) and one.state for one in every)
    lines = re.sub(r"(?<=\d)[ .-](?=\d)", "", capsys.readouterr().err)
    assert NUMBER not in lines

"""A photo sent without a word is the paper that a request waits for, as customers are told to send it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.receiver import Receiver
from conversations.model import Event, Photo, Press, Text, Turn, Words
from conversations.service_words import OpenRequest
from handlers import requests as staff
from handlers.commands import carry_out
from handlers.photo_reading import Seen
from handlers.photos import Intake
from handlers.ports import Incoming
from handlers.talking import talking
from handlers.vault import Vault
from store import contacts, requests
from store.db import Database
from store.sealing import Sealer, keys_from, new_key
from store.vault_files import VaultFiles
from tests import cards
from tests.handlers.test_photos import Files
from tests.handlers.test_requests import CODE, SECOND
from tests.town import NOW, built

HOUR = timedelta(hours=1)
SENT = ({"file": "f1", "kind": "image"},)


class _Lan:
    def __init__(self, database: Database, folder: Path) -> None:
        sealer = Sealer(keys_from(new_key("k1")))
        self.database, self.talking = database, replace(talking(), sealer=sealer)
        self.files = Files()
        self.files.data = {"photo": b"\xff\xd8\xff paper", "gif": cards.gif()}
        intake = Intake(Vault(database, VaultFiles(folder, sealer)), self.talking, {"web": self.files})
        self.receive = Receiver(database, self.talking, lambda: NOW, intake)
        self.sent = 0

    async def sends(self, event: Event) -> Turn:
        self.sent += 1
        handled = await self.receive("web", Incoming(str(self.sent), "lan", event, "x", "Lan"))
        assert handled is not None
        return handled.turn

    async def wants(self, code: str, *missing: str) -> None:
        """A request that lacks these papers."""
        papers = {paper: SENT for paper in ("id_card", "place_right") if paper not in missing}
        async with self.database.unit() as unit:
            contact = await contacts.find(unit, "web", "lan")
            assert contact is not None
            await carry_out(unit, contact, OpenRequest(code, "home_connection", {}, papers), NOW, self.talking)

    async def state_of(self, code: str) -> str:
        async with self.database.reading() as unit:
            request = await requests.with_code(unit, code)
            assert request is not None
            return request.state


async def test_a_photo_out_of_the_blue_is_the_paper_that_is_waited_for(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.photos.look", lambda data, found, collects: Seen(data))

    def keys(turn: Turn) -> list[str]:
        return [words.key for words in turn.reply.words]

    async with built(sqlite_url) as town:
        lan = _Lan(town.database, tmp_path)
        # Nobody waits for anything: it is not even fetched.
        assert keys(await lan.sends(Photo("photo"))) == ["unread.photo"]
        assert lan.files.asked == []

        await lan.wants(CODE, "place_right")
        assert keys(await lan.sends(Photo("gif"))) == ["file.problem.not_supported", "loose_file.file"]
        assert keys(await lan.sends(Photo("photo")))[:2] == ["add_paper.kept", "add_paper.complete"]
        assert await lan.state_of(CODE) == "checking"
        assert keys(await lan.sends(Photo("photo")))[0] == "add_paper.kept"
        # Staff ask for another paper while the first is not said to be all: what comes next is that one.
        async with town.database.unit() as unit:
            await staff.ask_paper(unit, CODE, "owner_consent", "Thiếu ngày ký", "chị Tư", NOW + HOUR)
        assert await lan.state_of(CODE) == "papers_missing"
        taken = await lan.sends(Photo("photo"))
        assert keys(taken)[:2] == ["add_paper.kept", "add_paper.complete"]
        assert taken.reply.words[0].values["paper"] == Words("paper.owner_consent")
        assert await lan.state_of(CODE) == "checking"
        assert keys(await lan.sends(Text("hết rồi em"))) == ["add_paper.thanks"]

        await lan.wants(SECOND, "id_card", "place_right")
        asked = await lan.sends(Photo("photo"))
        assert keys(asked) == ["loose_file.paper"]
        offered = [button.value for button in asked.reply.buttons if not button.nav]
        assert [value.rpartition(":")[2] for value in offered] == [f"{SECOND}+id_card", f"{SECOND}+place_right"]
        assert keys(await lan.sends(Press(offered[1])))[:2] == ["add_paper.kept", "add_paper.left"]
        assert await lan.state_of(SECOND) == "papers_missing"

"""Everybody's rights over their own data: seen, copied, agreed to no longer, and truly deleted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from conversations.model import Json, Press, Text, Words
from conversations.my_requests import MyRequests
from conversations.request_deeds import ReopenRequest
from conversations.service_words import GiveConsent, OpenRequest
from handlers import handovers, incoming, my_requests, privacy, privacy_copy, requests
from handlers.commands import carry_out
from handlers.escalations import EscalationKind, acknowledge
from handlers.links import Links
from handlers.ports import Incoming
from handlers.rules.numbers import number
from handlers.talking import Talking, talking
from handlers.vault import Vault
from store import contacts, conversations, erasure, escalations, outbox, proposals, subscriptions, vault
from store import handovers as kept_handovers
from store import privacy as kept_cases
from store import requests as kept_requests
from store.contacts import Contact
from store.db import Database
from store.outages import Outage
from store.outbox import Priority, Settled, Status
from store.proposals import Proposal, ProposalState
from store.sealing import Sealer, keys_from, new_key
from store.tables import metadata
from store.vault_files import VaultFiles
from tests.town import BEN_THANH, built

MORNING = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ID_NUMBER, PHONE, NAME, STREET = "079190001234", "0987111222", "Nguyễn Thị Hoa", "12 hẻm Hoa Sữa"
CODE, OTHER_CODE = number("HS", 1), number("HS", 2)
LINKS = Links("https://dien.example.vn", "only for tests")


@dataclass
class Life:
    """Hoa's life with the service, and a neighbour's that must not change."""

    database: Database
    files: VaultFiles
    folder: Path
    talk: Talking
    now: datetime = MORNING
    said: int = 0
    buttons: dict[str, str] = field(default_factory=dict)

    async def writes(self, event: Any, who: str = "hoa") -> list[str]:
        self.said += 1
        came = Incoming(f"{self.said}", who, event, getattr(event, "text", ""), NAME if who == "hoa" else "Bình")
        async with self.database.unit() as unit:
            handled = await incoming.handle(unit, "web", came, self.now, self.talk)
        assert handled is not None
        self.buttons = {b.words.key: b.value for b in handled.turn.reply.buttons}
        return [words.key for words in handled.turn.reply.words]

    async def presses(self, key: str) -> list[str]:
        return await self.writes(Press(self.buttons[key]))

    async def follows(self, who: str) -> None:
        await self.writes(Text("mai có cúp điện không"), who)
        await self.writes(Text("hủy"), who)
        contact = await self.contact(who)
        assert contact.id is not None
        async with self.database.unit() as unit:
            await subscriptions.add(unit, contact.id, f"w:{BEN_THANH}", "Nhà", self.now)

    async def asks_for_a_connection(self, code: str, who: str = "hoa") -> str:
        """Opens a request with a file; the file's id."""
        contact = await self.contact(who)
        assert contact.id is not None
        keeping = Vault(self.database, self.files)

        async def photo() -> AsyncIterator[bytes]:
            yield b"the picture of a card" * 100

        file = await keeping.put(contact.id, "id_card", "image", photo(), self.now)
        answers: dict[str, Json] = {
            "name": NAME,
            "id_number": ID_NUMBER,
            "phone": PHONE,
            "use_address": {"text": STREET},
        }
        papers = {"id_card": ({"file": file, "kind": "image"},)}
        async with self.database.unit() as unit:
            there = await unit.session.get_one(Contact, contact.id)
            await carry_out(unit, there, GiveConsent("requests", "1"), self.now, self.talk)
            await carry_out(
                unit, there, OpenRequest(code, "home_connection", answers, papers), self.now, self.talk
            )
        return file

    async def talks_with_a_person(self) -> None:
        await self.writes(Text("gặp nhân viên"))
        contact = await self.contact()
        assert contact.id is not None
        async with self.database.unit() as unit:
            live = await kept_handovers.live_of(unit, contact.id)
            assert live is not None
            assert live.id is not None
            await handovers.take(unit, live.id, "Hạnh", self.now)
            await handovers.speak(unit, live.id, "Hạnh", f"Em chào chị {NAME}, em gọi {PHONE} nhé", self.now)
            await handovers.end(unit, live.id, "Hạnh", f"gọi lại cho {NAME}", self.now)
        await self.writes(Press("!menu"))

    async def proposes_another_window(self) -> None:
        contact, window = await self.contact(), [self.now.isoformat(), (self.now + HOUR).isoformat()]
        assert contact.id is not None
        outage = Outage(
            code="KH-1",
            kind="planned",
            state="published",
            area=[],
            affected_customers=1,
            published_by="anh Ba",
            published_at=self.now,
            updated_at=self.now,
        )
        async with self.database.unit() as unit:
            unit.session.add(outage)
            await unit.session.flush()
            assert outage.id is not None
            proposal = Proposal(
                code=number("DG", 1),
                outage_id=outage.id,
                slot=1,
                window=window,
                contact_id=contact.id,
                customer_code="PE01000000014",
                windows=[window],
                reason=f"tiệm của {NAME}",
                state=ProposalState.COUNTERED,
                why=f"chị {NAME} xem giờ này nhé",
                expires_at=self.now + 9 * DAY,
                at=self.now,
            )
            await proposals.add(unit, proposal)

    async def contact(self, who: str = "hoa") -> Contact:
        async with self.database.reading() as unit:
            found = (
                await unit.session.execute(text("SELECT id FROM contact WHERE address = :a"), {"a": who})
            ).scalar()
            return await unit.session.get_one(Contact, found)

    async def passes(self, span: timedelta) -> list[str]:
        self.now += span
        async with self.database.unit() as unit:
            await privacy.deletions_due(unit, self.now)
        await Vault(self.database, self.files).sweep(self.now)
        async with self.database.unit() as unit:
            claimed = await outbox.claim(unit, "web", self.now, self.now + HOUR, 500, (0, 99))
            await outbox.settle(unit, [Settled(one.id, Status.SENT, self.now, self.now) for one in claimed])
        return [words["say"] for one in claimed for words in one.words["words"] if one.address == "hoa"]

    async def everything(self) -> str:
        """Every row of every table, as one text."""
        rows: list[str] = []
        async with self.database.reading() as unit:
            for table in metadata.sorted_tables:
                rows += [f"{table.name} {tuple(row)}" for row in await unit.session.execute(table.select())]
        return "\n".join(rows)


@pytest.fixture
async def life(migrated_url: str, tmp_path: Path) -> AsyncIterator[Life]:
    async with built(migrated_url) as town:
        yield _life(town.database, tmp_path / "vault")


def _life(database: Database, folder: Path) -> Life:
    sealer = Sealer(keys_from(new_key("k1")))
    return Life(database, VaultFiles(folder, sealer), folder, replace(talking(), sealer=sealer, links=LINKS))


async def test_deletion_leaves_nothing_that_names_the_customer_not_even_a_file(life: Life) -> None:
    await life.follows("hoa")
    await life.follows("binh")
    await life.asks_for_a_connection(CODE)
    async with life.database.unit() as unit:
        await requests.note(unit, CODE, f"khách {NAME} hẹn chiều", "chị Tư", life.now)
        await escalations.open_(unit, EscalationKind.UNHAPPY_SURVEY, CODE, {"survey": 7_007}, life.now)
        (matter,) = await escalations.of_subject(unit, EscalationKind.UNHAPPY_SURVEY, CODE)
        await acknowledge(unit, matter.id or 0, f"đã gọi {NAME}", "chị Tư", life.now)
        await escalations.open_(unit, EscalationKind.REQUEST_LATE, OTHER_CODE, {}, life.now)
    await life.talks_with_a_person()
    await life.proposes_another_window()
    await life.writes(Text(f"Tôi là {NAME}, nhà ở {STREET}, số {PHONE}"))
    (stored,) = [one for one in life.folder.rglob("*") if one.is_file()]
    neighbour = await life.contact("binh")

    await life.writes(Text("xóa dữ liệu của tôi"))
    assert await life.presses("privacy.sure.yes") == ["privacy.deleting"]
    assert "privacy.deleted" not in await life.passes(HOUR)
    assert "privacy.deleted" in await life.passes(DAY)
    assert not stored.exists()
    assert "requests.none" in str(await life.writes(Text("hồ sơ của tôi")))
    await life.passes(2 * HOUR)

    left = await life.everything()
    for trace in (NAME, ID_NUMBER, PHONE, STREET, "'hoa'", "alo", "hẹn chiều", "Hoa Sữa", "7007"):
        assert trace not in left, [line for line in left.splitlines() if trace in line]
    assert (await life.contact("binh")).id == neighbour.id
    assert "binh" in left
    assert "Nhà" in left
    assert CODE in left
    assert OTHER_CODE in left
    async with life.database.reading() as unit:
        assert list(await proposals.pending(unit, 0, 10)) == []
    assert await life.writes(Text("nơi của tôi")) == ["places.none"]


async def test_a_deletion_ends_a_talk_and_loses_no_request_that_is_begun_after_the_last_word(life: Life) -> None:
    await life.writes(Text("gặp nhân viên"))
    await life.writes(Text("xóa dữ liệu của tôi"))
    await life.presses("privacy.sure.yes")
    await life.passes(DAY)
    contact = await life.contact()
    assert contact.id is not None
    async with life.database.reading() as unit:
        assert await kept_handovers.live_of(unit, contact.id) is None

    await life.asks_for_a_connection(CODE)
    await life.passes(2 * HOUR)
    async with life.database.reading() as unit:
        (request,) = await kept_requests.all_of(unit, contact.id)
    assert (request.code, request.ended_at) == (CODE, None)
    assert (await life.contact()).id == contact.id


async def test_what_an_event_is_just_writing_does_not_outlive_the_deletion(life: Life) -> None:
    await life.writes(Text("xóa dữ liệu của tôi"))
    await life.presses("privacy.sure.yes")
    await life.passes(DAY)
    if life.database.is_sqlite:
        return  # one writer at a time

    life.now += 2 * HOUR
    async with life.database.unit() as event:
        there = await contacts.at(event, "web", "hoa")
        assert there is not None
        assert there.id is not None
        deleting = asyncio.create_task(life.passes(HOUR))
        await asyncio.wait([deleting], timeout=1)
        await conversations.receive(event, "web", "hoa:late", there.id, STREET, life.now)
        await conversations.save_state(event, there.id, {}, life.now)
    await deleting

    assert STREET not in await life.everything()


async def test_a_deletion_that_fails_keeps_no_other_from_being_done(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("hoa", "binh"):
        await life.writes(Text("xóa dữ liệu của tôi"), who)
        await life.writes(Press(life.buttons["privacy.sure.yes"]), who)
        life.now += HOUR
    hoa, erase = await life.contact("hoa"), erasure.erase

    async def fails(unit: Any, contact_id: int) -> None:
        if contact_id == hoa.id:
            raise RuntimeError("a fault of ours")
        await erase(unit, contact_id)

    monkeypatch.setattr(erasure, "erase", fails)
    life.now += DAY
    async with life.database.unit() as unit:
        assert await privacy.deletions_due(unit, life.now) == 1
    async with life.database.reading() as unit:
        binh = await contacts.find(unit, "web", "binh")
        assert binh is not None
        assert [one.contact_id for one in await kept_cases.page(unit, True, 10, None)] == [binh.id, hoa.id]
        assert [one.state for one in await kept_cases.page(unit, True, 10, None)] == ["erased", "asked"]


async def test_who_thinks_better_of_it_keeps_everything(life: Life) -> None:
    await life.follows("hoa")
    await life.writes(Text("xóa dữ liệu của tôi"))
    await life.presses("privacy.sure.yes")
    assert await life.presses("privacy.keep") == ["privacy.kept"]
    assert "privacy.deleted" not in await life.passes(30 * DAY)
    assert "subscription" in await life.everything()


async def test_a_copy_of_all_data_is_given_to_the_customer_alone_and_for_a_day(life: Life) -> None:
    await life.follows("hoa")
    await life.asks_for_a_connection(CODE)
    await life.passes(HOUR)
    await life.writes(Text("dữ liệu cá nhân"))
    assert await life.presses("privacy.wish.export") == ["privacy.export"]
    contact = await life.contact()
    assert contact.id is not None

    link = LINKS.my_data(contact.id, life.now + DAY)
    token = link.removeprefix("https://dien.example.vn/my-data/").removesuffix(".json")
    assert LINKS.my_data_of(token, life.now + DAY - HOUR) == contact.id
    assert LINKS.my_data_of(token, life.now + DAY) is None
    assert LINKS.my_data_of(token[:-1] + "A", life.now) is None
    calendar = LINKS.calendar(contact.id, 0).rpartition("/")[2].removesuffix(".ics")
    assert LINKS.my_data_of(calendar, life.now) is None

    async with life.database.reading() as unit:
        copy = await privacy_copy.export(unit, contact.id, life.talk)
    written = json.dumps(copy, ensure_ascii=False)
    assert copy is not None
    assert copy["requests"][0]["answers"]["id_number"] == ID_NUMBER
    assert [place["label"] for place in copy["places"]] == ["Nhà"]
    assert copy["files"][0]["purpose"]
    assert "mai có cúp điện không" in written
    assert set(copy) >= {"contact", "remembered", "consents"} | set(SECTIONS.values())
    assert [wish["wish"] for wish in copy["wishes"]] == ["export"]


async def test_who_agrees_no_longer_is_forgotten_at_once_and_asked_anew(life: Life) -> None:
    await life.follows("hoa")
    file = await life.asks_for_a_connection(CODE)
    await life.writes(Text("rút lại đồng ý"))
    assert await life.presses("purpose.requests") == ["privacy.withdrawn"]

    async with life.database.reading() as unit:
        kept = await vault.find(unit, file)
        assert kept is not None
        assert kept.doomed_at is not None
    assert "cancelled" in await life.everything()
    await life.writes(Text("dữ liệu cá nhân"))
    assert await life.presses("privacy.wish.withdraw") == ["privacy.nothing_agreed"]


async def test_a_request_whose_consent_was_withdrawn_cannot_be_opened_again(life: Life) -> None:
    await life.follows("hoa")
    await life.asks_for_a_connection(CODE)
    await life.writes(Text("rút lại đồng ý"))
    await life.presses("purpose.requests")
    contact = await life.contact()

    async with life.database.unit() as unit:
        (seen,) = (await my_requests.mine(unit, contact, MyRequests(), life.now, life.talk)).requests
        assert seen.may == {"ask"}
        await my_requests.reopen(
            unit, contact, ReopenRequest(CODE, Words("reopen_why.again")), life.now, life.talk
        )
    async with life.database.reading() as unit:
        request = await kept_requests.with_code(unit, CODE)
    assert request is not None
    assert request.state == "cancelled"


# What the copy calls the rows of each table that is about a customer. What a conversation remembers between two
# events is in what was said.
SECTIONS = {
    "received": "said",
    "delivery": "told",
    "subscription": "places",
    "request": "requests",
    "vaultfile": "files",
    "report": "reports",
    "survey": "surveys",
    "proposal": "proposals",
    "handover": "talks",
    "unknownquestion": "questions",
    "privacycase": "wishes",
    "consent": "consents",
    "profile": "remembered",
    "conversation": "said",
}


def test_the_copy_has_a_section_for_every_table_that_has_a_contact() -> None:
    assert set(SECTIONS) == erasure.tables_with_contacts(metadata.tables)


def test_every_table_that_has_a_contact_says_what_becomes_of_its_rows() -> None:
    named = {table.__tablename__ for table in erasure.FATE}
    assert named == erasure.tables_with_contacts(metadata.tables)
    for table, fate in erasure.FATE.items():
        assert set(fate or {}) <= set(metadata.tables[str(table.__tablename__)].columns.keys())


def test_a_reply_is_more_urgent_than_word_about_a_request() -> None:
    assert Priority.REPLY < Priority.PERSONAL

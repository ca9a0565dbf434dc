"""A file's life in the vault: kept, claimed, read under a name, deleted when its time is over; the keys turned."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from conversations.model import Text
from handlers import incoming, states
from handlers.ports import Incoming
from handlers.rules.retention import retention_at
from handlers.talking import talking
from handlers.vault import MissingKeys, NoSuchFile, Vault, check_keys, rotate
from store import contacts, conversations, vault
from store.contacts import Contact
from store.conversations import Conversation, Received
from store.db import Database, Unit
from store.sealing import Sealer, keys_from, new_key
from store.vault_files import VaultFiles
from tests.town import NOW

OLD, NEW = keys_from(new_key("old")), keys_from(new_key("new"))
SPANS = retention_at(NOW.date())
DAY = timedelta(days=1)


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = Database(migrated_url)
    yield opened
    await opened.close()


@pytest.fixture
def vaulted(tmp_path: Path) -> Path:
    """The vault's directory."""
    return tmp_path / "vault"


def vault_at(database: Database, directory: Path, keys: dict[str, bytes] = OLD) -> Vault:
    return Vault(database, VaultFiles(directory, Sealer(keys)))


async def someone(database: Database, name: str = "lan") -> int:
    async with database.unit() as unit:
        contact = await contacts.add(unit, "web", name, name, "vi", NOW)
    assert contact.id is not None
    return contact.id


async def stream(plain: bytes) -> AsyncIterator[bytes]:
    yield plain


async def read(kept: Vault, file_id: str, who: str = "chị Hoa", why: str = "đối chiếu hồ sơ") -> bytes:
    async with kept.database.unit() as unit:
        reading = await kept.read(unit, file_id, who, why, NOW)
    return b"".join([piece async for piece in reading.pieces])


def names(directory: Path) -> set[str]:
    return {file.name for file in directory.rglob("*") if file.is_file()}


async def test_a_file_lives_until_the_retention_of_its_request_is_over(database: Database, vaulted: Path) -> None:
    kept, lan, other = vault_at(database, vaulted), await someone(database), await someone(database, "binh")
    card = await kept.put(lan, "id_card", "image", stream(b"card"), NOW)
    deed = await kept.put(lan, "paper", "pdf", stream(b"deed"), NOW)
    left = await kept.put(lan, "paper", "image", stream(b"left"), NOW)

    # Who reads it is written down, each time.
    assert await read(kept, card) == b"card"
    await read(kept, card, "anh Ba", "khách khiếu nại")
    async with database.reading() as unit:
        assert [(one.who, one.why) for one in await vault.accesses(unit, card)] == [
            ("chị Hoa", "đối chiếu hồ sơ"),
            ("anh Ba", "khách khiếu nại"),
        ]

    # Only its own sender's request may have it, and one request only.
    async with database.unit() as unit:
        until = SPANS.of_open_request("id_card", NOW)
        assert await vault.claim(unit, other, [card], "YC-1", "id_card", until) == frozenset()
        assert await vault.claim(unit, lan, [card, "nothing"], "YC-1", "id_card", until) == {card}
        assert await vault.claim(unit, lan, [deed], "YC-1", "paper", until) == {deed}
        assert await vault.claim(unit, lan, [card], "YC-2", "id_card", until) == frozenset()
        assert [one.id for one in await vault.of_request(unit, "YC-1")] == sorted([card, deed])

    # What was sent and never claimed goes after two days, and only that.
    assert await kept.sweep(NOW + SPANS.orphan) == 0
    assert await kept.sweep(NOW + SPANS.orphan + DAY) == 1
    assert names(vaulted) == {card, deed}
    with pytest.raises(NoSuchFile):
        await read(kept, left)

    # The request ends: the picture of the card goes first, the deed later.
    ended = NOW + 10 * DAY
    async with database.unit() as unit:
        for purpose in ("id_card", "paper"):
            await vault.keep_until(unit, "YC-1", purpose, SPANS.of_ended_request(purpose, ended))
    assert await kept.sweep(ended + SPANS.ended["id_card"] - DAY) == 0
    assert await kept.sweep(ended + SPANS.ended["id_card"]) == 1
    assert names(vaulted) == {deed}
    assert await kept.sweep(ended + SPANS.ended["paper"]) == 1
    assert names(vaulted) == set()
    async with database.reading() as unit:
        row = await vault.find(unit, card)
        assert row is not None
        assert row.deleted_at == ended + SPANS.ended["id_card"]
        assert len(await vault.accesses(unit, card)) == 2


async def test_a_deletion_that_a_crash_cut_off_is_finished_and_was_hidden_meanwhile(
    database: Database, vaulted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, lan = vault_at(database, vaulted), await someone(database)
    card = await kept.put(lan, "id_card", "image", stream(b"card"), NOW)

    async def crash(_files: VaultFiles, _file_id: str) -> None:
        raise OSError("pulled out")

    with monkeypatch.context() as broken:
        broken.setattr(VaultFiles, "remove", crash)
        with pytest.raises(OSError, match="pulled out"):
            await kept.sweep(NOW + 3 * DAY)
    assert names(vaulted) == {card}
    with pytest.raises(NoSuchFile):
        await read(kept, card)
    async with database.unit() as unit:
        assert not await vault.claim(unit, lan, [card], "YC-1", "id_card", NOW + 9 * DAY)
    assert await kept.sweep(NOW + 3 * DAY) == 1
    assert names(vaulted) == set()
    assert await kept.sweep(NOW + 3 * DAY) == 0


async def test_a_file_of_an_unfinished_form_stays_as_long_as_a_draft_may(
    database: Database, vaulted: Path
) -> None:
    kept, lan = vault_at(database, vaulted), await someone(database)
    sealer = kept.files.sealer
    card = await kept.put(lan, "id_card", "image", stream(b"card"), NOW)
    async with database.unit() as unit:
        state = {"sealed": sealer.seal(f'{{"answers": "{card}"}}'.encode(), f"conversation/{lan}")}
        await conversations.save_state(unit, lan, state, NOW)
    assert await kept.sweep(NOW + SPANS.draft - DAY) == 0
    assert await read(kept, card) == b"card"
    assert await kept.sweep(NOW + SPANS.draft + DAY) == 1


async def test_a_full_disk_leaves_neither_a_file_nor_an_orphan(database: Database, vaulted: Path) -> None:
    kept, lan = vault_at(database, vaulted), await someone(database)

    async def full() -> AsyncIterator[bytes]:
        yield b"x" * 200_000
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await kept.put(lan, "paper", "pdf", full(), NOW)
    assert names(vaulted) == set()
    async with database.reading() as unit:
        assert [one.doomed_at for one in (await unit.session.exec(select(vault.VaultFile))).all()] == [NOW]


async def test_turning_the_keys_makes_the_old_one_needless(database: Database, vaulted: Path) -> None:
    lan = await someone(database)
    old = vault_at(database, vaulted)
    await check_keys(database, old.files.sealer, NOW)
    card = await old.put(lan, "id_card", "image", stream(b"card"), NOW)
    words = replace(talking(), sealer=old.files.sealer)
    async with database.unit() as unit:
        await incoming.handle(unit, "web", Incoming("1", "lan", Text("theo dõi")), NOW, words)
        # One from before states were sealed is left as it is.
        await conversations.save_state(unit, await _another(unit), {"version": 0, "language": "en"}, NOW)

    # A ring without the old key, or with another one of its name, is noticed before anything is lost.
    for keys in (NEW, {**NEW, "old": NEW["new"]}):
        with pytest.raises(MissingKeys, match="old"):
            await check_keys(database, Sealer(keys), NOW)

    both = vault_at(database, vaulted, NEW | OLD)
    await check_keys(database, both.files.sealer, NOW)
    seen: list[tuple[str, int, int]] = []
    done = await rotate(both, lambda *progress: seen.append(progress), NOW)
    assert (done.files, done.texts, done.broken) == (1, 1, 0)
    assert seen == [("files", 1, 0), ("conversation", 2, 2)]
    again = await rotate(both, lambda *progress: None, NOW)
    assert (again.files, again.texts, again.broken) == (0, 0, 0)

    new = vault_at(database, vaulted, NEW)
    await check_keys(database, new.files.sealer, NOW)
    assert await read(new, card) == b"card"
    async with database.reading() as unit:
        state = states.opened(await conversations.state_of(unit, lan), lan, "vi", new.files.sealer)
    assert state.frames[-1].flow == "follow"


async def _another(unit: Unit) -> int:
    contact = await contacts.add(unit, "web", "binh", "binh", "vi", NOW)
    assert contact.id is not None
    return contact.id


async def test_what_cannot_be_opened_keeps_the_old_key_needed(database: Database, vaulted: Path) -> None:
    lan = await someone(database)
    old = vault_at(database, vaulted)
    await check_keys(database, old.files.sealer, NOW)
    card = await old.put(lan, "id_card", "image", stream(b"card"), NOW)
    (vaulted / card[:2] / card).write_bytes(b"SDV1\x03old" + bytes(60))
    done = await rotate(vault_at(database, vaulted, NEW | OLD), lambda *progress: None, NOW)
    assert done.broken == 1
    with pytest.raises(MissingKeys):
        await check_keys(database, Sealer(NEW), NOW)


async def test_a_state_is_not_readable_in_the_database_and_a_number_not_in_the_chat(database: Database) -> None:
    words = replace(talking(), sealer=Sealer(OLD))
    said = "theo dõi giúp em, số cccd 079 190 001 234"
    async with database.unit() as unit:
        done = await incoming.handle(unit, "web", Incoming("1", "lan", Text(said), said), NOW, words)
        assert done is not None
        await incoming.handle(
            unit, "web", Incoming("2", "lan", Text("PE01000000014"), "PE01000000014"), NOW, words
        )
    async with database.reading() as unit:
        row = (await unit.session.exec(select(Conversation))).one()
        shown = [one.shown for one in (await unit.session.exec(select(Received).order_by("id"))).all()]
    assert list(row.state) == ["sealed"]
    assert "follow" not in row.state["sealed"]
    assert shown == ["theo dõi giúp em, số cccd 0791••••1234", "PE01000000014"]


async def test_a_state_whose_key_is_lost_begins_anew_instead_of_silencing_the_chat(database: Database) -> None:
    lan = await someone(database)
    for keys in (OLD, NEW):
        async with database.unit() as unit:
            words = replace(talking(), sealer=Sealer(keys))
            done = await incoming.handle(unit, "web", Incoming(str(keys), "lan", Text("theo dõi")), NOW, words)
            assert done is not None
            assert done.turn.state.frames[-1].flow == "follow"
    async with database.reading() as unit:
        assert await unit.session.get(Contact, lan)
        with pytest.raises(Exception, match="new"):
            states.text_of(await conversations.state_of(unit, lan), lan, Sealer(OLD))

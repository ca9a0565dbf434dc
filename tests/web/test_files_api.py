"""Staff read a customer's file with a reason; who, why and when is kept, and others read nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientError
from aiohttp.test_utils import TestClient, TestServer

from bot.web.server import WebServices, create_app
from handlers import tokens
from handlers.talking import talking
from handlers.vault import Vault
from store import contacts, vault
from store.db import Database
from store.sealing import Sealer, keys_from, new_key
from store.vault_files import VaultFiles
from tests import cards
from tests.town import NOW

SECRETS = {role: f"sd_a_secret_of_an_{role}" for role in ("operator", "agent", "leader", "admin")}
WHY = {"why": "đối chiếu hồ sơ"}


@pytest.fixture
async def kept(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Vault]:
    database = Database(sqlite_url)
    async with database.unit() as unit:
        for role, secret in SECRETS.items():
            await tokens.issue(unit, f"{role} at the desk", role, secret, NOW)
        await contacts.add(unit, "web", "lan", "Lan", "vi", NOW)
    yield Vault(database, VaultFiles(tmp_path / "vault", Sealer(keys_from(new_key("k1")))))
    await database.close()


@pytest.fixture
async def client(kept: Vault) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    app = create_app(WebServices(kept.database, lambda: NOW, lambda ids: None, talking().speaker, vault=kept))
    async with TestClient(TestServer(app)) as client:
        yield client


async def put(kept: Vault, data: bytes, kind: vault.FileKind = "image") -> str:
    async def stream() -> AsyncIterator[bytes]:
        yield data

    async with kept.database.reading() as unit:
        contact = await contacts.find(unit, "web", "lan")
        assert contact is not None
        assert contact.id is not None
    return await kept.put(contact.id, "id_card", kind, stream(), NOW)


def bearer(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SECRETS[role]}", "Accept-Language": "en"}


async def test_a_file_is_read_with_a_reason_and_the_reading_is_kept(client: TestClient, kept: Vault) -> None:  # type: ignore[type-arg]
    photo, deed = cards.card_photo(), cards.pdf(2_000_000)
    for data, kind, media, shown in (
        (photo, "image", "image/jpeg", "inline"),
        (deed, "pdf", "application/pdf", "attachment"),
    ):
        file_id = await put(kept, data, kind)  # type: ignore[arg-type]
        for role in ("agent", "leader", "admin"):
            async with client.get(f"/api/v1/files/{file_id}", params=WHY, headers=bearer(role)) as answer:
                assert (answer.status, answer.content_type) == (200, media)
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Content-Disposition"].startswith(shown)
                assert await answer.read() == data
        async with kept.database.reading() as unit:
            read = await vault.accesses(unit, file_id)
        assert [(one.who, one.why) for one in read] == [
            (f"{role} at the desk", WHY["why"]) for role in ("agent", "leader", "admin")
        ]


async def test_whoever_has_no_right_no_reason_or_no_file_gets_none(client: TestClient, kept: Vault) -> None:  # type: ignore[type-arg]
    file_id = await put(kept, b"x")
    gone = await put(kept, b"x")
    async with kept.database.unit() as unit:
        await vault.discard(unit, [gone], NOW)
    for headers, path, why, status in (
        ({}, file_id, WHY, 401),
        (bearer("operator"), file_id, WHY, 403),
        (bearer("agent"), file_id, {}, 422),
        (bearer("agent"), file_id, {"why": "  "}, 422),
        (bearer("agent"), gone, WHY, 404),
        (bearer("agent"), "a" * 28, WHY, 404),
        (bearer("agent"), "..%2f..%2fetc", WHY, 404),
    ):
        async with client.get(f"/api/v1/files/{path}", params=why, headers=headers) as answer:
            assert answer.status == status
            assert (await answer.json())["error"]["message"]
    async with kept.database.reading() as unit:
        assert [await vault.accesses(unit, one) for one in (file_id, gone)] == [[], []]


async def test_a_damaged_file_is_never_handed_out_as_a_whole_one(client: TestClient, kept: Vault) -> None:  # type: ignore[type-arg]
    file_id = await put(kept, bytes(3_000_000))
    disk = kept.files.directory / file_id[:2] / file_id
    whole = disk.read_bytes()
    disk.write_bytes(whole[: len(whole) - 70_000])
    with pytest.raises(ClientError):
        async with client.get(f"/api/v1/files/{file_id}", params=WHY, headers=bearer("agent")) as answer:
            await answer.read()
    disk.write_bytes(b"?" + whole[1:])
    async with client.get(f"/api/v1/files/{file_id}", params=WHY, headers=bearer("agent")) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (500, "file.damaged")


async def test_the_operation_is_described_with_its_types_and_its_reason(client: TestClient) -> None:  # type: ignore[type-arg]
    async with client.get("/api/v1/openapi.json") as answer:
        operation = (await answer.json())["paths"]["/api/v1/files/{id}"]["get"]
    assert set(operation["responses"]["200"]["content"]) == {"image/jpeg", "application/pdf"}
    assert [(one["name"], one["required"]) for one in operation["parameters"]] == [("id", True), ("why", True)]
    assert operation["parameters"][0]["schema"] == {"type": "string"}

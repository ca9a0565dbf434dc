"""The vault's use cases: keep a file, read it under a name and a reason, sweep what is over, turn the keys."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from handlers import states
from handlers.rules.retention import retention_at
from store import conversations, sealed_columns, vault
from store.db import Database, Unit
from store.sealing import MissingKeys as MissingKeys
from store.sealing import Sealer, Unopened
from store.vault import FileKind, VaultFile
from store.vault_files import VaultFiles

log = structlog.get_logger(__name__)

# Rows that one unit of work looks at.
_BATCH = 100


class NoSuchFile(Exception):
    """There is no file of that id, or nobody may read it any more."""


@dataclass(frozen=True)
class Reading:
    """A file that is being read; the access is noted in the unit, which is to be committed before the bytes go."""

    file: VaultFile
    pieces: AsyncIterator[bytes]


@dataclass(frozen=True)
class Vault:
    """The sealed files and the rows about them."""

    database: Database
    files: VaultFiles

    async def put(
        self, contact_id: int, purpose: str, kind: FileKind, stream: AsyncIterable[bytes], now: datetime
    ) -> str:
        """Keep what a contact sent; its id. It is an orphan until it is claimed (`store.vault.claim`).

        The row comes first: whatever happens then, the sweep knows of the file. Raises OSError when the disk
        takes nothing; nothing is left then.
        """
        file_id = vault.new_id()
        async with self.database.unit() as unit:
            await vault.add(unit, file_id, contact_id, purpose, kind, now)
        try:
            size = await self.files.write(file_id, stream)
        except BaseException:
            async with self.database.unit() as unit:
                await vault.discard(unit, [file_id], now)
            raise
        async with self.database.unit() as unit:
            await vault.written(unit, file_id, size)
        return file_id

    async def read(self, unit: Unit, file_id: str, who: str, why: str, now: datetime) -> Reading:
        """Read a file under a name and for a reason; both are noted. Raises NoSuchFile."""
        found = await vault.find(unit, file_id)
        if found is None or found.doomed_at is not None or not found.size:
            raise NoSuchFile(file_id)
        await vault.note_access(unit, file_id, who, why, now)
        log.info("file_read", by=who, file=file_id, purpose=found.purpose, request=found.request_code)
        return Reading(found, self.files.read(file_id))

    async def sweep(self, now: datetime) -> int:
        """Delete the files whose time is over; how many were unlinked. Harmless when it is done twice, or dies.

        A row is first marked, so that nobody reads or claims the file, then the file is unlinked, then the row
        says so.
        """
        async with self.database.unit() as unit:
            await vault.discard_due(unit, now)
        await self._sweep_orphans(now)
        swept = 0
        while True:
            async with self.database.reading() as unit:
                ids = await vault.doomed(unit, _BATCH)
            if not ids:
                return swept
            for file_id in ids:
                await self.files.remove(file_id)
            async with self.database.unit() as unit:
                await vault.unlinked(unit, ids, now)
            swept += len(ids)

    async def _sweep_orphans(self, now: datetime) -> None:
        """Those whose form is gone; while an unfinished form holds a file, it stays as long as a draft may."""
        spans, after = retention_at(now.date()), ""
        while True:
            async with self.database.reading() as unit:
                found = await vault.orphans(unit, now - spans.orphan, after, _BATCH)
                over = [one.id for one in found if not await self._drafted(unit, one, now - spans.draft)]
            if not found:
                return
            if over:
                async with self.database.unit() as unit:
                    await vault.discard_orphans(unit, over, now)
            after = found[-1].id

    async def _drafted(self, unit: Unit, file: VaultFile, since: datetime) -> bool:
        if file.created_at < since:
            return False
        kept = await conversations.state_of(unit, file.contact_id)
        try:
            return file.id in states.text_of(kept, file.contact_id, self.files.sealer)
        except Unopened:
            return True  # better a draft's file too many than one too few


async def check_keys(database: Database, sealer: Sealer, now: datetime) -> None:
    """Note the key that seals from now on. Raises MissingKeys when the ring is not whole.

    A database that is away, or has no tables yet, is the matter of others.
    """
    try:
        async with database.unit() as unit:
            missing = await vault.missing_keys(unit, sealer)
            if not missing:
                await vault.note_key(unit, sealer, now)
    except (SQLAlchemyError, OSError) as error:
        log.warning("vault_keys_not_checked", error=type(error).__name__)
        return
    if missing:
        raise MissingKeys(missing)


@dataclass(frozen=True)
class Rotated:
    """What turning the keys did; `broken` could not be opened, and are logged."""

    files: int
    texts: int
    broken: int


Progress = Callable[[str, int, int], None]


async def rotate(vault_: Vault, progress: Progress, now: datetime) -> Rotated:
    """Bring everything under the ring's first key; then the others are needless.

    What is done is not done again, so that it may be stopped and begun anew. The running service must have the
    new key as its first already.
    """
    files, broken_files = await _rotate_files(vault_, progress)
    texts, broken_texts = await _rotate_texts(vault_, progress)
    broken = broken_files + broken_texts
    async with vault_.database.unit() as unit:
        await vault.note_key(unit, vault_.files.sealer, now)
        if not broken:
            await vault.forget_other_keys(unit, vault_.files.sealer)
    return Rotated(files, texts, broken)


async def _rotate_files(vault_: Vault, progress: Progress) -> tuple[int, int]:
    changed, broken, done, after = 0, 0, 0, ""
    while True:
        async with vault_.database.reading() as unit:
            ids = await vault.present(unit, after, _BATCH)
        if not ids:
            return changed, broken
        for file_id in ids:
            try:
                changed += await vault_.files.renew(file_id)
            except (Unopened, FileNotFoundError) as error:
                broken += 1
                log.error("file_not_rotated", file=file_id, error=str(error))
        done, after = done + len(ids), ids[-1]
        progress("files", done, 0)


async def _rotate_texts(vault_: Vault, progress: Progress) -> tuple[int, int]:
    changed = broken = 0
    for column in sealed_columns.COLUMNS:
        done, after = 0, None
        async with vault_.database.reading() as unit:
            total = await sealed_columns.count(unit, column)
        while True:
            async with vault_.database.unit() as unit:
                seen = await sealed_columns.reseal(unit, column, vault_.files.sealer, after, _BATCH)
            if not seen.keys:
                break
            changed, broken = changed + seen.changed, broken + len(seen.broken)
            for key in seen.broken:
                log.error("text_not_rotated", about=column.about, key=key)
            done, after = done + len(seen.keys), seen.keys[-1]
            progress(column.about, done, total)
    return changed, broken

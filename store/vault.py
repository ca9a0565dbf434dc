"""What the vault holds and who read it: the rows beside the sealed files, from arrival to deletion."""

from __future__ import annotations

import secrets
import string
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Index, and_, delete, or_, text, update
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.sealing import Sealer, Unopened
from store.types import BigId, Utc, insert

FileKind: TypeAlias = Literal["image", "pdf"]

_ID_LETTERS = 28  # 131 bits
_PROOF = b"sangden"


class VaultFile(SQLModel, table=True):
    """A file that a customer sent, which stands sealed in the vault's directory under its id.

    purpose: what it was sent for; its retention hangs on it (handlers/rules/retention.toml).
    request_code: the request that it belongs to; without one it is an orphan until its form is sent.
    size: in bytes, as it was before it was sealed; 0 while it is being written.
    doomed_at: no longer to be read, only to be unlinked; deleted_at: unlinked. The row stays, as proof.
    """

    __table_args__ = (
        Index(
            "ix_vaultfile_orphan",
            "created_at",
            sqlite_where=text("request_code IS NULL AND doomed_at IS NULL"),
            postgresql_where=text("request_code IS NULL AND doomed_at IS NULL"),
        ),
        Index(
            "ix_vaultfile_delete_after",
            "delete_after",
            sqlite_where=text("doomed_at IS NULL"),
            postgresql_where=text("doomed_at IS NULL"),
        ),
        Index(
            "ix_vaultfile_doomed",
            "doomed_at",
            sqlite_where=text("doomed_at IS NOT NULL AND deleted_at IS NULL"),
            postgresql_where=text("doomed_at IS NOT NULL AND deleted_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId, index=True)
    purpose: str
    request_code: str | None = Field(default=None, index=True)
    kind: str
    size: int = Field(default=0, sa_type=BigId)
    created_at: datetime = Field(sa_type=Utc)
    delete_after: datetime | None = Field(default=None, sa_type=Utc)
    doomed_at: datetime | None = Field(default=None, sa_type=Utc)
    deleted_at: datetime | None = Field(default=None, sa_type=Utc)


class VaultAccess(SQLModel, table=True):
    """Somebody read a file; `why` in their own words."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    file_id: str = Field(foreign_key="vaultfile.id", index=True)
    who: str
    why: str
    at: datetime = Field(sa_type=Utc)


class VaultKey(SQLModel, table=True):
    """A key that something is sealed with, and a proof of it, so that a ring without it is noticed at once."""

    id: str = Field(primary_key=True)
    proof: str
    since: datetime = Field(sa_type=Utc)


def new_id() -> str:
    """An id that nobody guesses. It has no digits, so that nothing which hides numbers ever mangles it."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(_ID_LETTERS))


# --- files ------------------------------------------------------------------------------------------------


async def add(unit: Unit, file_id: str, contact_id: int, purpose: str, kind: FileKind, now: datetime) -> None:
    """A file is about to be written."""
    unit.session.add(VaultFile(id=file_id, contact_id=contact_id, purpose=purpose, kind=kind, created_at=now))
    await unit.session.flush()


async def written(unit: Unit, file_id: str, size: int) -> None:
    """The file is there, whole."""
    await unit.session.execute(update(VaultFile).where(col(VaultFile.id) == file_id).values(size=size))


async def find(unit: Unit, file_id: str) -> VaultFile | None:
    """The file of that id, deleted ones included."""
    return await unit.session.get(VaultFile, file_id)


async def of_request(unit: Unit, request_code: str) -> Sequence[VaultFile]:
    """The files of a request that can be read, in the order in which they came."""
    query = (
        select(VaultFile)
        .where(VaultFile.request_code == request_code, col(VaultFile.doomed_at).is_(None))
        .order_by(col(VaultFile.created_at), col(VaultFile.id))
    )
    return (await unit.session.exec(query)).all()


async def of_contact(unit: Unit, contact_id: int) -> Sequence[VaultFile]:
    """The files of a contact that can be read, in the order in which they came."""
    query = (
        select(VaultFile)
        .where(VaultFile.contact_id == contact_id, col(VaultFile.doomed_at).is_(None))
        .order_by(col(VaultFile.created_at), col(VaultFile.id))
    )
    return (await unit.session.exec(query)).all()


async def claim(
    unit: Unit, contact_id: int, file_ids: Collection[str], request_code: str, purpose: str, delete_after: datetime
) -> frozenset[str]:
    """Make files belong to a request; the ids of those that do now.

    Missing are files of somebody else, of another request, and those deleted meanwhile.
    """
    result = await unit.session.execute(
        update(VaultFile)
        .where(
            col(VaultFile.id).in_(list(file_ids)),
            col(VaultFile.contact_id) == contact_id,
            or_(col(VaultFile.request_code).is_(None), col(VaultFile.request_code) == request_code),
            col(VaultFile.doomed_at).is_(None),
            col(VaultFile.size) > 0,
        )
        .values(request_code=request_code, purpose=purpose, delete_after=delete_after)
        .returning(col(VaultFile.id))
    )
    return frozenset(result.scalars().all())


async def keep_until(unit: Unit, request_code: str, purpose: str, delete_after: datetime) -> int:
    """Set anew when a request's files of a purpose are to be deleted: it ended, or was opened again."""
    result = await unit.session.execute(
        update(VaultFile)
        .where(
            col(VaultFile.request_code) == request_code,
            col(VaultFile.purpose) == purpose,
            col(VaultFile.doomed_at).is_(None),
        )
        .values(delete_after=delete_after)
        .returning(col(VaultFile.id))
    )
    return len(result.scalars().all())


# --- deletion ---------------------------------------------------------------------------------------------


async def discard(unit: Unit, file_ids: Collection[str], now: datetime) -> int:
    """Nobody can read or claim these from now on; the sweep unlinks them."""
    return await _doom(unit, col(VaultFile.id).in_(list(file_ids)), now)


async def discard_all_of(unit: Unit, contact_id: int, now: datetime) -> int:
    """The same for all that a contact ever sent."""
    return await _doom(unit, col(VaultFile.contact_id) == contact_id, now)


async def discard_due(unit: Unit, now: datetime) -> int:
    """The same for those whose retention is over."""
    return await _doom(unit, col(VaultFile.delete_after) <= now, now)


async def orphans(unit: Unit, before: datetime, after: str, limit: int) -> Sequence[VaultFile]:
    """Files that came before a time and belong to no request, in the order of their ids, from `after` on."""
    query = (
        select(VaultFile)
        .where(
            col(VaultFile.request_code).is_(None),
            col(VaultFile.doomed_at).is_(None),
            col(VaultFile.created_at) < before,
            col(VaultFile.id) > after,
        )
        .order_by(col(VaultFile.id))
        .limit(limit)
    )
    return (await unit.session.exec(query)).all()


async def discard_orphans(unit: Unit, file_ids: Collection[str], now: datetime) -> int:
    """Discard those of the files that still belong to no request."""
    return await _doom(
        unit, and_(col(VaultFile.id).in_(list(file_ids)), col(VaultFile.request_code).is_(None)), now
    )


async def doomed(unit: Unit, limit: int) -> Sequence[str]:
    """Files that are to be unlinked."""
    query = (
        select(VaultFile.id)
        .where(col(VaultFile.doomed_at).is_not(None), col(VaultFile.deleted_at).is_(None))
        .order_by(col(VaultFile.doomed_at))
        .limit(limit)
    )
    return (await unit.session.exec(query)).all()


async def unlinked(unit: Unit, file_ids: Collection[str], now: datetime) -> None:
    """They are gone from the disk."""
    await unit.session.execute(
        update(VaultFile).where(col(VaultFile.id).in_(list(file_ids))).values(deleted_at=now)
    )


async def _doom(unit: Unit, which: object, now: datetime) -> int:
    statement = update(VaultFile).where(which, col(VaultFile.doomed_at).is_(None))  # type: ignore[arg-type]
    result = await unit.session.execute(statement.values(doomed_at=now).returning(col(VaultFile.id)))
    return len(result.scalars().all())


async def present(unit: Unit, after: str, limit: int) -> Sequence[str]:
    """Ids of files that stand in the directory, in order, from `after` on."""
    query = (
        select(VaultFile.id)
        .where(col(VaultFile.id) > after, col(VaultFile.deleted_at).is_(None), col(VaultFile.size) > 0)
        .order_by(col(VaultFile.id))
        .limit(limit)
    )
    return (await unit.session.exec(query)).all()


# --- who read what ----------------------------------------------------------------------------------------


async def note_access(unit: Unit, file_id: str, who: str, why: str, now: datetime) -> None:
    """Somebody is about to read a file."""
    unit.session.add(VaultAccess(file_id=file_id, who=who, why=why, at=now))
    await unit.session.flush()


async def accesses(unit: Unit, *file_ids: str) -> Sequence[VaultAccess]:
    """Who read these files, earliest first."""
    query = select(VaultAccess).where(col(VaultAccess.file_id).in_(file_ids)).order_by(col(VaultAccess.id))
    return (await unit.session.exec(query)).all()


# --- keys -------------------------------------------------------------------------------------------------


async def missing_keys(unit: Unit, sealer: Sealer) -> list[str]:
    """Ids of keys that things are sealed with and that the ring lacks, or has otherwise."""
    return [one.id for one in (await unit.session.exec(select(VaultKey))).all() if not _proves(sealer, one)]


async def note_key(unit: Unit, sealer: Sealer, now: datetime) -> None:
    """The ring's first key seals from now on."""
    proof = sealer.seal(_PROOF, f"key/{sealer.current}")
    values = {"id": sealer.current, "proof": proof, "since": now}
    await unit.session.execute(insert(unit, VaultKey).values(**values).on_conflict_do_nothing())


async def forget_other_keys(unit: Unit, sealer: Sealer) -> None:
    """Nothing is sealed with any other key than the ring's first."""
    await unit.session.execute(delete(VaultKey).where(col(VaultKey.id) != sealer.current))


def _proves(sealer: Sealer, key: VaultKey) -> bool:
    try:
        return sealer.open(key.proof, f"key/{key.id}") == _PROOF
    except Unopened:
        return False

"""API tokens of staff and systems: only their hashes are kept; and the answers given to idempotency keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, delete, update
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Document, Utc, insert


class ApiToken(SQLModel, table=True):
    """A token's name and role; `digest` is the SHA-256 of the secret, which is long and random."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    role: str
    digest: str = Field(unique=True)
    created_at: datetime = Field(sa_type=Utc)
    revoked_at: datetime | None = Field(default=None, sa_type=Utc)


class Answered(SQLModel, table=True):
    """The answer that a token's Idempotency-Key got, to be given again; empty while it is being worked on.

    status: empty as well when the deed is done and `body` says what is still to be counted for its answer.
    """

    __table_args__ = (UniqueConstraint("token_id", "key"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    token_id: int = Field(foreign_key="apitoken.id")
    key: str
    fingerprint: str
    status: int | None = None
    body: dict[str, Any] | None = Field(default=None, sa_type=Document)
    at: datetime = Field(sa_type=Utc, index=True)


async def add(unit: Unit, name: str, role: str, digest: str, now: datetime) -> None:
    """Keep a new token; a name that exists gets the new secret and role."""
    statement = insert(unit, ApiToken).values(name=name, role=role, digest=digest, created_at=now)
    await unit.session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"role": role, "digest": digest, "created_at": now, "revoked_at": None},
        )
    )


async def by_digest(unit: Unit, digest: str) -> ApiToken | None:
    """The token of that secret, unless it was revoked."""
    query = select(ApiToken).where(ApiToken.digest == digest, col(ApiToken.revoked_at).is_(None))
    return (await unit.session.exec(query)).first()


async def begin_answer(unit: Unit, token_id: int, key: str, fingerprint: str, now: datetime) -> Answered | None:
    """Claim an idempotency key within this unit; None when it is new, else what was answered before."""
    added = await unit.session.execute(
        insert(unit, Answered)
        .values(token_id=token_id, key=key, fingerprint=fingerprint, at=now)
        .on_conflict_do_nothing()
        .returning(col(Answered.id))
    )
    if added.scalar() is not None:
        return None
    query = select(Answered).where(Answered.token_id == token_id, Answered.key == key)
    return (await unit.session.exec(query)).one()


async def keep_answer(unit: Unit, token_id: int, key: str, status: int | None, body: dict[str, Any]) -> None:
    """Remember what was answered; without a status, what is left to do before it can be."""
    await unit.session.execute(
        update(Answered)
        .where(col(Answered.token_id) == token_id, col(Answered.key) == key)
        .values(status=status, body=body)
    )


async def forget_answers(unit: Unit, before: datetime) -> None:
    """Drop answers given before that time."""
    await unit.session.execute(delete(Answered).where(col(Answered.at) < before))

"""Wishes of customers about their own data, with the time within which the law wants them done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc


class CaseState(StrEnum):
    """ASKED: a deletion that can still be taken back; ERASED: only the address is left, for the last word."""

    ASKED = "asked"
    ERASED = "erased"
    DONE = "done"
    TAKEN_BACK = "taken_back"


class PrivacyCase(SQLModel, table=True):
    """One wish. next_at: when the clock goes on with it, empty once it needs no clock."""

    __table_args__ = (
        Index(
            "ix_privacycase_next",
            "next_at",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    code: str = Field(unique=True)
    contact_id: int = Field(foreign_key="contact.id", index=True, sa_type=BigId)
    wish: str
    about: str = ""
    state: str
    asked_at: datetime = Field(sa_type=Utc)
    answer_by: datetime = Field(sa_type=Utc)
    done_by: datetime = Field(sa_type=Utc)
    done_at: datetime | None = Field(default=None, sa_type=Utc)
    next_at: datetime | None = Field(default=None, sa_type=Utc)


async def deletion_of(unit: Unit, contact_id: int, lock: bool = False) -> PrivacyCase | None:
    """The contact's deletion that can still be taken back."""
    query = select(PrivacyCase).where(
        PrivacyCase.contact_id == contact_id, PrivacyCase.wish == "delete", PrivacyCase.state == CaseState.ASKED
    )
    return (await unit.session.exec(query.with_for_update() if lock else query)).first()


async def by_id(unit: Unit, case_id: int, lock: bool = False) -> PrivacyCase | None:
    """That wish, locked if it is about to be done."""
    query = select(PrivacyCase).where(PrivacyCase.id == case_id)
    return (await unit.session.exec(query.with_for_update() if lock else query)).first()


async def due(unit: Unit, now: datetime, limit: int) -> Sequence[tuple[int, int]]:
    """Deletions that are to go on, as (case, contact).

    Not locked: an event holds its contact first and then, perhaps, its case; who goes on with one does as well.
    """
    query = (
        select(PrivacyCase.id, PrivacyCase.contact_id)
        .where(col(PrivacyCase.next_at) <= now)
        .order_by(col(PrivacyCase.next_at))
        .limit(limit)
    )
    return [(case, contact) for case, contact in (await unit.session.exec(query)).all() if case is not None]


async def still_due(unit: Unit, case_id: int, now: datetime) -> PrivacyCase | None:
    """The case, locked, unless it was taken back or gone on with meanwhile."""
    query = select(PrivacyCase).where(PrivacyCase.id == case_id, col(PrivacyCase.next_at) <= now)
    return (await unit.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()


async def page(unit: Unit, open_only: bool, limit: int, before: int | None) -> Sequence[PrivacyCase]:
    """Wishes, the newest first; `open_only` those that are not done."""
    query = select(PrivacyCase).order_by(col(PrivacyCase.id).desc()).limit(limit)
    if open_only:
        query = query.where(col(PrivacyCase.done_at).is_(None))
    if before is not None:
        query = query.where(col(PrivacyCase.id) < before)
    return (await unit.session.exec(query)).all()

"""What staff must look at themselves: opened by the service, and open until somebody acknowledges it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import Document, Utc, insert

_OPEN = text("acknowledged_at IS NULL")


class Escalation(SQLModel, table=True):
    """One matter for staff. kind: why it is one; subject: the code of what it is about. One is open for each two.

    reason: what its text, `escalation.<kind>`, fills in, and lists that belong to it. note: what whoever
    acknowledged it did about it.
    """

    __table_args__ = (
        Index("uq_escalation_open", "kind", "subject", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_escalation_subject", "subject"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    reason: dict[str, Any] = Field(sa_type=Document)
    opened_at: datetime = Field(sa_type=Utc)
    acknowledged_at: datetime | None = Field(default=None, sa_type=Utc)
    acknowledged_by: str = ""
    note: str = ""


async def open_(unit: Unit, kind: str, subject: str, reason: Mapping[str, Any], now: datetime) -> None:
    """Open an escalation; one that is open already gets the newer reason."""
    await unit.session.execute(
        insert(unit, Escalation)
        .values(kind=kind, subject=subject, reason=dict(reason), opened_at=now, acknowledged_by="", note="")
        .on_conflict_do_update(
            index_elements=["kind", "subject"], index_where=_OPEN, set_={"reason": dict(reason)}
        )
    )


async def by_id(unit: Unit, escalation_id: int, lock: bool = False) -> Escalation | None:
    """That escalation, locked if it is about to be acknowledged."""
    query = select(Escalation).where(Escalation.id == escalation_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.exec(query)).first()


async def of_subject(unit: Unit, kind: str, subject: str, still_open: bool = False) -> Sequence[Escalation]:
    """All of one kind about a subject, oldest first: acknowledged ones as well, or the open one, locked."""
    query = select(Escalation).where(Escalation.kind == kind, Escalation.subject == subject)
    if still_open:
        query = query.where(col(Escalation.acknowledged_at).is_(None)).with_for_update()
    return (await unit.session.exec(query.order_by(col(Escalation.id)))).all()


async def page(
    unit: Unit, acknowledged: bool | None, kind: str | None, limit: int, before: int | None
) -> Sequence[Escalation]:
    """Escalations, newest first, a page at a time (`before` is the id the last page ended with)."""
    query = select(Escalation).order_by(col(Escalation.id).desc()).limit(limit)
    if acknowledged is not None:
        at = col(Escalation.acknowledged_at)
        query = query.where(at.is_not(None) if acknowledged else at.is_(None))
    if kind:
        query = query.where(Escalation.kind == kind)
    if before:
        query = query.where(col(Escalation.id) < before)
    return (await unit.session.exec(query)).all()

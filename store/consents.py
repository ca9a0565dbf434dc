"""Consents that contacts gave by a tap, with the proof, and the withdrawal of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index, text, update
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc


class Consent(SQLModel, table=True):
    """That a contact agreed to a purpose, in the words of a version of the text, in a language.

    proof: the platform's id of the event that was the tap, as `received` knows it. At most one stands for each
    purpose and version: a withdrawn one stays as history.
    """

    __table_args__ = (
        Index(
            "uq_consent_standing",
            "contact_id",
            "purpose",
            "version",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    contact_id: int = Field(foreign_key="contact.id", index=True, sa_type=BigId)
    purpose: str
    version: str
    language: str
    proof: str
    given_at: datetime = Field(sa_type=Utc)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Utc)


async def standing(unit: Unit, contact_id: int) -> Sequence[Consent]:
    """The consents of a contact that are not withdrawn, oldest first."""
    query = (
        select(Consent)
        .where(Consent.contact_id == contact_id, col(Consent.withdrawn_at).is_(None))
        .order_by(col(Consent.id))
    )
    return (await unit.session.exec(query)).all()


async def all_of(unit: Unit, contact_id: int) -> Sequence[Consent]:
    """Every consent of a contact, also those withdrawn, oldest first."""
    query = select(Consent).where(Consent.contact_id == contact_id).order_by(col(Consent.id))
    return (await unit.session.exec(query)).all()


async def give(unit: Unit, consent: Consent) -> None:
    """Keep a consent; one that stands already for the same purpose and version stays as it is."""
    stands = select(Consent.id).where(
        Consent.contact_id == consent.contact_id,
        Consent.purpose == consent.purpose,
        Consent.version == consent.version,
        col(Consent.withdrawn_at).is_(None),
    )
    if (await unit.session.exec(stands)).first() is None:
        unit.session.add(consent)
        await unit.session.flush()


async def withdraw(unit: Unit, contact_id: int, purpose: str, now: datetime) -> int:
    """The contact agrees to a purpose no longer; how many consents stood."""
    done = await unit.session.execute(
        update(Consent)
        .where(
            col(Consent.contact_id) == contact_id,
            col(Consent.purpose) == purpose,
            col(Consent.withdrawn_at).is_(None),
        )
        .values(withdrawn_at=now)
        .execution_options(synchronize_session="fetch")
    )
    return int(getattr(done, "rowcount", 0))

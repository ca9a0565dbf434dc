"""What businesses propose instead of a planned window, and what staff answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Document, Utc


class ProposalState(StrEnum):
    """OPEN waits for staff, COUNTERED for the customer; the others are the end of it.

    OVERTAKEN: the window was moved, called off or begun before an answer.
    """

    OPEN = "open"
    COUNTERED = "countered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"


# What somebody is still to answer.
PENDING = (ProposalState.OPEN, ProposalState.COUNTERED)


class Proposal(SQLModel, table=True):
    """A business asks for another time of one window: up to three windows, and why.

    window: the window as it was then. windows, counter: [start, end] in ISO 8601. chosen: which of `windows` was
    accepted, from 1. why: what staff said. overrides: rules that staff set aside for the counter-proposal, as
    {"rule", "why"}. refused: why the window the customer agreed to could not be any more, so that it is with staff
    again: texts of the staff catalog, as {"key", "values"}.
    """

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    outage_id: int = Field(foreign_key="outage.id", index=True)
    slot: int
    window: list[str] = Field(sa_type=Document)
    contact_id: int = Field(foreign_key="contact.id", index=True, sa_type=BigId)
    customer_code: str
    windows: list[list[str]] = Field(sa_type=Document)
    reason: str
    state: str = Field(default=ProposalState.OPEN, index=True)
    counter: list[str] | None = Field(default=None, sa_type=Document)
    overrides: list[dict[str, str]] = Field(default_factory=list, sa_type=Document)
    chosen: int | None = None
    refused: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=Document, sa_column_kwargs={"server_default": "[]"}
    )
    why: str = ""
    answered_by: str = ""
    answered_at: datetime | None = Field(default=None, sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)
    at: datetime = Field(sa_type=Utc)


async def by_id(unit: Unit, proposal_id: int, lock: bool = False) -> Proposal | None:
    """That proposal, locked if it is about to be answered."""
    query = select(Proposal).where(Proposal.id == proposal_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.exec(query)).first()


async def add(unit: Unit, proposal: Proposal) -> None:
    """Keep a new proposal."""
    unit.session.add(proposal)
    await unit.session.flush()


async def of_contact(unit: Unit, contact_id: int, asked: str) -> Proposal | None:
    """This contact's proposal of that id or code, or with `last` their newest that somebody is to answer."""
    query = select(Proposal).where(Proposal.contact_id == contact_id)
    if asked == "last":
        query = query.where(col(Proposal.state).in_(PENDING)).order_by(col(Proposal.id).desc())
    elif asked.isdecimal() and len(asked) < 10:
        query = query.where(Proposal.id == int(asked))
    else:
        query = query.where(Proposal.code == asked)
    return (await unit.session.exec(query.limit(1))).first()


async def pending_on(
    unit: Unit, outage_id: int, slot: int, contact_id: int | None = None, but: int | None = None
) -> Sequence[Proposal]:
    """Unanswered proposals about one window, of one contact only if one is named, locked, oldest first."""
    query = select(Proposal).where(
        Proposal.outage_id == outage_id, Proposal.slot == slot, col(Proposal.state).in_(PENDING)
    )
    if contact_id is not None:
        query = query.where(Proposal.contact_id == contact_id)
    if but is not None:
        query = query.where(col(Proposal.id) != but)
    query = query.order_by(col(Proposal.id)).with_for_update().execution_options(populate_existing=True)
    return (await unit.session.exec(query)).all()


async def pending(unit: Unit, after: int, limit: int) -> Sequence[Proposal]:
    """Unanswered proposals by id, a page at a time."""
    query = (
        select(Proposal)
        .where(col(Proposal.state).in_(PENDING), col(Proposal.id) > after)
        .order_by(col(Proposal.id))
        .limit(limit)
    )
    return (await unit.session.exec(query)).all()


async def page(
    unit: Unit, state: str | None, outage_id: int | None, limit: int, before: int | None
) -> Sequence[Proposal]:
    """Proposals, newest first, a page at a time (`before` is the id the last page ended with)."""
    query = select(Proposal).order_by(col(Proposal.id).desc()).limit(limit)
    if state:
        query = query.where(Proposal.state == state)
    if outage_id:
        query = query.where(Proposal.outage_id == outage_id)
    if before:
        query = query.where(col(Proposal.id) < before)
    return (await unit.session.exec(query)).all()

"""What businesses propose instead of a planned window, and what staff answered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from store.types import BigId, Document, Utc


class ProposalState(StrEnum):
    """OPEN waits for staff, COUNTERED for the customer; the others are the end of it."""

    OPEN = "open"
    COUNTERED = "countered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Proposal(SQLModel, table=True):
    """A business asks for another time of one window: up to three windows, and why.

    windows, counter: [start, end] in ISO 8601. chosen: which of `windows` was accepted (from 0).
    """

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    outage_id: int = Field(foreign_key="outage.id", index=True)
    slot: int
    contact_id: int = Field(foreign_key="contact.id", index=True, sa_type=BigId)
    customer_code: str
    windows: list[list[str]] = Field(sa_type=Document)
    reason: str
    state: str = Field(default=ProposalState.OPEN, index=True)
    counter: list[str] | None = Field(default=None, sa_type=Document)
    chosen: int | None = None
    why: str = ""
    answered_by: str = ""
    answered_at: datetime | None = Field(default=None, sa_type=Utc)
    expires_at: datetime = Field(sa_type=Utc)
    at: datetime = Field(sa_type=Utc)

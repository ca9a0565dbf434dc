"""What customers report of their supply, and the incidents that many reports suggest."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from store.types import BigId, Document, Utc


class ReportState(StrEnum):
    """OPEN: nobody has found what it belongs to; TIED: it belongs to an outage; CLOSED: it is settled."""

    OPEN = "open"
    TIED = "tied"
    CLOSED = "closed"


class SuggestionState(StrEnum):
    """What staff made of a suggested incident."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Report(SQLModel, table=True):
    """One report of a customer: that power is out or is still out, or that something is dangerous.

    place: its name as words of the catalog. customer_code, ward_code: what is known of the place, and the
    transformer and feeder that serve it. answers: the questions of the first-line triage.
    heard: the outage it is tied to was told in the answer to the report itself.
    """

    __table_args__ = (
        Index(
            "ix_report_open",
            "at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_report_outage", "outage_id", "contact_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    code: str = Field(unique=True)
    contact_id: int = Field(foreign_key="contact.id", index=True, sa_type=BigId)
    target: str = ""
    place: dict[str, Any] | None = Field(default=None, sa_type=Document)
    label: str = ""
    customer_code: str | None = None
    ward_code: str | None = None
    transformer_code: str | None = Field(default=None, index=True)
    feeder_code: str | None = Field(default=None, index=True)
    urgent: bool = False
    still_out: bool = False
    answers: dict[str, Any] = Field(sa_type=Document)
    state: str = ReportState.OPEN
    outage_id: int | None = Field(default=None, foreign_key="outage.id")
    suggestion_id: int | None = Field(default=None, foreign_key="suggestion.id")
    heard: bool = False
    at: datetime = Field(sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)


class Suggestion(SQLModel, table=True):
    """An incident that reports on one transformer or feeder suggest; staff confirm or dismiss it."""

    __table_args__ = (
        Index(
            "uq_suggestion_open",
            "kind",
            "code",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    code: str
    state: str = Field(default=SuggestionState.OPEN, index=True)
    reports: int
    first_at: datetime = Field(sa_type=Utc)
    updated_at: datetime = Field(sa_type=Utc)
    outage_id: int | None = Field(default=None, foreign_key="outage.id")
    settled_by: str = ""
    why: str = ""

"""The notices of planned outages that are still to come, and those that went out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, delete, text
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc


class NoticeState(StrEnum):
    """DUE waits for its time; WORTHLESS came too late to be said."""

    DUE = "due"
    DONE = "done"
    WORTHLESS = "worthless"


class Notice(SQLModel, table=True):
    """One notice of a planned outage and its time; who gets it is found when it is due.

    slot, begins_at: the window it is about; a first notice (PLAN) names them all and is about the next one.
    segment: whom a first notice is for. lead: `day` or `hour` of a reminder, "" else.
    wanted_by: when it should have been out by law or promise; late: it was planned after that.
    """

    __table_args__ = (
        Index(
            "ix_notice_due",
            "due_at",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    outage_id: int = Field(foreign_key="outage.id", index=True)
    stage: str
    slot: int
    begins_at: datetime = Field(sa_type=Utc)
    segment: str = ""
    lead: str = ""
    due_at: datetime = Field(sa_type=Utc)
    worthless_after: datetime = Field(sa_type=Utc)
    wanted_by: datetime | None = Field(default=None, sa_type=Utc)
    late: bool = False
    state: str = NoticeState.DUE
    said_at: datetime | None = Field(default=None, sa_type=Utc)


async def replace_due(unit: Unit, outage_id: int, notices: Iterable[Notice]) -> None:
    """What is still to come for an outage is these notices, instead of those planned before."""
    await unit.session.execute(
        delete(Notice).where(col(Notice.outage_id) == outage_id, col(Notice.state) == NoticeState.DUE)
    )
    unit.session.add_all(notices)


async def of_outage(unit: Unit, outage_id: int) -> Sequence[Notice]:
    """All notices of an outage, in the order of their times."""
    query = select(Notice).where(Notice.outage_id == outage_id).order_by(col(Notice.due_at), col(Notice.id))
    return (await unit.session.exec(query)).all()


async def outages_due(unit: Unit, now: datetime, limit: int) -> Sequence[int]:
    """The outages that have a notice due, the longest due first."""
    query = (
        select(Notice.outage_id)
        .where(Notice.state == NoticeState.DUE, col(Notice.due_at) <= now)
        .order_by(col(Notice.due_at), col(Notice.id))
        .limit(limit)
    )
    return list(dict.fromkeys((await unit.session.exec(query)).all()))


async def due_of(unit: Unit, outage_id: int, now: datetime) -> Sequence[Notice]:
    """The notices of an outage that are due, in the order of their times."""
    query = (
        select(Notice)
        .where(Notice.outage_id == outage_id, Notice.state == NoticeState.DUE, col(Notice.due_at) <= now)
        .order_by(col(Notice.due_at), col(Notice.id))
    )
    return (await unit.session.exec(query)).all()

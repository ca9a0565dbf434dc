"""What customers answered about finished requests, who was asked when, and whom staff have to call back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Index, and_, case, func, text
from sqlalchemy import select as select_columns
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc

# The face of who is content.
HAPPY = 3


class Survey(SQLModel, table=True):
    """One request's survey: asked once, reminded of once at most, answered once.

    The faces are 3 (happy), 2, 1; space is empty where nobody came to an office. remind_at: when that is due.
    request_code is empty once the customer's data was deleted: the figures stay, nobody is in them.
    follow_up_by: until when somebody of staff calls about an unhappy answer; followed_up_at, _by, _note: who did.
    """

    __table_args__ = (
        Index(
            "ix_survey_remind",
            "remind_at",
            sqlite_where=text("remind_at IS NOT NULL"),
            postgresql_where=text("remind_at IS NOT NULL"),
        ),
        Index(
            "ix_survey_follow_up",
            "follow_up_by",
            sqlite_where=text("follow_up_by IS NOT NULL AND followed_up_at IS NULL"),
            postgresql_where=text("follow_up_by IS NOT NULL AND followed_up_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    request_code: str | None = Field(default=None, unique=True)
    contact_id: int | None = Field(default=None, index=True, sa_type=BigId)
    service: str
    company: str | None = None
    channel: str
    invited_at: datetime = Field(sa_type=Utc)
    remind_at: datetime | None = Field(default=None, sa_type=Utc)
    answered_at: datetime | None = Field(default=None, sa_type=Utc, index=True)
    attitude: int | None = None
    procedure: int | None = None
    space: int | None = None
    score: int | None = None
    words: str = ""
    follow_up_by: datetime | None = Field(default=None, sa_type=Utc)
    followed_up_at: datetime | None = Field(default=None, sa_type=Utc)
    followed_up_by: str = ""
    follow_up_note: str = ""


async def of_request(unit: Unit, code: str, lock: bool = False) -> Survey | None:
    """The survey about a request, if its customer was asked."""
    query = select(Survey).where(Survey.request_code == code)
    return (await unit.session.exec(query.with_for_update() if lock else query)).first()


async def newest_open(unit: Unit, contact_id: int) -> Survey | None:
    """The survey that a contact was asked last and has not answered."""
    query = select(Survey).where(Survey.contact_id == contact_id, col(Survey.answered_at).is_(None))
    return (await unit.session.exec(query.order_by(col(Survey.id).desc()).limit(1))).first()


async def by_id(unit: Unit, survey_id: int, lock: bool = False) -> Survey | None:
    query = select(Survey).where(Survey.id == survey_id)
    return (await unit.session.exec(query.with_for_update() if lock else query)).first()


async def to_remind(unit: Unit, now: datetime, limit: int) -> Sequence[Survey]:
    """Surveys whose reminder is due, locked; those that another process reminds of are left out."""
    query = (
        select(Survey)
        .where(col(Survey.remind_at) <= now)
        .order_by(col(Survey.remind_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await unit.session.exec(query)).all()


async def page(unit: Unit, unhappy_open: bool, limit: int, before: int | None) -> Sequence[Survey]:
    """Answered surveys, the newest first; `unhappy_open` only those that somebody has still to call about."""
    query = select(Survey).where(col(Survey.answered_at).is_not(None))
    if unhappy_open:
        query = query.where(col(Survey.follow_up_by).is_not(None), col(Survey.followed_up_at).is_(None))
    if before is not None:
        query = query.where(col(Survey.id) < before)
    return (await unit.session.exec(query.order_by(col(Survey.id).desc()).limit(limit))).all()


async def answered_between(unit: Unit, start: datetime, end: datetime) -> Sequence[Survey]:
    """All surveys answered within a time, the end left out."""
    query = select(Survey).where(col(Survey.answered_at) >= start, col(Survey.answered_at) < end)
    return (await unit.session.exec(query.order_by(col(Survey.id)))).all()


@dataclass(frozen=True)
class Counted:
    """What the answers of a time add up to: how many gave a face or a score, how many faces were happy (3)."""

    answered: int
    attitudes: int
    happy_attitudes: int
    procedures: int
    happy_procedures: int
    spaces: int
    happy_spaces: int
    scores: int
    score_sum: int
    unhappy: int
    to_follow_up: int


async def counted_between(unit: Unit, start: datetime, end: datetime) -> Counted:
    """The sums over the surveys answered within a time, the end left out."""
    faces = (col(Survey.attitude), col(Survey.procedure), col(Survey.space))
    unhappy, score = col(Survey.follow_up_by).is_not(None), cast(Any, Survey.score)
    sums: list[ColumnElement[int]] = [func.count()]
    for face in faces:
        sums += [func.count(face), func.sum(case((face == HAPPY, 1), else_=0))]
    sums += [
        func.count(score),
        func.sum(score),
        func.sum(case((unhappy, 1), else_=0)),
        func.sum(case((and_(unhappy, col(Survey.followed_up_at).is_(None)), 1), else_=0)),
    ]
    query = select_columns(*sums).where(col(Survey.answered_at) >= start, col(Survey.answered_at) < end)
    row = (await unit.session.execute(query)).one()
    return Counted(*(int(figure or 0) for figure in row))


async def asked_between(unit: Unit, start: datetime, end: datetime) -> int:
    """How many customers were asked within a time, the end left out."""
    query = select(func.count()).select_from(Survey).where(Survey.invited_at >= start, Survey.invited_at < end)
    return int((await unit.session.exec(query)).one())

"""What is due at a time: the durable table that ticks read, so that nothing is lost over a restart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index, delete
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc, insert


class Due(SQLModel, table=True):
    """One thing to do at a time: `what` names the tick's function, `about` its subject; both together once."""

    __table_args__ = (Index("ix_due_at", "what", "due_at"), Index("uq_due", "what", "about", unique=True))

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    what: str
    about: str
    due_at: datetime = Field(sa_type=Utc)


async def plan(unit: Unit, what: str, about: str, due_at: datetime) -> None:
    """Do `what` about a subject at that time; an earlier plan for the same is moved."""
    statement = insert(unit, Due).values(what=what, about=about, due_at=due_at)
    await unit.session.execute(
        statement.on_conflict_do_update(index_elements=["what", "about"], set_={"due_at": due_at})
    )


async def drop(unit: Unit, what: str, about: str) -> bool:
    """Plan no longer; whether it was planned."""
    result = await unit.session.execute(delete(Due).where(col(Due.what) == what, col(Due.about) == about))
    return bool(getattr(result, "rowcount", 0))


async def take(unit: Unit, what: str, now: datetime, limit: int = 100) -> Sequence[Due]:
    """Remove and return what is due; within the unit, so that it is due again if the unit fails."""
    due = (
        await unit.session.exec(
            select(Due)
            .where(Due.what == what, col(Due.due_at) <= now)
            .order_by(col(Due.due_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()
    await unit.session.execute(delete(Due).where(col(Due.id).in_([one.id for one in due])))
    return due

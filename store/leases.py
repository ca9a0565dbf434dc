"""Which process sends for which channel account: a row that one holds and another can take over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, or_
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import Utc, insert


class Lease(SQLModel, table=True):
    """The right to be the only one who does `what`, until a time."""

    what: str = Field(primary_key=True)
    holder: str
    until: datetime = Field(sa_type=Utc)


async def take(
    unit: Unit, what: str, holder: str, now: datetime, until: datetime, dead: Iterable[str] = ()
) -> bool:
    """Hold `what` until a time, if it is free, ours, run out, or held by one of the `dead`."""
    statement = insert(unit, Lease).values(what=what, holder=holder, until=until)
    taken = await unit.session.execute(
        statement.on_conflict_do_update(
            index_elements=["what"],
            set_={"holder": holder, "until": until},
            where=or_(col(Lease.holder) == holder, col(Lease.until) < now, col(Lease.holder).in_(list(dead))),
        ).returning(col(Lease.holder))
    )
    return taken.scalar() == holder


async def holder_of(unit: Unit, what: str) -> str | None:
    """Who holds it, whether or not the time is up."""
    return (await unit.session.exec(select(Lease.holder).where(Lease.what == what))).first()


async def release(unit: Unit, what: str, holder: str) -> None:
    """Let it go, so that another process need not wait."""
    await unit.session.execute(delete(Lease).where(col(Lease.what) == what, col(Lease.holder) == holder))

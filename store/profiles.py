"""What a contact told of themselves in an earlier request, sealed, so that nobody is asked for it again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Field, SQLModel, col

from store.db import Unit
from store.types import BigId, Utc, insert


class Profile(SQLModel, table=True):
    """Answers of one contact by question, as sealed JSON; there is none without consent, and none in plain."""

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", sa_type=BigId)
    sealed: str
    updated_at: datetime = Field(sa_type=Utc)


async def of_contact(unit: Unit, contact_id: int) -> Profile | None:
    """The profile of a contact, if one is kept."""
    return await unit.session.get(Profile, contact_id, populate_existing=True)


async def keep(unit: Unit, contact_id: int, sealed: str, now: datetime) -> None:
    """Keep a profile in the place of the one before."""
    values = {"sealed": sealed, "updated_at": now}
    statement = insert(unit, Profile).values(contact_id=contact_id, **values)
    await unit.session.execute(statement.on_conflict_do_update(index_elements=["contact_id"], set_=values))


async def forget(unit: Unit, contact_id: int) -> None:
    """Keep nothing of a contact any longer."""
    await unit.session.execute(delete(Profile).where(col(Profile.contact_id) == contact_id))

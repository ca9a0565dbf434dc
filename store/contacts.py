"""The people at the other end of a channel: where they are reached, in which language, whether they can be."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import UniqueConstraint, bindparam, false, true, update
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc, insert


class Contact(SQLModel, table=True):
    """One person at one channel; `asleep_since` is set while the platform says they cannot be reached.

    remind_day, remind_hour: whether a planned outage is told once more a day, an hour before it begins.
    quiet_from, quiet_to: local hours (0 to 23) between which planned notices wait for the morning.
    calendar_version: counts how often the link to their calendar was replaced.
    """

    __table_args__ = (UniqueConstraint("channel", "address"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    channel: str
    address: str
    name: str = ""
    language: str = "vi"
    created_at: datetime = Field(sa_type=Utc)
    seen_at: datetime = Field(sa_type=Utc)
    asleep_since: datetime | None = Field(default=None, sa_type=Utc)
    asleep_why: str = ""
    remind_day: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    remind_hour: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    quiet_from: int | None = None
    quiet_to: int | None = None
    calendar_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


_AT = (
    select(Contact)
    .where(Contact.channel == bindparam("channel"), Contact.address == bindparam("address"))
    # Weaker than FOR UPDATE, so that rows which refer to the contact can be written meanwhile: a tick that holds a
    # row which this event wants next, and writes such a row, would else wait for the event as the event for it.
    .with_for_update(key_share=True)
)


async def at(unit: Unit, channel: str, address: str) -> Contact | None:
    """The contact at that address, its row locked against another event of the same person."""
    return (await unit.session.execute(_AT, {"channel": channel, "address": address})).scalars().first()


async def hold(unit: Unit, contact_id: int) -> None:
    """Keep events of that contact waiting until the unit ends, and wait for one that is being handled."""
    await unit.session.execute(select(Contact.id).where(Contact.id == contact_id).with_for_update(key_share=True))


async def find(unit: Unit, channel: str, address: str) -> Contact | None:
    """The contact at that address, only to be read."""
    found = await unit.session.exec(select(Contact).where(Contact.channel == channel, Contact.address == address))
    return found.first()


async def by_ids(unit: Unit, contact_ids: Collection[int]) -> dict[int, Contact]:
    """Contacts by their ids, only to be read."""
    if not contact_ids:
        return {}
    found = await unit.session.exec(select(Contact).where(col(Contact.id).in_(contact_ids)))
    return {one.id: one for one in found if one.id is not None}


async def moved(unit: Unit, contact_id: int, address: str) -> None:
    """The platform gave the person a new address."""
    await unit.session.execute(update(Contact).where(col(Contact.id) == contact_id).values(address=address))


async def asleep(unit: Unit, contact_id: int, why: str, now: datetime) -> None:
    """The person cannot be reached; pushes pause until they write again."""
    await unit.session.execute(
        update(Contact)
        .where(col(Contact.id) == contact_id, col(Contact.asleep_since).is_(None))
        .values(asleep_since=now, asleep_why=why[:200])
    )


async def add(unit: Unit, channel: str, address: str, name: str, language: str, now: datetime) -> Contact:
    """A contact seen for the first time; another process may have been faster, then that one is returned."""
    statement = insert(unit, Contact).values(
        channel=channel,
        address=address,
        name=name[:100],
        language=language,
        created_at=now,
        seen_at=now,
        asleep_why="",
    )
    await unit.session.execute(statement.on_conflict_do_nothing())
    contact = await at(unit, channel, address)
    assert contact is not None
    return contact


async def speaks(unit: Unit, contact_id: int, language: str) -> None:
    """The contact chose a language."""
    await unit.session.execute(update(Contact).where(col(Contact.id) == contact_id).values(language=language))


async def remind(unit: Unit, contact_id: int, day: bool | None = None, hour: bool | None = None) -> None:
    """The contact wants these reminders; None leaves one as it is."""
    wished = {name: wish for name, wish in (("remind_day", day), ("remind_hour", hour)) if wish is not None}
    if wished:
        await unit.session.execute(update(Contact).where(col(Contact.id) == contact_id).values(**wished))


async def quiet(unit: Unit, contact_id: int, hours: tuple[int, int] | None) -> None:
    """The contact wants rest between these local hours (0 to 23), or at no time."""
    begins, ends = hours or (None, None)
    await unit.session.execute(
        update(Contact).where(col(Contact.id) == contact_id).values(quiet_from=begins, quiet_to=ends)
    )


async def replace_calendar(unit: Unit, contact_id: int) -> None:
    """The links to the contact's calendar given out so far open nothing any more."""
    await unit.session.execute(
        update(Contact)
        .where(col(Contact.id) == contact_id)
        .values(calendar_version=col(Contact.calendar_version) + 1)
    )

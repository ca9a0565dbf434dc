"""The places that contacts follow: a customer's meter or a whole ward, under a label of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint, delete, func, update
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc, insert


class Subscription(SQLModel, table=True):
    """A place one contact follows; `target` is `c:<customer code>` or `w:<ward code>`.

    The code stands in a column of its own as well, because the audience of an outage is found by joins.
    """

    __table_args__ = (
        UniqueConstraint("contact_id", "target"),
        CheckConstraint("(customer_code IS NULL) <> (ward_code IS NULL)", name="one_place"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    target: str
    customer_code: str | None = Field(default=None, foreign_key="customer.code", index=True)
    ward_code: str | None = Field(default=None, foreign_key="ward.code", index=True)
    label: str
    paused_until: datetime | None = Field(default=None, sa_type=Utc)
    paused: bool = False
    created_at: datetime = Field(sa_type=Utc)


async def of_contact(unit: Unit, contact_id: int) -> Sequence[Subscription]:
    """What a contact follows, in the order in which they began."""
    query = select(Subscription).where(Subscription.contact_id == contact_id).order_by(col(Subscription.id))
    return (await unit.session.exec(query)).all()


async def owned(unit: Unit, contact_id: int, subscription_id: int) -> Subscription | None:
    """That subscription, if it is this contact's."""
    query = select(Subscription).where(Subscription.id == subscription_id, Subscription.contact_id == contact_id)
    return (await unit.session.exec(query)).first()


async def add(unit: Unit, contact_id: int, target: str, label: str, now: datetime) -> bool:
    """Follow a place; false when it was followed already (it then gets the new label and is awake)."""
    kind, _, code = target.partition(":")
    before = await unit.session.exec(
        select(Subscription.id).where(Subscription.contact_id == contact_id, Subscription.target == target)
    )
    known = before.first() is not None
    statement = insert(unit, Subscription).values(
        contact_id=contact_id,
        target=target,
        customer_code=code if kind == "c" else None,
        ward_code=code if kind == "w" else None,
        label=label,
        paused=False,
        paused_until=None,
        created_at=now,
    )
    await unit.session.execute(
        statement.on_conflict_do_update(
            index_elements=["contact_id", "target"],
            set_={"label": label, "paused": False, "paused_until": None},
        )
    )
    return not known


async def rename(unit: Unit, subscription_id: int, label: str) -> None:
    """Give a place another label."""
    await unit.session.execute(
        update(Subscription).where(col(Subscription.id) == subscription_id).values(label=label)
    )


async def pause(unit: Unit, subscription_id: int, until: datetime | None) -> None:
    """Hold the messages of a place, until a time or until the contact resumes it."""
    await unit.session.execute(
        update(Subscription).where(col(Subscription.id) == subscription_id).values(paused=True, paused_until=until)
    )


async def resume(unit: Unit, subscription_id: int) -> None:
    """Let the messages of a place flow again."""
    await unit.session.execute(
        update(Subscription).where(col(Subscription.id) == subscription_id).values(paused=False, paused_until=None)
    )


async def remove(unit: Unit, subscription_id: int) -> None:
    """Stop following a place."""
    await unit.session.execute(delete(Subscription).where(col(Subscription.id) == subscription_id))


async def count(unit: Unit) -> int:
    """How many places are followed."""
    return (await unit.session.exec(select(func.count()).select_from(Subscription))).one()

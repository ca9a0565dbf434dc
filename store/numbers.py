"""Running numbers that customers and staff name things by."""

from __future__ import annotations

from sqlmodel import Field, SQLModel, col

from store.db import Unit
from store.types import BigId, insert


class Counter(SQLModel, table=True):
    """The last number given under a name."""

    name: str = Field(primary_key=True)
    value: int = Field(sa_type=BigId)


async def following(unit: Unit, name: str) -> int:
    """The next number under a name; it is given once, or not at all if the unit fails."""
    statement = insert(unit, Counter).values(name=name, value=1)
    found = await unit.session.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": col(Counter.value) + 1}).returning(
            col(Counter.value)
        )
    )
    return int(found.scalar_one())

"""How many customers there were in a month, by feeder, company and segment: what indices are divided by."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, insert, literal, select
from sqlmodel import Field, SQLModel, col

from store.customers import Customer
from store.db import Unit

COMPANY_LENGTH = 6  # characters at the beginning of a customer code that name the power company
_AT_A_TIME = 5_000  # rows of one statement


class Census(SQLModel, table=True):
    """The customers of one company and segment on one feeder; `month` is written 2026-11."""

    month: str = Field(primary_key=True)
    feeder_code: str = Field(primary_key=True)
    company: str = Field(primary_key=True)
    segment: str = Field(primary_key=True)
    customers: int


async def take(unit: Unit, month: str) -> None:
    """Count the customers who are not gone, in place of what was counted in that month before."""
    company = func.substr(col(Customer.code), 1, COMPANY_LENGTH)
    by = (col(Customer.feeder_code), company, col(Customer.segment))
    # Through the index on feeders SQLite would fetch a million rows in no order of theirs.
    counted = select(literal(month), *by, func.count()).with_hint(Customer, "NOT INDEXED", "sqlite")
    await unit.run(delete(Census).where(col(Census.month) == month))
    await unit.run(
        insert(Census).from_select(
            ["month", "feeder_code", "company", "segment", "customers"],
            counted.where(~col(Customer.gone)).group_by(*by),
        )
    )


async def put(unit: Unit, month: str, counted: Mapping[tuple[str, str, str], int]) -> None:
    """What `take` does, for who has counted all customers already: by feeder, company and segment."""
    await unit.run(delete(Census).where(col(Census.month) == month))
    rows = [
        {"month": month, "feeder_code": feeder, "company": company, "segment": segment, "customers": customers}
        for (feeder, company, segment), customers in counted.items()
        if customers
    ]
    for start in range(0, len(rows), _AT_A_TIME):
        await unit.run(insert(Census), rows[start : start + _AT_A_TIME])

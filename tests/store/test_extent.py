"""What a scope comes to is counted as it is, whoever shares a feeder."""

from __future__ import annotations

import pytest
from sqlalchemy import text, update
from sqlmodel import col

from store import extent
from store.customers import Customer
from store.db import Unit
from store.extent import Scope
from tests.town import BEN_THANH, FACTORY, FEEDER, HOME, OTHER_FEEDER, SAI_GON, SHOP, THU_DUC, built

Counts = dict[tuple[str, str, str], tuple[int, int]]


async def found_in(url: str, scope: Scope) -> tuple[Counts, list[str], tuple[str, ...]]:
    async with built(url) as town:
        async with town.database.unit() as unit:
            # A second company serves a neighbour on the same feeder.
            unit.session.add(
                Customer(
                    code="PE02000000001",
                    name="",
                    phone="",
                    address="",
                    ward_code=BEN_THANH,
                    feeder_code=FEEDER,
                    transformer_code="BT-01",
                )
            )
            important = update(Customer).where(col(Customer.code) == SHOP).values(important=True)
            await unit.session.execute(important)
            await _serve_business(unit, FACTORY)
        async with town.database.reading() as unit:
            found = await extent.of(unit, 1, scope)
    counts = {(one.feeder_code, one.company, one.segment): (one.customers, one.important) for one in found.impact}
    return counts, sorted(found.wards), found.heard_in


async def _serve_business(unit: Unit, code: str) -> None:
    await unit.session.execute(update(Customer).where(col(Customer.code) == code).values(segment="business"))


@pytest.mark.parametrize(
    "named", [Scope(feeders=(FEEDER,)), Scope(wards=(BEN_THANH, SAI_GON))], ids=["feeder", "wards"]
)
async def test_customers_are_counted_by_feeder_company_and_segment(migrated_url: str, named: Scope) -> None:
    counts, wards, heard_in = await found_in(migrated_url, named)

    assert counts == {
        (FEEDER, "PE0100", "household"): (2, 1),
        (FEEDER, "PE0100", "business"): (1, 0),
        (FEEDER, "PE0200", "household"): (1, 0),
    }
    assert wards == sorted([BEN_THANH, SAI_GON]) == sorted(heard_in)


async def test_an_extent_is_read_from_an_index_alone_on_sqlite(migrated_url: str) -> None:
    """For one column that it lacks a million rows would be fetched, which takes seconds before the first push."""
    async with built(migrated_url) as town, town.database.reading() as unit:
        if unit.dialect != "sqlite":
            return  # PostgreSQL decides by the size of the table, which is small here.
        counting = extent._by_ward(Scope(feeders=(FEEDER, OTHER_FEEDER)))
        bind = unit.session.get_bind()
        written = counting.compile(dialect=bind.dialect, compile_kwargs={"literal_binds": True})
        plan = [row.detail for row in await unit.run(text(f"EXPLAIN QUERY PLAN {written}"))]
    assert plan == ["SEARCH customer USING COVERING INDEX ix_customer_extent (feeder_code=?)"]


async def test_the_ward_of_a_single_customer_is_named_but_does_not_hear(migrated_url: str) -> None:
    counts, wards, heard_in = await found_in(migrated_url, Scope(feeders=(OTHER_FEEDER,), customers=(HOME,)))

    assert counts == {(FEEDER, "PE0100", "household"): (1, 0), (OTHER_FEEDER, "PE0100", "household"): (1, 0)}
    assert wards == sorted([BEN_THANH, THU_DUC])
    assert heard_in == (THU_DUC,)

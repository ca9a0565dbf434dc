"""Who an outage touches is found as staff mean it, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from store.contacts import Contact
from store.customers import Customer
from store.db import Database
from store.extent import Scope
from store.outbox import Status
from store.subscriptions import Subscription
from tests.town import (
    BEN_THANH,
    FACTORY,
    FAR_HOME,
    FEEDER,
    HOME,
    NOW,
    OTHER_FEEDER,
    SAI_GON,
    SHOP,
    THU_DUC,
    Told,
    Town,
    built,
)


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


@pytest.mark.parametrize(
    ("scope", "customers", "people"),
    [
        (Scope(feeders=(FEEDER,)), 3, ["factory", "home", "in Bến Thành", "in Sài Gòn", "shop"]),
        (Scope(transformers=("BT-01",)), 1, ["home", "in Bến Thành"]),
        (Scope(wards=(BEN_THANH,)), 2, ["home", "in Bến Thành", "shop"]),
        (Scope(customers=(HOME,)), 1, ["home"]),
        (Scope(transformers=("TD-01",), customers=(HOME, FACTORY)), 3, ["factory", "far", "home"]),
        (Scope(feeders=(FEEDER,), wards=(BEN_THANH,), customers=(SHOP,)), 3, None),
    ],
    ids=["feeder", "transformer", "ward", "customer", "a mix", "an overlapping mix"],
)
async def test_a_scope_touches_its_customers_and_the_followers_of_its_wards(
    town: Town, scope: Scope, customers: int, people: list[str] | None
) -> None:
    await town.resident("home", f"c:{HOME}")
    await town.resident("shop", f"c:{SHOP}")
    await town.resident("factory", f"c:{FACTORY}")
    await town.resident("far", f"c:{FAR_HOME}")
    await town.resident("in Bến Thành", f"w:{BEN_THANH}")
    await town.resident("in Sài Gòn", f"w:{SAI_GON}")

    done = await town.publish(scope)

    told = [who for who, _ in await town.heard()]
    assert told == (people or ["factory", "home", "in Bến Thành", "in Sài Gòn", "shop"])
    assert (done.recipients, done.outage.affected_customers) == (len(told), customers)


async def test_a_ward_is_named_in_part_unless_all_of_it_is_meant(town: Town) -> None:
    done = await town.publish(Scope(transformers=("BT-02",), wards=(BEN_THANH,)))

    assert done.outage.area == [
        {"ward": SAI_GON, "name": "Phường Sài Gòn", "part": True},
        {"ward": BEN_THANH, "name": "Phường Bến Thành", "part": False},
    ]


async def test_several_places_of_one_person_are_one_delivery_with_all_labels_in_order(town: Town) -> None:
    await town.resident("An", f"c:{FAR_HOME} Nhà vườn", f"w:{BEN_THANH} Phố", f"c:{SHOP} Tiệm", f"c:{HOME} Nhà")
    await town.resident("Bình", f"c:{HOME} Nhà “B”", f"c:{FACTORY} Xưởng")

    await town.publish(Scope(feeders=(FEEDER,)))

    assert await town.told() == [
        Told("An", "incident", 1, ("Phố", "Tiệm", "Nhà")),
        Told("Bình", "incident", 1, ("Nhà “B”", "Xưởng")),
    ]


async def test_paused_places_and_sleeping_people_are_left_alone(town: Town) -> None:
    await town.block(await town.resident("blocked", f"c:{HOME}"))
    await town.pause(await town.resident("on holiday", f"c:{HOME}"))
    await town.pause(await town.resident("back tomorrow", f"c:{HOME}"), NOW + timedelta(days=1))
    await town.pause(await town.resident("back since", f"c:{HOME}"), NOW - timedelta(minutes=1))
    await town.unfollow(await town.resident("gone", f"c:{HOME}"))

    done = await town.publish(Scope(customers=(HOME,)))

    assert await town.heard() == [("back since", "incident")]
    assert done.recipients == 1


async def test_what_is_written_is_due_at_once_and_worthless_after_a_day(town: Town) -> None:
    await town.resident("home", f"c:{HOME}", channel="web")
    await town.publish(Scope(customers=(HOME,)))

    town.now = NOW + timedelta(hours=24)
    assert await town.claim() == []
    town.now = NOW
    assert len(await town.claim()) == 1


async def test_a_small_audience_is_found_through_indexes(town: Town) -> None:
    """Among thousands of places, an outage of one meter reads the few it needs."""
    meters = [f"PE02{number:09}" for number in range(1, 1_001)]
    async with town.database.unit() as unit:
        unit.session.add_all(
            Customer(
                code=code,
                name="",
                phone="",
                address="",
                ward_code=THU_DUC,
                feeder_code=OTHER_FEEDER,
                transformer_code="TD-01",
            )
            for code in meters
        )
        await unit.session.flush()
        unit.session.add_all(
            Contact(id=number, channel="web", address=f"n{number}", created_at=NOW, seen_at=NOW)
            for number in range(1, 3_001)
        )
        await unit.session.flush()
        unit.session.add_all(
            Subscription(
                contact_id=number,
                target=f"c:{meters[number % 1_000]}",
                customer_code=meters[number % 1_000],
                label="Nhà",
                created_at=NOW,
            )
            for number in range(1, 3_001)
        )
        await unit.session.flush()
        await unit.session.execute(text("ANALYZE"))

    with plans_of(town.database) as plans:
        await town.publish(Scope(customers=(meters[7],)))

    assert await town.heard(Status.DUE) == [("", "incident")] * 3
    # Whether they are many, how many, and who.
    assert len(plans) == 3
    for plan in plans:
        assert "Seq Scan on subscription" not in plan
        assert "SCAN subscription" not in plan


@contextmanager
def plans_of(database: Database) -> Iterator[list[str]]:
    """How the database goes about each statement that reads subscriptions."""
    engine, plans = database.engine.sync_engine, list[str]()
    explaining = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "subscription" in statement and not statement.startswith(explaining):
            rows = connection.exec_driver_sql(explaining + statement, parameters).fetchall()
            plans.append("\n".join(str(row) for row in rows))

    event.listen(engine, "before_cursor_execute", explain)
    yield plans
    event.remove(engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("ward", [THU_DUC])
async def test_a_ward_where_nobody_is_served_is_an_area_all_the_same(town: Town, ward: str) -> None:
    async with town.database.unit() as unit:
        await unit.session.execute(text("DELETE FROM customer WHERE ward_code = :ward").bindparams(ward=ward))
    await town.resident("in Thủ Đức", f"w:{ward}")

    done = await town.publish(Scope(wards=(ward,)))

    assert (done.outage.affected_customers, done.recipients) == (0, 1)
    assert done.outage.area == [{"ward": ward, "name": "Phường Thủ Đức", "part": False}]

"""Who an outage touches is found as staff mean it, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from store.audience import Scope
from store.contacts import Contact
from store.outbox import Status
from store.subscriptions import Subscription
from tests.town import (
    BEN_THANH,
    FACTORY,
    FAR_HOME,
    FEEDER,
    HOME,
    NOW,
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
    labels = [f"Phòng {number}" for number in range(30, 0, -1)]
    await town.resident("landlady", f"c:{FAR_HOME} Nhà vườn", f"w:{BEN_THANH} Phố", f"c:{SHOP} Tiệm", f"c:{HOME} Nhà")
    await town.resident("other", *(f"c:{code} {label}" for code, label in zip((HOME, SHOP), labels, strict=False)))

    await town.publish(Scope(feeders=(FEEDER,)))

    assert await town.told() == [
        Told("landlady", "incident", 1, ("Phố", "Tiệm", "Nhà")),
        Told("other", "incident", 1, ("Phòng 30", "Phòng 29")),
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
    async with town.database.unit() as unit:
        unit.session.add_all(
            Contact(id=number, channel="web", address=f"n{number}", created_at=NOW, seen_at=NOW)
            for number in range(1, 3_001)
        )
        await unit.session.flush()
        unit.session.add_all(
            Subscription(
                contact_id=number,
                target=f"c:{FAR_HOME}" if number > 3 else f"c:{HOME}",
                customer_code=FAR_HOME if number > 3 else HOME,
                label="Nhà",
                created_at=NOW,
            )
            for number in range(1, 3_001)
        )
        await unit.session.flush()
        await unit.session.execute(text("ANALYZE"))

    statements: list[str] = []
    plans = await _plans_of(town, statements)

    assert await town.heard(Status.DUE) == [("", "incident")] * 3
    assert plans
    for plan in plans:
        assert "Seq Scan on subscription" not in plan
        assert "SCAN subscription" not in plan


async def _plans_of(town: Town, statements: list[str]) -> list[str]:
    """Publish for one meter, and explain each statement that reads subscriptions."""
    from sqlalchemy import event

    engine = town.database.engine.sync_engine
    plans: list[str] = []

    def explain(connection, cursor, statement, parameters, context, executemany) -> None:  # type: ignore[no-untyped-def]
        if "subscription" not in statement or statement.startswith("EXPLAIN"):
            return
        prefix = "EXPLAIN QUERY PLAN " if town.database.is_sqlite else "EXPLAIN "
        rows = connection.exec_driver_sql(prefix + statement, parameters).fetchall()
        plans.append("\n".join(str(row) for row in rows))

    event.listen(engine, "before_cursor_execute", explain)
    try:
        await town.publish(Scope(customers=(HOME,)))
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    return plans


@pytest.mark.parametrize("ward", [THU_DUC])
async def test_a_ward_where_nobody_is_served_is_an_area_all_the_same(town: Town, ward: str) -> None:
    async with town.database.unit() as unit:
        await unit.session.execute(text("DELETE FROM customer WHERE ward_code = :ward").bindparams(ward=ward))
    await town.resident("in Thủ Đức", f"w:{ward}")

    done = await town.publish(Scope(wards=(ward,)))

    assert (done.outage.affected_customers, done.recipients) == (0, 1)
    assert done.outage.area == [{"ward": ward, "name": "Phường Thủ Đức", "part": False}]

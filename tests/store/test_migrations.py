"""A database of the first release keeps all that it holds when it is brought up to date."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from store import contacts, outbox
from store.db import Database
from store.migrate import config, differences, upgrade_engine
from tests.town import NOW

AT = NOW
Rows = Sequence[Mapping[str, Any]]
# One row of each table that 0002 changes or refers to, and of those that refer to it.
HELD: Mapping[str, Rows] = {
    "ward": [{"code": "26743", "name": "Phường Bến Thành", "folded": "ben thanh"}],
    "substation": [{"code": "S", "name": "Trạm S"}],
    "feeder": [{"code": "471-BT", "name": "471", "substation_code": "S"}],
    "transformer": [{"code": "BT-01", "name": "BT 01", "feeder_code": "471-BT"}],
    "customer": [
        {
            "code": "PE01000000001",
            "name": "Nguyễn Văn An",
            "phone": "0900000001",
            "address": "12 Lê Lợi",
            "house": "12",
            "street": "le loi",
            "ward_code": "26743",
            "feeder_code": "471-BT",
            "transformer_code": "BT-01",
            "segment": "household",
            "important": False,
        }
    ],
    "contact": [
        {
            "id": number,
            "channel": "web",
            "address": f"a{number}",
            "name": "An",
            "language": "vi",
            "created_at": AT,
            "seen_at": AT,
            "asleep_why": "",
        }
        for number in (1, 2)
    ],
    "subscription": [
        {
            "id": 1,
            "contact_id": 1,
            "target": "c:PE01000000001",
            "customer_code": "PE01000000001",
            "label": "Nhà",
            "paused": False,
            "created_at": AT,
        }
    ],
    "outage": [
        {
            "id": 1,
            "code": "SC-1",
            "kind": "incident",
            "state": "published",
            "revision": 1,
            "area": [],
            "affected_customers": 1,
            "published_at": AT,
            "published_by": "anh Ba",
            "updated_at": AT,
        }
    ],
    "outageslot": [{"id": 1, "outage_id": 1, "number": 1, "starts_at": AT}],
    "outagescope": [{"id": 1, "outage_id": 1, "kind": "feeder", "code": "471-BT"}],
    "outagerevision": [
        {"id": 1, "outage_id": 1, "revision": 1, "stage": "incident", "at": AT, "by": "anh Ba", "content": {}}
    ],
    # The third says of the same revision what the second says, which no rule of the first release forbade.
    "message": [
        {"id": 1, "words": {}, "priority": 0, "spread_after": 0, "created_at": AT},
        *(
            {
                "id": number,
                "words": {},
                "outage_id": 1,
                "revision": 1,
                "stage": "incident",
                "priority": 10,
                "spread_after": 0,
                "created_at": AT,
            }
            for number in (2, 3)
        ),
    ],
    "delivery": [
        {
            "id": number,
            "message_id": number,
            "contact_id": contact,
            "channel": "web",
            "status": "sent",
            "priority": 0,
            "due_at": AT,
            "attempts": 1,
            "dedupe_key": f"k{number}",
            "created_at": AT,
        }
        for number, contact in ((1, 1), (2, 1), (3, 2))
    ],
}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of the first release, with rows."""
    opened = Database(database_url)
    async with opened.engine.begin() as connection:
        await connection.run_sync(_first_release)
    yield opened
    await opened.close()


async def test_every_row_of_the_first_release_is_kept(database: Database) -> None:
    before = await _rows(database)

    await upgrade_engine(database.engine)

    after = await _rows(database)
    for table, rows in before.items():
        kept = [{name: row[name] for name in old} for old, row in zip(rows, after[table], strict=True)]
        assert kept == rows, table
    assert [row["part"] for row in after["message"]] == ["", "", "twin3"]
    assert [(row["state"], row["changed_in"]) for row in after["outageslot"]] == [("on", 1)]
    assert [row["cause_class"] for row in after["outage"]] == ["unknown"]
    assert [(row["remind_day"], row["remind_hour"]) for row in after["contact"]] == [(1, 0), (1, 0)]
    assert await differences(database.engine) == []


async def test_the_keys_of_the_first_release_still_keep_a_reply_from_being_said_twice(database: Database) -> None:
    await upgrade_engine(database.engine)
    async with database.unit() as unit:
        contact = await contacts.find(unit, "web", "a1")
        assert contact is not None
        await outbox.add_reply(unit, contact, {}, "k1", NOW)
        await outbox.add_reply(unit, contact, {}, "k4", NOW)

    assert [row["dedupe_key"] for row in (await _rows(database))["delivery"]] == ["k1", "k2", "k3", "k4"]


async def test_rows_that_refer_to_nothing_are_refused_as_before(database: Database) -> None:
    await upgrade_engine(database.engine)
    with pytest.raises(IntegrityError):
        async with database.unit() as unit:
            await unit.run(text("UPDATE subscription SET contact_id = 99"))


def _first_release(connection: Connection) -> None:
    command.upgrade(config(connection), "0001")
    for name, rows in HELD.items():
        table = Table(name, MetaData(), autoload_with=connection)
        for row in rows:
            connection.execute(insert(table), dict(row))
        if connection.dialect.name == "postgresql" and "id" in rows[0]:
            # Rows were given their ids here: the next one that is not must not be given the same.
            connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
            )


async def _rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    def read(connection: Connection) -> dict[str, list[dict[str, Any]]]:
        found = {}
        for name in HELD:
            table = Table(name, MetaData(), autoload_with=connection)
            rows = connection.execute(select(table).order_by(*table.primary_key)).mappings()
            found[name] = [dict(row) for row in rows]
        return found

    async with database.engine.connect() as connection:
        return await connection.run_sync(read)


async def test_planned_work_is_classed_so_and_windows_of_proposals_count_from_one(database: Database) -> None:
    await upgrade_engine(database.engine, "0002")
    async with database.engine.begin() as connection:
        await connection.run_sync(_with_proposals)

    await upgrade_engine(database.engine)

    async with database.engine.connect() as connection:
        chosen = (await connection.execute(text("SELECT chosen, refused FROM proposal ORDER BY id"))).all()
        classes = (await connection.execute(text("SELECT kind, cause_class FROM outage ORDER BY id"))).all()
    assert [one.chosen for one in chosen] == [1, None]
    assert {str(one.refused) for one in chosen} == {"[]"}
    assert [tuple(one) for one in classes] == [("incident", "unknown"), ("planned", "planned")]


def _with_proposals(connection: Connection) -> None:
    """Planned work, a proposal whose first window was accepted, counted from 0, and one that waits."""
    outage = Table("outage", MetaData(), autoload_with=connection)
    row = {**HELD["outage"][0], "id": 2, "code": "KH-2", "kind": "planned"}
    connection.execute(insert(outage), row)
    proposal = Table("proposal", MetaData(), autoload_with=connection)
    for number, chosen in ((1, 0), (2, None)):
        asked = {
            "id": number,
            "code": f"DG-{number}",
            "outage_id": 2,
            "slot": 1,
            "window": [],
            "contact_id": 1,
            "customer_code": "PE01000000001",
            "windows": [],
            "reason": "",
            "state": "accepted" if number == 1 else "open",
            "overrides": [],
            "chosen": chosen,
            "why": "",
            "answered_by": "",
            "expires_at": AT,
            "at": AT,
        }
        connection.execute(insert(proposal), asked)

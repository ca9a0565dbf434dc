"""The customer file: what is good goes in, what is not is told by line, and nobody loses a subscription."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from handlers import customer_import
from handlers.csv_file import BLOCK_BYTES, Unusable, open_csv
from handlers.customer_import import Options, Report
from handlers.demo import build
from handlers.rules.addresses import parse_address
from handlers.rules.customer_rows import COLUMNS
from handlers.rules.stored_addresses import StoredAddresses, street_as_written
from handlers.rules.ward_names import read_wards
from handlers.talking import WARD_TABLE, ZONE
from store import customers
from store.db import Database
from store.extent import Scope
from tests.town import BEN_THANH, FACTORY, FAR_HOME, FEEDER, HOME, NOW, OTHER_FEEDER, SERVED, SHOP, Town, built

NEWCOMER = "PE01000000009"
WARDS = read_wards(WARD_TABLE)
Row = dict[str, str]


def row(code: str, **changes: str) -> Row:
    """A customer as the town has it, or a newcomer beside the shop."""
    ward, feeder, transformer = SERVED.get(code, SERVED[SHOP])
    return {
        "customer_code": code,
        "name": "Nguyễn Văn A",
        "phone": "0901234567",
        "address": "1 Lê Lợi",
        "ward_code": ward,
        "feeder_code": feeder,
        "transformer_code": transformer,
        "segment": "household",
        "important": "0",
        **changes,
    }


def everyone(**changes: Row) -> list[Row]:
    return [changes.get(code, row(code)) for code in SERVED]


def written(path: Path, rows: Iterable[Row], columns: Iterable[str] = COLUMNS, start: str = "") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(start)
        out = csv.DictWriter(file, list(columns), extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
    return path


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


@asynccontextmanager
async def another(town: Town) -> AsyncIterator[Database]:
    """The import is another process than the service, with connections of its own."""
    database = Database(town.database.url.render_as_string(hide_password=False))
    try:
        yield database
    finally:
        await database.close()


async def imported(town: Town, path: Path, *, dry_run: bool = False, remove_gone: bool = False) -> Report:
    options = Options(path.with_suffix(".bad.csv"), dry_run, remove_gone)
    async with another(town) as database:
        return await customer_import.run(database, path, WARDS, options, NOW, ZONE, lambda *_: None)


async def kept(town: Town, columns: str = "*", of: str = "customer", order: str = "1") -> list[tuple[object, ...]]:
    async with town.database.reading() as unit:
        found = await unit.run(text(f"SELECT {columns} FROM {of} ORDER BY {order}"))
        return [tuple(one) for one in found]


def refused(path: Path) -> dict[int, str]:
    with path.with_suffix(".bad.csv").open(encoding="utf-8", errors="replace", newline="") as file:
        return {int(one["line"]): one["reason"] for one in csv.DictReader(file)}


# --- what changes ------------------------------------------------------------------------------------------


async def test_the_same_file_again_changes_nothing(town: Town, tmp_path: Path) -> None:
    file = written(tmp_path / "c.csv", everyone())
    first = await imported(town, file)
    before = await kept(town), await kept(town, of="street")
    again = await imported(town, file)

    assert first.found.changed == 4  # house and street, which the town was built without
    assert (again.found.unchanged, again.found.differs, again.gone) == (4, False, 0)
    assert (await kept(town), await kept(town, of="street")) == before


async def test_new_changed_moved_and_gone_are_told_apart(town: Town, tmp_path: Path) -> None:
    await imported(town, written(tmp_path / "c.csv", everyone()))
    rows = [
        row(HOME, name="Trần Thị B"),
        row(SHOP, transformer_code="BT-01"),
        row(FACTORY),
        row(
            NEWCOMER, feeder_code="479-NEW", transformer_code="NEW-01", address="7/2 Đường số 5, Phường Bến Thành"
        ),
    ]
    dry = await imported(town, written(tmp_path / "d.csv", rows), dry_run=True)
    unchanged = await kept(town)
    done = await imported(town, tmp_path / "d.csv")

    for report in (dry, done):
        found = report.found
        assert (found.new, found.changed, found.moved, found.unchanged, report.gone) == (1, 1, 1, 1, 1)
        assert (report.new_feeders, report.new_transformers) == (1, 1)
    assert len(unchanged) == 4
    assert await kept(town, "house, street, important", f"customer WHERE code = '{NEWCOMER}'") == [
        ("7/2", "duong so 5", False)
    ]
    assert ("Đường số 5", "duong so 5") in await kept(town, "name, folded", "street")
    assert await kept(town, "code", "customer WHERE gone") == [(FAR_HOME,)]


async def test_a_dry_run_writes_nothing_at_all(town: Town, tmp_path: Path) -> None:
    tables = ("customer", "ward", "feeder", "transformer", "street", "census")
    before = [await kept(town, of=table) for table in tables]
    await imported(
        town, written(tmp_path / "c.csv", [row(NEWCOMER, feeder_code="F", transformer_code="T")]), dry_run=True
    )
    assert [await kept(town, of=table) for table in tables] == before


async def test_who_is_gone_is_found_no_more_and_comes_back_with_a_later_file(town: Town, tmp_path: Path) -> None:
    await imported(town, written(tmp_path / "c.csv", [row(HOME), row(SHOP), row(FACTORY)]))
    async with town.database.reading() as unit:
        assert await customers.by_code(unit, FAR_HOME) is None
        assert await customers.known_codes(unit, [HOME, FAR_HOME]) == {HOME}
        assert await customers.count(unit) == 3

    report = await imported(town, written(tmp_path / "c.csv", everyone()))
    async with town.database.reading() as unit:
        assert await customers.by_code(unit, FAR_HOME) is not None
    assert report.found.back == 1


async def test_more_than_half_are_not_marked_as_gone_unless_that_is_asked_for(town: Town, tmp_path: Path) -> None:
    file = written(tmp_path / "c.csv", [row(HOME)])
    left = await imported(town, file)
    assert (left.gone, left.kept_back) == (0, 3)
    assert await kept(town, "code", "customer WHERE gone") == []

    done = await imported(town, file, remove_gone=True)
    assert (done.gone, done.kept_back) == (3, 0)
    assert len(await kept(town, "code", "customer WHERE gone")) == 3


async def test_a_customer_whose_row_is_bad_is_not_gone(town: Town, tmp_path: Path) -> None:
    rows = everyone(**{FAR_HOME: row(FAR_HOME, phone="call me")})
    report = await imported(town, written(tmp_path / "c.csv", rows))
    assert (report.good, report.bad.count, report.gone) == (3, 1, 0)


async def test_who_moves_takes_their_subscriptions_along(town: Town, tmp_path: Path) -> None:
    await town.resident("An", f"c:{HOME} Nhà")
    await town.resident("Bình", f"c:{SHOP} Tiệm")
    moved = row(HOME, feeder_code=OTHER_FEEDER, transformer_code="TD-01")
    await imported(town, written(tmp_path / "c.csv", everyone(**{HOME: moved})))

    await town.publish(Scope(feeders=(OTHER_FEEDER,)))
    assert await town.heard() == [("An", "incident")]
    await town.publish(Scope(feeders=(FEEDER,)))
    assert await town.heard() == [("An", "incident"), ("Bình", "incident")]


async def test_a_transformer_on_another_feeder_is_moved_with_all_its_customers(town: Town, tmp_path: Path) -> None:
    rows = [row(HOME), row(SHOP, feeder_code=OTHER_FEEDER), row(FAR_HOME)]
    report = await imported(town, written(tmp_path / "c.csv", rows))  # the factory, on BT-02 too, is missing

    assert report.moved_transformers == 1
    assert await kept(town, "feeder_code", "transformer WHERE code = 'BT-02'") == [(OTHER_FEEDER,)]
    assert await kept(town, "code, gone", f"customer WHERE feeder_code = '{OTHER_FEEDER}'") == [
        (SHOP, False),
        (FACTORY, True),
        (FAR_HOME, False),
    ]


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_first_file_fills_an_empty_database_and_leaves_its_indexes(
    migrated_url: str, tmp_path: Path, backwards: bool
) -> None:
    """Sorted by code, its rows go straight in; else they must be staged, as it may name a code twice."""
    async with built(migrated_url) as town:
        async with town.database.unit() as unit:
            await unit.run(text("DELETE FROM customer"))
        rows = [row(f"PE0100000{number:04}") for number in range(2_000)]
        rows.append(row("PE09000000000", feeder_code="479-NEW", transformer_code="NEW-01", segment="business"))
        await imported(
            town, written(tmp_path / "c.csv", sorted(rows, key=itemgetter("customer_code"), reverse=backwards))
        )
        names = (
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'customer' AND sql IS NOT NULL"
            if town.database.is_sqlite
            else "SELECT indexname FROM pg_indexes WHERE tablename = 'customer' AND indexname LIKE 'ix%'"
        )
        assert len(await kept(town, of=f"({names}) AS named")) == 5
        assert await kept(town, "count(*)") == [(2_001,)]
        if town.database.is_sqlite:
            assert await kept(town, of="pragma_foreign_key_check") == []
        if not town.database.is_sqlite:
            foreign = "pg_constraint WHERE conrelid = 'customer'::regclass AND contype = 'f'"
            assert await kept(town, "count(*)", foreign) == [(3,)]


@pytest.mark.parametrize("strange", [{}, {"phone": "x"}, {"customer_code": SHOP}])
async def test_the_census_that_is_counted_while_reading_is_that_of_the_customers(
    town: Town, tmp_path: Path, strange: Row
) -> None:
    """Whether it can be trusted, or rows were left out and the database counts."""
    await imported(town, written(tmp_path / "c.csv", [*everyone(), row(NEWCOMER, segment="industrial") | strange]))
    counted = await kept(town, "feeder_code, company, segment, customers", "census", "1, 2, 3")
    by = "feeder_code, substr(code, 1, 6), segment"
    customers_now = f"(SELECT {by}, count(*) FROM customer WHERE NOT gone GROUP BY {by}) AS counted"
    assert counted == await kept(town, "*", customers_now, "1, 2, 3")


async def test_the_census_counts_who_is_there_by_feeder_company_and_segment(town: Town, tmp_path: Path) -> None:
    rows = [row(HOME), row(SHOP, segment="business"), row(FACTORY)]
    for _ in range(2):
        await imported(town, written(tmp_path / "c.csv", rows))
    assert await kept(town, "*", "census", "segment") == [
        ("2026-11", FEEDER, "PE0100", "business", 1),
        ("2026-11", FEEDER, "PE0100", "household", 2),
    ]


# --- bad rows ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"customer_code": "PE0100000000"}, "customer_code is not P"),
        ({"customer_code": ""}, "no customer_code"),
        ({"phone": "901234567"}, "may have dropped its first 0"),
        ({"phone": "nhà riêng"}, "phone is no number"),
        ({"ward_code": "1"}, "unknown ward_code “1”"),
        ({"ward_code": ""}, "no ward_code"),
        ({"segment": "factory"}, "unknown segment “factory”"),
        ({"important": "yes"}, "important is “yes” instead of 0 or 1"),
        ({"name": " "}, "no name"),
        ({"address": ""}, "no address"),
        ({"feeder_code": ""}, "no feeder_code"),
        ({"transformer_code": ""}, "no transformer_code"),
        ({"name": "A\0B"}, "a NUL character"),
        ({"name": "x" * 501}, "name is longer than 500 characters"),
    ],
)
async def test_a_bad_row_is_told_by_line_and_the_others_go_in(
    town: Town, tmp_path: Path, wrong: Row, reason: str
) -> None:
    file = written(tmp_path / "c.csv", [row(HOME), row(NEWCOMER) | wrong, row(SHOP)])
    report = await imported(town, file)
    assert (report.good, report.bad.count) == (2, 1)
    assert list(refused(file)) == [3]
    assert reason in refused(file)[3]


async def test_cells_are_mended_where_there_is_no_doubt(town: Town, tmp_path: Path) -> None:
    strange = row(
        "pe 01 00000 0009", phone="+84 901.234.568", name="  Lê\tVăn  C ", segment="Business", important=" 1"
    )
    report = await imported(town, written(tmp_path / "c.csv", [*everyone(), strange]))
    assert report.bad.count == 0
    assert await kept(town, "name, phone, segment, important", f"customer WHERE code = '{NEWCOMER}'") == [
        ("Lê Văn C", "0901234568", "business", True)
    ]


async def test_an_empty_phone_is_no_fault(town: Town, tmp_path: Path) -> None:
    report = await imported(town, written(tmp_path / "c.csv", [row(HOME, phone="")]))
    assert report.bad.count == 0


async def test_a_code_that_occurs_again_counts_the_first_time(town: Town, tmp_path: Path) -> None:
    rows = [row(SHOP), row(HOME, name="Một"), row(HOME, name="Hai"), row(FACTORY, phone="x"), row(HOME, name="Ba")]
    file = written(tmp_path / "c.csv", rows)
    report = await imported(town, file)
    assert (report.good, report.bad.count) == (2, 3)
    assert await kept(town, "name", f"customer WHERE code = '{HOME}'") == [("Một",)]
    assert list(refused(file)) == [4, 5, 6]
    assert refused(file)[6] == "customer_code is on line 3 already"
    with file.with_suffix(".bad.csv").open(encoding="utf-8", newline="") as bad:
        assert [one["name"] for one in csv.DictReader(bad)] == ["Hai", "Nguyễn Văn A", "Ba"]


async def test_a_transformer_is_where_most_rows_say(town: Town, tmp_path: Path) -> None:
    odd = row(HOME, feeder_code=OTHER_FEEDER, transformer_code="BT-02")
    file = written(tmp_path / "c.csv", [odd, row(SHOP), row(FACTORY)])
    report = await imported(town, file)
    assert (report.good, report.gone) == (2, 1)  # only who is not in the file at all is gone
    assert refused(file) == {2: f"transformer BT-02 is on feeder {FEEDER} on line 3 and most"}


@pytest.mark.parametrize("size", [200, BLOCK_BYTES * 2])
async def test_lines_that_are_no_records_swallow_none(town: Town, tmp_path: Path, size: int) -> None:
    """Whether they are in the first block that is read or in a later one."""
    filler = [row(f"PE0200000{number:04}") for number in range(size // 80)]
    file = written(tmp_path / "c.csv", [*filler, row(HOME)])
    line = len(filler) + 3
    good = ",".join(row(SHOP).values()).encode()
    with file.open("ab") as out:
        out.write(good.replace(b"1 L", b'"1 L') + b"\r\n")  # a quotation mark that nobody closes
        out.write(good.replace(SHOP.encode(), FACTORY.encode()).replace(b"A,", b"\xe0\xc1,") + b"\r\n")
        out.write(good + b",too,many\r\n\r\n")
        out.write(
            good.replace(SHOP.encode(), FAR_HOME.encode()).replace("1 Lê Lợi".encode(), '"1\n2 Lê Lợi"'.encode())
        )
    report = await imported(town, file)

    assert refused(file) == {
        line: "a quotation mark is not closed",
        line + 1: "bytes that are no UTF-8",
        line + 2: "11 columns instead of 9",
    }
    assert report.good == len(filler) + 2
    assert await kept(town, "address", f"customer WHERE code = '{FAR_HOME}'") == [("1 2 Lê Lợi",)]


# --- files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (",".join(COLUMNS).encode() + b"\r\n", "has a header, but no rows"),
        (",".join(COLUMNS).encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04" + b"x" * 500, "a workbook"),
        (b"customer_code,name\nPE,x\n", "lacks the columns phone, address, ward_code"),
        (",".join(COLUMNS).encode() + b"\n" + b"P,\xd0\xe1\xe3n,,,,,,,\n" * 9, "is not in UTF-8"),
        ((",".join(COLUMNS) + ",name\n").encode(), "names the column name twice"),
        (",".join(COLUMNS).encode() + b"\n" + b"x" * 2_000_000, "longer than"),
        (",".join(COLUMNS).encode() + b"\nP1,,,,,,,,\n", "None of the 1 rows"),
    ],
)
async def test_a_file_that_is_of_no_use_changes_nothing(
    town: Town, tmp_path: Path, content: bytes, sentence: str
) -> None:
    before = await kept(town)
    (tmp_path / "c.csv").write_bytes(content)
    with pytest.raises(Unusable, match=sentence):
        await imported(town, tmp_path / "c.csv")
    assert await kept(town) == before


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = written(tmp_path / "c.csv", everyone())
    with pytest.raises(Unusable, match="more than 100"):
        open_csv(file, COLUMNS, largest=100)


@pytest.mark.parametrize(("start", "columns"), [("\ufeff", COLUMNS), ("", (*reversed(COLUMNS), "note"))])
async def test_a_mark_before_the_header_and_the_order_of_columns_do_not_matter(
    town: Town, tmp_path: Path, start: str, columns: tuple[str, ...]
) -> None:
    report = await imported(town, written(tmp_path / "c.csv", everyone(), columns, start))
    assert (report.good, report.bad.count) == (4, 0)
    assert report.extra_columns == tuple(name for name in columns if name == "note")


async def test_what_fails_in_the_middle_leaves_the_data_as_it_was(town: Town, tmp_path: Path) -> None:
    before = await kept(town)

    def stop(what: str, _done: int, _total: int) -> None:
        if what == "writing":
            raise KeyboardInterrupt

    file = written(tmp_path / "c.csv", [row(NEWCOMER), row(HOME, name="B")])
    with pytest.raises(KeyboardInterrupt):
        async with another(town) as database:
            await customer_import.run(database, file, WARDS, Options(None), NOW, ZONE, stop)
    assert await kept(town) == before
    assert await kept(town, "code", f"ward WHERE code = '{BEN_THANH}'") == [(BEN_THANH,)]


# --- addresses ---------------------------------------------------------------------------------------------

_houses = st.from_regex(r"(Lô )?[0-9]{1,3}[A-Za-z]?(/[0-9]{1,3}[A-Za-z]?){0,2}", fullmatch=True)
_streets = st.sampled_from(
    [
        "Lê Lợi",
        "Đường số 7",
        "Đường 12A",
        "tháng 2",
        "3 Tháng 2",
        "30 tháng 4",
        "3/2",
        "đường",
        "Khu phố 3",
        "CMT8",
        "bis Lê Lợi",
        "p 5",
        "Xa lộ Hà Nội",
        "F.3",
        "Q",
    ]
)
_wards = st.sampled_from(
    [
        "",
        ", Phường Bến Thành",
        " phường 5",
        " nối dài",
        ", KCN Tân Bình, Phường Tây Thạnh",
        ", Q.3, TP.HCM",
        ", Lê Lợi, P. 5",
    ]
)


@given(
    st.lists(st.tuples(_houses | st.sampled_from(["3/2", "30/4"]), st.sampled_from([" ", ", "]), _streets, _wards))
)
def test_addresses_by_the_million_are_read_as_one_by_one(parts: list[tuple[str, str, str, str]]) -> None:
    addresses = ["".join(part) for part in parts] * 2
    single = [parse_address(address) for address in addresses]
    houses, streets = StoredAddresses().read(addresses)
    assert list(zip(addresses, houses, streets, strict=True)) == [
        (address, one.house or "", one.street or "") for address, one in zip(addresses, single, strict=True)
    ]


def test_streets_get_the_names_that_addresses_give_them() -> None:
    addresses = [one.address for one in build().customers]
    _, streets = StoredAddresses().read(addresses)
    names = {street_as_written(address, street) for address, street in zip(addresses, streets, strict=True)}
    assert "Lê Lợi" in names
    assert not any(name.islower() for name in names)

"""The demonstration utility hangs together, is the same every time, and its addresses can be understood."""

import re
from collections import Counter
from pathlib import Path

import pytest

import handlers
from conversations.folding import fold
from handlers.demo import FACTORY, HOSPITAL, HOUSEHOLD, SHOP, SHOWCASE, WATERWORKS, DemoCustomer, build
from handlers.rules.areas import SURE, load_wards, parse_address, street_of

BOOK = load_wards(Path(handlers.__file__).parent / "rules" / "wards" / "hcmc-2025-07-01.csv")
DATA = build()
BY_CODE = {customer.customer_code: customer for customer in DATA.customers}
PHONE = re.compile(r"0(3\d|5[125689]|7[06-9]|8\d|9\d)\d{7}")


def test_the_utility_has_the_size_it_promises() -> None:
    sizes = [len(rows) for rows in (DATA.wards, DATA.substations, DATA.feeders, DATA.transformers, DATA.customers)]
    assert sizes == [24, 3, 12, 120, 2_000]
    segments = Counter(customer.segment for customer in DATA.customers)
    assert segments == {"household": 1_700, "business": 220, "industrial": 80}
    assert sum(customer.important for customer in DATA.customers) == 15


def test_the_same_seed_builds_the_same_and_another_seed_another() -> None:
    assert build() == DATA
    assert build(seed=7) != DATA


def test_every_code_mentioned_exists() -> None:
    feeders = {feeder.code: feeder for feeder in DATA.feeders}
    transformers = {transformer.code: transformer for transformer in DATA.transformers}
    wards = {ward.code for ward in DATA.wards}
    assert {feeder.substation_code for feeder in DATA.feeders} == {
        substation.code for substation in DATA.substations
    }
    assert {transformer.feeder_code for transformer in DATA.transformers} == set(feeders)
    for customer in DATA.customers:
        assert transformers[customer.transformer_code].feeder_code == customer.feeder_code
        assert customer.ward_code in wards


def test_codes_phones_and_addresses_are_well_formed_and_belong_to_one_customer_each() -> None:
    assert len(BY_CODE) == 2_000
    assert all(re.fullmatch(r"PE\d{11}", code) for code in BY_CODE)
    assert all(PHONE.fullmatch(customer.phone) for customer in DATA.customers)
    assert len({customer.phone for customer in DATA.customers}) == 2_000
    assert len({customer.address for customer in DATA.customers}) == 2_000
    for rows in (DATA.wards, DATA.substations, DATA.feeders, DATA.transformers):
        assert len({row.code for row in rows}) == len(rows)


def test_wards_are_those_of_the_table() -> None:
    for ward in DATA.wards:
        known = BOOK.by_code[ward.code]
        assert (known.name, known.kind) == (ward.name, ward.kind)


def test_a_transformer_serves_one_ward_and_a_feeder_one_to_four() -> None:
    served: dict[str, set[str]] = {}
    for customer in DATA.customers:
        served.setdefault(customer.transformer_code, set()).add(customer.ward_code)
        served.setdefault(customer.feeder_code, set()).add(customer.ward_code)
    assert all(len(served[transformer.code]) == 1 for transformer in DATA.transformers)
    assert {len(served[feeder.code]) for feeder in DATA.feeders} == {1, 2, 3, 4}
    assert {customer.ward_code for customer in DATA.customers} == {ward.code for ward in DATA.wards}


def test_transformers_stand_in_the_city() -> None:
    for transformer in DATA.transformers:
        assert 10.6 < transformer.latitude < 10.9
        assert 106.5 < transformer.longitude < 106.9


@pytest.mark.parametrize("seed", [2026, 1])
def test_addresses_lead_back_to_their_ward_and_street(seed: int) -> None:
    for customer in build(seed).customers:
        address = parse_address(customer.address)
        assert address.house
        assert street_of(customer.address) == fold(_written_street(customer))
        best = BOOK.find(address.ward_text or "")[0]
        assert best.ward.code == customer.ward_code
        assert best.score >= SURE


def _written_street(customer: DemoCustomer) -> str:
    """`12/3 Lê Lợi, Phường Bến Thành` → `Lê Lợi`; `Lô 3, Đường số 8, Khu …, Phường …` → `Đường số 8`."""
    first, second, *_ = customer.address.split(", ")
    return second if first.startswith("Lô ") else first.partition(" ")[2]


def test_industrial_zones_have_only_industry() -> None:
    in_zones = [customer for customer in DATA.customers if customer.address.startswith("Lô ")]
    assert {customer.segment for customer in in_zones} == {"industrial"}
    assert {"Khu chế xuất Tân Thuận", "Khu chế xuất Linh Trung", "Khu công nghiệp Tân Tạo"} <= {
        customer.address.split(", ")[2] for customer in in_zones
    }


@pytest.mark.parametrize("seed", [2026, 1, 99])
def test_the_showcase_customers_come_first_and_never_change(seed: int) -> None:
    first = build(seed).customers[: len(SHOWCASE)]
    assert [customer.customer_code for customer in first] == [HOUSEHOLD, SHOP, FACTORY, HOSPITAL, WATERWORKS]
    assert first == DATA.customers[: len(SHOWCASE)]


def test_the_showcase_customers_are_what_their_names_say() -> None:
    assert BY_CODE[HOUSEHOLD].address == "12/3 Lê Lợi, Phường Bến Thành"
    assert BY_CODE[HOUSEHOLD].segment == "household"
    assert BY_CODE[SHOP].segment == "business"
    assert BY_CODE[FACTORY].address == "Lô 24, Đường số 6, Khu chế xuất Tân Thuận, Phường Tân Thuận"
    assert BY_CODE[FACTORY].segment == "industrial"
    assert BY_CODE[HOSPITAL].important
    assert BY_CODE[WATERWORKS].important
    assert not BY_CODE[HOUSEHOLD].important

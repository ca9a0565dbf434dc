"""Builds the demonstration utility from a seed: real ward and street names, everything else made up."""

import random
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count, cycle
from pathlib import Path
from typing import Any

from handlers.rules.ward_names import Ward, read_wards

CUSTOMERS = 2_000
BUSINESSES = 220
INDUSTRIES = 80
TRANSFORMERS_ON_A_FEEDER = 10

# Customers of the README's and the tests' examples: the first of every build, whatever its seed.
# Serials under 1000 are theirs alone.
HOUSEHOLD = "PE01000000014"
SHOP = "PE01000000021"
FACTORY = "PE05000000028"
HOSPITAL = "PE10000000035"
WATERWORKS = "PE15000000042"
SHOWCASE = {
    "household": HOUSEHOLD,
    "shop": SHOP,
    "factory": FACTORY,
    "hospital": HOSPITAL,
    "waterworks": WATERWORKS,
}

_HERE = Path(__file__).parent
_WARD_TABLE = _HERE / "rules" / "wards" / "hcmc-2025-07-01.csv"
_HOUSES_IN_A_SECTION = 100  # numbers of a street that one transformer serves
_SCATTER = 0.008  # degrees around a ward's middle, about 900 m


@dataclass(frozen=True)
class DemoWard:
    """A ward of the table, as its official code, name and kind."""

    code: str
    name: str
    kind: str


@dataclass(frozen=True)
class DemoSubstation:
    """A 110 kV substation."""

    code: str
    name: str


@dataclass(frozen=True)
class DemoFeeder:
    """A 22 kV feeder out of a substation."""

    code: str
    name: str
    substation_code: str


@dataclass(frozen=True)
class DemoTransformer:
    """A transformer on a feeder; its place is fictitious, in degrees (WGS 84)."""

    code: str
    name: str
    feeder_code: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class DemoCustomer:
    """A customer as in a row of the customer file; `important` ones are told first."""

    customer_code: str
    name: str
    phone: str
    address: str
    ward_code: str
    feeder_code: str
    transformer_code: str
    segment: str
    important: bool


@dataclass(frozen=True)
class DemoData:
    """The whole utility; every code that a row mentions is the code of another row."""

    wards: tuple[DemoWard, ...]
    substations: tuple[DemoSubstation, ...]
    feeders: tuple[DemoFeeder, ...]
    transformers: tuple[DemoTransformer, ...]
    customers: tuple[DemoCustomer, ...]


@dataclass(frozen=True)
class _Site:
    """A transformer with the stretch of street it serves, or the lots of an industrial zone."""

    transformer: DemoTransformer
    ward: DemoWard
    unit: str
    street: str
    section: int
    zone: str | None

    def address(self, house: str) -> str:
        zone = f", {self.zone}" if self.zone else ""
        separator = ", " if self.zone else " "
        return f"{house}{separator}{self.street}{zone}, {self.ward.name}"


def build(seed: int = 2026) -> DemoData:
    """24 wards, 3 substations, 12 feeders, 120 transformers, 2,000 customers: the same for the same seed."""
    words = _words()
    chance = random.Random(seed)
    wards = _wards(words["ward"])
    substations, feeders, lines = _grid(words["substation"])
    sites = tuple(_sites(lines, wards, words["ward"], chance))
    return DemoData(
        tuple(wards.values()),
        substations,
        feeders,
        tuple(site.transformer for site in sites),
        tuple(_customers(sites, words, chance)),
    )


@cache
def _words() -> dict[str, Any]:
    with (_HERE / "demo_words.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def _ward_table() -> dict[str, Ward]:
    return {ward.name: ward for ward in read_wards(_WARD_TABLE)}


def _wards(rows: Iterable[dict[str, Any]]) -> dict[str, DemoWard]:
    table = _ward_table()
    chosen = (table[row["name"]] for row in rows)
    return {ward.name: DemoWard(ward.code, ward.name, ward.kind) for ward in chosen}


def _grid(
    rows: Iterable[dict[str, Any]],
) -> tuple[tuple[DemoSubstation, ...], tuple[DemoFeeder, ...], dict[str, list[str]]]:
    """Substations, feeders, and the names of the wards along each feeder."""
    substations, feeders, lines = list[DemoSubstation](), list[DemoFeeder](), dict[str, list[str]]()
    for row in rows:
        substations.append(DemoSubstation(row["code"], row["name"]))
        for feeder in row["feeders"]:
            feeders.append(DemoFeeder(feeder["code"], feeder["name"], row["code"]))
            lines[feeder["code"]] = feeder["wards"]
    return tuple(substations), tuple(feeders), lines


def _sites(
    lines: dict[str, list[str]], wards: dict[str, DemoWard], rows: Iterable[dict[str, Any]], chance: random.Random
) -> Iterator[_Site]:
    """Ten transformers along every feeder; where a ward has an industrial zone, every other one stands in it."""
    about = {row["name"]: row for row in rows}
    number_in_ward = {name: count() for name in wards}
    for feeder_code, names in lines.items():
        for at in range(TRANSFORMERS_ON_A_FEEDER):
            name = names[at * len(names) // TRANSFORMERS_ON_A_FEEDER]
            row, number = about[name], next(number_in_ward[name])
            zone = row.get("zone") if number % 2 == 0 else None
            streets = row["streets"]
            street = f"Đường số {2 * number + 2}" if zone else streets[number % len(streets)]
            section = number // len(streets)
            code = f"{feeder_code.replace('-', '')}-{5 * (at + 1):03d}"  # in fives: room for transformers to come
            transformer = DemoTransformer(
                code, f"{zone or street} {number + 1}", feeder_code, *_near(row["at"], chance)
            )
            yield _Site(transformer, wards[name], row["unit"], street, section, zone)


def _near(middle: list[float], chance: random.Random) -> tuple[float, float]:
    latitude, longitude = (round(degrees + chance.uniform(-_SCATTER, _SCATTER), 5) for degrees in middle)
    return latitude, longitude


def _customers(sites: tuple[_Site, ...], words: dict[str, Any], chance: random.Random) -> Iterator[DemoCustomer]:
    phones = (f"0590{number * 7_919 % 1_000_000:06d}" for number in count(1))  # a block nobody we know of uses
    shown = [*_showcase(sites, words["showcase"], phones)]
    yield from shown
    serials = {site.unit: _serials(chance) for site in sites}
    houses = {site.transformer.code: count() for site in sites}
    homes = [site for site in sites if not site.zone]
    zones = cycle([site for site in sites if site.zone])  # in turn: few customers, and no transformer without any
    for name, segment, ward, important in _wanted(shown, words, chance):
        in_a_zone = segment == "industrial" and ward is None
        near = [site for site in homes if ward in (None, site.ward.name)]
        site = next(zones) if in_a_zone else chance.choice(near)
        address = site.address(_house(site, next(houses[site.transformer.code]), chance))
        code = f"{site.unit}{next(serials[site.unit]):07d}"
        yield _customer(code, name, next(phones), address, site, segment, important)


def _customer(
    code: str, name: str, phone: str, address: str, site: _Site, segment: str, important: bool
) -> DemoCustomer:
    at = site.transformer
    return DemoCustomer(code, name, phone, address, site.ward.code, at.feeder_code, at.code, segment, important)


def _showcase(
    sites: tuple[_Site, ...], rows: dict[str, dict[str, Any]], phones: Iterator[str]
) -> Iterator[DemoCustomer]:
    for key, code in SHOWCASE.items():
        row = rows[key]
        place = (row["ward"], row["street"])
        site = next(site for site in sites if (site.ward.name, site.street) == place)
        address = site.address(row["house"])
        yield _customer(
            code, row["name"], next(phones), address, site, row["segment"], row.get("important", False)
        )


def _wanted(
    shown: list[DemoCustomer], words: dict[str, Any], chance: random.Random
) -> Iterator[tuple[str, str, str | None, bool]]:
    """Name, segment, ward if it is fixed, and importance of everybody who is still missing."""
    segments = [customer.segment for customer in shown]
    for row in words["important"]:
        segments.append(row["segment"])
        yield row["name"], row["segment"], row["ward"], True
    rest = ["industrial"] * (INDUSTRIES - segments.count("industrial"))
    rest += ["business"] * (BUSINESSES - segments.count("business"))
    rest += ["household"] * (CUSTOMERS - len(segments) - len(rest))
    chance.shuffle(rest)
    namers = {"industrial": _company, "business": _shop, "household": _person}
    for segment in rest:
        yield namers[segment](words, chance), segment, None, False


def _serials(chance: random.Random) -> Iterator[int]:
    """Rising serials with gaps, as people come and go."""
    serial = 1_000
    while True:
        serial += chance.randint(1, 40)
        yield serial


def _house(site: _Site, number: int, chance: random.Random) -> str:
    """A house number nobody else on the street has: odd ones only, the showcase has the even ones."""
    if site.zone:
        return f"Lô {2 * number + 1}"
    house = str(_HOUSES_IN_A_SECTION * site.section + 2 * number + 1)
    alley, deeper = chance.randint(1, 60), chance.randint(1, 30)
    letter = chance.choice("ABC")
    return house + chance.choice(("", "", f"/{alley}", f"/{alley}", f"/{alley}{letter}", f"/{alley}/{deeper}"))


def _person(words: dict[str, Any], chance: random.Random) -> str:
    people = words["people"]
    middle, given = chance.choice((("women_middle", "women"), ("men_middle", "men")))
    return f"{chance.choice(people['families'])} {chance.choice(people[middle])} {chance.choice(people[given])}"


def _shop(words: dict[str, Any], chance: random.Random) -> str:
    companies = words["companies"]
    return f"{chance.choice(companies['shops'])} {chance.choice(companies['shop_names'])}"


def _company(words: dict[str, Any], chance: random.Random) -> str:
    companies = words["companies"]
    return " ".join(chance.choice(companies[part]) for part in ("forms", "trades", "company_names"))

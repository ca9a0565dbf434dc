"""Which place people mean: by customer code, phone number, position, ward or address."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from conversations.folding import fold
from conversations.model import Moment, Words
from conversations.places import (
    TARGET,
    FindPlace,
    FindPlaceByPhone,
    FindPlaceNear,
    FollowedPlace,
    MyPlaces,
    MyPlacesFound,
    PlaceSeen,
    PlacesFound,
)
from handlers.rules.areas import MAYBE, SURE, WardMatch, parse_address
from handlers.rules.phones import national_number
from handlers.talking import Talking
from store import customers, network, subscriptions
from store.contacts import Contact
from store.customers import Customer
from store.db import Unit
from store.network import Street

CODE_LENGTH = 13
# What looks like an attempt at a code: the two letters, digits right behind them, however many.
_CODE_LIKE = re.compile(r"P[A-Z]\d{2}[0-9A-Z]{1,14}")
MOST_OFFERED = 5
# So much of what was typed is said back, and kept with a report.
LONGEST_HEARD = 120
# A street name may be this unlike what was typed; below it, another street is meant.
STREET_ALIKE = 86
# One slip a word at most, and no more than this in a name.
MOST_SLIPS = 2
# A position further than this from every transformer is outside the served area, in degrees (about 2 km).
NEAR_DEGREES = 0.02


async def find(unit: Unit, contact: Contact, query: FindPlace, now: datetime, talking: Talking) -> PlacesFound:
    """The places that a text or a target means; `sure` only when there is no doubt."""
    heard = " ".join(query.text.split())[:LONGEST_HEARD]
    if TARGET.fullmatch(query.text):
        place = await of_target(unit, query.text)
        if place is None and query.text.startswith("c:"):
            return PlacesFound((), False, query.text.removeprefix("c:"), "code")
        return PlacesFound((place,) if place else (), place is not None, heard, "name")
    code = re.sub(r"[\s.\-]", "", query.text).upper()
    if _CODE_LIKE.fullmatch(code):
        return await _by_code(unit, code)
    matches = await _served(unit, talking.wards.find(query.text))
    if query.streets:
        streets = await _by_address(unit, query.text, matches)
        if streets:
            return PlacesFound(tuple(streets[:MOST_OFFERED]), len(streets) == 1, heard, "name")
    return _wards_found(matches, heard)


def _wards_found(matches: Sequence[WardMatch], heard: str) -> PlacesFound:
    places = tuple(_ward(match.ward.code, match.ward.name) for match in matches[:MOST_OFFERED])
    sure = bool(matches) and matches[0].score >= SURE and not (len(matches) > 1 and matches[1].score >= SURE)
    return PlacesFound(places, sure, heard, "name")


async def _served(unit: Unit, matches: Iterable[WardMatch]) -> list[WardMatch]:
    """Only wards that the utility serves can be followed."""
    found = list(matches)
    known = await network.wards_of(unit, (match.ward.code for match in found))
    return [match for match in found if match.ward.code in known and match.score >= MAYBE]


async def _by_code(unit: Unit, code: str) -> PlacesFound:
    customer = await customers.by_code(unit, code)
    if customer:
        return PlacesFound((await _meter(unit, customer),), True, code, "code")
    near = sorted(await customers.known_codes(unit, slips_of(code)))[:MOST_OFFERED]
    places = [await _meter(unit, one) for one in [await customers.by_code(unit, known) for known in near] if one]
    return PlacesFound(tuple(places), False, code, "code")


def slips_of(code: str) -> set[str]:
    """Every code that one slip of the finger leads to `code` from: a digit wrong, left out, added or swapped.

    A set of a few hundred codes, looked up by key, serves four million customers as well as two thousand.
    """
    head, digits = code[:2], code[2:]
    slips = set()
    if len(code) == CODE_LENGTH:
        slips = {head + digits[:at] + d + digits[at + 1 :] for at in range(len(digits)) for d in "0123456789"}
        slips |= {
            head + digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :] for at in range(len(digits) - 1)
        }
    elif len(code) == CODE_LENGTH - 1:
        slips = {head + digits[:at] + d + digits[at:] for at in range(len(digits) + 1) for d in "0123456789"}
    elif len(code) == CODE_LENGTH + 1:
        slips = {head + digits[:at] + digits[at + 1 :] for at in range(len(digits))}
    return slips - {code}


async def _by_address(unit: Unit, text: str, matches: Sequence[WardMatch]) -> list[PlaceSeen]:
    """Streets, with the house where one was named, in the wards named or else in any."""
    address = parse_address(text)
    if address.street is None:
        return []
    wards = {match.ward.code for match in matches if match.score >= MAYBE} if address.ward_text else set()
    street, streets = await _streets(unit, address.street)
    if not streets:
        # "12 Lê Lợi Bến Thành": nobody types commas, and many not even "phường".
        street, streets = await _streets_before_ward(unit, address.street, matches)
    chosen = [one for one in streets if not wards or one.ward_code in wards]
    names = await network.wards_of(unit, (one.ward_code for one in chosen))
    places = []
    for one in chosen:
        at_home = address.house and await customers.at_address(
            unit, street, [one.ward_code], address.house, limit=1
        )
        places.append(_street(one, names[one.ward_code].name, address.house if at_home else None))
    # A house that only one of the streets has decides between them.
    houses = [place for place in places if place.name.key == "place.house"]
    return houses if len(houses) == 1 else places


async def _streets(unit: Unit, name: str) -> tuple[str, Sequence[Street]]:
    """The streets of that folded name, or of the name it is a slip away from."""
    exact = await network.streets_named(unit, name)
    if exact:
        return name, exact
    alike = process.extract(
        name, await network.street_names(unit), scorer=fuzz.ratio, score_cutoff=STREET_ALIKE, limit=MOST_OFFERED
    )
    meant = next((street for street, _, _ in alike if _is_slip(name, street)), None)
    return (meant, await network.streets_named(unit, meant)) if meant else (name, [])


def _is_slip(typed: str, street: str) -> bool:
    """Whether fingers slipped: "nguyen thi hoa" is as much like "nguyen thi thap", but nobody means it."""
    if OSA.distance(typed.replace(" ", ""), street.replace(" ", "")) <= 1:
        return True
    words, others = typed.split(), street.split()
    if len(words) != len(others):
        return False
    slips = [OSA.distance(word, other) for word, other in zip(words, others, strict=True)]
    return max(slips) <= 1 and sum(slips) <= MOST_SLIPS


async def _streets_before_ward(
    unit: Unit, words: str, matches: Sequence[WardMatch]
) -> tuple[str, Sequence[Street]]:
    """The streets named by words that end with the name of a ward, in that ward."""
    for match in matches:
        name = fold(match.ward.name).removeprefix(f"{fold(match.ward.kind)} ")
        if words.endswith(f" {name}"):
            street, streets = await _streets(unit, words.removesuffix(f" {name}"))
            there = [one for one in streets if one.ward_code == match.ward.code]
            if there:
                return street, there
    return words, []


async def by_phone(
    unit: Unit, contact: Contact, query: FindPlaceByPhone, now: datetime, talking: Talking
) -> PlacesFound:
    """The meters registered under a phone number."""
    found = await customers.by_phone(unit, national_number(query.phone), limit=MOST_OFFERED)
    places = tuple([await _meter(unit, customer) for customer in found])
    return PlacesFound(places, len(places) == 1, "", "phone")


async def near(unit: Unit, contact: Contact, query: FindPlaceNear, now: datetime, talking: Talking) -> PlacesFound:
    """The wards served by the transformers nearest to a position."""
    around = await network.transformers_near(unit, query.latitude, query.longitude, NEAR_DEGREES)
    here = (query.latitude, query.longitude)
    nearest = sorted(around, key=lambda one: math.dist(here, (one.latitude or 0, one.longitude or 0)))
    codes = await customers.wards_of_transformers(unit, [one.code for one in nearest[:12]])
    wards = await network.wards_of(unit, codes)
    places = tuple(_ward(code, wards[code].name) for code in codes[:MOST_OFFERED] if code in wards)
    return PlacesFound(places, len(places) == 1, f"{query.latitude:.5f}, {query.longitude:.5f}", "position")


async def mine(unit: Unit, contact: Contact, query: MyPlaces, now: datetime, talking: Talking) -> MyPlacesFound:
    """What the contact follows."""
    assert contact.id is not None
    followed = await subscriptions.of_contact(unit, contact.id)
    return MyPlacesFound(tuple([await _followed(unit, one) for one in followed]))


async def _followed(unit: Unit, one: subscriptions.Subscription) -> FollowedPlace:
    place = await of_target(unit, one.target)
    assert one.id is not None
    # A meter that an import no longer has stays followed until its follower removes it.
    name = place.name if place else Words("place.gone", {"code": one.target.partition(":")[2]})
    until = Moment(one.paused_until.isoformat()) if one.paused_until else None
    return FollowedPlace(one.id, one.target, one.label, name, one.paused, until)


async def of_target(unit: Unit, target: str) -> PlaceSeen | None:
    """The place that a target stands for, if it still exists."""
    kind, _, code = target.partition(":")
    if kind == "c":
        customer = await customers.by_code(unit, code)
        return await _meter(unit, customer) if customer else None
    if kind == "w":
        ward = (await network.wards_of(unit, [code])).get(code)
        return _ward(ward.code, ward.name) if ward else None
    number, _, house = code.partition(":")
    street = await unit.session.get(Street, int(number)) if number.isdecimal() else None
    if street is None:
        return None
    wards = await network.wards_of(unit, [street.ward_code])
    return _street(street, wards[street.ward_code].name, house or None)


async def _meter(unit: Unit, customer: Customer) -> PlaceSeen:
    """A meter shows its ward only: a code is no proof that the name and the address may be told."""
    wards = await network.wards_of(unit, [customer.ward_code])
    name = Words("place.customer", {"code": customer.code, "ward": wards[customer.ward_code].name})
    return PlaceSeen(f"c:{customer.code}", name)


def _ward(code: str, name: str) -> PlaceSeen:
    return PlaceSeen(f"w:{code}", Words("place.ward", {"name": name}))


def _street(street: Street, ward: str, house: str | None) -> PlaceSeen:
    values = {"street": street.name, "ward": ward}
    if house is None:
        return PlaceSeen(f"s:{street.id}", Words("place.street", values))
    return PlaceSeen(f"s:{street.id}:{house}", Words("place.house", {**values, "house": house}))

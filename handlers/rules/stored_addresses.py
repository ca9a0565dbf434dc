"""House and street of addresses as a customer master writes them, by the million: what repeats is read once."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from conversations.folding import fold
from handlers.rules.addresses import parse_address, street_of

# A house number such as 12, 12A or 12/3B/4, or a lot, before a word or a street that is called after a day; what
# else begins an address is read in full.
_HOUSE = re.compile(
    r"(?:[Ll]ô [0-9]{1,6}|[0-9]{1,6}[A-Za-z]?(?:/[0-9]{1,5}[A-Za-z]?)*)"
    r"(?=,? (?:[^\W\d_]|[0-9]{1,2} [Tt]háng [0-9]{1,2}(?:,|$)))"
)
# Stands for the number while the rest is read; no street, day or ward is called that.
_SOME_NUMBER = "98765"
_REMEMBERED = 65_536  # house numbers, and streets
_DAYS = frozenset({"3/2", "30/4", "2/9", "19/5", "26/3"})  # streets that look like house numbers


class StoredAddresses:
    """Reads addresses like `parse_address`, but the street behind a house number once for all houses on it."""

    def __init__(self) -> None:
        self._houses: dict[str, str] = {}
        self._streets: dict[str, str] = {}

    def read(self, addresses: Sequence[str]) -> tuple[list[str], list[str]]:
        """Houses and streets, folded, "" for none: `12/3B Lê Lợi, Phường Bến Thành` → `12/3b`, `le loi`."""
        if not addresses:
            return [], []
        numbers, _, rests = zip(*[address.partition(" ") for address in addresses], strict=True)
        houses, streets = list(map(self._houses.get, numbers)), list(map(self._streets.get, rests))
        if None in houses or None in streets:
            self._fill(houses, streets, addresses, numbers, rests)
        return cast("list[str]", houses), cast("list[str]", streets)

    def _fill(
        self,
        houses: list[str | None],
        streets: list[str | None],
        addresses: Sequence[str],
        numbers: Sequence[str],
        rests: Sequence[str],
    ) -> None:
        """Read the addresses of which the number or the rest was not known yet."""
        unread = [at for at, known in enumerate(zip(houses, streets, strict=True)) if None in known]
        for at in unread:
            house, street = self._houses.get(numbers[at]), self._streets.get(rests[at])
            if house is None or street is None:
                house, street = self._learn(addresses[at], numbers[at], rests[at])
            houses[at], streets[at] = house, street

    def _learn(self, address: str, number: str, rest: str) -> tuple[str, str]:
        found = _HOUSE.match(address)
        if found is None or found[0] in _DAYS:
            return _in_full(address)
        lot = found[0][0] in "Ll"
        street = _street_behind(address[found.end() :], lot)
        if street is None:
            return _in_full(address)
        house = _lot(found[0]) if lot else found[0].lower()
        if found[0] == number:
            for known, key, value in ((self._houses, number, house), (self._streets, rest, street)):
                if len(known) >= _REMEMBERED:
                    known.clear()
                known[key] = value
        return house, street


def _lot(words: str) -> str:
    return f"lo {words[3:].lower()}"


def _in_full(address: str) -> tuple[str, str]:
    whole = parse_address.__wrapped__(address)
    return whole.house or "", whole.street or ""


def _street_behind(rest: str, lot: bool) -> str | None:
    """The street of an address from behind its house number; None if the two cannot be told apart safely."""
    if fold(rest[:20]).startswith("thang"):
        return None
    house = f"lo {_SOME_NUMBER}" if lot else _SOME_NUMBER
    named, comma, _ = rest.partition(",")
    if comma and (street := _street_of(house, named)):
        # What follows a street tells only where it is.
        return street
    return _street_of(house, rest)


@lru_cache(maxsize=4_096)
def _street_of(house: str, rest: str) -> str | None:
    # parse_address remembers what it reads, for what customers type; a million addresses would push that out.
    found = parse_address.__wrapped__(house + rest)
    return found.street or "" if found.house == house else None


def street_as_written(address: str, folded: str) -> str:
    """The words of an address that name its street (`street_of` it is `folded`): `12 Lê Lợi, …` → `Lê Lợi`."""
    parts = [part.split() for part in address.split(",")]
    tails = (" ".join(words[start:]) for words in parts for start in range(len(words)))
    exact = next((tail for tail in tails if fold(tail) == folded), None)
    return exact or _written_otherwise(parts, folded)


def _written_otherwise(parts: list[list[str]], folded: str) -> str:
    """For a street that is written in short, or is followed by its ward without a comma."""
    for words in parts:
        for start in range(len(words)):
            for end in range(len(words), start, -1):
                named = " ".join(words[start:end])
                if fold(named) == folded or (end == len(words) and street_of(named + ", x") == folded):
                    return named
    return folded

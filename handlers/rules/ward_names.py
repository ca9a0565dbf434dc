"""Indexes the names that wards and districts bear, today's and those of before July 2025."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from conversations.folding import fold

WARD_KINDS = frozenset({"phuong", "xa", "thi tran", "dac khu"})
DISTRICT_KINDS = frozenset({"quan", "huyen", "thi xa", "thanh pho"})


@dataclass(frozen=True)
class Ward:
    """A ward of today; `former` names the old units it was formed from, as "Phường Bến Nghé, Quận 1"."""

    code: str
    name: str
    kind: str
    former: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """What bears a ward's name: a ward of today (`via` None), or an old one and the wards it went to.

    `written` is the name in small letters with its diacritics and without its kind.
    """

    written: str
    kind: str
    via: str | None
    districts: frozenset[str]
    wards: tuple[Ward, ...]


@dataclass(frozen=True)
class Names:
    """Every name by its key (see `key_of`), and the keys without numbers, which may be misspelt."""

    places: Mapping[str, tuple[Place, ...]]
    districts: Mapping[str, tuple[Ward, ...]]
    district_names: Mapping[str, str]
    spellable: tuple[str, ...]


def key_of(words: Iterable[str]) -> str:
    """How names are compared: "go vap" is "govap", and Quy is Qui."""
    return "".join(words).replace("y", "i")


def read_wards(path: Path) -> tuple[Ward, ...]:
    """Reads a ward table (see wards/README.md). Raises OSError, or KeyError if a column is missing."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Ward(row["code"], row["name"], row["kind"], tuple(filter(None, row["former"].split(";"))))
            for row in csv.DictReader(file)
        )


def names_of(wards: tuple[Ward, ...]) -> Names:
    """Indexes the wards under their own names and under those of the old wards and districts they come from."""
    heirs: dict[str, list[Ward]] = {}
    districts: dict[str, dict[str, Ward]] = {}
    district_names: dict[str, str] = {}
    for ward in wards:
        for old in ward.former:
            heirs.setdefault(old, []).append(ward)
            district = old.rpartition(", ")[2]
            districts.setdefault(_district_key(old), {})[ward.code] = ward
            district_names.setdefault(_district_key(old), district)
    places = _places(wards, heirs)
    return Names(
        MappingProxyType(places),
        MappingProxyType({key: tuple(found.values()) for key, found in districts.items()}),
        MappingProxyType(district_names),
        tuple(sorted(key for key in {*places, *districts} if key.isalpha())),
    )


def _district_key(old: str) -> str:
    return _kind_and_key(old.rpartition(", ")[2])[1]


def _places(wards: tuple[Ward, ...], heirs: Mapping[str, list[Ward]]) -> dict[str, tuple[Place, ...]]:
    places: dict[str, list[Place]] = {}
    for ward in wards:
        kind, key = _kind_and_key(ward.name)
        of = frozenset(map(_district_key, ward.former))
        places.setdefault(key, []).append(Place(_written(ward.name, kind), kind, None, of, (ward,)))
    for old, went_to in heirs.items():
        name = old.rpartition(", ")[0]
        if name:
            kind, key = _kind_and_key(name)
            places.setdefault(key, []).append(
                Place(_written(name, kind), kind, old, frozenset({_district_key(old)}), tuple(went_to))
            )
    return {key: tuple(found) for key, found in places.items()}


def _kind_and_key(name: str) -> tuple[str, str]:
    """`Thị trấn Củ Chi` → (`thi tran`, `cuchi`)."""
    folded = fold(name)
    kind = next(kind for kind in (*WARD_KINDS, *DISTRICT_KINDS) if folded.startswith(kind + " "))
    return kind, key_of(folded.removeprefix(kind).split())


def _written(name: str, kind: str) -> str:
    return " ".join(name.lower().split()[len(kind.split()) :])

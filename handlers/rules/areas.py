"""Understands the places people type: wards of today, old wards and old districts, with slips and short forms."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from rapidfuzz import process
from rapidfuzz.distance import OSA

from conversations.folding import fold
from handlers.rules.addresses import Address, parse_address, spell_out, street_of
from handlers.rules.ward_names import DISTRICT_KINDS, WARD_KINDS, Names, Place, Ward, key_of, names_of, read_wards

__all__ = ["MAYBE", "SURE", "Address", "Ward", "WardBook", "WardMatch", "load_wards", "parse_address", "street_of"]

SURE = 0.85
"""From here on take the match without asking. Only an exactly written name that means one ward gets there: a slip
of the pen, a ward that was split, or a name that two places bear stays below. A wrong ward loses notices."""

MAYBE = 0.5
"""Worth offering ("did you mean…"). Nothing below it is returned: people are quicker to type it again."""

# What a reading is worth. Only the order and the side of SURE matter.
_TODAY = 1.0  # the name of one ward of today
_TODAY_OFFICIAL = 0.9  # the same with its kind ("phường An Phú"), though an old ward elsewhere bore the name too
_TODAY_SHARED = 0.8  # bare, and an old ward or a district bears the name too ("gò vấp")
_OLD = 0.95  # an old ward that went whole into one ward
_OLD_SPLIT = 0.75  # an old ward that was split
_OLD_SHARED = 0.6  # one of several old wards of that name
_DISTRICT = 0.6  # one of the wards of an old district
_DISTRICT_OF_ONE = 0.9
_DISTRICT_ANYWAY = 0.5  # the district is known, the ward said in it is not
_OTHER_KIND = 0.9  # "xã" said, "phường" meant
_OTHER_DISTRICT = 0.6  # the district said is another one
_AMONG_WORDS = 0.8  # a bare name among other words may be a street's
_SLIP = 0.95
_RESEMBLES = 0.75  # one slip in a name of five letters; lower, and Tân Hòa becomes Tân Hưng
_GOES_ON = 0.6  # how alike the next word and the end of a longer name are
_GOES_ON_WHOLE = 0.85  # and how alike all of it and another name: one slip in seven letters
_BEGINS_LIKE = 0.9  # the beginning of a name, of six letters or more; no misspelt name counts for more

_LONGEST_NAME = 5  # words
_FILLERS = frozenset({"o", "tai", "khu", "vuc", "nha", "dia", "chi"})
_CITY_WHEN_LAST = frozenset({"saigon", "binhduong"})  # wards today, but "…, Sài Gòn" ends an address


@dataclass(frozen=True)
class WardMatch:
    """A ward somebody may mean, how sure that is (0 to 1), and the old ward or district it was found by, if so."""

    ward: Ward
    score: float
    via: str | None = None


@dataclass(frozen=True)
class _Said:
    """A name found in the words somebody typed; `kind` is "" where they said none."""

    key: str
    kind: str
    length: int


@dataclass(frozen=True)
class _Reading:
    """Typed words sorted into ward names, districts and the rest; `accented` is the text if it has diacritics."""

    wards: tuple[_Said, ...]
    districts: tuple[_Said, ...]
    rest: tuple[str, ...]
    accented: str


@dataclass(frozen=True)
class WardBook:
    """The wards of one table, with the indexes to find them by name; built by `load_wards`."""

    wards: tuple[Ward, ...]
    by_code: Mapping[str, Ward]
    _names: Names

    def find(self, text: str, limit: int = 5) -> tuple[WardMatch, ...]:
        """The wards that the words may mean, best first (`SURE`, `MAYBE`). Numbers match exactly or not at all.

        Diacritics only part names that are the same without them (Xã Thanh An, Xã Thạnh An): they never
        keep a name from being found.
        """
        reading = self._read(text)
        said_in = frozenset(said.key for said in reading.districts)
        matches = [match for said in reading.wards for match in self._named(said, said_in, reading)]
        if not reading.wards:
            matches += self._resembling(reading, said_in)
        if not any(match.score > _DISTRICT for match in matches) or not reading.districts:
            matches += self._in_districts(reading)
        return _best(matches)[:limit]

    def _read(self, text: str) -> _Reading:
        words = spell_out(text).split()
        found, rest = list[_Said](), list[str]()
        at = 0
        while at < len(words):
            said = self._name_at(words, at)
            if said:
                found.append(said)
            elif found or rest or words[at] not in _FILLERS:
                rest.append(words[at])
            at += said.length if said else 1
        return self._sort(found, tuple(rest), _if_accented(text))

    def _sort(self, found: Sequence[_Said], rest: tuple[str, ...], accented: str) -> _Reading:
        """A name with its kind beats a bare one; a bare name that is a district's too yields to any other ward."""
        found = [said for at, said in enumerate(found) if said.kind or not at or said.key not in _CITY_WHEN_LAST]
        marked = [said for said in found if said.kind in WARD_KINDS]
        bare = [said for said in found if not said.kind and said.key in self._names.places]
        clear = [said for said in bare if said.key not in self._names.districts]
        wards = marked or clear or bare[:1]
        districts = [said for said in found if said not in wards and said.key in self._names.districts]
        return _Reading(tuple(wards), tuple(districts), rest, accented)

    def _name_at(self, words: Sequence[str], at: int) -> _Said | None:
        """The longest known name that begins here, with the kind before it or without."""
        for kind in (" ".join(words[at : at + 2]), words[at], ""):
            marker = len(kind.split())
            for length in range(_LONGEST_NAME, 0, -1):
                name = words[at + marker : at + marker + length]
                if len(name) == length and self._is_name(kind, key := key_of(name)):
                    cut_short = self._goes_on(key, words[at + marker + length : at + marker + length + 1])
                    return None if cut_short else _Said(key, kind, marker + length)
        return None

    def _goes_on(self, key: str, next_word: Sequence[str]) -> bool:
        """Whether a longer name, misspelt, is more likely: "phú thọ hoaf" is not Phú Thọ."""
        word, names = key_of(next_word), self._names.spellable
        if not word:
            return False
        endings = (name[len(key) :] for name in names if name.startswith(key) and name != key)
        if any(OSA.normalized_similarity(word, ending) >= _GOES_ON for ending in endings):
            return True
        scorer = OSA.normalized_similarity
        return process.extractOne(key + word, names, scorer=scorer, score_cutoff=_GOES_ON_WHOLE) is not None

    def _is_name(self, kind: str, key: str) -> bool:
        if kind in DISTRICT_KINDS:
            return key in self._names.districts
        if kind in WARD_KINDS:
            return key in self._names.places
        known = key in self._names.places or key in self._names.districts
        return not kind and not key.isdigit() and known

    def _named(self, said: _Said, said_in: frozenset[str], reading: _Reading) -> Iterator[WardMatch]:
        """Every ward that bears or inherits the name, weighed by the kind and the districts said."""
        places = self._names.places[said.key]
        places = tuple(place for place in places if place.written in reading.accented) or places
        same_kind = [place for place in places if said.kind in ("", place.kind)]
        pool = same_kind or list(places)
        inside = [place for place in pool if not said_in or place.districts & said_in]
        for place in pool:
            score = self._worth(place, inside or pool, said, bool(said_in)) * (1.0 if same_kind else _OTHER_KIND)
            if place not in inside:
                score *= _OTHER_DISTRICT
            elif not said_in and not said.kind and reading.rest:
                score *= _AMONG_WORDS
            yield from (WardMatch(ward, score, place.via) for ward in place.wards)

    def _worth(self, place: Place, rivals: Sequence[Place], said: _Said, in_district: bool) -> float:
        others = [rival for rival in rivals if rival is not place]
        if place.via is not None:
            shared = any(set(rival.wards) != set(place.wards) for rival in others)
            return _OLD_SHARED if shared else _OLD if len(place.wards) == 1 else _OLD_SPLIT
        ward = place.wards[0]
        elsewhere = any(ward not in rival.wards for rival in others)
        twin = any(rival.via is None for rival in others)
        # With an old district the old ward is meant, and part of that may have gone to a neighbour.
        split = in_district and any(len(rival.wards) > 1 for rival in others)
        as_district = not said.kind and not in_district and set(self._names.districts.get(said.key, ())) - {ward}
        if not elsewhere and not split and not as_district:
            return _TODAY
        return _TODAY_OFFICIAL if said.kind and not in_district and not twin else _TODAY_SHARED

    def _in_districts(self, reading: _Reading) -> Iterator[WardMatch]:
        """Wards of the districts said, or of a bare name that may be one ("gò vấp")."""
        alone = not reading.wards and not reading.rest
        bare = [said for said in reading.wards if not said.kind and not reading.districts]
        for said in (*reading.districts, *bare):
            wards = self._names.districts.get(said.key, ())
            score = _DISTRICT if alone or said in bare else _DISTRICT_ANYWAY
            if alone and len(wards) == 1:
                score = _DISTRICT_OF_ONE
            yield from (WardMatch(ward, score, self._names.district_names[said.key]) for ward in wards)

    def _resembling(self, reading: _Reading, said_in: frozenset[str]) -> Iterator[WardMatch]:
        """Wards whose name is a slip away from what was typed, or begins with it."""
        clear = replace(reading, rest=(), accented="")
        for words, kind in _guesses(reading.rest):
            for key, likeness in self._alike(key_of(words)):
                said = _Said(key, kind, len(words))
                near = [*self._named(said, said_in, clear)] if key in self._names.places else []
                near += self._in_districts(_Reading((), (said,), (), "")) if not said_in and not kind else []
                worth = min(likeness, _BEGINS_LIKE) ** 2 * _SLIP
                yield from (replace(match, score=match.score * worth) for match in near)

    def _alike(self, key: str) -> Iterator[tuple[str, float]]:
        scorer = OSA.normalized_similarity
        for name, likeness, _ in process.extract(
            key, self._names.spellable, scorer=scorer, score_cutoff=_RESEMBLES
        ):
            yield name, likeness
        if len(key) >= 6:
            yield from ((name, _BEGINS_LIKE) for name in self._names.spellable if name.startswith(key))


def _guesses(rest: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Which of the words not understood may be a misspelt name, with the kind before it."""
    for at, word in enumerate(rest):
        kind = next((kind for kind in (" ".join(rest[at : at + 2]), word) if kind in WARD_KINDS), "")
        if kind:
            start = at + len(kind.split())
            yield from ((words, kind) for length in (4, 3, 2) if _is_spelt(words := rest[start : start + length]))
            return
    for length in (len(rest),) if len(rest) <= _LONGEST_NAME else (4, 3, 2):
        if _is_spelt(words := rest[-length:]):
            yield words, ""


def _is_spelt(words: tuple[str, ...]) -> bool:
    return bool(words) and all(word.isalpha() for word in words) and len("".join(words)) >= 4


def _best(matches: Iterable[WardMatch]) -> tuple[WardMatch, ...]:
    best: dict[str, WardMatch] = {}
    for match in matches:
        known = best.get(match.ward.code)
        if match.score >= MAYBE and (known is None or match.score > known.score):
            best[match.ward.code] = match
    return tuple(sorted(best.values(), key=lambda match: (-match.score, fold(match.ward.name), match.ward.code)))


def _if_accented(text: str) -> str:
    """The text in small letters if it has diacritics, else "": without them they can tell nothing."""
    small = unicodedata.normalize("NFC", text).lower()
    return "" if small.isascii() else small


def load_wards(path: Path) -> WardBook:
    """Reads a ward table (see wards/README.md). Raises OSError, or KeyError if a column is missing."""
    wards = read_wards(path)
    return WardBook(wards, MappingProxyType({ward.code: ward for ward in wards}), names_of(wards))

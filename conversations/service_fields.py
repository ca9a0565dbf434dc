"""Questions that services ask: a number with its unit, words, an address and its ward, the customer's meter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from conversations.fields import literally, unread
from conversations.folding import fold
from conversations.identity_fields import SKIP
from conversations.masking import without_ids
from conversations.model import (
    Again,
    Answers,
    Button,
    Event,
    Found,
    Given,
    Json,
    Look,
    Press,
    Reading,
    SharedContact,
    Text,
    Words,
)
from conversations.places import (
    TARGET,
    FindPlace,
    FindPlaceByPhone,
    MyPlacesFound,
    PlacesFound,
    WhichPlace,
    name_of,
    place_answer,
)

# Powers of ten, and what else people call a unit: 500 W are half a kW, and a horse (ngựa) is about 0.75 kW.
_FACTORS: Mapping[str, Mapping[str, float]] = {
    "kw": {"w": 0.001, "kw": 1, "kilowatt": 1, "mw": 1000, "hp": 0.75, "ngua": 0.75},
    "kva": {"va": 0.001, "kva": 1, "mva": 1000},
}
_SPELLED = ("mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin", "muoi")
_NUMBER = re.compile(
    r"(?P<whole>\d{1,3}(?:[., ]\d{3})+(?!\d)|\d+)(?:[.,](?P<part>\d{1,2})(?!\d))?\s*(?P<unit>[^\W\d]+)?"
)
_CODE = re.compile(r"P[A-Z][0-9A-Z]{11}")
# A street with a house number, or what else finds a place: a block, a lot, a hamlet.
_HOUSE = re.compile(r"\d")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Free:
    """Words of the customer's own. The answer is the words; "" when they may be left out and are."""

    at_most: int = 200
    optional: bool = False
    greedy: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return (Button(Words("button.skip"), SKIP),) if self.optional else ()

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == SKIP and self.optional:
                return Given("")
            case Text(text):
                line = " ".join(text.split())
                if not fold(line):
                    return Again(Words("error.no_letters"))
                too_long = len(line) > self.at_most
                return Again(Words("error.too_long", {"limit": self.at_most})) if too_long else Given(line)
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("words are looked up nowhere")


@dataclass(frozen=True)
class PersonName(Free):
    """Somebody's name, or a company's. The answer is the name, a person's as it is written on a card."""

    at_most: int = 100

    def read(self, event: Event) -> Reading:
        reading = super().read(event)
        if isinstance(reading, Given) and not re.search(r"[a-z]{2}", fold(str(reading.value))):
            return Again(Words("name.wrong"), asks=True)
        return reading


@dataclass(frozen=True)
class Number:
    """A number, with or without its unit. The answer is the number, whole where it can be.

    unit: the catalog says it under `unit.<unit>`; a power may come in its other units, and is converted.
    """

    unit: str
    at_least: int = 1
    at_most: int = 1_000_000
    greedy: bool = False
    digits: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return ()

    def read(self, event: Event) -> Reading:
        match event:
            case Text(text):
                return self._number(text)
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def _number(self, text: str) -> Reading:
        numbers = _numbers(text)
        factors = _FACTORS.get(self.unit, {})
        with_unit = [(number, unit) for number, unit in numbers if unit in factors]
        chosen = with_unit or numbers
        if len(chosen) != 1:
            return Again(Words("number.one", {"unit": Words(f"unit.{self.unit}.name")}), asks=True)
        number, unit = chosen[0]
        other = next((name for name, units in _FACTORS.items() if name != self.unit and unit in units), None)
        if other and factors:
            return Again(Words("number.other_unit", {"unit": Words(f"unit.{self.unit}.name")}), asks=True)
        value = round(number * factors.get(unit, 1), 2)
        if not self.at_least <= value <= self.at_most:
            limits = {
                "least": number_words(self.at_least, self.unit),
                "most": number_words(self.at_most, self.unit),
            }
            return Again(Words("number.range", limits), asks=True)
        return Given(int(value) if value == int(value) else value)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a number is looked up nowhere")


def _numbers(text: str) -> list[tuple[float, str]]:
    """The numbers in a text, each with the word right behind it, folded: "1.250 kVA" → (1250, "kva")."""
    found = []
    for match in _NUMBER.finditer(text):
        whole = re.sub(r"\D", "", match["whole"])
        found.append((float(f"{whole}.{match['part'] or 0}"), fold(match["unit"] or "")))
    if found:
        return found
    words = fold(text).split()
    return [
        (_SPELLED.index(word) + 1, words[at + 1] if at + 1 < len(words) else "")
        for at, word in enumerate(words)
        if word in _SPELLED
    ]


def number_words(value: Json, unit: str) -> Words:
    """`5.5` kW → "5,5 kW" in Vietnamese, "5.5 kW" in English."""
    if not isinstance(value, float):
        return Words(f"unit.{unit}", {"number": f"{value}"})
    whole, _, part = f"{value:g}".partition(".")
    return Words(f"unit.{unit}", {"number": Words("number.decimal", {"whole": whole, "part": part})})


@dataclass(frozen=True)
class Power(Number):
    """How much power, in kW or kVA as the customer says it. The answer is `{"number": …, "unit": "kw" | "kva"}`.

    unit: what a number without a unit is taken for.
    """

    def _number(self, text: str) -> Reading:
        numbers = _numbers(text)
        known = [
            (number * factor, unit)
            for number, said in numbers
            for unit, factors in _FACTORS.items()
            for name, factor in factors.items()
            if said == name
        ]
        chosen = known or [(number, self.unit) for number, _ in numbers]
        if len(chosen) != 1:
            return Again(Words("number.one", {"unit": Words("unit.power.name")}), asks=True)
        number, unit = round(chosen[0][0], 2), chosen[0][1]
        if not self.at_least <= number <= self.at_most:
            least, most = (number_words(limit, unit) for limit in (self.at_least, self.at_most))
            return Again(Words("number.range", {"least": least, "most": most}), asks=True)
        return Given({"number": int(number) if number == int(number) else number, "unit": unit})


def power_words(answer: Json) -> Words:
    """Power as it was said: "400 kVA"."""
    match answer:
        case {"number": number, "unit": str(unit)}:
            return number_words(number, unit)
    raise ValueError(f"not power: {answer!r}")


def kva_of(answer: Json, factor: float) -> float:
    """Power in kVA; `factor` is how many kW a kVA is."""
    match answer:
        case {"number": int() | float() as number, "unit": str(unit)}:
            return number if unit == "kva" else number / factor
    raise ValueError(f"not power: {answer!r}")


@dataclass(frozen=True)
class UseAddress(Free):
    """Where the power is used: house, street, ward. The answer is `{"text": …}`, with the place if it is clear."""

    at_most: int = 120

    def read(self, event: Event) -> Reading:
        reading = super().read(event)
        if not isinstance(reading, Given):
            return reading
        text = str(reading.value)
        if not _HOUSE.search(text) and len(fold(text).split()) < 3:
            return Again(Words("use_address.more", {"heard": without_ids(text)}), asks=True)
        return Look(FindPlace(text, streets=True))

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, PlacesFound)
        place = place_answer(found.places[0]) if found.sure and not found.places[0].target.startswith("c:") else {}
        assert isinstance(place, dict)
        return Given({"text": found.heard, **place})


@dataclass(frozen=True)
class WhichWard(WhichPlace):
    """The ward of an address, when the address alone does not tell. The answer is that of `WhichPlace`.

    Its `needs` looks for the address, so that what it may be is there to press. A ward that nobody knows is an
    answer, too: with an empty target, and staff will find it.
    """

    streets: bool = True
    mine: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        near = facts.places[:5] if isinstance(facts, PlacesFound) else ()
        return (
            *(place.button() for place in near if not place.target.startswith("c:")),
            Button(Words("place.by_position"), "by:position"),
            Button(Words("ward.unknown"), UNKNOWN),
        )

    def read(self, event: Event) -> Reading:
        if event == Press(UNKNOWN):
            return Given({"target": "", "name": {"say": "ward.unknown"}})
        return super().read(event)


@dataclass(frozen=True)
class WhichMeter(WhichPlace):
    """The customer's meter, by its code. The answer is that of `WhichPlace`, with the code as its `text`.

    A code that we do not find is taken when its owner says that it is right: some came from other companies. Who
    does not know it gives the address instead; then target and text are empty.
    """

    streets: bool = False
    mine: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        followed = facts.places if isinstance(facts, MyPlacesFound) else ()
        own = [one for one in followed if one.target.startswith("c:")][:5]
        return (
            *(Button(Words("meter.mine", {"label": one.label, "place": one.name}), one.target) for one in own),
            Button(Words("place.by_phone"), "by:phone"),
            Button(Words("meter.unknown"), UNKNOWN),
        )

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == UNKNOWN:
                return Given(meter_answer("", "", {"say": "meter.unknown"}))
            case Press(value) if value.startswith("as:") and _CODE.fullmatch(value[3:]):
                code = value[3:]
                return Given(meter_answer("", code, {"say": "literal", "values": {"text": code}}))
            case Press(value) if TARGET.fullmatch(value) and not value.startswith("c:"):
                return Again(Words("meter.code"), asks=True)
            case SharedContact(phone, own):
                return Look(FindPlaceByPhone(phone)) if own else Again(Words("place.not_your_phone"), asks=True)
        reading = super().read(event)
        return unread(event) if isinstance(reading, Look) and not isinstance(event, Text | Press) else reading

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, PlacesFound)
        meters = tuple(place for place in found.places if place.target.startswith("c:"))
        if found.sure and meters:
            return Given(meter_answer(meters[0].target, meters[0].target[2:], place_answer(meters[0])))
        if found.kind == "phone":
            key = "place.which_phone" if meters else "meter.no_phone"
            return Again(Words(key), tuple(place.button() for place in meters), asks=True)
        code = re.sub(r"[\s.\-]", "", found.heard).upper()
        if not _CODE.fullmatch(code) and not meters:
            return Again(Words("meter.code"), asks=True)
        own = (Button(Words("meter.as_typed", {"code": code}), f"as:{code}"),) if _CODE.fullmatch(code) else ()
        words = Words("place.near_code" if meters else "meter.not_found", {"heard": without_ids(found.heard)})
        return Again(words, (*(place.button() for place in meters), *own, *_no_code()), asks=True)


def _no_code() -> tuple[Button, ...]:
    return (Button(Words("meter.unknown"), UNKNOWN),)


def meter_answer(target: str, code: str, place: Json) -> Json:
    """The answer to `WhichMeter`."""
    name = place["name"] if isinstance(place, dict) and "name" in place else place
    return {"target": target, "text": code, "name": name}


def address_words(answer: Json) -> Words:
    """An address as it was typed, with the place that it was found to be."""
    match answer:
        case {"text": str(text), "name": _}:
            return Words("address.with_place", {"text": without_ids(text), "place": name_of(answer)})
        case {"text": str(text)}:
            return literally(without_ids(text))
    raise ValueError(f"not an address: {answer!r}")

"""Questions that services ask: words, a name, an address and its ward, the customer's meter."""

from __future__ import annotations

import re
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

_CODE = re.compile(r"P[A-Z][0-9A-Z]{11}")
# A street with a house number, or what else finds a place: a block, a lot, a hamlet.
_HOUSE = re.compile(r"\d")
UNKNOWN = "unknown"
_UNKNOWN = re.compile(
    r"(da )?((toi|em|minh|tui|anh|chi) )?(khong|ko|k|hong|chua) (nho|biet|ro|ranh|co)"
    r"( (ma|phuong|xa|so)( [a-z]+){0,3})?( (a|nua|em|nhe))*"
    r"|(i )?(do not|don t) (know|remember|have)( .{0,20})?"
)


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
        if event == Press(UNKNOWN) or _is_unknown(event):
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
            case _ if event == Press(UNKNOWN) or _is_unknown(event):
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


def _is_unknown(event: Event) -> bool:
    return isinstance(event, Text) and _UNKNOWN.fullmatch(fold(event.text)) is not None


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

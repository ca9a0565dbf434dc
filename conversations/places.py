"""Places as conversations know them: what can be looked up about one, and the question for one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.fields import unread
from conversations.folding import fold
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
    Moment,
    Place,
    Press,
    Query,
    Reading,
    SharedContact,
    Text,
    Words,
)

# What a place is named by: a customer's meter, a ward, a house on a street.
TARGET = re.compile(r"[cws]:[A-Za-z0-9:/]+")
MINE = "mine"


@dataclass(frozen=True)
class PlaceSeen:
    """A place found. `target` is `c:<customer code>`, `w:<ward code>` or `s:<street id>[:<house>]`."""

    target: str
    name: Words

    def button(self) -> Button:
        return Button(self.name, self.target)


@dataclass(frozen=True)
class FindPlace(Query):
    """Which places a text, a code or a target means; streets only where one can be looked up by street."""

    text: str
    streets: bool


@dataclass(frozen=True)
class FindPlaceByPhone(Query):
    """The meters registered under the phone number that the channel vouches for."""

    phone: str


@dataclass(frozen=True)
class FindPlaceNear(Query):
    """The wards served around a position, in degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class PlacesFound(Found):
    """The places meant: `sure` when the first is certainly the one; `heard` is what was looked for.

    kind: what was looked for: `code`, `phone`, `position` or `name`.
    """

    places: tuple[PlaceSeen, ...]
    sure: bool
    heard: str
    kind: str


@dataclass(frozen=True)
class MyPlaces(Query):
    """What the customer follows."""


@dataclass(frozen=True)
class FollowedPlace:
    """A place the customer follows under a label of their own."""

    id: int
    target: str
    label: str
    name: Words
    paused: bool
    paused_until: Moment | None


@dataclass(frozen=True)
class MyPlacesFound(Found):
    """What the customer follows, in the order in which they began."""

    places: tuple[FollowedPlace, ...]


@dataclass(frozen=True)
class WhichPlace:
    """The question for a place: a code, a ward, perhaps an address, a shared phone number or position.

    The answer is `{"target": …, "name": {"say": key, …}}`.
    """

    streets: bool
    mine: bool
    greedy: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        mine = (Button(Words("place.mine"), MINE),) if self.mine else ()
        return (
            *mine,
            Button(Words("place.by_phone"), "by:phone"),
            Button(Words("place.by_position"), "by:position"),
        )

    def read(self, event: Event) -> Reading:
        match event:
            case Press("by:phone"):
                return Again(Words("place.share_phone"), asks=True, ask="contact")
            case Press("by:position"):
                return Again(Words("place.share_position"), asks=True, ask="place")
            case Press(value) if self.mine and value == MINE:
                return Given({"target": MINE, "name": {"say": "place.mine"}})
            case Press(value) if TARGET.fullmatch(value):
                return Look(FindPlace(value, self.streets))
            case Text(text) if fold(text):
                return Look(FindPlace(text, self.streets))
            case Text():
                return Again(Words("error.no_letters"))
            case Press():
                return Again(Words("error.choose"))
            case SharedContact(phone, own):
                return Look(FindPlaceByPhone(phone)) if own else Again(Words("place.not_your_phone"), asks=True)
            case Place(latitude, longitude):
                return Look(FindPlaceNear(latitude, longitude))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, PlacesFound)
        if found.sure:
            return Given(place_answer(found.places[0]))
        options = tuple(place.button() for place in found.places)
        heard = without_ids(found.heard)
        if options:
            key = "place.near_code" if found.kind == "code" else f"place.which_{found.kind}"
            return Again(Words(key, {"heard": heard}), options, asks=True)
        return Again(Words(f"place.unknown_{found.kind}", {"heard": heard}), asks=True)


def place_answer(place: PlaceSeen) -> Json:
    """A place as it is kept among the answers."""
    values = {name: value for name, value in place.name.values.items() if isinstance(value, (str, int))}
    return {"target": place.target, "name": {"say": place.name.key, "values": dict(values)}}


def target_of(answer: Json) -> str:
    """The target of an answer to `WhichPlace`."""
    match answer:
        case {"target": str(target)}:
            return target
    raise ValueError(f"not a place: {answer!r}")


def name_of(answer: Json) -> Words:
    """The name of an answer to `WhichPlace`."""
    match answer:
        case {"name": {"say": str(key), "values": dict(values)}}:
            return Words(key, {name: str(value) for name, value in values.items()})
        case {"name": {"say": str(key)}}:
            return Words(key)
    raise ValueError(f"not a place: {answer!r}")

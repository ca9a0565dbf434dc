"""The question where the power is out: like any question for a place, except that no place is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.folding import fold
from conversations.masking import without_ids
from conversations.model import Again, Answers, Button, Event, Found, Given, Json, Look, Press, Reading, Words
from conversations.places import MyPlaces, MyPlacesFound, PlaceSeen, PlacesFound, WhichPlace, place_answer
from conversations.power import Restored, RestoredFound

# Answers known before the question: the customer's only place, or where an outage is over for others.
ONLY = "only"
RESTORED = re.compile(r"(?:\d{1,9}|last)(?:@[cws]:.+)?")
# So many places of their own are offered to press.
MOST_OFFERED = 5
# Telegram carries 64 bytes behind a button; our own mark takes up to 20 of them.
LONGEST_SAID = 40
_AS_SAID = "said:"
# A text with a number or one of these words describes a place, even one that no map of ours has.
_LIKE_A_PLACE = re.compile(
    r"\d|\b(duong|hem|ngo|kiet|phuong|xa|quan|huyen|ap|khu|cho|chung cu|toa nha|lo|nha tro|cau|nga (ba|tu|nam|sau)"
    r"|doi dien|gan|canh|sau lung|cong ty|truong|benh vien|street|road|ward|district|alley|building|near"
    r"|opposite)\b"
)


@dataclass(frozen=True)
class WhereOut(WhichPlace):
    """Where the power is out. The answer is that of `WhichPlace`, with more where it is known.

    `heard` is what the customer typed, `label` what they call the place, `after` the outage that is over for
    others, with its `code`. A place that only words describe has an empty target.
    """

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        followed = facts.places[:MOST_OFFERED] if isinstance(facts, MyPlacesFound) else ()
        own = tuple(Button(Words("places.item", {"label": one.label}), one.target) for one in followed)
        return (*own, *super().options(answers, facts))

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == ONLY:
                return Look(MyPlaces())
            case Press(value) if RESTORED.fullmatch(value):
                return Look(Restored(value))
            case Press(value) if value.startswith(_AS_SAID):
                return Given(as_said(value.removeprefix(_AS_SAID)))
        return super().read(event)

    def judge(self, found: Found) -> Given | Again:
        match found:
            case MyPlacesFound((one,)):
                return Given(_with(PlaceSeen(one.target, one.name), label=one.label, only=True))
            case MyPlacesFound():
                return Again(Words("report.place"), asks=True)
            case RestoredFound():
                return _after(found)
            case PlacesFound(sure=True):
                return Given(_with(found.places[0], heard=found.heard))
            case PlacesFound(kind="name", places=()) if _LIKE_A_PLACE.search(fold(found.heard)):
                return Given(as_said(found.heard))
            case PlacesFound(kind="name"):
                again = super().judge(found)
                assert isinstance(again, Again)
                others = () if again.options else super().options({}, None)
                return Again(again.words, (*again.options, _none_of_these(found.heard), *others), asks=True)
        return super().judge(found)


def as_said(text: str) -> Json:
    """A place that only the customer's words describe."""
    return {"target": "", "name": {"say": "place.as_said", "values": {"text": without_ids(text)}}, "heard": text}


def _none_of_these(heard: str) -> Button:
    return Button(Words("report.as_said"), f"{_AS_SAID}{fold(heard)[:LONGEST_SAID]}")


def _with(place: PlaceSeen, **more: Json) -> Json:
    answer = place_answer(place)
    assert isinstance(answer, dict)
    return {**answer, **more}


def _after(found: RestoredFound) -> Given | Again:
    """Where it is still dark: known when only one of the customer's places was touched."""
    if found.outage is None:
        return Again(Words("report.place" if found.asked.startswith("last") else "still_dark.old"), asks=True)
    if len(found.places) > 1:
        options = tuple(Button(one.name, f"{found.outage}@{one.target}") for one in found.places)
        return Again(Words("still_dark.which"), options, asks=True)
    somewhere = PlaceSeen("", Words("still_dark.somewhere", {"code": found.code}))
    place = found.places[0] if found.places else somewhere
    return Given(_with(place, after=found.outage, code=found.code))

"""Danger to life: the safety text and an urgent report at once; only then the question where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.engine import LONGEST_TEXT
from conversations.fields import Line
from conversations.model import (
    Again,
    Answers,
    Button,
    Command,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Json,
    Press,
    Query,
    Reading,
    Reply,
    Step,
    Words,
)
from conversations.places import PlaceSeen, PlacesFound, WhichPlace, name_of, place_answer, target_of
from conversations.understand import understand
from conversations.where_out import as_said

SKIP = "skip"
# The place was in the words already: what was still asked about it needs no answer.
_PLACED = "placed"


@dataclass(frozen=True)
class UrgentNumber(Query):
    """The number of this customer's urgent report, a new one unless they have just reported something.

    fresh: more was said of a danger, which is another one after some minutes; else it is asked for its place.
    place: what the words name as the place, folded.
    """

    fresh: bool
    place: str | None = None


@dataclass(frozen=True)
class UrgentFound(Found):
    """The number; `again`: it was told before; `placed`: its place is known; `place`: one surely meant now."""

    code: str
    again: bool
    placed: bool
    place: PlaceSeen | None = None


@dataclass(frozen=True)
class TellUrgent(Command):
    """Open the urgent report of that number, or add to it: what the customer says, or where it is."""

    code: str
    words: str = ""
    place: Json = None


@dataclass(frozen=True)
class WhereDanger(WhichPlace):
    """Where the danger is. Any answer is taken as it comes: nobody is asked twice beside a fallen wire."""

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return (Button(Words("place.by_position"), "by:position"), Button(Words("danger.skip"), SKIP))

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == _PLACED:
                return Given(_PLACED)
            case Press(value) if value == SKIP:
                return Given({"target": "", "name": {"say": "danger.somewhere"}})
            case Press("by:position"):
                return Again(Words("danger.share_position"), asks=True, ask="place")
        return super().read(event)

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, PlacesFound)
        # Of several wards around a position the first is the nearest; the position itself is kept beside it.
        if found.sure or (found.places and found.kind == "position"):
            answer = place_answer(found.places[0])
            assert isinstance(answer, dict)
            return Given({**answer, "heard": found.heard})
        return Given(as_said(found.heard))


def words_of(answers: Answers) -> str:
    match answers["text"]:
        case {"text": str(text)}:
            return text
    return ""


def urgent(answers: Answers) -> Query:
    named = understand(words_of(answers)).values
    return UrgentNumber(True, named.get("code") or named.get("place"))


def warn(answers: Answers, facts: Found | None) -> Finish:
    """The safety text first, then the number; where it is is asked unless it is known."""
    assert isinstance(facts, UrgentFound)
    said = Words("danger.added" if facts.again else "danger.reported", {"code": facts.code})
    words: tuple[Words, ...] = (Words("danger.stay_away"), said)
    place: Json = None
    if facts.place:
        words += (Words("danger.placed", {"code": facts.code, "place": facts.place.name}),)
        place = place_answer(facts.place)
    told = TellUrgent(facts.code, words_of(answers), place)
    waiting: Mapping[str, Event] = {"place": Press(_PLACED)} if facts.place or facts.placed else {}
    return Finish(Reply(words), (told,), ("danger_place", waiting))


def which(answers: Answers) -> Query | None:
    return None if answers["place"] == _PLACED else UrgentNumber(fresh=False)


def placed(answers: Answers, facts: Found | None) -> Finish:
    menu = Button(Words("button.menu"), "!menu", nav=True)
    place = answers["place"]
    if not isinstance(facts, UrgentFound):
        return Finish(Reply((), (menu,)))
    known = bool(target_of(place)) or (isinstance(place, dict) and "heard" in place)
    key = "danger.placed" if known else "danger.not_placed"
    reply = Reply((Words(key, {"code": facts.code, "place": name_of(place)}),), (menu,))
    return Finish(reply, (TellUrgent(facts.code, place=place),) if known else ())


FLOW = Flow(
    name="danger",
    in_menu=False,
    steps=(Step("text", Line(at_most=LONGEST_TEXT)),),
    needs=urgent,
    finish=warn,
)

PLACE = Flow(
    name="danger_place",
    in_menu=False,
    steps=(Step("place", WhereDanger(streets=True, mine=False)),),
    needs=which,
    finish=placed,
)

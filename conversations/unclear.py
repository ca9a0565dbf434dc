"""What no rule understands: perhaps it names a place, perhaps the knowledge base answers it."""

from __future__ import annotations

from conversations import knowledge
from conversations.fields import Line
from conversations.masking import without_ids
from conversations.model import Answers, Button, Finish, Flow, Found, Query, Reply, Step, Text, Words
from conversations.places import FindPlace, PlacesFound


def text_of(answers: Answers) -> str:
    match answers["text"]:
        case {"text": str(text)}:
            return text
    return ""


def needs(answers: Answers) -> Query:
    return FindPlace(text_of(answers), streets=True)


def finish(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, PlacesFound)
    menu = Button(Words("button.menu"), "!menu", nav=True)
    if facts.sure:
        place = facts.places[0]
        follow = Button(Words("button.follow_here"), f"go:follow:{place.target}")
        see = Button(Words("button.outages_here"), f"go:lookup:{place.target}")
        here = (see,) if place.target.startswith("s:") else (see, follow)
        return Finish(Reply((Words("unclear.place", {"place": place.name}),), (*here, menu)))
    if facts.kind == "code":
        options = tuple(Button(p.name, f"go:lookup:{p.target}") for p in facts.places)
        key = "place.near_code" if options else "place.unknown_code"
        return Finish(Reply((Words(key, {"heard": without_ids(facts.heard)}),), (*options, menu)))
    if facts.places:
        options = tuple(Button(p.name, f"go:lookup:{p.target}") for p in facts.places)
        words = Words("place.which_name", {"heard": without_ids(facts.heard)})
        return Finish(Reply((words,), (*options, menu)))
    # No place: perhaps a question that the knowledge base answers.
    return Finish(Reply(()), then=(knowledge.FLOW.name, {"question": Text(text_of(answers))}))


FLOW = Flow(
    name="unclear",
    in_menu=False,
    steps=(Step("text", Line(at_most=2_000)),),
    needs=needs,
    finish=finish,
)

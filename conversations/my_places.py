"""My places: a customer sees what they follow, renames it, pauses it, or follows it no longer."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.fields import Choice, Line, OneOfFound, line_words, literally
from conversations.follow import LONGEST_LABEL
from conversations.model import Answers, Button, Command, Finish, Flow, Found, Reply, Step, Words
from conversations.places import FollowedPlace, MyPlaces, MyPlacesFound

# How long a pause lasts, in days; "until" is until the customer resumes it.
PAUSES = {"day": 1, "week": 7, "month": 30, "until": None}


@dataclass(frozen=True)
class RenamePlace(Command):
    """Give a followed place another label."""

    id: int
    label: Words


@dataclass(frozen=True)
class RemovePlace(Command):
    """Follow a place no longer."""

    id: int


@dataclass(frozen=True)
class PausePlace(Command):
    """Hold the messages of a place for so many days, or until it is resumed (None)."""

    id: int
    days: int | None


@dataclass(frozen=True)
class ResumePlace(Command):
    """Let the messages of a place flow again."""

    id: int


def buttons(found: Found) -> tuple[Button, ...]:
    assert isinstance(found, MyPlacesFound)
    return tuple(
        Button(Words("places.paused_item" if p.paused else "places.item", {"label": p.label}), f"{p.id}")
        for p in found.places
    )


def listing(answers: Answers, facts: Found | None) -> Words:
    """The places as a list of lines, then the question which one to change."""
    assert isinstance(facts, MyPlacesFound)
    return Words("places.place", {"n": len(facts.places), "list": tuple(_line(place) for place in facts.places)})


def _line(place: FollowedPlace) -> Words:
    if place.paused_until:
        key = "places.line_paused_until"
        return Words(key, {"label": place.label, "place": place.name, "until": place.paused_until})
    key = "places.line_paused" if place.paused else "places.line"
    return Words(key, {"label": place.label, "place": place.name})


def nothing_followed(facts: Found | None) -> Finish | None:
    if isinstance(facts, MyPlacesFound) and facts.places:
        return None
    return Finish(Reply((Words("places.none"),), (Button(Words("menu.follow"), "go:follow"),)))


def finish(answers: Answers, facts: Found | None) -> Finish:
    id_, what = int(str(answers["place"])), answers["what"]
    known = {place.id: place for place in facts.places} if isinstance(facts, MyPlacesFound) else {}
    place = known.get(id_)
    more = (Button(Words("menu.places"), "go:places"), Button(Words("button.menu"), "!menu", nav=True))
    if place is None:
        return Finish(Reply((Words("places.gone"),), more))
    old = literally(place.label)
    if what == "rename":
        label = line_words(answers["label"])
        return Finish(
            Reply((Words("places.renamed", {"old": old, "label": label}),), more), (RenamePlace(id_, label),)
        )
    if what == "remove":
        if answers["sure"] == "no":
            return Finish(Reply((Words("places.kept", {"label": old}),), more))
        again = (Button(Words("button.follow_again"), f"go:follow:{place.target}"), *more)
        return Finish(Reply((Words("places.removed", {"label": old}),), again), (RemovePlace(id_),))
    if what == "resume":
        return Finish(Reply((Words("places.resumed", {"label": old}),), more), (ResumePlace(id_),))
    pause = str(answers["pause"])
    words = Words("places.paused", {"label": old, "how_long": Words(f"places.pause.{pause}")})
    return Finish(Reply((words,), more), (PausePlace(id_, PAUSES[pause]),))


FLOW = Flow(
    name="places",
    starts_on=("unsubscribe",),
    steps=(
        Step(
            "place",
            OneOfFound(buttons),
            needs=lambda answers: MyPlaces(),
            prompt=listing,
            instead=nothing_followed,
        ),
        Step("what", Choice("places.what", ("rename", "pause", "resume", "remove"))),
        Step(
            "label",
            Line(LONGEST_LABEL, lambda answers: ("label.home", "label.workshop", "label.shop", "label.parents")),
            when=lambda answers: answers.get("what") == "rename",
        ),
        Step("pause", Choice("places.pause", tuple(PAUSES)), when=lambda answers: answers.get("what") == "pause"),
        Step("sure", Choice("places.sure", ("yes", "no")), when=lambda answers: answers.get("what") == "remove"),
    ),
    needs=lambda answers: MyPlaces(),
    finish=finish,
)

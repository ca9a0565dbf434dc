"""My places: a customer sees what they follow, renames it, pauses it, or follows it no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conversations import calendar
from conversations.fields import Choice, Line, OneOfFound, line_words, literally
from conversations.follow import LONGEST_LABEL
from conversations.model import Answers, Button, Command, Finish, Flow, Found, Reply, Step, Words
from conversations.places import FollowedPlace, MyPlaces, MyPlacesFound

# Answers that lead to another conversation about what the customer follows.
ELSEWHERE = ("notices", "calendar")
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
    places = (
        Button(Words("places.paused_item" if p.paused else "places.item", {"label": p.label}), f"{p.id}")
        for p in found.places
    )
    return (*places, Button(Words("menu.notices"), "notices"), calendar.HERE)


def listing(answers: Answers, facts: Found | None) -> Words:
    """The places as a list of lines, then the question which one to change."""
    assert isinstance(facts, MyPlacesFound)
    return Words("places.place", {"n": len(facts.places), "list": tuple(_line(place) for place in facts.places)})


def _line(place: FollowedPlace) -> Words:
    own_name = place.name.values.get("name") == place.label
    called = Words(
        "places.name_only" if own_name else "places.called", {"label": place.label, "place": place.name}
    )
    if place.paused_until:
        return Words("places.line_paused_until", {"called": called, "until": place.paused_until})
    return Words("places.line_paused" if place.paused else "places.line", {"called": called})


def chosen(answers: Answers, facts: Found | None) -> FollowedPlace | None:
    """The place to change, unless it was removed meanwhile."""
    places = facts.places if isinstance(facts, MyPlacesFound) else ()
    return next((place for place in places if str(place.id) == answers["place"]), None)


def naming(key: str) -> Callable[[Answers, Found | None], Words]:
    """The question under that key, with the label of the place it is about."""

    def prompt(answers: Answers, facts: Found | None) -> Words:
        place = chosen(answers, facts)
        return Words(key, {"label": place.label if place else "…"})

    return prompt


@dataclass(frozen=True)
class WhatToDo(Choice):
    """What can be done with the place chosen: a paused one is resumed, another is paused."""

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        place = chosen(answers, facts)
        idle = "pause" if place and place.paused else "resume"
        return tuple(button for button in super().options(answers, facts) if button.value != idle)


def nothing_followed(facts: Found | None) -> Finish | None:
    if isinstance(facts, MyPlacesFound) and facts.places:
        return None
    return Finish(Reply((Words("places.none"),), (Button(Words("menu.follow"), "go:follow"),)))


def finish(answers: Answers, facts: Found | None) -> Finish:
    if answers["place"] in ELSEWHERE:
        return Finish(Reply(()), then=(str(answers["place"]), {}))
    place, what = chosen(answers, facts), answers["what"]
    more = (Button(Words("menu.places"), "go:places"), Button(Words("button.menu"), "!menu", nav=True))
    if place is None:
        return Finish(Reply((Words("places.gone"),), more))
    id_, old = place.id, literally(place.label)
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
        here = Button(Words("button.outages_here"), f"go:lookup:{place.target}")
        return Finish(Reply((Words("places.resumed", {"label": old}),), (here, *more)), (ResumePlace(id_),))
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
        Step(
            "what",
            WhatToDo("places.what", ("rename", "pause", "resume", "remove")),
            when=lambda answers: answers.get("place") not in ELSEWHERE,
            needs=lambda answers: MyPlaces(),
            prompt=naming("places.what"),
        ),
        Step(
            "label",
            Line(LONGEST_LABEL, lambda answers: ("label.home", "label.workshop", "label.shop", "label.parents")),
            when=lambda answers: answers.get("what") == "rename",
        ),
        Step("pause", Choice("places.pause", tuple(PAUSES)), when=lambda answers: answers.get("what") == "pause"),
        Step(
            "sure",
            Choice("places.sure", ("yes", "no")),
            when=lambda answers: answers.get("what") == "remove",
            needs=lambda answers: MyPlaces(),
            prompt=naming("places.sure"),
        ),
    ),
    needs=lambda answers: MyPlaces(),
    finish=finish,
)

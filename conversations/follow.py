"""Following outages: a customer names a place, gives it a label, and is told of every outage there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.fields import Line, line_words
from conversations.model import (
    Answers,
    Button,
    Command,
    Event,
    Finish,
    Flow,
    Found,
    Reply,
    Step,
    Text,
    Understood,
    Words,
)
from conversations.places import WhichPlace, name_of, target_of

LONGEST_LABEL = 40


@dataclass(frozen=True)
class Follow(Command):
    """Tell this contact of every outage at a place, which they call `label`."""

    target: str
    label: Words


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Theo dõi phường Bến Thành" names the place already."""
    named = understood.values.get("code") or understood.values.get("place")
    return {"place": Text(named)} if named else {}


def suggestions(answers: Answers) -> tuple[str, ...]:
    """A meter is somebody's home or workplace; a ward is rather an area to keep an eye on."""
    if target_of(answers["place"]).startswith("w:"):
        return ("label.ward", "label.home", "label.work", "label.parents")
    return ("label.home", "label.workshop", "label.shop", "label.parents")


def finish(answers: Answers, facts: Found | None) -> Finish:
    place, label = answers["place"], line_words(answers["label"])
    name = name_of(place)
    done = Words("follow.done", {"label": label, "place": name})
    if label.key == "label.ward":
        label, done = name, Words("follow.done_ward", {"place": name})
    reply = Reply(
        (done,),
        (
            Button(Words("button.outages_here"), f"go:lookup:{target_of(place)}"),
            Button(Words("button.follow_another"), "go:follow"),
            Button(Words("menu.places"), "go:places"),
        ),
    )
    return Finish(reply, (Follow(target_of(place), label),))


FLOW = Flow(
    name="follow",
    starts_on=("subscribe",),
    prefill=prefill,
    steps=(
        Step("place", WhichPlace(streets=False, mine=False)),
        Step(
            "label",
            Line(at_most=LONGEST_LABEL, suggestions=suggestions),
            prompt=lambda answers, facts: Words("follow.label", {"place": name_of(answers["place"])}),
        ),
    ),
    finish=finish,
)

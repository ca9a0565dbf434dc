"""Reporting that the power is out, or still out: what is known already is told, anything else gets a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.lookup import MOST_SHOWN, outage_lines
from conversations.model import (
    Answers,
    Button,
    Command,
    Event,
    Finish,
    Flow,
    Found,
    Json,
    Press,
    Query,
    Reply,
    Step,
    Text,
    Understood,
    Words,
)
from conversations.numbers import NewNumber, NumberFound
from conversations.places import MyPlaces, MyPlacesFound, name_of, target_of
from conversations.power import HearOf, Known, PowerAt, PowerFound
from conversations.triage import BREAKER, NEIGHBOURS, SINCE, advice, ahead, question
from conversations.where_out import ONLY, WhereOut


@dataclass(frozen=True)
class OpenReport(Command):
    """Keep a report of this customer under the number that they were told.

    place: the answer to `WhereOut`; answers: those of the triage. after: the outage that is over for others.
    apart: the customer said that no known outage is theirs.
    """

    code: str
    place: Json
    answers: Mapping[str, Json]
    after: int | None
    apart: bool


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Chỉ nhà tôi mất điện, nhảy CB" says where, and answers two of the questions."""
    named = understood.values.get("code") or understood.values.get("place")
    return {"place": Text(named) if named else Press(ONLY), **ahead(understood)}


def after_restoration(answers: Answers) -> bool:
    """Whether the place is one whose outage is over for the others."""
    place = answers.get("place")
    return isinstance(place, dict) and "after" in place


def already_known(facts: Found | None) -> Finish | None:
    """The answer when the outage is known; the customer hears how it goes on, whatever they follow."""
    if not isinstance(facts, PowerFound) or not facts.now:
        return None
    target = target_of(facts.place)
    words = (
        Words("report.known", {"place": called(facts.place)}),
        *(line for known in facts.now[:MOST_SHOWN] for line in outage_lines(known.seen)),
        *_later(facts.later),
        Words("report.will_tell", {"as_of": facts.as_of}),
    )
    buttons = (
        Button(Words("button.not_this"), f"go:report_apart:{target}"),
        *_follow(facts.place),
        Button(Words("button.menu"), "!menu", nav=True),
    )
    return Finish(Reply(words, buttons), (HearOf(facts.place, tuple(known.id for known in facts.now)),))


def _later(later: tuple[Known, ...]) -> tuple[Words, ...]:
    if not later:
        return ()
    return (Words("report.later"), *(line for known in later for line in outage_lines(known.seen)))


def called(place: Json) -> Words:
    """A place by the customer's own label where it has one."""
    name = name_of(place)
    if isinstance(place, dict) and isinstance(place.get("label"), str):
        return Words("report.called", {"label": str(place["label"]), "place": name})
    return name


def ask_place(answers: Answers, facts: Found | None) -> Words:
    followed = isinstance(facts, MyPlacesFound) and facts.places
    return Words("report.place_of_mine" if followed else "report.place")


def ask_neighbours(answers: Answers, facts: Found | None) -> Words:
    """The first question says what was found: nothing that explains it, perhaps a plan for later today."""
    return Words("triage.neighbours", {"checked": _checked(answers["place"], facts)})


def _checked(place: Json, facts: Found | None) -> Words:
    if facts is None:
        return Words("report.apart", {"place": called(place)})
    only = isinstance(place, dict) and bool(place.get("only"))
    checked = Words("report.nothing_at_only" if only else "report.nothing_at", {"place": called(place)})
    if isinstance(facts, PowerFound) and facts.later:
        first = facts.later[0].seen
        return Words("report.nothing_yet", {"checked": checked, "span": first.span})
    return checked


def ask_breaker(answers: Answers, facts: Found | None) -> Words:
    return Words("still_dark.breaker" if after_restoration(answers) else "triage.breaker")


def finish(answers: Answers, facts: Found | None, apart: bool = False) -> Finish:
    assert isinstance(facts, NumberFound)
    place = answers["place"]
    after = place.get("after") if isinstance(place, dict) else None
    done = "still_dark.done" if after_restoration(answers) else "report.done"
    reply = Reply(
        (
            Words(done, {"code": facts.code, "place": called(place)}),
            *advice(answers),
            Words("report.next"),
        ),
        (
            Button(Words("button.power_is_back"), f"go:power_back:{facts.code}"),
            *_follow(place),
            Button(Words("button.menu"), "!menu", nav=True),
        ),
    )
    triage = {name: answer for name, answer in answers.items() if name != "place"}
    opened = OpenReport(facts.code, place, triage, after if isinstance(after, int) else None, apart)
    return Finish(reply, (opened,))


def _follow(place: Json) -> tuple[Button, ...]:
    """What is not followed yet, and can be, is offered to be followed."""
    target = target_of(place)
    followed = isinstance(place, dict) and "label" in place
    if followed or not target.startswith(("c:", "w:")):
        return ()
    return (Button(Words("button.follow_here"), f"go:follow:{target}"),)


def steps(looks: bool) -> tuple[Step, ...]:
    """The questions; `looks`: each is preceded by a look at what is known of the place."""

    def known(answers: Answers) -> Query:
        return PowerAt(answers["place"])

    needs = known if looks else None

    def first_hand(answers: Answers) -> bool:
        return not after_restoration(answers)

    return (
        Step("place", WhereOut(streets=True, mine=False), needs=lambda answers: MyPlaces(), prompt=ask_place),
        Step(
            "neighbours",
            question("neighbours", NEIGHBOURS),
            when=first_hand,
            needs=needs,
            instead=already_known,
            prompt=ask_neighbours,
        ),
        # When the whole street is dark, nobody's breaker is to blame.
        Step(
            "breaker",
            question("breaker", BREAKER),
            when=lambda answers: answers.get("neighbours") != "block",
            needs=needs,
            instead=already_known,
            prompt=ask_breaker,
        ),
        Step(
            "since",
            question("since", SINCE),
            when=first_hand,
            needs=needs,
            instead=already_known,
            prompt=lambda answers, facts: Words("triage.since"),
        ),
    )


FLOW = Flow(
    name="report",
    starts_on=("outage_report", "outage_my_home_only"),
    prefill=prefill,
    steps=steps(looks=True),
    needs=lambda answers: NewNumber("report"),
    finish=finish,
)

# What was found is not what the customer means: the same questions, without looking.
APART = Flow(
    name="report_apart",
    in_menu=False,
    prefill=prefill,
    steps=steps(looks=False),
    needs=lambda answers: NewNumber("report"),
    finish=lambda answers, facts: finish(answers, facts, apart=True),
)

# "Chưa có" under the news that the power is back.
STILL_DARK = Flow(
    name="still_dark",
    in_menu=False,
    starts_on=("still_dark",),
    prefill=lambda understood: {"place": Press("last")},
    steps=steps(looks=True),
    needs=lambda answers: NewNumber("report"),
    finish=finish,
)

"""A slot that suits production: a business proposes other windows instead of a planned one, with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from conversations.fields import Line, line_words, unread
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
    Moment,
    Press,
    Query,
    Reading,
    Reply,
    Span,
    Step,
    Text,
    Value,
    Words,
)
from conversations.planned_windows import (
    ONLY,
    WINDOWS,
    MyPlannedOutages,
    PlannedFound,
    WhichOutage,
    WhichWindow,
    chosen,
    window,
    wishes,
)
from conversations.windows import WhichTime, as_press, span_of

LONGEST_REASON = 300
REASONS = ("reschedule.reason.order", "reschedule.reason.delivery", "reschedule.reason.machine")
_MENU = Button(Words("button.menu"), "!menu", nav=True)


@dataclass(frozen=True)
class PrepareProposal(Query):
    """A number for a proposal, and until when it is answered; `windows` as [start, end] in ISO 8601."""

    outage: int
    slot: int
    windows: tuple[Span, ...]


@dataclass(frozen=True)
class ProposalReady(Found):
    """It can be sent. replaces: the number of the customer's earlier proposal about that window, or nothing."""

    code: str
    until: Moment
    replaces: str


@dataclass(frozen=True)
class ProposalImpossible(Found):
    """It cannot be sent: the window is `gone`, or the wishes are the `same` as the window."""

    why: Literal["gone", "same"]


@dataclass(frozen=True)
class Propose(Command):
    """Hand a proposal to staff under the number that the customer was told."""

    code: str
    outage: int
    slot: int
    customer: str
    windows: tuple[Span, ...]
    reason: Words


@dataclass(frozen=True)
class Review:
    """Everything at a glance: send it, or change one of the answers."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        given = [name for name in WINDOWS if span_of(answers.get(name))]
        free = [name for name in WINDOWS if name not in given]
        several = isinstance(answers["outage"], dict) and answers["outage"].get("several")
        changes = [
            *(["outage"] if several else []),
            *(["slot"] if len(chosen(answers).windows) > 1 else []),
            *given,
            *free[:1],
            "reason",
        ]
        added = free[:1]
        buttons = (
            Button(Words("reschedule.add" if name in added else f"reschedule.change.{name}"), name)
            for name in changes
        )
        return (Button(Words("reschedule.send"), "send"), *buttons)

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value in ("send", "outage", "slot", "reason", *WINDOWS):
                return Given(value)
            case Press() | Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a review looks nothing up")


def nothing_to_move(facts: Found | None) -> Finish | None:
    """Why there is nothing to be moved, and what to do instead."""
    if not isinstance(facts, PlannedFound) or facts.outages:
        return None
    follow = (Button(Words("button.follow_company"), "go:follow"),) if facts.why == "no_meter" else ()
    return Finish(Reply((Words(f"reschedule.{facts.why}"),), (*follow, _MENU)))


def _about(answers: Answers) -> dict[str, Value]:
    outage, (_, old) = chosen(answers), window(answers)
    return {"code": outage.code, "label": outage.label, "old": old}


def ask_slot(answers: Answers, facts: Found | None) -> Words:
    outage = chosen(answers)
    return Words("reschedule.slot", {"code": outage.code, "label": outage.label})


def ask_first(answers: Answers, facts: Found | None) -> Words:
    return Words("reschedule.window_first", _about(answers))


def ask_another(answers: Answers, facts: Found | None) -> Words:
    return Words("reschedule.another", {"wishes": _lines(wishes(answers))})


def summary(answers: Answers, facts: Found | None) -> Words:
    said: dict[str, Value] = {"wishes": _lines(wishes(answers)), "reason": line_words(answers["reason"])}
    return Words("reschedule.review", {**_about(answers), **said})


def _lines(spans: tuple[Span, ...]) -> tuple[Words, ...]:
    return tuple(Words("reschedule.wish", {"window": span}) for span in spans)


def needs(answers: Answers) -> Query | None:
    if answers["review"] != "send":
        return None
    return PrepareProposal(chosen(answers).id, window(answers)[0], wishes(answers))


def finish(answers: Answers, facts: Found | None) -> Finish:
    outage, (slot, old) = chosen(answers), window(answers)
    match facts:
        case ProposalReady(code, until, replaces):
            done = Words("reschedule.done", {**_about(answers), "number": code, "until": until})
            before = (Words("reschedule.replaces", {"number": replaces}),) if replaces else ()
            buttons = (Button(Words("button.withdraw"), f"go:withdraw:{code}"), _MENU)
            reason = line_words(answers["reason"])
            sent = Propose(code, outage.id, slot, outage.customer, wishes(answers), reason)
            return Finish(Reply((done, *before), buttons), (sent,))
        case ProposalImpossible(why):
            again = Button(Words("button.reschedule"), f"go:reschedule:{outage.id}")
            words = Words(f"reschedule.impossible.{why}", {"old": old, "code": outage.code})
            return Finish(Reply((words,), (again, _MENU)))
    return Finish(Reply(()), then=("reschedule", _but(answers, str(answers["review"]))))


def _but(answers: Answers, changed: str) -> Mapping[str, Event]:
    """All answers given so far but one, so that only that is asked again."""
    ahead: dict[str, Event] = {"outage": Press(str(chosen(answers).id)), "slot": Press(str(window(answers)[0]))}
    ahead |= {name: as_press(answers[name]) for name in WINDOWS if name in answers}
    match answers["reason"]:
        case {"say": str(key)}:
            ahead["reason"] = Press(f"say.{key}")
        case {"text": str(text)}:
            ahead["reason"] = Text(text)
    # The windows of another outage are others.
    dropped = (changed, "slot") if changed == "outage" else (changed,)
    return {name: event for name, event in ahead.items() if name not in dropped}


def _has_several(answers: Answers) -> bool:
    return "outage" in answers and len(chosen(answers).windows) > 1


def _any_left(name: str, answers: Answers) -> bool:
    """A window more is asked for until somebody says that it is enough."""
    return answers.get(name) != "none"


FLOW = Flow(
    name="reschedule",
    in_menu=False,
    starts_on=("outage_reschedule",),
    prefill=lambda understood: {"outage": Press(ONLY)},
    steps=(
        Step("outage", WhichOutage(), needs=lambda answers: MyPlannedOutages(), instead=nothing_to_move),
        Step("slot", WhichWindow(), when=_has_several, prompt=ask_slot),
        Step("window_first", WhichTime(), prompt=ask_first),
        Step("window_second", WhichTime(optional=True), prompt=ask_another),
        Step(
            "window_third",
            WhichTime(optional=True),
            when=lambda answers: _any_left("window_second", answers),
            prompt=ask_another,
        ),
        Step("reason", Line(LONGEST_REASON, lambda answers: REASONS)),
        Step("review", Review(), prompt=summary),
    ),
    needs=needs,
    finish=finish,
)

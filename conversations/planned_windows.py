"""Planned outages that a business may ask to be moved: which one is meant, which window of it, and the wishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conversations.fields import unread
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
    Query,
    Reading,
    Span,
    Text,
    Words,
)
from conversations.windows import span_of

# An answer known before the question: the only planned outage there is.
ONLY = "only"
# The questions for the windows wished for, in order.
WINDOWS = ("window_first", "window_second", "window_third")


@dataclass(frozen=True)
class MyPlannedOutages(Query):
    """Planned outages with a window still to come, at places the contact follows where a business is served.

    asked: the one that is meant, by its number; `only` when nobody said which.
    """

    asked: str = ONLY


@dataclass(frozen=True)
class PlannedOutage:
    """A planned outage and its windows still to come, by number; `label` is the customer's name of the place."""

    id: int
    code: str
    customer: str
    label: str
    windows: tuple[tuple[int, Span], ...]


@dataclass(frozen=True)
class PlannedFound(Found):
    """What was found for `asked`; `why` nothing was: no meter is followed, only households, nothing planned."""

    outages: tuple[PlannedOutage, ...]
    asked: str
    why: Literal["", "no_meter", "household", "nothing"] = ""


def as_answer(outage: PlannedOutage, several: bool) -> Json:
    windows: list[Json] = [[number, span.start, span.end] for number, span in outage.windows]
    return {
        "id": outage.id,
        "code": outage.code,
        "customer": outage.customer,
        "label": outage.label,
        "windows": windows,
        "several": several,
    }


def chosen(answers: Answers) -> PlannedOutage:
    """The outage to be moved."""
    match answers["outage"]:
        case {
            "id": int(id_),
            "code": str(code),
            "customer": str(meter),
            "label": str(name),
            "windows": list(all_),
        }:
            return PlannedOutage(id_, code, meter, name, tuple(_numbered(one) for one in all_))
    raise ValueError(f"not a planned outage: {answers['outage']!r}")


def _numbered(plain: Json) -> tuple[int, Span]:
    match plain:
        case [int(number), str(start), str(end)]:
            return number, Span(start, end)
    raise ValueError(f"not a window: {plain!r}")


def window(answers: Answers) -> tuple[int, Span]:
    """The window to be moved; the first, should the one chosen be none of the outage's."""
    windows = chosen(answers).windows
    return next((one for one in windows if str(one[0]) == answers.get("slot")), windows[0])


def wishes(answers: Answers) -> tuple[Span, ...]:
    """The windows wished for, each once."""
    spans = (span_of(answers.get(name)) for name in WINDOWS)
    return tuple(dict.fromkeys(span for span in spans if span is not None))


def _item(outage: PlannedOutage) -> Button:
    words = Words("reschedule.item", {"window": outage.windows[0][1], "label": outage.label})
    return Button(words, str(outage.id))


@dataclass(frozen=True)
class WhichOutage:
    """Which planned outage is meant; the only one there is need not be named."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(map(_item, facts.outages)) if isinstance(facts, PlannedFound) else ()

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value):
                return Look(MyPlannedOutages(value))
            case Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, PlannedFound)
        meant = [one for one in found.outages if found.asked in (ONLY, str(one.id))]
        if len(meant) == 1:
            return Given(as_answer(meant[0], several=len(found.outages) > 1))
        key = "reschedule.outage" if found.asked == ONLY else "reschedule.other_outage"
        return Again(Words(key), tuple(map(_item, found.outages)), asks=True)


@dataclass(frozen=True)
class WhichWindow:
    """Which of an outage's windows is to be moved."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(
            Button(Words("reschedule.window", {"window": span}), str(n)) for n, span in chosen(answers).windows
        )

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value):
                return Given(value)
            case Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("the windows are known before the question")

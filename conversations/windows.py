"""The question for a window: a day and its hours in the customer's own words, asked for until both are known."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.fields import unread
from conversations.folding import fold
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

NONE = "none"


@dataclass(frozen=True)
class ReadWindow(Query):
    """Which window a text means, together with the words before it, which were half an answer.

    A text `<start>/<end>` in ISO 8601 is a window that was read before.
    """

    text: str
    earlier: str = ""


@dataclass(frozen=True)
class WindowFound(Found):
    """A window that can be proposed."""

    span: Span


@dataclass(frozen=True)
class WindowNotFound(Found):
    """Why not, in words; `heard` is kept when only a part of it is missing."""

    words: Words
    heard: str = ""


@dataclass(frozen=True)
class WhichTime:
    """The question for a window; `optional` where none is an answer too.

    The answer is `[start, end]` in ISO 8601, or `none`.
    """

    optional: bool = False
    greedy: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return (Button(Words("window.enough"), NONE),) if self.optional else ()

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == NONE and self.optional:
                return Given(NONE)
            case Press(value) if "/" in value:
                return Look(ReadWindow(value))
            case Press():
                return Again(Words("window.example"))
            case Text(text, earlier) if fold(text):
                return Look(ReadWindow(text, earlier))
            case Text():
                return Again(Words("window.example"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        match found:
            case WindowFound(Span(start, end)):
                return Given([start, end])
            case WindowNotFound(words, heard):
                return Again(words, self.options({}, None), asks=True, heard=heard)
        raise AssertionError(f"not about a window: {found!r}")


def span_of(answer: Json) -> Span | None:
    """The window of an answer to `WhichTime`, or None."""
    match answer:
        case [str(start), str(end)]:
            return Span(start, end)
    return None


def as_press(answer: Json) -> Press:
    """An answer to `WhichTime` as it can be given again."""
    span = span_of(answer)
    return Press(f"{span.start}/{span.end}" if span else NONE)

"""The kinds of question that any flow can ask: a choice, a line of words, one of what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conversations.engine_speech import unread as unread_words
from conversations.folding import fold
from conversations.model import (
    Again,
    Answers,
    Button,
    Event,
    Found,
    Given,
    Json,
    Press,
    Reading,
    Text,
    Words,
)


def literally(text: str) -> Words:
    """Words that are the same in every language: a name, a label of the customer's own."""
    return Words("literal", {"text": text})


def unread(event: Event) -> Again:
    """What to say to something that this question has no use for."""
    return Again(unread_words(event))


@dataclass(frozen=True)
class Choice:
    """One of a few fixed answers; the words of each stand under `<key>.<value>`."""

    key: str
    values: tuple[str, ...]
    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(Button(Words(f"{self.key}.{value}"), value) for value in self.values)

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value in self.values:
                return Given(value)
            case Press() | Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a choice looks nothing up")


@dataclass(frozen=True)
class OneOfFound:
    """One of what a query found: `buttons` makes the options of it."""

    buttons: Callable[[Found], tuple[Button, ...]]
    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return self.buttons(facts) if facts is not None else ()

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value):
                return Given(value)
            case Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("what was found is looked up before the question, not after")


@dataclass(frozen=True)
class Line:
    """A line of the customer's own words; `suggestions` are catalog keys of what others often answer.

    The answer is `{"say": key}` for a suggestion and `{"text": words}` for words typed.
    """

    at_most: int
    suggestions: Callable[[Answers], tuple[str, ...]] = lambda answers: ()
    greedy: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(Button(Words(key), f"say.{key}") for key in self.suggestions(answers))

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value.startswith("say."):
                return Given({"say": value.removeprefix("say.")})
            case Text(text):
                return self._line(" ".join(text.split()))
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def _line(self, line: str) -> Reading:
        if not fold(line):
            return Again(Words("error.no_letters"))
        if len(line) > self.at_most:
            return Again(Words("error.too_long", {"limit": self.at_most}))
        return Given({"text": line})

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a line looks nothing up")


def line_words(answer: Json) -> Words:
    """The words of a `Line`'s answer."""
    match answer:
        case {"say": str(key)}:
            return Words(key)
        case {"text": str(text)}:
            return literally(text)
    raise ValueError(f"not the answer to a line: {answer!r}")

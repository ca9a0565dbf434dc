"""The words every conversation is written in: events, replies, commands, queries, steps, flows and turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

Language: TypeAlias = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")


def language_of(code: object) -> Language:
    """The language of a code that was kept; Vietnamese for one that is none of ours."""
    return "en" if code == "en" else "vi"


Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Answers: TypeAlias = Mapping[str, Json]


# --- what arrives -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """Words that the customer typed; `earlier` are those before that were half an answer to the same question."""

    text: str
    earlier: str = ""


@dataclass(frozen=True)
class Press:
    """A button of ours; `value` is what we put behind it, never what a person typed."""

    value: str


@dataclass(frozen=True)
class Photo:
    """A picture; `ref` is the channel's own handle on it."""

    ref: str


@dataclass(frozen=True)
class Place:
    """A shared position, in degrees (WGS 84)."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class SharedContact:
    """A shared phone number; `own` is true when the channel vouches that it is the sender's."""

    phone: str
    own: bool


@dataclass(frozen=True)
class Opened:
    """The conversation was opened, maybe through a deep link with a payload."""

    payload: str = ""


@dataclass(frozen=True)
class Other:
    """Something a person can send and we cannot read: a sticker, a voice message, a file."""

    kind: str


Event: TypeAlias = Text | Press | Photo | Place | SharedContact | Opened | Other


# --- what is said -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A point in time, ISO 8601 with offset; shown in the utility's local time."""

    at: str
    style: Literal["full", "time", "day"] = "full"


@dataclass(frozen=True)
class Span:
    """From one moment to another, or to an end nobody knows yet; shown as briefly as is unambiguous."""

    start: str
    end: str | None


@dataclass(frozen=True)
class Words:
    """A text of the catalog and the values that go into it; the language is chosen when it is sent."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)


Value: TypeAlias = str | int | Moment | Span | Words | tuple["Value", ...]


@dataclass(frozen=True)
class Button:
    """A choice to press; `nav` ones (back, cancel) are set apart from the answers."""

    words: Words
    value: str
    nav: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture to go with a reply, not yet drawn; handlers/pictures knows the kinds. `data` has no language."""

    kind: str
    data: Json


@dataclass(frozen=True)
class Reply:
    """One message: paragraphs, the buttons under it, what it asks the channel to collect, and a picture."""

    words: tuple[Words, ...]
    buttons: tuple[Button, ...] = ()
    ask: Literal["contact", "place"] | None = None
    picture: Picture | None = None


def say(key: str, /, **values: Value) -> Reply:
    """A reply of one paragraph."""
    return Reply((Words(key, values),))


# --- what is to be done, and what is to be known ------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """Something the service shall do; handlers/commands.py knows how."""


@dataclass(frozen=True)
class SetLanguage(Command):
    """Speak this language from now on; the engine's own command."""

    language: Language


@dataclass(frozen=True)
class Query:
    """Something the conversation must know; handlers/lookups.py knows where it stands."""


@dataclass(frozen=True)
class Found:
    """The answer to a query."""


# --- how a question takes its answer ------------------------------------------------------------------------


@dataclass(frozen=True)
class Given:
    """The answer is understood; `value` is kept under the step's name."""

    value: Json


@dataclass(frozen=True)
class Again:
    """The answer does not do yet; `words` say what to do instead, `options` are near misses to press.

    asks: the words ask anew themselves, so that the question need not be put again under them.
    ask: what the channel shall collect; the other ways to answer are then not offered again.
    heard: words that are half an answer; the next text comes with them as its `earlier`.
    """

    words: Words
    options: tuple[Button, ...] = ()
    asks: bool = False
    ask: Literal["contact", "place"] | None = None
    heard: str = ""


@dataclass(frozen=True)
class Look:
    """The answer can only be judged with a fact: ask for it, then call the field's `judge`."""

    query: Query


Reading: TypeAlias = Given | Again | Look


class Field(Protocol):
    """A kind of question."""

    @property
    def greedy(self) -> bool:
        """Whether any text is an answer, so that only an unmistakable other wish is taken as a digression."""

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        """The answers to press."""

    def read(self, event: Event) -> Reading:
        """Judge an answer."""

    def judge(self, found: Found) -> Given | Again:
        """Judge it again with the fact that `read` looked for."""


@dataclass(frozen=True)
class Step:
    """One question: its texts are found by convention under `<flow>.<name>`.

    `needs` is a query whose answer the options are made of; `when` leaves the step out; `prompt` makes the
    question's words where the convention is not enough; `instead` ends the flow when the facts make the
    question pointless (no place to choose from), even one whose answer is known ahead.
    """

    name: str
    field: Field
    when: Callable[[Answers], bool] = lambda answers: True
    needs: Callable[[Answers], Query] | None = None
    prompt: Callable[[Answers, Found | None], Words] | None = None
    instead: Callable[[Found | None], Finish | None] = lambda facts: None


@dataclass(frozen=True)
class Finish:
    """How a flow ends: what is said, what is to be done, and the flow that goes on, with answers known ahead.

    alone: what is said besides when no form waits below, whose question would follow.
    """

    reply: Reply
    commands: tuple[Command, ...] = ()
    then: tuple[str, Mapping[str, Event]] | None = None
    alone: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Flow:
    """A conversation as data.

    `starts_on` are the intents that begin it; `prefill` turns values understood from the first words into
    answers that need not be asked again (from a button, there are no words); `needs` is a query answered before
    `finish`.
    """

    name: str
    steps: tuple[Step, ...]
    finish: Callable[[Answers, Found | None], Finish]
    starts_on: tuple[str, ...] = ()
    in_menu: bool = True
    prefill: Callable[[Understood], Mapping[str, Event]] = lambda understood: {}
    needs: Callable[[Answers], Query | None] = lambda answers: None
    version: int = 1

    def step(self, name: str) -> Step | None:
        """The step of that name, or None when this version has none."""
        return next((step for step in self.steps if step.name == name), None)


@dataclass(frozen=True)
class Understood:
    """What a text was taken for: an intent of the fixed list, how sure (0 to 1), and the values in it.

    text: the text itself; empty when the intent was chosen from a button.
    """

    intent: str | None = None
    score: float = 0.0
    values: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Frame:
    """A flow under way.

    run: told apart from every other run by this number, so that an old button is known as old.
    trail: the steps answered, in that order; waiting: answers known ahead, by step.
    misses: how often in a row the question asked now was not answered; heard: what was half an answer to it.
    """

    flow: str
    version: int
    run: int
    step: str | None = None
    answers: Mapping[str, Json] = field(default_factory=dict)
    trail: tuple[str, ...] = ()
    waiting: Mapping[str, Event] = field(default_factory=dict)
    misses: int = 0
    heard: str = ""


@dataclass(frozen=True)
class State:
    """Where a customer stands; plain enough to be kept as JSON (see `wire.py`).

    frames: the flows under way, the one spoken now last; below it those a digression interrupted.
    offered: the buttons last shown, so that a number or a label typed means the button.
    held: an answer that came back after days, kept until the customer says whether to go on.
    """

    language: Language = "vi"
    language_chosen: bool = False
    frames: tuple[Frame, ...] = ()
    runs: int = 0
    offered: tuple[tuple[str, str], ...] = ()
    held: Event | None = None


@dataclass(frozen=True)
class Turn:
    """What one event leads to; there is always a reply."""

    state: State
    reply: Reply
    commands: tuple[Command, ...] = ()
    understood: Understood = Understood()

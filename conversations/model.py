"""The words every conversation is written in: events, replies, commands, queries, steps, flows and turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

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
    """A picture or PDF that was sent; `ref` is the channel's own handle on it, `name` the file's, if it has one.

    The rest is filled in when the question asked collects files, before the conversation hears of the event:
    kind: image or pdf. file: its id in the vault, "" when it was not kept. problem: why it was not kept, or what
    is wrong with it though it was, as a catalog key under `file.problem`. card: what the code on an identity card
    says: id, old_id, name, born (ddmmyyyy), sex, address, issued (ddmmyyyy), as far as it is there.
    """

    ref: str
    name: str = ""
    kind: str = ""
    file: str = ""
    problem: str = ""
    card: Mapping[str, str] | None = None


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
    """A point in time, ISO 8601 with offset; shown in the utility's local time. `date` has no day of the week."""

    at: str
    style: Literal["full", "time", "day", "date"] = "full"


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


@dataclass(frozen=True)
class Figure:
    """A whole number that is shown with the thousands marks of the language: money, kWh."""

    n: int


Value: TypeAlias = str | int | Figure | Moment | Span | Words | tuple["Value", ...]


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


# Answers known ahead, by step: to be judged like any other, or as they were judged before.
Ahead: TypeAlias = "Mapping[str, Event | Given]"


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


@dataclass(frozen=True)
class Partly:
    """One piece of an answer that consists of several; `words` say so, `options` are how to be done with it.

    most: so many pieces are the answer, without another word.
    """

    value: Json
    words: Words
    options: tuple[Button, ...] = ()
    most: int = 10


@dataclass(frozen=True)
class Enough:
    """The pieces collected so far are the answer, if there are as many as `least`."""

    least: int = 1


@dataclass(frozen=True)
class Afresh:
    """The customer lets go the pieces collected so far, and begins the answer again."""


@dataclass(frozen=True)
class Change:
    """Ask that step again before this one is asked again; its answer is kept until there is another."""

    step: str


Reading: TypeAlias = Given | Again | Look | Partly | Enough | Afresh | Change


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


@runtime_checkable
class Gathers(Protocol):
    """A kind of question whose answer is a list of pieces; `collects` names what is in the files among them."""

    @property
    def collects(self) -> str:
        """What files are collected for: `id_card`, `paper`."""

    def take(self, event: Event, pieces: tuple[Json, ...]) -> Reading:
        """Judge an answer that comes after these pieces."""

    def offers(self, pieces: tuple[Json, ...]) -> tuple[Button, ...]:
        """What there is to press once these pieces are there."""


@dataclass(frozen=True)
class Step:
    """One question: its texts are found by convention under `<flow>.<name>`.

    `needs` is a query whose answer the options are made of; `when` leaves the step out; `prompt` makes the
    question's words where the convention is not enough; `instead` ends the flow when the facts make the
    question pointless (no place to choose from), even one whose answer is known ahead.

    After the answer: `does` is what is done at once, not only when the flow ends (a consent is kept when it is
    given); `tells` are answers to other questions that this one holds (a card tells name and birth date);
    `unsettles` names questions that are asked again when this answer changes (whether the card was read well);
    `ends` ends the flow early, or leads over to another.
    """

    name: str
    field: Field
    when: Callable[[Answers], bool] = lambda answers: True
    needs: Callable[[Answers], Query] | None = None
    prompt: Callable[[Answers, Found | None], Words] | None = None
    instead: Callable[[Found | None], Finish | None] = lambda facts: None
    does: Callable[[Answers], tuple[Command, ...]] = lambda answers: ()
    tells: Callable[[Answers], Ahead] = lambda answers: {}
    unsettles: tuple[str, ...] = ()
    ends: Callable[[Answers], Finish | None] = lambda answers: None


@dataclass(frozen=True)
class Finish:
    """How a flow ends: what is said, what is to be done, and the flow that goes on, with answers known ahead.

    quiet: a form that was interrupted waits, its question is not put again now.
    alone: what is said besides when no form waits below, whose question would follow.
    """

    reply: Reply
    commands: tuple[Command, ...] = ()
    then: tuple[str, Ahead] | None = None
    quiet: bool = False
    alone: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Flow:
    """A conversation as data.

    `starts_on` are the intents that begin it; `prefill` turns values understood from the first words into
    answers that need not be asked again (from a button, there are no words); `needs` is a query answered before
    `finish`.

    recall, recalled: what is known of the customer already, and the answers that it makes known ahead.
    title: what it is called in a sentence, where that is not found under `form.<name>`.
    opening, opens_with: what is said before the first question, with the answer to a query.
    keeps: the answers do not depend on one another, and took somebody's effort: changing one keeps the others,
    and the form is never dropped but by its customer, who is asked once more.
    """

    name: str
    steps: tuple[Step, ...]
    finish: Callable[[Answers, Found | None], Finish]
    starts_on: tuple[str, ...] = ()
    in_menu: bool = True
    prefill: Callable[[Understood], Mapping[str, Event]] = lambda understood: {}
    needs: Callable[[Answers], Query | None] = lambda answers: None
    recall: Callable[[], Query] | None = None
    recalled: Callable[[Found], Ahead] = lambda found: {}
    opens_with: Callable[[], Query] | None = None
    opening: Callable[[Found | None], tuple[Words, ...]] = lambda facts: ()
    keeps: bool = False
    title: Words | None = None
    version: int = 1

    def step(self, name: str) -> Step | None:
        """The step of that name, or None when this version has none."""
        return next((step for step in self.steps if step.name == name), None)


@dataclass(frozen=True)
class Understood:
    """What a text was taken for: an intent of the fixed list, how sure (0 to 1), and the values in it.

    text: the text itself; empty when the intent was chosen from a button. several: it asks several things, none
    of which is to be answered for all.
    """

    intent: str | None = None
    score: float = 0.0
    values: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    text: str = ""
    several: bool = False


@dataclass(frozen=True)
class Reopened:
    """A question of a form that keeps its answers, asked again: its old answer, and where in the trail it stood.

    change: the customer chose it, and returns to where they were; else they are going back step by step.
    """

    step: str
    answer: Json
    at: int
    change: bool


@dataclass(frozen=True)
class Frame:
    """A flow under way.

    run: told apart from every other run by this number, so that an old button is known as old.
    trail: the steps answered, in that order; waiting: answers known ahead, by step.
    misses: how often in a row the question asked now was not answered; heard: what was half an answer to it.
    partial: the pieces of answers that consist of several, by step, until they are enough.

    Of forms that keep their answers: reopened, a question asked again. leaving: the customer was just asked
    whether to drop it. anew: it was just begun again, with these answers, and the customer asked which to go on
    with. aside: it was put aside; nothing is taken for an answer to it until the customer returns to it.
    """

    flow: str
    version: int
    run: int
    step: str | None = None
    answers: Mapping[str, Json] = field(default_factory=dict)
    trail: tuple[str, ...] = ()
    waiting: Ahead = field(default_factory=dict)
    misses: int = 0
    heard: str = ""
    partial: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    reopened: Reopened | None = None
    leaving: bool = False
    anew: Ahead | None = None
    aside: bool = False


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

"""A person, please: a place in the queue and an honest time, or a question left for when people are there."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.fields import Line
from conversations.model import (
    Answers,
    Button,
    Command,
    Finish,
    Flow,
    Found,
    Moment,
    Query,
    Reply,
    Step,
    Words,
)
from conversations.numbers import NewNumber, NumberFound

LONGEST_QUESTION = 1_000


@dataclass(frozen=True)
class Desk(Query):
    """Whether people are there for this contact, and how long it takes."""


@dataclass(frozen=True)
class DeskFound(Found):
    """The desk as it is now.

    opens: ISO 8601, when it is closed. place: where in the queue this contact is or would be, from 1. minutes: an
    honest estimate, None when too little is known for one. waiting, talking: what is under way already. answer_by:
    ISO 8601, when a question that is left now is answered at the latest.
    """

    is_open: bool
    opens: str | None
    place: int
    minutes: int | None
    waiting: bool
    talking: bool
    answer_by: str


@dataclass(frozen=True)
class AskForPerson(Command):
    """Stand in the queue; who stands there already keeps their place."""


@dataclass(frozen=True)
class LeaveQueue(Command):
    """Wait no longer; also ends a talk under way."""


@dataclass(frozen=True)
class LeaveQuestion(Command):
    """Keep a question that a person answers when the desk is open, under the number that the customer was told."""

    code: str
    question: str


MENU = Button(Words("button.menu"), "!menu", nav=True)
# The words of a message in which a person speaks, not the bot.
AGENT_SAYS = "agent.says"
STOP_WAITING = Button(Words("agent.stop_waiting"), "go:agentleave")
BACK_TO_BOT = Button(Words("agent.back_to_bot"), "!go_on")
END_TALK = Button(Words("agent.end_talk"), "go:agentleave")


def wait_words(found: DeskFound) -> Words:
    """How long it takes, as far as anybody can say."""
    if found.minutes is None:
        return Words("agent.place", {"place": found.place})
    return Words("agent.place_and_minutes", {"place": found.place, "n": found.minutes})


def queued(facts: Found | None) -> Finish | None:
    """While people are there, nobody needs to write down a question first."""
    if not isinstance(facts, DeskFound):
        return None
    if facts.talking:
        return Finish(Reply((Words("agent.talking_already"),), (END_TALK,)), quiet=True)
    if not facts.is_open:
        return None
    first = "agent.waiting_already" if facts.waiting else "agent.asked"
    words = (Words(first), wait_words(facts), Words("agent.meanwhile"))
    return Finish(Reply(words, (BACK_TO_BOT, STOP_WAITING)), (AskForPerson(),), quiet=True)


def closed(answers: Answers, facts: Found | None) -> Words:
    assert isinstance(facts, DeskFound)
    opens = facts.opens or facts.answer_by
    return Words("agent.closed", {"opens": Moment(opens), "answer_by": Moment(facts.answer_by)})


def left(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, NumberFound)
    match answers["question"]:
        case {"text": str(question)}:
            return Finish(
                Reply((Words("agent.question_kept", {"code": facts.code}),), (MENU,)),
                (LeaveQuestion(facts.code, question),),
            )
    raise ValueError(f"not a question: {answers['question']!r}")


def leave(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, DeskFound)
    if not facts.waiting and not facts.talking:
        return Finish(Reply((Words("agent.nobody_waits"),), (MENU,)))
    key = "agent.talk_ended" if facts.talking else "agent.left_queue"
    return Finish(Reply((Words(key),), (MENU,)), (LeaveQueue(),))


FLOW = Flow(
    name="agent",
    in_menu=False,
    starts_on=("agent",),
    steps=(
        Step(
            "question",
            Line(at_most=LONGEST_QUESTION, greedy=False),
            needs=lambda answers: Desk(),
            instead=queued,
            prompt=closed,
        ),
    ),
    needs=lambda answers: NewNumber("request"),
    finish=left,
)

LEAVE = Flow(name="agentleave", in_menu=False, steps=(), needs=lambda answers: Desk(), finish=leave)

"""A conversation that collects files, for tests of the way that files take: a card, then a paper."""

from __future__ import annotations

from dataclasses import dataclass, replace

from conversations.engine import Flows
from conversations.flows import FLOWS
from conversations.model import Again, Answers, Event, Finish, Flow, Found, Given, Photo, Step, Words, say
from handlers.talking import Talking, talking

NAME = "papers"
START = f"go:{NAME}"
ASK_CARD, ASK_PAPER = "Send your card.", "Send your paper."


@dataclass(frozen=True)
class File:
    """A question for one file; what is wrong with it is told once, and then it does."""

    collects: str
    greedy: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[()]:
        return ()

    def read(self, event: Event) -> Given | Again:
        if not isinstance(event, Photo):
            return Again(Words("error.choose"))
        if event.problem:
            return Again(Words(f"file.problem.{event.problem}"))
        return Given({"file": event.file, "kind": event.kind, "name": event.name, "card": dict(event.card or {})})

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("nothing is looked for")


def _asks(words: str) -> Words:
    return Words("literal", {"text": words})


def _finish(answers: Answers, facts: Found | None) -> Finish:
    return Finish(say("literal", text=f"Thank you: {answers['card']}; {answers['paper']}"))


PAPERS = Flow(
    NAME,
    (
        Step("card", File("id_card"), prompt=lambda answers, facts: _asks(ASK_CARD)),
        Step("paper", File("paper"), prompt=lambda answers, facts: _asks(ASK_PAPER)),
    ),
    _finish,
    in_menu=False,
)


def with_papers(spoken: Talking | None = None) -> Talking:
    """What is spoken, with this conversation among the others."""
    spoken = spoken or talking()
    flows = [flow for flow in FLOWS.by_name.values() if flow not in (FLOWS.fallback, FLOWS.danger)]
    return replace(spoken, flows=Flows([*flows, PAPERS], FLOWS.fallback, FLOWS.danger))

"""What becomes of a proposal: the customer agrees to another window, does not, or proposes nothing any longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.fields import unread
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
    Press,
    Query,
    Reading,
    Reply,
    Span,
    Step,
    Text,
    Understood,
    Words,
)

NO_WINDOW = Span("", None)
_MENU = Button(Words("button.menu"), "!menu", nav=True)


@dataclass(frozen=True)
class MyProposal(Query):
    """A proposal of this contact, by id or number; `last` is the newest that is not answered."""

    asked: str


@dataclass(frozen=True)
class ProposalSeen(Found):
    """The proposal, or an empty `code` when there is none. counter: what staff propose instead."""

    code: str = ""
    id: int = 0
    state: str = ""
    outage: int = 0
    window: Span = NO_WINDOW
    counter: Span | None = None


@dataclass(frozen=True)
class AgreeToWindow(Command):
    """The customer agrees to the window that staff propose."""

    proposal: int


@dataclass(frozen=True)
class DisagreeWithWindow(Command):
    """The window that staff propose does not suit: the proposal is theirs to answer again."""

    proposal: int


@dataclass(frozen=True)
class WithdrawProposal(Command):
    """The customer proposes nothing any longer."""

    proposal: int


@dataclass(frozen=True)
class Named:
    """A proposal named by a button; whether it is the customer's is found out when it is looked up."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return ()

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) | Text(value):
                return Given(value)
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a proposal is looked up at the end")


def _not_waiting(facts: Found | None, states: tuple[str, ...]) -> Finish | None:
    """The end of a flow about a proposal that is unknown or settled."""
    assert isinstance(facts, ProposalSeen)
    if not facts.code:
        return Finish(Reply((Words("proposal.unknown"),), (_MENU,)))
    if facts.state not in states:
        key = "proposal.no_counter" if facts.state == "open" else "proposal.settled"
        return Finish(Reply((Words(key, {"number": facts.code}),), (_MENU,)))
    return None


def agree(answers: Answers, facts: Found | None) -> Finish:
    refused = _not_waiting(facts, ("countered",))
    if refused:
        return refused
    assert isinstance(facts, ProposalSeen)
    assert facts.counter is not None
    words = Words("proposal.agreed", {"number": facts.code, "new": facts.counter})
    return Finish(Reply((words,), (_MENU,)), (AgreeToWindow(facts.id),))


def disagree(answers: Answers, facts: Found | None) -> Finish:
    refused = _not_waiting(facts, ("countered",))
    if refused:
        return refused
    assert isinstance(facts, ProposalSeen)
    words = Words("proposal.disagreed", {"number": facts.code, "window": facts.window})
    again = Button(Words("button.other_windows"), f"go:reschedule:{facts.outage}")
    return Finish(Reply((words,), (again, _MENU)), (DisagreeWithWindow(facts.id),))


def withdraw(answers: Answers, facts: Found | None) -> Finish:
    refused = _not_waiting(facts, ("open", "countered"))
    if refused:
        return refused
    assert isinstance(facts, ProposalSeen)
    words = Words("proposal.withdrawn", {"number": facts.code, "window": facts.window})
    return Finish(Reply((words,), (_MENU,)), (WithdrawProposal(facts.id),))


def _last(understood: Understood) -> Mapping[str, Event]:
    return {"proposal": Press("last")}


def _asked(answers: Answers) -> Query:
    return MyProposal(str(answers["proposal"]))


_STEPS = (Step("proposal", Named(), prompt=lambda answers, facts: Words("proposal.unknown")),)
AGREE = Flow("agree_window", _STEPS, agree, in_menu=False, prefill=_last, needs=_asked)
DISAGREE = Flow("disagree_window", _STEPS, disagree, in_menu=False, prefill=_last, needs=_asked)
WITHDRAW = Flow("withdraw", _STEPS, withdraw, in_menu=False, prefill=_last, needs=_asked)

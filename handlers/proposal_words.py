"""The words about a proposal: what its customer hears of the answer, or of what came before one."""

from __future__ import annotations

from conversations.model import Button, Moment, Reply, Span, Value, Words
from store.proposals import Proposal, ProposalState

_MENU = Button(Words("button.menu"), "!menu", nav=True)


def accepted(proposal: Proposal, new: Span) -> Reply:
    """The window moves; the change itself is told to all who knew of it."""
    return Reply((Words("proposal.accepted", {**_common(proposal), "new": new}),))


def declined(proposal: Proposal) -> Reply:
    """The window stays, why, and what can be done about it."""
    words = Words("proposal.declined", {**_common(proposal), "why": proposal.why})
    return Reply((words, Words("proposal.advice")), (_again(proposal), _MENU))


def countered(proposal: Proposal, new: Span, until: Moment) -> Reply:
    """Staff propose another window; the customer agrees or not."""
    values: dict[str, Value] = {**_common(proposal), "new": new, "until": until}
    why = (Words("proposal.counter_why", {"why": proposal.why}),) if proposal.why else ()
    buttons = (
        Button(Words("button.agree_window"), f"go:agree_window:{proposal.id}"),
        Button(Words("button.disagree_window"), f"go:disagree_window:{proposal.id}"),
    )
    return Reply((Words("proposal.countered", values), *why), buttons)


def back_with_staff(proposal: Proposal, until: Moment) -> Reply:
    """The customer agreed, but the window can no longer be given so: staff decide again."""
    words = Words("proposal.back_with_staff", {**_common(proposal), "until": until})
    return Reply((words,), (_withdraw(proposal),))


def expired(proposal: Proposal) -> Reply:
    """Nobody answered in time; whether that was staff or the customer is said as it is."""
    key = "proposal.expired" if proposal.state == ProposalState.OPEN else "proposal.counter_expired"
    return Reply((Words(key, _common(proposal)),), (_again(proposal), _MENU))


def overtaken(proposal: Proposal, new: Span | None, begun: bool) -> Reply:
    """The window was moved, has begun, or is called off."""
    if new is not None:
        words = Words("proposal.overtaken.moved", {**_common(proposal), "new": new})
        return Reply((words,), (_again(proposal), _MENU))
    key = "proposal.overtaken.begun" if begun else "proposal.overtaken.called_off"
    return Reply((Words(key, _common(proposal)),), (_MENU,))


def _common(proposal: Proposal) -> dict[str, Value]:
    return {"number": proposal.code, "window": Span(*proposal.window)}


def _again(proposal: Proposal) -> Button:
    return Button(Words("button.reschedule"), f"go:reschedule:{proposal.outage_id}")


def _withdraw(proposal: Proposal) -> Button:
    return Button(Words("button.withdraw"), f"go:withdraw:{proposal.code}")

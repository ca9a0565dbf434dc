"""What the staff API takes and answers about windows that businesses propose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from bot.web.bodies import LARGEST_ID, MOST_A_PAGE, FindingOut, Given, Line, Overriding, Time, masked
from bot.web.errors import sentences
from handlers.outage_forms import Slot
from store.customers import Customer
from store.outages import Outage
from store.proposals import Proposal, ProposalState

LONGEST_WHY = 300


class ProposalsQuery(Given):
    """Which proposals to list: `before` is the `next_before` of the page before."""

    state: ProposalState | None = None
    outage: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=LARGEST_ID)


class AcceptIn(Overriding):
    """Which of the proposed windows, from 1 as `windows` lists them; `override` sets planning rules aside."""

    window: int = Field(default=1, ge=1, le=LARGEST_ID)


class DeclineIn(Given):
    """Why not; the customer reads it as it stands."""

    why: Annotated[Line, Field(min_length=1, max_length=LONGEST_WHY)]


class CounterIn(Overriding):
    """The window that is proposed instead; `why` is read by the customer as it stands."""

    starts_at: Time
    ends_at: Time
    why: Annotated[Line, Field(max_length=LONGEST_WHY)] = ""

    def slot(self) -> Slot:
        return Slot(self.starts_at, self.ends_at)


class WindowOut(BaseModel):
    """A window."""

    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, plain: Sequence[str]) -> WindowOut:
        return cls(starts_at=datetime.fromisoformat(plain[0]), ends_at=datetime.fromisoformat(plain[1]))


class ProposalOut(BaseModel):
    """A proposal: the window as it was then, the windows wished for, what came of it.

    `overtaken`: the window was moved, called off or has begun before an answer. `important`: their supply
    must not fail; call before you decline. Of the customer code only its end is shown, of the reason nothing.
    `chosen`: which of `windows` was accepted, from 1. `refused`: sentences that say why the window the customer
    agreed to could not be any more, so that the proposal waits for staff again.
    """

    id: int
    code: str
    state: ProposalState
    outage_id: int
    outage_code: str
    slot: int
    customer_code: str
    segment: str
    important: bool
    window: WindowOut
    windows: list[WindowOut]
    counter: WindowOut | None
    chosen: int | None
    why: str
    refused: list[str]
    answered_by: str
    answered_at: datetime | None
    expires_at: datetime
    at: datetime

    @classmethod
    def of(cls, proposal: Proposal, outage: Outage, customer: Customer | None, language: str) -> ProposalOut:
        plain = proposal.model_dump(exclude={"contact_id", "overrides", "reason"})
        plain |= {
            "customer_code": masked(proposal.customer_code),
            "outage_code": outage.code,
            "refused": sentences(proposal.refused, language),
            "segment": customer.segment if customer else "",
            "important": bool(customer and customer.important),
            "window": WindowOut.of(proposal.window),
            "windows": [WindowOut.of(one) for one in proposal.windows],
            "counter": WindowOut.of(proposal.counter) if proposal.counter else None,
        }
        return cls(**plain)


class ProposalInFullOut(ProposalOut):
    """One proposal with all that answering it takes: the whole customer code and the customer's own reason."""

    reason: str

    @classmethod
    def of_one(
        cls, proposal: Proposal, outage: Outage, customer: Customer | None, language: str
    ) -> ProposalInFullOut:
        shown = ProposalOut.of(proposal, outage, customer, language).model_dump()
        return cls.model_validate({**shown, "customer_code": proposal.customer_code, "reason": proposal.reason})


class ProposalsOut(BaseModel):
    """A page of proposals, newest first."""

    proposals: list[ProposalOut]
    next_before: int | None


class AnsweredOut(BaseModel):
    """A proposal after an answer; when it moved the window: the outage's new revision, and how many hear of it."""

    proposal: ProposalOut
    revision: int | None
    recipients: int
    findings: list[FindingOut] = []

"""Proposals of businesses for another window: made, answered by staff and customers, and never left unanswered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from conversations.model import Moment, Reply, Span
from conversations.proposals import AgreeToWindow, DisagreeWithWindow, WithdrawProposal
from conversations.reschedule import Propose
from conversations.wire import reply_to_json
from handlers import proposal_moves, proposal_words
from handlers.outage_forms import (
    Broken,
    Invalid,
    Over,
    Override,
    Problem,
    Published,
    Slot,
)
from handlers.outage_keeping import SlotSeen, slots_of
from handlers.proposal_lookup import expiry, iso, movable, window_of, windows_of
from handlers.rules.planning import Finding, Window
from handlers.talking import Talking, talking
from store import outages as kept
from store import outbox, proposals
from store.contacts import Contact
from store.db import Unit
from store.outages import LIVE, SlotState
from store.outbox import Message, Priority
from store.proposals import PENDING, Proposal, ProposalState

# News of a proposal about a window that has begun is news for a day.
WORTH = timedelta(hours=24)
_PAGE = 200


class UnknownProposal(Exception):
    """There is no such proposal."""


class Settled(Exception):
    """The proposal was answered, withdrawn, or has run out."""


@dataclass(frozen=True)
class Answered:
    """A proposal after an answer, and what became of the outage when that moved its window.

    A proposal whose window was moved or called off meanwhile comes back as overtaken, whatever staff wished.
    """

    proposal: Proposal
    published: Published | None = None
    findings: tuple[Finding, ...] = ()


# --- what customers do -----------------------------------------------------------------------------------------


async def propose(unit: Unit, contact: Contact, wish: Propose, now: datetime, talking: Talking) -> None:
    """Keep a proposal; one of the same contact about the same window is withdrawn by it."""
    assert contact.id is not None
    slot = await movable(unit, contact, wish.outage, wish.slot, now)
    if slot is None or slot.ends_at is None:
        return
    now_on = Window(slot.starts_at, slot.ends_at)
    windows = [one for one in map(window_of, wish.windows) if one != now_on]
    if not windows:
        return
    for earlier in await proposals.pending_on(unit, wish.outage, wish.slot, contact.id):
        _settle(unit, earlier, ProposalState.WITHDRAWN, "", now)
    proposal = Proposal(
        code=wish.code,
        outage_id=wish.outage,
        slot=wish.slot,
        window=_plain(now_on),
        contact_id=contact.id,
        customer_code=wish.customer,
        windows=[_plain(one) for one in windows],
        reason=talking.speaker.plain(wish.reason, "vi"),
        expires_at=expiry(slot.starts_at, windows, now, talking),
        at=now,
    )
    await proposals.add(unit, proposal)


async def withdraw(unit: Unit, contact: Contact, wish: WithdrawProposal, now: datetime, talking: Talking) -> None:
    """The customer proposes nothing any longer."""
    proposal = await _owned(unit, contact, wish.proposal)
    if proposal and proposal.state in PENDING:
        _settle(unit, proposal, ProposalState.WITHDRAWN, "", now)


async def agree(unit: Unit, contact: Contact, wish: AgreeToWindow, now: datetime, talking: Talking) -> None:
    """Move the window to where staff proposed; when rules forbid it by now, staff decide again."""
    proposal = await _owned(unit, contact, wish.proposal)
    if proposal is None or proposal.state != ProposalState.COUNTERED or proposal.counter is None:
        return
    if await _overtaken(unit, proposal, now):
        return
    overrides = tuple(Override(**one) for one in proposal.overrides)
    new = window_of(Span(*proposal.counter))
    try:
        await _move(unit, proposal, new, overrides, proposal.answered_by, now)
    except (Broken, Invalid, Over) as error:
        _reopen(unit, proposal, now, talking, _refused(error, overrides))
        until = Moment(proposal.expires_at.isoformat())
        await _tell(unit, proposal, proposal_words.back_with_staff(proposal, until), now)
        return
    _settle(unit, proposal, ProposalState.ACCEPTED, proposal.answered_by, now, proposal.why)
    await _tell(unit, proposal, proposal_words.accepted(proposal, iso(new)), now, new.ends_at)


async def disagree(
    unit: Unit, contact: Contact, wish: DisagreeWithWindow, now: datetime, talking: Talking
) -> None:
    """The window that staff proposed does not suit: the proposal is theirs to answer again."""
    proposal = await _owned(unit, contact, wish.proposal)
    if proposal and proposal.state == ProposalState.COUNTERED:
        _reopen(unit, proposal, now, talking)


# --- what staff do ---------------------------------------------------------------------------------------------


async def accept(
    unit: Unit, proposal_id: int, chosen: int, overrides: tuple[Override, ...], by: str, now: datetime
) -> Answered:
    """Move the window to one that the customer wishes for; all who were told of it are told again. chosen: from 1.

    Raises UnknownProposal, Settled, Invalid, and Broken when rules forbid it: the proposal then stays open.
    """
    proposal = await _pending(unit, proposal_id, now)
    windows = windows_of(proposal)
    if not 1 <= chosen <= len(windows):
        raise Invalid([Problem("window", "proposal.window", {"most": len(windows)})])
    new = windows[chosen - 1]
    if await _overtaken(unit, proposal, now):
        return Answered(proposal)
    published = await _move(unit, proposal, new, overrides, by, now)
    proposal.chosen = chosen
    _settle(unit, proposal, ProposalState.ACCEPTED, by, now)
    await _tell(unit, proposal, proposal_words.accepted(proposal, iso(new)), now, new.ends_at)
    return Answered(proposal, published, published.findings)


async def decline(unit: Unit, proposal_id: int, why: str, by: str, now: datetime) -> Answered:
    """Keep the window as it is, and tell the customer why. Raises UnknownProposal, Settled."""
    proposal = await _pending(unit, proposal_id, now)
    if await _overtaken(unit, proposal, now):
        return Answered(proposal)
    _settle(unit, proposal, ProposalState.DECLINED, by, now, why)
    await _tell(unit, proposal, proposal_words.declined(proposal), now)
    return Answered(proposal)


async def counter(
    unit: Unit,
    proposal_id: int,
    window: Slot,
    why: str,
    overrides: tuple[Override, ...],
    by: str,
    now: datetime,
) -> Answered:
    """Propose a window in turn; the customer agrees or not. Raises UnknownProposal, Settled, Invalid, Broken."""
    proposal = await _pending(unit, proposal_id, now)
    if await _overtaken(unit, proposal, now):
        return Answered(proposal)
    outage = await kept.by_id(unit, proposal.outage_id)
    assert outage is not None
    findings = await proposal_moves.may_be(unit, outage, proposal, window, overrides, now)
    assert window.ends_at is not None
    new = Window(window.starts_at, window.ends_at)
    proposal.state, proposal.counter, proposal.why = ProposalState.COUNTERED, _plain(new), why
    proposal.overrides, proposal.refused = [asdict(one) for one in overrides], []
    proposal.answered_by, proposal.answered_at = by, now
    proposal.expires_at = expiry(_begins(proposal), [new], now, talking())
    unit.session.add(proposal)
    until = Moment(proposal.expires_at.isoformat())
    await _tell(unit, proposal, proposal_words.countered(proposal, iso(new), until), now, proposal.expires_at)
    return Answered(proposal, findings=findings)


# --- what time does --------------------------------------------------------------------------------------------


async def proposals_expired(unit: Unit, now: datetime) -> int:
    """Close proposals that nobody answered in time, or whose window is not what it was, and say so; how many."""
    closed, after = 0, 0
    while page := await proposals.pending(unit, after, _PAGE):
        for seen in page:
            assert seen.id is not None
            after = seen.id
            proposal = await proposals.by_id(unit, seen.id, lock=True)
            if proposal is None or proposal.state not in PENDING:
                continue
            if await _overtaken(unit, proposal, now):
                closed += 1
            elif proposal.expires_at <= now:
                words = proposal_words.expired(proposal)
                _settle(unit, proposal, ProposalState.EXPIRED, "", now, proposal.why)
                await _tell(unit, proposal, words, now)
                closed += 1
    return closed


# --- the parts of an answer ------------------------------------------------------------------------------------


async def _pending(unit: Unit, proposal_id: int, now: datetime) -> Proposal:
    """A proposal that can still be answered, locked after its outage."""
    seen = await proposals.by_id(unit, proposal_id)
    if seen is None:
        raise UnknownProposal
    await kept.by_id(unit, seen.outage_id, lock=True)
    proposal = await proposals.by_id(unit, proposal_id, lock=True)
    if proposal is None or proposal.state not in PENDING or proposal.expires_at <= now:
        raise Settled
    return proposal


async def _owned(unit: Unit, contact: Contact, proposal_id: int) -> Proposal | None:
    """A button's value can be forged: only the contact's own proposals are theirs to answer."""
    seen = await proposals.by_id(unit, proposal_id)
    if seen is None or seen.contact_id != contact.id:
        return None
    await kept.by_id(unit, seen.outage_id, lock=True)
    return await proposals.by_id(unit, proposal_id, lock=True)


async def _overtaken(unit: Unit, proposal: Proposal, now: datetime) -> bool:
    """Close a proposal whose window was moved, called off or has begun, and tell the customer."""
    outage = await kept.by_id(unit, proposal.outage_id)
    slots = await slots_of(unit, proposal.outage_id)
    slot = next((one for one in slots if one.number == proposal.slot), None)
    if outage and outage.state in LIVE and slot and _as_proposed(slot, proposal) and slot.starts_at > now:
        return False
    on = slot is not None and slot.state is SlotState.ON and outage is not None and outage.state in LIVE
    new = Span(slot.starts_at.isoformat(), slot.ends_at.isoformat()) if on and slot and slot.ends_at else None
    moved = None if slot is None or _as_proposed(slot, proposal) else new
    begun = slot is not None and _begins(proposal) <= now
    _settle(unit, proposal, ProposalState.OVERTAKEN, "", now, proposal.why)
    await _tell(unit, proposal, proposal_words.overtaken(proposal, moved, begun), now)
    return True


def _as_proposed(slot: SlotSeen, proposal: Proposal) -> bool:
    window = window_of(Span(*proposal.window))
    return slot.state is SlotState.ON and (slot.starts_at, slot.ends_at) == (window.starts_at, window.ends_at)


async def _move(
    unit: Unit, proposal: Proposal, new: Window, overrides: tuple[Override, ...], by: str, now: datetime
) -> Published:
    """Make the revision, and answer whoever else asked for that window."""
    try:
        published = await proposal_moves.revised(
            unit, proposal, Slot(new.starts_at, new.ends_at, proposal.slot), overrides, by, now
        )
    except Invalid as error:
        raise Invalid([Problem("window", one.key, one.values) for one in error.problems]) from None
    for other in await proposals.pending_on(unit, proposal.outage_id, proposal.slot, but=proposal.id):
        _settle(unit, other, ProposalState.OVERTAKEN, by, now, other.why)
        await _tell(unit, other, proposal_words.overtaken(other, iso(new), begun=False), now, new.ends_at)
    return published


def _settle(unit: Unit, proposal: Proposal, state: ProposalState, by: str, now: datetime, why: str = "") -> None:
    proposal.state, proposal.why, proposal.answered_at = state, why, now
    proposal.answered_by = by or proposal.answered_by
    unit.session.add(proposal)


def _refused(error: Broken | Invalid | Over, overrides: Sequence[Override]) -> list[dict[str, Any]]:
    """Why a window cannot be, as texts of the staff catalog; rules that were set aside are no reason."""
    aside = {one.rule for one in overrides}
    match error:
        case Broken(findings=findings):
            blocking = [one for one in findings if one.blocking and one.rule not in aside]
            return [{"key": f"finding.{one.rule}", "values": dict(one.values)} for one in blocking]
        case Invalid(problems=problems):
            return [{"key": one.key, "values": dict(one.values)} for one in problems]
    return [{"key": "outage.over", "values": {}}]


def _reopen(
    unit: Unit, proposal: Proposal, now: datetime, talking: Talking, refused: Sequence[dict[str, Any]] = ()
) -> None:
    """Staff are to answer again, and get the time for it. refused: why what the customer agreed to cannot be."""
    proposal.state, proposal.counter, proposal.overrides = ProposalState.OPEN, None, []
    proposal.refused = list(refused)
    proposal.expires_at = expiry(_begins(proposal), windows_of(proposal), now, talking)
    unit.session.add(proposal)


async def _tell(
    unit: Unit, proposal: Proposal, reply: Reply, now: datetime, worth_until: datetime | None = None
) -> None:
    contact = await unit.session.get(Contact, proposal.contact_id)
    assert contact is not None
    begins = _begins(proposal)
    until = max(worth_until or begins, begins)
    message = Message(
        words=reply_to_json(reply),
        priority=Priority.PLANNED,
        worthless_after=until if until > now else now + WORTH,
        created_at=now,
    )
    key = f"proposal:{proposal.id}:{proposal.state}:{now.isoformat()}"
    await unit.session.flush()
    await outbox.add_for(unit, contact, message, key, now)


def _begins(proposal: Proposal) -> datetime:
    return datetime.fromisoformat(proposal.window[0])


def _plain(window: Window) -> list[str]:
    return [window.starts_at.isoformat(), window.ends_at.isoformat()]

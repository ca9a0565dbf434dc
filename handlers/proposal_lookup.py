"""What a business must know to propose another window: what is planned, whether a wish can be, and its number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from conversations.model import Moment, Span, Words
from conversations.planned_windows import MyPlannedOutages, PlannedFound, PlannedOutage
from conversations.proposals import MyProposal, ProposalSeen
from conversations.reschedule import PrepareProposal, ProposalImpossible, ProposalReady
from conversations.windows import ReadWindow, WindowFound, WindowNotFound
from handlers.notice_board import PROPOSERS
from handlers.numbering import new_number
from handlers.outage_checks import FURTHEST_PLAN
from handlers.outage_keeping import SlotSeen, slots_of
from handlers.rules import proposals as rules
from handlers.rules.planning import Window
from handlers.rules.planning import rules_at as planning_at
from handlers.rules.proposals import TooLong, TooSoon
from handlers.rules.whens import ReadWindow as Read
from handlers.rules.whens import WindowPast, WindowRead, WindowUnclear, read_window
from handlers.talking import Talking
from store import customers, outages, proposals, subscriptions
from store.contacts import Contact
from store.customers import Customer
from store.db import Unit
from store.extent import Scope
from store.outages import Kind, Outage, OutageState, SlotState
from store.proposals import Proposal


async def planned(
    unit: Unit, contact: Contact, query: MyPlannedOutages, now: datetime, talking: Talking
) -> PlannedFound:
    """The planned outages that this contact may propose another time for."""
    return await _planned(unit, contact, query.asked, now)


async def _planned(unit: Unit, contact: Contact, asked: str, now: datetime) -> PlannedFound:
    assert contact.id is not None
    meters = [one for one in await subscriptions.of_contact(unit, contact.id) if one.customer_code]
    found: dict[int, PlannedOutage] = {}
    businesses = False
    for place in meters:
        customer = await customers.by_code(unit, place.customer_code or "")
        if customer is None or customer.segment not in PROPOSERS:
            continue
        businesses = True
        for outage in await plans_at(unit, customer, now):
            assert outage.id is not None
            windows = tuple((one.number, span(one)) for one in await ahead(unit, outage.id, now))
            if windows and outage.id not in found:
                found[outage.id] = PlannedOutage(outage.id, outage.code, customer.code, place.label, windows)
    if not found:
        if not meters:
            return PlannedFound((), asked, "no_meter")
        return PlannedFound((), asked, "nothing" if businesses else "household")
    return PlannedFound(tuple(found.values()), asked)


async def plans_at(unit: Unit, customer: Customer, now: datetime) -> list[Outage]:
    """The live planned outages that touch a customer."""
    scope = Scope((customer.feeder_code,), (customer.transformer_code,), (customer.ward_code,), (customer.code,))
    touching = await outages.touching(unit, scope.parts(), now + FURTHEST_PLAN, now)
    movable = (OutageState.PUBLISHED, OutageState.IN_PROGRESS)
    return [one for one in touching if one.kind == Kind.PLANNED and one.state in movable]


async def ahead(unit: Unit, outage_id: int, now: datetime) -> list[SlotSeen]:
    """The windows of an outage that are on and have not begun."""
    slots = await slots_of(unit, outage_id)
    return [one for one in slots if one.state is SlotState.ON and one.starts_at > now and one.ends_at]


async def read(
    unit: Unit, contact: Contact, query: ReadWindow, now: datetime, talking: Talking
) -> WindowFound | WindowNotFound:
    """The window that a text means, if it may be proposed; else what to do about it, in words."""
    before = _read_before(query.text)
    if before:
        return _judged(before, now, talking)
    said, meant = _heard(query, now, talking)
    if isinstance(meant, WindowRead):
        return _judged(Window(meant.starts_at, meant.ends_at), now, talking)
    return _not_read(meant, said)


def _heard(query: ReadWindow, now: datetime, talking: Talking) -> tuple[str, Read]:
    """What the text means, alone or together with the half of an answer before it."""
    alone = read_window(query.text, now, talking.zone)
    if not query.earlier or not isinstance(alone, WindowUnclear):
        return query.text, alone
    # "8h" and then "12h" are from and to.
    together = [f"{query.earlier} {query.text}", f"{query.earlier} đến {query.text}"]
    read = [(said, read_window(said, now, talking.zone)) for said in together]
    whole = next((one for one in read if not isinstance(one[1], WindowUnclear)), None)
    return whole or read[0]


def _not_read(meant: Read, said: str) -> WindowNotFound:
    match meant:
        case WindowUnclear(missing):
            return WindowNotFound(Words(f"window.missing.{missing}"), heard=said[:200])
        case WindowPast():
            return WindowNotFound(Words("window.past"))
        case WindowRead():
            raise AssertionError("a window that was read is judged")
    return WindowNotFound(Words(f"window.wrong.{meant.why}"))


def _judged(window: Window, now: datetime, talking: Talking) -> WindowFound | WindowNotFound:
    today = now.astimezone(talking.zone).date()
    planning = planning_at(today)
    match rules.judge(window, planning, rules.rules_at(today), now):
        case TooLong(most):
            hours = int(most.total_seconds() // 3600)
            return WindowNotFound(Words("window.too_long", {"hours": hours, "window": iso(window)}))
        case TooSoon(earliest):
            days = planning.legal_notice.days
            first = Moment(earliest.isoformat())
            return WindowNotFound(
                Words("window.too_soon", {"days": days, "earliest": first, "window": iso(window)})
            )
    if window.starts_at > now + FURTHEST_PLAN:
        return WindowNotFound(Words("window.too_far", {"window": iso(window)}))
    return WindowFound(iso(window))


def _read_before(text: str) -> Window | None:
    """The window of `<start>/<end>`, which only a button of ours says."""
    start, slash, end = text.partition("/")
    try:
        return Window(datetime.fromisoformat(start), datetime.fromisoformat(end)) if slash else None
    except ValueError:
        return None


async def prepare(
    unit: Unit, contact: Contact, query: PrepareProposal, now: datetime, talking: Talking
) -> ProposalReady | ProposalImpossible:
    """A number for a proposal that can still be made, and until when it is answered."""
    slot = await movable(unit, contact, query.outage, query.slot, now)
    if slot is None or slot.ends_at is None:
        return ProposalImpossible("gone")
    windows = [one for one in map(window_of, query.windows) if one != Window(slot.starts_at, slot.ends_at)]
    if not windows:
        return ProposalImpossible("same")
    assert contact.id is not None
    earlier = await proposals.pending_on(unit, query.outage, query.slot, contact.id)
    until = expiry(slot.starts_at, windows, now, talking)
    code = await new_number(unit, "proposal")
    return ProposalReady(code, Moment(until.isoformat()), earlier[-1].code if earlier else "")


async def movable(unit: Unit, contact: Contact, outage_id: int, number: int, now: datetime) -> SlotSeen | None:
    """That window, if it is still to come and the contact may propose another; its outage is then locked."""
    found = await _planned(unit, contact, "", now)
    if outage_id not in {one.id for one in found.outages}:
        return None
    await outages.by_id(unit, outage_id, lock=True)
    return next((one for one in await ahead(unit, outage_id, now) if one.number == number), None)


def expiry(begins_at: datetime, windows: Sequence[Window], now: datetime, talking: Talking) -> datetime:
    """Until when a proposal about a window that begins then is answered."""
    today = now.astimezone(talking.zone).date()
    return rules.expires_at(begins_at, windows, planning_at(today), rules.rules_at(today), now)


async def mine(unit: Unit, contact: Contact, query: MyProposal, now: datetime, talking: Talking) -> ProposalSeen:
    """A proposal of this contact."""
    assert contact.id is not None
    found = await proposals.of_contact(unit, contact.id, query.asked)
    if found is None or found.id is None:
        return ProposalSeen()
    return ProposalSeen(
        code=found.code,
        id=found.id,
        state=found.state,
        outage=found.outage_id,
        window=Span(*found.window),
        counter=Span(*found.counter) if found.counter else None,
    )


def span(slot: SlotSeen) -> Span:
    return Span(slot.starts_at.isoformat(), slot.ends_at.isoformat() if slot.ends_at else None)


def iso(window: Window) -> Span:
    return Span(window.starts_at.isoformat(), window.ends_at.isoformat())


def window_of(said: Span) -> Window:
    """A span with an end as a window."""
    assert said.end is not None
    return Window(datetime.fromisoformat(said.start), datetime.fromisoformat(said.end))


def windows_of(proposal: Proposal) -> list[Window]:
    """What a proposal wishes for."""
    return [window_of(Span(*one)) for one in proposal.windows]

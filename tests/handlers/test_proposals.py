"""Proposals of businesses for another window: answered by staff, by customers, or by time; never left open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from conversations.model import Span, Words
from conversations.planned_windows import MyPlannedOutages
from conversations.proposals import AgreeToWindow, DisagreeWithWindow, MyProposal, WithdrawProposal
from conversations.reschedule import PrepareProposal, ProposalImpossible, ProposalReady, Propose
from handlers import proposal_lookup, proposals
from handlers.outages import Broken, Invalid, PostponedSlot, Published, Slot
from handlers.proposals import Answered, Settled, UnknownProposal
from handlers.talking import talking
from store import outages, subscriptions
from store import proposals as kept
from store.contacts import Contact
from store.extent import Scope
from store.outages import SlotState
from store.outbox import Delivery, Message
from store.proposals import Proposal, ProposalState
from tests.town import ALL_SET_ASIDE, FACTORY, HOME, NOW, OTHER_FEEDER, SHOP, Town, built, outage_id

DAY = timedelta(days=1)


def slot(days: float, hours: float = 3, number: int | None = None) -> Slot:
    """A window that begins so many days from the beginning of the tests."""
    return Slot(NOW + days * DAY, NOW + days * DAY + timedelta(hours=hours), number)


def span(window: Slot) -> Span:
    assert window.ends_at is not None
    return Span(window.starts_at.isoformat(), window.ends_at.isoformat())


# The plan, and two wishes.
PLANNED, OTHER = slot(40), slot(41)
SUNDAY, MONDAY = slot(45), slot(46)


@dataclass
class Desk:
    """Staff who answer proposals, and the businesses that make them."""

    town: Town
    plan: Published
    factory: int
    shop: int

    async def planned_for(self, contact_id: int) -> list[int]:
        async with self.town.database.unit() as unit:
            contact = await unit.session.get(Contact, contact_id)
            assert contact is not None
            found = await proposal_lookup.planned(unit, contact, MyPlannedOutages(), self.town.now, talking())
        return [one.id for one in found.outages]

    async def propose(
        self, contact_id: int, *wishes: Slot, number: int = 1, plan: int = 0
    ) -> ProposalReady | ProposalImpossible:
        """Do what the conversation does when it is sent."""
        spans, about = tuple(map(span, wishes)), plan or outage_id(self.plan)
        async with self.town.database.unit() as unit:
            contact = await unit.session.get(Contact, contact_id)
            assert contact is not None
            asked = PrepareProposal(about, number, spans)
            ready = await proposal_lookup.prepare(unit, contact, asked, self.town.now, talking())
            code = ready.code if isinstance(ready, ProposalReady) else "none"
            customer = FACTORY if contact_id == self.factory else SHOP
            wish = Propose(code, about, number, customer, spans, Words("reschedule.reason.order"))
            await proposals.propose(unit, contact, wish, self.town.now, talking())
        return ready

    async def say(self, contact_id: int, wish: AgreeToWindow | DisagreeWithWindow | WithdrawProposal) -> None:
        deeds = {
            AgreeToWindow: proposals.agree,
            DisagreeWithWindow: proposals.disagree,
            WithdrawProposal: proposals.withdraw,
        }
        async with self.town.database.unit() as unit:
            contact = await unit.session.get(Contact, contact_id)
            assert contact is not None
            await deeds[type(wish)](unit, contact, wish, self.town.now, talking())  # type: ignore[operator]

    async def accept(self, chosen: int = 1, id_: int = 1, aside: bool = False) -> Answered:
        overrides = ALL_SET_ASIDE if aside else ()
        async with self.town.database.unit() as unit:
            return await proposals.accept(unit, id_, chosen, overrides, "chị Tư", self.town.now)

    async def decline(self, why: str, id_: int = 1) -> Answered:
        async with self.town.database.unit() as unit:
            return await proposals.decline(unit, id_, why, "chị Tư", self.town.now)

    async def counter(self, window: Slot, id_: int = 1, aside: bool = False) -> Answered:
        overrides = ALL_SET_ASIDE if aside else ()
        async with self.town.database.unit() as unit:
            return await proposals.counter(unit, id_, window, "đội bận", overrides, "chị Tư", self.town.now)

    async def tick(self, at: datetime | None = None) -> int:
        self.town.now = at or self.town.now
        async with self.town.database.unit() as unit:
            return await proposals.proposals_expired(unit, self.town.now)

    async def proposal(self, id_: int = 1) -> Proposal:
        async with self.town.database.reading() as unit:
            found = await kept.by_id(unit, id_)
        assert found is not None
        return found

    async def state(self, id_: int = 1) -> str:
        return (await self.proposal(id_)).state

    async def windows(self) -> list[tuple[int, datetime, str]]:
        async with self.town.database.reading() as unit:
            rows = (await outages.slots_of(unit, [outage_id(self.plan)]))[outage_id(self.plan)]
        return [(row.number, row.starts_at, row.state) for row in rows]

    async def heard(self, contact_id: int) -> list[str]:
        """The messages about proposals to a contact, by the key of their first words."""
        query = (
            select(Message.words)  # type: ignore[call-overload]
            .join(Delivery, col(Delivery.message_id) == col(Message.id))
            .where(col(Delivery.contact_id) == contact_id)
            .order_by(col(Delivery.id))
        )
        async with self.town.database.reading() as unit:
            said = [row[0]["words"][0]["say"] for row in await unit.session.execute(query)]
        return [key for key in said if key.startswith("proposal.")]

    async def told_of_change(self) -> list[str]:
        """Who hears that the plan has changed."""
        query = (
            select(Contact.name)  # type: ignore[call-overload]
            .join(Delivery, col(Delivery.contact_id) == col(Contact.id))
            .join(Message, col(Message.id) == col(Delivery.message_id))
            .where(col(Message.stage) == "change")
        )
        async with self.town.database.reading() as unit:
            return [row[0] for row in await unit.session.execute(query)]


@pytest.fixture
async def desk(migrated_url: str) -> AsyncIterator[Desk]:
    async with built(migrated_url) as town:
        await town.serve("industrial", FACTORY)
        await town.serve("business", SHOP)
        factory = await town.resident("nhà máy", f"c:{FACTORY} Xưởng")
        shop = await town.resident("tiệm", f"c:{SHOP} Tiệm")
        await town.resident("chị Lan", f"c:{HOME} Nhà")
        plan = await town.plan(PLANNED, OTHER)
        await town.until(NOW + 35 * DAY)
        await town.send()
        town.now = NOW + 35 * DAY
        yield Desk(town, plan, factory, shop)


async def everyone(desk: Desk, *contacts: int) -> dict[int, list[str]]:
    return {one: await desk.heard(one) for one in contacts}


async def test_an_accepted_wish_is_a_revision_and_all_who_were_told_are_told_again(desk: Desk) -> None:
    ready = await desk.propose(desk.factory, SUNDAY, MONDAY)
    assert isinstance(ready, ProposalReady)

    done = await desk.accept(chosen=2, aside=True)

    assert done.published is not None
    assert done.published.outage.revision == 2
    assert await desk.windows() == [(1, MONDAY.starts_at, "on"), (2, OTHER.starts_at, "on")]
    assert sorted(await desk.told_of_change()) == ["chị Lan", "nhà máy", "tiệm"]
    assert await desk.heard(desk.factory) == ["proposal.accepted"]
    kept_now = await desk.proposal()
    assert (kept_now.state, kept_now.chosen, kept_now.answered_by) == ("accepted", 2, "chị Tư")


async def test_what_rules_forbid_comes_back_as_findings_and_the_proposal_stays_open(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)

    with pytest.raises(Broken) as broken:
        await desk.accept()

    assert "company_notice" in {finding.rule for finding in broken.value.findings}
    assert await desk.state() == "open"
    assert (await desk.windows())[0][1] == PLANNED.starts_at
    assert await desk.heard(desk.factory) == []


async def test_a_window_that_was_not_proposed_cannot_be_accepted(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    for number in (0, 2):
        with pytest.raises(Invalid) as invalid:
            await desk.accept(chosen=number)
        assert [(one.path, one.values) for one in invalid.value.problems] == [("window", {"most": 1})]


async def test_a_declined_one_is_told_with_its_reason_and_cannot_be_answered_twice(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await desk.decline("đội bận")

    assert await desk.heard(desk.factory) == ["proposal.declined"]
    assert (await desk.proposal()).why == "đội bận"
    assert await desk.told_of_change() == []
    with pytest.raises(Settled):
        await desk.accept(aside=True)
    with pytest.raises(UnknownProposal):
        await desk.decline("không", id_=99)


async def test_an_agreed_counter_proposal_moves_the_window_with_the_rules_staff_set_aside(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await desk.counter(MONDAY, aside=True)
    assert await desk.state() == "countered"

    await desk.say(desk.factory, AgreeToWindow(1))

    assert await desk.windows() == [(1, MONDAY.starts_at, "on"), (2, OTHER.starts_at, "on")]
    assert sorted(await desk.told_of_change()) == ["chị Lan", "nhà máy", "tiệm"]
    assert await desk.heard(desk.factory) == ["proposal.countered", "proposal.accepted"]
    assert await desk.state() == "accepted"


async def test_a_counter_proposal_that_rules_forbid_is_not_made(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    with pytest.raises(Broken):
        await desk.counter(MONDAY)
    with pytest.raises(Invalid) as crossing:
        await desk.counter(OTHER, aside=True)
    assert {problem.key for problem in crossing.value.problems} == {"slots.crossing"}
    assert await desk.state() == "open"


async def test_what_can_no_longer_be_given_when_it_is_agreed_is_with_staff_again(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await desk.counter(MONDAY, aside=True)
    # Another window of the same plan is moved onto the one that was promised.
    await desk.town.replan(desk.plan, slot(40, number=1), slot(46, number=2))

    await desk.say(desk.factory, AgreeToWindow(1))

    again = await desk.proposal()
    assert (again.state, again.counter, again.overrides) == ("open", None, [])
    assert [one["key"] for one in again.refused] == ["slots.crossing"]
    assert again.expires_at > desk.town.now
    assert (await desk.windows())[0][1] == PLANNED.starts_at
    assert await desk.heard(desk.factory) == ["proposal.countered", "proposal.back_with_staff"]


async def test_a_counter_proposal_that_does_not_suit_is_with_staff_again(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await desk.counter(MONDAY, aside=True)
    await desk.say(desk.factory, DisagreeWithWindow(1))

    assert await desk.state() == "open"
    await desk.say(desk.factory, AgreeToWindow(1))
    assert (await desk.windows())[0][1] == PLANNED.starts_at
    await desk.accept(aside=True)
    assert (await desk.windows())[0][1] == SUNDAY.starts_at


async def test_what_nobody_answers_runs_out_with_a_message(desk: Desk) -> None:
    ready = await desk.propose(desk.factory, SUNDAY)
    assert isinstance(ready, ProposalReady)
    until = datetime.fromisoformat(ready.until.at)
    # Five days before the window a move cannot be told in time any more: half a day is left to answer.
    assert until == NOW + 35.5 * DAY
    assert await desk.tick(until - timedelta(minutes=1)) == 0
    assert await desk.tick(until) == 1
    assert await desk.tick(until) == 0

    assert await desk.state() == "expired"
    assert await desk.heard(desk.factory) == ["proposal.expired"]
    assert (await desk.windows())[0][1] == PLANNED.starts_at


async def test_a_customer_who_does_not_answer_is_told_that_the_window_stands(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await desk.counter(MONDAY, aside=True)
    assert await desk.tick((await desk.proposal()).expires_at) == 1
    assert await desk.heard(desk.factory) == ["proposal.countered", "proposal.counter_expired"]


async def test_accepting_one_of_two_proposals_answers_the_other(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await desk.propose(desk.shop, MONDAY)

    await desk.accept(id_=1, aside=True)

    assert [await desk.state(1), await desk.state(2)] == ["accepted", "overtaken"]
    assert await everyone(desk, desk.factory, desk.shop) == {
        desk.factory: ["proposal.accepted"],
        desk.shop: ["proposal.overtaken.moved"],
    }
    with pytest.raises(Settled):
        await desk.accept(id_=2, aside=True)


async def test_proposals_about_another_window_are_left_alone(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await desk.propose(desk.shop, MONDAY, number=2)
    await desk.accept(id_=1, aside=True)
    assert await desk.state(2) == "open"


async def test_a_new_proposal_replaces_the_earlier_one_of_the_same_customer(desk: Desk) -> None:
    first = await desk.propose(desk.factory, SUNDAY)
    second = await desk.propose(desk.factory, MONDAY)
    assert isinstance(first, ProposalReady)
    assert isinstance(second, ProposalReady)
    assert (first.replaces, second.replaces) == ("", first.code)
    assert [await desk.state(1), await desk.state(2)] == ["withdrawn", "open"]


async def moved(desk: Desk) -> None:
    await desk.town.replan(desk.plan, slot(43, number=1), slot(41, number=2))


async def cancelled(desk: Desk) -> None:
    await desk.town.cancel(desk.plan)


async def put_off(desk: Desk) -> None:
    await desk.town.postpone(desk.plan, PostponedSlot(None, None, 1))


@pytest.mark.parametrize(
    ("change", "told"),
    [(moved, "moved"), (cancelled, "called_off"), (put_off, "called_off")],
    ids=["moved", "cancelled", "put off"],
)
async def test_a_proposal_about_a_window_that_is_not_what_it_was_is_closed_with_a_message(
    desk: Desk, change: object, told: str
) -> None:
    await desk.propose(desk.factory, SUNDAY)
    assert callable(change)
    await change(desk)
    assert await desk.tick() == 1
    assert await desk.state() == "overtaken"
    assert await desk.heard(desk.factory) == [f"proposal.overtaken.{told}"]


async def test_staff_who_answer_too_late_find_it_overtaken(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await moved(desk)
    done = await desk.accept(aside=True)
    assert (done.proposal.state, done.published) == (ProposalState.OVERTAKEN, None)
    assert await desk.heard(desk.factory) == ["proposal.overtaken.moved"]


async def test_a_window_that_waits_for_a_new_time_goes_on_waiting(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await desk.town.postpone(desk.plan, PostponedSlot(None, None, 2))
    await desk.accept(aside=True)
    assert [(n, state) for n, _, state in await desk.windows()] == [(1, SlotState.ON), (2, SlotState.POSTPONED)]


async def test_only_the_customers_own_plans_and_proposals_answer_to_their_buttons(desk: Desk) -> None:
    far = await desk.town.plan(slot(50), scope=Scope(feeders=(OTHER_FEEDER,)))
    assert await desk.planned_for(desk.factory) == [outage_id(desk.plan)]
    assert isinstance(await desk.propose(desk.factory, SUNDAY, plan=outage_id(far)), ProposalImpossible)
    assert isinstance(await desk.propose(desk.factory, SUNDAY, number=7), ProposalImpossible)
    assert isinstance(await desk.propose(desk.factory, PLANNED), ProposalImpossible)

    await desk.propose(desk.factory, SUNDAY)
    await desk.counter(MONDAY, aside=True)
    for forged in (AgreeToWindow(1), DisagreeWithWindow(1), WithdrawProposal(1), AgreeToWindow(99)):
        await desk.say(desk.shop, forged)
    assert await desk.state() == "countered"
    async with desk.town.database.unit() as unit:
        shop = await unit.session.get(Contact, desk.shop)
        assert shop is not None
        seen = await proposal_lookup.mine(unit, shop, MyProposal("1"), desk.town.now, talking())
    assert seen.code == ""


async def test_a_household_and_a_follower_of_a_ward_have_nothing_to_move(desk: Desk) -> None:
    async with desk.town.database.unit() as unit:
        lan = Contact(channel="web", address="khác", name="khác", created_at=NOW, seen_at=NOW)
        unit.session.add(lan)
        await unit.session.flush()
        assert lan.id is not None
        reasons = []
        for target in ("", "w:26743", f"c:{HOME}"):
            if target:
                await subscriptions.add(unit, lan.id, target, target, NOW)
            found = await proposal_lookup.planned(unit, lan, MyPlannedOutages(), desk.town.now, talking())
            reasons.append(found.why)
    assert reasons == ["no_meter", "no_meter", "household"]


async def test_a_withdrawn_proposal_is_over(desk: Desk) -> None:
    await desk.propose(desk.factory, SUNDAY)
    await desk.say(desk.factory, WithdrawProposal(1))
    assert await desk.state() == "withdrawn"
    assert await desk.tick(NOW + 39 * DAY) == 0
    assert await desk.heard(desk.factory) == []

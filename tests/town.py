"""A small town for tests about outages: two feeders, three wards, four customers, and people who follow them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlmodel import col

from handlers import incidents, notices, outages, ticks
from handlers.outages import OutageChange, OutageDraft, Override, PostponedSlot, Postponement, Published, Slot
from handlers.rules.planning import Rule
from store import contacts, outbox, subscriptions
from store.contacts import Contact
from store.customers import Customer
from store.db import Database, Unit
from store.extent import Scope
from store.network import Feeder, Substation, Transformer, Ward
from store.notices import Notice, NoticeState
from store.outbox import Delivery, Message, Settled, Status

NOW = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)
FEEDER, OTHER_FEEDER = "471-BT", "472-TD"
BEN_THANH, SAI_GON, THU_DUC = "26743", "26740", "26824"
# code: (ward, feeder, transformer)
HOME, SHOP, FACTORY, FAR_HOME = (f"PE0100000000{number}" for number in range(1, 5))
SERVED = {
    HOME: (BEN_THANH, FEEDER, "BT-01"),
    SHOP: (BEN_THANH, FEEDER, "BT-02"),
    FACTORY: (SAI_GON, FEEDER, "BT-02"),
    FAR_HOME: (THU_DUC, OTHER_FEEDER, "TD-01"),
}
FEEDS = Scope(feeders=(FEEDER,))
# The planning rules have tests of their own.
ALL_SET_ASIDE = tuple(Override(rule, "thử") for rule in Rule)


@dataclass(frozen=True)
class Told:
    """One delivery, as tests compare it."""

    who: str
    stage: str
    revision: int
    places: tuple[str, ...] = ()


class Town:
    """What staff and customers do there; `now` moves only when a test says so."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW

    async def resident(self, name: str, *places: str, channel: str = "web") -> int:
        """Someone who follows places, each written as `target label` or only `target`."""
        async with self.database.unit() as unit:
            contact = Contact(channel=channel, address=name, name=name, created_at=self.now, seen_at=self.now)
            unit.session.add(contact)
            await unit.session.flush()
            assert contact.id is not None
            for place in places:
                target, _, label = place.partition(" ")
                await subscriptions.add(unit, contact.id, target, label or target, self.now)
            return contact.id

    async def follow(self, contact_id: int, target: str, label: str) -> None:
        """Begin to follow a place, as the conversation does it."""
        async with self.database.unit() as unit:
            contact = await unit.session.get(Contact, contact_id)
            assert contact is not None
            await subscriptions.add(unit, contact_id, target, label, self.now)
            await outages.subscribe_news(unit, contact, target, self.now)

    async def pause(self, contact_id: int, until: datetime | None = None) -> None:
        async with self.database.unit() as unit:
            for place in await subscriptions.of_contact(unit, contact_id):
                assert place.id is not None
                await subscriptions.pause(unit, place.id, until)

    async def unfollow(self, contact_id: int) -> None:
        async with self.database.unit() as unit:
            for place in await subscriptions.of_contact(unit, contact_id):
                assert place.id is not None
                await subscriptions.remove(unit, place.id)

    async def block(self, contact_id: int) -> None:
        async with self.database.unit() as unit:
            await contacts.asleep(unit, contact_id, "blocked", self.now)

    async def publish(self, scope: Scope, reason: str | None = None, slot: Slot | None = None) -> Published:
        draft = OutageDraft("incident", reason, (slot,) if slot else (), scope)
        async with self.database.unit() as unit:
            return await outages.publish(unit, draft, "anh Ba", self.now)

    async def change(self, done: Published, wish: OutageChange) -> Published:
        async with self.database.unit() as unit:
            return await outages.change(unit, outage_id(done), wish, "anh Ba", self.now)

    async def explain(self, done: Published, reason: str) -> Published:
        """Change nothing but the cause."""
        return await self.change(done, OutageChange(frozenset({"reason"}), reason=reason))

    async def rescope(self, done: Published, scope: Scope) -> Published:
        return await self.change(done, OutageChange(frozenset({"scope"}), scope=scope))

    async def plan(
        self, *slots: Slot, scope: Scope = FEEDS, reason: str | None = None, draft: bool = False
    ) -> Published:
        """Publish planned work, whatever the planning rules say to it."""
        wish = OutageDraft("planned", reason, slots, scope, ALL_SET_ASIDE, draft=draft)
        async with self.database.unit() as unit:
            return await outages.publish(unit, wish, "anh Ba", self.now)

    async def publish_draft(self, done: Published) -> Published:
        async with self.database.unit() as unit:
            return await outages.publish_draft(unit, outage_id(done), ALL_SET_ASIDE, "anh Ba", self.now)

    async def replan(self, done: Published, *slots: Slot) -> Published:
        """Name all windows anew."""
        return await self.change(done, OutageChange(frozenset({"slots"}), slots=slots, overrides=ALL_SET_ASIDE))

    async def postpone(self, done: Published, *slots: PostponedSlot) -> Published:
        """Put these windows off; all of them, if none is named."""
        async with self.database.unit() as unit:
            wish = Postponement(slots, overrides=ALL_SET_ASIDE)
            return await outages.postpone(unit, outage_id(done), wish, "anh Ba", self.now)

    async def restore(self, done: Published, at: datetime | None = None) -> Published:
        async with self.database.unit() as unit:
            return await outages.restore(unit, outage_id(done), at, "anh Ba", self.now)

    async def cancel(self, done: Published) -> Published:
        async with self.database.unit() as unit:
            return await outages.cancel(unit, outage_id(done), "anh Ba", self.now)

    async def tick(self) -> int:
        """Let the clock do its work about outages."""
        async with self.database.unit() as unit:
            await ticks.worthless(unit, self.now)
            await incidents.held_restorations(unit, self.now)
            return await notices.notices_due(unit, self.now)

    async def until(self, at: datetime) -> None:
        """Live until then: each notice is said at its time, and what is due is sent."""
        await self._work()
        while self.now < at:
            async with self.database.reading() as unit:
                said = select(func.min(Notice.due_at)).where(
                    col(Notice.state) == NoticeState.DUE, col(Notice.due_at) > self.now
                )
                held = select(func.min(Delivery.due_at)).where(
                    col(Delivery.status) == Status.DUE, col(Delivery.due_at) > self.now
                )
                coming = [(await unit.session.execute(query)).scalar() for query in (said, held)]
            self.now = min([at, *(one for one in coming if one is not None)])
            await self._work()

    async def _work(self) -> None:
        await self.tick()
        await self.send()

    async def serve(self, segment: str, *codes: str) -> None:
        """Make these customers a business, say."""
        async with self.database.unit() as unit:
            await unit.session.execute(
                update(Customer).where(col(Customer.code).in_(codes)).values(segment=segment)
            )

    async def rest(self, contact_id: int, hours: tuple[int, int] | None) -> None:
        """Someone wants quiet between these local hours, or never."""
        async with self.database.unit() as unit:
            await contacts.quiet(unit, contact_id, hours)

    async def remind(self, contact_id: int, day: bool | None = None, hour: bool | None = None) -> None:
        async with self.database.unit() as unit:
            await contacts.remind(unit, contact_id, day, hour)

    async def claim(self, limit: int = 100) -> list[int]:
        """Take deliveries as a sender does; they are on their way until `settle`."""
        async with self.database.unit() as unit:
            claimed = await outbox.claim(unit, "web", self.now, self.now + timedelta(minutes=1), limit, (0, 99))
            return [one.id for one in claimed]

    async def settle(self, ids: Sequence[int], status: Status = Status.SENT) -> None:
        settled = None if status == Status.DUE else self.now
        async with self.database.unit() as unit:
            await outbox.settle(unit, [Settled(one, status, self.now, settled) for one in ids])

    async def send(self, limit: int = 100) -> None:
        """Send what is due, at most so many."""
        await self.settle(await self.claim(limit))

    async def told(self, *statuses: Status, revision: int | None = None) -> list[Told]:
        """The deliveries in these statuses (due or sent, if none is named), sorted by name and revision."""
        query = (
            select(Contact.name, Message.stage, Message.revision, Delivery.places)  # type: ignore[call-overload]
            .join(Delivery, col(Delivery.message_id) == col(Message.id))
            .join(Contact, col(Contact.id) == col(Delivery.contact_id))
            .where(col(Delivery.status).in_(statuses or (Status.DUE, Status.SENT)))
        )
        async with self.database.reading() as unit:
            rows = (await unit.session.execute(query)).all()
        told = [Told(who, stage, number, tuple(places or ())) for who, stage, number, places in rows]
        return sorted(
            (one for one in told if revision in (None, one.revision)),
            key=lambda one: (one.who, one.revision, one.stage),
        )

    async def heard(self, *statuses: Status, revision: int | None = None) -> list[tuple[str, str]]:
        """The same as (name, stage)."""
        return [(one.who, one.stage) for one in await self.told(*statuses, revision=revision)]


def outage_id(done: Published) -> int:
    assert done.outage.id is not None
    return done.outage.id


@asynccontextmanager
async def built(url: str) -> AsyncIterator[Town]:
    """The town in a migrated database."""
    database = Database(url)
    try:
        async with database.unit() as unit:
            await _lay_out(unit)
        yield Town(database)
    finally:
        await database.close()


async def _lay_out(unit: Unit) -> None:
    names = {BEN_THANH: "Phường Bến Thành", SAI_GON: "Phường Sài Gòn", THU_DUC: "Phường Thủ Đức"}
    add: Callable[[object], None] = unit.session.add
    add(Substation(code="TT", name="Trạm Trung tâm"))
    for code, name in names.items():
        add(Ward(code=code, name=name, folded=name.lower()))
    await unit.session.flush()
    for code in (FEEDER, OTHER_FEEDER):
        add(Feeder(code=code, name=f"Tuyến {code}", substation_code="TT"))
    await unit.session.flush()
    for code, feeder in {served[2]: served[1] for served in SERVED.values()}.items():
        add(Transformer(code=code, name=f"Trạm {code}", feeder_code=feeder))
    await unit.session.flush()
    for code, (ward, feeder, transformer) in SERVED.items():
        add(
            Customer(
                code=code,
                name="Nguyễn Văn A",
                phone="0901234567",
                address="1 Lê Lợi",
                ward_code=ward,
                feeder_code=feeder,
                transformer_code=transformer,
            )
        )

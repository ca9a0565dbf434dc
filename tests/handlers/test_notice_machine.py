"""Planned outages in any order of events: nobody hears anything twice, too late, untrue or of others' places."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlmodel import col

from handlers import deliveries
from handlers.deliveries import Ended, Withheld
from handlers.outage_forms import Invalid, OutageChange, Over, PostponedSlot, Published, Slot
from handlers.ports import Outcome, Sent, TryLater, Unreachable
from store import outages as kept
from store import outbox
from store.contacts import Contact
from store.db import Database
from store.extent import Scope
from store.notices import Notice, NoticeState
from store.outbox import Claimed, Delivery, Message, Status
from tests.handlers.notice_oracle import Heard, Mind, touches
from tests.sqlite_files import copied, sqlite_address
from tests.town import (
    ALL_SET_ASIDE,
    BEN_THANH,
    FACTORY,
    FAR_HOME,
    FEEDER,
    HOME,
    OTHER_FEEDER,
    SAI_GON,
    SHOP,
    THU_DUC,
    Town,
    built,
    outage_id,
)

PEOPLE = {
    "An": (f"c:{HOME}",),
    "Bình": (f"w:{BEN_THANH}",),
    "Chi": (f"c:{FACTORY}",),
    "Dũng": (f"c:{SHOP}",),
    "Em": (f"c:{FAR_HOME}",),
    "Giang": (f"c:{HOME}", f"w:{THU_DUC}"),
}
TARGETS = [f"c:{code}" for code in (HOME, SHOP, FACTORY, FAR_HOME)] + [f"w:{BEN_THANH}", f"w:{SAI_GON}"]
SCOPES = [
    Scope(feeders=(FEEDER,)),
    Scope(feeders=(OTHER_FEEDER,)),
    Scope(feeders=(FEEDER, OTHER_FEEDER)),
    Scope(transformers=("BT-01",)),
    Scope(transformers=("BT-02",)),
    Scope(wards=(BEN_THANH,)),
    Scope(customers=(HOME, FAR_HOME)),
]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Hours from now to a beginning: tomorrow, next week, beyond every lead time.
AHEAD = [1, 3, 26, 30, 75, 150, 200, 400, 760, 900]
persons = st.sampled_from(sorted(PEOPLE))
scopes = st.sampled_from(SCOPES)
lengths = st.integers(1, 5)


@st.composite
def windows_from_now(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """One to three windows that do not cross, each as hours from now to its beginning and its length."""
    at, windows = draw(st.sampled_from(AHEAD)), []
    for _ in range(draw(st.integers(1, 3))):
        length = draw(lengths)
        windows.append((at, length))
        at += length + draw(st.sampled_from([0, 0, 1, 20, 200]))
    return tuple(windows)


class Notices(RuleBasedStateMachine):
    """Planned outages against an oracle: any order of deeds, ticks, restarts and failing senders."""

    template: Path

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "notices.sqlite"
        copied(self.template, file)
        self.runner = asyncio.Runner()
        self.town = Town(Database(sqlite_address(file)))
        self.minds: dict[tuple[int, int], Mind] = defaultdict(Mind)
        self.followed: dict[int, set[str]] = {}
        self.ever_followed: dict[int, set[str]] = {}
        self.ids: dict[str, int] = {}
        self.asleep: set[int] = set()
        self.scopes: dict[int, list[Scope]] = {}
        self.plans: list[Published] = []
        self.held: list[Claimed] = []
        self.sender_up = True
        self.run(self._meet())

    def teardown(self) -> None:
        if hasattr(self, "town"):
            try:
                self.run(self._live_to_the_end())
            finally:
                self.run(self.town.database.close())
                self.runner.close()
                self.folder.cleanup()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    # --- what staff do

    @precondition(lambda self: len(self.plans) < 2)
    @rule(windows=windows_from_now(), scope=scopes)
    def publish(self, windows: tuple[tuple[int, int], ...], scope: Scope) -> None:
        done = self.run(self.town.plan(*self._slots(windows), scope=scope))
        self.plans.append(done)
        self.scopes[outage_id(done)] = [scope]

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 1), windows=windows_from_now())
    def edit(self, which: int, windows: tuple[tuple[int, int], ...]) -> None:
        slots = self._slots(windows)
        self._do(which, lambda plan: self.town.replan(plan, *slots))

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 1), number=st.integers(1, 3), windows=windows_from_now())
    def edit_by_number(self, which: int, number: int, windows: tuple[tuple[int, int], ...]) -> None:
        first, *rest = self._slots(windows)
        slots = (Slot(first.starts_at, first.ends_at, number), *rest)
        self._do(which, lambda plan: self.town.replan(plan, *slots))

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 1), minutes=st.sampled_from([20, 90, 300]))
    def lengthen(self, which: int, minutes: int) -> None:
        wish = OutageChange(
            frozenset({"ends_at"}), ends_at=self.town.now + timedelta(minutes=minutes), overrides=ALL_SET_ASIDE
        )
        self._do(which, lambda plan: self.town.change(plan, wish))

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 1), reason=st.sampled_from(["Bảo trì", "Thay dây"]))
    def explain(self, which: int, reason: str) -> None:
        self._do(which, lambda plan: self.town.explain(plan, reason))

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 1), scope=scopes)
    def rescope(self, which: int, scope: Scope) -> None:
        wish = OutageChange(frozenset({"scope"}), scope=scope, overrides=ALL_SET_ASIDE)
        if self._do(which, lambda plan: self.town.change(plan, wish)):
            self.scopes[self._id(which)].append(scope)

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 1))
    def postpone_all(self, which: int) -> None:
        self._do(which, lambda plan: self.town.postpone(plan))

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 1), number=st.integers(1, 3), to=st.none() | st.sampled_from(AHEAD))
    def postpone_one(self, which: int, number: int, to: int | None) -> None:
        start = None if to is None else self.town.now + to * HOUR
        slot = PostponedSlot(start, start + HOUR if start else None, number)
        self._do(which, lambda plan: self.town.postpone(plan, slot))

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 1))
    def cancel(self, which: int) -> None:
        self._do(which, lambda plan: self.town.cancel(plan))

    @precondition(lambda self: self.plans)
    @rule(which=st.integers(0, 1))
    def restore(self, which: int) -> None:
        self._do(which, lambda plan: self.town.restore(plan))

    # --- what people do

    @rule(who=persons, place=st.sampled_from(TARGETS))
    def follow(self, who: str, place: str) -> None:
        self.run(self.town.follow(self.ids[who], place, place))
        self.followed[self.ids[who]].add(place)
        self.ever_followed[self.ids[who]].add(place)

    @rule(who=persons)
    def unfollow(self, who: str) -> None:
        self.run(self.town.unfollow(self.ids[who]))
        self.followed[self.ids[who]].clear()

    @rule(who=persons, hours=st.none() | st.sampled_from([(22, 6), (21, 9), (0, 5), (13, 15)]))
    def rest(self, who: str, hours: tuple[int, int] | None) -> None:
        self.run(self.town.rest(self.ids[who], hours))

    @rule(who=persons, day=st.booleans(), hour=st.booleans())
    def wish(self, who: str, day: bool, hour: bool) -> None:
        self.run(self.town.remind(self.ids[who], day, hour))

    # --- what time and platforms do

    @rule(hours=st.sampled_from([0.1, 0.5, 1, 5, 11, 24, 60, 150, 700]))
    def time_passes(self, hours: float) -> None:
        self.run(self._live(self.town.now + hours * HOUR))

    @rule(hours=st.sampled_from([0.1, 1, 5, 24, 60]))
    def nothing_runs(self, hours: float) -> None:
        """The process is down; what it had claimed is due again when it is back."""
        self.town.now += hours * HOUR
        self.run(self._restart())

    @rule()
    def sender_fails(self) -> None:
        self.sender_up = not self.sender_up

    @rule(limit=st.integers(1, 3))
    def take(self, limit: int) -> None:
        """Some are on their way while the next thing happens."""
        self.run(self._take(limit))

    @precondition(lambda self: self.held)
    @rule(outcome=st.sampled_from([Sent("1"), TryLater("busy"), TryLater("busy"), Unreachable("blocked")]))
    def end(self, outcome: Outcome) -> None:
        self.run(self._end([self.held.pop(0)], outcome))

    # --- how it is done

    async def _meet(self) -> None:
        async with self.town.database.reading() as unit:
            for contact in (await unit.session.exec(select(Contact))).scalars():  # type: ignore[call-overload]
                self.ids[contact.name] = contact.id
                self.followed[contact.id] = set(PEOPLE[contact.name])
                self.ever_followed[contact.id] = set(PEOPLE[contact.name])

    def _slots(self, windows: tuple[tuple[int, int], ...]) -> list[Slot]:
        now = self.town.now
        return [Slot(now + at * HOUR, now + (at + length) * HOUR) for at, length in windows]

    def _id(self, which: int) -> int:
        return outage_id(self.plans[which % len(self.plans)])

    def _do(self, which: int, deed: Any) -> bool:
        """Do something to a plan; what cannot be done changes nothing."""
        try:
            self.run(deed(self.plans[which % len(self.plans)]))
        except (Invalid, Over):
            return False
        return True

    async def _live(self, until: datetime) -> None:
        """Everything runs: each notice at its time, each delivery when it is due."""
        await self._work()
        while self.town.now < until:
            coming = await self._next()
            self.town.now = min([until, *coming])
            await self._work()

    async def _next(self) -> list[datetime]:
        now = self.town.now
        async with self.town.database.reading() as unit:
            queries = (
                select(func.min(Notice.due_at)).where(
                    col(Notice.state) == NoticeState.DUE, col(Notice.due_at) > now
                ),
                select(func.min(Delivery.due_at)).where(
                    col(Delivery.status) == Status.DUE, col(Delivery.due_at) > now
                ),
                select(func.min(kept.OutageSlot.starts_at)).where(
                    col(kept.OutageSlot.state) == "on", col(kept.OutageSlot.starts_at) > now
                ),
            )
            found = [(await unit.session.execute(query)).scalar() for query in queries]
        return [one for one in found if one is not None]

    async def _work(self) -> None:
        await self._everybody_knows_what_begins()
        await self._lose()
        await self.town.tick()
        await self._send()

    async def _send(self) -> None:
        if self.sender_up:
            await self._end(self.held, Sent("1"))
            self.held = []
            while await self._take(50):
                await self._end(self.held, Sent("1"))
                self.held = []

    async def _take(self, limit: int) -> int:
        await self._lose()
        async with self.town.database.unit() as unit:
            lease = self.town.now + 1000 * DAY
            claimed = await outbox.claim(unit, "web", self.town.now, lease, limit, (0, 99))
        # As the sender does it: what went stale since is not sent.
        stale = [one for one in claimed if one.stale]
        await self._end(stale, Withheld(Status.RETRACTED))
        self.held += [one for one in claimed if not one.stale]
        return len(claimed)

    async def _end(self, claimed: list[Claimed], outcome: Outcome | Withheld) -> None:
        for one in claimed:
            worthless = one.worthless_after is not None and one.worthless_after <= self.town.now
            ended: Outcome | Withheld = Withheld(Status.EXPIRED) if worthless else outcome
            if (isinstance(ended, Withheld) and worthless) or not isinstance(ended, Sent | Withheld):
                await self._excuse(one.id)
            async with self.town.database.unit() as unit:
                await deliveries.settle(unit, [Ended(one, ended)], self.town.now)
            if isinstance(ended, Unreachable):
                self.asleep.add(one.contact_id)
            if isinstance(ended, Sent):
                await self._hear(one)

    async def _hear(self, one: Claimed) -> None:
        async with self.town.database.reading() as unit:
            message = await unit.session.get(Message, one.message_id)
            delivery = await unit.session.get(Delivery, one.id)
            assert message is not None
            assert delivery is not None
            if message.outage_id is None or message.revision is None:
                return
            revision = (await kept.revision_of(unit, message.outage_id, message.revision)).content
        assert message.stage is not None
        assert one.worthless_after is not None
        heard = Heard(
            one.contact_id,
            message.outage_id,
            message.revision,
            message.stage,
            message.part,
            delivery.created_at,
            self.town.now,
            one.worthless_after,
            message.words,
        )
        mind = self.minds[one.contact_id, message.outage_id]
        scopes = self.scopes[message.outage_id]
        mind.judge(heard, revision, self.ever_followed[one.contact_id], scopes)
        mind.hear(heard, revision)

    async def _excuse(self, delivery_id: int) -> None:
        async with self.town.database.reading() as unit:
            delivery = await unit.session.get(Delivery, delivery_id)
            assert delivery is not None
            message = await unit.session.get(Message, delivery.message_id)
            assert message is not None
        if message.outage_id is not None:
            self.minds[delivery.contact_id, message.outage_id].excused = True

    async def _lose(self) -> None:
        """Who loses a message because no sender was there in time cannot know everything."""
        async with self.town.database.reading() as unit:
            late = select(Delivery.id).where(  # type: ignore[call-overload]
                col(Delivery.status) == Status.DUE, col(Delivery.worthless_after) <= self.town.now
            )
            lost = list((await unit.session.execute(late)).scalars())
        for one in lost:
            async with self.town.database.reading() as unit:
                delivery = await unit.session.get(Delivery, one)
            assert delivery is not None
            assert delivery.worthless_after is not None
            assert delivery.worthless_after > delivery.created_at, f"worthless when it was written: {delivery}"
            await self._excuse(one)

    async def _restart(self) -> None:
        for one in self.held:
            # Counted as told, and never sent once a newer message made it stale.
            await self._excuse(one.id)
        async with self.town.database.unit() as unit:
            await outbox.reclaim(unit, "web", None)
        self.held = []

    async def _everybody_knows_what_begins(self) -> None:
        """At the moment a window begins, before anybody is told so, everyone has heard the newest revision."""
        if not self.sender_up or self.held:
            return
        async with self.town.database.reading() as unit:
            for plan in self.plans:
                number = outage_id(plan)
                outage = await kept.by_id(unit, number)
                assert outage is not None
                slots = (await kept.slots_of(unit, [number]))[number]
                begins = any(slot.state == "on" and slot.starts_at == self.town.now for slot in slots)
                if not begins or outage.updated_at >= self.town.now - HOUR:
                    continue
                for who, places in self.followed.items():
                    mind = self.minds[who, number]
                    if who in self.asleep or mind.excused:
                        continue
                    if any(touches(self.scopes[number][-1], place) for place in places):
                        assert mind.newest == outage.revision, f"{who} knows {mind} of {outage}"

    async def _live_to_the_end(self) -> None:
        self.sender_up = True
        await self._restart()
        await self._live(self.town.now + 60 * DAY)
        async with self.town.database.reading() as unit:
            for (who, number), mind in self.minds.items():
                slots = (await kept.slots_of(unit, [number]))[number]
                assert not any(slot.state == "on" for slot in slots)
                if who not in self.asleep and not mind.excused:
                    assert not mind.believes, f"{who} never heard the end of {mind} of {number}"


@pytest.fixture(scope="module")
def town_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town with its people, in a file to copy."""
    file = tmp_path_factory.mktemp("town") / "town.sqlite"
    copied(sqlite_template, file)

    async def settle_in() -> None:
        async with built(sqlite_address(file)) as town:
            await town.serve("industrial", FACTORY)
            await town.serve("business", SHOP)
            for name, places in PEOPLE.items():
                await town.resident(name, *places)

    asyncio.run(settle_in())
    return file


def test_nobody_is_told_twice_late_or_wrongly_in_any_order_of_events(town_template: Path) -> None:
    Notices.template = town_template
    checks = settings(
        max_examples=15,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Notices, settings=checks)

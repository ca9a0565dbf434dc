"""The sender with a channel that ends as scripted: what is owed goes out once, in order, or is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from bot import sender as sending
from bot.holder import Holder
from bot.sender import Sender, utcnow
from conversations.model import Button, Reply, Text, Words, say
from conversations.wire import reply_to_json
from handlers import incoming
from handlers.ports import Incoming, Limits, Outcome, Outgoing, Rejected, Sent, TryLater, Unreachable
from handlers.talking import talking
from store import contacts, leases, outbox
from store.contacts import Contact
from store.db import Database
from store.outbox import Delivery, Message, Priority, Status
from tests.journeys.service import until

HELLO = reply_to_json(say("error.fault"))


class FakeChannel:
    """Sends at once, or ends as scripted for an address; `held` addresses hang until released."""

    name = "telegram"
    most_file_bytes = 0

    def __init__(self, **limits: Any) -> None:
        self.limits = Limits(
            **{
                "text": 4096,
                "buttons": 10,
                "edit": True,
                "images": True,
                "per_second": 1000.0,
                "per_recipient": 0.0,
                "in_flight": 100,
                **limits,
            }
        )
        self.sent: list[tuple[str, str]] = []
        self.messages: list[Outgoing] = []
        self.script: dict[str, list[Outcome | Exception]] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.under_way: list[str] = []
        self.refused: dict[str, datetime] = {}

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        return []

    async def send(self, to: str, message: Outgoing, key: str) -> Outcome:
        self.under_way.append(to)
        if to in self.held:
            await self.held[to].wait()
        if self.script.get(to):
            outcome = self.script[to].pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            if not isinstance(outcome, Sent):
                self.refused[to] = utcnow()
                return outcome
        else:
            outcome = Sent(key)
        self.sent.append((to, key.partition("#")[0]))
        self.messages.append(message)
        return outcome

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        raise FileNotFoundError(ref)
        yield

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Post:
    """A database, a channel, and what is owed."""

    def __init__(self, database: Database, channel: FakeChannel) -> None:
        self.database, self.channel = database, channel

    async def owe(
        self,
        to: str,
        key: str,
        *,
        push: bool = False,
        words: dict[str, Any] = HELLO,
        worth: timedelta | None = None,
    ) -> int:
        """Owe someone a message; its id."""
        now = utcnow()
        async with self.database.unit() as unit:
            person = await contacts.find(unit, "telegram", to)
            person = person or await contacts.add(unit, "telegram", to, to, "vi", now)
            message = Message(
                words=words,
                priority=Priority.INCIDENT if push else Priority.REPLY,
                worthless_after=now + worth if worth else None,
                created_at=now,
            )
            await outbox.add_for(unit, person, message, key, now)
            found = select(Delivery.message_id).where(col(Delivery.dedupe_key) == key)  # type: ignore[call-overload]
            return int((await unit.session.execute(found)).scalar_one())

    async def row(self, key: str) -> Delivery:
        async with self.database.reading() as unit:
            found = await unit.session.execute(select(Delivery).where(col(Delivery.dedupe_key) == key))
            row: Delivery = found.scalar_one()
            return row

    async def becomes(self, key: str, status: Status) -> Delivery:
        async def reached() -> bool:
            return (await self.row(key)).status == status

        await until(reached)
        return await self.row(key)

    async def person(self, address: str) -> Contact | None:
        async with self.database.reading() as unit:
            return await contacts.find(unit, "telegram", address)

    @asynccontextmanager
    async def sending(self, clock: Callable[[], datetime] = utcnow) -> AsyncIterator[Sender]:
        sender = Sender(self.database, self.channel, talking().speaker, Holder(), clock)
        self.database.on_said(sender.wake)
        task = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            for held in self.channel.held.values():
                held.set()
            sender.stop()
            await task


@asynccontextmanager
async def post(url: str, **limits: Any) -> AsyncIterator[Post]:
    database = Database(url)
    try:
        yield Post(database, FakeChannel(**limits))
    finally:
        await database.close()


async def test_what_is_owed_is_sent_once_and_settled(migrated_url: str) -> None:
    async with post(migrated_url) as office, office.sending():
        await office.owe("a", "k1")
        row = await office.becomes("k1", Status.SENT)
        assert row.remote_id == "k1#0"
        assert office.channel.sent == [("a", "k1")]


async def test_a_reply_overtakes_a_broadcast_even_one_to_the_same_person(sqlite_url: str) -> None:
    async with post(sqlite_url, per_second=5.0) as office:
        for number in range(20):
            await office.owe(f"p{number}", f"push {number}", push=True)
        async with office.sending():
            await until(lambda: bool(office.channel.sent))
            await office.owe("p9", "reply")
            await office.becomes("reply", Status.SENT)
            assert ("p9", "push 9") not in office.channel.sent


async def test_a_hanging_call_holds_up_no_other_reply_at_the_highest_rate(sqlite_url: str) -> None:
    async with post(sqlite_url) as office, office.sending():
        office.channel.held["slow"] = asyncio.Event()
        await office.owe("slow", "slow")
        await until(lambda: "slow" in office.channel.under_way)
        await office.owe("quick", "quick")
        await office.becomes("quick", Status.SENT)


async def test_hanging_pushes_leave_room_for_replies(sqlite_url: str) -> None:
    async with post(sqlite_url, in_flight=30) as office:
        for number in range(50):
            office.channel.held[f"p{number}"] = asyncio.Event()
            await office.owe(f"p{number}", f"push {number}", push=True)
        async with office.sending():
            await until(lambda: len(office.channel.under_way) == 10)
            await office.owe("a", "reply")
            await office.becomes("reply", Status.SENT)
            assert len(office.channel.under_way) == 11


async def test_replies_to_one_person_keep_their_order(sqlite_url: str) -> None:
    async with post(sqlite_url) as office:
        for number in range(30):
            await office.owe("a", f"k{number:02}")
        async with office.sending():
            await office.becomes("k29", Status.SENT)
        assert office.channel.sent == [("a", f"k{number:02}") for number in range(30)]


async def test_a_refusal_for_now_is_tried_again_after_exactly_the_pause(sqlite_url: str) -> None:
    moments: list[datetime] = []

    def clock() -> datetime:
        moments.append(utcnow())
        return moments[-1]

    pause = timedelta(seconds=0.7)
    async with post(sqlite_url) as office, office.sending(clock):
        office.channel.script["a"] = [TryLater("429", pause, limited=True)]
        await office.owe("a", "k")
        row = await office.becomes("k", Status.SENT)
        assert row.due_at - pause in moments
        assert row.settled_at is not None
        assert row.settled_at >= row.due_at
        assert row.attempts == 2


async def test_two_people_limited_at_once_pause_pushes_and_replies(sqlite_url: str) -> None:
    async with post(sqlite_url) as office, office.sending():
        pause = timedelta(seconds=1)
        limited = TryLater("429", pause, limited=True)
        office.channel.script |= {"a": [limited], "b": [limited]}
        await office.owe("a", "a", push=True)
        await office.owe("b", "b", push=True)
        await until(lambda: {"a", "b"} <= office.channel.refused.keys())
        paused = max(office.channel.refused.values())
        await office.owe("c", "c", push=True)
        await office.owe("d", "d")
        for key in ("c", "d"):
            row = await office.becomes(key, Status.SENT)
            assert row.settled_at is not None
            assert row.settled_at >= paused + pause


async def test_an_adapter_that_raises_costs_a_delay_not_the_message(sqlite_url: str) -> None:
    async with post(sqlite_url) as office, office.sending():
        office.channel.script["a"] = [RuntimeError("a fault")]
        await office.owe("a", "k")
        row = await office.becomes("k", Status.SENT)
        assert row.attempts == 2


async def test_who_cannot_be_reached_sleeps_until_they_write(migrated_url: str) -> None:
    async with post(migrated_url) as office, office.sending():
        office.channel.script["a"] = [Unreachable("bot was blocked by the user")]
        await office.owe("a", "k")
        row = await office.becomes("k", Status.UNREACHABLE)
        assert row.last_error == "bot was blocked by the user"
        asleep = await office.person("a")
        assert asleep is not None
        assert asleep.asleep_since is not None
        async with office.database.unit() as unit:
            await incoming.handle(unit, "telegram", Incoming("1", "a", Text("menu")), utcnow(), talking())
        await office.becomes("reply:telegram:a:1", Status.SENT)
        awake = await office.person("a")
        assert awake is not None
        assert awake.asleep_since is None


async def test_a_new_address_is_kept(migrated_url: str) -> None:
    async with post(migrated_url) as office, office.sending():
        office.channel.script["a"] = [Sent("7", moved_to="b")]
        await office.owe("a", "k1")
        await office.becomes("k1", Status.SENT)
        await office.owe("b", "k2")
        await office.becomes("k2", Status.SENT)
        assert (await office.row("k1")).contact_id == (await office.row("k2")).contact_id


async def test_a_move_to_where_someone_is_known_stops_nobody(migrated_url: str) -> None:
    async with post(migrated_url) as office, office.sending():
        await office.owe("b", "known")
        office.channel.script["a"] = [Sent("7", moved_to="b")]
        await office.owe("a", "moved")
        await office.owe("c", "other")
        for key in ("known", "moved", "other"):
            await office.becomes(key, Status.SENT)
        old = await office.person("a")
        assert old is not None
        assert old.asleep_since is not None


async def test_what_a_platform_will_never_take_is_kept_with_its_reason(migrated_url: str) -> None:
    async with post(migrated_url) as office, office.sending():
        office.channel.script["a"] = [Rejected("bad\0 request")]
        await office.owe("a", "k")
        assert (await office.becomes("k", Status.REJECTED)).last_error == "bad request"


async def test_what_became_worthless_while_it_waited_is_not_sent(sqlite_url: str) -> None:
    async with post(sqlite_url, per_second=1.0) as office:
        for number, seconds in enumerate((600, 0.8)):
            await office.owe(f"p{number}", f"push {number}", push=True, worth=timedelta(seconds=seconds))
        async with office.sending():
            await office.becomes("push 1", Status.EXPIRED)
        assert [key for _, key in office.channel.sent] == ["push 0"]


async def test_what_a_newer_message_made_stale_is_not_sent(migrated_url: str) -> None:
    async with post(migrated_url) as office:
        message = await office.owe("a", "old", push=True)
        now = utcnow()
        async with office.database.unit() as unit:
            # A sender that died had it on its way.
            await outbox.claim(unit, "telegram", now, now, 1, (0, 99))
            await outbox.supersede(unit, [message], 99, now)
        async with office.sending():
            await office.becomes("old", Status.RETRACTED)
        assert office.channel.sent == []


async def test_a_graceful_stop_settles_what_is_under_way_and_gives_back_the_rest(migrated_url: str) -> None:
    # At this pace the second has its turn in a quarter of an hour: a stop that waited for it would never end.
    async with post(migrated_url, per_second=0.001) as office:
        office.channel.held["p0"] = asyncio.Event()
        for number in range(4):
            await office.owe(f"p{number}", f"push {number}", push=True)
        async with office.sending():
            await until(lambda: office.channel.under_way == ["p0"])
        rows = [await office.row(f"push {number}") for number in range(4)]
        assert [row.status for row in rows] == [Status.SENT, Status.DUE, Status.DUE, Status.DUE]
        assert [to for to, _ in office.channel.sent] == ["p0"]


async def test_a_database_that_fails_while_settling_makes_nobody_hear_it_twice(sqlite_url: str) -> None:
    async with post(sqlite_url) as office, office.sending():
        failing = 3

        @event.listens_for(office.database.engine.sync_engine, "before_cursor_execute")
        def fail(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            nonlocal failing
            if failing and "settled_at" in statement and statement.startswith("UPDATE delivery SET"):
                failing -= 1
                raise OperationalError(statement, None, Exception("the disk is away"))

        await office.owe("a", "k")
        await office.becomes("k", Status.SENT)
        assert failing == 0
        assert office.channel.sent == [("a", "k")]


async def test_an_account_lease_that_ran_out_does_not_free_our_own_messages(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ACCOUNT_LEASE", timedelta(seconds=0.1))
    monkeypatch.setattr(sending, "RENEW_SECONDS", 0.3)
    async with post(sqlite_url) as office, office.sending():
        office.channel.held["a"] = asyncio.Event()
        await office.owe("a", "k")
        await until(lambda: office.channel.under_way == ["a"])
        await asyncio.sleep(1.0)  # the lease ends and is taken again meanwhile, thrice
        office.channel.held["a"].set()
        await office.becomes("k", Status.SENT)
        assert office.channel.sent == [("a", "k")]


async def test_only_one_of_two_senders_sends_and_the_other_takes_over(
    migrated_url: str,
) -> None:
    async with post(migrated_url) as office:
        async with office.sending():
            await office.owe("a", "k1")
            await office.becomes("k1", Status.SENT)
            async with office.database.reading() as unit:
                first = await leases.holder_of(unit, "send:telegram")
            async with office.sending():
                await office.owe("a", "k2")
                await office.becomes("k2", Status.SENT)
                async with office.database.reading() as unit:
                    assert await leases.holder_of(unit, "send:telegram") == first
        async with office.sending():
            await office.owe("a", "k3")
            await office.becomes("k3", Status.SENT)
        assert [key for _, key in office.channel.sent] == ["k1", "k2", "k3"]


async def test_a_long_text_is_split_and_the_last_part_has_the_buttons(sqlite_url: str) -> None:
    paragraphs = tuple(Words("error.fault") for _ in range(12))
    words = reply_to_json(Reply(paragraphs, (Button(Words("menu.places"), "go:places"),)))
    async with post(sqlite_url, text=300) as office, office.sending():
        await office.owe("a", "k", words=words)
        await office.becomes("k", Status.SENT)
        assert len(office.channel.messages) > 1
        assert all(len(one.text) <= 300 for one in office.channel.messages)
        assert [bool(one.buttons) for one in office.channel.messages][-2:] == [False, True]


async def test_more_buttons_than_the_channel_has_become_a_numbered_list(sqlite_url: str) -> None:
    buttons = tuple(Button(Words("menu.places"), f"go:{number}") for number in range(3))
    words = reply_to_json(Reply((Words("error.fault"),), buttons))
    async with post(sqlite_url, buttons=2) as office, office.sending():
        await office.owe("a", "k", words=words)
        await office.becomes("k", Status.SENT)
        (message,) = office.channel.messages
        assert message.buttons == ()
        assert [line[:3] for line in message.text.splitlines()[-3:]] == ["1. ", "2. ", "3. "]

"""The pace, on a clock that moves only when everyone waits."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Coroutine
from typing import Any

import pytest

from bot.pace import Pace


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.jumped = 0.0

    def time(self) -> float:
        return self.jumped

    def _run_once(self) -> None:
        timers: list[Any] = self._scheduled  # type: ignore[attr-defined]
        while timers and timers[0]._cancelled:
            timer = heapq.heappop(timers)
            timer._scheduled = False
            self._timer_cancelled_count -= 1  # type: ignore[attr-defined]
        if not self._ready and timers:  # type: ignore[attr-defined]
            self.jumped = max(self.jumped, timers[0]._when)
        super()._run_once()  # type: ignore[misc]


class Sent:
    """What passed the pace, and when."""

    def __init__(self, per_second: float, per_recipient: float = 0.0) -> None:
        self.pace = Pace(per_second, per_recipient, asyncio.get_running_loop().time)
        self.log: list[tuple[float, str]] = []

    async def send(self, recipient: str, words: str, push: bool, takes: float = 0.0) -> None:
        async with self.pace.turn(recipient, push):
            self.log.append((asyncio.get_running_loop().time(), words))
            await asyncio.sleep(takes)

    def at(self, words: str) -> float:
        return next(at for at, said in self.log if said == words)


def run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        runner.run(work)


@pytest.mark.parametrize("rate", [1, 30, 1000])
def test_pushes_use_the_rate_and_never_more(rate: int) -> None:
    async def walk() -> None:
        sent = Sent(rate)
        await asyncio.gather(*(sent.send(str(n), str(n), push=True) for n in range(rate * 5)))
        times = [at for at, _ in sent.log]
        assert times[-1] == pytest.approx(5.05, rel=0.02, abs=1.05 / rate)
        in_any_second = max(sum(start <= at < start + 1 for at in times) for start in times)
        assert in_any_second <= rate

    run(walk())


def test_replies_pass_at_once_and_pushes_make_room_for_them() -> None:
    async def walk() -> None:
        sent = Sent(10)
        pushes = [asyncio.create_task(sent.send(str(n), f"push {n}", push=True)) for n in range(20)]
        await asyncio.sleep(0.5)
        await asyncio.gather(*(sent.send(f"r{n}", f"reply {n}", push=False) for n in range(5)))
        assert sent.at("reply 4") == pytest.approx(0.5)
        await asyncio.gather(*pushes)
        assert sent.log[-1][0] == pytest.approx(24 / 9.9, abs=0.15)

    run(walk())


def test_a_reply_does_not_wait_behind_a_push_to_the_same_person() -> None:
    async def walk() -> None:
        sent = Sent(1)
        pushes = [asyncio.create_task(sent.send("a", f"push {n}", push=True)) for n in range(3)]
        await asyncio.sleep(0.1)
        sent.pace.told_to_wait("a", 60)
        await sent.send("a", "reply", push=False)
        assert sent.at("reply") == pytest.approx(0.1)
        await asyncio.gather(*pushes)
        assert [words for _, words in sent.log if words != "reply"] == ["push 0", "push 1", "push 2"]
        assert sent.at("push 1") >= 1

    run(walk())


def test_two_messages_to_one_person_are_never_under_way_together() -> None:
    async def walk() -> None:
        sent = Sent(1000)
        slow = asyncio.create_task(sent.send("a", "first", push=False, takes=2.0))
        await asyncio.sleep(0)
        await asyncio.gather(sent.send("a", "second", push=False), sent.send("b", "other", push=False))
        await slow
        assert sent.at("other") == 0.0
        assert sent.at("second") == pytest.approx(2.0)

    run(walk())


def test_one_person_gets_a_push_a_second() -> None:
    async def walk() -> None:
        sent = Sent(1000, per_recipient=1.0)
        await asyncio.gather(*(sent.send("a", str(n), push=True) for n in range(4)))
        assert [words for _, words in sent.log] == ["0", "1", "2", "3"]
        assert sent.log[-1][0] == pytest.approx(3.0, abs=0.01)

    run(walk())


def test_one_person_told_to_wait_does_not_stop_the_account() -> None:
    async def walk() -> None:
        sent = Sent(1000, per_recipient=1.0)
        sent.pace.told_to_wait("a", 30)
        await asyncio.gather(sent.send("a", "a", push=True), sent.send("b", "b", push=True))
        assert sent.at("b") < 0.1
        assert sent.at("a") == pytest.approx(30, abs=0.1)

    run(walk())


def test_two_people_told_to_wait_pause_the_account_for_exactly_that_long() -> None:
    async def walk() -> None:
        sent = Sent(1000)
        sent.pace.told_to_wait("a", 7)
        sent.pace.told_to_wait("b", 7)
        assert sent.pace.paused_for == pytest.approx(7)
        await asyncio.gather(sent.send("c", "push", push=True), sent.send("d", "reply", push=False))
        assert sent.at("reply") == pytest.approx(7)
        assert sent.at("push") == pytest.approx(7, abs=0.01)

    run(walk())


def test_who_gives_up_waiting_holds_up_nobody() -> None:
    async def walk() -> None:
        sent = Sent(1)
        tasks = [asyncio.create_task(sent.send("a", str(n), push=True)) for n in range(4)]
        await asyncio.sleep(0.5)
        for task in tasks[1:3]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [words for _, words in sent.log] == ["0", "3"]
        assert sent.at("3") == pytest.approx(1.01, abs=0.02)

    run(walk())


def test_an_opened_pace_lets_everyone_pass() -> None:
    async def walk() -> None:
        sent = Sent(1, per_recipient=60.0)
        tasks = [asyncio.create_task(sent.send("a", str(n), push=True)) for n in range(4)]
        await asyncio.sleep(0.5)
        sent.pace.open()
        await asyncio.gather(*tasks)
        assert sent.log[-1][0] == pytest.approx(0.5)

    run(walk())

"""A server that fails, dawdles or talks nonsense costs one short wait at most, and then none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot import doctor
from bot.assistant import A_MINUTE, AT_ONCE, FAILURES, LONGEST_ANSWER, PAUSE, AssistantServer, Budget
from bot.settings import Settings
from handlers.assistant import Unavailable
from handlers.rules.articles import BUILT_IN, read_shelf
from tests.assistant_stub import Stub, stubbed

ASKED = [{"role": "user", "content": "?"}]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with stubbed() as stub:
        yield stub


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(stub: Stub, clock: Clock) -> AsyncIterator[AssistantServer]:
    server = AssistantServer(stub.url, "small", "secret", clock=clock)
    yield server
    await server.close()


async def why(server: AssistantServer) -> str:
    """Why it cannot be asked, or what it said."""
    try:
        said = await server.complete(ASKED)
    except Unavailable as error:
        return error.why
    server.judged(useful=True)
    return said


async def test_it_is_asked_with_model_and_key_and_the_text_of_its_answer_is_given(
    stub: Stub, server: AssistantServer
) -> None:
    stub.chooses("pay-where")
    assert json.loads(await server.complete(ASKED)) == {"article": "pay-where", "answer": None}
    (call,) = stub.calls
    assert (call["model"], call["messages"], call["temperature"]) == ("small", ASKED, 0)
    assert stub.keys == ["Bearer secret"]


async def test_whatever_it_does_instead_of_answering_is_told_as_one_thing(
    stub: Stub, server: AssistantServer
) -> None:
    for body in (
        "not JSON",
        "[]",
        "{}",
        '{"choices": []}',
        '{"choices": [{"message": {"content": null}}]}',
        "[" * 20_000,
        json.dumps({"choices": [{"message": {"content": "x" * LONGEST_ANSWER}}]}),
    ):
        stub.returns(body)
        assert await why(server) == "down", body[:40]
        server.judged(useful=True)
    stub.fails(500)
    assert await why(server) == "down"
    server.judged(useful=True)
    # A redirect could lead what was asked elsewhere.
    stub.fails(307)
    before = len(stub.calls)
    assert await why(server) == "down"
    assert len(stub.calls) == before + 1


async def test_a_server_that_is_not_there_is_told_as_well(stub: Stub) -> None:
    server = AssistantServer("http://127.0.0.1:1", "small")
    assert await why(server) == "down"
    await server.close()


async def test_a_slow_one_is_left_before_it_answers(stub: Stub, clock: Clock) -> None:
    server = AssistantServer(stub.url, "small", clock=clock, patience=0.05)
    stub.hangs()
    assert [await why(server) for _ in range(FAILURES)] == ["slow"] * FAILURES
    assert await why(server) == "paused"
    assert len(stub.calls) == FAILURES
    await server.close()


async def test_after_failures_in_a_row_it_is_left_alone_then_tried_once(
    stub: Stub, server: AssistantServer, clock: Clock
) -> None:
    stub.fails()
    for _ in range(FAILURES):
        assert await why(server) == "down"
    assert [await why(server) for _ in range(5)] == ["paused"] * 5
    assert len(stub.calls) == FAILURES

    clock.now += PAUSE
    assert [await why(server), await why(server)] == ["down", "paused"]
    clock.now += PAUSE
    stub.chooses(None)
    tried = await why(server)
    assert json.loads(tried) == {"article": None, "answer": None}
    assert await why(server) == tried
    # Answers of no use are failures as well.
    for _ in range(FAILURES):
        await server.complete(ASKED)
        server.judged(useful=False)
    assert await why(server) == "paused"


async def test_it_is_asked_so_often_in_a_minute_and_in_a_day_and_no_more(
    stub: Stub, server: AssistantServer, clock: Clock
) -> None:
    stub.chooses(None)
    assert "spent" not in [await why(server) for _ in range(A_MINUTE)]
    assert await why(server) == "spent"
    assert len(stub.calls) == A_MINUTE
    clock.now += 60
    assert await why(server) != "spent"

    budget = Budget(clock, a_minute=2, a_day=3)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    clock.now += 60
    assert [budget.take(), budget.take()] == [True, False]
    clock.now += 86_400 - 60
    assert budget.take()


async def test_no_more_than_a_few_wait_for_it_at_once(stub: Stub, server: AssistantServer) -> None:
    stub.hangs()
    waiting = [asyncio.create_task(server.complete(ASKED)) for _ in range(AT_ONCE)]
    await stub.hanging.wait()
    assert await why(server) == "busy"
    for task in waiting:
        task.cancel()
    for task in waiting:
        with suppress(asyncio.CancelledError):
            await task
    stub.chooses(None)
    assert await why(server) != "busy"


async def test_the_doctor_asks_it_an_easy_question(stub: Stub, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, assistant_url=stub.url, assistant_model="small", _env_file=None)
    right = next(iter(read_shelf((BUILT_IN,)).articles))

    async def found() -> tuple[str, str]:
        (finding,) = [one for one in await doctor.examine(settings) if one.what == "assistant"]
        return finding.state, finding.detail

    stub.chooses(right)
    assert await found() == ("ok", f"small at {stub.url} chose the right article")
    stub.chooses(None)
    assert (await found())[1].endswith("did not choose the right article")
    stub.says = "Dạ, mục 1"
    assert await found() == ("wrong", "small answers with no JSON: try another model")
    stub.fails()
    state, detail = await found()
    assert (state, "is down" in detail) == ("wrong", True)

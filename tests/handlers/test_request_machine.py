"""Whatever is done with a request, and whenever: its history is whole, and its promise only ever moves later."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from handlers import request_keeping
from handlers.request_keeping import NotAllowed, may_open_again
from handlers.rules import progress
from handlers.rules.progress import DONE, ENDS, PAPERS_MISSING, REOPENED
from store.db import Unit
from store.requests import Request, RequestMove

STATES = sorted({*progress.process_of("home_connection").moves, "nowhere"})


class Drawer:
    """Keeps rows in memory, as far as keeping requests needs a session."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def add(self, row: Any) -> None:
        if row not in self.rows:
            self.rows.append(row)

    async def exec(self, _query: Any) -> Any:
        """Nothing was escalated."""
        return SimpleNamespace(all=list)

    async def flush(self) -> None:
        for number, row in enumerate(self.rows, 1):
            row.id = row.id or number


def run(deed: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(deed)


class Kept(RuleBasedStateMachine):
    """One request, moved at random over some months."""

    def __init__(self) -> None:
        super().__init__()
        self.drawer = Drawer()
        self.unit = cast("Unit", type("InMemory", (), {"session": self.drawer}))
        self.now = datetime(2026, 1, 5, tzinfo=UTC)

    @initialize(service=st.sampled_from(["home_connection", "unhandled", "gone"]), minutes=st.integers(0, 20_000))
    def received(self, service: str, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        at = self.now
        self.request = Request(
            code="HS-000001-K",
            contact_id=1,
            service=service,
            state="",
            received_at=at,
            promised_by=at,
            due_since=at,
            last_move_at=at,
        )
        run(request_keeping.begin(self.unit, self.request, "customer", at))
        self.promised = self.request.promised_by

    @rule(minutes=st.integers(1, 5_000))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(to=st.sampled_from(STATES))
    def tries(self, to: str) -> None:
        before, moves = self.request.state, len(self.moves)
        allowed = progress.allowed(progress.process_of(self.request.service), before)
        if to in allowed:
            run(request_keeping.go(self.unit, self.request, to, "chị Tư", self.now))
            return
        with pytest.raises(NotAllowed) as refused:
            run(request_keeping.go(self.unit, self.request, to, "chị Tư", self.now))
        assert refused.value.allowed == allowed
        assert (self.request.state, len(self.moves)) == (before, moves)

    @rule(data=st.data())
    def moves_on(self, data: st.DataObject) -> None:
        allowed = progress.allowed(progress.process_of(self.request.service), self.request.state)
        self.tries(data.draw(st.sampled_from(allowed)))

    @property
    def moves(self) -> list[RequestMove]:
        return [row for row in self.drawer.rows if isinstance(row, RequestMove)]

    @invariant()
    def the_history_is_one_chain_that_ends_where_it_is(self) -> None:
        moves = self.moves
        assert moves[0].from_state == ""
        assert [one.from_state for one in moves[1:]] == [one.to_state for one in moves[:-1]]
        assert moves[-1].to_state == self.request.state
        assert [one.at for one in moves] == sorted(one.at for one in moves)
        assert self.request.last_move_at == moves[-1].at
        assert self.request.reopened == sum(one.to_state == REOPENED for one in moves)

    @invariant()
    def it_has_its_number_and_its_promise_never_moves_earlier(self) -> None:
        assert self.request.code == "HS-000001-K"
        assert self.request.promised_by >= self.promised
        self.promised = self.request.promised_by

    @invariant()
    def it_is_watched_exactly_while_its_clock_runs(self) -> None:
        request = self.request
        assert (request.ended_at is not None) == (request.state in ENDS)
        assert (request.stopped_at is not None) == (request.state == PAPERS_MISSING)
        runs = request.ended_at is None and request.stopped_at is None
        assert (request.look_at is not None) == runs
        assert (request.survey_due_at is not None) == (request.state == DONE)
        assert not may_open_again(request, self.now) or request.state in ENDS
        steps = progress.steps_seen(
            progress.process_of(request.service), [(one.to_state, one.at) for one in self.moves]
        )
        assert (steps[-1].mark == "done") == (request.state == DONE)


Kept.TestCase.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
TestKept = Kept.TestCase

"""An OpenAI-compatible server: asked briefly, seldom, and not at all while it fails."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp
import structlog

from handlers.assistant import Unavailable

log = structlog.get_logger(__name__)

# Seconds: nobody waits longer for an answer that they would have had at once.
PATIENCE = 2.0
# Calls under way at once, in a minute and in a day; beyond that the question is answered as without it.
AT_ONCE, A_MINUTE, A_DAY = 4, 30, 5_000
# After so many failures in a row the server is left alone for some seconds, then tried with one call.
FAILURES, PAUSE = 3, 60.0
# In bytes; more is no answer to what was asked.
LONGEST_ANSWER = 64 * 1024
MOST_TOKENS = 400


class Budget:
    """How many calls are still free: within a minute and within a day, by a clock in seconds."""

    def __init__(self, clock: Callable[[], float], a_minute: int = A_MINUTE, a_day: int = A_DAY) -> None:
        self._clock = clock
        self._limits = ((60.0, a_minute), (86_400.0, a_day))
        self._calls: deque[float] = deque()

    def take(self) -> bool:
        """Take one call, if there is one."""
        now = self._clock()
        while self._calls and now - self._calls[0] >= self._limits[-1][0]:
            self._calls.popleft()
        for span, most in self._limits:
            # The call `most` before this one lies within the span: it is used up.
            if len(self._calls) >= most and now - self._calls[-most] < span:
                return False
        self._calls.append(now)
        return True


class Breaker:
    """Opens after failures in a row; after a pause it lets one call through, and closes when that succeeds."""

    def __init__(self, clock: Callable[[], float], failures: int = FAILURES, pause: float = PAUSE) -> None:
        self._clock = clock
        self._most, self._pause = failures, pause
        self._failed = 0
        self._open_until = 0.0

    def lets_through(self) -> bool:
        """Whether to call now; the call that is let through after a pause keeps others out until it ends."""
        if self._failed < self._most:
            return True
        if self._clock() < self._open_until:
            return False
        self._open_until = self._clock() + self._pause
        return True

    def failed(self) -> None:
        self._failed += 1
        if self._failed >= self._most:
            self._open_until = self._clock() + self._pause
            log.warning("assistant_paused", failures=self._failed, seconds=self._pause)

    def succeeded(self) -> None:
        self._failed = 0


class AssistantServer:
    """`POST {url}/v1/chat/completions`; no redirect is followed, and no proxy of the environment is used."""

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        *,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        budget: Budget | None = None,
    ) -> None:
        self._url = f"{url}/v1/chat/completions"
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._patience = patience
        self._budget = budget or Budget(clock)
        self._breaker = Breaker(clock)
        self._under_way = 0
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The text of the first choice. Raises Unavailable."""
        if self._under_way >= AT_ONCE:
            raise Unavailable("busy")
        if not self._breaker.lets_through():
            raise Unavailable("paused")
        if not self._budget.take():
            raise Unavailable("spent")
        self._under_way += 1
        try:
            async with asyncio.timeout(self._patience):
                content = await self._ask(messages)
        except TimeoutError:
            self._breaker.failed()
            raise Unavailable("slow") from None
        except (aiohttp.ClientError, OSError, ValueError, RecursionError) as error:
            self._breaker.failed()
            # Its words are not logged: they may repeat what was asked.
            log.warning("assistant_unavailable", error=_told(error))
            raise Unavailable("down") from None
        finally:
            self._under_way -= 1
        return content

    def judged(self, useful: bool) -> None:
        """Whether what it said was an answer to what was asked: one of no use counts as a failure."""
        if useful:
            self._breaker.succeeded()
        else:
            self._breaker.failed()

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, messages: Sequence[Mapping[str, str]]) -> str:
        body = {
            "model": self._model,
            "messages": list(messages),
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
            "response_format": {"type": "json_object"},
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers)
        async with self._session.post(self._url, json=body, allow_redirects=False) as answer:
            if answer.status != 200:
                raise ValueError(f"HTTP {answer.status}")
            data = bytearray()
            async for piece in answer.content.iter_any():
                data += piece
                if len(data) > LONGEST_ANSWER:
                    raise ValueError("too long an answer")
        return _content(json.loads(data))


def _content(answer: Any) -> str:
    match answer:
        case {"choices": [{"message": {"content": str(content)}}, *_]}:
            return content
    raise ValueError("no choice with a content")


def _told(error: Exception) -> str:
    return str(error)[:80] if isinstance(error, ValueError) and "HTTP" in str(error) else type(error).__name__

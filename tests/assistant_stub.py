"""A small OpenAI-compatible server that answers as it is told to, also badly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answer = Callable[[], Awaitable[web.StreamResponse]]


class Stub:
    """`says` is the content of the next answers, unless `answer` makes another; `calls` are the bodies posted."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.says: str = "{}"
        self.answer: Answer | None = None
        self.url = ""
        self.hanging = asyncio.Event()

    def chooses(self, article: str | None, answer: str | None = None) -> None:
        self.says, self.answer = json.dumps({"article": article, "answer": answer}), None

    def fails(self, status: int = 500) -> None:
        async def answer() -> web.Response:
            return web.Response(status=status, text="out of order", headers={"Location": "/v1/chat/completions"})

        self.answer = answer

    def returns(self, body: str) -> None:
        """This instead of an answer in the usual shape."""

        async def answer() -> web.Response:
            return web.Response(text=body, content_type="application/json")

        self.answer = answer

    def hangs(self) -> None:
        """Nothing, until the caller has gone."""

        async def answer() -> web.Response:
            self.hanging.set()
            await asyncio.Event().wait()
            raise AssertionError

        self.answer = answer

    def does(self, deed: Callable[[], Awaitable[None]]) -> None:
        """Something else before the usual answer."""

        async def answer() -> web.Response:
            await deed()
            return self._usual()

        self.answer = answer

    def question(self) -> str:
        """What the last call asked."""
        asked = json.loads(self.calls[-1]["messages"][1]["content"])
        return str(asked["question"])

    def offered(self) -> list[str]:
        """The ids that the last call offered."""
        asked = json.loads(self.calls[-1]["messages"][1]["content"])
        return [one["id"] for one in asked["articles"]]

    def _usual(self) -> web.Response:
        return web.json_response({"choices": [{"message": {"role": "assistant", "content": self.says}}]})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(await request.json())
        self.keys.append(request.headers.get("Authorization"))
        return await self.answer() if self.answer else self._usual()


@asynccontextmanager
async def stubbed() -> AsyncIterator[Stub]:
    """The stub, listening on a free port."""
    stub = Stub()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", stub._post)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield stub
    await runner.cleanup()

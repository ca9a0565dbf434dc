"""A Bot API that answers every call at once, too fast to be what a benchmark measures."""

import asyncio
import contextlib
import itertools
import re
import sys
from collections.abc import Callable
from typing import TypeAlias, cast

import uvloop

Hear: TypeAlias = Callable[[bytes], None]

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
# JSON, a form and multipart name the chat in different ways; its number follows a few characters later.
_CHAT = re.compile(rb"chat_id[^0-9-]{1,80}(-?\d+)")
_MESSAGE = (
    b'{"ok":true,"result":{"message_id":%d,"date":1764000000,"text":"ok",'
    b'"chat":{"id":%s,"type":"private","first_name":"An"},'
    b'"from":{"id":42,"is_bot":true,"first_name":"Bot","username":"benchmark_bot"}}}'
)
_ME = b'{"ok":true,"result":{"id":42,"is_bot":true,"first_name":"Bot","username":"benchmark_bot"}}'
_TRUE = b'{"ok":true,"result":true}'
_ids = itertools.count(1)


class FakeBotApi(asyncio.Protocol):
    """One connection; `hear` is told the chat of each message that arrives."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # That of uvloop is no subclass of it.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head = self._waiting[:end]
            length = _LENGTH.search(head)
            upto = end + 4 + (int(length[1]) if length else 0)
            if len(self._waiting) < upto:
                return
            body, self._waiting = self._waiting[end + 4 : upto], self._waiting[upto:]
            answer = self._answer(head.split(b" ", 2)[1], body)
            self._transport.write(_HEAD % len(answer) + answer)

    def _answer(self, path: bytes, body: bytes) -> bytes:
        if path.endswith(b"getMe"):
            return _ME
        chat = _CHAT.search(body)
        if chat is None:
            return _TRUE
        self._hear(chat[1])
        return _MESSAGE % (next(_ids), chat[1])


async def listen(hear: Hear, port: int = 0) -> asyncio.Server:
    """Serve on 127.0.0.1; 0 picks a free port."""
    return await asyncio.get_running_loop().create_server(lambda: FakeBotApi(hear), "127.0.0.1", port)


async def _serve() -> None:
    server = await listen(lambda _: None)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    # Standard input ends when whoever started this does.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_serve())

"""python-telegram-bot's requests over aiohttp, and its Bot with a way past the objects it builds."""

import os
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import orjson
from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    FormData,
    TCPConnector,
)
from telegram import Bot
from telegram._utils.defaultvalue import DefaultValue
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

# Durations as timedelta, as the library's next major version has them; without it every 429 is a warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")

# Of a file that is downloaded, in bytes.
_PIECE = 64 * 1024
_JSON = {"Content-Type": "application/json"}

Seconds: TypeAlias = DefaultValue[float] | DefaultValue[None] | float | None
_DEFAULT = BaseRequest.DEFAULT_NONE


class AiohttpRequest(BaseRequest):
    """Stands in for the library's httpx transport, which is ten times slower with a hundred calls under way.

    connections: how many may be open, so also how many calls are under way; more wait for `pool` seconds.
    read, write, connect, pool: seconds, each the default for what a caller leaves out; None waits for ever.
    media: seconds to move a file, up or down. aiohttp cannot time writing alone, so the four are also added
    up to a limit for the whole call, which a server that trickles cannot stretch.
    """

    def __init__(
        self,
        connections: int = 200,
        *,
        read: float | None = 10.0,
        write: float | None = 10.0,
        connect: float | None = 5.0,
        pool: float | None = 5.0,
        media: float | None = 30.0,
    ) -> None:
        self._connections = connections
        self._read, self._write, self._connect, self._pool, self._media = read, write, connect, pool, media
        self._session: ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return self._read

    async def initialize(self) -> None:
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=self._connections),
                cookie_jar=DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Seconds = _DEFAULT,
        write_timeout: Seconds = _DEFAULT,
        connect_timeout: Seconds = _DEFAULT,
        pool_timeout: Seconds = _DEFAULT,
    ) -> tuple[int, bytes]:
        """One HTTP call: its status and body. Raises TimedOut, NetworkError."""
        if self._session is None:
            raise NetworkError("the transport is not initialised or already shut down")
        body, headers = _encode(request_data)
        moves_file = method == "GET" or isinstance(body, FormData)
        timeout = _timeout(
            read=_given(read_timeout, self._read),
            write=_given(write_timeout, self._media if moves_file else self._write),
            connect=_given(connect_timeout, self._connect),
            pool=_given(pool_timeout, self._pool),
        )
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status, await response.read()
        except ConnectionTimeoutError as error:
            raise TimedOut("no connection in time; nothing was sent") from error
        except TimeoutError as error:
            raise TimedOut from error
        except (ClientError, OSError) as error:
            raise NetworkError(_describe(error)) from error

    async def stream(self, url: str) -> AsyncIterator[bytes]:
        """A file, in pieces as they come. Raises TimedOut, NetworkError."""
        if self._session is None:
            raise NetworkError("the transport is not initialised or already shut down")
        timeout = _timeout(read=self._read, write=self._media, connect=self._connect, pool=self._pool)
        try:
            async with self._session.get(url, timeout=timeout, allow_redirects=False) as response:
                if response.status != 200:
                    raise NetworkError(f"the file's address answers with {response.status}")
                async for piece in response.content.iter_chunked(_PIECE):
                    yield piece
        except TimeoutError as error:
            raise TimedOut from error
        except (ClientError, OSError) as error:
            raise NetworkError(_describe(error)) from error

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer's envelope. Raises TelegramError when it is none, as from a proxy on the way."""
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise TelegramError("Invalid server response") from error
        if not isinstance(answer, dict) or not answer.keys() & {"result", "description"}:
            raise TelegramError("Invalid server response")
        return answer


class LeanBot(Bot):
    """The library's Bot, able to return a method's plain result: a Message object costs as much as the call."""

    async def call(self, method: str, parameters: dict[str, Any], *, read_timeout: float | None = None) -> Any:
        """Call `method` (as the Bot API spells it), through the library's request and with its errors.

        read_timeout: seconds; None for the transport's own. Raises TelegramError.
        """
        return await self._post(
            method, parameters, read_timeout=_DEFAULT if read_timeout is None else read_timeout
        )


def _describe(error: Exception) -> str:
    """What went wrong, without the URL that some errors quote: the token is in it, and this text is kept."""
    return f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__


def _encode(data: RequestData | None) -> tuple[bytes | FormData | None, dict[str, str] | None]:
    if data is None:
        return None, None
    if not data.contains_files:
        return orjson.dumps(data.parameters), _JSON
    form = FormData(data.json_parameters)
    for name, (filename, content, content_type) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=content_type)
    return form, None


def _given(seconds: Seconds, default: float | None) -> float | None:
    return default if isinstance(seconds, DefaultValue) else seconds


def _timeout(read: float | None, write: float | None, connect: float | None, pool: float | None) -> ClientTimeout:
    # aiohttp counts waiting for a free connection and opening one together.
    opening = None if connect is None or pool is None else connect + pool
    total = None if opening is None or read is None or write is None else opening + read + write
    return ClientTimeout(total=total, connect=opening, sock_connect=connect, sock_read=read)

"""The transport under python-telegram-bot: its bodies, its time-outs and what becomes of errors."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import NetworkError, TimedOut

from bot.channels.telegram_transport import AiohttpRequest
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram.files import grey_picture
from tests.journeys.service import until

LAN = 5001
OK = {"ok": True, "result": True}


class Server:
    """Answers every call when it `may_answer` and `pause` seconds later, `slowly` also pausing inside the body."""

    def __init__(self) -> None:
        self.pause = 0.0
        self.slowly = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.posted: list[tuple[str, bytes]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.posted.append((request.content_type, await request.read()))
        await self.may_answer.wait()
        await asyncio.sleep(self.pause)
        response = web.StreamResponse()
        await response.prepare(request)
        for letter in orjson.dumps(OK):
            await response.write(bytes([letter]))
            await asyncio.sleep(0.05 if self.slowly else 0)
        return response


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_post("/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


async def test_the_librarys_own_bot_works_with_it() -> None:
    async with TelegramEmulator.running() as telegram:
        await telegram.text(LAN, "xin chào")
        bot = Bot(
            telegram.token,
            telegram.base_url,
            telegram.base_file_url,
            request=AiohttpRequest(),
            get_updates_request=AiohttpRequest(1),
        )
        async with bot:
            [update] = await bot.get_updates()
            sent = await bot.send_photo(LAN, grey_picture(), caption="Bản đồ")
            file = await bot.get_file(sent.photo[-1].file_id)
            assert bytes(await file.download_as_bytearray()) == grey_picture()
            assert (update.message and update.message.text, sent.caption) == ("xin chào", "Bản đồ")


async def test_calls_without_files_are_json(server: Server) -> None:
    async with AiohttpRequest() as request:
        bot = Bot("1:a", f"{server.url}/bot", request=request, get_updates_request=request)
        await bot.set_my_commands([("menu", "Chọn việc")], language_code="vi")
    [(content_type, body)] = server.posted
    commands = [{"command": "menu", "description": "Chọn việc"}]
    assert (content_type, orjson.loads(body)) == (
        "application/json",
        {"commands": commands, "language_code": "vi"},
    )


async def test_the_time_out_of_a_call_outranks_the_default(server: Server) -> None:
    server.pause = 0.2
    async with AiohttpRequest(read=0.05) as request:
        with pytest.raises(TimedOut):
            await request.post(server.url)
        assert await request.post(server.url, read_timeout=5) is True
        assert await request.post(server.url, read_timeout=None) is True
        assert request.read_timeout == 0.05


async def test_a_server_that_trickles_cannot_hold_a_call_for_ever(server: Server) -> None:
    server.slowly = True
    async with AiohttpRequest(read=0.15, write=0.05, connect=0.05, pool=0.05) as request:
        with pytest.raises(TimedOut):
            await request.post(server.url)


async def test_no_more_connections_are_open_than_allowed(server: Server) -> None:
    server.may_answer.clear()
    async with AiohttpRequest(1, connect=0.1, pool=0.1, read=30) as request:
        first = asyncio.create_task(request.post(server.url))
        await until(lambda: bool(server.posted))
        with pytest.raises(TimedOut, match="nothing was sent"):
            await request.post(server.url)
        server.may_answer.set()
        assert await first is True
    assert len(server.posted) == 1


async def test_a_refused_connection_is_a_network_error() -> None:
    async with AiohttpRequest() as request:
        with pytest.raises(NetworkError, match="ClientConnectorError"):
            await request.post("http://127.0.0.1:1/")


async def test_no_error_tells_the_token() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"no http at all\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as babbler, AiohttpRequest() as request:
        port = babbler.sockets[0].getsockname()[1]
        for url in (f"http://127.0.0.1:{port}/bot1:geheim/getMe", "http://127.0.0.1:123456/bot1:geheim/getMe"):
            with pytest.raises(NetworkError) as caught:
                await request.post(url)
            assert "geheim" not in str(caught.value)


async def test_it_can_be_opened_again_and_closed_twice(server: Server) -> None:
    request = AiohttpRequest()
    with pytest.raises(NetworkError, match="not initialised"):
        await request.post(server.url)
    for _ in range(2):
        await request.initialize()
        await request.initialize()
        assert await request.post(server.url) is True
        await request.shutdown()
        await request.shutdown()

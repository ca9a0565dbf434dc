"""The emulator as one object: started on a loopback port, steered by its methods, gone when its block ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.emulators.telegram.app import make_app
from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.control import Controls
from tests.emulators.telegram.delivery import Delivery
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.state import TOKEN, World

WEBHOOK_PATIENCE = 60.0


class TelegramEmulator(Controls):
    """`async with TelegramEmulator.running() as emulator`; its methods are the control calls, see control.py."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        speed: float = 1.0,
        known_chats_only: bool = True,
        webhook_patience: float = WEBHOOK_PATIENCE,
    ) -> None:
        clock = Clock(speed)
        world = World(clock, token=token, known_chats_only=known_chats_only)
        super().__init__(world, Delivery(world.updates, clock, webhook_patience))
        self.url = ""

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def base_url(self) -> str:
        """For `telegram.Bot(base_url=…)`."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        """For `telegram.Bot(base_file_url=…)`."""
        return f"{self.url}/file/bot"

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = TOKEN,
        speed: float = 1.0,
        known_chats_only: bool = True,
        webhook_patience: float = WEBHOOK_PATIENCE,
    ) -> AsyncIterator["TelegramEmulator"]:
        """Serve until the block ends.

        `speed`: server seconds per real second, for retries and expiries. `webhook_patience`: real seconds that a
        webhook may take to answer.
        """
        emulator = cls(
            token=token, speed=speed, known_chats_only=known_chats_only, webhook_patience=webhook_patience
        )
        runner = web.AppRunner(make_app(emulator), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            emulator.url = f"http://{host}:{runner.addresses[0][1]}"
            yield emulator
        finally:
            await emulator.delivery.stop()
            await runner.cleanup()

    async def shown(self, chat: int, words: str, *, within: float = 30.0) -> Json:
        """Wait for a message of the bot with these words in the chat; returns it as `chat()` lists it.

        Errors: TimeoutError, telling what the chat shows instead.
        """
        deadline = asyncio.get_running_loop().time() + within
        while True:
            messages = self.chat(chat)["messages"] if chat in self.world.chats else []
            for message in reversed(messages):
                if message["from"] == "bot" and words in message["text"]:
                    found: Json = message
                    return found
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"no {words!r} in {[message['text'] for message in messages]}")
            await asyncio.sleep(0.01)

"""Pushing updates to the bot's URL, with the order, the retries and the patience of the real server."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import orjson

from tests.emulators.telegram.call import Call, read_call
from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.errors import ApiError
from tests.emulators.telegram.updates import Key, Update, Updates

LONGEST_PAUSE = 3600.0
GONE_SECONDS = 23 * 3600.0
_NOT_IN_AN_ANSWER = {"setwebhook", "deletewebhook", "close", "logout"}

Execute = Callable[[Call], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    url: str
    secret_token: str = ""
    max_connections: int = 40
    has_certificate: bool = False


@dataclass(slots=True)
class LastError:
    at: int
    message: str


class Webhook:
    """One running webhook: each queue key delivers its head and waits, up to `max_connections` at once."""

    def __init__(
        self, settings: WebhookSettings, updates: Updates, clock: Clock, execute: Execute, patience: float
    ) -> None:
        self.settings = settings
        self.last_error: LastError | None = None
        self.on_gone: Callable[[], None] = lambda: None
        self._updates = updates
        self._clock = clock
        self._execute = execute
        self._waiting: deque[Update] = deque(updates.pending)
        self._queues: dict[Key, deque[Update]] = {}
        self._loaded = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(settings.max_connections)
        self._gone_since: float | None = None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=settings.max_connections),
            timeout=aiohttp.ClientTimeout(total=patience),
            skip_auto_headers=("User-Agent", "Accept"),
        )
        self._load()

    def offer(self, update: Update) -> None:
        """A new update waits to be pushed."""
        self._waiting.append(update)
        self._load()

    async def stop(self) -> None:
        """Stop pushing; what was not delivered stays pending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def _load(self) -> None:
        """Take up to twice `max_connections` updates in hand, whatever their queue, as the real server."""
        while self._waiting and self._loaded < 2 * self.settings.max_connections:
            update = self._waiting.popleft()
            self._loaded += 1
            queue = self._queues.get(update.key)
            if queue is not None:
                queue.append(update)
                continue
            self._queues[update.key] = deque([update])
            task = asyncio.create_task(self._drain(update.key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self, key: Key) -> None:
        queue = self._queues[key]
        while queue:
            delivered = await self._deliver(queue[0])
            self._updates.settle(queue.popleft(), "delivered" if delivered else "dropped")
            self._loaded -= 1
            if not queue:
                del self._queues[key]
            self._load()

    async def _deliver(self, update: Update) -> bool:
        """Try until it is taken (True) or the next try would come after its expiry (False)."""
        pause = 0.0
        longest = random.uniform(60.0, 120.0)
        while update.state == "pending" and self._clock.now() < update.expires_at:
            update.attempts += 1
            async with self._slots:
                delivered, asked = await self._attempt(update)
            if delivered:
                return True
            wait = pause if asked is None else asked
            if self._clock.now() + wait >= update.expires_at:
                break
            await self._clock.sleep(wait)
            pause = min(pause * 2 if pause else 2.0, longest)
        return False

    async def _attempt(self, update: Update) -> tuple[bool, float | None]:
        """Whether it was taken, and the pause that the bot asked for otherwise."""
        headers = {"Content-Type": "application/json"}
        if self.settings.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.settings.secret_token
        try:
            async with self._session.post(
                self.settings.url, data=orjson.dumps(update.body), headers=headers, allow_redirects=False
            ) as response:
                if 200 <= response.status < 300:
                    self._gone_since = None
                    await self._answer_in_webhook(response)
                    return True, None
                self._note(f"Wrong response from the webhook: {response.status} {response.reason}")
                self._count_gone(response.status)
                return False, _asked_pause(response.headers.get("Retry-After"))
        except TimeoutError:
            self._note("Read timeout expired")
        except aiohttp.ClientConnectorError:
            self._note("Connection refused")
        except aiohttp.ClientError:
            self._note("Connection closed")
        return False, None

    async def _answer_in_webhook(self, response: aiohttp.ClientResponse) -> None:
        """Run the call that the answer holds; its result and its errors reach nobody."""
        try:
            call = await read_call("", {}, response.headers, response.content)
        except ApiError:
            return
        if call.method and not call.method.startswith("get") and call.method not in _NOT_IN_AN_ANSWER:
            await self._execute(call)

    def _note(self, message: str) -> None:
        self.last_error = LastError(int(time.time()), message)

    def _count_gone(self, status: int) -> None:
        """410 for more than 23 hours is the one answer that removes a webhook."""
        if status != 410:
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = self._clock.now()
        elif self._clock.now() - self._gone_since > GONE_SECONDS:
            self.on_gone()


def _asked_pause(header: str | None) -> float | None:
    if header is None or not header.strip().isdigit():
        return None
    return min(float(header), LONGEST_PAUSE)

"""The composition root: the only file that builds the parts and joins them into a running service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal

import structlog
from aiohttp import web

from bot import metrics
from bot.assistant import AssistantServer
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_polling import TelegramPolling
from bot.channels.web_chat import WebChatChannel
from bot.holder import Holder
from bot.receiver import Receiver
from bot.scheduler import Scheduler
from bot.sender import Sender, utcnow
from bot.settings import Settings
from bot.spreading import Spreading
from bot.web.chat import Chat
from bot.web.desk_socket import DeskSocket
from bot.web.feeds import Feeds
from bot.web.hub import Hub
from bot.web.my_data import MyDataRoutes
from bot.web.server import WebServices, create_app
from bot.web.webhooks import TelegramWebhook
from conversations.model import LANGUAGES, Words
from conversations.texts import Speaker
from handlers.alert_files import Publisher
from handlers.assistant import Assistant
from handlers.knowledge_base import KnowledgeBase
from handlers.links import Links
from handlers.photos import Intake, Source
from handlers.ports import Channel, Incoming
from handlers.talking import Talking, talking
from handlers.tariff_shelf import TariffShelf
from handlers.vault import Vault, check_keys
from store.db import Database
from store.sealing import Sealer
from store.vault_files import VaultFiles

log = structlog.get_logger(__name__)

Role = Literal["all", "web", "sender", "scheduler"]
# The bot's own menu at Telegram: command and the text that describes it, in this order.
MENU = {
    "vi": (
        ("menu", "menu"),
        ("theodoi", "follow"),
        ("lich", "lookup"),
        ("noicuatoi", "places"),
        ("ngonngu", "language"),
        ("nhanvien", "agent"),
        ("huy", "cancel"),
        ("trogiup", "help"),
    ),
    "en": (
        ("menu", "menu"),
        ("follow", "follow"),
        ("outages", "lookup"),
        ("places", "places"),
        ("language", "language"),
        ("agent", "agent"),
        ("cancel", "cancel"),
        ("help", "help"),
    ),
}


@dataclass(frozen=True)
class Parts:
    """What every role is built from."""

    settings: Settings
    database: Database
    talking: Talking
    receiver: Receiver
    holder: Holder
    web_chat: WebChatChannel
    telegram: TelegramChannel | None
    vault: Vault
    assistant: AssistantServer | None

    @property
    def channels(self) -> list[Channel]:
        """The channels that messages leave through."""
        return [self.web_chat, *([self.telegram] if self.telegram else [])]


def build(settings: Settings, database: Database) -> Parts:
    """Make the parts; nothing is opened yet."""
    words, vault = talking_of(settings), vault_of(settings, database)
    web_chat, telegram = WebChatChannel(), telegram_channel(settings, words.speaker)
    server = assistant_server(settings)
    sources: dict[str, Source] = {web_chat.name: web_chat} | ({telegram.name: telegram} if telegram else {})
    return Parts(
        settings=settings,
        database=database,
        talking=words,
        receiver=Receiver(
            database,
            words,
            intake=Intake(vault, words, sources),
            assistant=assistant_of(server, database, words),
        ),
        holder=Holder(),
        web_chat=web_chat,
        telegram=telegram,
        vault=vault,
        assistant=server,
    )


def assistant_server(settings: Settings) -> AssistantServer | None:
    """The assistant's server, if one is set; nothing is opened yet."""
    if not settings.assistant_url:
        return None
    key = settings.assistant_key.get_secret_value()
    return AssistantServer(settings.assistant_url, settings.assistant_model, key)


def assistant_of(server: AssistantServer | None, database: Database, words: Talking) -> Assistant | None:
    """Who asks that server, if there is one."""
    return Assistant(database, words, server, metrics.advised) if server else None


def talking_of(settings: Settings) -> Talking:
    """The conversations, with the links, the keys and the staff's own tariffs and articles of these settings."""
    links = Links(settings.public_url, settings.secret())
    shelf = TariffShelf(settings.data_dir / "tariffs")
    articles = KnowledgeBase(settings.knowledge)
    articles.current()  # read now rather than when the first question waits for it
    sealer = Sealer(settings.vault_ring())
    return replace(talking(), links=links, sealer=sealer, tariffs=shelf, knowledge=articles)


def vault_of(settings: Settings, database: Database) -> Vault:
    """The vault of these settings; nothing is opened yet."""
    return Vault(database, VaultFiles(settings.vault, Sealer(settings.vault_ring())))


def telegram_channel(settings: Settings, speaker: Speaker) -> TelegramChannel | None:
    """The Telegram channel, if its token is set."""
    token = settings.telegram_token.get_secret_value()
    if not token:
        return None
    commands = {
        language: [(name, speaker.plain(Words(f"command.{text}"), language)) for name, text in MENU[language]]
        for language in LANGUAGES
    }
    return TelegramChannel(
        token,
        api_url=settings.telegram_api_url,
        secret=settings.telegram_webhook_secret.get_secret_value(),
        rate=settings.telegram_rate,
        commands=commands,
    )


@asynccontextmanager
async def running(settings: Settings, role: Role, host: str, port: int) -> AsyncIterator[str]:
    """The service, until the block ends: then nothing new is taken, and what is under way is finished.

    Gives the address that it serves at, empty for a role without pages.
    """
    database = Database(settings.database)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        parts = build(settings, database)
        if parts.assistant:
            stack.push_async_callback(parts.assistant.close)
        await check_keys(database, parts.vault.files.sealer, utcnow())
        spreading = Spreading(database)
        if role in ("all", "web", "sender") and parts.telegram:
            await parts.telegram.start()
            stack.push_async_callback(parts.telegram.stop)
        hub = Hub(database, parts.talking.speaker, utcnow)
        if role in ("all", "sender"):
            for channel in parts.channels:
                await _send(stack, parts, channel, hub)
        if role in ("all", "scheduler"):
            scheduler = Scheduler(database, utcnow, spreading.unfinished, parts.vault.sweep)
            scheduler.start()
            stack.callback(scheduler.stop)
        address = ""
        if role in ("all", "web"):
            stack.push_async_callback(spreading.finish)
            address = await _serve(stack, parts, hub, spreading, host, port)
            await _listen_to_telegram(stack, parts)
        yield address


async def _send(stack: AsyncExitStack, parts: Parts, channel: Channel, hub: Hub) -> None:
    sender = Sender(parts.database, channel, parts.talking.speaker, parts.holder)
    parts.database.on_said(sender.wake)
    if channel is parts.web_chat:
        sender.on_settled(hub.nudge)
    task = asyncio.create_task(sender.run(), name=f"send {channel.name}")

    async def end() -> None:
        sender.stop()
        await task

    stack.push_async_callback(end)


async def _serve(stack: AsyncExitStack, parts: Parts, hub: Hub, spreading: Spreading, host: str, port: int) -> str:
    settings = parts.settings
    chat = Chat(
        parts.database,
        parts.receiver,
        hub,
        parts.web_chat,
        parts.talking.speaker,
        settings.secret(),
        vault_dir=settings.vault,
        utility_name=settings.utility_name,
        hotline=settings.hotline,
        secure=settings.public_url.startswith("https://"),
    )
    desk = DeskSocket(parts.database, utcnow, parts.talking.speaker)
    my_data = MyDataRoutes(parts.database, parts.talking, utcnow)
    routes = chat.routes() + _feeds(parts).routes() + my_data.routes() + desk.routes()
    if parts.telegram and settings.telegram_mode == "webhook":
        routes += TelegramWebhook(parts.telegram, parts.receiver).routes()
    services = WebServices(
        parts.database,
        utcnow,
        spreading.start,
        parts.talking.speaker,
        parts.talking.sealer,
        parts.vault,
        parts.talking.knowledge,
    )
    app = create_app(services, routes)
    runner = web.AppRunner(app, shutdown_timeout=5, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    feeding = asyncio.create_task(hub.run(), name="feed pages")

    async def end() -> None:
        await hub.close()
        await desk.close()
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)

    stack.push_async_callback(end)
    site = web.TCPSite(runner, host, port)
    await site.start()
    return f"http://{host}:{runner.addresses[0][1]}"


def _feeds(parts: Parts) -> Feeds:
    settings, links = parts.settings, parts.talking.links
    assert links is not None
    publisher = Publisher(settings.utility_name, settings.hotline, links)
    return Feeds(parts.database, parts.talking, publisher, utcnow)


async def _listen_to_telegram(stack: AsyncExitStack, parts: Parts) -> None:
    if parts.telegram is None:
        return
    if parts.settings.telegram_mode == "webhook":
        await parts.telegram.register_webhook(parts.settings.public_url)
        return

    async def receive(channel: str, event: Incoming) -> None:
        await parts.receiver(channel, event)

    polling = TelegramPolling(parts.telegram, receive)
    task = asyncio.create_task(polling.run(), name="poll telegram")

    async def end() -> None:
        await polling.stop()
        await task

    stack.push_async_callback(end)

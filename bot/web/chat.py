"""The web chat: its page, the visitor's cookie, and the socket over which the page and the service talk."""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
import orjson
import structlog
from aiohttp import WSMsgType, web
from itsdangerous import BadSignature, URLSafeSerializer

from bot.channels.web_chat import NAME, WebChatChannel
from bot.pictures import Pictures
from bot.receiver import Receiver
from bot.web.history import Item, language_of, newest_items, own_item, picture_of
from bot.web.hub import Hub
from bot.web.texts import page_texts
from bot.web.uploads import Refused, Uploads
from conversations.model import LANGUAGES, Event, Language, Photo, Place, Press, SharedContact, Text, Words
from conversations.model import language_of as spoken
from conversations.texts import Speaker
from handlers.ports import Incoming
from store import contacts, conversations
from store.contacts import Contact
from store.db import Database

log = structlog.get_logger(__name__)

HERE = Path(__file__).parent
STATIC = HERE / "static"
COOKIE = "sangden_visitor"
DAY = 24 * 3600
YEAR = 365 * DAY
# The longest text that the page may send; the conversation itself asks for less.
MOST_TEXT = 4_000
MOST_MESSAGE = 64 * 1024
# A person types no faster; a script that floods one socket is told to slow down, and loses nothing.
MOST_EVENTS, EVENT_SECONDS = 20, 10.0


class Chat:
    """The web chat's routes; everything a visitor does goes the way of every channel's events."""

    def __init__(
        self,
        database: Database,
        receiver: Receiver,
        hub: Hub,
        channel: WebChatChannel,
        speaker: Speaker,
        secret: str,
        *,
        vault_dir: Path,
        utility_name: str,
        hotline: str,
        secure: bool,
    ) -> None:
        self._database = database
        self._receive = receiver
        self._hub = hub
        self._channel = channel
        self._uploads = Uploads(vault_dir, channel.most_file_bytes)
        self._speaker = speaker
        self._pictures = Pictures(speaker)
        self._signer = URLSafeSerializer(secret, salt="web-visitor")
        self._secure = secure
        self._page = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True
        ).get_template("chat.html")
        self._fixed = {
            "utility_name": utility_name,
            "hotline": hotline,
            "texts_json": page_texts(),
            "asset_version": _version(),
            "max_text": MOST_TEXT,
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.page),
            web.get("/chat/ws", self.socket),
            web.post("/chat/photos", self.photo),
            web.get(r"/chat/pictures/{delivery:\d{1,18}}", self.picture),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The page; whoever comes without a valid cookie becomes a new visitor."""
        language: Language = _wished_language(request)
        visitor = self._visitor(request)
        if visitor is not None:
            async with self._database.reading() as unit:
                known = await contacts.find(unit, NAME, visitor)
            language = language_of(known) if known else language
        body = self._page.render(**self._fixed, lang=language)
        response = web.Response(text=body, content_type="text/html", headers={"Cache-Control": "no-store"})
        signed = self._signer.dumps(visitor or secrets.token_urlsafe(18))
        response.set_cookie(
            COOKIE, str(signed), max_age=YEAR, httponly=True, samesite="Lax", secure=self._secure, path="/"
        )
        return response

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """One open page. The whole truth first, then every item live."""
        if not _same_origin(request):
            raise web.HTTPForbidden(text="wrong origin")
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=MOST_MESSAGE)
        await socket.prepare(request)
        visitor = self._visitor(request)
        if visitor is None:
            await socket.close(code=4401)
            return socket
        page = _Page(self, socket, visitor, _wished_language(request))
        await page.run()
        return socket

    async def photo(self, request: web.Request) -> web.Response:
        """A photo or PDF, once for each ref; what becomes of it is the matter of the conversation."""
        visitor = self._visitor(request)
        if visitor is None or not _same_origin(request):
            raise web.HTTPForbidden(text="unknown visitor")
        contact = await self.contact(visitor, _wished_language(request))
        try:
            async with self._uploads.take(request) as upload:
                with self._channel.holding(upload.spool) as ref:
                    shown = self.say(f"web.{upload.kind}_sent", language_of(contact))
                    item = await self.take(contact, upload.ref, Photo(ref, upload.name), shown)
        except Refused as refused:
            return web.json_response({"text": self.say(refused.key, language_of(contact))}, status=422)
        return web.json_response({"item": item}, status=201)

    async def picture(self, request: web.Request) -> web.Response:
        """The picture of something that the visitor was told, drawn when it is asked for."""
        visitor = self._visitor(request)
        if visitor is None:
            raise web.HTTPNotFound
        async with self._database.reading() as unit:
            contact = await contacts.find(unit, NAME, visitor)
            found = await picture_of(unit, contact, int(request.match_info["delivery"])) if contact else None
        if contact is None or found is None:
            raise web.HTTPNotFound
        wished = request.query.get("lang")
        try:
            png = await self._pictures.png(found, spoken(wished) if wished else language_of(contact))
        except ValueError as error:
            log.error("picture_not_drawn", delivery=request.match_info["delivery"], error=str(error))
            raise web.HTTPNotFound from error
        headers = {"Cache-Control": f"private, max-age={DAY}"}
        return web.Response(body=png, content_type="image/png", headers=headers)

    async def take(self, contact: Contact, ref: str, event: Event, shown: str) -> Item | None:
        """An event of the visitor, once for each ref; its item, if it is one to show."""
        event_id = f"{contact.address}:{ref}"
        await self._receive(NAME, Incoming(ref, contact.address, event, shown))
        async with self._database.reading() as unit:
            received = await conversations.by_event(unit, NAME, event_id)
        return own_item(received) if received else None

    async def contact(self, visitor: str, language: Language) -> Contact:
        """The visitor as a contact, made when their page first connects."""
        async with self._database.unit() as unit:
            found = await contacts.at(unit, NAME, visitor)
            return found or await contacts.add(unit, NAME, visitor, "", language, self._receive.now())

    async def hello(self, contact: Contact) -> dict[str, Any]:
        async with self._database.reading() as unit:
            current = await contacts.find(unit, NAME, contact.address) or contact
            items = await newest_items(unit, current, self._speaker)
        return {"type": "hello", "lang": language_of(current), "items": items}

    async def language(self, contact: Contact) -> Language:
        async with self._database.reading() as unit:
            current = await contacts.find(unit, NAME, contact.address)
        return language_of(current or contact)

    def say(self, key: str, language: Language) -> str:
        return self._speaker.plain(Words(key), language)

    def join(self, contact: Contact, socket: web.WebSocketResponse) -> None:
        assert contact.id is not None
        self._hub.join(contact.id, socket)

    def leave(self, contact: Contact, socket: web.WebSocketResponse) -> None:
        assert contact.id is not None
        self._hub.leave(contact.id, socket)

    def _visitor(self, request: web.Request) -> str | None:
        """The visitor whom the cookie proves, or None."""
        try:
            return str(self._signer.loads(request.cookies[COOKIE]))
        except (KeyError, BadSignature):
            return None


class _Page:
    """One open page's socket."""

    def __init__(self, chat: Chat, socket: web.WebSocketResponse, visitor: str, language: Language) -> None:
        self._chat = chat
        self._socket = socket
        self._visitor = visitor
        self._wished = language
        self._recent: deque[float] = deque(maxlen=MOST_EVENTS)

    async def run(self) -> None:
        contact = await self._chat.contact(self._visitor, self._wished)
        # Joined before the history is read: what is settled meanwhile comes twice, never not at all.
        self._chat.join(contact, self._socket)
        try:
            await self._socket.send_json(await self._chat.hello(contact))
            async for frame in self._socket:
                if frame.type is WSMsgType.TEXT:
                    await self._heard(contact, frame.data)
        except ConnectionError:
            pass
        finally:
            self._chat.leave(contact, self._socket)

    async def _heard(self, contact: Contact, data: str) -> None:
        message = _parsed(data)
        if message.get("type") == "ping":
            await self._socket.send_json({"type": "pong"})
            return
        ref, read = str(message.get("ref") or secrets.token_hex(8))[:80], _event(message)
        if read is None:
            await self._refuse(contact, ref, "web.unreadable")
            return
        if self._too_fast():
            await self._refuse(contact, ref, "web.slow_down")
            return
        event, shown = read
        await self._socket.send_json({"type": "typing", "on": True})
        try:
            item = await self._chat.take(contact, ref, event, shown)
        except Exception:
            log.exception("web_event_failed")
            await self._refuse(contact, ref, "web.try_again")
            return
        finally:
            await self._socket.send_json({"type": "typing", "on": False})
        await self._socket.send_json({"type": "ack", "ref": ref, "item": item})
        if message.get("type") == "lang" or (isinstance(event, Press) and event.value.startswith("lang:")):
            await self._socket.send_json({"type": "lang", "lang": await self._chat.language(contact)})

    async def _refuse(self, contact: Contact, ref: str, key: str) -> None:
        text = self._chat.say(key, await self._chat.language(contact))
        await self._socket.send_json({"type": "refused", "ref": ref, "text": text})

    def _too_fast(self) -> bool:
        now = time.monotonic()
        full = len(self._recent) == MOST_EVENTS and now - self._recent[0] < EVENT_SECONDS
        if not full:
            self._recent.append(now)
        return full


def _parsed(data: str) -> dict[str, Any]:
    if "\\u0000" in data:
        return {}  # nobody types it, and PostgreSQL keeps no text with it
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return message if isinstance(message, dict) else {}


def _event(message: dict[str, Any]) -> tuple[Event, str] | None:
    """The event of a page's message and what to show of it; None for what no page of ours sends."""
    match message:
        case {"type": "text", "text": str(text)} if 0 < len(text) <= MOST_TEXT * 3:
            return Text(text), text
        case {"type": "press", "value": str(value)} if len(value) <= 200:
            return Press(value), str(message.get("label", ""))[:200]
        case {"type": "place", "lat": int() | float() as lat, "lon": int() | float() as lon} if (
            math.isfinite(lat) and abs(lat) <= 90 and math.isfinite(lon) and abs(lon) <= 180
        ):
            return Place(float(lat), float(lon)), "📍"
        case {"type": "contact", "phone": str(phone)} if len(phone) <= 30:
            # A number typed into a page proves nothing: nobody vouches for it.
            return SharedContact(phone, own=False), f"☎ {phone}"
        case {"type": "lang", "lang": "vi" | "en" as language}:
            return Press(f"lang:{language}"), ""
    return None


def _same_origin(request: web.Request) -> bool:
    """A page of another site must not talk in a visitor's name."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("Host")


def _wished_language(request: web.Request) -> Language:
    """The first of our languages that the browser asks for."""
    for wish in request.headers.get("Accept-Language", "").split(","):
        code = wish.split(";")[0].strip().lower()[:2]
        for language in LANGUAGES:
            if code == language:
                return language
    return "vi"


def _version() -> str:
    """Changes when any of the page's files does, so that no browser mixes old and new."""
    digest = hashlib.sha256()
    for file in sorted(STATIC.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]

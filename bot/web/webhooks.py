"""Where platforms post: a forged call is refused, a known one answered after its event is committed."""

from __future__ import annotations

import structlog
from aiohttp import web

from bot.channels.telegram import WEBHOOK_PATH, TelegramChannel
from bot.receiver import Receiver
from handlers.ports import Forged, Unreadable

log = structlog.get_logger(__name__)


class TelegramWebhook:
    """Telegram's updates; a pressed button is acknowledged in the answer itself, which saves a call."""

    def __init__(self, channel: TelegramChannel, receiver: Receiver) -> None:
        self._channel = channel
        self._receive = receiver

    def routes(self) -> list[web.RouteDef]:
        return [web.post(WEBHOOK_PATH, self.post)]

    async def post(self, request: web.Request) -> web.Response:
        """200 once the event and its answer are committed; anything else has Telegram repeat it."""
        try:
            events = self._channel.read(request.headers, await request.read())
        except Forged:
            raise web.HTTPUnauthorized(text="wrong secret") from None
        except Unreadable as error:
            # Repeating it for a day would not make it readable.
            log.warning("update_unreadable", error=str(error))
            return web.Response()
        ack = None
        for event in events:
            await self._receive(self._channel.name, event)
            ack = event.ack or ack
        return web.json_response(self._channel.acknowledge_body(ack)) if ack else web.Response()

"""How updates reach the bot: polling or webhook, never both, and the methods that switch between them."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.errors import ApiError, bad_request
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.polling import Polling
from tests.emulators.telegram.updates import Update, Updates
from tests.emulators.telegram.webhook import Execute, Webhook, WebhookSettings

_WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PORTS = {None, 443, 80, 88, 8443}


@dataclass(frozen=True, slots=True)
class Described:
    """A result that comes with a description, as those of the webhook methods do."""

    result: Any
    description: str


class Delivery:
    """Plain http is taken for loopback addresses only, as a local Bot API server takes it."""

    def __init__(self, updates: Updates, clock: Clock, webhook_patience: float) -> None:
        self.updates = updates
        self.webhook: Webhook | None = None
        self.polling = Polling(updates, clock)
        self.execute: Execute = _ignore
        self._clock = clock
        self._patience = webhook_patience
        self._ending: set[asyncio.Task[None]] = set()
        updates.on_add = self._on_add

    async def get_updates(self, call: Call) -> list[Json]:
        if self.webhook is not None:
            raise ApiError(409, _WEBHOOK_ACTIVE)
        self._remember_allowed(call)
        return await self.polling.get(call)

    async def set_webhook(self, call: Call) -> Described:
        url = call.text("url")
        if not url:
            return await self.delete_webhook(call)
        settings = _read_settings(call, url)
        self._remember_allowed(call)
        self._drop_pending_if_asked(call)
        if self.webhook is not None and self.webhook.settings == settings:
            return Described(True, "Webhook is already set")
        await self.stop()
        self.polling.terminate("terminated by setWebhook request")
        self.webhook = Webhook(settings, self.updates, self._clock, self.execute, self._patience)
        self.webhook.on_gone = self._forget_gone
        return Described(True, "Webhook was set")

    async def delete_webhook(self, call: Call) -> Described:
        was_set = self.webhook is not None
        await self.stop()
        self._drop_pending_if_asked(call)
        return Described(True, "Webhook was deleted" if was_set else "Webhook is already deleted")

    def webhook_info(self) -> Json:
        info: Json = {
            "url": "",
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates.pending),
        }
        if self.updates.allowed:
            info["allowed_updates"] = list(self.updates.allowed)
        if self.webhook is None:
            return info
        settings = self.webhook.settings
        info.update(
            url=settings.url,
            has_custom_certificate=settings.has_certificate,
            max_connections=settings.max_connections,
            ip_address="127.0.0.1",
        )
        if self.webhook.last_error is not None:
            info["last_error_date"] = self.webhook.last_error.at
            info["last_error_message"] = self.webhook.last_error.message
        return info

    async def stop(self) -> None:
        """Remove the webhook; nothing is pushed after this returns."""
        webhook, self.webhook = self.webhook, None
        if webhook is not None:
            await webhook.stop()
        if self._ending:
            await asyncio.gather(*self._ending)

    def _on_add(self, update: Update) -> None:
        if self.webhook is not None:
            self.webhook.offer(update)
        else:
            self.polling.wake()

    def _forget_gone(self) -> None:
        webhook, self.webhook = self.webhook, None
        if webhook is not None:
            # The webhook reports this from one of its own tasks, which cannot wait for its own end.
            task = asyncio.create_task(webhook.stop())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def _remember_allowed(self, call: Call) -> None:
        allowed = call.json("allowed_updates")
        if isinstance(allowed, list):
            self.updates.allowed = tuple(str(kind) for kind in allowed)

    def _drop_pending_if_asked(self, call: Call) -> None:
        if call.flag("drop_pending_updates"):
            self.updates.drop(self.updates.pending)


async def _ignore(call: Call) -> None:
    return None


def _read_settings(call: Call, url: str) -> WebhookSettings:
    secret = call.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    _check_url(url)
    connections = min(max(call.integer("max_connections", 40), 1), 100)
    return WebhookSettings(url, secret, connections, "certificate" in call.files)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None:
        raise bad_request("bad webhook: invalid URL")
    if host in _LOOPBACK:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if port not in _PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")

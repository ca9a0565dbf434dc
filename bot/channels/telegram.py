"""Telegram as a channel: updates in, messages out through python-telegram-bot, every end of a sending named."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import orjson
import structlog
from telegram import Update
from telegram.constants import ChatAction, FileSizeLimit, MessageLimit
from telegram.error import BadRequest, ChatMigrated, InvalidToken, RetryAfter, TelegramError

from bot.channels.pauses import growing
from bot.channels.telegram_outcomes import (
    CANNOT_EDIT,
    CANNOT_PARSE,
    NOT_MODIFIED,
    TOO_BIG,
    outcome_of,
    pause_of,
    says,
)
from bot.channels.telegram_reading import read_update
from bot.channels.telegram_transport import AiohttpRequest, LeanBot
from bot.channels.telegram_writing import REMOVE_KEYBOARD, Call, Unfit, plan
from conversations.model import LANGUAGES, Language
from handlers.ports import (
    Forged,
    Incoming,
    Limits,
    Outcome,
    Outgoing,
    Rejected,
    Sent,
    TooBig,
    TryLater,
    Unreadable,
)

API_URL = "https://api.telegram.org"
WEBHOOK_PATH = "/webhooks/telegram"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name, not a secret
ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
FREE_PER_SECOND = 30.0

# How long start() and register_webhook() wait before the rest of the trying goes on behind their backs.
_FOREGROUND = 2.0
_LONGEST_PAUSE = 300.0
_WEBHOOK_CONNECTIONS = 40

Commands: TypeAlias = Mapping[Language, Sequence[tuple[str, str]]]

log = structlog.get_logger(__name__)


class TelegramChannel:
    """The bot of one token, in private chats.

    secret: what Telegram repeats with each webhook call, 1 to 256 of `A-Za-z0-9_-`; without it `read` takes none.
    rate: messages a second; above 30 they are sent as paid broadcasts, which the account must have enabled.
    commands: by language, the menu's commands and their descriptions; those in vi are shown to everyone else.

    Keyboards: Telegram takes one for each message. A request for a phone number or a place (a reply keyboard)
    goes with the text when that has no inline buttons, otherwise right after it in a message that only repeats
    the label. The next message takes the reply keyboard away; where it cannot, having inline buttons or being an
    edit, a message that lives for a moment does. Which chats show one is known in memory only: after a restart
    it stays until it is used (it hides itself then) or replaced.
    """

    name = "telegram"
    most_file_bytes = int(FileSizeLimit.FILESIZE_DOWNLOAD)

    def __init__(
        self,
        token: str,
        *,
        api_url: str = API_URL,
        secret: str = "",
        rate: float = FREE_PER_SECOND,
        commands: Commands | None = None,
        request: AiohttpRequest | None = None,
    ) -> None:
        self.limits = Limits(
            text=MessageLimit.MAX_TEXT_LENGTH,
            buttons=100,
            edit=True,
            images=True,
            per_second=rate,
            per_recipient=1.0,
            in_flight=100,
        )
        self._secret = secret.encode()
        self._commands = commands or {}
        self._paid = rate > FREE_PER_SECOND
        self._requests = (AiohttpRequest(connections=2), request or AiohttpRequest())
        self.bot = LeanBot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            get_updates_request=self._requests[0],
            request=self._requests[1],
        )
        self._keyboards: set[str] = set()
        # Messages of which the picture has arrived but the text after it has not yet, by their keys.
        self._pictured: set[str] = set()
        self._trying: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open connections and introduce the bot, in the background while Telegram cannot be reached."""
        for request in self._requests:
            await request.initialize()
        await self._keep_trying("introduce", self._introduce)

    async def stop(self) -> None:
        """Close connections; what is still being tried is given up."""
        for task in self._trying:
            task.cancel()
        await asyncio.gather(*self._trying, return_exceptions=True)
        await self.bot.shutdown()
        for request in self._requests:
            await request.shutdown()

    async def register_webhook(self, public_url: str) -> None:
        """Have updates posted to `public_url` + WEBHOOK_PATH; goes on in the background like `start`."""

        async def register() -> None:
            await self.bot.set_webhook(
                public_url.rstrip("/") + WEBHOOK_PATH,
                secret_token=self._secret.decode(),
                allowed_updates=ALLOWED_UPDATES,
                max_connections=_WEBHOOK_CONNECTIONS,
            )

        await self._keep_trying("register the webhook", register)

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        """The events of one webhook call: one, or none for what asks for no answer. Raises Forged, Unreadable."""
        given = headers.get(SECRET_HEADER, "").encode(errors="surrogateescape")
        if not self._secret or not hmac.compare_digest(given, self._secret):
            raise Forged("the secret token is missing or wrong")
        try:
            return self.read_update(orjson.loads(body))
        except orjson.JSONDecodeError as error:
            raise Unreadable(f"not JSON: {error}") from error

    def read_update(self, update: Any) -> list[Incoming]:
        """The same for an update of which the origin is known. Raises Unreadable."""
        try:
            incoming = read_update(Update.de_json(update, self.bot))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"not an update: {error!r}") from error
        return [incoming] if incoming is not None else []

    async def send(self, to: str, message: Outgoing, key: str) -> Outcome:
        """Send or edit one message. `remote_id` is that of its text and buttons, whatever else it took.

        A picture with a text too long for a caption is two messages; when only the second fails, trying later
        under the same key repeats only that, as long as the process lives. A picture that Telegram will never
        take is left out.
        """
        outcome = await self._sent(to, message, key)
        if not isinstance(outcome, TryLater):
            self._pictured.discard(key)
        return outcome

    async def _sent(self, to: str, message: Outgoing, key: str) -> Outcome:
        try:
            try:
                return Sent(await self._deliver(to, message, key))
            except ChatMigrated as migrated:
                moved_to = str(migrated.new_chat_id)
                return Sent(await self._deliver(moved_to, message, key), moved_to)
        except Unfit as error:
            return Rejected(str(error))
        except TelegramError as error:
            if isinstance(error, InvalidToken):
                log.error("telegram refuses the token", key=key, error=str(error))
            return outcome_of(error)

    async def acknowledge(self, ack: str) -> None:
        """Stop the pressed button's spinner. Never raises: it is only a courtesy, and a late one is refused."""
        await self._try("answerCallbackQuery", {"callback_query_id": ack})

    def acknowledge_body(self, ack: str) -> dict[str, str]:
        """The same as the JSON answer to a webhook call, which saves a call."""
        return {"method": "answerCallbackQuery", "callback_query_id": ack}

    async def typing(self, to: str) -> None:
        """Show that an answer is being written, for five seconds or until it comes. Never raises."""
        await self._try("sendChatAction", {"chat_id": to, "action": ChatAction.TYPING.value})

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """The file behind a `Photo.ref`. Raises TooBig above 20 MB; OSError when it is gone or out of reach."""
        try:
            file = await self.bot.get_file(ref)
            if (file.file_size or 0) > self.most_file_bytes:
                raise TooBig(f"the file has {file.file_size} bytes")
            if not (file.file_path or "").startswith(("https://", "http://")):
                raise OSError("the file has no address")  # a Bot API server in local mode gives its own path
            async for piece in self._requests[1].stream(str(file.file_path)):
                yield piece
        except BadRequest as error:
            if says(error, TOO_BIG):
                raise TooBig("the file is larger than Telegram hands over") from error
            raise OSError(f"the file cannot be had: {error}") from error
        except TelegramError as error:
            raise OSError(f"the file cannot be had: {error}") from error

    async def _deliver(self, to: str, message: Outgoing, key: str) -> str:
        if message.image is not None:
            try:
                return await self._say(to, message, key)
            except TelegramError as error:
                if not isinstance(outcome_of(error), Rejected):
                    raise
                log.error("telegram refuses a picture, its text goes alone", key=key, error=str(error))
        return await self._say(to, replace(message, image=None), key)

    async def _say(self, to: str, message: Outgoing, key: str) -> str:
        planned = plan(to, message, paid=self._paid)
        leftover = to in self._keyboards and message.ask is None
        main = planned.main
        if takes_it_away := leftover and main.has_room_for_keyboard:
            main = main.but(reply_markup=REMOVE_KEYBOARD)
        if planned.before is not None and key not in self._pictured:
            await self._call(planned.before)
            self._pictured.add(key)
        remote_id = await self._call(main)
        # The message has been said; a keyboard that fails is not worth saying it again.
        if planned.after is not None:
            await self._try(planned.after.method, planned.after.parameters)
        if leftover and not takes_it_away:
            await self._sweep(to)
        self._keyboards.discard(to)
        if message.ask is not None:
            self._keyboards.add(to)
        return remote_id

    async def _call(self, call: Call) -> str:
        """The id of the message that was sent or edited, mended where Telegram's refusal says how."""
        try:
            sent = await self.bot.call(call.method, {**call.parameters})
        except BadRequest as error:
            if says(error, CANNOT_PARSE) and call.parameters.get("parse_mode"):
                log.error("telegram cannot parse a text, sent without markup", error=str(error))
                return await self._call(call.as_plain())
            if call.method == "editMessageText" and says(error, NOT_MODIFIED):
                return str(call.parameters["message_id"])
            if call.method == "editMessageText" and says(error, CANNOT_EDIT):
                return await self._call(call.as_new())
            raise
        if not isinstance(sent, dict) or "message_id" not in sent:
            raise TelegramError("Invalid server response")
        return str(sent["message_id"])

    async def _sweep(self, to: str) -> None:
        """Take the reply keyboard away with a message that is deleted at once: nothing else can do it alone."""
        parameters = {"chat_id": to, "text": "…", "disable_notification": True, "reply_markup": REMOVE_KEYBOARD}
        sent = await self._try("sendMessage", parameters)
        if sent is not None:
            await self._try("deleteMessage", {"chat_id": to, "message_id": sent["message_id"]})

    async def _try(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """The result of a call that nothing depends on; None when it fails."""
        try:
            return await self.bot.call(method, {**parameters})
        except TelegramError as error:
            log.info("telegram refused a courtesy", method=method, error=str(error))
            return None

    async def _introduce(self) -> None:
        await self.bot.initialize()
        for language, commands in self._commands.items():
            code = None if language == LANGUAGES[0] else language
            await self.bot.set_my_commands(commands, language_code=code)

    async def _keep_trying(self, what: str, action: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(_until_done(what, action))
        self._trying.add(task)
        task.add_done_callback(self._trying.discard)
        done, _ = await asyncio.wait({task}, timeout=_FOREGROUND)
        for finished in done:
            finished.result()


async def _until_done(what: str, action: Callable[[], Awaitable[None]]) -> None:
    for pause in growing(longest=_LONGEST_PAUSE):
        try:
            await action()
            return
        except RetryAfter as error:
            pause = max(pause, pause_of(error).total_seconds())
            log.warning("telegram is busy", doing=what, again_in=pause)
        except InvalidToken:
            # The library's error quotes the token.
            log.error("telegram refuses the token", doing=what, again_in=pause)
        except BadRequest as error:
            log.error("telegram refuses", doing=what, error=str(error), again_in=pause)
        except TelegramError as error:
            log.warning("telegram cannot be reached", doing=what, error=str(error), again_in=pause)
        await asyncio.sleep(pause)

"""Control of the emulator from outside: acting as customers, failing on purpose, reading what happened.

All under `/_control/`, JSON in and out; a call that makes no sense is answered 400 `{"error": "…"}`. The methods
of `TelegramEmulator` have the same names and arguments. Chats are ints: positive private (the person's id too),
negative groups.

POST, each of a customer's answering with the Update that it made:
    text      {chat, text, name?, username?, language?}   the first words make the bot know the chat
    press     {chat, label? | data?, message_id?, force?} newest message with that button, else the reply keyboard
    contact   {chat, phone, own: true}                    own false: somebody else's contact
    place     {chat, lat, lon}
    photo     {chat, path? | base64?, caption?}           a grey picture when none is given
    sticker   {chat}
    voice     {chat, seconds: 3}
    document  {chat, name?, base64?, size?}               size in bytes only pretends
    block, unblock {chat}                                 403 for the bot from then on, and my_chat_member
    know      {chats: [ids]}                              known to the bot although they never wrote
    script    {chat?, method?, times: 1 | null, status?, description?, retry_after?, migrate_to_chat_id?, hang?,
               drop?: "before" | "after"}
              Failures are taken in the order given; times null is for ever. Without status, retry_after means 429
              and migrate_to_chat_id 400; a refused call has no effect. hang: the call is carried out, its answer
              held for so many real seconds. drop: the connection is cut before or after carrying it out.
    unscript  {}                                          forget all scripted failures
    limits    {overall_per_second?, chat_per_second?, chat_burst: 1, group_per_minute?, in_flight?, retry_after?,
               latency_ms: 0}                             replaces all limits; what is not given is off.
              429 carries parameters.retry_after and the Retry-After header. in_flight: held 3 s, then 429 with 60.
    options   {speed?, known_chats_only?, logging?}       speed: server seconds per real second (retries, expiries,
              long polls). known_chats_only (on): a bot cannot write first. logging: keep the log of calls.
    redeliver {update_id}                                 the same update once more
    reset     {}                                          forget people, messages, pending updates, scripts,
              limits, counts; the webhook stays, ids go on counting
GET:
    chats           [ids]
    chats/{chat}    {chat, person, blocked, messages: [{message_id, from: "bot" | "user", date, text, html,
                    entities, buttons: [[{label, data, url}]], photo, document, location, contact, reply_to,
                    edits}], keyboard: {buttons: [[{label, …}]], …} | null, last_action, notices: [{text, alert}],
                    commands}
    calls           [{time, method, params, status}]  the last 2000
    updates         [{update_id, kind, state: pending | delivered | dropped | not wanted, attempts}]
    stats           {sent: {chat: count}, sends, methods, statuses, refused_429, in_flight, most_in_flight,
                    pending_updates}
"""

from typing import Any, Literal

import orjson
from aiohttp import web

from tests.emulators.telegram.delivery import Delivery
from tests.emulators.telegram.errors import ApiError, ControlError
from tests.emulators.telegram.faults import Fault, Faults, Limits, Record, Throttle
from tests.emulators.telegram.json_types import Json
from tests.emulators.telegram.people import People
from tests.emulators.telegram.state import World
from tests.emulators.telegram.views import chat_view

_ACTIONS = (
    "text|press|contact|place|photo|sticker|voice|document|block|unblock|know|"
    "script|unscript|limits|options|redeliver|reset"
)


class Controls(People):
    """Everything that can be done to the emulator besides calling the Bot API."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        super().__init__(world)
        self.delivery = delivery
        self.faults = Faults()
        self.throttle = Throttle(Limits())
        self.record = Record()

    async def know(self, chats: list[int]) -> None:
        for chat in chats:
            self.world.meet(chat)

    async def script(
        self,
        *,
        chat: int | None = None,
        method: str | None = None,
        times: int | None = 1,
        status: int | None = None,
        description: str | None = None,
        retry_after: int | None = None,
        migrate_to_chat_id: int | None = None,
        hang: float = 0.0,
        drop: Literal["before", "after"] | None = None,
    ) -> None:
        fault = Fault(chat, method, times, status, description, retry_after, migrate_to_chat_id, hang, drop)
        self.faults.waiting.append(fault)

    async def unscript(self) -> None:
        self.faults.waiting.clear()

    async def limits(
        self,
        *,
        overall_per_second: int | None = None,
        chat_per_second: float | None = None,
        chat_burst: int = 1,
        group_per_minute: int | None = None,
        in_flight: int | None = None,
        retry_after: int | None = None,
        latency_ms: float = 0.0,
    ) -> None:
        self.throttle = Throttle(
            Limits(
                overall_per_second,
                chat_per_second,
                chat_burst,
                group_per_minute,
                in_flight,
                retry_after,
                latency_ms,
            )
        )

    async def options(
        self, *, speed: float | None = None, known_chats_only: bool | None = None, logging: bool | None = None
    ) -> None:
        if speed is not None:
            self.world.clock.speed = speed
        if known_chats_only is not None:
            self.world.known_chats_only = known_chats_only
        if logging is not None:
            self.record.logging = logging

    async def redeliver(self, update_id: int) -> Json:
        return self.world.updates.repeat(update_id).body

    async def reset(self) -> None:
        self.world.reset()
        self.faults.waiting.clear()
        self.throttle = Throttle(Limits())
        self.record.clear()

    def chat(self, chat: int) -> Json:
        """What the person sees. Errors: ControlError for a chat never seen."""
        return chat_view(self.world, self.world.seen(chat))

    def chats(self) -> list[int]:
        return list(self.world.chats)

    def calls(self) -> list[Json]:
        return list(self.record.calls)

    def updates(self) -> list[Json]:
        return [
            {"update_id": update.id, "kind": update.kind, "state": update.state, "attempts": update.attempts}
            for update in self.world.updates.history.values()
        ]

    def stats(self) -> Json:
        record = self.record
        return {
            "sent": dict(self.world.sent),
            "sends": self.world.sent.total(),
            "methods": dict(record.methods),
            "statuses": dict(record.statuses),
            "refused_429": record.statuses[429],
            "in_flight": record.in_flight,
            "most_in_flight": record.most_in_flight,
            "pending_updates": len(self.world.updates.pending),
        }


def control_routes(controls: Controls) -> list[web.RouteDef]:
    """The routes that offer `controls` over HTTP."""

    async def act(request: web.Request) -> web.Response:
        try:
            arguments = orjson.loads(await request.read() or b"{}")
            return _json(await _perform(getattr(controls, request.match_info["action"]), arguments))
        except (ControlError, ApiError, TypeError, ValueError, OSError) as error:
            return _json({"error": str(error)}, 400)

    async def read(request: web.Request) -> web.Response:
        return _json(getattr(controls, request.match_info["view"])())

    async def read_chat(request: web.Request) -> web.Response:
        try:
            return _json(controls.chat(int(request.match_info["chat"])))
        except ControlError as error:
            return _json({"error": str(error)}, 404)

    return [
        web.get(r"/_control/chats/{chat:-?\d+}", read_chat),
        web.get("/_control/{view:chats|calls|updates|stats}", read),
        web.post(f"/_control/{{action:{_ACTIONS}}}", act),
    ]


async def _perform(action: Any, arguments: Any) -> Any:
    if not isinstance(arguments, dict):
        raise ControlError("a JSON object is expected")
    return await action(**arguments)


def _json(value: Any, status: int = 200) -> web.Response:
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(body=body, status=status, content_type="application/json")

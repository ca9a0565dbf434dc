"""Trouble on purpose: scripted failures, limits on rate, and the counts of what happened."""

import math
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Literal

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import ApiError, too_many_requests
from tests.emulators.telegram.json_types import Json

PAID_PER_SECOND = 1000
# A sender that keeps exactly to the limit must not be refused for a few milliseconds of jitter.
_TOLERANCE = 0.95
_LIMITED = {
    "sendmessage",
    "sendphoto",
    "senddocument",
    "sendlocation",
    "editmessagetext",
    "editmessagecaption",
    "editmessagereplymarkup",
    "editmessagemedia",
}
_DESCRIPTIONS = {
    400: "Bad Request: scripted failure",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: scripted failure",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


@dataclass(slots=True)
class Fault:
    """One scripted failure; `times` None means for ever. The fields are those of the control call `script`."""

    chat: int | None = None
    method: str | None = None
    times: int | None = 1
    status: int | None = None
    description: str | None = None
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None
    hang: float = 0.0
    drop: Literal["before", "after"] | None = None

    def matches(self, method: str, chat: int) -> bool:
        named = self.method is None or self.method.lower() == method
        return named and (self.chat is None or self.chat == chat)

    def error(self) -> ApiError | None:
        """The refusal it stands for; None when the call is to be carried out."""
        status = self.status
        if status is None and self.retry_after is not None:
            status = 429
        if status is None and self.migrate_to_chat_id is not None:
            status = 400
        if status is None:
            return None
        return ApiError(
            status,
            self.description or self._default_description(status),
            retry_after=self.retry_after,
            migrate_to_chat_id=self.migrate_to_chat_id,
        )

    def _default_description(self, status: int) -> str:
        if self.migrate_to_chat_id is not None:
            return "Bad Request: group chat was upgraded to a supergroup chat"
        if status == 429:
            return f"Too Many Requests: retry after {self.retry_after or 0}"
        return _DESCRIPTIONS.get(status, f"Error {status}")


class Faults:
    """Scripted failures, taken in the order in which they were given."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, method: str, chat: int) -> Fault | None:
        for fault in self.waiting:
            if fault.matches(method, chat):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                return fault
        return None


@dataclass(frozen=True, slots=True)
class Limits:
    """None switches a limit off. Rates count sends and edits in real seconds, whatever the clock's speed."""

    overall_per_second: int | None = None
    chat_per_second: float | None = None
    chat_burst: int = 1
    group_per_minute: int | None = None
    in_flight: int | None = None
    retry_after: int | None = None
    latency_ms: float = 0.0


class _Window:
    """At most `count` calls within any `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self._seconds = seconds * _TOLERANCE
        self._times: deque[float] = deque(maxlen=count)

    def wait(self, now: float) -> float:
        """Seconds until the next call is allowed; 0 when it is now."""
        if len(self._times) < (self._times.maxlen or 0):
            return 0.0
        return max(0.0, self._times[0] + self._seconds - now)

    def count(self, now: float) -> None:
        self._times.append(now)


class Throttle:
    """Refuses what goes beyond the limits with 429, as the platform does."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._overall = _Window(limits.overall_per_second or 1, 1.0)
        self._paid = _Window(PAID_PER_SECOND, 1.0)
        self._chats: dict[int, _Window] = {}

    def check(self, call: Call, chat: int) -> None:
        """Count the call. Errors: ApiError 429 with the seconds to wait."""
        if call.method not in _LIMITED:
            return
        windows = [window for window in (self._shared(call), self._of(chat)) if window is not None]
        if not windows:
            return
        now = time.monotonic()
        wait = max(window.wait(now) for window in windows)
        if wait > 0:
            raise too_many_requests(self.limits.retry_after or max(1, math.ceil(wait)))
        for window in windows:
            window.count(now)

    def _shared(self, call: Call) -> _Window | None:
        if self.limits.overall_per_second is None:
            return None
        return self._paid if call.flag("allow_paid_broadcast") else self._overall

    def _of(self, chat: int) -> _Window | None:
        limits = self.limits
        window = self._chats.get(chat)
        if window is not None:
            return window
        if chat < 0 and limits.group_per_minute is not None:
            window = _Window(limits.group_per_minute, 60.0)
        elif limits.chat_per_second is not None:
            window = _Window(limits.chat_burst, limits.chat_burst / limits.chat_per_second)
        if window is not None:
            self._chats[chat] = window
        return window


@dataclass(slots=True)
class Record:
    """What bots called: bounded, and off when `logging` is."""

    logging: bool = True
    calls: deque[Json] = field(default_factory=lambda: deque(maxlen=2000))
    methods: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0

    def add(self, call: Call, status: int) -> None:
        self.methods[call.method] += 1
        self.statuses[status] += 1
        if self.logging:
            parameters = call.parameters
            if call.files:
                parameters = {**parameters, **{name: f"<{file.name}>" for name, file in call.files.items()}}
            entry = {"time": time.time(), "method": call.method, "params": parameters, "status": status}
            self.calls.append(entry)

    def clear(self) -> None:
        self.calls.clear()
        self.methods.clear()
        self.statuses.clear()
        self.most_in_flight = self.in_flight

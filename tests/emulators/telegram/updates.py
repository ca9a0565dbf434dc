"""The queue of updates between customers and the bot, read by polling and by the webhook alike."""

import itertools
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.errors import ControlError
from tests.emulators.telegram.json_types import Json

FIRST_ID = 871_000_001
HISTORY = 20_000
# Server seconds after which an undelivered update is worthless.
LIFETIMES = {"callback_query": 150.0}
DAY = 86_400.0
_NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}

Key = tuple[str, int]


@dataclass(slots=True, eq=False)
class Update:
    """`key` names the queue that keeps its order: messages by chat, callback queries by user, apart."""

    body: Json
    kind: str
    key: Key
    expires_at: float
    attempts: int = 0
    repeated: bool = False
    state: Literal["pending", "delivered", "dropped", "not wanted"] = "pending"

    @property
    def id(self) -> int:
        return int(self.body["update_id"])


class Updates:
    """Undelivered updates in order, and a bounded memory of all of them."""

    def __init__(self, clock: Clock) -> None:
        self.allowed: tuple[str, ...] = ()
        self.on_add: Callable[[Update], None] = _nobody_waits
        self.pending: list[Update] = []
        self.history: dict[int, Update] = {}
        self._clock = clock
        self._ids = itertools.count(FIRST_ID)

    def add(self, kind: str, content: Json, key: Key) -> Update:
        """Queue what happened; an update of a kind the bot did not ask for is remembered but not sent."""
        expires_at = self._clock.now() + LIFETIMES.get(kind, DAY)
        update = Update({"update_id": next(self._ids), kind: content}, kind, key, expires_at)
        self.history[update.id] = update
        if len(self.history) > HISTORY:
            del self.history[next(iter(self.history))]
        wanted = kind in self.allowed if self.allowed else kind not in _NOT_BY_DEFAULT
        if wanted:
            self._queue(update)
        else:
            update.state = "not wanted"
        return update

    def repeat(self, update_id: int) -> Update:
        """Queue the same update once more, as the real server does when a 2xx was lost."""
        known = self.history.get(update_id)
        if known is None:
            raise ControlError(f"no update {update_id}")
        again = Update(known.body, known.kind, known.key, self._clock.now() + DAY, repeated=True)
        self._queue(again)
        return again

    def settle(self, update: Update, state: Literal["delivered", "dropped"]) -> None:
        update.state = state
        with suppress(ValueError):
            self.pending.remove(update)

    def confirm_before(self, offset: int) -> None:
        """Everything below `offset` has been received, except what is to be repeated and was not yet."""
        if not self.pending or self.pending[0].id >= offset:
            return
        kept = []
        for update in self.pending:
            if update.id >= offset or (update.repeated and not update.attempts):
                kept.append(update)
            else:
                update.state = "delivered"
        self.pending = kept

    def drop(self, updates: Iterable[Update]) -> None:
        for update in list(updates):
            self.settle(update, "dropped")

    def drop_expired(self) -> None:
        now = self._clock.now()
        self.drop(update for update in self.pending if update.expires_at <= now)

    def _queue(self, update: Update) -> None:
        self.pending.append(update)
        if len(self.pending) > 1 and self.pending[-2].id > update.id:
            self.pending.sort(key=lambda waiting: waiting.id)
        self.on_add(update)


def _nobody_waits(update: Update) -> None:
    return None

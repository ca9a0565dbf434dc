"""Where a conversation stands, between two events: sealed, since unfinished forms hold numbers and names."""

from __future__ import annotations

from typing import Any

import orjson
import structlog

from conversations.model import Language, State
from conversations.wire import state_from_json, state_to_json
from handlers.sealing_port import Sealer
from store.conversations import Kept
from store.sealing import Unopened

log = structlog.get_logger(__name__)

# The name under which the sealed state stands; one without it is from before states were sealed.
SEALED = "sealed"


def to_keep(state: State, contact_id: int, sealer: Sealer | None) -> dict[str, Any]:
    """A state as the database keeps it."""
    plain = state_to_json(state)
    if sealer is None:
        return plain
    return {SEALED: sealer.seal(orjson.dumps(plain), _about(contact_id))}


def opened(kept: Kept | None, contact_id: int, language: Language, sealer: Sealer | None) -> State:
    """A state as it was kept; a new one in that language where there is none.

    One that cannot be opened is given up: the conversation begins anew, which is better than none at all. That
    the ring of keys is whole is looked at before the service starts (handlers/vault.py).
    """
    if kept is None:
        return State(language=language)
    try:
        return state_from_json(_plain(kept, contact_id, sealer))
    except Unopened as error:
        log.error("state_not_opened", contact=contact_id, error=str(error))
        return State(language=language)


def text_of(kept: Kept | None, contact_id: int, sealer: Sealer | None) -> str:
    """All that a state holds, as one text to look for something in. Raises Unopened."""
    return orjson.dumps(_plain(kept, contact_id, sealer)).decode() if kept else ""


def _plain(kept: Kept, contact_id: int, sealer: Sealer | None) -> dict[str, Any]:
    if SEALED not in kept.state:
        return kept.state
    if sealer is None:
        raise Unopened("there is no key")
    plain: dict[str, Any] = orjson.loads(sealer.open(kept.state[SEALED], _about(contact_id)))
    return plain


def _about(contact_id: int) -> str:
    return f"conversation/{contact_id}"

"""Does a deed once for each Idempotency-Key; a large audience is counted for the answer after the commit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.web.errors import ApiError
from handlers import outages
from handlers.outages import ToCount
from handlers.tokens import Caller
from store import tokens
from store.db import Database, Unit

LONGEST_KEY = 200


@dataclass(frozen=True)
class Answer:
    """What a deed is answered with, once `recipients` is counted in; repeated: the deed was done before."""

    status: int
    body: Mapping[str, Any]
    to_count: ToCount | None = None
    repeated: bool = False


def key_of(request: web.Request) -> str | None:
    """The Idempotency-Key, of a POST only: the other methods can be repeated as they are."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method != "POST":
        return None
    if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise ApiError(400, "idempotency.bad_key", {"most": LONGEST_KEY})
    return key


async def answered_before(
    unit: Unit, request: web.Request, caller: Caller, key: str | None, raw: bytes, now: datetime
) -> Answer | None:
    """The answer that the caller's key got or is to get, or None: it is claimed for this unit."""
    if key is None:
        return None
    fingerprint = hashlib.sha256(f"{request.method} {request.path}\n".encode() + raw).hexdigest()
    before = await tokens.begin_answer(unit, caller.id, key, fingerprint, now)
    if before is None:
        return None
    if before.fingerprint != fingerprint or before.body is None:
        raise ApiError(409, "idempotency.other_body")
    if before.status is not None:
        return Answer(before.status, before.body, repeated=True)
    owed = before.body
    return Answer(owed["status"], owed["body"], _read(owed["to_count"]), repeated=True)


async def keep(unit: Unit, caller: Caller, key: str | None, answer: Answer) -> None:
    """Remember an answer, or what is still to be counted for it, with the deed itself."""
    if key is None:
        return
    if answer.to_count is None:
        await tokens.keep_answer(unit, caller.id, key, answer.status, dict(answer.body))
        return
    to_count = asdict(answer.to_count)
    to_count["at"] = answer.to_count.at.isoformat() if answer.to_count.at else None
    owed = {"status": answer.status, "body": dict(answer.body), "to_count": to_count}
    await tokens.keep_answer(unit, caller.id, key, None, owed)


async def respond(database: Database, caller: Caller, key: str | None, answer: Answer) -> web.Response:
    """The answer, counted if it is not yet; nobody who wants to write waits for that."""
    body = dict(answer.body)
    if answer.to_count is not None:
        async with database.reading() as unit:
            body["recipients"] = await outages.recipients(unit, answer.to_count)
        if key is not None:
            async with database.unit() as unit:
                await tokens.keep_answer(unit, caller.id, key, answer.status, body)
    headers = {"Idempotent-Replay": "true"} if answer.repeated else None
    return web.json_response(body, status=answer.status, headers=headers)


def _read(kept: Mapping[str, Any]) -> ToCount:
    return ToCount(
        counted=kept["counted"],
        announced=tuple(tuple(ids) for ids in kept["announced"]),
        followed=(kept["followed"][0], kept["followed"][1]) if kept["followed"] else None,
        at=datetime.fromisoformat(kept["at"]) if kept["at"] else None,
    )

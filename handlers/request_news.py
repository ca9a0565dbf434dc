"""Tells a customer what became of their request: moves in a row as one message, nothing when nothing changed."""

from __future__ import annotations

from datetime import datetime

from conversations.model import Picture, Reply
from conversations.wire import reply_to_json
from handlers import request_words
from handlers.request_keeping import id_of, outstanding, rules
from handlers.rules import progress
from store import erasure, outbox, requests
from store.contacts import Contact
from store.db import Unit
from store.outbox import Message, Priority
from store.requests import Request, RequestMove


async def tell_move(unit: Unit, request: Request, now: datetime, move: RequestMove | None = None) -> None:
    """Tell where a request is now, a little later, so that moves in a row become one message.

    move: what has just been done, if that is why it is told.

    What an earlier message that has not left was to say is said by this one. When the customer knows it all,
    because staff took a slip back, nothing is said.
    """
    moves = list(await requests.moves_of(unit, id_of(request)))
    waiting = request.push_id
    taken = waiting is not None and await outbox.take_back(unit, waiting, now)
    if waiting is not None and not taken:
        said = (one.to_state for one in reversed(moves) if one.message_id == waiting)
        request.told_state = next(said, request.told_state)
    untold = [one for one in moves if taken and one.message_id == waiting]
    untold += [move] if move is not None else []
    notes = [one.note for one in untold if one.note]
    asked = await outstanding(unit, request)
    if taken and not notes and not asked and request.state == request.told_state:
        assert waiting is not None
        await requests.untold(unit, id_of(request), waiting)
        request.push_id = None
        return
    shown = await picture_of(unit, request, now)
    reply = request_words.moved(request, notes, asked, shown)
    key = f"request:{request.id}:{moves[-1].id}:{len(asked)}:{now.isoformat()}"
    message_id = await say(unit, request, reply, key, now, now + rules(now).settle)
    if waiting is not None and message_id is not None:
        await outbox.supersede(unit, [waiting], message_id, now)
    for one in untold:
        one.message_id = message_id
        unit.session.add(one)
    request.push_id = message_id
    unit.session.add(request)
    await unit.session.flush()


async def knows(unit: Unit, request: Request, now: datetime) -> None:
    """The customer did it, and reads so in the reply: what waited to be said of before is stale."""
    if request.push_id is not None and await outbox.take_back(unit, request.push_id, now):
        await requests.untold(unit, id_of(request), request.push_id)
    request.push_id, request.told_state = None, request.state
    unit.session.add(request)


async def say(
    unit: Unit, request: Request, reply: Reply, key: str, now: datetime, due_at: datetime | None = None
) -> int | None:
    """Put a message about a request into the outbox; its id, None when there is nobody to say it to."""
    contact = await unit.session.get(Contact, request.contact_id)
    if contact is None or contact.channel == erasure.NOBODY:
        return None
    message = Message(words=reply_to_json(reply), priority=Priority.PERSONAL, created_at=now)
    return await outbox.add_for(unit, contact, message, key, now, due_at=due_at)


async def picture_of(unit: Unit, request: Request, now: datetime) -> Picture:
    """The picture of how far a request is."""
    moves = await requests.moves_of(unit, id_of(request))
    history = [(move.to_state, move.at) for move in moves]
    steps = progress.steps_seen(progress.process_of(request.service), history)
    return request_words.picture(request, steps, now)

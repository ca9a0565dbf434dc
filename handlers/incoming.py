"""An event in: noted once, answered by the conversation, its commands done, its reply put into the outbox."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from conversations import engine
from conversations.engine_frames import top
from conversations.handover import AskForPerson, LeaveQueue
from conversations.model import State, Text, Turn, language_of
from conversations.wire import reply_from_json, reply_to_json
from handlers import handovers, states, unhandled
from handlers.commands import carry_out
from handlers.lookups import answer
from handlers.ports import Incoming
from handlers.rules.masking import masked
from handlers.talking import Talking
from store import contacts, conversations, outbox
from store.contacts import Contact
from store.db import Unit

# A contact's last sign of life is written down at most this often; it is of interest by the day.
SEEN_EVERY_SECONDS = 600
# No label of a button is longer, in signs.
LONGEST_LABEL = 60


@dataclass(frozen=True)
class Handled:
    """What came of an event: who it was from, and the turn that it led to."""

    contact_id: int
    turn: Turn


async def handle(unit: Unit, channel: str, incoming: Incoming, now: datetime, talking: Talking) -> Handled | None:
    """Answer one event; None when it was answered before (a platform may deliver it again)."""
    contact = await _arrive(unit, channel, incoming, now)
    assert contact.id is not None
    event_id = f"{incoming.sender}:{incoming.id}"
    if await conversations.receive(unit, channel, event_id, contact.id, masked(incoming.shown), now) is None:
        return None
    kept = await conversations.state_of(unit, contact.id)
    state = states.opened(kept, contact.id, language_of(contact.language), talking.sealer)
    away = kept is not None and now - kept.updated_at > talking.away
    # Nobody but the contact's own events, which wait for this one, begins a talk with a person.
    person = None
    if kept is not None and kept.handed_over:
        person = await handovers.with_person(unit, contact, incoming.event, state, now, talking)
    if isinstance(person, Turn):
        turn = person
    else:
        state = await _with_pushed(unit, contact.id, state, incoming, talking)
        turn = await _converse(unit, contact, state, incoming, now, talking, away)
    if isinstance(person, handovers.Meanwhile):
        turn = _and_the_person(turn, person)
    for command in turn.commands:
        await carry_out(unit, contact, command, now, talking)
    kept_state = states.to_keep(turn.state, contact.id, talking.sealer)
    await conversations.save_state(unit, contact.id, kept_state, now, busy=bool(turn.state.frames))
    if turn.reply.words:
        edits = await _replaceable(unit, contact.id, incoming)
        await outbox.add_reply(unit, contact, reply_to_json(turn.reply), f"reply:{channel}:{event_id}", now, edits)
    return Handled(contact.id, turn)


def _and_the_person(turn: Turn, meanwhile: handovers.Meanwhile) -> Turn:
    """The bot's answer, and that a person reads the question too; not to who asks for the queue itself."""
    if any(isinstance(command, AskForPerson | LeaveQueue) for command in turn.commands):
        return turn
    return replace(turn, reply=replace(turn.reply, words=(*turn.reply.words, meanwhile.words)))


async def apologise(unit: Unit, channel: str, incoming: Incoming, now: datetime) -> None:
    """Never silent: when an event could not be handled, a person is to; the conversation stays where it was.

    The event counts as received, so that a platform that repeats it does not run into the same fault for a day.
    """
    contact = await _arrive(unit, channel, incoming, now)
    assert contact.id is not None
    event_id = f"{incoming.sender}:{incoming.id}"
    if await conversations.receive(unit, channel, event_id, contact.id, masked(incoming.shown), now) is not None:
        words = reply_to_json(await unhandled.keep(unit, contact, incoming, now))
        await outbox.add_reply(unit, contact, words, f"reply:{channel}:{event_id}", now)


async def _converse(
    unit: Unit, contact: Contact, state: State, incoming: Incoming, now: datetime, talking: Talking, away: bool
) -> Turn:
    talk = engine.advance(talking.flows, state, incoming.event, talking.speaker.plain, away)
    try:
        query = next(talk)
        while True:
            query = talk.send(await answer(unit, contact, query, now, talking))
    except StopIteration as over:
        turn: Turn = over.value
        return turn


async def _with_pushed(unit: Unit, contact_id: int, state: State, incoming: Incoming, talking: Talking) -> State:
    """The state as the customer sees it: under a push of just now there are buttons, whose labels can be typed."""
    text = incoming.event.text if isinstance(incoming.event, Text) else ""
    if not 0 < len(text) <= LONGEST_LABEL or top(state) is not None:
        return state
    pushed = await outbox.pushed_last(unit, contact_id)
    buttons = reply_from_json(pushed).buttons if pushed else ()
    shown = tuple((one.value, talking.speaker.plain(one.words, state.language)) for one in buttons)
    return replace(state, offered=(*shown, *state.offered))


async def _arrive(unit: Unit, channel: str, incoming: Incoming, now: datetime) -> Contact:
    contact = await contacts.at(unit, channel, incoming.sender)
    if contact is None:
        language = incoming.language or "vi"
        contact = await contacts.add(unit, channel, incoming.sender, incoming.name, language, now)
    if contact.asleep_since is not None or (now - contact.seen_at).total_seconds() > SEEN_EVERY_SECONDS:
        contact.seen_at, contact.asleep_since, contact.asleep_why = now, None, ""
        unit.session.add(contact)
    return contact


async def _replaceable(unit: Unit, contact_id: int, incoming: Incoming) -> str | None:
    """The message whose button was pressed, if nothing was said since: only then an edit is seen."""
    if incoming.origin is None:
        return None
    newest = await outbox.newest_remote_id(unit, contact_id)
    return incoming.origin if newest == incoming.origin else None

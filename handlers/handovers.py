"""From the bot to a person and back: the queue, the talk, and nobody left without an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conversations.danger import PLACE as DANGER_PLACE
from conversations.engine import meant
from conversations.folding import fold
from conversations.handover import (
    AGENT_SAYS,
    BACK_TO_BOT,
    END_TALK,
    MENU,
    STOP_WAITING,
    AskForPerson,
    Desk,
    DeskFound,
    LeaveQuestion,
    LeaveQueue,
)
from conversations.model import (
    Event,
    Moment,
    Press,
    Reply,
    State,
    Text,
    Turn,
    Understood,
    Words,
    say,
)
from conversations.phrasebook import phrasebook
from conversations.understand import SURE, is_danger, understand
from conversations.wire import reply_to_json
from handlers import questions
from handlers.each import each
from handlers.escalations import EscalationKind
from handlers.rules.desk import DeskRules, answer_by, desk_at, expected_minutes, is_open, opens_next
from handlers.rules.masking import masked
from handlers.talking import ZONE, Talking
from store import conversations, escalations, handovers, outbox
from store.contacts import Contact
from store.db import Unit
from store.handovers import Handover, HandoverState
from store.outbox import Message

# The customer's own lines that a question is made of when waiting turns into a request.
_LINES = 20
_PAGE = 100
BOT = "bot"


class UnknownHandover(Exception):
    """There is no such wish for a person."""


class NotYours(Exception):
    """Somebody else has it, or it is over, or nobody has taken it yet; `state` tells."""

    def __init__(self, state: str, taken_by: str) -> None:
        super().__init__(state)
        self.state = state
        self.taken_by = taken_by


class Unanswered(Exception):
    """Nobody has said anything to the customer yet, who must not be sent away so."""


@dataclass(frozen=True)
class Meanwhile:
    """The bot answers who waits for a person, and then says `words`."""

    words: Words


# --- what customers do -----------------------------------------------------------------------------------------


async def desk(unit: Unit, contact: Contact, query: Desk, now: datetime, talking: Talking) -> DeskFound:
    """The desk as this contact finds it."""
    assert contact.id is not None
    rules = rules_at(now)
    live = await handovers.live_of(unit, contact.id)
    open_now = is_open(rules, now, talking.zone)
    place = await handovers.place_of(unit, live)
    return DeskFound(
        is_open=open_now,
        opens=None if open_now else opens_next(rules, now, talking.zone).isoformat(),
        place=place,
        minutes=expected_minutes(place, await handovers.taken_since(unit, now - rules.recent), now),
        waiting=live is not None and live.state == HandoverState.WAITING,
        talking=live is not None and live.state == HandoverState.TALKING,
        answer_by=answer_by(rules, now, talking.zone).isoformat(),
    )


async def ask(unit: Unit, contact: Contact, wish: AskForPerson, now: datetime, talking: Talking) -> None:
    """Stand in the queue; who stands there, or is being talked to, stays."""
    assert contact.id is not None
    live = await handovers.live_of(unit, contact.id, lock=True)
    live = live or Handover(contact_id=contact.id, queued_at=now, waits_since=now, heard_at=now, updated_at=now)
    live.with_bot = False
    unit.session.add(live)


async def leave(unit: Unit, contact: Contact, wish: LeaveQueue, now: datetime, talking: Talking) -> None:
    """The customer waits no longer, or has heard enough."""
    assert contact.id is not None
    await over(unit, contact.id, now)


async def over(unit: Unit, contact_id: int, now: datetime) -> None:
    """Nobody need wait for this customer, or talk with them, any more."""
    live = await handovers.live_of(unit, contact_id, lock=True)
    if live is not None:
        _end(live, HandoverState.ANSWERED if live.answered else HandoverState.LEFT, "customer", now)
        unit.session.add(live)


async def leave_question(
    unit: Unit, contact: Contact, wish: LeaveQuestion, now: datetime, talking: Talking
) -> None:
    """Keep what a person is to answer once people are there."""
    due = answer_by(rules_at(now), now, talking.zone)
    await questions.open_question(unit, contact, wish.code, wish.question, due, now)


async def with_person(
    unit: Unit, contact: Contact, event: Event, state: State, now: datetime, talking: Talking
) -> Turn | Meanwhile | None:
    """What becomes of an event of who waits for a person, or talks with one; None when it is the bot's alone.

    Danger to life and a press of one of the bot's buttons are the bot's all the same.
    """
    assert contact.id is not None
    live = await handovers.live_of(unit, contact.id, lock=True)
    if live is None:
        return None
    live.heard_at, live.updated_at = now, now
    unit.session.add(live)
    event = meant(talking.flows, state, event, talking.speaker.plain)
    if isinstance(event, Press):
        live.with_bot = True
        return None
    if isinstance(event, Text) and is_danger(fold(event.text), phrasebook()):
        return None
    if state.frames and state.frames[-1].flow == DANGER_PLACE.name:
        # Where the danger is, the crew must know at once.
        return None
    if live.state == HandoverState.TALKING:
        # The person answers; the bot holds its tongue.
        return Turn(state, Reply(()), understood=Understood())
    if isinstance(event, Text) and not live.with_bot:
        return await _noted(unit, live, event, state, talking)
    return None


async def _noted(
    unit: Unit, live: Handover, event: Text, state: State, talking: Talking
) -> Turn | Meanwhile | None:
    """What is written while waiting is for the person; the bot answers besides what it surely understands."""
    understood = understand(event.text)
    sure = understood.intent is not None and understood.score >= SURE
    if sure and understood.intent not in talking.flows.by_intent:
        # "Menu" and "thanks" are no matter for a person.
        return None
    place = await handovers.place_of(unit, live)
    if sure:
        return Meanwhile(Words("agent.noted_too", {"place": place}))
    return Turn(
        state,
        Reply((Words("agent.noted", {"place": place}),), (BACK_TO_BOT, STOP_WAITING)),
        understood=understood,
    )


# --- what staff do ---------------------------------------------------------------------------------------------


async def take(unit: Unit, handover_id: int, by: str, now: datetime) -> Handover:
    """Begin to talk; the customer is told with whom. Raises UnknownHandover, NotYours."""
    live = await _known(unit, handover_id)
    if live.state == HandoverState.TALKING and live.taken_by == by:
        return live
    if live.state != HandoverState.WAITING:
        raise NotYours(live.state, live.taken_by)
    live.state, live.taken_by, live.taken_at, live.updated_at = HandoverState.TALKING, by, now, now
    # The clock of an agent's silence starts here.
    live.said_at = None
    unit.session.add(live)
    await _tell(unit, live, Reply((Words("agent.taken", {"name": by}),), (END_TALK,)), "taken", now)
    return live


async def speak(unit: Unit, handover_id: int, by: str, text: str, now: datetime) -> Handover:
    """Say something to the customer. Raises UnknownHandover, NotYours."""
    live = await _talked_by(unit, handover_id, by)
    live.said_at, live.updated_at, live.answered = now, now, True
    unit.session.add(live)
    await _tell(unit, live, Reply((Words(AGENT_SAYS, {"name": by, "text": text}),), (END_TALK,)), "said", now)
    return live


async def release(unit: Unit, handover_id: int, by: str, now: datetime) -> Handover:
    """Give the customer back to the queue, to their old place. Raises UnknownHandover, NotYours."""
    live = await _talked_by(unit, handover_id, by)
    await _give_back(unit, live, now)
    return live


async def end(unit: Unit, handover_id: int, by: str, note: str, now: datetime) -> Handover:
    """The talk is over; the bot comes back and says so. Raises UnknownHandover, NotYours, Unanswered."""
    live = await _talked_by(unit, handover_id, by)
    if not live.answered:
        raise Unanswered
    live.note = masked(note)
    _end(live, HandoverState.ANSWERED, by, now)
    unit.session.add(live)
    await _bot_is_back(unit, live, "agent.talk_over", now)
    return live


# --- what time does ---------------------------------------------------------------------------------------------


async def waiting_ones(unit: Unit, now: datetime) -> int:
    """Nobody waits without a word, and nobody waits for ever: long waits turn into requests."""
    rules = rules_at(now)
    turns = now - rules.turn if is_open(rules, now, ZONE) else now

    async def goes_on(live: Handover) -> bool:
        if live.waits_since <= turns:
            await _turn(unit, live, rules, now)
            return True
        live.reassured_at = live.updated_at = now
        place = await handovers.place_of(unit, live)
        unit.session.add(live)
        await _tell(unit, live, Reply((Words("agent.still", {"place": place}),), (STOP_WAITING,)), "still", now)
        return True

    found = await handovers.waiting_since(unit, turns, now - rules.reassure, _PAGE)
    return await each(unit, "waiting_ones", found, goes_on)


async def silent_ones(unit: Unit, now: datetime) -> int:
    """An agent who does not answer gives the customer back; when the customer has gone, the bot comes back."""
    rules = rules_at(now)

    async def ends(live: Handover) -> bool:
        if live.said_at is None or live.said_at < live.heard_at:
            await _give_back(unit, live, now)
            return True
        _end(live, HandoverState.ANSWERED, BOT, now)
        unit.session.add(live)
        await _bot_is_back(unit, live, "agent.gone_quiet", now)
        return True

    found = await handovers.silent_since(unit, now - rules.silent_agent, now - rules.silent_customer, _PAGE)
    return await each(unit, "silent_ones", found, ends)


# --- what they share ---------------------------------------------------------------------------------------------


def rules_at(now: datetime) -> DeskRules:
    """The desk's rules of the day."""
    return desk_at(now.astimezone(ZONE).date())


async def _known(unit: Unit, handover_id: int) -> Handover:
    live = await handovers.by_id(unit, handover_id, lock=True)
    if live is None:
        raise UnknownHandover
    return live


async def _talked_by(unit: Unit, handover_id: int, by: str) -> Handover:
    live = await _known(unit, handover_id)
    if live.state != HandoverState.TALKING or live.taken_by != by:
        raise NotYours(live.state, live.taken_by)
    return live


def _end(live: Handover, state: HandoverState, by: str, now: datetime) -> None:
    live.state, live.ended_by, live.ended_at, live.updated_at = state, by, now, now


async def _give_back(unit: Unit, live: Handover, now: datetime) -> None:
    live.state, live.taken_by, live.waits_since, live.updated_at = HandoverState.WAITING, "", now, now
    live.reassured_at = None
    unit.session.add(live)
    await unit.session.flush()
    place = await handovers.place_of(unit, live)
    await _tell(unit, live, Reply((Words("agent.given_back", {"place": place}),), (STOP_WAITING,)), "back", now)


async def _turn(unit: Unit, live: Handover, rules: DeskRules, now: datetime) -> None:
    """Waiting turns into a request with a number and a deadline, made of what the customer wrote."""
    contact = await unit.session.get_one(Contact, live.contact_id)
    due = answer_by(rules, now, ZONE)
    lines = await conversations.received_by(unit, live.contact_id, _LINES)
    words = "\n".join(one.shown for one in lines if one.shown and one.at >= live.queued_at - rules.recent)
    code = await questions.new_code(unit)
    await questions.open_question(unit, contact, code, words, due, now)
    _end(live, HandoverState.TURNED, BOT, now)
    live.request_code = code
    minutes = int((now - live.queued_at).total_seconds() // 60)
    reason = {"handover": live.id, "waited": minutes, "due_by": due.isoformat()}
    await escalations.open_(unit, EscalationKind.UNANSWERED_QUESTION, code, reason, now)
    unit.session.add(live)
    words_of_it = Words("agent.turned", {"code": code, "answer_by": Moment(due.isoformat())})
    await _tell(unit, live, Reply((words_of_it,), (MENU,)), "turned", now)


async def _bot_is_back(unit: Unit, live: Handover, key: str, now: datetime) -> None:
    """The bot speaks again; its button goes on with a form that the talk interrupted, or to the menu."""
    await _tell(unit, live, Reply(say(key).words, (BACK_TO_BOT,)), "over", now)


async def _tell(unit: Unit, live: Handover, reply: Reply, what: str, now: datetime) -> None:
    contact = await unit.session.get_one(Contact, live.contact_id)
    message = Message(words=reply_to_json(reply), created_at=now)
    await outbox.add_for(unit, contact, message, f"handover:{live.id}:{what}:{now.isoformat()}", now)

"""Following places: begin, rename, pause, resume, end; and the language a contact is spoken to in."""

from __future__ import annotations

from datetime import datetime, timedelta

from conversations.follow import LONGEST_LABEL, Follow
from conversations.model import SetLanguage, Words, language_of, say
from conversations.my_places import PausePlace, RemovePlace, RenamePlace, ResumePlace
from conversations.wire import reply_to_json
from handlers import outages
from handlers.talking import Talking
from store import contacts, due, outbox, subscriptions
from store.contacts import Contact
from store.db import Unit
from store.outbox import Message, Priority

RESUME = "resume_place"


async def follow(unit: Unit, contact: Contact, wish: Follow, now: datetime, talking: Talking) -> None:
    """Follow a place; whoever begins during an incident there is told of it as everybody else was."""
    assert contact.id is not None
    await subscriptions.add(unit, contact.id, wish.target, _label(wish.label, contact, talking), now)
    await outages.subscribe_news(unit, contact, wish.target, now)


async def rename(unit: Unit, contact: Contact, wish: RenamePlace, now: datetime, talking: Talking) -> None:
    if await _owned(unit, contact, wish.id):
        await subscriptions.rename(unit, wish.id, _label(wish.label, contact, talking))


async def remove(unit: Unit, contact: Contact, wish: RemovePlace, now: datetime, talking: Talking) -> None:
    if await _owned(unit, contact, wish.id):
        await subscriptions.remove(unit, wish.id)
        await due.drop(unit, RESUME, str(wish.id))


async def pause(unit: Unit, contact: Contact, wish: PausePlace, now: datetime, talking: Talking) -> None:
    """Hold a place's messages; a pause of some days ends by itself (see `resume_due`)."""
    if not await _owned(unit, contact, wish.id):
        return
    until = now + timedelta(days=wish.days) if wish.days else None
    await subscriptions.pause(unit, wish.id, until)
    if until:
        await due.plan(unit, RESUME, str(wish.id), until)
    else:
        await due.drop(unit, RESUME, str(wish.id))


async def resume(unit: Unit, contact: Contact, wish: ResumePlace, now: datetime, talking: Talking) -> None:
    """Let a place's messages flow again, and tell of what others were told of meanwhile and is still to come."""
    assert contact.id is not None
    place = await subscriptions.owned(unit, contact.id, wish.id)
    if place is not None and place.paused:
        await subscriptions.resume(unit, wish.id)
        await due.drop(unit, RESUME, str(wish.id))
        await outages.subscribe_news(unit, contact, place.target, now)


async def set_language(unit: Unit, contact: Contact, wish: SetLanguage, now: datetime, talking: Talking) -> None:
    assert contact.id is not None
    contact.language = wish.language
    await contacts.speaks(unit, contact.id, wish.language)


async def resume_due(unit: Unit, now: datetime) -> int:
    """End the pauses whose time has come, and tell their contacts; how many."""
    ended = await due.take(unit, RESUME, now)
    for one in ended:
        place = await unit.session.get(subscriptions.Subscription, int(one.about))
        contact = await unit.session.get(contacts.Contact, place.contact_id) if place else None
        if place is None or contact is None or not place.paused:
            continue
        await subscriptions.resume(unit, int(one.about))
        words = reply_to_json(say("places.resumed_by_time", label=place.label))
        message = Message(words=words, priority=Priority.PLANNED, created_at=now)
        await outbox.add_for(unit, contact, message, f"resumed:{one.about}:{one.due_at.isoformat()}", now)
        await outages.subscribe_news(unit, contact, place.target, now)
    return len(ended)


async def _owned(unit: Unit, contact: Contact, subscription_id: int) -> bool:
    """A button's value can be forged: only the contact's own places may be changed."""
    assert contact.id is not None
    return await subscriptions.owned(unit, contact.id, subscription_id) is not None


def _label(words: Words, contact: Contact, talking: Talking) -> str:
    language = language_of(contact.language)
    return talking.speaker.plain(words, language)[: LONGEST_LABEL * 2]

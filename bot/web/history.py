"""A visitor's chat as the page shows it: their own events and what was said to them, as items."""

from __future__ import annotations

import html
from collections.abc import Container
from datetime import datetime
from typing import Any

from conversations.handover import AGENT_SAYS
from conversations.model import Language, Picture
from conversations.model import language_of as spoken
from conversations.texts import Speaker
from conversations.wire import reply_from_json
from handlers import pictures
from handlers.ports import Outgoing
from handlers.rendering import render
from handlers.talking import ZONE
from store import conversations, outbox
from store.contacts import Contact
from store.conversations import Received
from store.db import Unit
from store.outbox import Delivery, Message, Priority, Said, Status

# What a page shows on opening; older items are history nobody scrolls to in a service chat.
LAST = 100

Item = dict[str, Any]


def key_of(one: Received | Said) -> str:
    """What a page knows an item by."""
    return f"d{one.id}" if isinstance(one, Said) else f"e{one.id}"


def own_item(event: Received) -> Item | None:
    """What the visitor did; None for what shows nothing, such as a switch of language."""
    if not event.shown:
        return None
    return {
        "key": key_of(event),
        "ref": event.event_id.partition(":")[2],
        "from": "me",
        "at": _iso(event.at),
        "text": html.escape(event.shown, quote=False),
        "buttons": [],
        "image": None,
        "ask": None,
        "push": False,
    }


def said_item(said: Said, language: Language, speaker: Speaker) -> Item:
    """What the visitor was told, in the language that they speak now."""
    reply = reply_from_json(said.words)
    message = render(reply, language, speaker, said.places)
    return {
        "key": key_of(said),
        "from": "staff" if reply.words and reply.words[0].key == AGENT_SAYS else "bot",
        "at": _iso(said.at),
        "text": message.text,
        "buttons": [{"label": b.label, "value": b.value, "nav": b.nav} for b in message.buttons],
        "image": _image(said, message, language, speaker),
        "ask": message.ask,
        "push": said.priority >= Priority.INCIDENT,
    }


def _image(said: Said, message: Outgoing, language: Language, speaker: Speaker) -> dict[str, Any] | None:
    """Where the page finds the picture, and how large it will be, so that nothing jumps when it comes."""
    if message.picture is None:
        return None
    try:
        width, height = pictures.size(message.picture, language, speaker, ZONE)
    except ValueError:
        return None
    url = f"/chat/pictures/{said.id}?lang={language}"
    return {"url": url, "alt": message.alt, "width": width, "height": height}


async def picture_of(unit: Unit, contact: Contact, delivery_id: int) -> Picture | None:
    """The picture of what a contact was told; None for anybody else's."""
    delivery = await unit.session.get(Delivery, delivery_id)
    if delivery is None or delivery.contact_id != contact.id or delivery.status != Status.SENT:
        return None
    message = await unit.session.get_one(Message, delivery.message_id)
    return reply_from_json(message.words).picture


async def newest_items(
    unit: Unit, contact: Contact, speaker: Speaker, known: Container[str] = frozenset()
) -> list[Item]:
    """The last items of both sides in the order in which they happened; `known`: keys of those that are left out.

    What is left out need not be put into words, which costs more than reading it.
    """
    assert contact.id is not None
    events = await conversations.received_by(unit, contact.id, LAST)
    said = (await outbox.said_to(unit, [contact.id], LAST)).get(contact.id, [])
    language = language_of(contact)
    both: list[Received | Said] = [*(event for event in events if event.shown), *said]
    newest = sorted(both, key=lambda one: (_iso(one.at), isinstance(one, Said)))[-LAST:]
    items = (
        said_item(one, language, speaker) if isinstance(one, Said) else own_item(one)
        for one in newest
        if key_of(one) not in known
    )
    return [item for item in items if item]


def language_of(contact: Contact) -> Language:
    return spoken(contact.language)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

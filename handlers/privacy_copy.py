"""A copy of all that is kept of a customer, in a shape that other programs read."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from conversations.model import language_of
from conversations.wire import reply_from_json
from handlers.rendering import render
from handlers.request_keeping import answers_of
from handlers.talking import Talking
from store import consents, erasure, profiles, requests, subscriptions, vault
from store.contacts import Contact
from store.conversations import Received
from store.db import Unit
from store.handovers import Handover
from store.knowledge import UnknownQuestion
from store.outbox import Delivery, Message, Status
from store.privacy import PrivacyCase
from store.proposals import Proposal
from store.reports import Report
from store.requests import NoteKind, Request
from store.surveys import Survey

# Messages that are put into words before others have their turn.
_AT_ONCE = 20


async def export(unit: Unit, contact_id: int, talking: Talking) -> dict[str, Any] | None:
    """All that is kept of a contact, in a shape that other programs read; None for one that is not there.

    Files are listed, not included: the customer sent them and has them.
    """
    contact = await unit.session.get(Contact, contact_id)
    if contact is None or contact.channel == erasure.NOBODY:
        return None
    profile = await profiles.of_contact(unit, contact_id)
    return {
        "contact": {"channel": contact.channel, "name": contact.name, "language": contact.language}
        | {"since": contact.created_at.isoformat(), "last_seen": contact.seen_at.isoformat()},
        "remembered": _unsealed(profile.sealed, contact_id, talking) if profile else None,
        "consents": [
            {
                "purpose": one.purpose,
                "version": one.version,
                "given_at": one.given_at.isoformat(),
                "withdrawn_at": one.withdrawn_at.isoformat() if one.withdrawn_at else None,
            }
            for one in await consents.all_of(unit, contact_id)
        ],
        "places": [
            {"target": one.target, "label": one.label} for one in await subscriptions.of_contact(unit, contact_id)
        ],
        "said": await _said(unit, contact_id),
        "told": await _told(unit, contact, talking),
        "requests": [await _request(unit, one, talking) for one in await requests.all_of(unit, contact_id)],
        "files": [
            {"purpose": one.purpose, "kind": one.kind, "bytes": one.size, "at": one.created_at.isoformat()}
            for one in await vault.of_contact(unit, contact_id)
        ],
        "reports": [
            {"code": one.code, "at": one.at.isoformat(), "place": one.label, "answers": one.answers}
            for one in await _rows(unit, Report, contact_id)
        ],
        "surveys": [
            {
                "request": one.request_code,
                "attitude": one.attitude,
                "procedure": one.procedure,
                "space": one.space,
                "score": one.score,
                "words": one.words,
            }
            for one in await _rows(unit, Survey, contact_id)
        ],
        "proposals": [
            {"code": one.code, "at": one.at.isoformat(), "customer": one.customer_code}
            | {"windows": one.windows, "reason": one.reason, "state": one.state, "why": one.why}
            for one in await _rows(unit, Proposal, contact_id)
        ],
        "talks": [
            {"since": one.queued_at.isoformat(), "with": one.taken_by, "state": one.state}
            for one in await _rows(unit, Handover, contact_id)
        ],
        "questions": [
            {"at": one.last_at.isoformat(), "text": one.text_masked}
            for one in await _rows(unit, UnknownQuestion, contact_id)
        ],
        "wishes": [
            {"code": one.code, "wish": one.wish, "about": one.about, "at": one.asked_at.isoformat()}
            for one in await _rows(unit, PrivacyCase, contact_id)
        ],
    }


async def _request(unit: Unit, request: Request, talking: Talking) -> dict[str, Any]:
    moves = await requests.moves_of(unit, request.id or 0)
    notes = await requests.notes_of(unit, request.id or 0)
    answers = answers_of(request, talking.sealer)
    return {
        "code": request.code,
        "service": request.service,
        "state": request.state,
        "received_at": request.received_at.isoformat(),
        "answers": dict(answers) if answers is not None else None,
        "moves": [{"to": one.to_state, "at": one.at.isoformat(), "note": one.note} for one in moves],
        "notes": [{"kind": one.kind, "text": one.text} for one in notes if one.kind != NoteKind.NOTE],
    }


def _unsealed(sealed: str, contact_id: int, talking: Talking) -> Any:
    assert talking.sealer is not None
    return talking.sealer.open(sealed, f"profile/{contact_id}").decode()


async def _said(unit: Unit, contact_id: int) -> list[dict[str, str]]:
    return [{"at": one.at.isoformat(), "text": one.shown} for one in await _rows(unit, Received, contact_id)]


async def _told(unit: Unit, contact: Contact, talking: Talking) -> list[dict[str, str]]:
    query = (
        select(Delivery.settled_at, Delivery.places, Message.words)  # type: ignore[call-overload]
        .join(Message, col(Message.id) == col(Delivery.message_id))
        .where(col(Delivery.contact_id) == contact.id, col(Delivery.status) == Status.SENT)
        .order_by(col(Delivery.id))
    )
    language = language_of(contact.language)
    told: list[dict[str, str]] = []
    for row in await unit.session.execute(query):
        if len(told) % _AT_ONCE == 0:
            # Years of messages are a second of work, in which nobody else would be answered.
            await asyncio.sleep(0)
        message = render(reply_from_json(row.words), language, talking.speaker, tuple(row.places or ()))
        told.append({"at": row.settled_at.isoformat(), "text": message.text})
    return told


async def _rows(unit: Unit, table: Any, contact_id: int) -> list[Any]:
    query = select(table).where(table.contact_id == contact_id).order_by(table.id)
    return list((await unit.session.execute(query)).scalars())

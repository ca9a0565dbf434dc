"""What a fault of ours kept from being handled becomes a request with a number, so that a person answers it."""

from __future__ import annotations

from datetime import datetime

import structlog

from conversations.model import Reply, Words, say
from handlers import numbering, request_words
from handlers.ports import Incoming
from handlers.request_keeping import CUSTOMER, begin, calendar, id_of, received
from handlers.rules.masking import masked
from handlers.rules.progress import ENDS, UNHANDLED
from store import requests
from store.contacts import Contact
from store.db import Unit
from store.requests import NoteKind, Request, RequestNote

log = structlog.get_logger(__name__)

LONGEST = 1_000


async def keep(unit: Unit, contact: Contact, incoming: Incoming, now: datetime) -> Reply:
    """Keep what came in, under one number for each contact and day, and say which.

    When not even that is possible, the hotline is all there is to say.
    """
    try:
        async with unit.session.begin_nested():
            request = await _request(unit, contact, now)
            said = masked(incoming.shown)[:LONGEST] or type(incoming.event).__name__.lower()
            kept = RequestNote(request_id=id_of(request), kind=NoteKind.SAID, text=said, at=now)
            await requests.keep(unit, kept)
    except Exception:
        log.exception("unhandled_not_kept", channel=contact.channel, event_id=incoming.id)
        return say("error.fault")
    by = request.promised_by
    return Reply((Words("error.kept", {"code": request.code, "by": request_words.day(by)}),))


async def _request(unit: Unit, contact: Contact, now: datetime) -> Request:
    """The open request of today that collects them, or a new one."""
    assert contact.id is not None
    today = calendar().opening(calendar().day_of(now)).replace(hour=0, minute=0).astimezone(now.tzinfo)
    request = await requests.newest_of(unit, contact.id, UNHANDLED, today, ENDS)
    if request is None:
        code = await numbering.new_number(unit, "request")
        request = received(contact, code, UNHANDLED, now)
        await begin(unit, request, CUSTOMER, now)
    return request

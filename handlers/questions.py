"""Questions that a person is to answer later: each is a request with a number and a deadline."""

from __future__ import annotations

from datetime import datetime

from conversations.request_names import QUESTION
from handlers.numbering import new_number
from handlers.request_keeping import CUSTOMER, begin, id_of, received
from handlers.rules.masking import masked
from store import requests
from store.contacts import Contact
from store.db import Unit
from store.requests import NoteKind, RequestNote

LONGEST = 4_000


async def new_code(unit: Unit) -> str:
    """The number of a question that is to be opened."""
    return await new_number(unit, "request")


async def open_question(
    unit: Unit, contact: Contact, code: str, question: str, answer_by: datetime, now: datetime
) -> None:
    """Keep a question under its number, to be answered by then; staff see it among the requests."""
    request = received(contact, code, QUESTION, now)
    # What the customer was told counts, not the promise of the process.
    request.promised_by = answer_by
    await begin(unit, request, CUSTOMER, now)
    asked = RequestNote(request_id=id_of(request), kind=NoteKind.QUESTION, text=masked(question)[:LONGEST], at=now)
    await requests.keep(unit, asked)

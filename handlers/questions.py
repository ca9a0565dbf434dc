"""Questions that a person is to answer later: each is a request with a number and a deadline."""

from __future__ import annotations

from datetime import datetime

from handlers.numbering import new_number
from store.contacts import Contact
from store.db import Unit


async def new_code(unit: Unit) -> str:
    """The number of a question that is to be opened."""
    return await new_number(unit, "request")


async def open_question(
    unit: Unit, contact: Contact, code: str, question: str, answer_by: datetime, now: datetime
) -> None:
    """Keep a question under its number, to be answered by then."""
    del contact, question, answer_by

"""What the staff API takes and answers about customers who asked for a person."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from bot.web.bodies import LARGEST_ID, MOST_A_PAGE, Given, Line
from store.contacts import Contact
from store.handovers import Handover, HandoverState

# As much as every channel carries in one message.
LONGEST_WORDS = 3_000
LONGEST_NOTE = 1_000

Text = Annotated[Line, Field(min_length=1, max_length=LONGEST_WORDS)]


_OWN_LINKS = re.compile(r"(/(?:my-data|calendar)/)[A-Za-z0-9_.-]+")


class HandoversQuery(Given):
    """Which to list: without a state those that are not over, the longest waiting first."""

    state: HandoverState | None = None
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=LARGEST_ID)


class TakeIn(Given):
    """Nothing to say."""


class SayIn(Given):
    """What the customer shall read, as it is: no markup."""

    text: Text


class EndIn(Given):
    """A note for colleagues on what it was about."""

    note: Annotated[Line, Field(max_length=LONGEST_NOTE)] = ""


class HandoverOut(BaseModel):
    """A wish for a person; `name` is what the channel calls the customer."""

    id: int
    state: HandoverState
    channel: str
    name: str
    language: str
    queued_at: datetime
    heard_at: datetime
    taken_at: datetime | None
    taken_by: str
    said_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    note: str
    request_code: str | None

    @classmethod
    def of(cls, handover: Handover, contact: Contact) -> HandoverOut:
        about = {"channel": contact.channel, "name": contact.name, "language": contact.language}
        return cls.model_validate({**handover.model_dump(), **about})


class LineOut(BaseModel):
    """One line of the chat: by the customer, or what was said to them by the bot and by people.

    The customer's own links are cut: whoever opens one reads all that is kept, and nobody would know.
    """

    key: str
    by: str
    at: str
    text: str

    @classmethod
    def of(cls, item: dict[str, Any]) -> LineOut:
        by = "customer" if item["from"] == "me" else "us"
        return cls(key=item["key"], by=by, at=item["at"], text=_OWN_LINKS.sub(r"\1…", item["text"]))


class HandoverInFullOut(HandoverOut):
    """The same with what was said so far, the oldest first; `text` is HTML with nothing but <b> and <i>."""

    lines: list[LineOut]


class HandoversOut(BaseModel):
    """A page of them; `next_before` asks for the next one, null: this is the last."""

    handovers: list[HandoverOut]
    next_before: int | None

"""What the staff API takes and answers about requests of customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from bot.web.bodies import MOST_A_PAGE, Given, Line, masked
from conversations.model import Json
from handlers import requests
from handlers.personal import safe
from store.requests import NoteKind, Request, RequestMove, RequestNote, RequestPaper, RequestRead
from store.vault import VaultAccess

LONGEST_TEXT = 1_000
LONGEST_NAME = 80
_LARGEST_BIG_ID = 2**63 - 1


class RequestsQuery(Given):
    """Which requests to list; `before` is the `next_before` of the page before.

    company: the first six signs of a customer code. late: those whose promise is in danger or broken, or the
    others. assigned: to whom, an empty text for those that nobody has yet.
    """

    state: Annotated[Line, Field(max_length=LONGEST_NAME)] | None = None
    service: Annotated[Line, Field(max_length=LONGEST_NAME)] | None = None
    company: Annotated[Line, Field(max_length=LONGEST_NAME)] | None = None
    late: bool | None = None
    assigned: Annotated[Line, Field(max_length=LONGEST_NAME)] | None = None
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=_LARGEST_BIG_ID)


class ReadQuery(Given):
    """Whether ID numbers are to be read, and why; both are kept with the name of the reader."""

    full: bool = False
    why: Annotated[Line, Field(max_length=LONGEST_TEXT)] = ""


class MoveIn(Given):
    """The state to move to, else 409 with those that are `allowed`; the customer reads the note as it stands."""

    to: Annotated[Line, Field(min_length=1, max_length=LONGEST_NAME)]
    note: Annotated[Line, Field(max_length=LONGEST_TEXT)] | None = None


class AskPaperIn(Given):
    """A paper that is missing: its name in the catalogue, or in words; the customer reads why as it stands."""

    paper: Annotated[Line, Field(min_length=1, max_length=LONGEST_NAME)]
    why: Annotated[Line, Field(max_length=LONGEST_TEXT)] = ""


class NoteIn(Given):
    """Words for staff; the customer does not read them."""

    text: Annotated[Line, Field(min_length=1, max_length=LONGEST_TEXT)]


class AnswerIn(Given):
    """What the customer is told; `question` is the id of the note it answers, else the newest open one."""

    text: Annotated[Line, Field(min_length=1, max_length=LONGEST_TEXT)]
    question: int | None = Field(default=None, ge=1, le=_LARGEST_BIG_ID)


class AssignIn(Given):
    """Who has it: a company, a person or team; null leaves one as it is, an empty text takes it away."""

    company: Annotated[Line, Field(max_length=LONGEST_NAME)] | None = None
    to: Annotated[Line, Field(max_length=LONGEST_NAME)] | None = None


class ExpectIn(Given):
    """The day by which it will be done, when the promise cannot be kept; the customer reads it and why at once."""

    on: date
    why: Annotated[Line, Field(max_length=LONGEST_TEXT)] = ""


class RequestOut(BaseModel):
    """A request as lists show it: the customer's name in initials, of the customer code only its end.

    promised_by: when the promise ends; expected_by: what staff named instead. late: the promise is in danger or
    broken (`escalated_at`: since when staff see it so); late_told_at: when the customer heard it. stopped_at: the
    clock stands still since then, for papers that are missing.
    """

    id: int
    code: str
    service: str
    state: str
    name: str
    customer: str | None
    ward_code: str | None
    company: str | None
    assigned_to: str
    received_at: datetime
    promised_by: datetime
    expected_by: datetime | None
    stopped_at: datetime | None
    late: bool
    escalated_at: datetime | None
    late_told_at: datetime | None
    ended_at: datetime | None
    reopened: int
    last_move_at: datetime
    survey_due_at: datetime | None

    @classmethod
    def of(cls, request: Request) -> RequestOut:
        return cls.model_validate(shown(request))


class MoveOut(BaseModel):
    """A move: who made it, what the customer was to read, and how telling them went (null: they made it)."""

    from_state: str
    to_state: str
    by: str
    note: str
    at: datetime
    told: str | None


class PaperOut(BaseModel):
    """A file of a paper (its bytes are at `/files/{id}`), or, with `file` null, what is asked for and why."""

    paper: str
    file: str | None
    kind: str
    asked_by: str
    why: str
    at: datetime
    met_at: datetime | None

    @classmethod
    def of(cls, paper: RequestPaper) -> PaperOut:
        return cls.model_validate({**paper.model_dump(), "file": paper.file or None})


class PapersOut(BaseModel):
    """The papers of a request, in the order in which they came or were asked for."""

    papers: list[PaperOut]


class ReadOut(BaseModel):
    """Somebody read a request (`file` null) or one of its files. full: with ID numbers; why: in their words."""

    by: str
    file: str | None
    full: bool
    why: str
    at: datetime


class ReadsOut(BaseModel):
    """Who read a request and its files, oldest first."""

    reads: list[ReadOut]

    @classmethod
    def of(cls, reads: Sequence[RequestRead], accesses: Sequence[VaultAccess]) -> ReadsOut:
        """Both kinds in one row."""
        read = [ReadOut(by=one.by, file=None, full=one.full, why=one.why, at=one.at) for one in reads]
        opened = [ReadOut(by=one.who, file=one.file_id, full=True, why=one.why, at=one.at) for one in accesses]
        return cls(reads=sorted(read + opened, key=lambda one: one.at))


class NoteOut(BaseModel):
    """Words about a request: `question` and `said` are the customer's; `answers` names what an answer is to."""

    id: int
    kind: NoteKind
    by: str
    text: str
    at: datetime
    answers: int | None


class RequestInFullOut(RequestOut):
    """One request with all that it takes to work on it; ID numbers only where they were asked for, with a reason.

    answers: by question; null when they cannot be opened here. sealed: false when the vault failed, so that the ID
    number must be asked for again. allowed: the states that it can be moved to now.
    """

    customer_code: str | None
    sealed: bool
    answers: dict[str, Any] | None
    allowed: list[str]
    moves: list[MoveOut]
    papers: list[PaperOut]
    notes: list[NoteOut]

    @classmethod
    def of_one(
        cls,
        request: Request,
        answers: Mapping[str, Json] | None,
        full: bool,
        moves: Sequence[tuple[RequestMove, str | None]],
        papers: Sequence[RequestPaper],
        notes: Sequence[RequestNote],
    ) -> RequestInFullOut:
        if answers is not None and not full:
            answers = {name: safe(one, name) for name, one in answers.items()}
        more = {
            "customer_code": request.customer_code,
            "sealed": bool(request.sealed),
            "answers": None if answers is None else dict(answers),
            "allowed": list(requests.allowed(request)),
            "moves": [{**move.model_dump(), "told": told} for move, told in moves],
            "papers": [PaperOut.of(one) for one in papers],
            "notes": [one.model_dump() for one in notes],
        }
        return cls.model_validate({**shown(request), **more})


class RequestsOut(BaseModel):
    """A page of requests; `next_before` asks for the next one, null: this is the last."""

    requests: list[RequestOut]
    next_before: int | None


class MovedOut(RequestOut):
    """A request after something was done with it, and the states that it can be moved to now."""

    allowed: list[str]

    @classmethod
    def of_moved(cls, request: Request) -> MovedOut:
        return cls.model_validate({**shown(request), "allowed": list(requests.allowed(request))})


def shown(request: Request) -> dict[str, Any]:
    """The row of a request as lists show it."""
    return {
        **request.model_dump(),
        "name": request.shown_name,
        "customer": masked(request.customer_code) if request.customer_code else None,
        "late": request.escalated_at is not None,
    }

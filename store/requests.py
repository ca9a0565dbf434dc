"""Requests of customers for a service: where each stands, how it got there, its papers, notes, and who read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, text, update
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc


class NoteKind(StrEnum):
    """NOTE: of staff, for staff; QUESTION: a customer's; ANSWER: to one, told; SAID: what nobody handled."""

    NOTE = "note"
    QUESTION = "question"
    ANSWER = "answer"
    SAID = "said"


class Request(SQLModel, table=True):
    """What a customer asked for, under the number that they keep.

    service, state: names of the catalogue of services. sealed: JSON of the answers, sealed about `request/<code>`;
    where it could not be sealed, `answers` has it without ID numbers. shown_name: the customer's name as lists
    may show it.
    promised_by: when the promise ends; expected_by: another end that staff named since; due_since: when the one
    that counts was given. stopped_at: since when the promise's clock stands still.
    look_at: when lateness is to be looked at next; escalated_at: since when staff see that the promise is in
    danger; late_told_at: when the customer heard that it will not be kept.
    push_id: the newest message about it; told_state: the state that the customer knows, but for that message.
    """

    __table_args__ = (
        Index(
            "ix_request_look",
            "look_at",
            sqlite_where=text("look_at IS NOT NULL"),
            postgresql_where=text("look_at IS NOT NULL"),
        ),
        Index(
            "ix_request_survey",
            "survey_due_at",
            sqlite_where=text("survey_due_at IS NOT NULL"),
            postgresql_where=text("survey_due_at IS NOT NULL"),
        ),
        Index(
            "ix_request_late",
            "escalated_at",
            sqlite_where=text("escalated_at IS NOT NULL"),
            postgresql_where=text("escalated_at IS NOT NULL"),
        ),
        Index("ix_request_contact", "contact_id", "id"),
        Index("ix_request_state", "state", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    code: str = Field(unique=True)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    service: str
    state: str
    answers: str = "{}"
    sealed: str = ""
    shown_name: str = ""
    customer_code: str | None = None
    ward_code: str | None = None
    company: str | None = Field(default=None, index=True)
    assigned_to: str = ""
    received_at: datetime = Field(sa_type=Utc)
    promised_by: datetime = Field(sa_type=Utc)
    expected_by: datetime | None = Field(default=None, sa_type=Utc)
    due_since: datetime = Field(sa_type=Utc)
    stopped_at: datetime | None = Field(default=None, sa_type=Utc)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    reopened: int = 0
    last_move_at: datetime = Field(sa_type=Utc)
    look_at: datetime | None = Field(default=None, sa_type=Utc)
    escalated_at: datetime | None = Field(default=None, sa_type=Utc)
    late_told_at: datetime | None = Field(default=None, sa_type=Utc)
    survey_due_at: datetime | None = Field(default=None, sa_type=Utc)
    push_id: int | None = Field(default=None, sa_type=BigId)
    told_state: str = ""
    deleted_at: datetime | None = Field(default=None, sa_type=Utc)

    @property
    def due_by(self) -> datetime:
        """By when it is to be done as things stand: what staff named last, else the promise."""
        return self.expected_by or self.promised_by


class RequestMove(SQLModel, table=True):
    """One move of a request; the first is from nowhere. message_id: what tells the customer, if anything does."""

    __table_args__ = (Index("ix_requestmove_request", "request_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    request_id: int = Field(foreign_key="request.id", sa_type=BigId)
    from_state: str
    to_state: str
    by: str
    note: str = ""
    at: datetime = Field(sa_type=Utc)
    message_id: int | None = Field(default=None, sa_type=BigId)


class RequestPaper(SQLModel, table=True):
    """A file that came for a paper, or, while `file` is empty, that staff ask for it and why.

    file: its id in the vault. met_at: when a file came for what was asked for.
    """

    __table_args__ = (Index("ix_requestpaper_request", "request_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    request_id: int = Field(foreign_key="request.id", sa_type=BigId)
    paper: str
    file: str = ""
    kind: str = ""
    asked_by: str = ""
    why: str = ""
    at: datetime = Field(sa_type=Utc)
    met_at: datetime | None = Field(default=None, sa_type=Utc)


class RequestNote(SQLModel, table=True):
    """Words about a request; `answers` is the question that an answer belongs to."""

    __table_args__ = (Index("ix_requestnote_request", "request_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    request_id: int = Field(foreign_key="request.id", sa_type=BigId)
    kind: str
    by: str = ""
    text: str
    at: datetime = Field(sa_type=Utc)
    answers: int | None = Field(default=None, sa_type=BigId)


class RequestRead(SQLModel, table=True):
    """That somebody of staff read a request; full: with its ID numbers, and why."""

    __table_args__ = (Index("ix_requestread_request", "request_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    request_id: int = Field(foreign_key="request.id", sa_type=BigId)
    by: str
    full: bool = False
    why: str = ""
    at: datetime = Field(sa_type=Utc)


# --- requests --------------------------------------------------------------------------------------------------


async def add(unit: Unit, request: Request) -> int:
    """Keep a new request; its id."""
    unit.session.add(request)
    await unit.session.flush()
    assert request.id is not None
    return request.id


async def with_code(unit: Unit, code: str, lock: bool = False) -> Request | None:
    """The request of that number, locked if it is about to be changed."""
    query = select(Request).where(Request.code == code)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.exec(query)).first()


async def hide_all_of(unit: Unit, contact_id: int, now: datetime) -> None:
    """Nobody is shown the requests of a contact any more; without names they stay for the figures."""
    mine = update(Request).where(col(Request.contact_id) == contact_id, col(Request.deleted_at).is_(None))
    await unit.session.execute(mine.values(deleted_at=now).execution_options(synchronize_session=False))


async def waits_for_papers(unit: Unit, contact_id: int) -> bool:
    """Whether a request of the contact that is under way wants a paper that has not come."""
    query = (
        select(RequestPaper.id)
        .join(Request, col(Request.id) == col(RequestPaper.request_id))
        .where(
            Request.contact_id == contact_id,
            col(Request.ended_at).is_(None),
            col(Request.deleted_at).is_(None),
            col(RequestPaper.file) == "",
            col(RequestPaper.met_at).is_(None),
        )
    )
    return (await unit.session.exec(query.limit(1))).first() is not None


async def of_contact(unit: Unit, contact_id: int, limit: int) -> Sequence[Request]:
    """The newest requests of a contact, newest first; what was deleted is not among them."""
    query = (
        select(Request)
        .where(Request.contact_id == contact_id, col(Request.deleted_at).is_(None))
        .order_by(col(Request.id).desc())
        .limit(limit)
    )
    return (await unit.session.exec(query)).all()


async def all_of(unit: Unit, contact_id: int, lock: bool = False) -> Sequence[Request]:
    """Every request of a contact, oldest first, locked if they are about to be changed."""
    query = select(Request).where(Request.contact_id == contact_id).order_by(col(Request.id))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await unit.session.exec(query)).all()


async def newest_of(
    unit: Unit, contact_id: int, service: str, since: datetime, but: Iterable[str]
) -> Request | None:
    """The newest request of a contact for a service, received since a time, in none of the states named."""
    query = (
        select(Request)
        .where(
            Request.contact_id == contact_id,
            Request.service == service,
            col(Request.received_at) >= since,
            col(Request.state).not_in(list(but)),
        )
        .order_by(col(Request.id).desc())
        .with_for_update()
    )
    return (await unit.session.exec(query)).first()


async def page(
    unit: Unit,
    limit: int,
    before: int | None = None,
    state: str | None = None,
    service: str | None = None,
    company: str | None = None,
    late: bool | None = None,
    assigned: str | None = None,
) -> Sequence[Request]:
    """Requests, newest first, a page at a time (`before` is the id the last page ended with).

    late: those whose promise is in danger or broken, or only the others. assigned: to whom; "" for nobody's.
    """
    query = select(Request).where(col(Request.deleted_at).is_(None)).order_by(col(Request.id).desc()).limit(limit)
    named = ((Request.state, state), (Request.service, service), (Request.company, company))
    for column, wanted in named:
        if wanted:
            query = query.where(col(column) == wanted)
    if assigned is not None:
        query = query.where(Request.assigned_to == assigned)
    if late is not None:
        escalated = col(Request.escalated_at)
        query = query.where(escalated.is_not(None) if late else escalated.is_(None))
    if before:
        query = query.where(col(Request.id) < before)
    return (await unit.session.exec(query)).all()


async def to_look_at(unit: Unit, now: datetime, limit: int) -> Sequence[Request]:
    """Requests whose lateness is to be looked at by now, the most urgent first, locked; others' are left out."""
    query = (
        select(Request)
        .where(col(Request.look_at) <= now)
        .order_by(col(Request.look_at), col(Request.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await unit.session.exec(query.execution_options(populate_existing=True))).all()


async def survey_due(unit: Unit, now: datetime, limit: int) -> Sequence[Request]:
    """Finished requests whose customer is to be asked how it went, locked; others' are left out."""
    query = (
        select(Request)
        .where(col(Request.survey_due_at) <= now, col(Request.deleted_at).is_(None))
        .order_by(col(Request.survey_due_at), col(Request.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await unit.session.exec(query.execution_options(populate_existing=True))).all()


# --- what belongs to them --------------------------------------------------------------------------------------


async def moves_of(unit: Unit, *request_ids: int) -> Sequence[RequestMove]:
    """The moves of requests, oldest first."""
    query = select(RequestMove).where(col(RequestMove.request_id).in_(request_ids)).order_by(col(RequestMove.id))
    return (await unit.session.exec(query)).all()


async def untold(unit: Unit, request_id: int, message_id: int) -> None:
    """What a message was to tell of a request is told by none."""
    await unit.session.execute(
        update(RequestMove)
        .where(col(RequestMove.request_id) == request_id, col(RequestMove.message_id) == message_id)
        .values(message_id=None)
        .execution_options(synchronize_session="fetch")
    )


async def papers_of(unit: Unit, *request_ids: int) -> Sequence[RequestPaper]:
    """The papers of requests, files and what is asked for, in the order in which they came."""
    query = (
        select(RequestPaper).where(col(RequestPaper.request_id).in_(request_ids)).order_by(col(RequestPaper.id))
    )
    return (await unit.session.exec(query)).all()


async def notes_of(unit: Unit, request_id: int) -> Sequence[RequestNote]:
    """The notes of a request, oldest first."""
    query = select(RequestNote).where(RequestNote.request_id == request_id).order_by(col(RequestNote.id))
    return (await unit.session.exec(query)).all()


async def reads_of(unit: Unit, request_id: int) -> Sequence[RequestRead]:
    """Who read a request, oldest first."""
    query = select(RequestRead).where(RequestRead.request_id == request_id).order_by(col(RequestRead.id))
    return (await unit.session.exec(query)).all()


async def keep(unit: Unit, row: RequestMove | RequestPaper | RequestNote | RequestRead) -> int:
    """Keep a new row that belongs to a request; its id."""
    unit.session.add(row)
    await unit.session.flush()
    assert row.id is not None
    return row.id

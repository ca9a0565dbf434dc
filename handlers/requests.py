"""What staff do with requests: move them, ask for papers, note, answer, assign, and name a new date."""

from __future__ import annotations

from datetime import date, datetime

from handlers import request_news, request_words
from handlers.escalations import EscalationKind, settle
from handlers.request_keeping import (
    NotAllowed,
    UnknownRequest,
    calendar,
    go,
    id_of,
    known,
    locked,
    outstanding,
    plan_look,
)
from handlers.rules import progress
from handlers.rules.masking import masked
from handlers.rules.progress import PAPERS_MISSING
from store import requests
from store.db import Unit
from store.requests import NoteKind, Request, RequestNote, RequestPaper, RequestRead

__all__ = ["NotAllowed", "TooEarly", "TooFar", "UnknownRequest"]


class TooEarly(Exception):
    """The new date is not after today, or the request has ended or waits for papers."""


class TooFar(Exception):
    """The new date is further ahead than anybody can mean; `days` are how far it may be."""

    days = 366


async def move(unit: Unit, code: str, to: str, note: str, by: str, now: datetime) -> Request:
    """Move a request; the customer is told, with the note as it stands. Raises UnknownRequest, NotAllowed."""
    request = await locked(unit, code)
    made = await go(unit, request, to, by, now, note)
    await request_news.tell_move(unit, request, now, made)
    return request


async def ask_paper(unit: Unit, code: str, paper: str, why: str, by: str, now: datetime) -> Request:
    """Ask the customer for a paper; the promise's clock stands still until it comes.

    Raises UnknownRequest, and NotAllowed for a request that can wait for nothing any more.
    """
    request = await locked(unit, code)
    asked = next((one for one in await outstanding(unit, request) if one.paper == paper), None)
    if asked is None:
        asked = RequestPaper(request_id=id_of(request), paper=paper, at=now)
    asked.asked_by, asked.why = by, masked(why)
    made = None
    if request.state != PAPERS_MISSING:
        made = await go(unit, request, PAPERS_MISSING, by, now)
    await requests.keep(unit, asked)
    await request_news.tell_move(unit, request, now, made)
    return request


async def note(unit: Unit, code: str, text: str, by: str, now: datetime) -> Request:
    """Keep words of staff, for staff. Raises UnknownRequest."""
    request = await locked(unit, code)
    await _note(unit, request, NoteKind.NOTE, text, by, now)
    return request


async def answer(unit: Unit, code: str, text: str, by: str, now: datetime, question: int | None = None) -> Request:
    """Answer the customer's question, the newest open one if none is named; they are told at once.

    Without any open question it is word from staff all the same. Raises UnknownRequest.
    """
    request = await locked(unit, code)
    notes = await requests.notes_of(unit, id_of(request))
    done = {one.answers for one in notes if one.kind == NoteKind.ANSWER}
    asked = [one for one in notes if one.kind in (NoteKind.QUESTION, NoteKind.SAID)]
    open_ones = [one for one in asked if one.id not in done]
    wanted = [one for one in asked if one.id == question] if question is not None else open_ones[-1:]
    about = wanted[0] if wanted else None
    kept = await _note(unit, request, NoteKind.ANSWER, text, by, now, about.id if about else None)
    await settle(unit, EscalationKind.UNANSWERED_QUESTION, code, "", by, now)
    reply = request_words.answered(request, about.text if about else "", text)
    await request_news.say(unit, request, reply, f"request-answer:{kept.id}", now)
    return request


async def assign(unit: Unit, code: str, company: str | None, to: str | None, by: str, now: datetime) -> Request:
    """Give a request to a company, to a person, or both; None leaves one as it is. Raises UnknownRequest."""
    request = await locked(unit, code)
    request.company = request.company if company is None else company or None
    request.assigned_to = request.assigned_to if to is None else to
    unit.session.add(request)
    return request


async def expect(unit: Unit, code: str, on: date, why: str, by: str, now: datetime) -> Request:
    """Name a new day by which it will be done; the customer is told at once, before they ask.

    The promise itself stays what it was. Raises UnknownRequest, TooEarly, TooFar.
    """
    request = await locked(unit, code)
    if (on - calendar().day_of(now)).days > TooFar.days:
        raise TooFar
    by_then = calendar().closing(on).astimezone(now.tzinfo)
    if by_then <= now or request.ended_at is not None or request.stopped_at is not None:
        raise TooEarly
    await settle(unit, EscalationKind.REQUEST_LATE, code, why, by, now)
    request.expected_by, request.due_since = by_then, now
    request.escalated_at = request.late_told_at = None
    plan_look(request, now)
    unit.session.add(request)
    await _note(unit, request, NoteKind.NOTE, f"{on.isoformat()}: {why}".rstrip(": "), by, now)
    key = f"request-expected:{request.id}:{now.isoformat()}"
    await request_news.say(unit, request, request_words.late(request, why), key, now)
    return request


async def read(unit: Unit, code: str, by: str, full: bool, why: str, now: datetime) -> Request:
    """A request to be shown to somebody of staff, which is kept. Raises UnknownRequest."""
    request = await known(unit, code)
    await requests.keep(unit, RequestRead(request_id=id_of(request), by=by, full=full, why=why, at=now))
    return request


def allowed(request: Request) -> tuple[str, ...]:
    """The states that staff can move a request to."""
    return progress.allowed(progress.process_of(request.service), request.state)


async def _note(
    unit: Unit, request: Request, kind: NoteKind, text: str, by: str, now: datetime, answers: int | None = None
) -> RequestNote:
    kept = RequestNote(request_id=id_of(request), kind=kind, by=by, text=masked(text), at=now, answers=answers)
    await requests.keep(unit, kept)
    return kept

"""Moves a request and keeps its history, its promise and the clock of that; says nothing to anybody."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from conversations.model import Json
from handlers import request_files
from handlers.escalations import EscalationKind, settle
from handlers.personal import safe
from handlers.rules import progress
from handlers.rules.masking import masked
from handlers.rules.progress import DONE, ENDS, PAPERS_MISSING, REOPENED, RequestRules
from handlers.rules.working_days import WorkCalendar, work_calendar
from handlers.sealing_port import Sealer
from handlers.talking import ZONE
from store import requests
from store.contacts import Contact
from store.db import Unit
from store.requests import Request, RequestMove, RequestPaper

log = structlog.get_logger(__name__)

# Who made a move that no name of staff stands behind.
CUSTOMER, SERVICE = "customer", "service"


class UnknownRequest(Exception):
    """There is no request of that number."""


class NotAllowed(Exception):
    """The request cannot be moved so from where it is; `allowed` are the states that it can be moved to."""

    def __init__(self, state: str, to: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{state} to {to}")
        self.state, self.to, self.allowed = state, to, tuple(allowed)


def calendar() -> WorkCalendar:
    """Working days of the utility."""
    return work_calendar(ZONE)


def rules(now: datetime) -> RequestRules:
    """The rules of today."""
    return progress.rules_at(calendar().day_of(now))


async def locked(unit: Unit, code: str) -> Request:
    """The request of that number, to be changed. Raises UnknownRequest."""
    return await known(unit, code, lock=True)


async def known(unit: Unit, code: str, lock: bool = False) -> Request:
    """The request of that number, unless its customer had it deleted. Raises UnknownRequest."""
    request = await requests.with_code(unit, code, lock=lock)
    if request is None or request.deleted_at is not None:
        raise UnknownRequest(code)
    return request


def id_of(request: Request) -> int:
    """The id of a request that is kept."""
    assert request.id is not None
    return request.id


def received(contact: Contact, code: str, service: str, now: datetime) -> Request:
    """A new request of a contact, with the promise of its service, for `begin` to keep."""
    assert contact.id is not None
    first = progress.process_of(service).steps[0]
    days = progress.promised_days(service, calendar().day_of(now), rules(now))
    return Request(
        code=code,
        contact_id=contact.id,
        service=service,
        state=first,
        told_state=first,
        received_at=now,
        promised_by=calendar().deadline(now, days),
        due_since=now,
        last_move_at=now,
    )


async def begin(unit: Unit, request: Request, by: str, now: datetime) -> None:
    """Keep a new request, and that it was received."""
    plan_look(request, now)
    await requests.add(unit, request)
    move = RequestMove(request_id=id_of(request), from_state="", to_state=request.state, by=by, at=now)
    await requests.keep(unit, move)


async def go(unit: Unit, request: Request, to: str, by: str, now: datetime, note: str = "") -> RequestMove:
    """Make one move, with all that follows for the promise. Raises NotAllowed."""
    process = progress.process_of(request.service)
    allowed = progress.allowed(process, request.state)
    if to not in allowed:
        raise NotAllowed(request.state, to, allowed)
    move = RequestMove(
        request_id=id_of(request),
        from_state=request.state,
        to_state=to,
        by=by,
        note=masked(note),
        at=now,
    )
    await requests.keep(unit, move)
    was_late = request.escalated_at is not None
    request.state, request.last_move_at = to, now
    if to == PAPERS_MISSING:
        request.stopped_at = request.stopped_at or now
    else:
        run_on(request, now)
    if to in ENDS or to == process.steps[-1]:
        request.ended_at = now
    if to == DONE:
        request.survey_due_at = calendar().working_time_after(now, rules(now).survey)
    if to == REOPENED:
        open_again(request, move.from_state, now)
    if request.ended_at == now or to == REOPENED:
        await request_files.keep(unit, request, now)
    plan_look(request, now)
    unit.session.add(request)
    if was_late and request.escalated_at is None:
        await settle(unit, EscalationKind.REQUEST_LATE, request.code, note, by, now)
    if request.ended_at == now:
        await settle(unit, EscalationKind.UNANSWERED_QUESTION, request.code, note, by, now)
    return move


def run_on(request: Request, now: datetime) -> None:
    """Let the promise's clock run on if it stood still; what was promised then is later by as much."""
    stopped_at, request.stopped_at = request.stopped_at, None
    if stopped_at is None:
        return
    before = request.due_by
    request.promised_by = calendar().extended(request.promised_by, stopped_at, now)
    if request.expected_by is not None:
        request.expected_by = calendar().extended(request.expected_by, stopped_at, now)
    if request.due_by != before:
        request.late_told_at = None


def open_again(request: Request, ended_as: str, now: datetime) -> None:
    """A new promise for a request that is open again; never one that ends before the old one."""
    again = rules(now).reopened_days
    if ended_as != DONE:
        again = progress.promised_days(request.service, calendar().day_of(now), rules(now))
    request.reopened += 1
    request.ended_at = request.survey_due_at = request.expected_by = request.late_told_at = None
    request.due_since = now
    request.promised_by = max(request.promised_by, calendar().deadline(now, again))


def plan_look(request: Request, now: datetime) -> None:
    """When its lateness is to be looked at next: never once it has ended, nor while its clock stands still."""
    if request.ended_at is not None or request.stopped_at is not None:
        request.escalated_at = request.look_at = None
    elif request.escalated_at is None:
        request.look_at = progress.escalates_at(request.due_by, request.due_since, calendar(), rules(now))
    elif request.late_told_at is None:
        request.look_at = progress.tells_at(request.due_by, request.due_since, rules(now))
    else:
        request.look_at = None


async def outstanding(unit: Unit, request: Request) -> list[RequestPaper]:
    """What papers are asked for and have not come, each once."""
    return missing_of(await requests.papers_of(unit, id_of(request)))


def missing_of(papers: Sequence[RequestPaper]) -> list[RequestPaper]:
    """Those of a request's papers that are asked for and have not come."""
    return [one for one in papers if not one.file and one.met_at is None]


def may_open_again(request: Request, now: datetime) -> bool:
    """Whether its customer may open it again: it ended, and not too long ago."""
    ended = request.ended_at
    moves = progress.allowed(progress.process_of(request.service), request.state)
    return ended is not None and REOPENED in moves and now - ended <= rules(now).reopen


# --- answers and files -----------------------------------------------------------------------------------------


def seal_answers(request: Request, answers: Mapping[str, Json], sealer: Sealer | None) -> None:
    """Put answers into a request: sealed, or, when that is not possible, without ID numbers."""
    if sealer is not None:
        plain = json.dumps(dict(answers), ensure_ascii=False).encode()
        try:
            request.sealed = sealer.seal(plain, f"request/{request.code}")
            return
        except Exception:
            # The request is accepted all the same; staff see that its ID number must be asked for again.
            log.exception("request_not_sealed", request=request.code)
    request.answers = json.dumps({name: safe(one, name) for name, one in answers.items()}, ensure_ascii=False)


def answers_of(request: Request, sealer: Sealer | None) -> Mapping[str, Json] | None:
    """The answers by question; None when they are sealed and cannot be opened here."""
    if not request.sealed:
        return _object(request.answers)
    if sealer is None:
        return None
    try:
        return _object(sealer.open(request.sealed, f"request/{request.code}").decode())
    except Exception:
        log.exception("request_not_opened", request=request.code)
        return None


def _object(text: str) -> Mapping[str, Json]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}

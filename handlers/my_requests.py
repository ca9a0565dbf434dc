"""What customers do with their requests: send one, look how far it is, add papers, ask, cancel, open it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from rapidfuzz import fuzz, process

from conversations.my_requests import MyRequest, MyRequests, MyRequestsFound, RequestSeen
from conversations.request_deeds import AddPaper, AskAboutRequest, CancelRequest, ReopenRequest
from conversations.service_words import OpenRequest
from handlers import consents, request_files, request_news
from handlers.request_keeping import (
    CUSTOMER,
    SERVICE,
    begin,
    go,
    id_of,
    may_open_again,
    missing_of,
    outstanding,
    received,
    seal_answers,
)
from handlers.request_subject import subject_of
from handlers.request_words import by_when, picture
from handlers.rules import numbers, progress
from handlers.rules.masking import masked
from handlers.rules.progress import CANCELLED, CHECKING, PAPERS_MISSING, REOPENED
from handlers.talking import Talking
from store import requests
from store.contacts import Contact
from store.db import Unit
from store.requests import NoteKind, Request, RequestMove, RequestNote, RequestPaper

# More are not shown in a list; each is still found by its number.
MOST_SHOWN = 10
_MOST_SEARCHED = 200
# Numbers have nine signs without their dashes: one wrong sign leaves this alike.
_ALIKE = 80


# --- commands --------------------------------------------------------------------------------------------------


async def open_request(unit: Unit, contact: Contact, wish: OpenRequest, now: datetime, talking: Talking) -> None:
    """Keep a request under the number that the customer was told; no vault that fails keeps it from that.

    Papers that must come and did not are asked for at once: the promise runs from a full dossier
    (NĐ 18/2025/NĐ-CP).
    """
    request = received(contact, wish.code, wish.service, now)
    subject = await subject_of(unit, wish.answers)
    request.shown_name, request.customer_code = subject.shown_name, subject.customer_code
    request.ward_code, request.company = subject.ward_code, subject.company
    seal_answers(request, wish.answers, talking.sealer)
    await begin(unit, request, CUSTOMER, now)
    for paper, files in wish.papers.items():
        for file in files:
            await _keep_file(unit, request, paper, file.get("file", ""), file.get("kind", ""), now)
    sent = {paper: [one["file"] for one in files if one.get("file")] for paper, files in wish.papers.items()}
    await request_files.claim(unit, request, sent, now)
    await _wait_for_papers(unit, request, {paper for paper, files in wish.papers.items() if files}, now)
    await consents.remember(unit, contact, wish.answers, now, talking.sealer)


async def add_paper(unit: Unit, contact: Contact, wish: AddPaper, now: datetime, talking: Talking) -> None:
    """Keep a file for a request; when nothing is missing any more, the promise's clock runs on."""
    request = await _owned(unit, contact, wish.code)
    if request is None or request.ended_at is not None:
        return
    if any(one.file == wish.file for one in await requests.papers_of(unit, id_of(request))):
        return
    await _keep_file(unit, request, wish.paper, wish.file, wish.kind, now)
    await request_files.claim(unit, request, {wish.paper: [wish.file]}, now)
    missing = await outstanding(unit, request)
    for one in missing:
        if one.paper == wish.paper:
            one.met_at = now
            unit.session.add(one)
    left = [one for one in missing if one.met_at is None]
    moves = progress.allowed(progress.process_of(request.service), request.state)
    if request.state == PAPERS_MISSING and not left and CHECKING in moves:
        await go(unit, request, CHECKING, CUSTOMER, now)
        await request_news.knows(unit, request, now)
    await unit.session.flush()


async def ask(unit: Unit, contact: Contact, wish: AskAboutRequest, now: datetime, talking: Talking) -> None:
    """Keep a question for staff."""
    request = await _owned(unit, contact, wish.code)
    if request is not None:
        text = masked(wish.text)
        question = RequestNote(request_id=id_of(request), kind=NoteKind.QUESTION, text=text, at=now)
        await requests.keep(unit, question)


async def cancel(unit: Unit, contact: Contact, wish: CancelRequest, now: datetime, talking: Talking) -> None:
    """The customer wants it no longer."""
    request = await _owned(unit, contact, wish.code)
    if request is not None and CANCELLED in _moves(request):
        await go(unit, request, CANCELLED, CUSTOMER, now, talking.speaker.plain(wish.why, "vi"))
        await request_news.knows(unit, request, now)


async def reopen(unit: Unit, contact: Contact, wish: ReopenRequest, now: datetime, talking: Talking) -> None:
    """The customer is not satisfied, or wants it again after all."""
    request = await _owned(unit, contact, wish.code)
    if request is None or await consents.withdrawn_at(unit, request.contact_id) >= request.received_at:
        return
    if may_open_again(request, now):
        await go(unit, request, REOPENED, CUSTOMER, now, talking.speaker.plain(wish.why, "vi"))
        await request_news.knows(unit, request, now)


# --- look-ups --------------------------------------------------------------------------------------------------


async def mine(
    unit: Unit, contact: Contact, query: MyRequests, now: datetime, talking: Talking
) -> MyRequestsFound:
    """The contact's newest requests."""
    assert contact.id is not None
    found = await requests.of_contact(unit, contact.id, MOST_SHOWN)
    return MyRequestsFound(tuple(await _seen(unit, found, now)))


async def one(unit: Unit, contact: Contact, query: MyRequest, now: datetime, talking: Talking) -> RequestSeen:
    """The contact's request of a number as typed, else those of theirs that it may be a slip for."""
    assert contact.id is not None
    own = await requests.of_contact(unit, contact.id, _MOST_SEARCHED)
    meant = _meant(query.asked, own)
    if meant is not None:
        (seen,) = await _seen(unit, [meant], now)
        return replace(seen, others=len(own) > 1)
    signs = {one.code: one.code.replace("-", "") for one in own}
    typed = "".join(sign for sign in query.asked.upper() if sign.isalnum())
    alike = process.extract(typed, signs, scorer=fuzz.ratio, limit=3, score_cutoff=_ALIKE)
    return RequestSeen(near=tuple(str(code) for _, _, code in alike))


def _meant(asked: str, own: Sequence[Request]) -> Request | None:
    """The request that a number names: with its check letter, or only by its digits."""
    read = numbers.read(asked)
    if read is not None:
        code = numbers.number(*read)
        return next((one for one in own if one.code == code), None)
    typed = asked.strip().upper().removeprefix("HS").strip(" -")
    if typed.isdecimal() and len(typed) < 10:
        return next((one for one in own if int(one.code.split("-")[1]) == int(typed)), None)
    return None


async def _seen(unit: Unit, found: Sequence[Request], now: datetime) -> list[RequestSeen]:
    """Requests as their customer sees them; what belongs to all of them is read at once."""
    if not found:
        return []
    ids = [id_of(one) for one in found]
    withdrawn = await consents.withdrawn_at(unit, found[0].contact_id)
    moves, papers = await requests.moves_of(unit, *ids), await requests.papers_of(unit, *ids)
    return [
        _seen_one(
            request,
            [one for one in moves if one.request_id == request.id],
            [one for one in papers if one.request_id == request.id],
            now,
            agreed=withdrawn < request.received_at,
        )
        for request in found
    ]


def _seen_one(
    request: Request,
    moves: Sequence[RequestMove],
    papers: Sequence[RequestPaper],
    now: datetime,
    agreed: bool,
) -> RequestSeen:
    process = progress.process_of(request.service)
    steps = progress.steps_seen(process, [(move.to_state, move.at) for move in moves])
    asked = [] if request.ended_at else missing_of(papers)
    last_file = max((one.at for one in papers if one.file), default=None)
    known = progress.service_of(request.service)
    last = moves[-1]
    return RequestSeen(
        code=request.code,
        service=request.service,
        state=request.state,
        by_when=tuple(by_when(request)),
        note=last.note if last.by not in (CUSTOMER, SERVICE) else "",
        missing=tuple(one.paper for one in asked),
        asked_since=tuple(one.paper for one in asked if last_file and one.at > last_file),
        papers=tuple(paper.name for paper in known.papers) if known else (),
        files=sum(1 for one in papers if one.file),
        may=_may(request, now, agreed),
        picture=picture(request, steps, now),
    )


def _may(request: Request, now: datetime, agreed: bool) -> frozenset[str]:
    """What its customer can do with it now; agreed: what was told for it may still be used."""
    may = {"ask"}
    if request.ended_at is None:
        may.add("add_paper")
    if CANCELLED in _moves(request):
        may.add("cancel")
    if agreed and may_open_again(request, now):
        may.add("reopen")
    return frozenset(may)


def _moves(request: Request) -> tuple[str, ...]:
    return progress.allowed(progress.process_of(request.service), request.state)


async def _owned(unit: Unit, contact: Contact, code: str) -> Request | None:
    """A button's value can be forged: only the contact's own requests are theirs to change."""
    request = await requests.with_code(unit, code, lock=True)
    if request is None or request.contact_id != contact.id or request.deleted_at is not None:
        return None
    return request


async def _keep_file(unit: Unit, request: Request, paper: str, file: str, kind: str, now: datetime) -> None:
    if file:
        row = RequestPaper(request_id=id_of(request), paper=paper, file=file, kind=kind, at=now)
        await requests.keep(unit, row)


async def _wait_for_papers(unit: Unit, request: Request, there: set[str], now: datetime) -> None:
    service = progress.service_of(request.service)
    papers = service.papers if service else ()
    missing = [paper.name for paper in papers if paper.need == "must" and paper.name not in there]
    if not missing or PAPERS_MISSING not in _moves(request):
        return
    for paper in missing:
        await requests.keep(unit, RequestPaper(request_id=id_of(request), paper=paper, asked_by=SERVICE, at=now))
    await go(unit, request, PAPERS_MISSING, SERVICE, now)
    await request_news.knows(unit, request, now)

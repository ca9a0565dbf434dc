"""The words that customers get about their requests: news of a move, an answer, and that a promise is late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from conversations.model import Button, Json, Moment, Picture, Reply, Words
from conversations.my_requests import reopen_button
from conversations.request_names import paper_name, service_name, state_name, state_sentence, step_name
from conversations.wire import words_to_json
from handlers.rules.masking import masked
from handlers.rules.progress import CANCELLED, DECLINED, DONE, PAPERS_MISSING, StepSeen
from store.requests import Request, RequestPaper

_MENU = Button(Words("button.menu"), "!menu", nav=True)


def moved(request: Request, notes: Sequence[str], asked: Sequence[RequestPaper], picture: Picture) -> Reply:
    """Where a request is now, what staff said to it, which papers are missing, and by when it is done."""
    words = [
        Words("request.moved", {**_common(request), "state": state_name(request.state)}),
        state_sentence(request.state),
    ]
    if asked:
        words.append(Words("request.papers", {"n": len(asked), "list": tuple(_line(one) for one in asked)}))
    words += [Words("request.note", {"note": masked(note)}) for note in notes]
    words += by_when(request)
    return Reply(tuple(words), (*_next(request, asked), _MENU), picture=picture)


def by_when(request: Request) -> list[Words]:
    """By when it is done, that the clock stands still, or nothing for a request that has ended."""
    if request.ended_at is not None:
        return []
    if request.stopped_at is not None:
        return [Words("request.clock_stopped")]
    key = "request.expected" if request.expected_by else "request.promised"
    return [Words(key, {"by": day(request.due_by)})]


def late(request: Request, why: str = "") -> Reply:
    """The promise will not be kept: said before the customer asks, with a new date if staff know one."""
    key = "request.late_expected" if request.expected_by else "request.late"
    words = [Words(key, {**_common(request), "by": day(request.due_by)})]
    if why:
        words.append(Words("request.note", {"note": masked(why)}))
    ask = Button(Words("button.ask_request"), f"go:ask_request:{request.code}")
    return Reply(tuple(words), (_show(request), ask, _MENU))


def answered(request: Request, question: str, text: str) -> Reply:
    """What staff answer to the customer's question."""
    values = {**_common(request), "question": masked(question), "answer": masked(text)}
    key = "request.answered" if question else "request.told"
    ask = Button(Words("button.ask_again"), f"go:ask_request:{request.code}")
    return Reply((Words(key, values),), (ask, _show(request), _MENU))


def picture(request: Request, steps: Sequence[StepSeen], now: datetime) -> Picture:
    """How far it is, to be drawn (handlers/pictures/progress.py says what the data is)."""
    due = None if request.ended_at or request.stopped_at else request.due_by.isoformat()
    shown: list[Json] = [
        {
            "name": words_to_json(step_name(step.name)),
            "mark": step.mark,
            "at": step.at.isoformat() if step.at else None,
        }
        for step in steps
    ]
    data: dict[str, Json] = {
        "code": request.code,
        "service": words_to_json(service_name(request.service)),
        "state": words_to_json(state_name(request.state)),
        "aside": request.state not in [step.name for step in steps],
        "look": "bad" if request.state in (DECLINED, CANCELLED) else "wait" if request.stopped_at else "good",
        "steps": shown,
        "due": due,
        "now": now.isoformat(),
    }
    return Picture("progress", data)


def day(at: datetime) -> Moment:
    """A day as texts show it."""
    return Moment(at.isoformat(), "day")


def _common(request: Request) -> dict[str, str | Words]:
    return {"code": request.code, "service": service_name(request.service)}


def _line(asked: RequestPaper) -> Words:
    values: dict[str, str | Words] = {"paper": paper_name(asked.paper)}
    if not asked.why:
        return Words("request.paper_line", values)
    return Words("request.paper_line_why", {**values, "why": masked(asked.why)})


def _show(request: Request) -> Button:
    return Button(Words("button.show_request"), f"go:requests:{request.code}")


def _next(request: Request, asked: Sequence[RequestPaper]) -> tuple[Button, ...]:
    """What the customer is most likely to do about it."""
    if request.state == PAPERS_MISSING or asked:
        return (Button(Words("button.add_paper"), f"go:add_paper:{request.code}"), _show(request))
    if request.state in (DONE, DECLINED):
        return (reopen_button(request.code, request.state),)
    return (_show(request),)

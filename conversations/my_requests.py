"""My requests: how far each of them is and by when it is done, in words and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.fields import literally, unread
from conversations.model import (
    Again,
    Answers,
    Button,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Look,
    Picture,
    Press,
    Query,
    Reading,
    Reply,
    Step,
    Text,
    Understood,
    Value,
    Words,
)
from conversations.request_names import paper_name, service_name, state_name, state_sentence

# What is known ahead when nobody said which request it is.
ONLY = "only"
MENU = Button(Words("button.menu"), "!menu", nav=True)
_NO_PICTURE = Picture("progress", None)


@dataclass(frozen=True)
class MyRequests(Query):
    """The requests of this contact."""


@dataclass(frozen=True)
class MyRequest(Query):
    """One request of this contact, by its number as typed."""

    asked: str


@dataclass(frozen=True)
class RequestSeen(Found):
    """A request as its customer sees it; without a `code` there is none, and `near` are theirs that may be meant.

    by_when: sentences on when it is done. note: what staff said last. missing: papers that are asked for and have
    not come; asked_since: those of them asked for after the last file came; papers: those that the service
    wants at all; files: how many came. may: what the customer can do (add_paper, ask, cancel, reopen). others:
    whether the contact has more than this one.
    """

    code: str = ""
    service: str = ""
    state: str = ""
    by_when: tuple[Words, ...] = ()
    note: str = ""
    missing: tuple[str, ...] = ()
    asked_since: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    files: int = 0
    may: frozenset[str] = frozenset()
    picture: Picture = _NO_PICTURE
    others: bool = False
    near: tuple[str, ...] = ()


@dataclass(frozen=True)
class MyRequestsFound(Found):
    """The newest requests of a contact, newest first."""

    requests: tuple[RequestSeen, ...]


@dataclass(frozen=True)
class WhichRequest:
    """One of the contact's own requests: a button, or its number as people type and read it."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        found = facts.requests if isinstance(facts, MyRequestsFound) else ()
        return tuple(Button(_short(one), one.code) for one in found)

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == ONLY:
                return Look(MyRequests())
            case Press(value) | Text(value):
                return Look(MyRequest(value))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        if isinstance(found, MyRequestsFound):
            (first, *more) = found.requests
            return Again(listing({}, found), asks=True) if more else Given(first.code)
        assert isinstance(found, RequestSeen)
        if found.code:
            return Given(found.code)
        if found.near:
            near = tuple(Button(literally(code), code) for code in found.near)
            return Again(Words("requests.slip"), near, asks=True)
        return Again(Words("requests.not_yours"))


def listing(answers: Answers, facts: Found | None) -> Words:
    """Every request in a line, then the question which one to see."""
    found = facts.requests if isinstance(facts, MyRequestsFound) else ()
    return Words("requests.request", {"n": len(found), "list": tuple(_line(one) for one in found)})


def _line(one: RequestSeen) -> Words:
    values: dict[str, Value] = {**common(one), "state": state_name(one.state)}
    if not one.by_when:
        return Words("requests.line", values)
    return Words("requests.line_when", {**values, "when": one.by_when[0]})


def _short(one: RequestSeen) -> Words:
    return Words("requests.item", {"code": one.code, "service": service_name(one.service)})


def nothing_sent(facts: Found | None) -> Finish | None:
    if isinstance(facts, MyRequestsFound) and not facts.requests:
        return Finish(Reply((Words("requests.none"),), (MENU,)))
    return None


def show(answers: Answers, facts: Found | None) -> Finish:
    """How far one is, in words and as a picture, and what can be done with it."""
    assert isinstance(facts, RequestSeen)
    if not facts.code:
        return Finish(Reply((Words("requests.not_yours"),), (MENU,)))
    words = [
        Words("requests.seen", {**common(facts), "state": state_name(facts.state)}),
        state_sentence(facts.state),
    ]
    if facts.missing:
        papers = tuple(Words("request.paper_line", {"paper": paper_name(one)}) for one in facts.missing)
        words.append(Words("request.papers", {"n": len(papers), "list": papers}))
    if facts.note:
        words.append(Words("request.note", {"note": facts.note}))
    words += [*facts.by_when, Words("requests.call")]
    return Finish(Reply(tuple(words), (*_deeds(facts), MENU), picture=facts.picture))


def _deeds(seen: RequestSeen) -> tuple[Button, ...]:
    deeds = {
        "add_paper": Button(Words("button.add_paper"), f"go:add_paper:{seen.code}"),
        "ask": Button(Words("button.ask_request"), f"go:ask_request:{seen.code}"),
        "reopen": reopen_button(seen.code, seen.state),
        "cancel": Button(Words("button.cancel_request"), f"go:cancel_request:{seen.code}"),
    }
    more = (Button(Words("requests.others"), "go:requests"),) if seen.others else ()
    return (*(button for deed, button in deeds.items() if deed in seen.may), *more)


def reopen_button(code: str, state: str) -> Button:
    """What opens a request again: who is not satisfied, or who wants it after all."""
    key = "button.not_satisfied" if state == "done" else "button.reopen_request"
    return Button(Words(key), f"go:reopen_request:{code}")


def common(seen: RequestSeen) -> dict[str, str | Words]:
    return {"code": seen.code, "service": service_name(seen.service)}


def show_button(code: str) -> Button:
    return Button(Words("button.show_request"), f"go:requests:{code}")


def asked(answers: Answers) -> Query:
    return MyRequest(str(answers["request"]))


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "HS-000127-K tới đâu rồi" names the request; without a number it is the only one, if there is one."""
    named = understood.values.get("request")
    return {"request": Text(named) if named else Press(ONLY)}


# The question which request it is about; the only one is not asked for.
WHICH = Step("request", WhichRequest(), needs=lambda answers: MyRequests(), prompt=listing, instead=nothing_sent)

FLOW = Flow(
    name="requests",
    starts_on=("request_progress",),
    prefill=prefill,
    steps=(WHICH,),
    needs=asked,
    finish=show,
)

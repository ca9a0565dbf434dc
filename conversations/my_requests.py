"""My requests: how far each is and by when it is done; papers added, questions asked, cancelled, opened again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from conversations.fields import Choice, Line, line_words, literally, unread
from conversations.model import (
    Again,
    Answers,
    Button,
    Command,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Json,
    Look,
    Photo,
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
LONGEST_QUESTION = 500
LONGEST_WHY = 300
# A paper of another kind than those that are asked for.
OTHER_PAPER = "other"
_MENU = Button(Words("button.menu"), "!menu", nav=True)
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
    not come; papers: those that the service wants at all; files: how many came. may: what the customer can do
    (add_paper, ask, cancel, reopen). others: whether the contact has more than this one.
    """

    code: str = ""
    service: str = ""
    state: str = ""
    by_when: tuple[Words, ...] = ()
    note: str = ""
    missing: tuple[str, ...] = ()
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
class AddPaper(Command):
    """Keep a file for a request; `file` is its id in the vault, kind: image or pdf."""

    code: str
    paper: str
    file: str
    kind: str


@dataclass(frozen=True)
class AskAboutRequest(Command):
    """Keep a question on a request for staff."""

    code: str
    text: str


@dataclass(frozen=True)
class CancelRequest(Command):
    """The customer wants it no longer."""

    code: str
    why: Words


@dataclass(frozen=True)
class ReopenRequest(Command):
    """The customer is not satisfied with how it ended."""

    code: str
    why: Words


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


@dataclass(frozen=True)
class WhichPaper:
    """The paper that a file is sent as: one that is asked for, one that the service takes, or another."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        seen = facts if isinstance(facts, RequestSeen) else RequestSeen()
        names = dict.fromkeys((*seen.missing, *seen.papers))
        named = tuple(Button(paper_name(name), name) for name in names)
        return (*named, Button(Words("add_paper.other"), OTHER_PAPER))

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value):
                return Given(value)
            case Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("papers are looked up before the question, not after")


@dataclass(frozen=True)
class PaperFile:
    """A photo or PDF of the paper; after the first one (`more`) `done` says that there are no more."""

    more: bool
    collects: str = "paper"
    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return (Button(Words("add_paper.done"), "done"),) if self.more else ()

    def read(self, event: Event) -> Reading:
        match event:
            case Photo(file=file, kind=kind, problem=problem) if file:
                return Given({"file": file, "kind": kind, "problem": problem})
            case Photo(problem=problem):
                return Again(Words(f"file.problem.{problem}" if problem else "add_paper.not_kept"))
            case Press("done") if self.more:
                return Given("done")
            case Press() | Text():
                return Again(Words("add_paper.send_photo"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a file is looked at before it comes here")


# --- seeing them -----------------------------------------------------------------------------------------------


def listing(answers: Answers, facts: Found | None) -> Words:
    """Every request in a line, then the question which one to see."""
    found = facts.requests if isinstance(facts, MyRequestsFound) else ()
    return Words("requests.request", {"n": len(found), "list": tuple(_line(one) for one in found)})


def _line(one: RequestSeen) -> Words:
    values: dict[str, Value] = {**_common(one), "state": state_name(one.state)}
    if not one.by_when:
        return Words("requests.line", values)
    return Words("requests.line_when", {**values, "when": one.by_when[0]})


def _short(one: RequestSeen) -> Words:
    return Words("requests.item", {"code": one.code, "service": service_name(one.service)})


def nothing_sent(facts: Found | None) -> Finish | None:
    if isinstance(facts, MyRequestsFound) and not facts.requests:
        return Finish(Reply((Words("requests.none"),), (_MENU,)))
    return None


def show(answers: Answers, facts: Found | None) -> Finish:
    """How far one is, in words and as a picture, and what can be done with it."""
    assert isinstance(facts, RequestSeen)
    if not facts.code:
        return Finish(Reply((Words("requests.not_yours"),), (_MENU,)))
    words = [
        Words("requests.seen", {**_common(facts), "state": state_name(facts.state)}),
        state_sentence(facts.state),
    ]
    if facts.missing:
        papers = tuple(Words("request.paper_line", {"paper": paper_name(one)}) for one in facts.missing)
        words.append(Words("request.papers", {"n": len(papers), "list": papers}))
    if facts.note:
        words.append(Words("request.note", {"note": facts.note}))
    words += [*facts.by_when, Words("requests.call")]
    return Finish(Reply(tuple(words), (*_deeds(facts), _MENU), picture=facts.picture))


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


def _common(seen: RequestSeen) -> dict[str, str | Words]:
    return {"code": seen.code, "service": service_name(seen.service)}


# --- doing something with one ----------------------------------------------------------------------------------


def cannot(facts: Found | None, deed: str) -> Finish | None:
    """The end of a flow about a request that is not the customer's, or with which this cannot be done."""
    if not isinstance(facts, RequestSeen) or deed in facts.may:
        return None
    if not facts.code:
        return Finish(Reply((Words("requests.not_yours"),), (_MENU,)))
    words = Words(f"requests.cannot_{deed}", {**_common(facts), "state": state_name(facts.state)})
    return Finish(Reply((words,), (_show(facts.code), _MENU)))


def _show(code: str) -> Button:
    return Button(Words("button.show_request"), f"go:requests:{code}")


def _asked(answers: Answers) -> Query:
    return MyRequest(str(answers["request"]))


def _about(key: str, answers: Answers, facts: Found | None) -> Words:
    """The question under that key, with the number and the service of the request it is about."""
    seen = facts if isinstance(facts, RequestSeen) else RequestSeen(code=str(answers.get("request", "")))
    return Words(key, _common(seen))


def files_of(code: str, paper: str) -> Finish:
    """Go on with the files of a paper."""
    return Finish(Reply(()), then=("add_file", {"request": Press(code), "paper": Press(paper)}))


def only_missing(facts: Found | None) -> Finish | None:
    """The paper that is meant, where one alone is asked for; the end, where none can be added."""
    if isinstance(facts, RequestSeen) and "add_paper" in facts.may and len(facts.missing) == 1:
        return files_of(facts.code, facts.missing[0])
    return cannot(facts, "add_paper")


def _paper_of(answers: Answers, facts: Found | None) -> Words:
    return _about("add_paper.paper", answers, facts)


def ask_for_file(answers: Answers, facts: Found | None) -> Words:
    return Words("add_paper.file", {"paper": _paper(answers["paper"])})


def _paper(answer: Json) -> Words:
    return Words("add_paper.another") if answer == OTHER_PAPER else paper_name(str(answer))


def add_file(answers: Answers, facts: Found | None) -> Finish:
    """Keep the file and wait for the next one; every file counts at once, so that none is lost."""
    code, paper, file = str(answers["request"]), str(answers["paper"]), answers["file"]
    if not isinstance(file, dict):
        return Finish(Reply((Words("add_paper.thanks", {"code": code}),), (_show(code), _MENU)))
    kept = AddPaper(code, paper, str(file["file"]), str(file["kind"]))
    words = [Words("add_paper.kept", {"paper": _paper(paper), "code": code})]
    if file.get("problem"):
        words.append(Words(f"file.problem.{file['problem']}"))
    left = facts.missing if isinstance(facts, RequestSeen) else ()
    others = tuple(one for one in left if one != paper)
    if others:
        words.append(Words("add_paper.left", {"papers": tuple(paper_name(one) for one in others)}))
    elif left:
        words.append(Words("add_paper.complete"))
    return Finish(Reply(tuple(words)), (kept,), (ADD_MORE.name, {"request": Press(code), "paper": Press(paper)}))


def ask(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, RequestSeen)
    words = Words("ask_request.sent", _common(facts))
    said = answers["question"]
    text = str(said["text"]) if isinstance(said, dict) else str(said)
    return Finish(Reply((words,), (_show(facts.code), _MENU)), (AskAboutRequest(facts.code, text),))


def cancel(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, RequestSeen)
    if answers["sure"] == "no":
        return Finish(Reply((Words("cancel_request.kept", _common(facts)),), (_show(facts.code), _MENU)))
    words = Words("cancel_request.done", _common(facts))
    again = reopen_button(facts.code, "cancelled")
    return Finish(Reply((words,), (again, _MENU)), (CancelRequest(facts.code, line_words(answers["why"])),))


def reopen(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, RequestSeen)
    words = Words("reopen_request.done", _common(facts))
    why = line_words(answers["why"])
    return Finish(Reply((words,), (_show(facts.code), _MENU)), (ReopenRequest(facts.code, why),))


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "HS-000127-K tới đâu rồi" names the request; without a number it is the only one, if there is one."""
    named = understood.values.get("request")
    return {"request": Text(named) if named else Press(ONLY)}


WHICH_PAPER = Step(
    "paper",
    WhichPaper(),
    needs=_asked,
    instead=lambda facts: cannot(facts, "add_paper"),
    prompt=_paper_of,
)
# Which request it is about; one with which the deed cannot be done ends the flow at the next question.
WHICH = Step("request", WhichRequest(), needs=lambda answers: MyRequests(), prompt=listing, instead=nothing_sent)

FLOW = Flow(
    name="requests",
    starts_on=("request_progress",),
    prefill=prefill,
    steps=(WHICH,),
    needs=_asked,
    finish=show,
)

# Which paper is to come; where only one is asked for, nobody is asked which.
ADD_PAPER = Flow(
    name="add_paper",
    in_menu=False,
    prefill=prefill,
    steps=(WHICH, replace(WHICH_PAPER, instead=only_missing)),
    finish=lambda answers, facts: files_of(str(answers["request"]), str(answers["paper"])),
)

ADD_FILE = Flow(
    name="add_file",
    in_menu=False,
    steps=(WHICH, WHICH_PAPER, Step("file", PaperFile(more=False), prompt=ask_for_file)),
    needs=_asked,
    finish=add_file,
)

# After the first file of a paper: the others follow without a word, as people send them.
ADD_MORE = Flow(
    name="add_more",
    in_menu=False,
    steps=(WHICH, WHICH_PAPER, Step("file", PaperFile(more=True))),
    needs=_asked,
    finish=add_file,
)

ASK = Flow(
    name="ask_request",
    in_menu=False,
    prefill=prefill,
    steps=(
        WHICH,
        Step(
            "question",
            Line(LONGEST_QUESTION),
            needs=_asked,
            instead=lambda facts: cannot(facts, "ask"),
            prompt=lambda answers, facts: _about("ask_request.question", answers, facts),
        ),
    ),
    needs=_asked,
    finish=ask,
)

CANCEL = Flow(
    name="cancel_request",
    in_menu=False,
    prefill=prefill,
    steps=(
        WHICH,
        Step(
            "why",
            Line(LONGEST_WHY, lambda answers: ("cancel_why.no_need", "cancel_why.wrong", "cancel_why.too_long")),
            needs=_asked,
            instead=lambda facts: cannot(facts, "cancel"),
            prompt=lambda answers, facts: _about("cancel_request.why", answers, facts),
        ),
        Step(
            "sure",
            Choice("cancel_request.sure", ("yes", "no")),
            needs=_asked,
            instead=lambda facts: cannot(facts, "cancel"),
            prompt=lambda answers, facts: _about("cancel_request.sure", answers, facts),
        ),
    ),
    needs=_asked,
    finish=cancel,
)

REOPEN = Flow(
    name="reopen_request",
    in_menu=False,
    prefill=prefill,
    steps=(
        WHICH,
        Step(
            "why",
            Line(LONGEST_WHY, lambda answers: ("reopen_why.not_done", "reopen_why.not_well", "reopen_why.again")),
            needs=_asked,
            instead=lambda facts: cannot(facts, "reopen"),
            prompt=lambda answers, facts: _about("reopen_request.why", answers, facts),
        ),
    ),
    needs=_asked,
    finish=reopen,
)

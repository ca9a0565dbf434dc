"""What a customer does with a request of theirs: adds papers, asks, cancels it, opens it again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from conversations.fields import Choice, Line, OneOfFound, line_words, unread
from conversations.files import is_done
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
    Photo,
    Press,
    Reading,
    Reply,
    Step,
    Text,
    Words,
)
from conversations.my_requests import (
    MENU,
    WHICH,
    RequestSeen,
    asked,
    common,
    prefill,
    reopen_button,
    show_button,
)
from conversations.request_names import paper_name, state_name

LONGEST_QUESTION = 500
LONGEST_WHY = 300
# A paper of another kind than those that are asked for.
OTHER_PAPER = "other"


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


def paper_buttons(facts: Found) -> tuple[Button, ...]:
    """The papers that a file can be sent as: those asked for, those that the service takes, and another."""
    seen = facts if isinstance(facts, RequestSeen) else RequestSeen()
    names = dict.fromkeys((*seen.missing, *seen.papers))
    named = tuple(Button(paper_name(name), name) for name in names)
    return (*named, Button(Words("add_paper.other"), OTHER_PAPER))


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
            case Text(text) if self.more and is_done(text):
                return Given("done")
            case Press() | Text():
                return Again(Words("add_paper.send_photo"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a file is looked at before it comes here")


def cannot(facts: Found | None, deed: str) -> Finish | None:
    """The end of a flow about a request that is not the customer's, or with which this cannot be done."""
    if not isinstance(facts, RequestSeen) or deed in facts.may:
        return None
    if not facts.code:
        return Finish(Reply((Words("requests.not_yours"),), (MENU,)))
    words = Words(f"requests.cannot_{deed}", {**common(facts), "state": state_name(facts.state)})
    return Finish(Reply((words,), (show_button(facts.code), MENU)))


def _about(key: str, answers: Answers, facts: Found | None) -> Words:
    """The question under that key, with the number and the service of the request it is about."""
    seen = facts if isinstance(facts, RequestSeen) else RequestSeen(code=str(answers.get("request", "")))
    return Words(key, common(seen))


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
        return Finish(Reply((Words("add_paper.thanks", {"code": code}),), (show_button(code), MENU)))
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


def add_another(answers: Answers, facts: Found | None) -> Finish:
    """As before, but what staff asked for since the last file came is what the next one is."""
    late = facts.asked_since if isinstance(facts, RequestSeen) else ()
    other = len(late) == 1 and isinstance(facts, RequestSeen) and answers["paper"] not in facts.missing
    return add_file({**answers, "paper": late[0]} if other else answers, facts)


def ask(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, RequestSeen)
    words = Words("ask_request.sent", common(facts))
    said = answers["question"]
    text = str(said["text"]) if isinstance(said, dict) else str(said)
    return Finish(Reply((words,), (show_button(facts.code), MENU)), (AskAboutRequest(facts.code, text),))


def cancel(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, RequestSeen)
    if answers["sure"] == "no":
        return Finish(Reply((Words("cancel_request.kept", common(facts)),), (show_button(facts.code), MENU)))
    words = Words("cancel_request.done", common(facts))
    again = reopen_button(facts.code, "cancelled")
    return Finish(Reply((words,), (again, MENU)), (CancelRequest(facts.code, line_words(answers["why"])),))


def reopen(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, RequestSeen)
    words = Words("reopen_request.done", common(facts))
    why = line_words(answers["why"])
    return Finish(Reply((words,), (show_button(facts.code), MENU)), (ReopenRequest(facts.code, why),))


WHICH_PAPER = Step(
    "paper",
    OneOfFound(paper_buttons),
    needs=asked,
    instead=lambda facts: cannot(facts, "add_paper"),
    prompt=_paper_of,
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
    needs=asked,
    finish=add_file,
)

# After the first file of a paper: the others follow without a word, as people send them.
ADD_MORE = Flow(
    name="add_more",
    in_menu=False,
    steps=(WHICH, WHICH_PAPER, Step("file", PaperFile(more=True))),
    needs=asked,
    finish=add_another,
)

ASK = Flow(
    name="ask_request",
    in_menu=False,
    prefill=prefill,
    steps=(
        WHICH,
        Step(
            "question",
            Line(LONGEST_QUESTION, greedy=False),
            needs=asked,
            instead=lambda facts: cannot(facts, "ask"),
            prompt=lambda answers, facts: _about("ask_request.question", answers, facts),
        ),
    ),
    needs=asked,
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
            needs=asked,
            instead=lambda facts: cannot(facts, "cancel"),
            prompt=lambda answers, facts: _about("cancel_request.why", answers, facts),
        ),
        Step(
            "sure",
            Choice("cancel_request.sure", ("yes", "no")),
            needs=asked,
            instead=lambda facts: cannot(facts, "cancel"),
            prompt=lambda answers, facts: _about("cancel_request.sure", answers, facts),
        ),
    ),
    needs=asked,
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
            needs=asked,
            instead=lambda facts: cannot(facts, "reopen"),
            prompt=lambda answers, facts: _about("reopen_request.why", answers, facts),
        ),
    ),
    needs=asked,
    finish=reopen,
)

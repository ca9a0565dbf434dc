"""A photo that comes without a question: it is the paper that a request waits for, as we ask people to send it."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.fields import unread
from conversations.model import (
    Again,
    Ahead,
    Answers,
    Button,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Press,
    Reading,
    Reply,
    Step,
    Text,
    Words,
)
from conversations.my_requests import MyRequests, MyRequestsFound
from conversations.request_deeds import PaperFile
from conversations.request_names import paper_name

# Between a request's number and the paper, in a button's value: neither holds one.
_PART = "+"


@dataclass(frozen=True)
class WhichWaits:
    """The paper of a request that the file is; those that are waited for are offered."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(
            Button(Words("loose_file.which", {"code": value.split(_PART)[0], "paper": paper}), value)
            for value, paper in _waited_for(facts)
        )

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if _PART in value:
                return Given(value)
            case Press() | Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("papers are looked up before the question, not after")


def _waited_for(facts: Found | None) -> list[tuple[str, Words]]:
    """What is waited for: number and paper in one, and the paper's name."""
    requests = facts.requests if isinstance(facts, MyRequestsFound) else ()
    return [(f"{one.code}{_PART}{paper}", paper_name(paper)) for one in requests for paper in one.missing]


def only_one(facts: Found) -> Ahead:
    """Nobody is asked which paper it is when one alone is waited for."""
    waited_for = _waited_for(facts)
    return {"paper": Given(waited_for[0][0])} if len(waited_for) == 1 else {}


def gone(facts: Found | None) -> Finish | None:
    """The request was moved meanwhile, and waits for nothing."""
    return None if _waited_for(facts) else Finish(Reply((Words("unread.photo"),)))


def finish(answers: Answers, facts: Found | None) -> Finish:
    code, paper = str(answers["paper"]).split(_PART)
    file = Given(answers["file"])
    return Finish(Reply(()), then=("add_file", {"request": Press(code), "paper": Press(paper), "file": file}))


FLOW = Flow(
    name="loose_file",
    in_menu=False,
    steps=(
        Step("file", PaperFile(more=False)),
        Step("paper", WhichWaits(), needs=lambda answers: MyRequests(), instead=gone),
    ),
    recall=lambda: MyRequests(),
    recalled=only_one,
    finish=finish,
)

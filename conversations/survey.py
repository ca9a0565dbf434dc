"""How a finished request went: a face for attitude, procedure and space, a score of 0 to 10, and a free word."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.fields import Line, unread
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
    Press,
    Query,
    Reading,
    Reply,
    Step,
    Text,
    Words,
)
from conversations.ratings import POOR, Faces, Score
from conversations.request_names import service_name

LONGEST_WORDS = 1_000
# A score up to this one is an unhappy answer, whatever the faces say.
UNHAPPY_SCORE = 6
MENU = Button(Words("button.menu"), "!menu", nav=True)


@dataclass(frozen=True)
class SurveyOf(Query):
    """The survey about a request of this contact; "" for the newest that they have not answered."""

    code: str


@dataclass(frozen=True)
class SurveyFound(Found):
    """What is asked about. open: it may be answered now. space: people came to an office, so it is asked too."""

    code: str
    service: str = ""
    open: bool = False
    space: bool = False


@dataclass(frozen=True)
class RecordSurvey(Command):
    """Keep the answers: faces 3 (happy) to 1, a score of 0 to 10, the customer's own words or none."""

    code: str
    attitude: int
    procedure: int
    space: int | None
    score: int
    words: str


@dataclass(frozen=True)
class WhichSurvey:
    """The request that is asked about, by the button of the invitation; it can be answered once."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return ()

    def read(self, event: Event) -> Reading:
        match event:
            case Press(code):
                return Look(SurveyOf(code))
            case Text():
                return Look(SurveyOf(""))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, SurveyFound)
        return Given({"code": found.code, "service": found.service, "open": found.open, "space": found.space})


def about(answers: Answers, name: str) -> Json:
    """One of the facts about the request that is asked about."""
    request = answers.get("request")
    return request.get(name) if isinstance(request, dict) else None


def over(answers: Answers) -> Finish | None:
    """Nobody is asked twice, and nobody about somebody else's request."""
    return None if about(answers, "open") else Finish(Reply((Words("survey.over"),), (MENU,)))


def is_unhappy(attitude: int, procedure: int, space: int | None, score: int) -> bool:
    """Whether somebody of staff shall call: an unhappy face, or a low score."""
    return POOR in (attitude, procedure, space) or score <= UNHAPPY_SCORE


def finish(answers: Answers, facts: Found | None) -> Finish:
    attitude, procedure, space, score = (
        _number(answers.get(n)) for n in ("attitude", "procedure", "space", "score")
    )
    assert attitude is not None
    assert procedure is not None
    assert score is not None
    code = str(about(answers, "code"))
    done = RecordSurvey(code, attitude, procedure, space, score, _own_words(answers.get("words")))
    key = "survey.sorry" if is_unhappy(attitude, procedure, space, score) else "survey.thanks"
    return Finish(Reply((Words(key),), (MENU,)), (done,))


def _number(answer: Json) -> int | None:
    return answer if isinstance(answer, int) else None


def _own_words(answer: Json) -> str:
    match answer:
        case {"text": str(text)}:
            return text
    return ""


FLOW = Flow(
    name="survey",
    in_menu=False,
    starts_on=("survey",),
    # Whoever types what stands on the button means the newest invitation.
    prefill=lambda understood: {"request": Text(understood.text)},
    steps=(
        Step("request", WhichSurvey(), ends=over, prompt=lambda answers, facts: Words("survey.by_button")),
        Step(
            "attitude",
            Faces(),
            prompt=lambda answers, facts: Words(
                "survey.attitude",
                {"service": service_name(str(about(answers, "service"))), "code": str(about(answers, "code"))},
            ),
        ),
        Step("procedure", Faces()),
        Step("space", Faces(), when=lambda answers: bool(about(answers, "space"))),
        Step("score", Score()),
        Step("words", Line(at_most=LONGEST_WORDS, suggestions=lambda answers: ("survey.no_words",), greedy=False)),
    ),
    finish=finish,
)

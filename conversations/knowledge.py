"""Answers from the knowledge base: the article that fits, near misses to choose from, and whether it helped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.engine import LONGEST_TEXT
from conversations.engine_frames import Known
from conversations.fields import Line, literally
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
    Look,
    Moment,
    Press,
    Query,
    Reading,
    Reply,
    Step,
    Text,
    Understood,
    Words,
)

# The answer to "which of these?" that none is it.
NONE = "none"
_INTENT = "intent:"
# What buttons under an article start; handlers/rules/articles.py knows the same names.
_OFFERS: Mapping[str, Button] = {
    "agent": Button(Words("menu.agent"), "!agent"),
    "report": Button(Words("menu.report"), "go:report"),
    "lookup": Button(Words("menu.lookup"), "go:lookup"),
    "follow": Button(Words("menu.follow"), "go:follow"),
}
_MENU = Button(Words("button.menu"), "!menu", nav=True)


@dataclass(frozen=True)
class FindArticles(Query):
    """The articles that answer a question, or those on a subject when nothing was asked."""

    question: str
    intent: str = ""


@dataclass(frozen=True)
class ArticleTitle:
    """An article as a button shows it, in the customer's language."""

    id: str
    title: str


@dataclass(frozen=True)
class ArticlesFound(Found):
    """The one that surely answers, or the near misses, best first; `elsewhere`: it is about something else."""

    question: str
    sure: str | None
    near: tuple[ArticleTitle, ...] = ()
    elsewhere: bool = False


@dataclass(frozen=True)
class ReadArticle(Query):
    """An article as the customer reads it."""

    id: str


@dataclass(frozen=True)
class ArticleFound(Found):
    """An article in the customer's language, with light markup; no days when it is gone.

    checked, right_until: local days; ran_out: nobody vouches for it any more today. worded: the answer is not the
    article itself but a shorter wording of it.
    """

    id: str
    title: str = ""
    answer: str = ""
    source: str = ""
    checked: Moment | None = None
    right_until: Moment | None = None
    ran_out: bool = False
    next: tuple[ArticleTitle, ...] = ()
    offers: tuple[str, ...] = ()
    worded: bool = False


@dataclass(frozen=True)
class KeepQuestion(Command):
    """Keep a question that nobody could answer, for staff."""

    question: str


@dataclass(frozen=True)
class CountVote(Command):
    """Count whether an article helped."""

    article: str
    helped: bool


@dataclass(frozen=True)
class Question(Line):
    """A question in the customer's own words, or a subject chosen from a button."""

    def read(self, event: Event) -> Reading:
        if isinstance(event, Press) and event.value.startswith(_INTENT):
            return Given({"intent": event.value.removeprefix(_INTENT)})
        return super().read(event)


@dataclass(frozen=True)
class Which:
    """One of the near misses, none of them, or another question in words."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        assert isinstance(facts, ArticlesFound)
        titles = (Button(literally(one.title), one.id) for one in facts.near)
        return (*titles, Button(Words("knowledge.none_of_these"), NONE))

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value):
                return Given(value)
            case Text(text):
                return Look(FindArticles(text))
        return Again(Words("error.choose"))

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, ArticlesFound)
        if found.sure is not None and not found.elsewhere:
            return Given(found.sure)
        titles = tuple(Button(literally(one.title), one.id) for one in found.near)
        none = Button(Words("knowledge.none_of_these"), NONE)
        return Again(Words("error.choose"), (*titles, none) if titles else ())


@dataclass(frozen=True)
class Pressed:
    """What only a button says."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return ()

    def read(self, event: Event) -> Reading:
        return Given(event.value) if isinstance(event, Press) else Again(Words("error.choose"))

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a button is judged without a fact")


def asked(answers: Answers) -> tuple[str, str]:
    """The question in words and the subject, either maybe empty."""
    match answers.get("question"):
        case {"text": str(text)}:
            return text, ""
        case {"intent": str(intent)}:
            return "", intent
    return "", ""


def prefill(understood: Understood) -> Mapping[str, Event]:
    if understood.text:
        return {"question": Text(understood.text)}
    return {"question": Press(f"{_INTENT}{understood.intent}")} if understood.intent else {}


def find(answers: Answers) -> Query:
    return FindArticles(*asked(answers))


def instead(facts: Found | None) -> Finish | None:
    """Nothing to choose from: the answer itself, or that it is not known."""
    assert isinstance(facts, ArticlesFound)
    if facts.sure is not None:
        return Finish(Reply(()), then=(ARTICLE.name, {"id": Press(facts.sure)}))
    return None if facts.near else not_known(facts.question, "unclear.not_understood")


def told(found: Found) -> tuple[str, Mapping[str, Event]] | None:
    """The article that surely answers a question that was only half understood."""
    assert isinstance(found, ArticlesFound)
    return (ARTICLE.name, {"id": Press(found.sure)}) if found.sure is not None else None


def chosen(answers: Answers, facts: Found | None) -> Finish:
    which = str(answers["which"])
    if which != NONE:
        return Finish(Reply(()), then=(ARTICLE.name, {"id": Press(which)}))
    return not_known(asked(answers)[0], "knowledge.not_known")


def not_known(question: str, said: str) -> Finish:
    """It is said openly, the question kept for staff, and a person offered."""
    buttons = (_OFFERS["follow"], _OFFERS["lookup"], _OFFERS["agent"], _MENU)
    kept = (KeepQuestion(question),) if question else ()
    return Finish(Reply((Words(said),), buttons), kept)


def marked(text: str) -> Words:
    """Words from an article's text: what stands between two ** is bold, all else is said as it is."""
    plain, *rest = text.split("**", 2)
    if len(rest) < 2:
        return literally(text)
    bold = Words("knowledge.bold", {"before": plain, "bold": rest[0]})
    return Words("knowledge.joined", {"first": bold, "rest": marked(rest[1])}) if rest[1] else bold


def read(answers: Answers) -> Query:
    return ReadArticle(str(answers["id"]))


def show(answers: Answers, facts: Found | None) -> Finish:
    """The answer, from when it is, whose it is; alone, whether it helped is asked."""
    assert isinstance(facts, ArticleFound)
    if facts.checked is None or facts.right_until is None:
        return Finish(Reply((Words("knowledge.gone"),), (_MENU,)))
    title = Words("knowledge.title", {"title": facts.title})
    words = (title, *(marked(paragraph) for paragraph in facts.answer.split("\n\n")))
    if facts.ran_out:
        old = Words("knowledge.ran_out", {"right_until": facts.right_until, "checked": facts.checked})
        words = (title, old, *words[1:])
    whole: tuple[Button, ...] = ()
    if facts.worded:
        words = (*words, Words("knowledge.worded"))
        whole = (Button(Words("knowledge.whole"), f"go:{ARTICLE.name}:{facts.id}"),)
    words = (*words, Words("knowledge.source", {"source": facts.source, "checked": facts.checked}))
    helped = (
        Button(Words("knowledge.yes"), f"go:{HELPED.name}:yes.{facts.id}"),
        Button(Words("knowledge.no"), f"go:{HELPED.name}:no.{facts.id}"),
    )
    more = tuple(Button(literally(one.title), f"go:{ARTICLE.name}:{one.id}") for one in facts.next)
    offers = tuple(_OFFERS[offer] for offer in facts.offers if offer in _OFFERS)
    alone = (Words("knowledge.helped"),)
    return Finish(Reply(words, (*whole, *helped, *more, *offers, _MENU)), alone=alone)


def thanked(answers: Answers, facts: Found | None) -> Finish:
    vote, _, article = str(answers["vote"]).partition(".")
    counted = (CountVote(article, vote == "yes"),)
    if vote == "yes":
        return Finish(Reply((Words("knowledge.thanks"),), (_MENU,)), counted)
    complaint = Button(Words("intent.complaint"), "about:complaint")
    return Finish(Reply((Words("knowledge.sorry"),), (_OFFERS["agent"], complaint, _MENU)), counted)


FLOW = Flow(
    name="knowledge",
    starts_on=("payment", "invoice", "reconnect_debt", "safety", "saving", "scam"),
    in_menu=False,
    prefill=prefill,
    steps=(
        Step("question", Question(at_most=LONGEST_TEXT)),
        Step("which", Which(), needs=find, instead=instead),
    ),
    finish=chosen,
)

# One article, also from a button under another.
ARTICLE = Flow(name="article", in_menu=False, steps=(Step("id", Pressed()),), needs=read, finish=show)

HELPED = Flow(name="helped", in_menu=False, steps=(Step("vote", Pressed()),), finish=thanked)

KNOWN = Known(ask=FindArticles, told=told)

"""Asking for a service: consent, its questions and papers, a summary, and the number of the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conversations.days import DayKnown, WhatDay
from conversations.fields import Choice, unread
from conversations.files import files_words
from conversations.folding import fold
from conversations.model import (
    Again,
    Ahead,
    Answers,
    Button,
    Change,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Json,
    Look,
    Press,
    Reading,
    Reply,
    Step,
    Text,
    Words,
)
from conversations.numbers import NewNumber, NumberFound
from conversations.places import name_of
from conversations.service_choice import chooser
from conversations.service_steps import WARD, paper_step, shown, steps_of
from conversations.service_transfer import flow_name
from conversations.service_words import GiveConsent, OpenRequest, Recall, Recalled
from conversations.services import Catalogue, Promise, Service, catalogue

CONSENT, REVIEW, SEND = "consent", "review", "send"
_MENU = Button(Words("button.menu"), "!menu", nav=True)
# What people type instead of pressing the button under the summary.
_SENT = ("gui", "gui di", "gui ho so", "dung", "dung roi", "dung het", "ok", "dong y", "send", "send it", "yes")
# Answers that an earlier request of the same person gives; who signs for a company is not told by one for a home.
_OF_PERSON = ("name", "id_number", "address")


@dataclass(frozen=True)
class Review:
    """Everything at a glance: send it, or change an answer. Its own answer is the day on which it was sent."""

    service: Service
    catalogue: Catalogue
    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        changes = (
            Button(Words("request.change", {"what": what}), name)
            for name, what, _ in (
                *lines_of(self.service, self.catalogue, answers),
                *papers_of(self.service, answers),
            )
        )
        return (Button(Words("request.send"), SEND), *changes)

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == SEND:
                return Look(WhatDay())
            case Press(name):
                return Change(name)
            case Text(text) if fold(text) in _SENT:
                return Look(WhatDay())
            case Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, DayKnown)
        return Given(found.today)


def lines_of(service: Service, catalogue: Catalogue, answers: Answers) -> Iterator[tuple[str, Words, Words]]:
    """What the summary shows of the questions: the step, what it is about, and the answer."""
    for name in service.questions:
        question = catalogue.questions[name]
        if name in answers:
            yield name, Words(f"question.{name}.short"), shown(question, answers[name])
        if f"{name}{WARD}" in answers:
            yield f"{name}{WARD}", Words("question.ward.short"), name_of(answers[f"{name}{WARD}"])


def papers_of(service: Service, answers: Answers) -> Iterator[tuple[str, Words, Words]]:
    """What the summary shows of the papers: the step, the paper, and how many files there are."""
    for paper in service.papers:
        step = paper_step(paper.name)
        if step in answers:
            yield step, Words(f"paper.{paper.name}"), files_words(answers[step], later=paper.need == "must")


def service_flow(service: Service, catalogue: Catalogue) -> Flow:
    """The conversation for one service."""

    def review(answers: Answers, facts: Found | None) -> Words:
        lines = [
            Words("request.line", {"what": what, "answer": answer})
            for _, what, answer in lines_of(service, catalogue, answers)
        ]
        papers = tuple(
            Words("request.paper", {"paper": what, "files": files})
            for _, what, files in papers_of(service, answers)
        )
        if papers:
            lines.append(Words("request.line", {"what": Words("request.papers_sent"), "answer": papers}))
        return Words("request.review", {"service": Words(f"service.{service.name}"), "lines": tuple(lines)})

    return Flow(
        name=flow_name(service.name),
        in_menu=False,
        steps=(
            _consent(catalogue),
            *steps_of(service, catalogue),
            Step(REVIEW, Review(service, catalogue), prompt=review),
        ),
        recall=lambda: Recall(service.name),
        recalled=lambda found: recalled(found, service, catalogue),
        opens_with=lambda: WhatDay(),
        opening=lambda facts: (intro(service, facts),),
        needs=lambda answers: NewNumber("request"),
        finish=lambda answers, facts: finish(service, catalogue, answers, facts),
        keeps=True,
        title=Words("service.form", {"service": Words(f"service.{service.name}")}),
    )


def _consent(catalogue: Catalogue) -> Step:
    """Agreed to by a tap before anything is asked; who does not agree is told of the other ways."""
    consent = catalogue.consent

    def refused(answers: Answers) -> Finish | None:
        return Finish(Reply((Words("consent.refused"),), (_MENU,))) if answers.get(CONSENT) == "no" else None

    def give(answers: Answers) -> tuple[GiveConsent, ...]:
        return (GiveConsent(consent.purpose, consent.version),) if answers[CONSENT] == "yes" else ()

    return Step(
        CONSENT,
        Choice(CONSENT, ("yes", "no")),
        prompt=lambda answers, facts: Words(f"consent.{consent.purpose}", {"days": consent.days}),
        does=give,
        ends=refused,
    )


def recalled(found: Found, service: Service, catalogue: Catalogue) -> Ahead:
    """What need not be asked of a contact who asked for something before."""
    if not isinstance(found, Recalled):
        return {}
    skipped = () if "name" in service.questions else _OF_PERSON
    known: dict[str, Event | Given] = {
        name: Given(answer)
        for name, answer in found.answers.items()
        if name in service.questions and name not in skipped and isinstance(answer, str) and answer
    }
    if catalogue.consent.purpose in found.agreed:
        known[CONSENT] = Given("yes")
    return known


def intro(service: Service, facts: Found | None) -> Words:
    """What the service is, what to have at hand, how long it takes and what it costs."""
    papers = tuple(Words(f"paper.{paper.name}") for paper in service.papers if paper.need == "must")
    cost = (Words("service.line.cost", {"cost": Words(f"service.cost.{service.cost}")}),) if service.cost else ()
    promise = service.promise_on(facts.today if isinstance(facts, DayKnown) else "9999-12-31")
    return Words(
        "service.intro",
        {
            "service": Words(f"service.{service.name}"),
            "about": Words(f"service.about.{service.name}"),
            "lines": (
                *((Words("service.line.papers", {"papers": papers}),) if papers else ()),
                Words("service.line.time", {"time": _time(promise), "since": _since(service)}),
                *cost,
            ),
        },
    )


def _since(service: Service) -> Words:
    """From when the time is counted."""
    waits = any(paper.need == "must" for paper in service.papers)
    return Words("promise.since.papers" if waits else "promise.since.request")


def _time(promise: Promise) -> Words:
    time = Words("promise.days", {"n": promise.working_days})
    if not promise.unless:
        return time
    return Words("promise.with_unless", {"time": time, "unless": Words(f"promise.unless.{promise.unless}")})


def finish(service: Service, catalogue: Catalogue, answers: Answers, facts: Found | None) -> Finish:
    """The number, what is promised from the day on which it was sent, and what happens next."""
    assert isinstance(facts, NumberFound)
    papers = _papers(service, answers)
    missing = tuple(
        Words(f"paper.{one.name}") for one in service.papers if one.need == "must" and not papers.get(one.name)
    )
    words = (
        Words("request.done", {"code": facts.code, "service": Words(f"service.{service.name}")}),
        Words(
            "request.promise",
            {"time": _time(service.promise_on(str(answers[REVIEW]))), "since": _since(service)},
        ),
        *((Words("request.papers_later", {"papers": missing}),) if missing else ()),
        Words(f"request.next.{service.process.name}"),
    )
    buttons = (Button(Words("button.my_requests"), "go:requests"), _MENU)
    return Finish(Reply(words, buttons), (OpenRequest(facts.code, service.name, _told(service, answers), papers),))


def _told(service: Service, answers: Answers) -> Mapping[str, Json]:
    """The answers to the questions of the service, without what only led the conversation."""
    names = [one for name in service.questions for one in (name, f"{name}{WARD}")]
    return {name: answers[name] for name in names if name in answers}


def _papers(service: Service, answers: Answers) -> Mapping[str, tuple[Mapping[str, str], ...]]:
    """The files by paper, in the order in which they were sent; what a card said stays out of them."""
    papers = {}
    for paper in service.papers:
        answer = answers.get(paper_step(paper.name))
        if isinstance(answer, list):
            papers[paper.name] = tuple(
                {key: str(piece[key]) for key in ("file", "kind")} for piece in answer if isinstance(piece, dict)
            )
    return papers


REQUEST = chooser(catalogue())
SERVICES = tuple(service_flow(service, catalogue()) for service in catalogue().services.values())

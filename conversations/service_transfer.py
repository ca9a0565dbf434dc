"""Where an answer about power leads: to the service that so much power needs, with all answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conversations.fields import unread
from conversations.model import (
    Again,
    Ahead,
    Answers,
    Button,
    Change,
    Event,
    Finish,
    Found,
    Given,
    Press,
    Reading,
    Reply,
    Step,
    Text,
    Words,
)
from conversations.quantities import kva_of, power_words
from conversations.services import Catalogue, Service, Transfer

TRANSFER = "transfer"
# The beginning of a button that asks a question again.
FIX = "fix_"


def flow_name(service: str) -> str:
    """The name of the flow that asks for a service."""
    return f"svc_{service}"


@dataclass(frozen=True)
class TakeOver:
    """Whether to go over to the service that so much power needs, or to say the power anew."""

    question: str
    to: Callable[[Answers], str]
    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        there = Button(Words("transfer.yes", {"service": Words(f"service.{self.to(answers)}")}), "yes")
        return (there, Button(Words("transfer.fix"), f"{FIX}{self.question}"))

    def read(self, event: Event) -> Reading:
        match event:
            case Press("yes"):
                return Given("yes")
            case Press(value) if value == f"{FIX}{self.question}":
                return Change(self.question)
            case Press() | Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("where an answer leads is looked up nowhere")


def transfer_step(first: Transfer, service: Service, catalogue: Catalogue) -> Step:
    """The step that says that another service is the right one, and leads there with all answers."""

    def transfer(answers: Answers) -> Transfer | None:
        power = answers.get(first.question)
        if power is None:
            return None
        kva = kva_of(power, catalogue.power_factor)
        return next((one for one in service.transfers if one.applies(kva)), None)

    def to(answers: Answers) -> str:
        chosen = transfer(answers)
        return chosen.to if chosen else first.to

    def prompt(answers: Answers, facts: Found | None) -> Words:
        return Words(f"transfer.to.{to(answers)}", {"power": power_words(answers[first.question])})

    def ends(answers: Answers) -> Finish | None:
        if answers.get(TRANSFER) != "yes":
            return None
        target = catalogue.services[to(answers)]
        return Finish(
            Reply(()), then=(flow_name(target.name), _carried(answers, first.question, target, catalogue))
        )

    return Step(
        TRANSFER,
        TakeOver(first.question, to),
        when=lambda answers: transfer(answers) is not None,
        prompt=prompt,
        ends=ends,
    )


def _carried(answers: Answers, power: str, target: Service, catalogue: Catalogue) -> Ahead:
    """All answers; the one about power under the name that it has there, and a person as a representative."""
    carried = {name: Given(value) for name, value in answers.items() if name != TRANSFER}
    of_power = next((name for name in target.questions if catalogue.questions[name].kind == "power"), power)
    carried[of_power] = Given(answers[power])
    if "representative" in target.questions and "name" in answers:
        carried.setdefault("representative", Given(answers["name"]))
    if "name" in target.questions and "representative" in answers:
        carried.setdefault("name", Given(answers["representative"]))
    return carried

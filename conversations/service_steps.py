"""The steps of a service: its questions and papers, made of the entries of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from conversations.days import BirthDate, WantedDay, day_words, written_day
from conversations.fields import Choice, literally, unread
from conversations.files import Files, card_in
from conversations.identity_fields import Email, IdNumber, Phone, born_by_number
from conversations.masking import masked_id, without_ids
from conversations.model import (
    Again,
    Ahead,
    Answers,
    Button,
    Change,
    Event,
    Field,
    Found,
    Given,
    Json,
    Press,
    Reading,
    Step,
    Text,
    Words,
)
from conversations.places import FindPlace, MyPlaces, name_of
from conversations.quantities import Number, Power, number_words, power_words
from conversations.service_fields import Free, PersonName, UseAddress, WhichMeter, WhichWard, address_words
from conversations.service_transfer import FIX, transfer_step
from conversations.services import Catalogue, Paper, Question, Service, When

# Steps that are no questions of the catalogue: what they hold is no answer of the request.
CARD_OK, ID_MATCH = "card_ok", "id_match"
ID_CARD = "id_card"
WARD = "_ward"


def paper_step(paper: str) -> str:
    """The name of the step that asks for a paper."""
    return paper if paper == ID_CARD else f"paper_{paper}"


# --- questions -----------------------------------------------------------------------------------------------


def field_of(question: Question) -> Field:
    """The kind of question that an entry of the catalogue names."""
    match question.kind:
        case "choice":
            return Choice(f"question.{question.name}", question.values)
        case "words":
            return Free(question.at_most, question.optional)
        case "person":
            return PersonName()
        case "number":
            return Number(question.unit, question.least, question.most)
        case "power":
            return Power(question.unit, question.least, question.most)
        case "phone":
            return Phone()
        case "email":
            return Email()
        case "id_number":
            return IdNumber()
        case "born":
            return BirthDate()
        case "day":
            return WantedDay()
        case "address":
            return UseAddress()
        case "meter":
            return WhichMeter()
    raise ValueError(f"question {question.name}: no kind {question.kind}")


def shown(question: Question, answer: Json) -> Words:
    """An answer as its customer reads it; numbers of cards are masked."""
    if answer == "":
        return Words("answer.none")
    match question.kind:
        case "choice":
            return Words(f"question.{question.name}.{answer}")
        case "number":
            return number_words(answer, question.unit)
        case "power":
            return power_words(answer)
        case "id_number":
            return literally(masked_id(str(answer)))
        case "born" | "day":
            return day_words(answer)
        case "address":
            return address_words(answer)
        case "meter":
            return name_of(answer)
    return literally(without_ids(str(answer)))


def _asked(when: When) -> Callable[[Answers], bool]:
    return lambda answers: all(answers.get(name) in values for name, values in when.items())


def _prompt(key: str) -> Callable[[Answers, Found | None], Words]:
    return lambda answers, facts: Words(key)


def steps_of(service: Service, catalogue: Catalogue) -> Iterator[Step]:
    """The steps between consent and review: the card early, as it answers questions, the other papers last."""
    early = [paper for paper in service.papers if paper.name == ID_CARD and "id_number" in service.questions]
    person = _person_steps(service) if early else ()
    for name in service.questions:
        if person and name == person[0]:
            yield from _card(early[0], person)
        yield from _question(catalogue.questions[name], service)
        yield from (
            transfer_step(one, service, catalogue) for one in service.transfers[:1] if one.question == name
        )
    for paper in service.papers:
        if paper not in early:
            yield _paper(paper)


def _person_steps(service: Service) -> tuple[str, ...]:
    """The questions that a card answers, in the order in which they are asked."""
    return tuple(name for name in service.questions if name in _OF_CARD)


def _question(question: Question, service: Service) -> Iterator[Step]:
    name = question.name
    when = _asked(question.when)
    if question.kind == "meter":
        yield Step(name, field_of(question), needs=lambda answers: MyPlaces(), prompt=_prompt(f"question.{name}"))
    elif question.kind == "address":
        has_meter = "customer_code" in service.questions
        yield from _address(question, _without_meter if has_meter else when)
    elif name in ("born", "id_number"):
        changes = (ID_MATCH,) if "born" in service.questions else ()
        yield Step(name, field_of(question), when=when, prompt=_prompt(f"question.{name}"), unsettles=changes)
        if name == "born":
            yield Step(ID_MATCH, IdMatch(), when=_differs, prompt=_match_prompt)
    else:
        yield Step(name, field_of(question), when=when, prompt=_prompt(f"question.{name}"))


def _without_meter(answers: Answers) -> bool:
    """Whether the customer does not know the code of their meter, so that the address has to tell it."""
    meter = answers.get("customer_code")
    return isinstance(meter, dict) and not meter.get("text")


def _address(question: Question, when: Callable[[Answers], bool]) -> Iterator[Step]:
    name = question.name

    def unclear(answers: Answers) -> bool:
        address = answers.get(name)
        return isinstance(address, dict) and "target" not in address

    def looked_for(answers: Answers) -> FindPlace:
        address = answers[name]
        assert isinstance(address, dict)
        return FindPlace(str(address["text"]), streets=True)

    ward = f"{name}{WARD}"
    yield Step(name, UseAddress(), when=when, prompt=_prompt(f"question.{name}"), unsettles=(ward,))
    yield Step(ward, WhichWard(), when=unclear, needs=looked_for, prompt=_ward_prompt(name))


def _ward_prompt(name: str) -> Callable[[Answers, Found | None], Words]:
    def prompt(answers: Answers, facts: Found | None) -> Words:
        address = answers[name]
        text = str(address["text"]) if isinstance(address, dict) else ""
        return Words("question.ward", {"address": without_ids(text)})

    return prompt


# --- the card ------------------------------------------------------------------------------------------------


def _of_name(card: Mapping[str, str]) -> str:
    return card.get("name", "")


def _of_born(card: Mapping[str, str]) -> str:
    born = card.get("born", "")
    return f"{born[:2]}/{born[2:4]}/{born[4:]}" if written_day(born) else ""


# Which part of a card answers which question.
_OF_CARD: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "name": _of_name,
    "representative": _of_name,
    "id_number": lambda card: card.get("id", ""),
    "born": _of_born,
    "address": lambda card: card.get("address", ""),
}


def _card(paper: Paper, person: tuple[str, ...]) -> Iterator[Step]:
    """The photo of the card, and whether its code was read well; then nothing of it is asked."""

    def read(answers: Answers) -> bool:
        return card_in(answers.get(ID_CARD)) is not None

    def tells(answers: Answers) -> Ahead:
        card = card_in(answers.get(ID_CARD))
        if answers.get(CARD_OK) != "yes" or card is None:
            return {}
        told = {name: _OF_CARD[name](card) for name in person}
        return {name: Text(value) for name, value in told.items() if value}

    yield Step(ID_CARD, Files(ID_CARD), prompt=_prompt("paper.id_card.ask"), unsettles=(CARD_OK,))
    yield Step(CARD_OK, Choice(CARD_OK, ("yes", "no")), when=read, prompt=_card_prompt, tells=tells)


def _card_prompt(answers: Answers, facts: Found | None) -> Words:
    card = card_in(answers[ID_CARD]) or {}
    parts = {
        "name": _of_name(card),
        "id_number": masked_id(card["id"]) if card.get("id") else "",
        "born": _of_born(card),
        "address": card.get("address", ""),
    }
    lines = tuple(
        Words("request.line", {"what": Words(f"question.{name}.short"), "answer": value})
        for name, value in parts.items()
        if value
    )
    return Words("card_ok.ask", {"lines": lines})


@dataclass(frozen=True)
class IdMatch:
    """A gentle question when the number of a card and the date of birth do not belong together by the old rule."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        values = ("yes", f"{FIX}id_number", f"{FIX}born")
        return tuple(Button(Words(f"id_match.{value}"), value) for value in values)

    def read(self, event: Event) -> Reading:
        match event:
            case Press("yes"):
                return Given("yes")
            case Press(value) if value.startswith(FIX):
                return Change(value.removeprefix(FIX))
            case Press() | Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("whether two answers match is looked up nowhere")


def _differs(answers: Answers) -> bool:
    year = born_by_number(str(answers.get("id_number", "")))
    return bool(year) and "born" in answers and not str(answers["born"]).startswith(year)


def _match_prompt(answers: Answers, facts: Found | None) -> Words:
    number, born = str(answers["id_number"]), answers["born"]
    return Words(
        "id_match.ask",
        {"number": masked_id(number), "year": born_by_number(number), "born": day_words(born)},
    )


# --- papers --------------------------------------------------------------------------------------------------


def _paper(paper: Paper) -> Step:
    name = paper_step(paper.name)
    collects = ID_CARD if paper.name == ID_CARD else "paper"
    field = Files(collects, later=paper.need == "must")
    return Step(name, field, when=_asked(paper.when), prompt=_prompt(f"paper.{paper.name}.ask"))

"""The catalogue of services: what each asks, which papers it wants, what it promises and how it goes on."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeAlias, get_args

Need: TypeAlias = Literal["must", "may"]
Kind: TypeAlias = Literal[
    "choice",
    "words",
    "person",
    "number",
    "power",
    "phone",
    "email",
    "id_number",
    "born",
    "day",
    "address",
    "meter",
]
# The states beside the usual ones that every process has, so that no request is ever stuck.
ALWAYS = ("received", "done", "papers_missing", "declined", "cancelled", "reopened")
# By question, the answers with which something is asked or wanted.
When: TypeAlias = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Question:
    """A question. Its texts: `question.<name>`, its `.short` form for the summary, a choice's `.<value>`.

    kind: how it is answered. values: those of a choice. unit, least, most: of a number. at_most: how many
    characters words may have. optional: it may be skipped. when: asked only after these answers to a choice.
    """

    name: str
    kind: Kind
    values: tuple[str, ...] = ()
    unit: str = ""
    least: int = 1
    most: int = 1_000_000
    at_most: int = 300
    optional: bool = False
    when: When = field(default_factory=dict)


@dataclass(frozen=True)
class Paper:
    """A paper that a service wants as photos or PDF; `must` ones can follow later, but are asked for again.

    when: wanted only after these answers; such a paper is always a `may`, so that none is waited for in vain.
    """

    name: str
    need: Need
    when: When = field(default_factory=dict)


@dataclass(frozen=True)
class Promise:
    """How many working days the company promises for requests received from a day on, a date of the data file.

    unless: in which case it takes longer, told under `promise.unless.<unless>`; "" for none.
    """

    first_day: Any
    working_days: int
    source: str
    unless: str = ""


@dataclass(frozen=True)
class Process:
    """How requests of a kind go on: the steps of a usual one in order, and every allowed move between states.

    `moves` holds the states beside the usual ones too: papers_missing, declined, cancelled, reopened.
    """

    name: str
    steps: tuple[str, ...]
    moves: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Transfer:
    """Where an answer about power leads: over (`under`: up to) so many kVA another service is the right one.

    Told under `transfer.to.<to>`.
    """

    question: str
    kva: float
    to: str
    under: bool = False

    def applies(self, kva: float) -> bool:
        """Whether so much power leads there."""
        return kva <= self.kva if self.under else kva > self.kva


@dataclass(frozen=True)
class Service:
    """One service. Its texts stand under `service.<name>` and `service.about.<name>`.

    asks: who may ask: anyone, a business, or only a customer with a contract (then its code is asked first).
    cost: the rule of what it costs, told under `service.cost.<cost>`; "" where nobody would ask. visit: whether
    people come to an office, so that the survey asks about the space. words: what people call it, for the search.
    """

    name: str
    group: str
    asks: Literal["anyone", "customer", "business"]
    questions: tuple[str, ...]
    papers: tuple[Paper, ...]
    process: Process
    promises: tuple[Promise, ...]
    cost: str
    visit: bool
    transfers: tuple[Transfer, ...] = ()
    words: tuple[str, ...] = ()

    def promise_on(self, day: str) -> Promise:
        """What is promised to a request received on a day, YYYY-MM-DD."""
        begun = [promise for promise in self.promises if promise.first_day.isoformat() <= day]
        return max(begun or self.promises[:1], key=lambda promise: str(promise.first_day))


@dataclass(frozen=True)
class Consent:
    """What is agreed to before a request; the text stands under `consent.<purpose>`, `version` names its wording.

    days: how long after the end of a request its papers are kept at most.
    """

    purpose: str
    version: str
    days: int


@dataclass(frozen=True)
class Catalogue:
    """Every service by its name, in the order of the data file; questions and processes by theirs.

    power_factor: kW of real power for each kVA, where a customer tells one and the other is wanted.
    """

    services: Mapping[str, Service]
    processes: Mapping[str, Process]
    questions: Mapping[str, Question]
    consent: Consent
    power_factor: float

    def groups(self) -> tuple[str, ...]:
        """The groups that the first menu offers, in the order of the data file."""
        return tuple(dict.fromkeys(service.group for service in self.services.values()))

    def of_group(self, group: str) -> tuple[Service, ...]:
        """The services of a group, in the order of the data file."""
        return tuple(service for service in self.services.values() if service.group == group)


def read_catalogue(source: str) -> Catalogue:
    """The catalogue from the text of its data file. Raises KeyError, ValueError for one that cannot be used."""
    data = tomllib.loads(source)
    processes = {name: _process(name, entry) for name, entry in data["process"].items()}
    questions = {name: _question(name, entry) for name, entry in data["question"].items()}
    consent = Consent(data["consent"]["purpose"], data["consent"]["version"], data["consent"]["days"])
    promises = {name: tuple(_promise(one) for one in entries) for name, entries in data["promise"].items()}
    services = {entry["name"]: _service(entry, processes, promises) for entry in data["service"]}
    catalogue = Catalogue(services, processes, questions, consent, data["power"]["factor"])
    problems = tuple(_problems(catalogue))
    if problems:
        raise ValueError("; ".join(problems))
    return catalogue


@cache
def catalogue() -> Catalogue:
    """The catalogue that comes with the product."""
    return read_catalogue(resources.files("conversations").joinpath("services.toml").read_text("utf-8"))


def _process(name: str, entry: Mapping[str, Any]) -> Process:
    moves = {state: tuple(to) for state, to in entry["moves"].items()}
    unknown = {to for allowed in moves.values() for to in allowed} - set(moves)
    if unknown:
        raise ValueError(f"process {name}: {', '.join(sorted(unknown))} is moved to but has no entry in `moves`")
    missing = {*ALWAYS, *entry["steps"]} - set(moves)
    if missing:
        raise ValueError(f"process {name}: {', '.join(sorted(missing))} has no entry in `moves`")
    return Process(name, tuple(entry["steps"]), moves)


def _question(name: str, entry: Mapping[str, Any]) -> Question:
    known: dict[str, Any] = {**entry, "values": tuple(entry.get("values", ())), "when": _when(entry)}
    return Question(name, **known)


def _when(entry: Mapping[str, Any]) -> When:
    return {question: tuple(values) for question, values in entry.get("when", {}).items()}


def _promise(entry: Mapping[str, Any]) -> Promise:
    return Promise(entry["from"], entry["working_days"], entry["source"], entry.get("unless", ""))


def _service(
    entry: Mapping[str, Any], processes: Mapping[str, Process], promises: Mapping[str, tuple[Promise, ...]]
) -> Service:
    return Service(
        name=entry["name"],
        group=entry["group"],
        asks=entry["asks"],
        questions=tuple(entry["questions"]),
        papers=tuple(Paper(one["name"], one["need"], _when(one)) for one in entry.get("papers", ())),
        process=processes[entry["process"]],
        promises=promises[entry["promise"]],
        cost=entry["cost"],
        visit=entry.get("visit", False),
        transfers=tuple(Transfer(**one) for one in entry.get("transfers", ())),
        words=tuple(entry.get("words", ())),
    )


def _problems(catalogue: Catalogue) -> Iterator[str]:
    """What would make a conversation impossible, or keep a request waiting for nothing."""
    for question in catalogue.questions.values():
        if question.kind not in get_args(Kind):
            yield f"question {question.name}: no kind {question.kind}"
        if (question.kind == "choice") != bool(question.values):
            yield f"question {question.name}: a choice, and nothing else, has values"
    for service in catalogue.services.values():
        asked = set(service.questions)
        yield from (f"{service.name}: no question {name}" for name in asked - set(catalogue.questions))
        for transfer in service.transfers:
            if transfer.to not in catalogue.services or transfer.question not in asked:
                yield f"{service.name}: cannot transfer to {transfer.to} by {transfer.question}"
        for paper in service.papers:
            if paper.when and paper.need == "must":
                yield f"{service.name}, {paper.name}: a paper that not everybody has is a `may`"
            if not asked.issuperset(paper.when):
                yield f"{service.name}, {paper.name}: wanted by the answer to a question that is not asked"

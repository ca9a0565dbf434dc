"""The catalogue of services: what each asks, which papers it wants, what it promises and how it goes on."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeAlias

Need: TypeAlias = Literal["must", "may"]


@dataclass(frozen=True)
class Paper:
    """A paper that a service wants as photos or PDF; `must` ones can follow later, but are asked for again."""

    name: str
    need: Need


@dataclass(frozen=True)
class Promise:
    """How many working days the company promises for requests received from a day on, a date of the data file."""

    first_day: Any
    working_days: int
    source: str


@dataclass(frozen=True)
class Process:
    """How requests of a kind go on: the steps of a usual one in order, and every allowed move between states.

    `moves` holds the states beside the usual ones too: papers_missing, declined, cancelled, reopened.
    """

    name: str
    steps: tuple[str, ...]
    moves: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Service:
    """One service. Its texts stand under `service.<name>`; a question's under `question.<name>`.

    asks: who may ask: anyone, or only a customer with a contract (then the customer code is asked first).
    cost: the rule of what it costs, told under `service.cost.<cost>`. visit: whether people come to an office, so
    that the survey asks about the space.
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


@dataclass(frozen=True)
class Catalogue:
    """Every service by its name, in the order of the data file."""

    services: Mapping[str, Service]
    processes: Mapping[str, Process]

    def groups(self) -> tuple[str, ...]:
        """The groups that the first menu offers, in the order of the data file."""
        return tuple(dict.fromkeys(service.group for service in self.services.values()))


def read_catalogue(source: str) -> Catalogue:
    """The catalogue from the text of its data file. Raises KeyError, ValueError for one that cannot be used."""
    data = tomllib.loads(source)
    processes = {name: _process(name, entry) for name, entry in data["process"].items()}
    services = {entry["name"]: _service(entry, processes) for entry in data["service"]}
    return Catalogue(services, processes)


@cache
def catalogue() -> Catalogue:
    """The catalogue that comes with the product."""
    return read_catalogue(resources.files("conversations").joinpath("services.toml").read_text("utf-8"))


def _process(name: str, entry: Mapping[str, Any]) -> Process:
    moves = {state: tuple(to) for state, to in entry["moves"].items()}
    unknown = {to for allowed in moves.values() for to in allowed} - set(moves)
    if unknown:
        raise ValueError(f"process {name}: {', '.join(sorted(unknown))} is moved to but has no entry in `moves`")
    return Process(name, tuple(entry["steps"]), moves)


def _service(entry: Mapping[str, Any], processes: Mapping[str, Process]) -> Service:
    return Service(
        name=entry["name"],
        group=entry["group"],
        asks=entry["asks"],
        questions=tuple(entry["questions"]),
        papers=tuple(Paper(paper["name"], paper["need"]) for paper in entry.get("papers", ())),
        process=processes[entry["process"]],
        promises=tuple(Promise(one["from"], one["working_days"], one["source"]) for one in entry["promise"]),
        cost=entry["cost"],
        visit=entry.get("visit", False),
    )

"""How far a request is: what it may be moved to, the steps its customer is shown, and when it becomes late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from conversations.services import Process, Service, catalogue
from handlers.rules.dated import BadData, count_in, read_toml, span_in, version_at
from handlers.rules.working_days import WorkCalendar

RULES = Path(__file__).with_name("requests.toml")

# What the customer sent that nobody could handle: kept as a request, so that a person answers it.
UNHANDLED = "unhandled"
RECEIVED, PAPERS_MISSING, CHECKING = "received", "papers_missing", "checking"
DONE, DECLINED, CANCELLED, REOPENED = "done", "declined", "cancelled", "reopened"
ENDS = (DONE, DECLINED, CANCELLED)

Mark: TypeAlias = Literal["done", "now", "ahead", "skipped"]


@dataclass(frozen=True)
class RequestRules:
    """The spans of one day, from requests.toml, which names their sources."""

    escalate_days: int
    tell: timedelta
    settle: timedelta
    survey: timedelta
    reopen: timedelta
    reopened_days: int
    plain_days: int


@dataclass(frozen=True)
class StepSeen:
    """A usual step and how it stands; `at`: when it was reached, None for one that was not."""

    name: str
    mark: Mark
    at: datetime | None


@dataclass(frozen=True)
class Remembered:
    """Questions whose answers a later request starts with, and the consents that allow it.

    versions: of which version of a purpose's text a consent must be.
    """

    questions: frozenset[str]
    purposes: frozenset[str]
    versions: Mapping[str, str]

    def stands(self, purpose: str, version: str) -> bool:
        """Whether a consent to that version of a text is one to what is shown now."""
        return self.versions.get(purpose, version) == version


def rules_at(day: date, path: Path = RULES) -> RequestRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    return RequestRules(
        escalate_days=count_in(version, "escalate", "working_days", where),
        tell=span_in(version, "tell", where),
        settle=span_in(version, "settle", where),
        survey=span_in(version, "survey", where),
        reopen=span_in(version, "reopen", where),
        reopened_days=count_in(version, "reopened", "working_days", where),
        plain_days=count_in(version, "plain", "working_days", where),
    )


@cache
def remembered(path: Path = RULES) -> Remembered:
    """What is remembered of a contact from one request to the next. Raises BadData."""
    tables = read_toml(path)
    found = tables.get("remember")
    if not isinstance(found, dict) or not all(
        isinstance(found.get(key), list) for key in ("questions", "purposes")
    ):
        raise BadData(f"{path}, remember: missing; write questions = [...] and purposes = [...]")
    shown = catalogue().consent
    versions = {shown.purpose: shown.version}
    return Remembered(frozenset(found["questions"]), frozenset(found["purposes"]), versions)


@cache
def plain_process(path: Path = RULES) -> Process:
    """The process of requests whose service the catalogue does not know. Raises BadData."""
    found = read_toml(path).get("process", {}).get("plain")
    if not isinstance(found, dict):
        raise BadData(f"{path}, process.plain: missing")
    return Process("plain", tuple(found["steps"]), {state: tuple(to) for state, to in found["moves"].items()})


def service_of(name: str) -> Service | None:
    """The service of that name, if the catalogue has it."""
    return catalogue().services.get(name)


def process_of(service: str) -> Process:
    """How requests of a service go on."""
    known = service_of(service)
    return known.process if known else plain_process()


def promised_days(service: str, day: date, rules: RequestRules) -> int:
    """How many working days a service is promised, for requests received on a day."""
    known = service_of(service)
    promises = [one for one in known.promises if one.first_day <= day] if known else []
    return max(promises, key=lambda one: one.first_day).working_days if promises else rules.plain_days


def allowed(process: Process, state: str) -> tuple[str, ...]:
    """The states that a request may be moved to; one whose state the process lost is as one being checked."""
    moves = process.moves.get(state)
    return moves if moves is not None else process.moves.get(CHECKING, ())


def steps_seen(process: Process, history: Sequence[tuple[str, datetime]]) -> tuple[StepSeen, ...]:
    """The usual steps as a customer is shown them, from the states a request went through, oldest first.

    What was before it was opened again does not count. A request that waits for papers, or ended early, stands at
    the last usual step it reached; steps that were left out are `skipped`.
    """
    since = max((n for n, (state, _) in enumerate(history) if state == REOPENED), default=0)
    reached: dict[str, datetime] = {}
    # An opened request is received anew, whatever its state is called.
    here = 0
    for n, (state, at) in enumerate(history[since:]):
        step = process.steps[0] if n == 0 else state
        if step in process.steps:
            here = process.steps.index(step)
            reached[step] = at
    over = bool(history) and here == len(process.steps) - 1
    return tuple(_seen(name, n, here, over, reached) for n, name in enumerate(process.steps))


def _seen(name: str, number: int, here: int, over: bool, reached: dict[str, datetime]) -> StepSeen:
    if number > here:
        return StepSeen(name, "ahead", None)
    if number == here:
        return StepSeen(name, "done" if over else "now", reached.get(name))
    return StepSeen(name, "done" if name in reached else "skipped", reached.get(name))


def escalates_at(ends_at: datetime, since: datetime, calendar: WorkCalendar, rules: RequestRules) -> datetime:
    """From when staff are to see that a promise is in danger; always before it ends.

    A promise so short that this would be before it was given is in danger from the opening of its last day on, or
    from half of its time.
    """
    last = calendar.day_of(ends_at)
    candidates = (
        calendar.opening(calendar.before(last, rules.escalate_days)),
        calendar.opening(last),
        since + (ends_at - since) / 2,
    )
    return next((at.astimezone(ends_at.tzinfo) for at in candidates if since < at < ends_at), ends_at)


def tells_at(ends_at: datetime, since: datetime, rules: RequestRules) -> datetime:
    """When the customer hears that a promise will not be kept; never after it ended."""
    return max(ends_at - rules.tell, min(since, ends_at))

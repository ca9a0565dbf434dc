"""What staff say of an outage, and what is answered: drafts, changes, results, and the refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from conversations.model import Value
from handlers.rules.planning import Finding
from store.extent import Scope
from store.outages import Outage


@dataclass(frozen=True)
class Slot:
    """A window of an outage; an end nobody knows yet is None. `number` names one that the outage has already."""

    starts_at: datetime
    ends_at: datetime | None
    number: int | None = None


@dataclass(frozen=True)
class Override:
    """A planning rule that somebody with the right to do so sets aside, and why."""

    rule: str
    why: str


@dataclass(frozen=True)
class OutageDraft:
    """What staff publish. Without a slot an incident begins now. `ref` names it in the file it came from."""

    kind: str
    reason: str | None
    slots: tuple[Slot, ...]
    scope: Scope
    overrides: tuple[Override, ...] = ()
    ref: str | None = None
    # Keep it without telling anybody.
    draft: bool = False
    # None: what its kind suggests.
    cause_class: str | None = None


@dataclass(frozen=True)
class OutageChange:
    """What staff change; what is not named in `named` stays as it is.

    slots: all windows that are on from now on; a window of the outage that they lack is cancelled.
    cause_class: is told to nobody and may be changed after the end; None: what the kind suggests.
    """

    named: frozenset[str]
    reason: str | None = None
    ends_at: datetime | None = None
    slots: tuple[Slot, ...] = ()
    scope: Scope | None = None
    overrides: tuple[Override, ...] = ()
    cause_class: str | None = None


@dataclass(frozen=True)
class PostponedSlot:
    """A window that is put off: to a new time, or until further notice (None). `number` None: see Postponement."""

    starts_at: datetime | None
    ends_at: datetime | None
    number: int | None = None


@dataclass(frozen=True)
class Postponement:
    """What is put off. No slots: every window, until further notice. Slots with numbers: those alone, the others
    are still on. Slots without: these are the new windows, instead of all old ones."""

    slots: tuple[PostponedSlot, ...] = ()
    reason: str | None = None
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field: a path into the request and a text of the staff catalog."""

    path: str
    key: str
    values: Mapping[str, Value] = field(default_factory=dict)


class Invalid(Exception):
    """The request cannot be done as it stands; nothing was written."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(problem.key for problem in problems))
        self.problems = tuple(problems)


class Unknown(Exception):
    """There is no such outage."""


class Over(Exception):
    """The outage has ended: nothing about it can be changed."""


class Broken(Exception):
    """Planning rules forbid it, and nobody with the right set them aside; nothing was written."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(", ".join(finding.rule for finding in findings))
        self.findings = tuple(findings)


@dataclass(frozen=True)
class ToCount:
    """Audiences too large to be counted before the first deliveries to them are committed.

    counted: how many are known already. announced: ids of messages, those of one announcement together.
    followed: an outage's id and revision, whose followers are counted, whatever they hear now. at: as of when.
    """

    counted: int = 0
    announced: tuple[tuple[int, ...], ...] = ()
    followed: tuple[int, int] | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Published:
    """An outage after a deed, how many are to hear of it, and the messages still to be spread.

    recipients: None for a large audience; `to_count` says whom `outages.recipients` is to count after the commit.
    """

    outage: Outage
    recipients: int | None
    unfinished: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()
    to_count: ToCount | None = None

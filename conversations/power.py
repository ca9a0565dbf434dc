"""What is known of the power at a place: the outages there now, and the incident that is over for others."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.lookup import OutageSeen
from conversations.model import Command, Found, Json, Moment, Query
from conversations.places import PlaceSeen


@dataclass(frozen=True)
class PowerAt(Query):
    """The outages at a place now, and those still to come today; `place` is the answer to `WhichPlace`."""

    place: Json


@dataclass(frozen=True)
class Known:
    """An outage and its number, by which it can be tied to."""

    id: int
    seen: OutageSeen


@dataclass(frozen=True)
class PowerFound(Found):
    """What is known of `place` as of a moment: outages going on `now`, and planned ones `later` today."""

    place: Json
    now: tuple[Known, ...]
    later: tuple[Known, ...]
    as_of: Moment


@dataclass(frozen=True)
class Restored(Query):
    """The outage that is over, though not for this customer.

    asked: its number, `last` for the one they were told of last, or `<number>@<target>` for one place of several.
    """

    asked: str


@dataclass(frozen=True)
class RestoredFound(Found):
    """The outage and which of the customer's own places it touched; no `outage` when it is unknown or too old."""

    asked: str
    outage: int | None = None
    code: str = ""
    places: tuple[PlaceSeen, ...] = ()


@dataclass(frozen=True)
class HearOf(Command):
    """This customer reported what is known already: tell them how these outages go on."""

    place: Json
    outages: tuple[int, ...]


@dataclass(frozen=True)
class MyReports(Query):
    """Where the power is still out by what the customer reported and nobody has found the outage of yet."""


@dataclass(frozen=True)
class MyReportsFound(Found):
    """These places, each with its label and the number of its newest report."""

    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PowerIsBack(Command):
    """The customer has power again, and what they reported of it is settled.

    outage: only what belongs to that outage; report: only the place of the report of that number; neither: all
    that nobody has found the outage of.
    """

    outage: int | None = None
    report: str | None = None

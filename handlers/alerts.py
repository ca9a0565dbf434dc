"""Outages as public alerts: what is to be said of each, by the rules of the Common Alerting Protocol 1.2 (OASIS).

An alert is made of one revision as it was kept, so that what an identifier names never changes. It names wards
only: who is cut off is nobody else's business, not even when an outage was made for a list of customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from store import feeds
from store.db import Unit
from store.outages import LIVE, Kind, Outage, OutageRevision, OutageState, SlotState

# So long after its end an outage is still told of, so that whoever asks rarely hears of it.
LINGERS = timedelta(hours=24)

_OFF = (OutageState.CANCELLED, OutageState.POSTPONED)


@dataclass(frozen=True)
class Window:
    """One window of an alert; `fresh` when this very revision changed it."""

    starts_at: datetime
    ends_at: datetime | None
    state: SlotState
    fresh: bool


@dataclass(frozen=True)
class Alert:
    """One public revision of an outage. `earlier` are the identifiers and times of those that it follows.

    kind: `Alert`, `Update` or `Cancel`. area: as the outage keeps it.
    """

    code: str
    revision: int
    sent: datetime
    kind: str
    incident: bool
    reason: str | None
    area: Sequence[Mapping[str, Any]]
    windows: Sequence[Window]
    earlier: Sequence[tuple[str, datetime]]

    @property
    def identifier(self) -> str:
        return identifier(self.code, self.revision)


async def current(unit: Unit, now: datetime) -> list[Alert]:
    """The alerts of all outages that are on, to come, or ended within a day; the newest change first."""
    outages = await feeds.public_outages(unit, now - LINGERS)
    revisions = await feeds.revisions_of(unit, [one.id for one in outages if one.id is not None])
    alerts = (alert_of(one, revisions.get(one.id or 0, ())) for one in outages)
    return [alert for alert in alerts if alert is not None]


async def by_code(unit: Unit, code: str) -> Alert | None:
    """The newest alert about the outage of that code; None where the public never heard of it."""
    outage = await feeds.public_outage(unit, code)
    if outage is None or outage.id is None:
        return None
    return alert_of(outage, (await feeds.revisions_of(unit, [outage.id])).get(outage.id, ()))


def alert_of(outage: Outage, revisions: Sequence[OutageRevision]) -> Alert | None:
    """The newest revision as an alert; None while all there is are drafts."""
    public = list(_public(revisions))
    if not public:
        return None
    newest = public[-1]
    followed = [one for one in public[:-1] if one.revision >= _first_of_this(public)]
    return Alert(
        code=outage.code,
        revision=newest.revision,
        sent=newest.at,
        kind="Cancel" if _state(newest) in _OFF else "Update" if followed else "Alert",
        incident=outage.kind == Kind.INCIDENT,
        reason=newest.content.get("reason"),
        area=newest.content.get("area", outage.area),
        windows=tuple(_windows(newest)),
        earlier=tuple((identifier(outage.code, one.revision), one.at) for one in followed),
    )


def identifier(code: str, revision: int) -> str:
    """An alert's name: no spaces, commas, `<` or `&` (CAP 1.2, 3.2.1)."""
    return f"{code}.{revision}"


def _state(revision: OutageRevision) -> str:
    return str(revision.content.get("state", OutageState.PUBLISHED))


def _public(revisions: Sequence[OutageRevision]) -> Iterator[OutageRevision]:
    """The revisions from the first one that was told to the public."""
    told = False
    for one in revisions:
        told = told or _state(one) in (*LIVE, OutageState.RESTORED)
        if told and _state(one) != OutageState.DRAFT:
            yield one


def _first_of_this(public: Sequence[OutageRevision]) -> int:
    """The revision with which this row of alerts began: a new time after a Cancel is a new Alert."""
    begun = public[0].revision
    for before, one in pairwise(public):
        if _state(before) in _OFF and _state(one) not in _OFF:
            begun = one.revision
    return begun


def _windows(revision: OutageRevision) -> Iterator[Window]:
    content = revision.content
    # Revisions kept before windows had numbers hold pairs of times, all of them on.
    plain = [{"starts_at": start, "ends_at": end} for start, end in content["slots"]]
    for one in content.get("windows", plain):
        ends = one["ends_at"]
        yield Window(
            datetime.fromisoformat(one["starts_at"]),
            datetime.fromisoformat(ends) if ends else None,
            SlotState(one.get("state", SlotState.ON)),
            one.get("changed_in", revision.revision) == revision.revision,
        )

"""Incidents that reports suggest: raised from what is open, confirmed or dismissed by staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from handlers import outages
from handlers.outage_forms import OutageDraft, Published, Slot
from handlers.rules.grouping import Sighting, Suggested, grouping_at, suggest
from handlers.talking import ZONE
from store import reports
from store.db import Unit
from store.extent import Scope
from store.outages import Kind
from store.reports import Suggestion, SuggestionState


@dataclass(frozen=True)
class Confirmation:
    """What staff know of the incident; it begins with the first report, if they do not say."""

    reason: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class UnknownSuggestion(Exception):
    """There is no such suggestion."""


class Settled(Exception):
    """Somebody confirmed or dismissed it before, or one for the whole feeder stands for it."""


async def regroup(unit: Unit, now: datetime, *, feeder: str | None, transformer: str | None) -> None:
    """Raise what open reports suggest on a feeder, or at a transformer of no known feeder; or bring the suggestion
    that is open there up to date. A place of which neither is known suggests nothing."""
    if feeder is None and transformer is None:
        return
    rules = grouping_at(now.astimezone(ZONE).date())
    found = await reports.open_since(unit, now - rules.window, feeder, transformer)
    seen = [Sighting(one.id or 0, one.contact_id, one.at, one.transformer_code, one.feeder_code) for one in found]
    grouped = {one.id or 0: one.suggestion_id for one in found}
    for one in suggest(seen, rules, now):
        await _raise(unit, one, grouped, now)


async def _raise(unit: Unit, found: Suggested, grouped: Mapping[int, int | None], now: datetime) -> None:
    """grouped: the suggestion that each report belongs to so far."""
    dismissed = await reports.dismissed_since(unit, found.kind, found.code, found.first_at)
    if dismissed is not None and all(one.at <= dismissed for one in found.sightings):
        # Staff know these reports and said no; only a new one raises the matter again.
        return
    raised = await reports.suggest(
        unit,
        Suggestion(
            kind=found.kind, code=found.code, reports=found.people, first_at=found.first_at, updated_at=now
        ),
    )
    assert raised.id is not None
    new = [one.report for one in found.sightings if grouped[one.report] != raised.id]
    if new:
        await reports.group(unit, raised.id, new)
    if found.kind == "feeder":
        await reports.absorb(unit, found.transformers, now)


async def confirm(unit: Unit, suggestion_id: int, known: Confirmation, by: str, now: datetime) -> Published:
    """Publish the incident; everyone who reported it is told, and later hears how it goes on.

    Raises UnknownSuggestion, Settled, Invalid.
    """
    suggestion = await _open(unit, suggestion_id)
    scope = (
        Scope(feeders=(suggestion.code,))
        if suggestion.kind == "feeder"
        else Scope(transformers=(suggestion.code,))
    )
    slot = Slot(known.starts_at or suggestion.first_at, known.ends_at)
    done = await outages.publish(unit, OutageDraft(Kind.INCIDENT, known.reason, (slot,), scope), by, now)
    suggestion.state, suggestion.outage_id = SuggestionState.CONFIRMED, done.outage.id
    suggestion.settled_by, suggestion.updated_at = by, now
    unit.session.add(suggestion)
    return done


async def dismiss(unit: Unit, suggestion_id: int, why: str, by: str, now: datetime) -> Suggestion:
    """It is no incident; its reports stay open. Raises UnknownSuggestion, Settled."""
    suggestion = await _open(unit, suggestion_id)
    suggestion.state, suggestion.why = SuggestionState.DISMISSED, why
    suggestion.settled_by, suggestion.updated_at = by, now
    unit.session.add(suggestion)
    return suggestion


async def _open(unit: Unit, suggestion_id: int) -> Suggestion:
    suggestion = await reports.suggestion(unit, suggestion_id)
    if suggestion is None:
        raise UnknownSuggestion
    if suggestion.state != SuggestionState.OPEN:
        raise Settled
    return suggestion

"""What an import of outages did, in lines for whoever ran it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.web.errors import findings_out
from handlers.outage_bringing import Outcome, Result, WindowChange
from handlers.outage_import import Report
from handlers.outage_keeping import SlotSeen
from store.outages import SlotState

# Outages of one kind that are told one by one.
SHOWN = 50
_STATES: Mapping[SlotState, str] = {
    SlotState.ON: "",
    SlotState.OVER: " over",
    SlotState.CANCELLED: " cancelled",
    SlotState.POSTPONED: " postponed",
}
_OUTCOMES: tuple[tuple[Outcome, str], ...] = (
    (Outcome.PUBLISHED, "new: published"),
    (Outcome.DRAFT, "new: kept as a draft, as --draft says"),
    (Outcome.BLOCKED, "new: kept as a draft, because planning rules forbid to publish"),
    (Outcome.CHANGED, "changed"),
    (Outcome.FORBIDDEN, "left as it was, because planning rules forbid the change"),
    (Outcome.UNCHANGED, "unchanged"),
    (Outcome.OVER, "ended already: left as it was"),
)
# Of these the number says enough.
_COUNTED = (Outcome.UNCHANGED,)


def told(report: Report, file: Path, zone: ZoneInfo, *, dry_run: bool) -> Iterator[str]:
    """The report without its bad rows; times in `zone`."""
    yield f"{file}: {report.good + report.bad.count:,} rows, {report.good:,} good, {report.bad.count:,} bad."
    if report.extra_columns:
        yield f"Columns that are not used: {', '.join(report.extra_columns)}."
    yield "A dry run: nothing was written. An import would make of the outages" if dry_run else "Outages:"
    counts = Counter(result.outcome for result in report.results)
    for outcome, words in _OUTCOMES:
        yield f"  {counts[outcome]:>10,} {words}"
    for outcome, words in _OUTCOMES:
        these = [result for result in report.results if result.outcome is outcome]
        if these and outcome not in _COUNTED:
            yield f"{words[0].upper()}{words[1:]}:"
            yield from _each(these, zone, dry_run=dry_run)
    waiting = sum(result.is_draft for result in report.results)
    if waiting:
        yield f"Drafts that wait for staff: {waiting:,}. Publish them with POST /api/v1/outages/ID/publish."
    if not dry_run and any(result.spreading for result in report.results):
        yield "There is more to tell than was written at once: the running service goes on with it."


def _each(results: list[Result], zone: ZoneInfo, *, dry_run: bool) -> Iterator[str]:
    for result in results[:SHOWN]:
        yield f"  {_head(result, dry_run=dry_run)}"
        for name in result.fields:
            yield f"    {name} is another one"
        for window in result.windows:
            yield f"    {_window(window, zone)}"
        for finding in findings_out(result.findings, "en"):
            yield f"    {'!' if finding.blocking else '-'} {finding.text}"
    if len(results) > SHOWN:
        yield f"  … and {len(results) - SHOWN:,} more"


def _head(result: Result, *, dry_run: bool) -> str:
    """Its name; its code, unless a dry run has only tried one; and how many hear of it."""
    is_new = result.outcome in (Outcome.PUBLISHED, Outcome.DRAFT, Outcome.BLOCKED)
    code = "" if dry_run and is_new else f" ({result.code})"
    heard = f", {result.recipients:,} to be told" if result.recipients else ""
    return f"{result.ref}{code}{heard}"


def _window(change: WindowChange, zone: ZoneInfo) -> str:
    after = _times(change.after, zone)
    if change.before is None:
        return f"window {change.after.number}: new, {after}"
    before = _times(change.before, zone)
    if (change.before.starts_at, change.before.ends_at) == (change.after.starts_at, change.after.ends_at):
        return f"window {change.after.number}: {after}{'' if _STATES[change.after.state] else ' on again'}"
    return f"window {change.after.number}: {before} → {after}"


def _times(slot: SlotSeen, zone: ZoneInfo) -> str:
    end = _moment(slot.ends_at, zone) if slot.ends_at else "?"
    return f"{_moment(slot.starts_at, zone)} – {end}{_STATES[slot.state]}"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M %d/%m/%Y}"

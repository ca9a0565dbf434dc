"""Reports and incidents that cross: what one transaction could not see of another is made good a little later."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers import announcements
from handlers.outage_keeping import scope_of
from store import due, outages, outbox, reports
from store.audience import Audience
from store.db import Unit
from store.outages import Kind, Outage, OutageState

# Newly told incidents that are looked at once more, and cancelled ones whose reports are to be opened again.
LATE, LET_GO = "late_reporters", "reports_let_go"
# By then every report and follow that was under way when the incident was published has been committed.
SOON = timedelta(seconds=15)
# What is reported later than that after the publication is by somebody who could hear of it in the answer.
UNDER_WAY = timedelta(seconds=10)
# A report older than this is no report of an incident that begins now.
REPORTS_SINCE = timedelta(hours=24)


async def tie_reports(unit: Unit, outage: Outage, now: datetime, until: datetime | None = None) -> None:
    """Who reported an incident from within its scope (at the latest at `until`) hears of it, as followers do."""
    assert outage.id is not None
    scope, heard = await scope_of(unit, outage.id), await _heard_in(unit, outage)
    await reports.tie(unit, outage.id, scope, heard, now - REPORTS_SINCE, until)
    await reports.confirm_suggestions(unit, outage.id, scope, now)


async def look_again(unit: Unit, outage: Outage, now: datetime) -> None:
    """Plan the look for those who reported, or began to follow, while this revision was being published."""
    await due.plan(unit, LATE, str(outage.id), now + SOON)


async def late_reporters(unit: Unit, now: datetime) -> int:
    """Tell incidents once more to whoever the publication could not see; nobody gets the message twice."""
    looked = await due.take(unit, LATE, now)
    for one in looked:
        outage = await outages.by_id(unit, int(one.about), lock=True)
        if outage is None or (outage.kind, outage.state) != (Kind.INCIDENT, OutageState.PUBLISHED):
            continue
        if await announcements.any_unfinished(unit, int(one.about)):
            # Those who come late are after the others.
            await look_again(unit, outage, now)
            continue
        told_at = (await outages.revision_of(unit, int(one.about), outage.revision)).at
        await tie_reports(unit, outage, now, told_at + UNDER_WAY)
        await outbox.spread_again(unit, int(one.about), outage.revision, Audience.TOUCHED)
    return len(looked)


async def stay_within(unit: Unit, outage: Outage) -> None:
    """Reports from what a narrower scope leaves out are open again."""
    assert outage.id is not None
    await reports.reopen(unit, outage.id, await scope_of(unit, outage.id), await _heard_in(unit, outage))


async def let_go(unit: Unit, outage: Outage, now: datetime) -> None:
    """The reports of an incident that is none are open again, as soon as all who heard of it are told so."""
    assert outage.id is not None
    messages = [one.id for one in await outbox.of_outage(unit, outage.id) if one.audience_kind and one.id]
    if await outbox.any_unspread(unit, messages):
        await due.plan(unit, LET_GO, str(outage.id), now + SOON)
    else:
        await reports.reopen(unit, outage.id, None)


async def let_go_late(unit: Unit, now: datetime) -> int:
    """Open the reports of cancelled incidents whose many followers are told by now; how many were looked at."""
    looked = await due.take(unit, LET_GO, now)
    for one in looked:
        outage = await outages.by_id(unit, int(one.about), lock=True)
        if outage is not None and outage.state == OutageState.CANCELLED:
            await let_go(unit, outage, now)
    return len(looked)


async def _heard_in(unit: Unit, outage: Outage) -> list[str]:
    """The wards whose followers hear of an outage's newest revision."""
    assert outage.id is not None
    return list((await outages.revision_of(unit, outage.id, outage.revision)).content["heard_in"])

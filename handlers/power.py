"""What is known of the power at a place: outages there now and today, and those that are over for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from conversations.danger import UrgentFound, UrgentNumber
from conversations.model import Moment
from conversations.places import FindPlace, PlaceSeen, target_of
from conversations.power import Known, MyReports, MyReportsFound, PowerAt, PowerFound, Restored, RestoredFound
from conversations.wire import words_from_json
from handlers import numbering, place_lookup
from handlers.outage_lookup import is_within, parts_of, period, seen_as, supply_of_target
from handlers.talking import Talking
from store import outages, reports, subscriptions
from store.contacts import Contact
from store.db import Unit
from store.outages import LIVE, Kind, Outage, OutageSlot, SlotState
from store.reports import Report, ReportState

# After two days "not yet" is about another outage than the one that was restored.
STILL_ABOUT = timedelta(hours=48)
# Danger told again within this time is the same danger, told in more words.
SAME_DANGER = timedelta(minutes=10)
# Where the danger is may be answered later than that.
SAME_PLACE_ASKED = timedelta(hours=24)


async def at_place(unit: Unit, contact: Contact, query: PowerAt, now: datetime, talking: Talking) -> PowerFound:
    """The outages at a place now, and the planned ones still to come today."""
    target, as_of = target_of(query.place), Moment(now.isoformat())
    here = await live_at(unit, target, period("today", now, talking)[0], now) if target else ()
    current, later = list[Known](), list[Known]()
    for outage, slots in here:
        assert outage.id is not None
        for slot in slots:
            known = Known(outage.id, seen_as(outage, slot, ()))
            (current if slot.starts_at <= now else later).append(known)
    return PowerFound(query.place, tuple(current), tuple(later), as_of)


async def live_at(
    unit: Unit, target: str, begins_before: datetime, ends_after: datetime
) -> Sequence[tuple[Outage, Sequence[OutageSlot]]]:
    """The outages at a place and those of their windows that are on within a time."""
    parts = set(parts_of(await supply_of_target(unit, target)))
    found = await outages.touching(unit, parts, begins_before, ends_after)
    slots = await outages.slots_of(unit, (one.id for one in found if one.id is not None))
    return [
        (
            one,
            [
                slot
                for slot in slots[one.id or 0]
                if slot.state == SlotState.ON and is_within(one, slot, begins_before, ends_after, ends_after)
            ],
        )
        for one in found
    ]


async def over_for_others(
    unit: Unit, contact: Contact, query: Restored, now: datetime, talking: Talking
) -> RestoredFound:
    """The outage that a customer says is not over for them, and which of their own places it touched."""
    assert contact.id is not None
    asked, _, target = query.asked.partition("@")
    outage_id = await reports.last_told_restored(unit, contact.id) if asked == "last" else int(asked)
    outage = await outages.by_id(unit, outage_id) if outage_id else None
    if outage is None or outage.id is None or not _still_about(outage, now):
        return RestoredFound(query.asked)
    touched = await _touched(unit, contact.id, outage.id)
    chosen = {target: touched[target]} if target in touched else touched
    return RestoredFound(query.asked, outage.id, outage.code, tuple(chosen.values()))


def _still_about(outage: Outage, now: datetime) -> bool:
    if outage.restored_at is not None and outage.restored_at >= now - STILL_ABOUT:
        return True
    return outage.kind == Kind.INCIDENT and outage.state in LIVE


async def _touched(unit: Unit, contact_id: int, outage_id: int) -> Mapping[str, PlaceSeen]:
    """The places a contact follows, or reported, that an outage touched, by target."""
    scope = {(part.kind, part.code) for part in await outages.scope_of(unit, outage_id)}
    touched: dict[str, PlaceSeen] = {}
    for one in await subscriptions.of_contact(unit, contact_id):
        place = await place_lookup.of_target(unit, one.target)
        if place and scope & set(parts_of(await supply_of_target(unit, one.target))):
            touched[one.target] = place
    reported = (await reports.outages_heard(unit, contact_id)).get(outage_id)
    if not touched and reported is not None and reported.place is not None:
        touched[reported.target] = PlaceSeen(reported.target, words_from_json(reported.place))
    return touched


async def reported(
    unit: Unit, contact: Contact, query: MyReports, now: datetime, talking: Talking
) -> MyReportsFound:
    """The places where a contact reported an outage that nobody has found yet."""
    assert contact.id is not None
    found = await reports.unsettled_of(unit, contact.id)
    newest = {one.where: (one.label, one.code) for one in found if one.state == ReportState.OPEN}
    return MyReportsFound(tuple(newest.values()))


async def urgent(
    unit: Unit, contact: Contact, query: UrgentNumber, now: datetime, talking: Talking
) -> UrgentFound:
    """The number of the urgent report that a customer's words belong to, and the place they surely name."""
    assert contact.id is not None
    within = SAME_DANGER if query.fresh else SAME_PLACE_ASKED
    before = await reports.newest_urgent(unit, contact.id, now - within)
    code = before.code if before else await numbering.new_number(unit, "report")
    place = None
    if query.place:
        found = await place_lookup.find(unit, contact, FindPlace(query.place, streets=True), now, talking)
        place = found.places[0] if found.sure else None
    return UrgentFound(code, before is not None, _placed(before), place)


def _placed(report: Report | None) -> bool:
    return report is not None and report.place is not None

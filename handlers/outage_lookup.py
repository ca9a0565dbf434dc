"""Which outages touch a place, or any of the customer's own, within a period or on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from conversations.lookup import (
    PERIODS,
    LookUp,
    OutageSeen,
    OutagesFound,
    ReadTime,
    TimeNotRead,
    TimePast,
    TimeRead,
)
from conversations.model import Moment, Span, Words
from conversations.places import MINE
from handlers.rules import whens
from handlers.talking import Talking
from store import customers, outages, subscriptions
from store.contacts import Contact
from store.customers import Supply
from store.db import Unit
from store.network import Street
from store.outages import Kind, Outage, OutageSlot, ScopeKind, SlotState

# A street is looked up by the customers on it; a longer one is one of several streets of that name.
MOST_ON_A_STREET = 2_000
DAYS_SHOWN = 7
UNKNOWN_END = timedelta(days=1)


async def look_up(unit: Unit, contact: Contact, query: LookUp, now: datetime, talking: Talking) -> OutagesFound:
    """The outages of a place, or of each place the contact follows, with the labels of those it touches."""
    as_of = Moment(now.isoformat())
    if query.target == MINE:
        assert contact.id is not None
        followed = await subscriptions.of_contact(unit, contact.id)
        if not followed:
            return OutagesFound((), as_of, no_places=True)
        supplies = {one.label: await supply_of_target(unit, one.target) for one in followed}
    else:
        supplies = {"": await supply_of_target(unit, query.target)}
    begins_before, ends_after = period(query.period, now, talking)
    parts = {part for supply in supplies.values() for part in parts_of(supply)}
    found = await outages.touching(unit, parts, begins_before, ends_after)
    slots = await outages.slots_of(unit, (one.id for one in found if one.id is not None))
    seen = []
    for outage in found:
        assert outage.id is not None
        labels = await _labels(unit, outage.id, supplies)
        for slot in slots[outage.id]:
            if is_within(outage, slot, begins_before, ends_after, now):
                seen.append(seen_as(outage, slot, labels))
    return OutagesFound(
        tuple(sorted(seen, key=lambda one: one.span.start)),
        as_of,
        days=_days(now, talking) if query.period == "week" else (),
        places=tuple(label for label in supplies if label),
        day=None if query.period in PERIODS else _noon(date.fromisoformat(query.period), talking),
    )


async def read_time(
    unit: Unit, contact: Contact, query: ReadTime, now: datetime, talking: Talking
) -> TimeRead | TimePast | TimeNotRead:
    """The time that words mean; a day of these years, before or after today."""
    for said in query.said:
        match whens.read_day_near(said, now, talking.zone):
            case whens.DayRead(day):
                today = now.astimezone(talking.zone).date()
                return TimeRead("today" if day == today else day.isoformat())
            case whens.DayPast(day):
                return TimePast(_noon(day, talking))
            case whens.WindowWrong():
                return TimeNotRead("no_such_day")
    return TimeRead(query.otherwise) if query.otherwise else TimeNotRead("none")


def _noon(day: date, talking: Talking) -> Moment:
    return Moment(datetime.combine(day, time(12), talking.zone).isoformat(), "day")


def period(name: str, now: datetime, talking: Talking) -> tuple[datetime, datetime]:
    """`now`, `today`, `week` or a local day ahead as (begins before, ends after); days end at local midnight."""
    local = now.astimezone(talking.zone)
    if name not in PERIODS:
        day = date.fromisoformat(name)
        first, last = (datetime.combine(one, time(), talking.zone) for one in (day, day + timedelta(days=1)))
        return last.astimezone(now.tzinfo), first.astimezone(now.tzinfo)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    ends = {"now": now + timedelta(microseconds=1), "today": midnight, "week": midnight + timedelta(days=7)}
    return ends[name].astimezone(now.tzinfo), now


def _days(now: datetime, talking: Talking) -> tuple[str, ...]:
    """The local days that a picture of the week shows, today first."""
    today = now.astimezone(talking.zone).date()
    return tuple((today + timedelta(days=number)).isoformat() for number in range(DAYS_SHOWN))


async def supply_of_target(unit: Unit, target: str) -> Supply:
    """By what a place is served; nothing when it is gone."""
    kind, _, code = target.partition(":")
    if kind == "w":
        return await customers.supply_of_ward(unit, code)
    if kind == "c":
        customer = await customers.by_code(unit, code)
        return customers.supply_of([customer]) if customer else Supply()
    number, _, house = code.partition(":")
    street = await unit.session.get(Street, int(number)) if number.isdecimal() else None
    if street is None:
        return Supply()
    there = await customers.at_address(
        unit, street.folded, [street.ward_code], house or None, limit=MOST_ON_A_STREET
    )
    return customers.supply_of(there)


def parts_of(supply: Supply) -> list[tuple[str, str]]:
    """The parts of the network whose outage touches what is supplied so, as (kind, code)."""
    named: Sequence[tuple[ScopeKind, frozenset[str]]] = (
        (ScopeKind.CUSTOMER, supply.customers),
        (ScopeKind.TRANSFORMER, supply.transformers),
        (ScopeKind.FEEDER, supply.feeders),
        (ScopeKind.WARD, supply.wards),
    )
    return [(kind, code) for kind, codes in named for code in codes]


async def _labels(unit: Unit, outage_id: int, supplies: Mapping[str, Supply]) -> tuple[str, ...]:
    """The labels of the places that an outage touches."""
    scope = {(part.kind, part.code) for part in await outages.scope_of(unit, outage_id)}
    return tuple(label for label, supply in supplies.items() if label and scope & set(parts_of(supply)))


def is_within(
    outage: Outage, slot: OutageSlot, begins_before: datetime, ends_after: datetime, now: datetime
) -> bool:
    """Whether a window is on within a time.

    An incident that was to be over goes on until it is restored; of one whose end nobody knows, that it may still
    be there is said for a day and no longer.
    """
    if slot.state != SlotState.ON or slot.starts_at >= begins_before:
        return False
    if outage.kind == Kind.INCIDENT and (slot.ends_at is None or slot.ends_at <= now):
        return ends_after <= now + UNKNOWN_END
    return slot.ends_at is None or slot.ends_at > ends_after


def seen_as(outage: Outage, slot: OutageSlot, labels: tuple[str, ...]) -> OutageSeen:
    """A window of an outage as a customer sees it."""
    end = slot.ends_at.isoformat() if slot.ends_at else None
    return OutageSeen(
        incident=outage.kind == Kind.INCIDENT,
        area=tuple(area_words(outage.area)),
        reason=outage.reason,
        span=Span(slot.starts_at.isoformat(), end),
        places=labels,
        state=slot.state,
    )


def area_words(area: Sequence[Mapping[str, object]]) -> list[Words]:
    """The wards an outage touches, each named as a whole or as a part."""
    return [Words("area.part" if one["part"] else "area.whole", {"ward": str(one["name"])}) for one in area]

"""Reports from customers: kept under their number, tied to what is known, grouped into what many suggest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from conversations.danger import TellUrgent
from conversations.model import Json, language_of
from conversations.places import name_of, target_of
from conversations.power import HearOf, PowerIsBack
from conversations.report import OpenReport
from conversations.wire import words_to_json
from handlers import announcements, incidents, numbering, suggestions
from handlers.outage_lookup import supply_of_target
from handlers.power import live_at
from handlers.talking import Talking
from store import outages, reports, subscriptions
from store.contacts import Contact
from store.db import Unit
from store.outages import Kind, OutageState
from store.reports import Report, ReportState

# "That is not mine" follows upon an answer given not longer ago than this.
JUST_TOLD = timedelta(hours=1)
LONGEST_LABEL = 80
# So many messages of one danger are kept; each is at most as long as a message may be.
MOST_SAID = 20


async def open_report(unit: Unit, contact: Contact, wish: OpenReport, now: datetime, talking: Talking) -> None:
    """Keep a report; what was published while the questions were asked is told, the rest is grouped."""
    assert contact.id is not None
    if wish.apart:
        await reports.untie(unit, contact.id, target_of(wish.place), now - JUST_TOLD, now)
    report = await _report(unit, contact, wish.code, wish.place, now, talking)
    report.answers = {**wish.answers, **_heard(wish.place)}
    report.still_out, report.outage_id = wish.after is not None, wish.after
    await reports.add(unit, report)
    if not wish.apart and await _told_meanwhile(unit, contact, report, now):
        return
    await suggestions.regroup(unit, now, feeder=report.feeder_code, transformer=report.transformer_code)


async def hear_of(unit: Unit, contact: Contact, wish: HearOf, now: datetime, talking: Talking) -> None:
    """Tie a contact to outages that were told in the answer to what they reported, once for each."""
    assert contact.id is not None
    heard = await reports.outages_heard(unit, contact.id)
    for outage_id in wish.outages:
        before = heard.get(outage_id)
        if before is not None and before.state == ReportState.TIED:
            continue
        code = await numbering.new_number(unit, "report")
        report = await _report(unit, contact, code, wish.place, now, talking)
        report.state, report.outage_id, report.heard = ReportState.TIED, outage_id, True
        await reports.add(unit, report)


async def power_is_back(unit: Unit, contact: Contact, wish: PowerIsBack, now: datetime, talking: Talking) -> None:
    """Close what a contact reported of the outage or place that they mean."""
    assert contact.id is not None
    unsettled = await reports.unsettled_of(unit, contact.id)
    if wish.outage is not None:
        meant = [one for one in unsettled if one.outage_id == wish.outage]
    elif wish.report is not None:
        places = {one.where for one in unsettled if one.code == wish.report}
        meant = [one for one in unsettled if one.where in places]
    else:
        meant = [one for one in unsettled if one.state == ReportState.OPEN]
    await reports.close(unit, meant, now)
    for feeder, transformer in {(one.feeder_code, one.transformer_code) for one in meant}:
        await suggestions.regroup(unit, now, feeder=feeder, transformer=transformer)


async def tell_urgent(unit: Unit, contact: Contact, wish: TellUrgent, now: datetime, talking: Talking) -> None:
    """Open an urgent report, or add to it what was said since, or where it is."""
    assert contact.id is not None
    report = await reports.by_code(unit, contact.id, wish.code)
    if report is None:
        report = Report(code=wish.code, contact_id=contact.id, urgent=True, answers={"words": []}, at=now)
    if wish.words:
        said = [*report.answers.get("words", []), wish.words]
        report.answers = {**report.answers, "words": said[:MOST_SAID]}
    if wish.place is not None:
        await _locate(unit, report, wish.place)
        report.label = _label(wish.place, contact, talking)
        report.answers = {**report.answers, **_heard(wish.place)}
    await reports.add(unit, report)


async def _report(unit: Unit, contact: Contact, code: str, place: Json, now: datetime, talking: Talking) -> Report:
    """A report that is not kept yet, with all that is known of its place."""
    assert contact.id is not None
    report = Report(code=code, contact_id=contact.id, answers={}, at=now)
    await _locate(unit, report, place)
    followed = await subscriptions.of_contact(unit, contact.id)
    labels = (one.label for one in followed if one.target == report.target)
    report.label = next(labels, _label(place, contact, talking))
    return report


async def _locate(unit: Unit, report: Report, place: Json) -> None:
    """Write down where it is, and by what it is served as far as all of the place is served by one."""
    target = target_of(place)
    report.target, report.place = target, words_to_json(name_of(place))
    supply = await supply_of_target(unit, target) if target else None
    if supply is None:
        return
    report.customer_code = target.removeprefix("c:") if target.startswith("c:") else None
    report.ward_code = _only(supply.wards)
    report.transformer_code, report.feeder_code = _only(supply.transformers), _only(supply.feeders)


def _only(codes: Iterable[str]) -> str | None:
    found = list(codes)
    return found[0] if len(found) == 1 else None


def _label(place: Json, contact: Contact, talking: Talking) -> str:
    return talking.speaker.plain(name_of(place), language_of(contact.language))[:LONGEST_LABEL]


def _heard(place: Json) -> dict[str, Any]:
    """What the customer typed for the place, where the place alone does not tell it all."""
    return {"heard": place["heard"]} if isinstance(place, dict) and place.get("heard") else {}


async def _told_meanwhile(unit: Unit, contact: Contact, report: Report, now: datetime) -> bool:
    """Tell of an incident that was published between the last question and its answer."""
    assert contact.id is not None
    if not report.target:
        return False
    for found, _ in await live_at(unit, report.target, now + timedelta(microseconds=1), now):
        outage = await outages.by_id(unit, found.id or 0, lock=True)
        if outage is None or outage.kind != Kind.INCIDENT or outage.state != OutageState.PUBLISHED:
            continue
        report.state, report.outage_id = ReportState.TIED, outage.id
        unit.session.add(report)
        news = await incidents.news_for(unit, outage, now)
        await announcements.tell_one(unit, outage, news, contact.id, [report.label], now)
        return True
    return False

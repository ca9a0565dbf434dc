"""The calendar feed of a contact: planned outages at the places they follow, as iCalendar (RFC 5545, RFC 7986).

Incidents are left out. Phones ask for a feed every few hours, some once a day: an incident would show up after it
is over, with an end that nobody knew, and could be taken for news. Messages tell of incidents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event, vDuration, vText

from conversations.calendar import CalendarFound, MyCalendar, ReplaceCalendarLink
from conversations.model import Language, Words, language_of
from conversations.texts import Speaker
from handlers.outage_lookup import area_words
from handlers.talking import Talking
from store import contacts, feeds, subscriptions
from store.contacts import Contact
from store.db import Unit
from store.feeds import WindowAt
from store.outages import SlotState

BACK, AHEAD = timedelta(days=60), timedelta(days=400)
# How often a phone is asked to look for news; each does as it likes.
REFRESH = timedelta(hours=1)
PRODUCT = "-//Sang Den//Planned outages//VI"
_OFF = (SlotState.CANCELLED, SlotState.POSTPONED)


@dataclass(frozen=True)
class Reader:
    """How a calendar is written for its reader; `leads` are how long before a window their phone shall ring."""

    language: Language
    leads: tuple[timedelta, ...]
    host: str


@dataclass(frozen=True)
class Feed:
    """A calendar as it is served; `changed_at` is the newest change of an outage in it."""

    body: bytes
    changed_at: datetime | None


async def of_token(unit: Unit, token: str, now: datetime, talking: Talking) -> Feed | None:
    """The calendar that a link opens; None for a link that is not ours or was replaced."""
    named = talking.links.calendar_of(token) if talking.links else None
    contact = await unit.session.get(Contact, named[0]) if named else None
    if talking.links is None or named is None or contact is None or contact.calendar_version != named[1]:
        return None
    assert contact.id is not None
    windows = await feeds.planned_windows(unit, contact.id, now + AHEAD, now - BACK)
    body = build(windows, reader_of(contact, talking.links.host), talking.speaker)
    return Feed(body, max((one.outage.updated_at for one in windows), default=None))


def reader_of(contact: Contact, host: str) -> Reader:
    """The reader that a contact is: their language and the reminders they chose."""
    wished = ((contact.remind_day, timedelta(days=1)), (contact.remind_hour, timedelta(hours=1)))
    return Reader(language_of(contact.language), tuple(lead for wish, lead in wished if wish), host)


def build(windows: Sequence[WindowAt], reader: Reader, speaker: Speaker) -> bytes:
    """The calendar file. It holds no time of its making, so that it changes only when what it tells changes."""
    calendar = Calendar()
    name = speaker.plain(Words("calendar.name"), reader.language)
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", name)
    calendar.add("x-wr-calname", vText(name))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    for window in windows:
        calendar.add_component(_event(window, reader, speaker))
    return bytes(calendar.to_ical())


def _event(window: WindowAt, reader: Reader, speaker: Speaker) -> Event:
    outage, slot = window.outage, window.slot
    state = SlotState(slot.state)
    summary = Words(f"calendar.{state.value}", {"places": window.labels})
    area = tuple(area_words(outage.area))
    reason = outage.reason or Words("reason.unknown")
    about = Words("calendar.description", {"area": area, "reason": reason, "code": outage.code})
    event = Event()
    event.add("uid", f"outage-{outage.id}-{slot.number}@{reader.host}")
    event.add("sequence", slot.changed_in)
    event.add("status", "CANCELLED" if state in _OFF else "CONFIRMED")
    event.add("dtstamp", outage.updated_at)
    event.add("last-modified", outage.updated_at)
    event.add("dtstart", slot.starts_at)
    if slot.ends_at is not None:
        event.add("dtend", slot.ends_at)
    # An outage takes nobody's time: it must not show them as busy to others.
    event.add("transp", "TRANSPARENT")
    event.add("summary", speaker.plain(summary, reader.language))
    event.add("description", speaker.plain(about, reader.language))
    event.add("location", speaker.plain(Words("calendar.location", {"area": area}), reader.language))
    event.add("categories", [speaker.plain(Words("calendar.category"), reader.language)])
    if state is SlotState.ON and window.awake:
        for lead in reader.leads:
            event.add_component(_alarm(lead, speaker.plain(summary, reader.language)))
    return event


def _alarm(lead: timedelta, words: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -lead)
    alarm.add("description", words)
    return alarm


# --- the link, in conversation -----------------------------------------------------------------------------------


async def mine(unit: Unit, contact: Contact, query: MyCalendar, now: datetime, talking: Talking) -> CalendarFound:
    """The contact's link as it is, or as it will be once it is replaced."""
    assert contact.id is not None
    if talking.links is None:
        return CalendarFound("", empty=True)
    version = contact.calendar_version + query.replaced
    followed = await subscriptions.of_contact(unit, contact.id)
    return CalendarFound(talking.links.calendar(contact.id, version), empty=not followed)


async def replace_link(
    unit: Unit, contact: Contact, wish: ReplaceCalendarLink, now: datetime, talking: Talking
) -> None:
    """From now on only the next link opens the calendar."""
    assert contact.id is not None
    await contacts.replace_calendar(unit, contact.id)

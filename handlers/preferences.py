"""What a contact chose about notices: reminders and quiet hours."""

from __future__ import annotations

from datetime import datetime

from conversations.notices import MyNotices, NoticesFound, SetQuietHours, SetReminders
from handlers.talking import Talking
from store import contacts
from store.contacts import Contact
from store.db import Unit


async def mine(unit: Unit, contact: Contact, query: MyNotices, now: datetime, talking: Talking) -> NoticesFound:
    """The contact's choices as they stand."""
    begins, ends = contact.quiet_from, contact.quiet_to
    quiet = None if begins is None or ends is None else (begins, ends)
    return NoticesFound(contact.remind_day, contact.remind_hour, quiet)


async def set_reminders(unit: Unit, contact: Contact, wish: SetReminders, now: datetime, talking: Talking) -> None:
    """Switch reminders on or off."""
    assert contact.id is not None
    await contacts.remind(unit, contact.id, wish.day, wish.hour)


async def set_quiet_hours(
    unit: Unit, contact: Contact, wish: SetQuietHours, now: datetime, talking: Talking
) -> None:
    """Choose the hours in which planned notices wait, or none."""
    assert contact.id is not None
    await contacts.quiet(unit, contact.id, wish.hours)

"""A broadcast for benchmarks: an incident's message and its deliveries, written as the service writes them."""

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select
from sqlmodel import col

from conversations.model import Button, Moment, Reply, Value, Words
from conversations.wire import reply_to_json
from store import outbox
from store.contacts import Contact
from store.db import Database
from store.outbox import Delivery, Message, Priority, Status

CHANNEL = "telegram"
FIRST_CHAT = 1_000_000


def incident(at: datetime) -> Reply:
    """What followers of a ward read when its power fails."""
    values: dict[str, Value] = {
        "area": ("Phường Bến Thành", "Phường Sài Gòn"),
        "reason": Words("reason.unknown"),
        "start": Moment(at.isoformat()),
        "end": Moment((at + timedelta(hours=2)).isoformat()),
        "code": "SC-2611-0001",
    }
    buttons = (Button(Words("menu.places"), "go:places"),)
    return Reply((Words("incident.new", values), Words("incident.places")), buttons)


async def add_followers(database: Database, number: int, now: datetime) -> None:
    """People who have written to the bot before."""
    people = [
        {"channel": CHANNEL, "address": str(FIRST_CHAT + one), "name": "An", "created_at": now, "seen_at": now}
        for one in range(number)
    ]
    async with database.unit() as unit:
        await unit.session.execute(insert(Contact), people)


async def write(database: Database, now: datetime) -> int:
    """One message, a delivery of it to every follower, due now; the message's id."""
    async with database.unit() as unit:
        words = reply_to_json(incident(now))
        worth = now + timedelta(hours=24)
        message = Message(words=words, priority=Priority.INCIDENT, worthless_after=worth, created_at=now)
        message_id = await outbox.add_message(unit, message)
        chosen = await unit.session.execute(select(col(Contact.id)).where(col(Contact.channel) == CHANNEL))
        deliveries = [
            {
                "message_id": message_id,
                "contact_id": contact_id,
                "channel": CHANNEL,
                "status": Status.DUE,
                "priority": Priority.INCIDENT,
                "due_at": now,
                "worthless_after": worth,
                "attempts": 0,
                "dedupe_key": f"{message_id}:{contact_id}",
                "places": [_label(contact_id)],
                "created_at": now,
            }
            for contact_id in chosen.scalars()
        ]
        await unit.session.execute(insert(Delivery), deliveries)
    return message_id


async def sent(database: Database, message_id: int) -> int:
    """How many deliveries of a message are settled as sent."""
    query = select(func.count()).where(col(Delivery.message_id) == message_id, col(Delivery.status) == Status.SENT)
    async with database.reading() as unit:
        return int((await unit.session.execute(query)).scalar_one())


def _label(contact_id: int) -> str:
    """What people call their place: mostly what the bot proposes, and every tenth a name of their own."""
    return f"Nhà số {contact_id}" if contact_id % 10 == 0 else ("Nhà", "Chỗ làm", "Nhà ba mẹ")[contact_id % 3]

"""What journeys of requests share: the minutes and days between a move and what it leads to, gone by at once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import update
from sqlmodel import col

from handlers import surveys
from handlers.talking import ZONE
from store.db import Database
from store.outbox import Delivery, Status
from store.requests import Request


async def settle_moves(database: Database) -> None:
    """The two minutes are over within which staff may take a move back."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with database.unit() as unit:
        await unit.session.execute(update(Delivery).where(col(Delivery.status) == Status.DUE).values(due_at=past))


async def ask_how_it_went(database: Database, code: str) -> None:
    """The survey of a finished request is due, at the last noon: at night nobody is asked."""
    now = datetime.now(UTC)
    noon = datetime.combine(now.astimezone(ZONE).date(), time(12), ZONE)
    noon = noon if noon <= now else noon - timedelta(days=1)
    async with database.unit() as unit:
        await unit.session.execute(update(Request).where(col(Request.code) == code).values(survey_due_at=noon))
        assert await surveys.surveys_due(unit, noon) == 1

"""What the tests of calendars and alerts share: planned work in the small town, and links of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from handlers import outages
from handlers.links import Links
from handlers.outages import OutageDraft, Postponement, Published, Slot
from handlers.talking import Talking, talking
from store.extent import Scope
from tests.town import NOW, Town, outage_id

LINKS = Links("https://dien.example.vn", "a secret that only tests know of")
# Ten in the morning of a Tuesday two weeks ahead, on the utility's clock.
MORNING = datetime(2026, 12, 8, 3, 0, tzinfo=NOW.tzinfo)


def speaking() -> Talking:
    """The product's conversations, with links."""
    return replace(talking(), links=LINKS)


def window(days: int = 0, hours: int = 3) -> Slot:
    """A window so many days after MORNING."""
    return Slot(MORNING + timedelta(days=days), MORNING + timedelta(days=days, hours=hours))


async def plan(town: Town, scope: Scope, slots: Sequence[Slot] = (), draft: bool = False) -> Published:
    """Publish planned work, or keep it as a draft."""
    wish = OutageDraft("planned", "Bảo trì lưới điện", tuple(slots) or (window(),), scope, draft=draft)
    async with town.database.unit() as unit:
        return await outages.publish(unit, wish, "chị Tư", town.now)


async def postpone(town: Town, done: Published) -> Published:
    """Put all windows off, until further notice."""
    async with town.database.unit() as unit:
        return await outages.postpone(unit, outage_id(done), Postponement(), "chị Tư", town.now)

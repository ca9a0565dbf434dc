"""The table of queries: where each fact that a conversation needs is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from conversations.lookup import LookUp
from conversations.model import Found, Query
from conversations.places import FindPlace, FindPlaceByPhone, FindPlaceNear, MyPlaces
from handlers import outage_lookup, place_lookup
from handlers.talking import Talking
from store.contacts import Contact
from store.db import Unit

Look = Callable[[Unit, Contact, Any, datetime, Talking], Awaitable[Found]]

LOOKUPS: dict[type[Query], Look] = {
    FindPlace: place_lookup.find,
    FindPlaceByPhone: place_lookup.by_phone,
    FindPlaceNear: place_lookup.near,
    MyPlaces: place_lookup.mine,
    LookUp: outage_lookup.look_up,
}


async def answer(unit: Unit, contact: Contact, query: Query, now: datetime, talking: Talking) -> Found:
    """Find what a conversation asks for, within the unit of the event."""
    return await LOOKUPS[type(query)](unit, contact, query, now, talking)

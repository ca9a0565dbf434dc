"""Keeps how soon people were told of each incident, which the law measures from the moment it occurred."""

from __future__ import annotations

from datetime import datetime, timedelta

from store import push_times
from store.db import Unit

# A push that could not be delivered for a day is given up; after another nobody is waited for.
LOOK_BACK = timedelta(hours=48)


async def keep_push_times(unit: Unit, now: datetime) -> int:
    """Write down the first and the last push of the incidents of the last days; how many were completed."""
    completed = 0
    for outage in await push_times.incomplete(unit, now - LOOK_BACK):
        assert outage.id is not None
        waiting = await push_times.under_way(unit, outage.id)
        if waiting and outage.first_push_at is not None:
            # A million deliveries are not read again at each tick only to learn that they go on.
            continue
        outage.first_push_at, last = await push_times.of_outage(unit, outage.id)
        outage.last_push_at = None if waiting else last
        completed += outage.last_push_at is not None
        unit.session.add(outage)
    return completed

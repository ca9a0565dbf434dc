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
        outage.first_push_at, outage.last_push_at = await push_times.of_outage(unit, outage.id)
        completed += outage.last_push_at is not None
        unit.session.add(outage)
    return completed

"""The tick of planned outages: says the notices whose time has come, and closes windows that have passed."""

from __future__ import annotations

from datetime import datetime

from handlers import notice_board, plans
from handlers.rules.notices import NoticeKind
from store import notices, outages
from store.db import Unit
from store.outages import LIVE

# So many outages in one unit of work: a tick comes again in seconds.
AT_ONCE = 20


async def notices_due(unit: Unit, now: datetime) -> int:
    """Say what is due; how many notices were dealt with. Late or twice, it does no harm."""
    done = 0
    for outage_id in await notices.outages_due(unit, now, AT_ONCE):
        done += await _of_outage(unit, outage_id, now)
    return done


async def _of_outage(unit: Unit, outage_id: int, now: datetime) -> int:
    outage = await outages.by_id(unit, outage_id, lock=True)
    assert outage is not None
    done = 0
    # One by one, and read again each time: the end of a window plans all that is to come anew.
    while outage.state in LIVE and (due := await notices.due_of(unit, outage_id, now)):
        notice = due[0]
        if notice.stage == NoticeKind.OVER:
            await plans.window_over(unit, outage, notice.slot, now)
        else:
            await notice_board.say(unit, outage, notice, now)
        done += 1
    return done

"""The tick of planned outages: says the notices whose time has come, and closes windows that have passed."""

from __future__ import annotations

from datetime import datetime

import structlog

from handlers import notice_board, plans
from handlers.rules.notices import NoticeKind
from store import notices, outages
from store.db import Unit
from store.outages import LIVE

log = structlog.get_logger(__name__)

# So many outages are looked at in one unit of work: a tick comes again in seconds.
AT_ONCE = 20


async def notices_due(unit: Unit, now: datetime, outages_at_most: int = AT_ONCE) -> int:
    """Say what is due; how many notices were dealt with. Late or twice, it does no harm.

    An outage that fails is left as it is, logged, and keeps no other from being told.
    """
    done = dealt_with = 0
    for outage_id in await notices.outages_due(unit, now, AT_ONCE):
        if dealt_with == outages_at_most:
            break
        try:
            async with unit.session.begin_nested():
                said = await _of_outage(unit, outage_id, now)
        except Exception:
            log.exception("notice_failed", outage=outage_id)
            continue
        done, dealt_with = done + said, dealt_with + bool(said)
    return done


async def next_notices_due(unit: Unit, now: datetime) -> int:
    """Say what is due of one outage: in a unit of its own no reply waits for it long, and it locks no other."""
    return await notices_due(unit, now, 1)


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

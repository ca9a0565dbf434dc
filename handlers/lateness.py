"""Late requests: staff see them before the promise breaks, and the customer hears it before they ask."""

from __future__ import annotations

from datetime import datetime

from handlers import request_news, request_words
from handlers.each import each
from handlers.escalations import EscalationKind
from handlers.request_keeping import plan_look, rules
from handlers.rules import progress
from store import escalations, requests
from store.db import Unit
from store.requests import Request

_AT_ONCE = 50


async def requests_late(unit: Unit, now: datetime) -> int:
    """Look at the requests whose time has come; how many. Harmless when done twice."""

    async def look(request: Request) -> bool:
        if request.escalated_at is None:
            request.escalated_at = now
            reason = {"service": request.service, "due_by": request.due_by.isoformat()}
            await escalations.open_(unit, EscalationKind.REQUEST_LATE, request.code, reason, now)
        tells_at = progress.tells_at(request.due_by, request.due_since, rules(now))
        if request.late_told_at is None and tells_at <= now:
            request.late_told_at = now
            key = f"request-late:{request.id}:{request.due_by.isoformat()}"
            await request_news.say(unit, request, request_words.late(request), key, now)
        plan_look(request, now)
        unit.session.add(request)
        return True

    return await each(unit, "requests_late", await requests.to_look_at(unit, now, _AT_ONCE), look)

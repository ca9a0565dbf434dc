"""The only door to the staff API: who calls, and what their role may do."""

from __future__ import annotations

from aiohttp import web

from bot.web.errors import ApiError
from handlers import tokens
from handlers.tokens import Caller
from store.db import Unit

ANY = ("operator", "agent", "leader", "admin")
PUBLISHERS = ("operator", "leader", "admin")
# Who may set a planning rule aside: it takes more than the one who plans.
OVERRIDERS = ("leader", "admin")
# Who sends crews and answers customers, and therefore reads where and what they reported.
CREWS = ("operator", "agent", "admin")
# Who may read a whole ID number, with a reason.
ID_READERS = ("agent", "admin")
# Who answers the proposals of businesses, and who speaks with them about it.
PROPOSAL_READERS = tuple(dict.fromkeys((*PUBLISHERS, *CREWS)))
# Who talks with customers in the chat.
DESK = ("agent", "admin")
# Who answers for how customers are treated.
SURVEYORS = ("agent", "leader", "admin")
# Who handles requests, and therefore sees the papers that came with them.
FILE_READERS = ("agent", "leader", "admin")
# Who watches over those who read.
AUDITORS = ("leader", "admin")
CHALLENGE = 'Bearer realm="sangden"'


async def require(unit: Unit, request: web.Request, roles: tuple[str, ...]) -> Caller:
    """The caller, if their role is one of `roles`. Raises ApiError 401 or 403."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    readable = scheme.lower() == "bearer" and secret.isascii()
    caller = await tokens.caller(unit, secret.strip()) if readable else None
    if caller is None:
        raise ApiError(401, "unauthorized", headers={"WWW-Authenticate": CHALLENGE})
    if caller.role not in roles:
        raise ApiError(
            403,
            "forbidden",
            {"role": caller.role, "roles": ", ".join(roles)},
            headers={"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope"'},
        )
    return caller

"""The only door to the staff API: who calls, and what their role may do."""

from __future__ import annotations

from aiohttp import web

from bot.web.errors import ApiError
from handlers import tokens
from handlers.tokens import Caller
from store.db import Unit

ANY = ("operator", "agent", "leader", "admin")
PUBLISHERS = ("operator", "admin")


async def require(unit: Unit, request: web.Request, roles: tuple[str, ...]) -> Caller:
    """The caller, if their role is one of `roles`. Raises ApiError 401 or 403."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    caller = await tokens.caller(unit, secret.strip()) if scheme.lower() == "bearer" and secret else None
    if caller is None:
        raise ApiError(401, "unauthorized", headers={"WWW-Authenticate": 'Bearer realm="sangden"'})
    if caller.role not in roles:
        raise ApiError(403, "forbidden", {"role": caller.role, "roles": ", ".join(roles)})
    return caller

"""The rights of customers over their own data: what is kept, consents ended, everything deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select

from conversations.model import Reply, say
from conversations.privacy import DataFound, DeleteMyData, KeepMyData, KeepWish, MyData, WithdrawConsent
from conversations.wire import reply_to_json
from handlers import handovers
from handlers.numbering import new_number
from handlers.request_keeping import CUSTOMER, NotAllowed, calendar, go
from handlers.rules.privacy import PrivacyRules, privacy_at
from handlers.rules.progress import CANCELLED
from handlers.talking import ZONE, Talking
from store import consents, contacts, due, erasure, outbox, privacy, profiles, requests, subscriptions, vault
from store.contacts import Contact
from store.conversations import Received
from store.db import Unit
from store.outbox import Delivery, Message, Priority
from store.privacy import CaseState, PrivacyCase
from store.subscriptions import Subscription

log = structlog.get_logger(__name__)

_PAGE = 50
# Rows of `due` about places; they name a place of the contact.
_RESUME = "resume_place"


class UnknownCase(Exception):
    """There is no such wish."""


class NotYours(Exception):
    """The wish is done, or the service does it by itself."""


# --- what customers ask ----------------------------------------------------------------------------------


async def find(unit: Unit, contact: Contact, query: MyData, now: datetime, talking: Talking) -> DataFound:
    """What is kept of the contact, and what a wish of theirs comes to."""
    assert contact.id is not None
    rules = rules_at(now)
    mine = await requests.all_of(unit, contact.id)
    deletion = await privacy.deletion_of(unit, contact.id)
    standing = await consents.standing(unit, contact.id)
    link = talking.links.my_data(contact.id, now + rules.link) if talking.links else ""
    return DataFound(
        places=await _count(unit, Subscription, contact.id),
        messages=await _count(unit, Received, contact.id) + await _count(unit, Delivery, contact.id),
        requests=len(mine),
        open_requests=sum(one.ended_at is None for one in mine),
        files=len(await vault.of_contact(unit, contact.id)),
        remembered=await profiles.of_contact(unit, contact.id) is not None,
        purposes=tuple(dict.fromkeys(one.purpose for one in standing)),
        export=link,
        code=await new_number(unit, "privacy") if query.wish else "",
        done_by=(now + rules.done.get(query.wish, rules.done["delete"])).isoformat(),
        erased_at=(deletion.next_at if deletion and deletion.next_at else now + rules.grace).isoformat(),
        deleting=deletion is not None,
    )


async def keep_wish(unit: Unit, contact: Contact, wish: KeepWish, now: datetime, talking: Talking) -> None:
    """Keep that the customer saw, took along or wants corrected what is kept; the first two are done by that."""
    done = None if wish.wish == "correct" else now
    _open(unit, contact, wish.code, wish.wish, now, done_at=done)


async def withdraw(unit: Unit, contact: Contact, wish: WithdrawConsent, now: datetime, talking: Talking) -> None:
    """End a consent at once: what was remembered is forgotten, what is under way for it is called off."""
    assert contact.id is not None
    await consents.withdraw(unit, contact.id, wish.purpose, now)
    await profiles.forget(unit, contact.id)
    await _cancel_requests(unit, contact.id, now)
    await vault.discard_all_of(unit, contact.id, now)
    _open(unit, contact, wish.code, "withdraw", now, about=wish.purpose, done_at=now)


async def delete(unit: Unit, contact: Contact, wish: DeleteMyData, now: datetime, talking: Talking) -> None:
    """Plan the deletion of everything; a second wish for it changes nothing."""
    assert contact.id is not None
    if await privacy.deletion_of(unit, contact.id, lock=True) is None:
        _open(unit, contact, wish.code, "delete", now, next_at=now + rules_at(now).grace)


async def keep_data(unit: Unit, contact: Contact, wish: KeepMyData, now: datetime, talking: Talking) -> None:
    """The customer thought better of it."""
    assert contact.id is not None
    case = await privacy.deletion_of(unit, contact.id, lock=True)
    if case is not None:
        case.state, case.next_at, case.done_at = CaseState.TAKEN_BACK, None, now
        unit.session.add(case)


# --- what staff do ---------------------------------------------------------------------------------------


async def corrected(unit: Unit, case_id: int, by: str, now: datetime) -> PrivacyCase:
    """What a customer wanted corrected is; they are told. Raises UnknownCase, NotYours."""
    case = await privacy.by_id(unit, case_id, lock=True)
    if case is None:
        raise UnknownCase
    if case.wish != "correct" or case.done_at is not None:
        raise NotYours
    case.state, case.done_at = CaseState.DONE, now
    unit.session.add(case)
    contact = await unit.session.get_one(Contact, case.contact_id)
    if contact.channel != erasure.NOBODY:
        words = reply_to_json(Reply(say("privacy.corrected", code=case.code).words))
        message = Message(words=words, priority=Priority.PERSONAL, created_at=now)
        await outbox.add_for(unit, contact, message, f"corrected:{case.id}", now)
    log.info("wish_done", by=by, code=case.code)
    return case


# --- what time does --------------------------------------------------------------------------------------


async def deletions_due(unit: Unit, now: datetime) -> int:
    """Go on with one deletion: first all but the address, for a last word; then the address, too.

    One for each unit of work, and one that fails keeps no other from being done; how many went on, 0 or 1.
    """
    for case_id, contact_id in await privacy.due(unit, now, _PAGE):
        try:
            async with unit.session.begin_nested():
                if await _go_on(unit, case_id, contact_id, now):
                    return 1
        except Exception:
            log.exception("deletion_failed", case=case_id, contact=contact_id)
    return 0


async def _go_on(unit: Unit, case_id: int, contact_id: int, now: datetime) -> bool:
    """One step of a deletion; False when somebody else took it, or the customer took it back."""
    # First, as events do: what one of them is just writing is not there yet, and would outlive the deletion.
    await contacts.hold(unit, contact_id)
    found = await privacy.still_due(unit, case_id, now)
    if found is None:
        return False
    state, erased_at = found.state, (found.next_at or now) - rules_at(now).farewell
    if state == CaseState.ERASED and await _is_back(unit, contact_id, erased_at):
        found.state, found.next_at, found.done_at = CaseState.DONE, None, now
        unit.session.add(found)
        return True
    await _erase(unit, contact_id, now)
    case = await unit.session.get_one(PrivacyCase, case_id)
    if state == CaseState.ASKED:
        case.state, case.next_at = CaseState.ERASED, now + rules_at(now).farewell
        await _say_farewell(unit, case, now)
    else:
        # Whatever was written after the last word is gone as well.
        await erasure.forget_address(unit, contact_id)
        case.state, case.next_at, case.done_at = CaseState.DONE, None, now
    unit.session.add(case)
    await unit.session.flush()
    return True


async def _is_back(unit: Unit, contact_id: int, since: datetime) -> bool:
    """Whether the customer began anew after the last word: who has a new number must not lose it unheard."""
    asked = any(one.received_at >= since for one in await requests.all_of(unit, contact_id))
    return asked or any(one.created_at >= since for one in await subscriptions.of_contact(unit, contact_id))


async def _erase(unit: Unit, contact_id: int, now: datetime) -> None:
    await handovers.over(unit, contact_id, now)
    await _cancel_requests(unit, contact_id, now)
    await vault.discard_all_of(unit, contact_id, now)
    for place in await subscriptions.of_contact(unit, contact_id):
        await due.drop(unit, _RESUME, str(place.id))
    await unit.session.flush()
    await erasure.erase(unit, contact_id)
    await requests.hide_all_of(unit, contact_id, now)
    # What was loaded before still names somebody, and must not be written back.
    unit.session.expunge_all()


async def _say_farewell(unit: Unit, case: PrivacyCase, now: datetime) -> None:
    contact = await unit.session.get_one(Contact, case.contact_id)
    words = reply_to_json(Reply(say("privacy.deleted", code=case.code).words))
    await outbox.add_for(unit, contact, Message(words=words, created_at=now), f"erased:{case.id}", now)


async def _cancel_requests(unit: Unit, contact_id: int, now: datetime) -> None:
    """Call off what is under way; what cannot be called off any more ends by itself."""
    for request in await requests.all_of(unit, contact_id, lock=True):
        if request.ended_at is None:
            try:
                await go(unit, request, CANCELLED, CUSTOMER, now)
            except NotAllowed:
                continue
    await unit.session.flush()


# --- what they share -------------------------------------------------------------------------------------


def rules_at(now: datetime) -> PrivacyRules:
    """The rules of the day."""
    return privacy_at(now.astimezone(ZONE).date())


def _open(
    unit: Unit,
    contact: Contact,
    code: str,
    wish: str,
    now: datetime,
    *,
    about: str = "",
    done_at: datetime | None = None,
    next_at: datetime | None = None,
) -> None:
    assert contact.id is not None
    rules = rules_at(now)
    case = PrivacyCase(
        code=code,
        contact_id=contact.id,
        wish=wish,
        about=about,
        state=CaseState.DONE if done_at else CaseState.ASKED,
        asked_at=now,
        answer_by=calendar().deadline(now, rules.answer),
        done_by=now + rules.done[wish],
        done_at=done_at,
        next_at=next_at,
    )
    unit.session.add(case)


async def _count(unit: Unit, table: Any, contact_id: int) -> int:
    query = select(func.count()).select_from(table).where(table.contact_id == contact_id)
    return int((await unit.session.execute(query)).scalar_one())

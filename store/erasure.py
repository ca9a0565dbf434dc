"""Deletes what names a contact, table by table; what stays, for figures and as proof, names nobody.

`FATE` says of every table with a contact what becomes of its rows; a test compares it with the tables that there
are, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, delete, exists, update
from sqlmodel import SQLModel, col, select

from store.consents import Consent
from store.contacts import Contact
from store.conversations import Conversation, Received
from store.db import Unit
from store.escalations import Escalation
from store.handovers import Handover
from store.knowledge import UnknownQuestion
from store.outbox import Delivery, Message
from store.privacy import PrivacyCase
from store.profiles import Profile
from store.proposals import PENDING, Proposal, ProposalState
from store.reports import Report
from store.requests import Request, RequestMove, RequestNote, RequestPaper
from store.subscriptions import Subscription
from store.surveys import Survey
from store.vault import VaultFile

# What a contact without a person is called.
NOBODY = "erased"

# None: the rows are deleted. Else what is put in the place of what named somebody; {}: nothing in them does.
FATE: Mapping[type[SQLModel], Mapping[str, Any] | None] = {
    Conversation: None,
    Received: None,
    Profile: None,
    Subscription: None,
    # Before all others, with their messages, where those were said to nobody else.
    Delivery: None,
    UnknownQuestion: None,
    # When somebody waited for a person, and how it ended.
    Handover: {"note": ""},
    Report: {"target": "", "place": None, "label": "", "customer_code": None, "answers": {}},
    Proposal: {"customer_code": "", "reason": "", "why": ""},
    Request: {"answers": "{}", "sealed": "", "shown_name": "", "customer_code": None},
    Survey: {"contact_id": None, "request_code": None, "words": "", "follow_up_note": ""},
    # Proof that what was done was agreed to: purpose, version and times, no name.
    Consent: {"proof": ""},
    # Proof that a file was there and is gone; the files themselves are the vault's to unlink.
    VaultFile: {},
    # Proof that a wish was fulfilled, and when.
    PrivacyCase: {},
}


async def erase(unit: Unit, contact_id: int) -> None:
    """Delete all that names the contact, but for their address. A second time does no harm."""
    await _messages(unit, contact_id)
    await _of_requests(unit, contact_id)
    await _proposals(unit, contact_id)
    for table, fate in FATE.items():
        if table is Delivery:
            continue
        mine = col(table.__table__.c.contact_id) == contact_id  # type: ignore[attr-defined]
        if fate is None:
            await unit.session.execute(delete(table).where(mine))
        elif fate:
            await unit.session.execute(
                update(table).where(mine).values(**fate).execution_options(synchronize_session=False)
            )


async def forget_address(unit: Unit, contact_id: int) -> None:
    """Nothing leads from the contact to a person any more; if they write again they are somebody new."""
    await unit.session.execute(
        update(Contact)
        .where(col(Contact.id) == contact_id)
        .values(
            channel=NOBODY,
            address=secrets.token_hex(16),
            name="",
            quiet_from=None,
            quiet_to=None,
            calendar_version=col(Contact.calendar_version) + 1,
        )
        .execution_options(synchronize_session=False)
    )


async def _messages(unit: Unit, contact_id: int) -> None:
    """Messages to this contact alone; those to an audience stay, they name nobody.

    The deliveries say which: one that somebody writes meanwhile keeps its message, and both go the next time.
    """
    gone = delete(Delivery).where(col(Delivery.contact_id) == contact_id).returning(col(Delivery.message_id))
    ids = list((await unit.session.execute(gone.execution_options(synchronize_session=False))).scalars())
    to_others = exists().where(col(Delivery.message_id) == col(Message.id))
    for start in range(0, len(ids), 1_000):
        alone = delete(Message).where(
            col(Message.id).in_(ids[start : start + 1_000]),
            col(Message.outage_id).is_(None),
            col(Message.audience_kind).is_(None),
            ~to_others,
        )
        await unit.session.execute(alone.execution_options(synchronize_session=False))


async def _proposals(unit: Unit, contact_id: int) -> None:
    """Nobody is there any more who could be answered."""
    pending = update(Proposal).where(col(Proposal.contact_id) == contact_id, col(Proposal.state).in_(PENDING))
    await unit.session.execute(
        pending.values(state=ProposalState.WITHDRAWN).execution_options(synchronize_session=False)
    )


async def _of_requests(unit: Unit, contact_id: int) -> None:
    """The words and the names of files in what belongs to the contact's requests, and what was escalated of them.

    An escalation would still lead from the request to the survey that no longer names it.
    """
    codes = select(Request.code).where(Request.contact_id == contact_id)
    await unit.session.execute(
        delete(Escalation).where(col(Escalation.subject).in_(codes)).execution_options(synchronize_session=False)
    )
    mine = select(Request.id).where(Request.contact_id == contact_id)
    for table, kept in (
        (RequestMove, {"note": "", "message_id": None}),
        (RequestNote, {"text": ""}),
        (RequestPaper, {"why": "", "file": ""}),
    ):
        await unit.session.execute(
            update(table)
            .where(col(table.request_id).in_(mine))
            .values(**kept)
            .execution_options(synchronize_session=False)
        )


def tables_with_contacts(tables: Mapping[str, Table]) -> set[str]:
    """The names of the tables that have a contact."""
    return {name for name, table in tables.items() if "contact_id" in table.columns}

"""Every table in one place: what migrations compare the database with."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from store import (
    census,
    consents,
    contacts,
    conversations,
    customers,
    due,
    escalations,
    handovers,
    knowledge,
    leases,
    network,
    notices,
    numbers,
    outages,
    outbox,
    privacy,
    profiles,
    proposals,
    reports,
    requests,
    subscriptions,
    surveys,
    tokens,
    vault,
)

MODULES = (
    census,
    consents,
    contacts,
    conversations,
    customers,
    due,
    escalations,
    handovers,
    knowledge,
    leases,
    network,
    notices,
    numbers,
    outages,
    outbox,
    privacy,
    profiles,
    proposals,
    reports,
    requests,
    subscriptions,
    surveys,
    tokens,
    vault,
)

metadata: MetaData = SQLModel.metadata

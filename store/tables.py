"""Every table in one place: what migrations compare the database with."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from store import (
    census,
    contacts,
    conversations,
    customers,
    due,
    knowledge,
    leases,
    network,
    notices,
    numbers,
    outages,
    outbox,
    proposals,
    reports,
    subscriptions,
    tokens,
)

MODULES = (
    census,
    contacts,
    conversations,
    customers,
    due,
    knowledge,
    leases,
    network,
    notices,
    numbers,
    outages,
    outbox,
    proposals,
    reports,
    subscriptions,
    tokens,
)

metadata: MetaData = SQLModel.metadata

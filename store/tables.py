"""Every table in one place: what migrations compare the database with."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from store import (
    contacts,
    conversations,
    customers,
    due,
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
    contacts,
    conversations,
    customers,
    due,
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

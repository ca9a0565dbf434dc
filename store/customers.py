"""The customer master: who is served where, by code, phone, address and point of the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Index, String, false, func, literal_column, text
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit


class Segment(StrEnum):
    """Which rules of notice apply: households, businesses, businesses in industrial zones."""

    HOUSEHOLD = "household"
    BUSINESS = "business"
    INDUSTRIAL = "industrial"


class Customer(SQLModel, table=True):
    """A contract at one place, as the utility's master data has it; `code` has 13 characters.

    Those that are gone are found by none of the queries below.
    """

    # All that store/extent.py counts: an outage's extent is read from the index alone. SQLite has no INCLUDE, and
    # reads groups in the order of the index; PostgreSQL sorts one column in half the time of five.
    __table_args__ = (
        Index(
            "ix_customer_extent",
            "feeder_code",
            "segment",
            "ward_code",
            "code",
            "important",
            "gone",
            info={"dialect": "sqlite"},
        ).ddl_if(dialect="sqlite"),
        Index(
            "ix_customer_on_feeder",
            "feeder_code",
            postgresql_include=["segment", "ward_code", "code", "important"],
            postgresql_where=text("NOT gone"),
            info={"dialect": "postgresql"},
        ).ddl_if(dialect="postgresql"),
    )

    code: str = Field(primary_key=True)
    name: str
    phone: str = Field(index=True)
    address: str
    house: str = ""
    street: str = Field(default="", index=True)
    ward_code: str = Field(foreign_key="ward.code", index=True)
    feeder_code: str = Field(foreign_key="feeder.code")
    transformer_code: str = Field(foreign_key="transformer.code", index=True)
    segment: str = Field(default=Segment.HOUSEHOLD)
    important: bool = False
    # Not in the utility's newest file. The row stays: what people follow and what was told to them refers to it.
    gone: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


_STAYS = ~col(Customer.gone)


async def by_code(unit: Unit, code: str) -> Customer | None:
    """The customer of that code."""
    found = await unit.session.get(Customer, code)
    return None if found is None or found.gone else found


async def by_phone(unit: Unit, phone: str, limit: int = 10) -> Sequence[Customer]:
    """Customers with that phone, in the national form 0xxxxxxxxx."""
    found = await unit.session.exec(
        select(Customer).where(Customer.phone == phone, _STAYS).order_by(Customer.code).limit(limit)
    )
    return found.all()


async def at_address(
    unit: Unit, street: str, ward_codes: Iterable[str], house: str | None = None, limit: int = 50
) -> Sequence[Customer]:
    """Customers on a street (folded name), in these wards if any are named, at this house number if one is."""
    query = select(Customer).where(Customer.street == street, _STAYS)
    wards = list(ward_codes)
    if wards:
        query = query.where(col(Customer.ward_code).in_(wards))
    if house is not None:
        query = query.where(Customer.house == house)
    return (await unit.session.exec(query.order_by(Customer.code).limit(limit))).all()


async def count(unit: Unit) -> int:
    """How many customers there are."""
    return (await unit.session.exec(select(func.count()).select_from(Customer).where(_STAYS))).one()


async def known_codes(unit: Unit, codes: Iterable[str]) -> set[str]:
    """Those of `codes` that exist."""
    found = await unit.session.exec(select(Customer.code).where(col(Customer.code).in_(set(codes)), _STAYS))
    return set(found.all())


async def wards_of_transformers(unit: Unit, codes: Sequence[str]) -> list[str]:
    """The wards these transformers serve, those of the first ones first."""
    found = await unit.session.exec(
        select(Customer.transformer_code, Customer.ward_code)
        .where(col(Customer.transformer_code).in_(codes), _STAYS)
        .distinct()
    )
    pairs = sorted(found.all(), key=lambda pair: codes.index(pair[0]))
    return list(dict.fromkeys(ward for _, ward in pairs))


@dataclass(frozen=True)
class Supply:
    """The points of the network by which some customers are served."""

    customers: frozenset[str] = frozenset()
    transformers: frozenset[str] = frozenset()
    feeders: frozenset[str] = frozenset()
    wards: frozenset[str] = frozenset()


async def supply_of_ward(unit: Unit, ward_code: str) -> Supply:
    """By what the customers of a ward are served; their own codes are left out, there are too many."""
    found = await unit.session.exec(
        select(Customer.transformer_code, Customer.feeder_code)
        .where(Customer.ward_code == ward_code, _STAYS)
        .distinct()
    )
    pairs = found.all()
    return Supply(
        frozenset(), frozenset(t for t, _ in pairs), frozenset(f for _, f in pairs), frozenset({ward_code})
    )


async def company_of_ward(unit: Unit, ward_code: str) -> str | None:
    """The company, as the first six signs of a customer code, that serves most customers of a ward."""
    company = literal_column("substr(customer.code, 1, 6)", String)
    query = (
        select(company)
        .where(Customer.ward_code == ward_code, _STAYS)
        .group_by(company)
        .order_by(func.count().desc(), company)
        .limit(1)
    )
    return (await unit.session.exec(query)).first()


def supply_of(found: Iterable[Customer]) -> Supply:
    """By what these customers are served."""
    everyone = list(found)
    return Supply(
        frozenset(one.code for one in everyone),
        frozenset(one.transformer_code for one in everyone),
        frozenset(one.feeder_code for one in everyone),
        frozenset(one.ward_code for one in everyone),
    )

"""What a scope holds: the customers, wards and feeders within it, and all that could touch them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlmodel import col

from store.customers import Customer
from store.db import Unit
from store.network import Ward
from store.outages import OutageImpact, OutageScope, ScopeKind

# So many characters of a customer's code name the company.
COMPANY = 6


@dataclass(frozen=True)
class Scope:
    """The parts of the network that an outage names, by code."""

    feeders: tuple[str, ...] = ()
    transformers: tuple[str, ...] = ()
    wards: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()

    def parts(self) -> list[tuple[ScopeKind, str]]:
        """The same as pairs of a kind and a code."""
        named = (
            (ScopeKind.FEEDER, self.feeders),
            (ScopeKind.TRANSFORMER, self.transformers),
            (ScopeKind.WARD, self.wards),
            (ScopeKind.CUSTOMER, self.customers),
        )
        return [(kind, code) for kind, codes in named for code in codes]


async def affected(unit: Unit, scope: Scope) -> int:
    """How many customers a scope holds."""
    query = select(func.count()).select_from(Customer).where(holds(scope))
    return int((await unit.session.execute(query)).scalar_one())


@dataclass(frozen=True)
class Extent:
    """What a scope comes to: its customers by feeder, company and segment, and its wards, code to name.

    heard_in: the wards whose followers hear of it: of a line or a ward, not of single customers.
    """

    impact: list[OutageImpact]
    wards: dict[str, str]
    heard_in: tuple[str, ...]


async def of(unit: Unit, outage_id: int, scope: Scope) -> Extent:
    """What a scope comes to, its customers read once."""
    customers, lived_in = await _counted(unit, scope)
    impact = [
        OutageImpact(
            outage_id=outage_id, feeder_code=feeder, company=name, segment=segment, customers=many, important=some
        )
        for (feeder, name, segment), (many, some) in sorted(customers.items())
    ]
    codes = {*lived_in, *scope.wards}
    names = select(col(Ward.code), col(Ward.name)).where(col(Ward.code).in_(codes))
    wards = {row.code: row.name for row in await unit.session.execute(names)}
    heard = set(wards)
    if scope.customers:
        _, without = await _counted(unit, replace(scope, customers=()))
        heard &= {*without, *scope.wards}
    return Extent(impact, wards, tuple(sorted(heard)))


async def impact(unit: Unit, outage_id: int, scope: Scope) -> list[OutageImpact]:
    """The customers that a scope holds, by feeder, company and segment."""
    return (await of(unit, outage_id, scope)).impact


async def _counted(unit: Unit, scope: Scope) -> tuple[dict[tuple[str, str, str], tuple[int, int]], set[str]]:
    """Customers and important ones by (feeder, company, segment), and the codes of their wards."""
    customers: dict[tuple[str, str, str], tuple[int, int]] = {}
    wards, mixed = set[str](), set[str]()
    for feeder, segment, ward, many, some, first, last in await unit.session.execute(_by_ward(scope)):
        wards.add(ward)
        if first[:COMPANY] != last[:COMPANY]:
            mixed.add(feeder)
        before = customers.get((feeder, first[:COMPANY], segment), (0, 0))
        customers[feeder, first[:COMPANY], segment] = (before[0] + many, before[1] + some)
    if mixed:
        customers = {key: counts for key, counts in customers.items() if key[0] not in mixed}
        company = func.substr(col(Customer.code), 1, COMPANY)
        by = (col(Customer.feeder_code), company, col(Customer.segment))
        query = select(*by, func.count(), _IMPORTANT).where(holds(scope), col(Customer.feeder_code).in_(mixed))
        for feeder, name, segment, many, some in await unit.session.execute(query.group_by(*by)):
            customers[feeder, name, segment] = (many, some)
    return customers, wards


def _by_ward(scope: Scope) -> Any:
    """Customers by feeder, segment and ward, in the order of their index, which SQLite then reads from end to end.

    A feeder is one company's, as a rule, so that the first and the last code show it.
    """
    by = (col(Customer.feeder_code), col(Customer.segment), col(Customer.ward_code))
    codes = func.min(col(Customer.code)), func.max(col(Customer.code))
    return select(*by, func.count(), _IMPORTANT, *codes).where(holds(scope)).group_by(*by)


_IMPORTANT = func.sum(case((col(Customer.important), 1), else_=0))


async def important(unit: Unit, scope: Scope, limit: int) -> list[Customer]:
    """The important customers within a scope, by code, at most so many."""
    query = select(Customer).where(holds(scope), col(Customer.important)).order_by(col(Customer.code)).limit(limit)
    return list((await unit.session.execute(query)).scalars())


async def important_count(unit: Unit, outage_id: int) -> int:
    """How many important customers an outage touches at its newest revision."""
    query = select(func.sum(OutageImpact.important)).where(col(OutageImpact.outage_id) == outage_id)
    return int((await unit.session.execute(query)).scalar_one() or 0)


async def feeders_cut(unit: Unit, scope: Scope) -> set[str]:
    """The feeders that a scope cuts: those it names, and all that serve a ward it names.

    A transformer or single customers are not the feeder.
    """
    if not scope.wards:
        return set(scope.feeders)
    serving = select(col(Customer.feeder_code)).where(holds(Scope(wards=scope.wards))).distinct()
    return {*scope.feeders, *(await unit.session.execute(serving)).scalars()}


async def parts_within(unit: Unit, scope: Scope) -> list[tuple[str, str]]:
    """Every part of the network whose outage would touch a customer of a scope."""
    parts: set[tuple[str, str]] = set(scope.parts())
    for kind, column in (
        (ScopeKind.FEEDER, col(Customer.feeder_code)),
        (ScopeKind.TRANSFORMER, col(Customer.transformer_code)),
        (ScopeKind.WARD, col(Customer.ward_code)),
    ):
        found = await unit.session.execute(select(column).where(holds(scope)).distinct())
        parts.update((kind, code) for code in found.scalars())
    inside = select(col(Customer.code)).where(holds(scope), col(Customer.code) == col(OutageScope.code))
    named = select(col(OutageScope.code)).where(col(OutageScope.kind) == ScopeKind.CUSTOMER, inside.exists())
    parts.update((ScopeKind.CUSTOMER, code) for code in (await unit.session.execute(named)).scalars())
    return sorted(parts)


async def parts_of_ward(unit: Unit, ward_code: str) -> list[tuple[str, str]]:
    """The parts of the network whose outage followers of a ward hear of: it, and the lines that serve it."""
    parts: list[tuple[str, str]] = [(ScopeKind.WARD, ward_code)]
    for kind, column in (
        (ScopeKind.FEEDER, col(Customer.feeder_code)),
        (ScopeKind.TRANSFORMER, col(Customer.transformer_code)),
    ):
        found = await unit.session.execute(select(column).where(col(Customer.ward_code) == ward_code).distinct())
        parts.extend((kind, code) for code in found.scalars())
    return parts


class _Unindexed(ColumnElement[Any]):
    """A column for whose condition SQLite shall not look into an index; PostgreSQL decides by its statistics."""

    inherit_cache = True
    _traverse_internals: Any = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - as the base has it

    def __init__(self, column: Any) -> None:
        self.column, self.type = column, column.type


@compiles(_Unindexed)
def _as_it_is(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.column, **options)


@compiles(_Unindexed, "sqlite")
def _with_plus(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    # https://www.sqlite.org/optoverview.html, "Disqualifying WHERE Clause Terms Using Unary-+"
    return "+" + compiler.process(element.column, **options)


def holds(scope: Scope, indexed: bool = True) -> ColumnElement[bool]:
    """Whether a row of Customer lies within a scope. indexed: customers may be found by it, not only checked."""
    named: Iterable[tuple[Any, tuple[str, ...]]] = (
        (Customer.feeder_code, scope.feeders),
        (Customer.transformer_code, scope.transformers),
        (Customer.ward_code, scope.wards),
        (Customer.code, scope.customers),
    )
    # Who is no longer a customer has no supply that could fail.
    columns = ((col(column) if indexed else _Unindexed(col(column)), codes) for column, codes in named if codes)
    return and_(~col(Customer.gone), or_(false(), *(column.in_(codes) for column, codes in columns)))

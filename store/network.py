"""The utility's network and the places it serves: substations, feeders, transformers, wards and streets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_
from sqlalchemy import select as sql_select
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import insert


class Ward(SQLModel, table=True):
    """A commune-level unit (phường, xã, đặc khu) with its official code."""

    code: str = Field(primary_key=True)
    name: str
    folded: str = Field(index=True)


class Street(SQLModel, table=True):
    """A street of a ward, as it occurs in customers' addresses; `folded` is its name without diacritics."""

    id: int | None = Field(default=None, primary_key=True)
    ward_code: str = Field(foreign_key="ward.code", index=True)
    name: str
    folded: str = Field(index=True)


class Substation(SQLModel, table=True):
    """A 110 kV substation, from which feeders leave."""

    code: str = Field(primary_key=True)
    name: str


class Feeder(SQLModel, table=True):
    """A medium-voltage line (xuất tuyến) from a substation, where the utility's files say from which."""

    code: str = Field(primary_key=True)
    name: str
    substation_code: str | None = Field(default=None, foreign_key="substation.code", index=True)


class Transformer(SQLModel, table=True):
    """A distribution transformer (trạm biến áp) on a feeder, with its position where the utility knows it."""

    code: str = Field(primary_key=True)
    name: str
    feeder_code: str = Field(foreign_key="feeder.code", index=True)
    latitude: float | None = None
    longitude: float | None = None


async def hold_feeders(unit: Unit, codes: Iterable[str]) -> None:
    """Keep others from planning on these feeders until the unit ends; wait while somebody else does.

    What is read after it holds until then. In one order, so that two who want the same feeders never wait for each
    other. SQLite has one writer, who holds everything.
    """
    if unit.dialect == "sqlite" or unit.tentative:
        return
    rows = select(Feeder.code).where(col(Feeder.code).in_(set(codes))).order_by(Feeder.code)
    # NO KEY UPDATE: customers may be connected to the feeder meanwhile.
    await unit.session.exec(rows.with_for_update(key_share=True))


async def wards(unit: Unit) -> Sequence[Ward]:
    """All wards; a few hundred rows at most."""
    return (await unit.session.exec(select(Ward).order_by(Ward.code))).all()


async def wards_of(unit: Unit, codes: Iterable[str]) -> dict[str, Ward]:
    """The wards of these codes, by code."""
    found = await unit.session.exec(select(Ward).where(col(Ward.code).in_(set(codes))))
    return {ward.code: ward for ward in found}


async def streets_named(unit: Unit, folded: str, limit: int = 20) -> Sequence[Street]:
    """Streets of exactly this folded name, in any ward."""
    return (await unit.session.exec(select(Street).where(Street.folded == folded).limit(limit))).all()


async def street_names(unit: Unit) -> Sequence[str]:
    """Every folded street name once: what a mistyped one is compared with."""
    return (await unit.session.exec(select(Street.folded).distinct())).all()


async def transformers_near(
    unit: Unit, latitude: float, longitude: float, degrees: float
) -> Sequence[Transformer]:
    """Transformers within a square of ± `degrees` around a position."""
    found = await unit.session.exec(
        select(Transformer).where(
            col(Transformer.latitude).between(latitude - degrees, latitude + degrees),
            col(Transformer.longitude).between(longitude - degrees, longitude + degrees),
        )
    )
    return found.all()


async def streets_known(unit: Unit) -> set[tuple[str, str]]:
    """Every street as (ward code, folded name)."""
    found: Any = await unit.run(sql_select(col(Street.ward_code), col(Street.folded)))
    return {(ward, folded) for ward, folded in found}


async def feeders_of_transformers(unit: Unit) -> dict[str, str]:
    """The feeder of every transformer, by codes."""
    found: Any = await unit.run(sql_select(col(Transformer.code), col(Transformer.feeder_code)))
    return {row[0]: row[1] for row in found}


async def feeder_codes(unit: Unit) -> set[str]:
    """The codes of all feeders."""
    return {code for (code,) in await unit.run(sql_select(col(Feeder.code)))}


async def unknown_codes(unit: Unit, table: Any, codes: Iterable[str]) -> list[str]:
    """Those of `codes` that the table does not hold."""
    wanted = set(codes)
    known = set((await unit.session.exec(select(table.code).where(col(table.code).in_(wanted)))).all())
    return sorted(wanted - known)


async def similar_codes(unit: Unit, table: Any, code: str, limit: int = 200) -> Sequence[str]:
    """Codes of the table that a person may have meant by `code`: same beginning or name."""
    found = await unit.session.exec(
        select(table.code)
        .where(or_(col(table.code).startswith(code[:2]), func.lower(table.name).contains(code.lower())))
        .order_by(table.code)
        .limit(limit)
    )
    return list(found.all())


async def add_rows(unit: Unit, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write many rows of one table with one statement; rows that exist stay as they are."""
    if rows:
        connection = await unit.session.connection()
        await connection.execute(insert(unit, table).on_conflict_do_nothing(), list(rows))

"""What customers report of their supply, and the incidents that many reports suggest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, and_, false, func, not_, or_, text, update
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.extent import Scope
from store.network import Transformer
from store.outages import Outage, Stage
from store.outbox import Delivery, Message
from store.types import BigId, Document, Utc, insert


class ReportState(StrEnum):
    """OPEN: nobody has found what it belongs to; TIED: it belongs to an outage; CLOSED: it is settled."""

    OPEN = "open"
    TIED = "tied"
    CLOSED = "closed"


class SuggestionState(StrEnum):
    """What staff made of a suggested incident. ABSORBED: one for the whole feeder stands for it."""

    OPEN = "open"
    ABSORBED = "absorbed"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Report(SQLModel, table=True):
    """One report of a customer: that power is out or is still out, or that something is dangerous.

    place: its name as words of the catalog. customer_code, ward_code: what is known of the place, and the
    transformer and feeder that serve it. answers: the questions of the first-line triage.
    heard: the outage it is tied to was told in the answer to the report itself.
    """

    __table_args__ = (
        Index(
            "ix_report_open",
            "at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_report_outage", "outage_id", "contact_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    code: str = Field(unique=True)
    contact_id: int = Field(foreign_key="contact.id", index=True, sa_type=BigId)
    target: str = ""
    place: dict[str, Any] | None = Field(default=None, sa_type=Document)
    label: str = ""
    customer_code: str | None = None
    ward_code: str | None = None
    transformer_code: str | None = Field(default=None, index=True)
    feeder_code: str | None = Field(default=None, index=True)
    urgent: bool = False
    still_out: bool = False
    answers: dict[str, Any] = Field(sa_type=Document)
    state: str = ReportState.OPEN
    outage_id: int | None = Field(default=None, foreign_key="outage.id")
    suggestion_id: int | None = Field(default=None, foreign_key="suggestion.id")
    heard: bool = False
    at: datetime = Field(sa_type=Utc)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)

    @property
    def where(self) -> str:
        """What tells its place from others: a place that only words describe has no target."""
        return self.target or self.label


class Suggestion(SQLModel, table=True):
    """An incident that reports on one transformer or feeder suggest; staff confirm or dismiss it."""

    __table_args__ = (
        Index(
            "uq_suggestion_open",
            "kind",
            "code",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    code: str
    state: str = Field(default=SuggestionState.OPEN, index=True)
    reports: int
    first_at: datetime = Field(sa_type=Utc)
    updated_at: datetime = Field(sa_type=Utc)
    outage_id: int | None = Field(default=None, foreign_key="outage.id")
    settled_by: str = ""
    why: str = ""


# --- reports ---------------------------------------------------------------------------------------------------


async def add(unit: Unit, report: Report) -> None:
    """Keep a new report."""
    unit.session.add(report)
    await unit.session.flush()


async def by_code(unit: Unit, contact_id: int, code: str) -> Report | None:
    """The report of that number, if it is this contact's."""
    query = select(Report).where(Report.code == code, Report.contact_id == contact_id)
    return (await unit.session.exec(query)).first()


async def with_code(unit: Unit, code: str) -> Report | None:
    """The report of that number, whoever made it."""
    return (await unit.session.exec(select(Report).where(Report.code == code))).first()


async def newest_urgent(unit: Unit, contact_id: int, since: datetime) -> Report | None:
    """The urgent report that a contact made last, at or after a time, unless it is closed."""
    query = (
        select(Report)
        .where(
            Report.contact_id == contact_id,
            col(Report.urgent),
            Report.state != ReportState.CLOSED,
            col(Report.at) >= since,
        )
        .order_by(col(Report.id).desc())
    )
    return (await unit.session.exec(query)).first()


async def newest_of(unit: Unit, contact_id: int) -> Report | None:
    """The report about power that a contact made last and that is not closed."""
    query = (
        select(Report)
        .where(Report.contact_id == contact_id, col(Report.urgent).is_(False), Report.state != ReportState.CLOSED)
        .order_by(col(Report.id).desc())
    )
    return (await unit.session.exec(query)).first()


async def last_told_restored(unit: Unit, contact_id: int) -> int | None:
    """The outage whose end a contact was told of last, if it is over still."""
    query = (
        select(Message.outage_id)
        .join(Delivery, col(Delivery.message_id) == col(Message.id))
        .join(Outage, col(Outage.id) == col(Message.outage_id))
        .where(
            Delivery.contact_id == contact_id,
            Message.stage == Stage.RESTORED,
        )
        .order_by(col(Delivery.id).desc())
    )
    return (await unit.session.exec(query)).first()


async def outages_heard(unit: Unit, contact_id: int) -> dict[int, Report]:
    """The newest report of a contact on each outage that a report of theirs belongs to."""
    query = (
        select(Report)
        .where(Report.contact_id == contact_id, col(Report.outage_id).is_not(None))
        .order_by(col(Report.id))
    )
    return {one.outage_id: one for one in await unit.session.exec(query) if one.outage_id is not None}


def _within(scope: Scope, wards: Iterable[str]) -> ColumnElement[bool]:
    """Whether a report came from within a scope; NULL where the report does not know.

    wards: those whose followers hear of the outage; of a report that names no more than a ward they are taken.
    """
    only_ward = and_(col(Report.transformer_code).is_(None), col(Report.feeder_code).is_(None))
    named: Iterable[tuple[Any, tuple[str, ...]]] = (
        (Report.feeder_code, scope.feeders),
        (Report.transformer_code, scope.transformers),
        (Report.ward_code, scope.wards),
        (Report.customer_code, scope.customers),
    )
    return or_(
        false(),
        *(col(column).in_(codes) for column, codes in named if codes),
        and_(only_ward, col(Report.ward_code).in_(list(wards))),
    )


async def tie(
    unit: Unit,
    outage_id: int,
    scope: Scope,
    wards: Iterable[str],
    since: datetime,
    until: datetime | None = None,
) -> int:
    """Open reports from within a scope, made since a time and until another, belong to this outage; how many.

    wards: those whose followers hear of the outage.
    Danger stays open: somebody must look at it, whatever else is out there.
    """
    statement = (
        update(Report)
        .where(
            col(Report.state) == ReportState.OPEN,
            col(Report.urgent).is_(False),
            col(Report.at) >= since,
            _within(scope, wards),
            *([col(Report.at) <= until] if until else []),
        )
        .values(state=ReportState.TIED, outage_id=outage_id)
        .execution_options(synchronize_session=False)
    )
    return int(getattr(await unit.session.execute(statement), "rowcount", 0))


async def reopen(unit: Unit, outage_id: int, but: Scope | None, wards: Iterable[str] = ()) -> int:
    """Reports that belong to an outage no longer are open again, as if nobody had answered them; how many.

    but: those from within this scope stay with the outage, None for none of them; wards: as `tie` takes them.
    """
    statement = update(Report).where(col(Report.outage_id) == outage_id, col(Report.state) == ReportState.TIED)
    if but is not None:
        statement = statement.where(not_(func.coalesce(_within(but, wards), false())))
    statement = statement.values(state=ReportState.OPEN, outage_id=None, heard=False)
    done = await unit.session.execute(statement.execution_options(synchronize_session=False))
    return int(getattr(done, "rowcount", 0))


async def unsettled_of(unit: Unit, contact_id: int) -> Sequence[Report]:
    """The reports about power that a contact made and that are not closed, oldest first."""
    query = (
        select(Report)
        .where(Report.contact_id == contact_id, col(Report.urgent).is_(False), Report.state != ReportState.CLOSED)
        .order_by(col(Report.id))
    )
    return (await unit.session.exec(query.execution_options(populate_existing=True))).all()


async def close(unit: Unit, settled: Iterable[Report], now: datetime) -> None:
    """These reports are settled."""
    for one in settled:
        one.state, one.closed_at = ReportState.CLOSED, now
        unit.session.add(one)
    await unit.session.flush()


async def untie(unit: Unit, contact_id: int, target: str, since: datetime, now: datetime) -> None:
    """What a contact was just told of a place is not what they mean: they hear no more of it on that account."""
    await unit.session.execute(
        update(Report)
        .where(
            col(Report.contact_id) == contact_id,
            col(Report.target) == target,
            col(Report.heard),
            col(Report.at) >= since,
        )
        .values(state=ReportState.CLOSED, outage_id=None, heard=False, closed_at=now)
        .execution_options(synchronize_session="fetch")
    )


async def page(
    unit: Unit, state: str | None, urgent: bool | None, limit: int, before: int | None
) -> Sequence[Report]:
    """Reports, newest first, a page at a time (`before` is the id the last page ended with)."""
    query = select(Report).order_by(col(Report.id).desc()).limit(limit)
    if state:
        query = query.where(Report.state == state)
    if urgent is not None:
        query = query.where(col(Report.urgent).is_(urgent))
    if before:
        query = query.where(col(Report.id) < before)
    return (await unit.session.exec(query)).all()


# --- suggested incidents ---------------------------------------------------------------------------------------


async def open_since(unit: Unit, since: datetime, feeder: str | None, transformer: str | None) -> Sequence[Report]:
    """Open reports about power since a time on a feeder, or at a transformer where none is known, oldest first."""
    here = Report.feeder_code == feeder if feeder else Report.transformer_code == transformer
    query = (
        select(Report)
        .where(
            Report.state == ReportState.OPEN,
            col(Report.urgent).is_(False),
            col(Report.at) >= since,
            here,
        )
        .order_by(col(Report.at), col(Report.id))
    )
    return (await unit.session.exec(query)).all()


async def suggest(unit: Unit, suggestion: Suggestion) -> Suggestion:
    """Raise a suggestion, or bring the open one of its transformer or feeder up to date."""
    new = {name: getattr(suggestion, name) for name in ("reports", "first_at", "updated_at")}
    statement = insert(unit, Suggestion).values(
        kind=suggestion.kind,
        code=suggestion.code,
        state=SuggestionState.OPEN,
        settled_by="",
        why="",
        **new,
    )
    await unit.session.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "code"], index_where=text("state = 'open'"), set_=new
        )
    )
    query = select(Suggestion).where(
        Suggestion.kind == suggestion.kind,
        Suggestion.code == suggestion.code,
        Suggestion.state == SuggestionState.OPEN,
    )
    return (await unit.session.exec(query.execution_options(populate_existing=True))).one()


async def group(unit: Unit, suggestion_id: int, report_ids: Iterable[int]) -> None:
    """These reports belong to that suggestion."""
    await unit.session.execute(
        update(Report)
        .where(col(Report.id).in_(list(report_ids)))
        .values(suggestion_id=suggestion_id)
        .execution_options(synchronize_session="fetch")
    )


async def absorb(unit: Unit, transformers: Iterable[str], now: datetime) -> None:
    """A suggestion for a feeder stands for those of its transformers."""
    await unit.session.execute(
        update(Suggestion)
        .where(
            col(Suggestion.state) == SuggestionState.OPEN,
            col(Suggestion.kind) == "transformer",
            col(Suggestion.code).in_(list(transformers)),
        )
        .values(state=SuggestionState.ABSORBED, updated_at=now)
        .execution_options(synchronize_session="fetch")
    )


async def dismissed_since(unit: Unit, kind: str, code: str, since: datetime) -> datetime | None:
    """When staff last dismissed a suggestion for a transformer or feeder, at or after a time."""
    query = (
        select(Suggestion.updated_at)
        .where(
            Suggestion.kind == kind,
            Suggestion.code == code,
            Suggestion.state == SuggestionState.DISMISSED,
            col(Suggestion.updated_at) >= since,
        )
        .order_by(col(Suggestion.updated_at).desc())
    )
    return (await unit.session.exec(query)).first()


async def suggestion(unit: Unit, suggestion_id: int) -> Suggestion | None:
    """That suggestion, locked, because it is about to be settled."""
    query = select(Suggestion).where(Suggestion.id == suggestion_id).with_for_update()
    return (await unit.session.exec(query.execution_options(populate_existing=True))).first()


async def suggestions(unit: Unit, state: str | None, limit: int, before: int | None) -> Sequence[Suggestion]:
    """Suggestions, newest first, a page at a time (`before` is the id the last page ended with)."""
    query = select(Suggestion).order_by(col(Suggestion.id).desc()).limit(limit)
    if state:
        query = query.where(Suggestion.state == state)
    if before:
        query = query.where(col(Suggestion.id) < before)
    return (await unit.session.exec(query)).all()


async def close_of_outage(unit: Unit, outage_id: int, now: datetime) -> None:
    """The reports of an outage are settled: its power is back."""
    await unit.session.execute(
        update(Report)
        .where(col(Report.outage_id) == outage_id, col(Report.state) == ReportState.TIED)
        .values(state=ReportState.CLOSED, closed_at=now)
        .execution_options(synchronize_session=False)
    )


async def confirm_suggestions(unit: Unit, outage_id: int, scope: Scope, now: datetime) -> None:
    """What reports suggested of lines within a scope is the incident that staff published."""
    fed = select(Transformer.code).where(col(Transformer.feeder_code).in_(scope.feeders))
    transformer = or_(col(Suggestion.code).in_(scope.transformers), col(Suggestion.code).in_(fed))
    within = or_(
        and_(col(Suggestion.kind) == "feeder", col(Suggestion.code).in_(scope.feeders)),
        and_(col(Suggestion.kind) == "transformer", transformer),
    )
    await unit.session.execute(
        update(Suggestion)
        .where(col(Suggestion.state) == SuggestionState.OPEN, within)
        .values(state=SuggestionState.CONFIRMED, outage_id=outage_id, updated_at=now)
        .execution_options(synchronize_session=False)
    )

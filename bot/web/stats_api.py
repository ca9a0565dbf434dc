"""The staff API of the figures that leaders watch: translates, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bot.web.access import ANY, require
from bot.web.errors import ApiError
from bot.web.outages_api import PREFIX, Route, checked, json_of
from handlers import statistics
from handlers.rules import indices
from handlers.rules.indices import Indices
from handlers.statistics import Statistics
from handlers.talking import ZONE
from store.db import Database

# More is asked for a year at a time.
MOST_MONTHS = 36
# A year outside of these is mistyped.
YEARS = range(2000, 2200)
FORMULA = "SAIDI = Σ(Ti × Ki) / Kt, SAIFI = Σ Ki / Kt (> {minutes} min), MAIFI = Σ Ki / Kt (≤ {minutes} min)"


def _month(value: str) -> str:
    try:
        begin = indices.begin_of(value, ZONE)
    except ValueError:
        raise PydanticCustomError("month", "not a month") from None
    if begin.year not in YEARS:
        raise PydanticCustomError("month", "not a month")
    return f"{begin:%Y-%m}"


Month = Annotated[str, AfterValidator(_month)]


class StatsQuery(BaseModel):
    """Local months `YYYY-MM`, both included; without them the last twelve up to this one."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    first: Month | None = Field(default=None, alias="from")
    last: Month | None = Field(default=None, alias="to")
    by: Literal["month", "feeder", "company"] = "month"


class SetOut(BaseModel):
    """The same indices without the outages of some classes of causes."""

    saidi_minutes: float
    saifi: float
    maifi: float

    @classmethod
    def of(cls, found: Indices) -> SetOut:
        return cls(
            saidi_minutes=round(found.saidi_minutes, 4), saifi=round(found.saifi, 6), maifi=round(found.maifi, 6)
        )


class SetRuleOut(BaseModel):
    """Which classes of causes a set leaves out, and who says so."""

    without: list[str]
    source: str


class IndexOut(BaseModel):
    """The indices of a month, of all customers or of one feeder's or company's, and what they are made of.

    They count every cause; `overall` and `distribution` are the circular's two sets.
    """

    month: str
    feeder: str | None
    company: str | None
    saidi_minutes: float
    saifi: float
    maifi: float
    customers: int
    customer_minutes: float
    customer_interruptions: int
    customer_momentary: int
    overall: SetOut
    distribution: SetOut


class InTimeOut(BaseModel):
    """First notices of planned outages to one segment: by the company's promise, and by the law's five days."""

    on_time: int
    late: int
    lawful: int
    unlawful: int


class ToldOut(BaseModel):
    """How soon incidents were told, in seconds from the moment they occurred; null without any."""

    incidents: int
    within_limit: int
    beyond_limit: int
    not_told: int
    first_push_median: float | None
    first_push_p90: float | None
    last_push_median: float | None
    last_push_p90: float | None


class CutAgainOut(BaseModel):
    """A feeder cut again for planned work too soon after the cut `before`."""

    feeder: str
    code: str
    at: datetime
    before: str
    before_at: datetime


class TooLongOut(BaseModel):
    """An outage that lasted longer than planned work may."""

    code: str
    kind: str
    starts_at: datetime
    minutes: int


class StatsOut(BaseModel):
    """All figures of a period. `total` sums the months' indices, `totals` those of each set; `current_basis` lists
    the months for which today's number of customers stands in, because nobody counted them then."""

    model_config = ConfigDict(populate_by_name=True)

    first: str = Field(alias="from")
    last: str = Field(alias="to")
    by: str
    formula: str
    source: str
    momentary_minutes: int
    indices: list[IndexOut]
    total: dict[str, float]
    totals: dict[str, dict[str, float]]
    sets: dict[str, SetRuleOut]
    notices: dict[str, InTimeOut]
    incidents: ToldOut
    cut_again: list[CutAgainOut]
    too_long: list[TooLongOut]
    current_basis: list[str]


class StatsApi:
    """The one operation on figures."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def routes(self) -> list[Route]:
        summary = "Indices of supply, notices in time, feeders cut again, outages too long"
        return [Route("GET", PREFIX + "/stats", summary, self.show, StatsOut, query=StatsQuery)]

    async def show(self, request: web.Request) -> web.Response:
        now = self._clock()
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(StatsQuery, dict(request.query))
            first, last = _period(query, now)
            found = await statistics.of_period(unit, first, last, query.by, now)
        return json_of(_out(found, first, last, query.by))


def _period(query: StatsQuery, now: datetime) -> tuple[str, str]:
    """The months asked for. Raises ApiError 422 when they are in the wrong order or too many."""
    last = query.last or indices.month_of(now, ZONE)
    first = query.first or _year_up_to(last)
    check_period(first, last)
    return first, last


def check_period(first: str, last: str) -> None:
    """Raise ApiError 422 for months in the wrong order, or too many."""
    months = (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:]) + 1
    if not 1 <= months <= MOST_MONTHS:
        raise ApiError(422, "invalid", fields=[("to", "stats.period", {"most": MOST_MONTHS})])


def _year_up_to(last: str) -> str:
    return f"{indices.begin_of(last, ZONE) - timedelta(days=334):%Y-%m}"


def _out(found: Statistics, first: str, last: str, by: str) -> StatsOut:
    minutes = int(found.rules.momentary / indices.MINUTE)
    shown = [
        IndexOut(
            month=one.month,
            feeder=one.feeder,
            company=one.company,
            **SetOut.of(one.indices).model_dump(),
            customers=one.customers,
            customer_minutes=round(one.interruptions.minutes, 2),
            customer_interruptions=one.interruptions.sustained,
            customer_momentary=one.interruptions.momentary,
            overall=SetOut.of(one.overall),
            distribution=SetOut.of(one.distribution),
        )
        for one in found.figures
    ]
    return StatsOut(
        first=first,
        last=last,
        by=by,
        formula=FORMULA.format(minutes=minutes),
        source=found.rules.source,
        momentary_minutes=minutes,
        indices=shown,
        total=_total(shown) if by == "month" else {},
        totals={
            "overall": _total([one.overall for one in shown]),
            "distribution": _total([one.distribution for one in shown]),
        }
        if by == "month"
        else {},
        sets={
            name: SetRuleOut(without=sorted(one.without), source=one.source)
            for name, one in (("overall", found.rules.overall), ("distribution", found.rules.distribution))
        },
        notices={segment: InTimeOut(**vars(one)) for segment, one in sorted(found.notices.items())},
        incidents=ToldOut(**vars(found.told)),
        cut_again=[CutAgainOut(**vars(one)) for one in found.cut_again],
        too_long=[TooLongOut(**vars(one)) for one in found.too_long],
        current_basis=list(found.current_basis),
    )


def _total(shown: Sequence[IndexOut | SetOut]) -> dict[str, float]:
    """The values of a period are the sums of its months'."""
    return {
        name: round(sum(getattr(one, name) for one in shown), 6) for name in ("saidi_minutes", "saifi", "maifi")
    }

"""The staff API of reports and of the incidents they suggest: translates, decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from aiohttp import web

from bot.web.access import ANY, CREWS, require
from bot.web.bodies import PublishedOut
from bot.web.errors import ApiError, language_of
from bot.web.outages_api import (
    PREFIX,
    Deed,
    Done,
    Model,
    Route,
    StaffApi,
    checked,
    id_of,
    json_of,
    published_out,
    translated,
)
from bot.web.reports_bodies import (
    ConfirmIn,
    DismissIn,
    ReportInFullOut,
    ReportOut,
    ReportsOut,
    ReportsQuery,
    SuggestionOut,
    SuggestionsOut,
    SuggestionsQuery,
)
from handlers import suggestions
from handlers.suggestions import Settled, UnknownSuggestion
from store import reports
from store.db import Unit

log = structlog.get_logger(__name__)


class ReportsApi(StaffApi):
    """The operations on reports."""

    def routes(self) -> list[Route]:
        every, one = PREFIX + "/suggestions", PREFIX + r"/suggestions/{id:\d{1,9}}"
        listed = "List reports of customers, newest first"
        suggested = "List suggested incidents, newest first"
        shown = "One report with its place and the customer's own words; who reads it is logged"
        return [
            Route("GET", PREFIX + "/reports", listed, self.list_reports, ReportsOut, query=ReportsQuery),
            Route("GET", PREFIX + r"/reports/{code:[A-Za-z0-9-]{3,20}}", shown, self.show_report, ReportInFullOut),
            Route("GET", every, suggested, self.list_suggestions, SuggestionsOut, query=SuggestionsQuery),
            Route(
                "POST",
                one + "/confirm",
                "Publish the suggested incident; all who reported it are told",
                self.confirm,
                PublishedOut,
                ConfirmIn,
                status=201,
            ),
            Route("POST", one + "/dismiss", "It is no incident", self.dismiss, SuggestionOut, DismissIn),
        ]

    async def list_reports(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(ReportsQuery, dict(request.query))
            found = await reports.page(unit, query.state, query.urgent, query.limit, query.before)
        rows = [ReportOut.of(one) for one in found]
        return json_of(ReportsOut(reports=rows, next_before=rows[-1].id if len(rows) == query.limit else None))

    async def show_report(self, request: web.Request) -> web.Response:
        code = request.match_info["code"].upper()
        async with self._database.reading() as unit:
            caller = await require(unit, request, CREWS)
            report = await reports.with_code(unit, code)
        if report is None:
            raise ApiError(404, "report.unknown", {"code": code})
        log.info("report_read", by=caller.name, report=code)
        return json_of(ReportInFullOut.of_one(report))

    async def list_suggestions(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(SuggestionsQuery, dict(request.query))
            found = await reports.suggestions(unit, query.state, query.limit, query.before)
        rows = [SuggestionOut.of(one) for one in found]
        more = rows[-1].id if len(rows) == query.limit else None
        return json_of(SuggestionsOut(suggestions=rows, next_before=more))

    async def confirm(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: ConfirmIn) -> Done:
            known = suggestions.Confirmation(body.reason or None, body.starts_at, body.ends_at)
            done = await translated(request, suggestions.confirm(unit, id_of(request), known, by, now))
            return Done(await published_out(unit, done, language_of(request)), done)

        return await self._settle(request, ConfirmIn, deed, 201)

    async def dismiss(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: DismissIn) -> Done:
            return Done(SuggestionOut.of(await suggestions.dismiss(unit, id_of(request), body.why, by, now)))

        return await self._settle(request, DismissIn, deed)

    async def _settle(
        self, request: web.Request, model: type[Model], deed: Deed, status: int = 200
    ) -> web.Response:
        """Settle a suggestion, its refusals as answers."""

        async def done(unit: Unit, by: str, now: datetime, body: Any) -> Done:
            try:
                return await deed(unit, by, now, body)
            except UnknownSuggestion:
                raise ApiError(404, "suggestion.unknown", {"id": id_of(request)}) from None
            except Settled:
                raise ApiError(409, "suggestion.settled") from None

        return await self._do(request, model, done, status)

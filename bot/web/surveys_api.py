"""The staff API of surveys: what customers answered, and who was called back; translates, decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from bot.web.access import ANY, SURVEYORS, require
from bot.web.errors import ApiError
from bot.web.outages_api import PREFIX, Done, Route, StaffApi, checked, id_of, json_of
from bot.web.stats_api import check_period
from bot.web.surveys_bodies import (
    FollowUpIn,
    SatisfactionOut,
    SatisfactionQuery,
    SurveyOut,
    SurveysOut,
    SurveysQuery,
)
from handlers import surveys
from handlers.rules import indices
from handlers.surveys import NothingToFollowUp, UnknownSurvey
from handlers.talking import ZONE
from store import surveys as kept
from store.db import Unit


class SurveysApi(StaffApi):
    """The operations on surveys."""

    def routes(self) -> list[Route]:
        one = PREFIX + r"/surveys/{id:\d{1,9}}/follow-up"
        told = "Somebody has spoken with the unhappy customer"
        return [
            Route("GET", PREFIX + "/surveys", "Answers, newest first", self.list, SurveysOut, query=SurveysQuery),
            Route(
                "GET",
                PREFIX + "/satisfaction",
                "What the answers of some months come to",
                self.satisfaction,
                SatisfactionOut,
                query=SatisfactionQuery,
            ),
            Route("POST", one, told, self.follow_up, SurveyOut, FollowUpIn),
        ]

    async def list(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(SurveysQuery, dict(request.query))
            found = await kept.page(unit, query.to_follow_up, query.limit, query.before)
        rows = [SurveyOut.of(one) for one in found]
        return json_of(SurveysOut(surveys=rows, next_before=rows[-1].id if len(rows) == query.limit else None))

    async def satisfaction(self, request: web.Request) -> web.Response:
        now = self._clock()
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(SatisfactionQuery, dict(request.query))
            present = indices.month_of(now, ZONE)
            first = query.first or query.last or present
            last = query.last or (present if query.first else first)
            check_period(first, last)
            start, end = indices.begin_of(first, ZONE), indices.begin_of(indices.following(last), ZONE)
            figures = await surveys.satisfaction(unit, start, end)
        return json_of(SatisfactionOut.of(figures))

    async def follow_up(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: Any) -> Done:
            try:
                return Done(SurveyOut.of(await surveys.follow_up(unit, id_of(request), body.note, by, now)))
            except UnknownSurvey:
                raise ApiError(404, "survey.unknown", {"id": id_of(request)}) from None
            except NothingToFollowUp:
                raise ApiError(409, "survey.nothing_to_follow_up") from None

        return await self._do(request, FollowUpIn, deed, roles=SURVEYORS)

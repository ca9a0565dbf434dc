"""The staff API of the knowledge base: its articles with votes, and the questions that nobody could answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.web.access import ANY, require
from bot.web.errors import ApiError
from bot.web.outages_api import PREFIX, Done, Route, StaffApi, checked, id_of, json_of
from handlers.knowledge_base import KnowledgeBase
from handlers.rules.articles import Article
from handlers.talking import ZONE
from store import knowledge
from store.db import Database, Unit
from store.knowledge import UnknownQuestion

# An article that runs out within so many days is to be checked now.
SOON = timedelta(days=30)
MOST_A_PAGE = 200


class KnowledgeQuery(BaseModel):
    """Which articles: `to_check` only those that have run out or soon will."""

    model_config = ConfigDict(extra="forbid")

    to_check: bool = False


class ArticleOut(BaseModel):
    """An article without its text: where it stands, and how customers found it."""

    id: str
    title: str
    intents: list[str]
    source: str
    checked_on: date
    still_right_until: date
    ran_out: bool
    runs_out_soon: bool
    helped: int
    not_helped: int


class KnowledgeOut(BaseModel):
    """The articles, those that run out first first, and what is wrong with files that are not used."""

    articles: list[ArticleOut]
    wrong: list[str]


class UnknownQuery(BaseModel):
    """Which questions: `before` is the `next_before` of the page before."""

    model_config = ConfigDict(extra="forbid")

    answered: bool | None = None
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=2**63 - 1)


class UnknownOut(BaseModel):
    """A question without what could name who asked, and how often it was asked."""

    id: int
    text: str
    count: int
    first_at: datetime
    last_at: datetime
    answered_by: str | None

    @classmethod
    def of(cls, question: UnknownQuestion) -> UnknownOut:
        return cls.model_validate({**question.model_dump(), "text": question.text_masked})


class UnknownsOut(BaseModel):
    """A page of questions; `next_before` asks for the next one."""

    questions: list[UnknownOut]
    next_before: int | None


class AnsweredIn(BaseModel):
    """The article that answers the question; null: none does any more."""

    model_config = ConfigDict(extra="forbid")

    article: str | None = Field(max_length=40)


class KnowledgeApi(StaffApi):
    """The operations on the knowledge base; articles themselves are files that staff edit."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        spread: Callable[[Sequence[int]], None],
        base: KnowledgeBase,
    ) -> None:
        super().__init__(database, clock, spread)
        self._base = base

    def routes(self) -> list[Route]:
        articles = "List the articles of the knowledge base with votes and when they run out"
        unknown = "List the questions that nobody could answer, newest first"
        return [
            Route("GET", f"{PREFIX}/knowledge", articles, self.list_articles, KnowledgeOut, query=KnowledgeQuery),
            Route(
                "GET", f"{PREFIX}/unknown-questions", unknown, self.list_unknown, UnknownsOut, query=UnknownQuery
            ),
            Route(
                "POST",
                PREFIX + r"/unknown-questions/{id:\d{1,9}}/answer",
                "Note which article answers a question now",
                self.answer,
                UnknownOut,
                AnsweredIn,
            ),
        ]

    async def list_articles(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(KnowledgeQuery, dict(request.query))
            votes = await knowledge.votes(unit)
        today = self._clock().astimezone(ZONE).date()
        shelf = self._base.current().shelf
        rows = [_row(article, today, *votes.get(article.id, (0, 0))) for article in shelf.articles.values()]
        rows = [row for row in rows if row.ran_out or row.runs_out_soon or not query.to_check]
        rows.sort(key=lambda row: (row.still_right_until, row.id))
        return json_of(KnowledgeOut(articles=rows, wrong=[_short(sentence) for sentence in shelf.wrong]))

    async def list_unknown(self, request: web.Request) -> web.Response:
        async with self._database.reading() as unit:
            await require(unit, request, ANY)
            query = checked(UnknownQuery, dict(request.query))
            found = await knowledge.unknown_questions(unit, query.answered, query.limit, query.before)
        rows = [UnknownOut.of(one) for one in found]
        return json_of(UnknownsOut(questions=rows, next_before=rows[-1].id if len(rows) == query.limit else None))

    async def answer(self, request: web.Request) -> web.Response:
        async def deed(unit: Unit, by: str, now: datetime, body: AnsweredIn) -> Done:
            if body.article is not None and body.article not in self._base.current().shelf.articles:
                raise ApiError(422, "article.unknown", {"article": body.article})
            question = await knowledge.answered(unit, id_of(request), body.article)
            if question is None:
                raise ApiError(404, "question.unknown", {"id": id_of(request)})
            return Done(UnknownOut.of(question))

        return await self._do(request, AnsweredIn, deed)


def _row(article: Article, today: date, helped: int, not_helped: int) -> ArticleOut:
    return ArticleOut(
        id=article.id,
        title=article.title["vi"],
        intents=list(article.intents),
        source=article.source,
        checked_on=article.checked_on,
        still_right_until=article.still_right_until,
        ran_out=article.ran_out(today),
        runs_out_soon=not article.ran_out(today) and article.ran_out(today + SOON),
        helped=helped,
        not_helped=not_helped,
    )


def _short(sentence: str) -> str:
    """Without the folders of the server: the file's name is enough to find it."""
    folder, slash, rest = sentence.partition(".toml")
    return f"{folder.rpartition('/')[2]}{slash}{rest}" if slash else sentence

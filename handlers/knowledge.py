"""What conversations ask of the knowledge base and tell it: articles, questions to keep, votes."""

from __future__ import annotations

from datetime import datetime, time

from conversations.folding import fold
from conversations.knowledge import (
    ArticleFound,
    ArticlesFound,
    ArticleTitle,
    CountVote,
    FindArticles,
    KeepQuestion,
    ReadArticle,
)
from conversations.model import Moment, language_of
from conversations.understand import SURE, understand
from handlers.rules.article_search import MOST_NEAR, Hits, Search
from handlers.rules.redaction import HIDDEN, redacted
from handlers.talking import Talking
from store import knowledge
from store.contacts import Contact
from store.db import Unit

# A longer question is told by its beginning.
LONGEST_KEPT = 300


async def find(
    unit: Unit, contact: Contact, query: FindArticles, now: datetime, talking: Talking
) -> ArticlesFound:
    """The articles that answer a question, or those on a subject."""
    shelf, search = (collection := talking.knowledge.current()).shelf, collection.search
    if query.question:
        hits, elsewhere = searched(query.question, search)
    else:
        hits, elsewhere = Hits(None, search.about(query.intent)[:MOST_NEAR]), False
    advice = talking.advice
    if advice and advice.is_about(query.question) and hits.sure is None and advice.article in hits.near:
        hits = Hits(advice.article)
    language = language_of(contact.language)
    near = tuple(ArticleTitle(name, shelf.articles[name].title[language]) for name in hits.near)
    return ArticlesFound(query.question, hits.sure, near, elsewhere)


def searched(question: str, search: Search) -> tuple[Hits, bool]:
    """The articles that answer a question, and whether it is surely about something that none is about."""
    understood = understand(question)
    subject = understood.intent if understood.score >= SURE else None
    known = subject is not None and bool(search.about(subject))
    return search.find(question, subject if known else None), subject is not None and not known


async def read(unit: Unit, contact: Contact, query: ReadArticle, now: datetime, talking: Talking) -> ArticleFound:
    """One article as it is to be said now."""
    articles = talking.knowledge.current().shelf.articles
    article = articles.get(query.id)
    if article is None:
        return ArticleFound(query.id)
    language = language_of(contact.language)
    today = now.astimezone(talking.zone).date()

    advice = talking.advice if talking.advice and talking.advice.article == article.id else None
    # The near ones that were not chosen stay within reach.
    more = dict.fromkeys((*advice.others, *article.next) if advice else article.next)

    def day(one: datetime) -> Moment:
        return Moment(one.isoformat(), "day")

    return ArticleFound(
        id=article.id,
        title=article.title[language],
        answer=advice.answer if advice and advice.answer else article.answer[language],
        source=article.source,
        checked=day(datetime.combine(article.checked_on, time(12), talking.zone)),
        right_until=day(datetime.combine(article.still_right_until, time(12), talking.zone)),
        ran_out=article.ran_out(today),
        next=tuple(
            ArticleTitle(name, articles[name].title[language])
            for name in more
            if name in articles and name != article.id
        ),
        offers=article.offers,
        worded=bool(advice and advice.answer),
    )


async def keep_question(
    unit: Unit, contact: Contact, command: KeepQuestion, now: datetime, talking: Talking
) -> None:
    """Keep a question for staff, without what could name who asked; words must be left."""
    text = redacted(" ".join(command.question.split()))[:LONGEST_KEPT]
    if any(letter.isalpha() for letter in HIDDEN.sub("", text)):
        assert contact.id is not None
        await knowledge.keep_question(unit, contact.id, text, fold(text), now)


async def count_vote(unit: Unit, contact: Contact, command: CountVote, now: datetime, talking: Talking) -> None:
    """Count a vote on an article that there is; an old button may name one that is gone."""
    if command.article in talking.knowledge.current().shelf.articles:
        await knowledge.count_vote(unit, command.article, command.helped)

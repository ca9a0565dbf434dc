"""What customers asked in vain, without what could name them, and whether articles helped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import case, delete
from sqlmodel import Field, SQLModel, col, select

from store.db import Unit
from store.types import BigId, Utc, insert


class UnknownQuestion(SQLModel, table=True):
    """A question that nobody could answer, once for all who asked it alike; `folded` is what tells them apart.

    answered_by: the article that staff wrote for it. contact_id: who asked it, as long as nobody else did: a mask
    does not know names and streets, so that it goes with that customer's data.
    """

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    text_masked: str
    folded: str = Field(unique=True)
    count: int = 1
    first_at: datetime = Field(sa_type=Utc)
    last_at: datetime = Field(sa_type=Utc)
    answered_by: str | None = None
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True, sa_type=BigId)


class ArticleVote(SQLModel, table=True):
    """How many customers said of an article that it helped, and that it did not."""

    article: str = Field(primary_key=True)
    helped: int = 0
    not_helped: int = 0


async def keep_question(unit: Unit, contact_id: int | None, masked: str, folded: str, now: datetime) -> None:
    """Note a question, or that it was asked once more; asked again, it is no longer answered.

    What several people ask names none of them.
    """
    row = {"text_masked": masked, "folded": folded, "count": 1, "first_at": now, "last_at": now}
    row |= {"contact_id": contact_id}
    asker = col(UnknownQuestion.contact_id)
    same = case((asker == contact_id, asker), else_=None)
    again = {
        "count": col(UnknownQuestion.count) + 1,
        "last_at": now,
        "answered_by": None,
        "contact_id": same,
    }
    statement = insert(unit, UnknownQuestion).values(row)
    await unit.session.execute(statement.on_conflict_do_update(index_elements=["folded"], set_=again))


async def unknown_questions(
    unit: Unit, answered: bool | None, limit: int, before: int | None
) -> Sequence[UnknownQuestion]:
    """A page of them, the newest first by number."""
    query = select(UnknownQuestion).order_by(col(UnknownQuestion.id).desc()).limit(limit)
    if answered is not None:
        query = query.where(col(UnknownQuestion.answered_by).is_not(None) == answered)
    if before is not None:
        query = query.where(col(UnknownQuestion.id) < before)
    return (await unit.session.exec(query)).all()


async def forget_questions(unit: Unit, before: datetime) -> int:
    """Drop questions of one customer alone that nobody asked since: a mask does not know names; how many."""
    result = await unit.session.execute(
        delete(UnknownQuestion)
        .where(col(UnknownQuestion.contact_id).is_not(None), col(UnknownQuestion.last_at) < before)
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))


async def count_vote(unit: Unit, article: str, helped: bool) -> None:
    """Count one vote."""
    row = {"article": article, "helped": int(helped), "not_helped": int(not helped)}
    counted = {
        "helped": col(ArticleVote.helped) + int(helped),
        "not_helped": col(ArticleVote.not_helped) + int(not helped),
    }
    statement = insert(unit, ArticleVote).values(row)
    await unit.session.execute(statement.on_conflict_do_update(index_elements=["article"], set_=counted))


async def votes(unit: Unit) -> Mapping[str, tuple[int, int]]:
    """By article how often it helped and did not."""
    found = (await unit.session.exec(select(ArticleVote))).all()
    return {one.article: (one.helped, one.not_helped) for one in found}


async def answered(unit: Unit, number: int, article: str | None) -> UnknownQuestion | None:
    """Note which article answers a question; None when there is no such question."""
    question = await unit.session.get(UnknownQuestion, number)
    if question is not None:
        question.answered_by = article
        unit.session.add(question)
    return question

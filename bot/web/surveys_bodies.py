"""What the staff API takes and answers about surveys."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.web.bodies import LARGEST_ID, MOST_A_PAGE, Given, Line
from bot.web.stats_api import Month
from handlers.surveys import Satisfaction
from store.surveys import Survey


class SurveysQuery(Given):
    """Which to list; `to_follow_up`: only those that somebody has still to call about."""

    to_follow_up: bool = False
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=LARGEST_ID)


class FollowUpIn(Given):
    """What was said and agreed with the customer."""

    note: Annotated[Line, Field(min_length=1, max_length=1_000)]


class SatisfactionQuery(BaseModel):
    """Local months `YYYY-MM`, both included; without them the present month."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    first: Month | None = Field(default=None, alias="from")
    last: Month | None = Field(default=None, alias="to")


class SatisfactionOut(BaseModel):
    """What the answers of a time come to: percent of happy faces, the mean score, who has still to be called."""

    asked: int
    answered: int
    happy_attitude: float | None
    happy_procedure: float | None
    happy_space: float | None
    score: float | None
    unhappy: int
    to_follow_up: int

    @classmethod
    def of(cls, figures: Satisfaction) -> SatisfactionOut:
        return cls(**asdict(figures))


class SurveyOut(BaseModel):
    """An answered survey; faces are 3 (happy), 2, 1, the score 0 to 10."""

    id: int
    request_code: str | None
    service: str
    company: str | None
    channel: str
    answered_at: datetime
    attitude: int
    procedure: int
    space: int | None
    score: int
    words: str
    follow_up_by: datetime | None
    followed_up_at: datetime | None
    followed_up_by: str
    follow_up_note: str

    @classmethod
    def of(cls, survey: Survey) -> SurveyOut:
        return cls.model_validate(survey.model_dump())


class SurveysOut(BaseModel):
    """A page of them; `next_before` asks for the next one, null: this is the last."""

    surveys: list[SurveyOut]
    next_before: int | None

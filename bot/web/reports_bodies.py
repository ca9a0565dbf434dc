"""What the staff API takes and answers about reports of customers, and about the incidents they suggest."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.web.bodies import LARGEST_ID, MOST_A_PAGE, Line, Time, masked
from store.reports import Report, ReportState, Suggestion, SuggestionState

LONGEST_WHY = 300
# The words of a customer may hold a name or a phone number: a list does not show them.
_OWN_WORDS = ("words", "heard")


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ReportsQuery(_Given):
    """Which reports to list: `before` is the `next_before` of the page before."""

    state: ReportState | None = None
    urgent: bool | None = None
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=2**63 - 1)


class SuggestionsQuery(_Given):
    """Which suggestions to list: `before` is the `next_before` of the page before."""

    state: SuggestionState | None = None
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=LARGEST_ID)


class ConfirmIn(_Given):
    """What is known of the incident; it begins with the first report, if nothing else is said."""

    reason: Line | None = None
    starts_at: Time | None = None
    ends_at: Time | None = None


class DismissIn(_Given):
    """Why it is no incident."""

    why: Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_WHY)]


class ReportOut(BaseModel):
    """A report; of the customer code only its end is shown, and none of the customer's own words."""

    id: int
    code: str
    state: ReportState
    urgent: bool
    still_out: bool
    at: datetime
    customer: str | None
    ward_code: str | None
    transformer_code: str | None
    feeder_code: str | None
    answers: dict[str, Any]
    outage_id: int | None
    suggestion_id: int | None

    @classmethod
    def of(cls, report: Report) -> ReportOut:
        answers = {name: answer for name, answer in report.answers.items() if name not in _OWN_WORDS}
        customer = masked(report.customer_code) if report.customer_code else None
        return cls.model_validate({**report.model_dump(), "answers": answers, "customer": customer})


class ReportInFullOut(ReportOut):
    """One report with all that a crew must know: the place and the customer's own words, unmasked."""

    place: str
    words: list[str]

    @classmethod
    def of_one(cls, report: Report) -> ReportInFullOut:
        heard = report.answers.get("heard")
        words = [*report.answers.get("words", []), *([heard] if isinstance(heard, str) else [])]
        shown = ReportOut.of(report).model_dump()
        return cls.model_validate(
            {**shown, "customer": report.customer_code, "place": report.label, "words": words}
        )


class ReportsOut(BaseModel):
    """A page of reports; `next_before` asks for the next one, null: this is the last."""

    reports: list[ReportOut]
    next_before: int | None


class SuggestionOut(BaseModel):
    """An incident that reports suggest: how many people reported it, and what staff made of it."""

    id: int
    kind: str
    code: str
    state: SuggestionState
    reports: int
    first_at: datetime
    updated_at: datetime
    outage_id: int | None
    settled_by: str
    why: str

    @classmethod
    def of(cls, suggestion: Suggestion) -> SuggestionOut:
        return cls.model_validate(suggestion.model_dump())


class SuggestionsOut(BaseModel):
    """A page of suggestions; `next_before` asks for the next one, null: this is the last."""

    suggestions: list[SuggestionOut]
    next_before: int | None

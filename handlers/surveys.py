"""Asks customers how a finished request went, once each; an unhappy answer is somebody's to follow up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import astuple, dataclass
from datetime import datetime

from conversations.model import Button, Reply, Value, Words
from conversations.request_names import service_name
from conversations.services import catalogue
from conversations.survey import RecordSurvey, SurveyFound, SurveyOf, is_unhappy
from conversations.wire import reply_to_json
from handlers.each import each
from handlers.escalations import EscalationKind, settle
from handlers.request_keeping import calendar
from handlers.rules import surveys as rules
from handlers.rules.masking import masked
from handlers.rules.progress import DONE
from handlers.rules.surveys import SurveyRules, asked_at, sampling, surveys_at
from handlers.talking import ZONE, Talking
from store import conversations, escalations, outbox, requests, surveys
from store.contacts import Contact
from store.db import Unit
from store.outbox import Message, Priority
from store.requests import Request
from store.surveys import Survey

_PAGE = 100


class UnknownSurvey(Exception):
    """There is no such survey, or nobody has answered it."""


class NothingToFollowUp(Exception):
    """The answer was a happy one, or somebody has called already."""


# --- asking ------------------------------------------------------------------------------------------------------


async def surveys_due(unit: Unit, now: datetime) -> int:
    """Invite those whose request was finished a while ago; who is in the middle of something is asked later."""

    async def invite(request: Request) -> bool:
        await _invite(unit, request, now)
        unit.session.add(request)
        return True

    return await each(unit, "surveys_due", await requests.survey_due(unit, now, _PAGE), invite)


async def reminders_due(unit: Unit, now: datetime) -> int:
    """Remind once of an invitation that was not answered."""

    async def remind(survey: Survey) -> bool:
        contact = await unit.session.get(Contact, survey.contact_id) if survey.contact_id else None
        request = await requests.with_code(unit, survey.request_code or "")
        if contact is None or request is None or request.state != DONE:
            survey.remind_at = None
        elif later := await _not_now(unit, contact, now):
            survey.remind_at = later
        else:
            survey.remind_at = None
            await _say(unit, contact, request, "survey.remind", now)
        unit.session.add(survey)
        return True

    return await each(unit, "survey_reminders", await surveys.to_remind(unit, now, _PAGE), remind)


async def _invite(unit: Unit, request: Request, now: datetime) -> None:
    """Ask about one request, or set when to look again."""
    contact = await unit.session.get(Contact, request.contact_id)
    asked = await surveys.of_request(unit, request.code)
    if contact is None or asked is not None or request.state != DONE:
        # Opened again, asked before, or nobody there any more.
        request.survey_due_at = None
        return
    if later := await _not_now(unit, contact, now):
        request.survey_due_at = later
        return
    request.survey_due_at = None
    survey = Survey(
        request_code=request.code,
        contact_id=contact.id,
        service=request.service,
        company=request.company,
        channel=contact.channel,
        invited_at=now,
        remind_at=now + rules_at(now).remind,
    )
    unit.session.add(survey)
    await unit.session.flush()
    await _say(unit, contact, request, "survey.invite", now)


async def _not_now(unit: Unit, contact: Contact, now: datetime) -> datetime | None:
    """When to look again at somebody who must not be asked now; None for those who may be."""
    rule = rules_at(now)
    earliest = asked_at(rule, now, ZONE)
    if earliest > now:
        return earliest
    assert contact.id is not None
    busy_since = await conversations.busy_since(unit, contact.id)
    return now + rule.again if busy_since is not None and now - busy_since < rule.dormant else None


async def _say(unit: Unit, contact: Contact, request: Request, key: str, now: datetime) -> None:
    values: dict[str, Value] = {"service": service_name(request.service), "code": request.code}
    reply = Reply(
        (Words(key, values),),
        (
            Button(Words("survey.start"), f"go:survey:{request.code}"),
            Button(Words("survey.not_satisfied"), f"go:reopen_request:{request.code}"),
        ),
    )
    message = Message(
        words=reply_to_json(reply),
        priority=Priority.PERSONAL,
        worthless_after=now + rules_at(now).worthless,
        created_at=now,
    )
    await outbox.add_for(unit, contact, message, f"{key}:{request.code}", now)


# --- answering ---------------------------------------------------------------------------------------------------


async def find(unit: Unit, contact: Contact, query: SurveyOf, now: datetime, talking: Talking) -> SurveyFound:
    """The survey that a button of this contact is about, or their newest open one."""
    assert contact.id is not None
    found = surveys.of_request(unit, query.code) if query.code else surveys.newest_open(unit, contact.id)
    survey = await found
    if survey is None or survey.contact_id != contact.id:
        return SurveyFound(query.code)
    service = catalogue().services.get(survey.service)
    return SurveyFound(
        survey.request_code or "",
        survey.service,
        open=survey.answered_at is None,
        space=service is not None and service.visit,
    )


async def record(unit: Unit, contact: Contact, wish: RecordSurvey, now: datetime, talking: Talking) -> None:
    """Keep an answer, the first one only; an unhappy one gets a day by which somebody calls."""
    survey = await surveys.of_request(unit, wish.code, lock=True)
    if survey is None or survey.contact_id != contact.id or survey.answered_at is not None:
        return
    survey.answered_at, survey.remind_at = now, None
    survey.attitude, survey.procedure, survey.space = wish.attitude, wish.procedure, wish.space
    survey.score, survey.words = wish.score, masked(wish.words)
    if is_unhappy(wish.attitude, wish.procedure, wish.space, wish.score):
        survey.follow_up_by = calendar().deadline(now, rules_at(now).follow_up)
        reason = {"survey": survey.id, "score": wish.score, "due_by": survey.follow_up_by.isoformat()}
        await escalations.open_(unit, EscalationKind.UNHAPPY_SURVEY, wish.code, reason, now)
    unit.session.add(survey)


# --- staff -------------------------------------------------------------------------------------------------------


async def follow_up(unit: Unit, survey_id: int, note: str, by: str, now: datetime) -> Survey:
    """Somebody of staff has spoken with an unhappy customer. Raises UnknownSurvey, NothingToFollowUp."""
    survey = await surveys.by_id(unit, survey_id, lock=True)
    if survey is None or survey.answered_at is None:
        raise UnknownSurvey
    if survey.follow_up_by is None or survey.followed_up_at is not None:
        raise NothingToFollowUp
    survey.followed_up_at, survey.followed_up_by, survey.follow_up_note = now, by, masked(note)
    unit.session.add(survey)
    if survey.request_code:
        await settle(unit, EscalationKind.UNHAPPY_SURVEY, survey.request_code, note, by, now)
    return survey


@dataclass(frozen=True)
class Satisfaction:
    """What the answers of a time come to. happy_*: percent of happy faces; score: mean of 0 to 10; None: none."""

    asked: int
    answered: int
    happy_attitude: float | None
    happy_procedure: float | None
    happy_space: float | None
    score: float | None
    unhappy: int
    to_follow_up: int


async def satisfaction(unit: Unit, start: datetime, end: datetime) -> Satisfaction:
    """The figures of the surveys of a time, its end left out."""
    found = await surveys.counted_between(unit, start, end)
    return Satisfaction(
        asked=await surveys.asked_between(unit, start, end),
        answered=found.answered,
        happy_attitude=_per(100 * found.happy_attitudes, found.attitudes),
        happy_procedure=_per(100 * found.happy_procedures, found.procedures),
        happy_space=_per(100 * found.happy_spaces, found.spaces),
        score=_per(found.score_sum, found.scores),
        unhappy=found.unhappy,
        to_follow_up=found.to_follow_up,
    )


def _per(total: int, given: int) -> float | None:
    return round(total / given, 2) if given else None


@dataclass(frozen=True)
class SampledAnswer:
    """One answer of the yearly survey's sample: nothing in it tells who gave it."""

    stratum: str
    month: str
    channel: str
    attitude: int | None
    procedure: int | None
    space: int | None
    score: int | None


async def yearly_sample(unit: Unit, year: int, seed: str) -> list[SampledAnswer]:
    """The sample of a year's answers, by company and kind of service; own words, names and numbers are left out.

    Within a stratum the answers are sorted by what they say, so that not even their order tells when they came.
    """
    start = datetime(year, 1, 1, tzinfo=ZONE)
    answered = await surveys.answered_between(unit, start, datetime(year + 1, 1, 1, tzinfo=ZONE))
    strata: dict[str, list[tuple[str, SampledAnswer]]] = defaultdict(list)
    for one in answered:
        assert one.answered_at is not None
        service = catalogue().services.get(one.service)
        stratum = f"{one.company or '-'} {service.group if service else '-'}"
        month = f"{one.answered_at.astimezone(ZONE):%Y-%m}"
        answer = SampledAnswer(stratum, month, one.channel, one.attitude, one.procedure, one.space, one.score)
        strata[stratum].append((str(one.id), answer))
    drawn = rules.sample(strata, sampling(), seed)
    return [answer for name in sorted(drawn) for answer in sorted(drawn[name], key=_order)]


def _order(answer: SampledAnswer) -> tuple[str, ...]:
    return tuple(str(part) for part in astuple(answer))


def rules_at(now: datetime) -> SurveyRules:
    """The rules of the day."""
    return surveys_at(now.astimezone(ZONE).date())

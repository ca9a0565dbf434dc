"""Looking up outages: at the customer's own places, a meter, a ward or an address; now, this week or on a day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conversations.fields import unread
from conversations.folding import fold
from conversations.model import (
    Again,
    Answers,
    Button,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Json,
    Look,
    Moment,
    Picture,
    Press,
    Query,
    Reading,
    Reply,
    Span,
    Step,
    Text,
    Understood,
    Words,
)
from conversations.places import MINE, WhichPlace, name_of, target_of
from conversations.understand import understand
from conversations.wire import words_to_json

PERIODS = ("now", "today", "week")
# More than this is no answer but a list; the newest would be lost at its end.
MOST_SHOWN = 8
# What of the words of a day tells the day, and not only the hour.
_TELLS_DAY = re.compile(
    r"\b(?:thu|t[2-7]|chu nhat|cn|ngay|mung|hom|mai|mot|kia|thang|today|tomorrow)\b"
    r"|thu ?[2-7]|tuan|week|day\b|\d/\d"
)
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
# Days that are no value of their own. A date alone is one unless it could be a house: "12/3 Lê Lợi".
_OTHER_DAY = re.compile(
    r"\b(?:ngay (?:kia|mot)|bua (?:kia|mot|qua)|hom (?:qua|kia)|yesterday|(?:the )?day after tomorrow)\b"
    rf"|\b(?:\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?)(?: 20\d\d)?\b"
    r"|\bon \d{1,2}/\d{1,2}(?:/\d{4})?(?![\d/])"
    r"|(?<![\d/])(?<!so )\d{1,2}/\d{1,2}(?:/\d{4})?(?= (?:co|cup|mat|cat|ngung|thi|nay|o|tai|phuong|xa|in|at)\b|$)"
)


@dataclass(frozen=True)
class LookUp(Query):
    """The outages at a place (or at all the customer's own) within a period, or on a local day, YYYY-MM-DD."""

    target: str
    period: str


@dataclass(frozen=True)
class OutageSeen:
    """A window of an outage as a customer sees it; `places` are the labels of theirs that it touches.

    state: as a picture of the week takes it, see handlers/pictures/week_data.py.
    """

    incident: bool
    area: tuple[Words, ...]
    reason: str | None
    span: Span
    places: tuple[str, ...]
    state: str = "on"


@dataclass(frozen=True)
class OutagesFound(Found):
    """What is known at a moment; `no_places` when the customer asked for their own and follows none.

    days: the local days of a week that was asked for, ISO, today first; places: the labels of the customer's own.
    day: noon of the day that was asked for, when it lies ahead.
    """

    outages: tuple[OutageSeen, ...]
    as_of: Moment
    no_places: bool = False
    days: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    day: Moment | None = None


@dataclass(frozen=True)
class ReadTime(Query):
    """Which time is meant by the first of these words that tell a day; `otherwise`: the period, if none does."""

    said: tuple[str, ...]
    otherwise: str = ""


@dataclass(frozen=True)
class TimeRead(Found):
    """A period, or a day that lies ahead as YYYY-MM-DD."""

    time: str


@dataclass(frozen=True)
class TimePast(Found):
    """The day meant is over; noon of it."""

    day: Moment


@dataclass(frozen=True)
class TimeNotRead(Found):
    """Why not: no day was said (`none`), or there is `no_such_day`."""

    why: str


@dataclass(frozen=True)
class WhichTime:
    """For when: a period to press, or a day in words. The answer is the period, or the day as YYYY-MM-DD."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(Button(Words(f"lookup.when.{period}"), period) for period in PERIODS)

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value in PERIODS:
                return Given(value)
            case Text(text):
                query = _time_said(understand(text))
                # What is written under the question itself is about time, even a date alone.
                return Look(ReadTime((*query.said, text), query.otherwise))
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        match found:
            case TimeRead(time):
                return Given(time)
            case TimePast(day):
                return Again(Words("lookup.day_past", {"day": day}))
            case TimeNotRead("no_such_day"):
                return Again(Words("day.no_such_day"))
            case TimeNotRead():
                return Again(Words("error.choose"))
        raise AssertionError(f"not about a time: {found!r}")


def _time_said(understood: Understood) -> ReadTime:
    """The words of a text that may tell the day, the most telling first, and the period that it names."""
    day, when, plain = understood.values.get("day", ""), understood.values.get("when", ""), fold(understood.text)
    said = []
    if day and _TELLS_DAY.search(fold(day)):
        before = "next " if f"next {fold(day)}" in plain else ""
        said.append(f"{before}{day}{' nữa' if f'{fold(day)} nua' in plain else ''}")
    other = _OTHER_DAY.search(plain)
    if other:
        said.append(other.group())
    elif re.search(r"\bmốt\b", understood.text.lower()):
        said.append("ngày mốt")
    if when == "tomorrow":
        said.append("mai")
    return ReadTime(tuple(said), when if when in PERIODS else "")


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Mai phường Bến Thành có cúp điện không" names place and time; "vì sao mất điện" is about now."""
    values, ahead = understood.values, dict[str, Event]()
    named = values.get("code") or values.get("place")
    if named:
        ahead["where"] = Text(named)
    elif values.get("mine"):
        ahead["where"] = Press(MINE)
    time = _time_said(understood)
    if time.said:
        ahead["when"] = Text(understood.text)
    elif time.otherwise:
        ahead["when"] = Press(time.otherwise)
    elif understood.intent in ("outage_eta", "outage_reason"):
        ahead["when"] = Press("now")
    return ahead


def finish(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, OutagesFound)
    target = target_of(answers["where"])
    if facts.no_places:
        return Finish(
            Reply((Words("lookup.no_places"),), (Button(Words("menu.follow"), "go:follow"),)),
        )
    place = name_of(answers["where"])
    period = Words("lookup.on", {"day": facts.day}) if facts.day else Words(f"lookup.period.{answers['when']}")
    words: tuple[Words, ...]
    if facts.day and not facts.outages:
        # Of a day ahead nobody knows that there will be none: more may be planned, and anything can fail.
        no_plan = Words("lookup.no_plan", {"place": place, "day": facts.day, "as_of": facts.as_of})
        words = (no_plan, Words("lookup.tells_you" if target == MINE else "lookup.may_follow"))
    elif not facts.outages:
        words = (Words("lookup.none", {"place": place, "period": period, "as_of": facts.as_of}),)
    else:
        shown = facts.outages[:MOST_SHOWN]
        head = Words("lookup.found", {"place": place, "period": period, "n": len(facts.outages)})
        words = (head, *(line for outage in shown for line in outage_lines(outage)))
        if len(facts.outages) > MOST_SHOWN:
            words += (Words("lookup.more", {"n": len(facts.outages) - MOST_SHOWN}),)
        words += (Words("lookup.as_of", {"as_of": facts.as_of}),)
    buttons = _next_steps(target, str(answers["when"]))
    if not facts.outages and not facts.day:
        buttons = (
            Button(Words("menu.report"), "go:report" if target == MINE else f"go:report:{target}"),
            *buttons,
        )
    return Finish(Reply(words, buttons, picture=_picture(target, place, facts)))


def _picture(target: str, place: Words, facts: OutagesFound) -> Picture | None:
    """The week at the place, or at each of the customer's own; none for a shorter time or an empty week."""
    if not facts.days or not (facts.outages or target == MINE):
        return None
    if target == MINE:
        rows = [_row(label, [one for one in facts.outages if label in one.places]) for label in facts.places]
    else:
        rows = [_row(words_to_json(place), facts.outages)]
    return Picture("week", {"days": list(facts.days), "now": facts.as_of.at, "rows": rows})


def _row(label: Json, outages: Sequence[OutageSeen]) -> Json:
    bars: list[Json] = [
        {
            "start": one.span.start,
            "end": one.span.end,
            "kind": "incident" if one.incident else "planned",
            "state": one.state,
        }
        for one in outages
    ]
    return {"label": label, "bars": bars}


def outage_lines(outage: OutageSeen) -> tuple[Words, ...]:
    """An outage in words, and the places of the customer's own that it touches."""
    reason: Words | str = outage.reason or Words("reason.unknown")
    key = "lookup.incident" if outage.incident else "lookup.planned"
    line = Words(key, {"area": outage.area, "reason": reason, "span": outage.span})
    return (line, Words("incident.places", {"places": outage.places})) if outage.places else (line,)


def _next_steps(target: str, period: str) -> tuple[Button, ...]:
    follow = (
        ()
        if target == MINE or target.startswith("s:")
        else (Button(Words("button.follow_here"), f"go:follow:{target}"),)
    )
    wider = () if period == "week" else (Button(Words("button.whole_week"), f"go:week:{target}"),)
    return (*follow, *wider, Button(Words("button.menu"), "!menu", nav=True))


FLOW = Flow(
    name="lookup",
    starts_on=("outage_schedule", "outage_eta", "outage_reason"),
    prefill=prefill,
    steps=(
        Step("where", WhichPlace(streets=True, mine=True)),
        Step("when", WhichTime()),
    ),
    needs=lambda answers: LookUp(target_of(answers["where"]), str(answers["when"])),
    finish=finish,
)

# The same for a whole week at once: what the button under a shorter answer leads to.
WEEK = Flow(
    name="week",
    in_menu=False,
    steps=(Step("where", WhichPlace(streets=True, mine=True)),),
    needs=lambda answers: LookUp(target_of(answers["where"]), "week"),
    finish=lambda answers, facts: finish({**answers, "when": "week"}, facts),
)

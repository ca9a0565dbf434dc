"""Questions for a day: one that lies ahead, in the customer's own words, and the day of somebody's birth."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.fields import unread
from conversations.folding import fold
from conversations.model import (
    Again,
    Answers,
    Button,
    Event,
    Found,
    Given,
    Json,
    Look,
    Press,
    Query,
    Reading,
    Text,
    Words,
)

SOON = "soon"
# Nobody who asks for anything is older; and who signs a contract is of age (Bộ luật Dân sự 91/2015/QH13, Điều 20).
OLDEST, OF_AGE = 120, 18
_AS_SOON = re.compile(r".{0,20}\b(cang som|som nhat|gap|as soon as possible|asap|soon|urgent(ly)?)\b.{0,20}")
_DATE = re.compile(r"\b(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})\b")
_DATE_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_DATE_CLOSE = re.compile(r"\b(\d{2})(\d{2})(\d{4})\b")
_DATE_WORDS = re.compile(r"\b(\d{1,2}) thang (\d{1,2}) nam (\d{4})\b")


@dataclass(frozen=True)
class WhatDay(Query):
    """Today, on the utility's clock; `said` comes back with it."""

    said: str = ""


@dataclass(frozen=True)
class DayKnown(Found):
    """Today as YYYY-MM-DD."""

    today: str
    said: str = ""


@dataclass(frozen=True)
class ReadDay(Query):
    """Which day, today or later, a text means: "20/12", "thứ hai tuần sau"."""

    text: str


@dataclass(frozen=True)
class DayRead(Found):
    """The day meant, as YYYY-MM-DD."""

    day: str


@dataclass(frozen=True)
class DayNotRead(Found):
    """Why not: `none` was said, it is `past`, or there is `no_such_day`."""

    why: str


@dataclass(frozen=True)
class WantedDay:
    """By when something is wanted. The answer is the day as YYYY-MM-DD, or `soon`."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return (Button(Words("day.soon"), SOON),)

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == SOON:
                return Given(SOON)
            case Text(text) if _AS_SOON.fullmatch(fold(text)):
                return Given(SOON)
            case Text(text):
                return Look(ReadDay(text))
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        match found:
            case DayRead(day):
                return Given(day)
            case DayNotRead(why):
                return Again(Words(f"day.{why}"), asks=True)
        raise AssertionError(f"not about a day: {found!r}")


@dataclass(frozen=True)
class BirthDate:
    """When somebody of age was born. The answer is the day as YYYY-MM-DD."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return ()

    def read(self, event: Event) -> Reading:
        match event:
            case Text(text):
                day = written_day(text)
                if day:
                    return Look(WhatDay(day))
                key = "born.no_such_day" if re.search(r"\d{1,2}\D\d{1,2}\D\d{4}", text) else "born.example"
                return Again(Words(key), asks=True)
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, DayKnown)
        born, today = found.said, found.today
        if born > today:
            return Again(Words("born.ahead"), asks=True)
        if born < _years_before(today, OLDEST):
            return Again(Words("born.too_long_ago", {"year": born[:4]}), asks=True)
        if born > _years_before(today, OF_AGE):
            return Again(Words("born.not_of_age", {"age": OF_AGE}), asks=True)
        return Given(born)


def written_day(text: str) -> str | None:
    """`20/11/1990`, `20111990`, `20 tháng 11 năm 1990` or `1990-11-20` as YYYY-MM-DD, if there is such a day."""
    iso = _DATE_ISO.search(text)
    said = _DATE.search(text) or _DATE_WORDS.search(fold(text)) or _DATE_CLOSE.search(text)
    if iso:
        year, month, day = (int(part) for part in iso.groups())
    elif said:
        day, month, year = (int(part) for part in said.groups())
    else:
        return None
    return f"{year:04}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= _days(month, year) else None


def _days(month: int, year: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _years_before(day: str, years: int) -> str:
    """The same day so many years ago; text in this form sorts like the days themselves."""
    return f"{int(day[:4]) - years:04}{day[4:]}"


def day_words(day: Json) -> Words:
    """A day as it is written in Vietnam, 20/11/1990, in both languages; or that it is soon."""
    if day == SOON:
        return Words("day.soon")
    year, month, date = str(day).split("-")
    return Words("literal", {"text": f"{date}/{month}/{year}"})

"""Marks of day and time that a text is taken apart into."""

from dataclasses import dataclass
from typing import Literal

Part = Literal["morning", "noon", "afternoon", "evening", "night"]


@dataclass(frozen=True)
class Clock:
    """A time of day; `exact` if written on the 24-hour clock (08:00, 14h), so that no part of the day moves it.

    `meridiem` says that am or pm was written; `bare` is a number alone, as the first of 8-12h.
    """

    hour: int
    minute: int = 0
    exact: bool = False
    bare: bool = False
    meridiem: bool = False


@dataclass(frozen=True)
class PartOfDay:
    """Morning, noon, afternoon, evening or night."""

    part: Part


@dataclass(frozen=True)
class Weekday:
    """Monday is 0."""

    day: int


@dataclass(frozen=True)
class Week:
    """This week is 0, the next one 1."""

    shift: int


@dataclass(frozen=True)
class DayOf:
    """A day of a month; month and year None where not said."""

    day: int
    month: int | None = None
    year: int | None = None


@dataclass(frozen=True)
class FromToday:
    """Today is 0, tomorrow 1."""

    days: int


@dataclass(frozen=True)
class Lasting:
    """How long something takes, in minutes."""

    minutes: int


@dataclass(frozen=True)
class Word:
    """A word that joins the others: `toi` is evening or "to", which only its neighbours tell."""

    kind: Literal["to", "from", "toi", "next_day", "other"]


Day = Weekday | Week | DayOf | FromToday
Mark = Clock | PartOfDay | Day | Lasting | Word

"""What a bill is asked of: kWh or money of a kind of customer; short enough to stand behind a button."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from conversations.amounts import amounts_in, bands_in, households_in, plain
from conversations.fields import unread
from conversations.folding import fold
from conversations.model import Again, Answers, Button, Event, Found, Given, Json, Press, Reading, Text, Words

PURPOSES = ("home", "business", "production", "administration", "prepaid")
# The levels of each purpose, the most usual first; as in the data of tariffs.
LEVELS: Mapping[str, tuple[str, ...]] = {
    "business": ("business.low", "business.6kv", "business.22kv"),
    "production": ("production.low", "production.6kv", "production.22kv", "production.110kv"),
    "administration": (
        "administration.care_low",
        "administration.care_6kv",
        "administration.public_low",
        "administration.public_6kv",
    ),
}
LEVELS_WITH_HOURS = (*LEVELS["business"], *LEVELS["production"])
CATEGORIES = ("home", "prepaid", *(level for levels in LEVELS.values() for level in levels))
# Beyond this somebody slipped: a bill of three billion, a house of a hundred families.
MOST_KWH, MOST_MONEY, MOST_HOUSEHOLDS = 1_000_000, 2_000_000_000, 99

_CODE = re.compile(
    r"(?P<category>[a-z0-9_.]+):(?:k(?P<kwh>\d{1,9})|m(?P<money>\d{1,12})"
    r"|n(?P<normal>\d{1,9})o(?P<off_peak>\d{1,9})p(?P<peak>\d{1,9}))(?:h(?P<households>\d{1,2}))?"
)

_LOW = re.compile(r"\b(?:duoi 6 ?kv|ha (?:the|ap)|(?:0[.,]4|0[.,]38) ?kv|(?:220|380) ?v|low voltage)\b")
_VOLTAGE = re.compile(r"(?<!duoi )\b(\d{1,3}) ?kv\b")

# Where a factory's bare number stops being kWh.
_FACTORY_UNTIL = 200_000
# Somebody who does not know the number, or for whom it is as always.
_UNKNOWN = re.compile(
    r"\b((1|mot|one|a) (thang|month)|cung vay|khong (biet|ro|nho)|ko biet|chua ro|nhu (moi khi|cu|thuong)"
    r"|binh thuong|usual|same|not sure|don t know)\b"
)


@dataclass(frozen=True)
class Usage:
    """kWh of a month, or the money for them; `bands` are normal, off-peak and peak kWh of a meter for hours."""

    category: str = "home"
    kwh: int | None = None
    money: int | None = None
    households: int = 1
    bands: tuple[int, int, int] | None = None

    @property
    def code(self) -> str:
        """The usage as a button keeps it: `home:k250h2`, `business.low:n300o50p100`."""
        shared = f"h{self.households}" if self.households > 1 else ""
        if self.bands:
            return "{}:n{}o{}p{}".format(self.category, *self.bands)
        return (
            f"{self.category}:m{self.money}{shared}"
            if self.kwh is None
            else f"{self.category}:k{self.kwh}{shared}"
        )


def usage_of(code: object) -> Usage | None:
    """The inverse of `Usage.code`; None for what is none or beyond all bounds."""
    found = _CODE.fullmatch(code) if isinstance(code, str) else None
    if found is None or found["category"] not in CATEGORIES:
        return None
    n = {name: int(value) for name, value in found.groupdict().items() if value and name != "category"}
    bands = (n["normal"], n["off_peak"], n["peak"]) if "normal" in n else None
    usage = Usage(found["category"], n.get("kwh"), n.get("money"), n.get("households", 1), bands)
    return usage if _within_bounds(usage) else None


def _within_bounds(usage: Usage) -> bool:
    kwh = sum(usage.bands) if usage.bands else usage.kwh or 0
    shared = usage.category == "home" or usage.households == 1
    hours = usage.bands is None or usage.category in (*LEVELS_WITH_HOURS, "home")
    within = kwh <= MOST_KWH and (usage.money or 0) <= MOST_MONEY and 1 <= usage.households <= MOST_HOUSEHOLDS
    return within and shared and hours


def usage_in(text: str, hours: bool = False) -> Usage | None:
    """The usage that somebody types: what has a unit before what has none; of that, the first.

    hours: of somebody who may have a meter for hours: three numbers are normal, peak and off-peak kWh unless they
    are named otherwise, and a bare number is kWh up to more, since a factory uses more.
    """
    amounts = amounts_in(text)
    if hours and (named := bands_in(text)):
        return Usage(bands=named)
    if hours and len(amounts) == 3 and all(one.bare or one.unit == "kwh" for one in amounts):
        normal, peak, off_peak = (one.n for one in amounts)
        return Usage(bands=(normal, off_peak, peak))
    said = [one for one in amounts if not one.bare] or list(amounts)
    first = next((one for one in said if one.unit == "kwh"), said[0] if said else None)
    if first is None:
        return None
    households = households_in(text) or 1
    if first.unit == "kwh" or (hours and first.bare and first.n < _FACTORY_UNTIL):
        return Usage(kwh=first.n, households=households)
    return Usage(money=first.n, households=households)


@dataclass(frozen=True)
class HowMuch:
    """How many kWh, or how much money; the answer is a usage's code. hours: three numbers are those of bands."""

    hours: bool = False
    greedy: bool = False
    digits: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return ()

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value):
                usage = usage_of(value)
                return Given(usage.code) if usage else Again(Words("error.choose"))
            case Text(text):
                return self._typed(text)
        return unread(event)

    def _typed(self, text: str) -> Reading:
        usage = usage_in(text, self.hours)
        if usage is None:
            return Again(Words("bill.no_number"))
        kwh = sum(usage.bands) if usage.bands else usage.kwh
        if (kwh or 0) > MOST_KWH or (usage.money or 0) > MOST_MONEY or usage.households > MOST_HOUSEHOLDS:
            return Again(Words("bill.too_much"))
        return Given(usage.code)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a usage looks nothing up")


def level_in(text: str, purpose: str) -> str | None:
    """The level that a business names: "22 kV", "hạ thế"; None for who names none and for public bodies."""
    if purpose not in ("business", "production"):
        return None
    words = plain(text)
    if _LOW.search(words):
        return f"{purpose}.low"
    named = _VOLTAGE.search(words)
    if named is None:
        return None
    levels = {int(level.rpartition(".")[2].removesuffix("kv") or 0): level for level in LEVELS[purpose][1:]}
    reached = [level for least, level in sorted(levels.items()) if least <= int(named[1])]
    return reached[-1] if reached else f"{purpose}.low"


@dataclass(frozen=True)
class Level:
    """The voltage at which a business buys, or the group of a public body; the answer is a category."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(Button(Words(f"level.{level}"), level) for level in LEVELS[str(answers["purpose"])])

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value in CATEGORIES:
                return Given(value)
            case Press() | Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a level looks nothing up")


@dataclass(frozen=True)
class Number:
    """A whole number from `least` to `most`; buttons for the usual ones and, with `unknown`, for not knowing it.

    The answer is the number, or None. key: the words of a button, with {n}.
    """

    key: str
    least: int
    most: int
    usual: tuple[int, ...] = ()
    unknown: str = ""
    greedy: bool = False
    digits: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        usual = tuple(Button(Words(self.key, {"n": count}), str(count)) for count in self.usual)
        return (*usual, Button(Words(self.unknown), "unknown")) if self.unknown else usual

    def read(self, event: Event) -> Reading:
        match event:
            case Press("unknown") if self.unknown:
                return Given(None)
            case Press(value) if value.isdecimal() and len(value) < 10:
                return self._number(int(value))
            case Press():
                return Again(Words("error.choose"))
            case Text(text):
                if self.unknown and _UNKNOWN.search(fold(text)):
                    return Given(None)
                found = re.search(r"\d{1,9}", text)
                return self._number(int(found[0])) if found else Again(Words("bill.no_number"))
        return unread(event)

    def _number(self, number: int) -> Reading:
        if self.least <= number <= self.most:
            return Given(number)
        return Again(Words("bill.out_of_range", {"least": self.least, "most": self.most}))

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a number looks nothing up")


def usage_answer(answer: Json, category: str = "home") -> Usage:
    """The usage that a `HowMuch` was answered with, of the category that was chosen before."""
    usage = usage_of(answer)
    assert usage is not None, answer
    if usage.bands and category in LEVELS_WITH_HOURS:
        return Usage(category, bands=usage.bands)
    kwh = sum(usage.bands) if usage.bands else usage.kwh
    return Usage(category, kwh, usage.money, usage.households if category == "home" else 1)

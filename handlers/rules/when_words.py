"""Takes apart what customers type about days and times into marks: clocks, days, parts of the day, "to"."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rapidfuzz.distance import OSA

from conversations.folding import fold
from handlers.rules.when_marks import Clock, Day, DayOf, FromToday, Lasting, Mark, PartOfDay, Week, Weekday, Word

# The same word with another tone is another word.
_TONES = (
    (re.compile(r"\btối\b"), " buoi toi "),
    (re.compile(r"\btới(?= (?:này|đây)\b)"), " "),
    (re.compile(r"(?<!tuần )\btới\b"), " den "),
    (re.compile(r"\b(?:tôi|môt|một)\b"), " # "),
    (re.compile(r"\bmốt\b"), " ngay mot "),
)
_SIGNS = (
    (re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b"), r" \3/\2/\1 "),
    (re.compile(r"\b(\d{1,2})[-.](\d{1,2})[-.](\d{4})\b"), r" \1/\2/\3 "),
    (re.compile(r"\b(\d{1,2}) ?: ?(\d{2})(?: ?: ?\d{2})?(?!\d)"), r"\1h\2"),
    (re.compile(r"\b(\d{1,2})\.(00|15|30|45)\b(?!\.)"), r"\1h\2"),
    (re.compile(r"(?<![^\W\d_])\s*(?:[-–—~→]+|=?>)\s*(?=\d)|\s+[-–—~→]+\s+"), " den "),
)
_GLUED = (
    (re.compile(r"(?<=\d)(gio|g|h)?(den|toi|sang|trua|chieu|dem)(?![a-z])"), r"\1 \2"),
    (re.compile(r"\b(den|toi)(?=\d)"), r"\1 "),
    # a line folded elsewhere has lost its colons: 13 30 17 00
    (
        re.compile(
            r"(?<![\d/])(?<!thu )\b([01]?\d|2[0-4]) ([0-5]\d) "
            r"(?:den |toi |to )?([01]?\d|2[0-4]) ([0-5]\d)(?! ?[\d/h])"
        ),
        r"\1h\2 den \3h\4",
    ),
    (re.compile(r"\b(?:thuw?s?|thw|htu) ?(?=[2-7]\b(?! ?(?:h|g|gio|am|pm|den|toi|to)\b))"), "thu "),
)
_CLOCK = re.compile(
    r"(?P<hour>\d{1,3}) ?(?:gio|h|g)(?![a-z])"
    r"(?: ?(?P<minute>\d{2})(?!\d|/| ?(?:gio|h|g|am|pm)\b)(?: ?(?:phut|ph|p)\b)?)?"
    r"(?P<half> ?(?:ruoi|r)\b)?(?: kem (?P<less>\d{1,2}))?"
)
_MERIDIEM = re.compile(r"(?P<hour>\d{1,2}) ?(?:h(?P<minute>\d{2})?)? ?(?P<half>a|p) ?m\b")
_LASTING = re.compile(
    r"(?:trong |for |keo dai )?(\d{1,2}) ?(?:tieng(?: dong ho)?|hours?|hrs?)\b(?P<half> ruoi)?"
    r"|(?:trong |for |keo dai )(\d{1,2}) ?(?:gio|h)\b"
)
_DATE = re.compile(r"(?:ngay )?(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?(?![\d/])")
_SPELT_DATE = re.compile(r"(?:ngay )?(\d{1,2}) ?thang ?(\d{1,2})(?: ?nam (\d{4})| (20\d\d))?\b")
_DAY_ONLY = re.compile(r"ngay (\d{1,2})\b(?! ?(?:h|g|gio|h\d\d|am|pm)\b)")
_NUMBER = re.compile(r"\d{1,2}(?![\da-z/])")
_ENGLISH_THURSDAY = re.compile(
    r"thu(?= \d{1,2}(?:h\d\d)? ?(?:am|pm|a m|p m|(?:den|to) \d{1,2}(?:h\d\d)? ?(?:am|pm|a m|p m))\b)"
)
_THURSDAY_ANYWAY = re.compile(r"thu(?= (?:from|between|at)\b| (?:[12]\d|0\d|[189])h)")
_ENGLISH = re.compile(r"(?<![a-z])(?:am|pm|a m|p m|from|until|next|o clock)\b")
_NEXT = re.compile(r"next (?=(?:mon|tue|wed|thu|fri|sat|sun))")
_WORD = re.compile(r"\S+")
_LONG_ENOUGH = 4


@dataclass(frozen=True)
class _Vocabulary:
    phrases: Mapping[str, tuple[Mark, ...]]
    pattern: re.Pattern[str]
    english_date: re.Pattern[str]
    months: Mapping[str, int]
    words: frozenset[str]


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    data = tomllib.loads(Path(__file__).with_name("whens.toml").read_text("utf-8"))
    phrases: dict[str, tuple[Mark, ...]] = {}
    for part, said in data["part"].items():
        phrases |= {one: (PartOfDay(part),) for one in said}
    for table, kind in (("today", FromToday), ("week", Week), ("weekday", Weekday)):
        for number, said in data[table].items():
            phrases |= {one: (kind(int(number)),) for one in said}
    meanings: dict[str, tuple[Mark, ...]] = {
        "to": (Word("to"),),
        "from": (Word("from"),),
        "next_day": (Word("next_day"),),
        "end_of_day": (Clock(24, exact=True),),
        "midday": (Clock(12, exact=True),),
        "midnight": (Clock(24, exact=True),),
        "tonight": (PartOfDay("evening"), FromToday(0)),
        "small": (),
        "none": (Word("other"),),
    }
    for name, marks in meanings.items():
        phrases |= dict.fromkeys(data["words"][name], marks)
    for part, said in data["part"].items():
        phrases |= {f"{one} nay": (PartOfDay(part), FromToday(0)) for one in said}
    phrases |= {"toi nay": (PartOfDay("evening"), FromToday(0)), "toi": (Word("toi"),)}
    phrases |= {"toi mai": (PartOfDay("evening"), FromToday(1))}
    phrases |= {
        "sang mot": (PartOfDay("morning"), FromToday(2)),
        "chieu mot": (PartOfDay("afternoon"), FromToday(2)),
    }
    months = {one: int(number) for number, said in data["month"].items() for one in said}
    names = "|".join(sorted(months, key=len, reverse=True))
    day = r"(\d{1,2})(?:st|nd|rd|th)?"
    english = rf"(?:{day}(?: of)? ({names})|({names}) {day}(?!h|g|\d))(?: (20\d\d))?\b"
    pattern = re.compile(
        "(?:" + "|".join(sorted(map(re.escape, phrases), key=len, reverse=True)) + r")(?![a-z0-9])"
    )
    words = frozenset(word for phrase in (*phrases, *months) for word in phrase.split() if word.isalpha())
    return _Vocabulary(
        phrases, pattern, re.compile(english), months, words | {"thang", "nam", "tieng", "trong", "ruoi"}
    )


def _corrected(word: str, known: frozenset[str]) -> str:
    """A slip of the pen in a longer word: swapped letters, one too many, or one missing in five or more."""
    if not word.isalpha() or len(word) < _LONG_ENOUGH or word in known:
        return word
    for right in sorted(known):
        if len(right) < _LONG_ENOUGH or right[0] != word[0] or OSA.distance(word, right) != 1:
            continue
        if len(right) > _LONG_ENOUGH or sorted(word) == sorted(right) or len(word) == len(right) + 1:
            return right
    return word


def normal(text: str) -> str:
    """Folded text in which signs that tell times apart are words: `8:30–11:00` → `8h30 den 11h00`."""
    words = unicodedata.normalize("NFC", text).lower()
    for pattern, instead in (*_TONES, *_SIGNS):
        words = pattern.sub(instead, words)
    words = fold(words)
    for pattern, instead in _GLUED:
        words = pattern.sub(instead, words)
    known = _vocabulary().words
    return " ".join(_corrected(word, known) for word in words.split())


def marks_of(text: str) -> tuple[Mark, ...]:
    """The marks in the order in which they were typed; words that mean nothing here are `other`."""
    return tuple(_settled(list(_scanned(normal(text)))))


def _scanned(words: str) -> Iterator[Mark]:
    at = 0
    while at < len(words):
        if words[at] == " ":
            at += 1
            continue
        marks, at = _mark_at(words, at)
        yield from marks


def _mark_at(words: str, at: int) -> tuple[tuple[Mark, ...], int]:
    vocabulary = _vocabulary()
    for pattern, mark in _NUMBERED:
        if found := pattern.match(words, at):
            return (mark(found),), found.end()
    # "may" is also a machine (máy 5)
    if (found := vocabulary.english_date.match(words, at)) and ("may" not in found[0] or _ENGLISH.search(words)):
        day, month = found[1] or found[4], vocabulary.months[found[2] or found[3]]
        return (DayOf(int(day), month, int(found[5]) if found[5] else None),), found.end()
    if found := vocabulary.pattern.match(words, at):
        return vocabulary.phrases[found[0]], found.end()
    found = _NUMBER.match(words, at)
    if found:
        return (Clock(int(found[0]), exact=found[0].startswith("0"), bare=True),), found.end()
    found = _WORD.match(words, at)
    return (Word("other"),), found.end() if found else len(words)


def _clock(found: re.Match[str]) -> Clock:
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        minute = 30
    exact = found["hour"].startswith("0") or hour > 12
    if found["less"]:
        hour, minute = hour - 1, 60 - int(found["less"])
    return Clock(hour, minute, exact)


def _meridiem(found: re.Match[str]) -> Clock:
    hour = int(found["hour"])
    if hour <= 12:
        hour = hour % 12 + 12 * (found["half"] == "p")
    return Clock(hour, int(found["minute"] or 0), exact=True, meridiem=True)


def _date(found: re.Match[str]) -> DayOf:
    year = next((group for group in found.groups()[2:] if group), None)
    return DayOf(int(found[1]), int(found[2]), None if year is None else int(year) + 2000 * (len(year) == 2))


def _lasting(found: re.Match[str]) -> Lasting:
    return Lasting(int(found[1] or found[3]) * 60 + 30 * bool(found["half"]))


_NUMBERED = (
    (_DATE, _date),
    (_SPELT_DATE, _date),
    (_LASTING, _lasting),
    (_MERIDIEM, _meridiem),
    (_CLOCK, _clock),
    (_DAY_ONLY, lambda found: DayOf(int(found[1]))),
    (_ENGLISH_THURSDAY, lambda found: Weekday(3)),
    (_THURSDAY_ANYWAY, lambda found: Weekday(3)),
    (_NEXT, lambda found: Week(1)),
)


def _settled(marks: list[Mark]) -> Iterator[Mark]:
    """`toi` made evening or "to" by what stands around it; bare numbers made clocks next to one."""
    clock_seen = False
    settled: list[Mark] = []
    for at, mark in enumerate(marks):
        if mark == Word("toi"):
            before, after = settled[-1] if settled else None, marks[at + 1] if at + 1 < len(marks) else None
            joins = clock_seen and (
                isinstance(after, Clock) or (isinstance(after, Day) and isinstance(before, Day))
            )
            mark = Word("to") if joins else PartOfDay("evening")
        clock_seen = mark != Word("to") and (clock_seen or isinstance(mark, Clock))
        settled.append(mark)
    for at, mark in enumerate(settled):
        if isinstance(mark, Clock) and mark.bare and not _is_clock(settled, at):
            yield Word("other")
        else:
            yield mark


def _is_clock(marks: list[Mark], at: int) -> bool:
    around = (*marks[max(at - 1, 0) : at], *marks[at + 1 : at + 2])
    return any(isinstance(one, PartOfDay | Clock) or one in (Word("to"), Word("from")) for one in around)

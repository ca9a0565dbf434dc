"""The values in what people type: amounts, codes, numbers of households, days; each becomes one word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from conversations.folding import fold

# What stands in the place of a value.
VALUES = frozenset(("ncode", "nrequest", "nkva", "nkwh", "nkw", "nmoney", "nhouseholds", "nday"))

_NUMBER = r"(\d{1,3}(?:[.,]\d{3})+(?![\d])|\d+(?:[.,]\d+)?)"
_DIGIT_WORDS = {
    "mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "lam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9,
    "muoi": 10, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
}  # fmt: skip
_WORD = "(?:" + "|".join(_DIGIT_WORDS) + "|tram|linh|le|muoi|ruoi)"
_THOUSAND = r"(?:k|ngan(?! hang)|nghin|nghan|ngin)"
_MILLION = r"(?:trieu|million|tr(?![a-z])|cu(?![a-z]))"

_CODE = re.compile(r"\bp[a-z][0-9a-z]{2}[0-9]{9}\b|\bp[a-z](?:[ .-]?\d){11}\b")
_REQUEST = re.compile(r"\b([a-z]{2})-?(\d{6})-?([a-z])\b|\b(yc|bd)[ -](\d{6})[ -]([a-z])\b")
_KVA = re.compile(rf"(?:\d+ ?x ?)?{_NUMBER} ?kva\b")
_KWH = re.compile(
    rf"{_NUMBER} ?(?:kwh|kw ?/ ?h|kw gio|ki ?lo ?oat gio|chu dien|(?:so|ky|ki|chu)(?! dien thoai)(?: dien)?"
    r"(?! ?(?:dien thoai|nha|may|tai khoan|luong|nguoi|tien|le|lai|nhat|tro|ho|hieu|\d)))(?![a-z0-9])"
)
_KW = re.compile(rf"{_NUMBER} ?kw\b(?! ?[/h])")
_ONE_PHASE = re.compile(r"\b(?:1|mot|single)[ -]?(?:pha|phases?)\b")
_THREE_PHASE = re.compile(r"\b(?:3|ba|three)[ -]?(?:pha|phases?)\b")
_HOUSEHOLDS = re.compile(rf"\b(\d+|{'|'.join(_DIGIT_WORDS)}) ?(?:ho|households?)\b(?! (?:so|tro|tich|khau|chieu))")
_COUNTED = r"(?:ky|ki|so|chu|kwh|nguoi|ho|thang|lan|ngay|nam)"
_MILLIONS = re.compile(
    rf"{_NUMBER} ?{_MILLION} ?"
    rf"(?:(\d{{1,3}})(?![\d.,]| ?{_COUNTED}\b)(?: ?{_THOUSAND}\b| ?tram(?: {_THOUSAND})?\b)?|(ruoi)\b)?"
)
_THOUSANDS = re.compile(rf"{_NUMBER} ?{_THOUSAND}(?![a-z0-9])")
_DONG = re.compile(
    r"(\d{1,3}(?:[.,]\d{3})+|\d{3,9}) ?(?:d|dong|vnd|vnd\.)(?![a-z0-9])|(\d{1,3}(?:[.,]\d{3}){1,3})(?![\d.,]| ?k)"
)
_SPELLED = re.compile(
    rf"\b(?:{_WORD} )*{_WORD} (?:trieu|{_THOUSAND})\b(?: {_WORD}\b(?! {_COUNTED}\b))*(?: {_THOUSAND}\b)?"
)
_HALF_MILLION = re.compile(r"\bnua (?:trieu|cu)\b")

_PART = r"(?:sang|trua|chieu|toi|dem|khuya|am|pm)"
_HOUR = r"\d{1,2} ?(?:(?:h|g|gio)(?: ?\d{1,2}(?![\d/]))?|:\d\d)(?: ?phut)?"
_CLOCK = rf"{_HOUR}(?! (?:dong ho|nay|roi|truoc|lien))(?: {_PART}\b|(?![a-z0-9]))"
_WEEKDAY = (
    r"(?:thu ?(?:[2-7]|hai|ba|tu|nam|sau|bay)|t[2-7]|chu nhat|cn|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
)
_DATE = r"(?:ngay|mung|hom) ?\d{1,2}(?:[/-]\d{1,2}(?:[/-]\d{2,4})?| ?thang ?\d{1,2})?(?![\d])"
_NEAR = (
    r"(?:(?:ngay |sang |trua |chieu |toi |dem )?mai|hom nay|mot|kia|tuan nay|tuan sau|tuan toi|nay|toi|sau"
    rf"|this week|next week|tomorrow|today|{_PART})\b"
)
_EXACT = rf"(?:{_CLOCK}|{_WEEKDAY}|{_DATE})"
_JOIN = r"(?: ?- ?| (?:den|toi|va|luc|vao|vao luc|ngay|to|at) | )"
_DAY = re.compile(rf"\b(?:(?:tu|luc|khoang|from) )?(?:(?:{_NEAR}) )?{_EXACT}(?:{_JOIN}(?:{_EXACT}|{_NEAR}))*")


@dataclass(frozen=True)
class Valued:
    """The values found, and the words, folded, with one word (`nkwh`, `nmoney` …) in the place of each."""

    values: dict[str, str]
    plain: str


class _Text:
    """A text letter by letter without marks, and the same letters as typed, so that both can be cut alike."""

    def __init__(self, text: str) -> None:
        composed = unicodedata.normalize("NFC", text).lower()
        self.typed = "".join(letter for letter in composed if not unicodedata.combining(letter))
        self.bare = "".join(_BARE.get(letter) or _bare(letter) for letter in self.typed)
        self.values: dict[str, str] = {}

    def take(
        self, pattern: re.Pattern[str], word: str, read: Callable[[re.Match[str]], dict[str, str] | None]
    ) -> None:
        """Keep the values of each match, the first of a name, and put a word in the place of the match."""
        at = 0
        while found := pattern.search(self.bare, at):
            values = read(found)
            if values is None:
                at = found.end()
                continue
            self.values = values | self.values
            begin, end = found.span()
            self.bare = f"{self.bare[:begin]} {word} {self.bare[end:]}"
            self.typed = f"{self.typed[:begin]} {word} {self.typed[end:]}"
            at = begin + len(word) + 2

    def take_day(self) -> None:
        day = _DAY.search(self.bare)
        if day:
            self.values["day"] = " ".join(self.typed[day.start() : day.end()].split())
            self.bare = f"{self.bare[: day.start()]} nday {self.bare[day.end() :]}"


_BARE = {"đ": "d", "ð": "d", "₫": "d"}


def _bare(letter: str) -> str:
    return letter if letter.isascii() else unicodedata.normalize("NFD", letter)[0]


def values_in(text: str) -> Valued:
    """`"2 hộ xài 300 số"` → households 2, kwh 300. Amounts are digits; days stay the words they were typed in."""
    said = _Text(text)
    if any(letter.isdigit() for letter in said.bare):
        said.take(_CODE, "ncode", lambda found: {"code": re.sub(r"[ .-]", "", found.group()).upper()})
        said.take(_REQUEST, "nrequest", _request)
        said.take(_KVA, "nkva", lambda found: {"kva": _amount(found[1])})
        said.take(_KWH, "nkwh", _kwh)
        said.take(_KW, "nkw", lambda found: {"kw": _amount(found[1])})
        said.take(_MILLIONS, "nmoney", _millions)
        said.take(_THOUSANDS, "nmoney", lambda found: {"money": str(round(float(_amount(found[1])) * 1000))})
        said.take(_DONG, "nmoney", lambda found: {"money": re.sub("[.,]", "", found[1] or found[2])})
    said.take(_HALF_MILLION, "nmoney", lambda found: {"money": "500000"})
    said.take(_SPELLED, "nmoney", _spelled)
    said.take(_HOUSEHOLDS, "nhouseholds", lambda found: {"households": _count(found[1])})
    said.take(_ONE_PHASE, "onephase", lambda found: {"phase": "1"})
    said.take(_THREE_PHASE, "threephase", lambda found: {"phase": "3"})
    said.take_day()
    return Valued(said.values, fold(said.bare))


def _amount(written: str) -> str:
    """`1.250` → 1250, `250,5` → 250.5: three digits after each sign are thousands."""
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", written):
        return re.sub("[.,]", "", written)
    return written.replace(",", ".")


def _kwh(found: re.Match[str]) -> dict[str, str] | None:
    """One kWh is what a price is asked for, no amount used."""
    amount = _amount(found[1])
    return None if amount == "1" else {"kwh": amount}


def _count(written: str) -> str:
    return written if written.isdigit() else str(_DIGIT_WORDS[written])


def _request(found: re.Match[str]) -> dict[str, str]:
    kind, number, check = (part for part in found.groups() if part)
    return {"request_code": f"{kind}-{number}-{check}".upper()}


def _millions(found: re.Match[str]) -> dict[str, str]:
    """`1tr2` is 1.2 million, `1tr25` 1.25, `1tr250` 1.25, `1 triệu rưỡi` 1.5."""
    rest = 500_000 if found[3] else int((found[2] or "0").ljust(3, "0")) * 1000
    return {"money": str(round(float(_amount(found[1])) * 1_000_000) + rest)}


def _spelled(found: re.Match[str]) -> dict[str, str]:
    """Amounts in words: `hai triệu ba`, `một triệu hai trăm nghìn`, `ba trăm nghìn`."""
    whole = part = digit = 0
    unit = 1
    for word in found.group().split():
        if word in ("trieu", "million"):
            whole, part, digit, unit = whole + (part + digit or 1) * 1_000_000, 0, 0, 1_000_000
        elif word == "ruoi" and not whole:
            part += 50
        elif word == "ruoi":
            return {"money": str(whole + unit // 2)}
        elif word == "tram":
            part, digit = (digit or 1) * 100, 0
        elif word == "muoi":
            part, digit = part + (digit or 1) * 10, 0
        elif word in _DIGIT_WORDS:
            digit = _DIGIT_WORDS[word]
        elif word not in ("linh", "le"):
            whole, part, digit, unit = whole + (part + digit or 1) * 1000, 0, 0, 1000
    if part:
        whole += (part + digit) * 1000
    elif digit:
        whole += digit * unit // 10
    return {"money": str(whole)}

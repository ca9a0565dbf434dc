"""Finds kWh, money and households in what people type: "250 số", "500k", "1tr2", "nửa triệu", "2 hộ", bands."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

# A number without a unit is kWh up to here and money from here on: no bill is 9,000 đồng, no home uses 10,000 kWh.
_KWH_UNTIL = 10_000

_KWH = r"kwh|kw|kg dien|so dien|so|ky dien|ky|ki|chu dien|chu|unit|units"
_MILLION = r"trieu|tr|cu|million|mil|m"
_THOUSAND = r"nghin|ngan|ngh|ng|thousand|k"
_DONG = r"dong|vnd|d"
_AMOUNT = re.compile(
    r"(?<![\d.,a-z])(?P<number>\d{1,3}(?:[.,]\d{3})+(?!\d)|\d+(?:[.,]\d+)?)"
    rf"(?: ?(?P<unit>{_KWH}|{_MILLION}|{_THOUSAND}|{_DONG})(?:(?P<tail>\d{{1,3}})| ?(?P<half>ruoi))?)?(?![a-z\d])"
)
_HALF_MILLION = re.compile(r"\b(?:nua|half a) (?:trieu|million)\b")
_HOUSEHOLDS = re.compile(r"\b(\d{1,2}) ?(?:ho|gia dinh|households?|families|family)\b")
# "4000/kWh", "4 ngàn một ký": a price, which is money.
_PER = re.compile(r"/ ?(?:1 ?)?(?:kwh|kw|so|ky|ki)\b|\b(?:mot|1|moi|per|a) (?:kwh|kw|so|ky|ki|unit)\b")
_MONTHS_OF_YEAR = re.compile(r"\bthang \d{1,2}\b|\bt\d{1,2}\b")
_MONTHS = re.compile(
    r"(?P<before>\b(?:thang truoc|ky truoc|moi thang|moi khi|truoc gio|last month|usually)\b)"
    r"|(?P<after>\b(?:thang nay|ky nay|bay gio|this month|now)\b)"
)
_THREE_PRICES = re.compile(r"\b(?:3|ba) (?:gia|bieu)\b")
_BANDS = re.compile(
    r"(?P<normal>\bbinh thuong\b|\bnormal\b)|(?P<off_peak>\bthap diem\b|\boff.?peak\b)"
    r"|(?P<peak>\bcao diem\b|(?<!off )(?<!off-)\bpeak\b)"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")


@dataclass(frozen=True)
class Amount:
    """A number with what it counts; `bare` when nothing said so and only its size tells."""

    unit: Literal["kwh", "money"]
    n: int
    bare: bool = False


def plain(text: str) -> str:
    """Lower case without diacritics; points, commas and slashes are kept: they belong to numbers."""
    letters = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    bare = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return " ".join(re.sub(r"[^\w.,/]|_", " ", bare).split())


def amounts_in(text: str) -> tuple[Amount, ...]:
    """All amounts in a text, in its order. "1tr2" is 1,200,000; "300 100 50" are three bare ones."""
    words = _HOUSEHOLDS.sub(" ", plain(text))
    words = " ".join(_HALF_MILLION.sub("500000 dong", _PER.sub(" dong", words)).split())
    return tuple(_amount(found) for found in _AMOUNT.finditer(words))


def _amount(found: re.Match[str]) -> Amount:
    number, unit, tail = found["number"], found["unit"] or "", found["tail"]
    exact = Fraction(re.sub(r"[.,]", "", number) if _THOUSANDS.fullmatch(number) else number.replace(",", "."))
    if tail:
        exact += Fraction(int(tail), 10 ** len(tail))
    elif found["half"]:
        exact += Fraction(1, 2)
    if re.fullmatch(_KWH, unit):
        return Amount("kwh", round(exact))
    factor = 1_000_000 if re.fullmatch(_MILLION, unit) else 1_000 if re.fullmatch(_THOUSAND, unit) else 1
    money = round(exact * factor)
    if unit:
        return Amount("money", money)
    return Amount("kwh" if money < _KWH_UNTIL else "money", money, bare=True)


def bands_in(text: str) -> tuple[int, int, int] | None:
    """Normal, off-peak and peak kWh that a text names, in whatever order: "cao điểm 200, bình thường 500, …"."""
    words = _THREE_PRICES.sub(" ", plain(text))
    named = [(found.start(), str(found.lastgroup)) for found in _BANDS.finditer(words)]
    numbers = [(found.start(), _amount(found)) for found in _AMOUNT.finditer(words)]
    numbers = [(at, one) for at, one in numbers if one.unit == "kwh" or one.bare]
    if sorted(name for _, name in named) != ["normal", "off_peak", "peak"] or len(numbers) != len(named):
        return None
    # "500 bình thường" as well as "bình thường 500": one number belongs to each name, in the order they stand.
    kwh = {name: one.n for (_, name), (_, one) in zip(named, numbers, strict=True)}
    return kwh["normal"], kwh["off_peak"], kwh["peak"]


def months_in(text: str) -> tuple[Amount | None, Amount | None]:
    """This month's amount and last month's, where a text tells which is which: "tháng trước 300k, giờ 900k"."""
    words = _MONTHS_OF_YEAR.sub(" ", plain(text))
    named = [(found.start(), str(found.lastgroup)) for found in _MONTHS.finditer(words)]
    amounts = amounts_in(words)
    if not named and len(amounts) == 1:
        return amounts[0], None
    names = [name for _, name in named]
    if len(names) != len(amounts) or len(set(names)) != len(names):
        return None, None
    told = dict(zip(names, amounts, strict=True))
    return told.get("after"), told.get("before")


def households_in(text: str) -> int | None:
    """How many households a text names: "2 hộ dùng chung 300 kWh" → 2."""
    found = _HOUSEHOLDS.search(plain(text))
    return int(found[1]) if found and int(found[1]) else None

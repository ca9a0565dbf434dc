"""Hides the numbers of identity papers in a text: in what is kept of a chat, and in every line of the log.

What is taken for one, with its reasons:

- twelve digits in a row (CCCD, căn cước), whatever stands before and after them but digits. Customer codes have
  eleven after their letters, phones ten or eleven; 84 2… is a landline written from abroad and stays.
- twelve digits in groups, parted by one kind of blank, dot or dash, that begin with 0, as every number given out
  so far does (three digits of a province, 001 to 096). A phone with two more digits after it looks the same and
  is hidden too: rather that than a number shown.
- nine digits standing alone (CMND) that begin with 0 to 3, as those numbers do and no mobile phone without its 0
  does, the old network 3x aside.
- nine digits, alone or in groups of three, within forty letters after a word for the paper.

Times, amounts of money and meters' figures are none of these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TypeAlias

Shown: TypeAlias = Callable[[str], str]

_TWELVE = re.compile(r"(?<!\d)\d{12}(?!\d)")
# A run of groups of digits, each parted from the next by one letter; which of them make twelve is looked at apart.
_PARTING = r"[^\S\r\n]|[.\-–]"
_GROUPS = re.compile(rf"(?<!\d)\d{{1,12}}(?:(?:{_PARTING})\d{{1,12}})+(?!\d)")
_DIGITS = re.compile(r"\d+")
_NINE = re.compile(r"(?<![\w.,-])[0-3]\d{8}(?![\w-]|[.,]\d)")
_LANDLINE_FROM_ABROAD = re.compile(r"842\d{9}")
_PAPER = r"(?:cmnd|cmt|cccd|cm|căn\s*cước|can\s*cuoc|chứng\s*minh|chung\s*minh|id\s*(?:card|number|no))"
_NINE_OF_PAPER = re.compile(
    rf"(\b{_PAPER}\b\D{{0,40}})(?<!\d)(\d{{9}}|\d{{3}}([\s.\-–])\d{{3}}\3\d{{3}})(?!\d)", re.IGNORECASE
)


def masked(text: str) -> str:
    """The text as a chat keeps it: of a number its first and last digits, `0790••••1234`."""
    return hidden(text, _ends)


def hidden(text: str, show: Shown) -> str:
    """The text with each number of a paper replaced by what `show` makes of its digits."""
    text = unicodedata.normalize("NFC", text)
    text = _TWELVE.sub(
        lambda found: found[0] if _LANDLINE_FROM_ABROAD.fullmatch(found[0]) else show(found[0]), text
    )
    text = _GROUPS.sub(lambda found: _without_twelves(found[0], show), text)
    text = _NINE_OF_PAPER.sub(lambda found: found[1] + show(_bare(found[2])), text)
    return _NINE.sub(lambda found: show(found[0]), text)


def _ends(digits: str) -> str:
    first, last = (4, 4) if len(digits) == 12 else (2, 3)
    return f"{digits[:first]}••••{digits[-last:]}"


def _bare(number: str) -> str:
    return "".join(_DIGITS.findall(number))


def _without_twelves(run: str, show: Shown) -> str:
    """A run of groups, those that make a number of twelve digits replaced, from the left."""
    groups = list(_DIGITS.finditer(run))
    parts, at, first = [], 0, 0
    while first < len(groups):
        last = _last_of_twelve(run, groups, first)
        if last is not None:
            start, end = groups[first].start(), groups[last].end()
            parts += [run[at:start], show(_bare(run[start:end]))]
            at, first = end, last
        first += 1
    return "".join(parts) + run[at:]


def _last_of_twelve(run: str, groups: list[re.Match[str]], first: int) -> int | None:
    """The group with which a number ends that begins with this one; None when none does."""
    if not groups[first][0].startswith("0"):
        return None
    digits, partings = 0, set()
    for at in range(first, len(groups)):
        digits += len(groups[at][0])
        if at > first:
            partings.add(run[groups[at].start() - 1])
        if digits >= 12 or len(partings) > 1:
            return at if digits == 12 and len(partings) == 1 else None
    return None

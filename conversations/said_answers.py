"""Which button somebody means who types instead of pressing: yes, no, or a part of what stands on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from conversations.folding import fold, may_be

# A button that was offered: the value behind it, and its label in the customer's language.
Offered: TypeAlias = tuple[str, str]

_YES = (
    *("đúng", "đúng rồi", "đúng vậy", "đúng hết", "đúng hết rồi", "chính xác", "phải", "phải rồi", "chuẩn"),
    *("vâng", "dạ", "ừ", "ừm", "uh", "ờ", "có", "được", "đồng ý", "chắc", "chắc chắn", "chắc rồi"),
    *("ok", "oke", "okie", "okay", "yes", "yep", "yeah", "y", "correct", "right", "that is right", "sure"),
    *("agree", "i agree", "agreed", "all correct"),
)
_NO = (
    *("không", "ko", "k", "hông", "không phải", "không đúng", "không đồng ý", "sai", "sai rồi"),
    *("chưa", "chưa đúng", "no", "nope", "n", "not right", "wrong", "i do not agree", "don't"),
)
# Alone, these choose nothing of what a power company offers.
_TELLS_NOTHING = frozenset({"dien", "electricity", "power"})
# The last part of the value of a button that says yes, and of one that says no.
_AFFIRMS = frozenset({"yes", "send", "done"})
_DENIES = frozenset({"no"})
# Courtesies around what is said. "Nha" is one and "nhà" is none.
_BEFORE = ("dạ", "vâng", "ok", "yes", "well")
_AFTER = ("ạ", "nhé", "nha", "nghe", "em", "bạn", "anh", "chị", "đó", "please", "thanks")


def meant(typed: str, offered: Sequence[Offered]) -> str | None:
    """The value of the button that words mean, of those under a question; None when they mean none, or several."""
    return _yes_or_no(typed, offered) or part_of_label(typed, offered)


def is_yes(typed: str) -> bool:
    """Whether words say yes, whatever was asked."""
    return _is_one_of(typed, _YES)


def is_yes_or_no(typed: str) -> bool:
    """Whether words say yes or no, whatever was asked."""
    return is_yes(typed) or _is_one_of(typed, _NO)


def _yes_or_no(typed: str, offered: Sequence[Offered]) -> str | None:
    for words, ends in ((_YES, _AFFIRMS), (_NO, _DENIES)):
        if _is_one_of(typed, words):
            return _only(value for value, _ in offered if value.rpartition(":")[2] in ends)
    return None


def _is_one_of(typed: str, words: Sequence[str]) -> bool:
    """With the diacritics that were typed: "Đúng" is not "dừng", but "dung" may be either."""
    return _is_same(typed, words) or _is_same(_without_courtesies(typed), words)


def part_of_label(typed: str, offered: Sequence[Offered]) -> str | None:
    """ "Chủ nhà" means "Tôi là chủ nhà", when no other label has these words."""
    for said in (typed, _without_courtesies(typed, after=()), _without_courtesies(typed)):
        plain = fold(said)
        if len(plain) < 2 or plain in _TELLS_NOTHING:
            return None
        found = _only(value for value, label in offered if f" {plain} " in f" {fold(label)} ")
        if found:
            return found
    return None


def _without_courtesies(typed: str, before: Sequence[str] = _BEFORE, after: Sequence[str] = _AFTER) -> str:
    """The words but for courtesies around them; the last one stays, as "dạ" alone is an answer."""
    words = typed.split()
    while len(words) > 1 and _is_same(words[-1], after):
        words.pop()
    while len(words) > 1 and _is_same(words[0], before):
        words.pop(0)
    return " ".join(words)


def _is_same(typed: str, words: Iterable[str]) -> bool:
    return any(fold(typed) == fold(word) and may_be(typed, word) for word in words)


def _only(values: Iterable[str]) -> str | None:
    found = list(values)
    return found[0] if len(found) == 1 else None

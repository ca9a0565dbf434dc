"""Folds Vietnamese text to plain lower-case letters, so that people are understood with or without diacritics."""

import re
import unicodedata
from functools import lru_cache

# A slash stays only inside a house number: 12/3b, 12a/5. Elsewhere it divides words.
_NOT_KEPT = re.compile(r"(?!(?:(?<=[0-9])|(?<=[0-9][a-z]))/[0-9a-z])[\W_]")
_EXTRA_LETTERS = str.maketrans({"đ": "d", "ð": "d"})  # eth is a common wrong key for đ


@lru_cache(maxsize=16_384)
def fold(text: str) -> str:
    """`"12/3B Lê Lợi,  P.Bến Thành"` → `"12/3b le loi p ben thanh"`; folding twice changes nothing."""
    bare = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text).lower().translate(_EXTRA_LETTERS))
    letters = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return " ".join(_NOT_KEPT.sub(" ", unicodedata.normalize("NFC", letters)).split())


# Many write one for the other, above all in the South.
_SAME_TONE = {"\u0303": "\u0309"}


def may_be(typed: str, written: str) -> bool:
    """Whether words that fold alike can be the same: what was typed has no diacritic that is not written there.

    `"dung"` may be `"dừng"` and `"đúng"`; `"Đúng"` is never `"dừng"`. Where a tone stands ("huỷ") tells nothing.
    """
    pairs = zip(_syllables(typed), _syllables(written), strict=False)
    return all(_marks(one) <= _marks(other) for one, other in pairs)


def _syllables(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())


def _marks(syllable: str) -> frozenset[str]:
    signs = unicodedata.normalize("NFD", syllable.replace("ð", "đ"))
    return frozenset(_SAME_TONE.get(sign, sign) for sign in signs if unicodedata.combining(sign) or sign == "đ")

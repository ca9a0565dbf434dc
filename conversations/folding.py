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

"""What of a customer's words may be shown to a server outside: words that our own texts use, or nothing at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conversations.folding import fold
from handlers.rules.redaction import redacted

# In letters and in words; what is longer tells a story, what is shorter asks nothing.
LONGEST, MOST_WORDS, FEWEST_WORDS = 300, 40, 3
# More hidden words than this share, and what is left is no question any more.
MOST_HIDDEN = 0.25
HIDDEN = "…"
# Numbers with more digits than a count of days, kWh or households name something.
_LONGEST_NUMBER = 3

# Folded: who somebody is, where they live, what names them to an office. Such a text does not leave at all.
_PERSONAL = re.compile(
    r"\b(?:(?:toi|em|minh|tui|anh|chi|con|chau|day) (?:la|ten)"
    r"|ten (?:la|toi|em|minh|tui|day du|chong|vo|chu)|ho ten"
    r"|my name|name is"
    r"|so nha|hem|ngo \d|ngach|kiet|can ho|chung cu|lau \d|duong (?!day|truyen|cap|ong)|to dan pho|dia chi"
    r"|street|alley|address|live (?:at|in|on)|apartment"
    r"|sinh (?:nam|ngay)|born|ngay sinh|cccd|cmnd|can cuoc|ho chieu|passport|stk|so tai khoan|account number"
    r"|mat khau|password|otp|benh (?!vien)|ung thu|tan tat|cancer|disab\w*)\b|\d/\d|@|https?\b|\bwww\b"
)
_INTRODUCED = re.compile(r"\b(?:I am|I'm|[Tt]his is|[Mm]rs?\.?|[Mm]s\.?|[Ôô]ng|[Bb]à|[Aa]nh|[Cc]hị) (?=[A-ZĐ])")
_WORD = re.compile(r"[^\W_]+|[.,?!]")
_ENDS = frozenset(".?!")


@dataclass(frozen=True)
class Vocabulary:
    """The words of our own texts, in small letters: as they are written, and folded."""

    written: frozenset[str]
    folded: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        written = frozenset(word for text in texts for word in _WORD.findall(_normal(text).lower()))
        return cls(written, frozenset(one for word in written for one in fold(word).split()))

    def knows(self, word: str) -> bool:
        """Whether a word is one of them; typed without diacritics, whether it may be."""
        small = word.lower()
        return small in self.written or (small.isascii() and small in self.folded)


def leaving(text: str, vocabulary: Vocabulary) -> str | None:
    """The text with every word hidden that might name somebody; None when it must not leave at all.

    `"Nhà có máy lọc Karofi xài tốn điện không?"` → `"Nhà có máy lọc … xài tốn điện không?"`. What may still be in
    it is a given name that is spelled like a word of ours, without anything that says whose it is.
    """
    text = _normal(text)
    words = _WORD.findall(text)
    if len(text) > LONGEST or not FEWEST_WORDS <= sum(word.isalnum() for word in words) <= MOST_WORDS:
        return None
    if (
        redacted(text) != text
        or _PERSONAL.search(fold(text))
        or _PERSONAL.search(text.lower())
        or _INTRODUCED.search(text)
    ):
        return None
    shown = [_shown(word, words[at - 1] if at else ".", vocabulary) for at, word in enumerate(words)]
    names = any(_is_name(words, at) and _is_name(words, at + 1) for at in range(1, len(words) - 1))
    hidden = shown.count(HIDDEN)
    if names or hidden > MOST_HIDDEN * len(words):
        return None
    return re.sub(r" (?=[.,?!])", "", " ".join(shown))


def _is_name(words: Sequence[str], at: int) -> bool:
    """Whether a word that does not begin a sentence is written as a name is."""
    return words[at][:1].isupper() and words[at - 1] not in _ENDS and not words[at].isupper()


def _shown(word: str, before: str, vocabulary: Vocabulary) -> str:
    if not word.isalnum():
        return word
    if word.isdigit():
        return word if len(word) <= _LONGEST_NUMBER else HIDDEN
    capital = word[:1].isupper() and before not in _ENDS
    return word if vocabulary.knows(word) and (not capital or word.isupper()) else HIDDEN


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))

"""From what people type to an intent, how sure we are of it, and the values in it: rules and fuzzy phrases."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rapidfuzz import fuzz, process

from conversations.folding import fold, may_be
from conversations.model import Understood

# From SURE on an intent is acted upon; from MAYBE on it is offered as a guess. Tried on our own phrases.
SURE = 0.70
MAYBE = 0.50

CUSTOMER_CODE = re.compile(r"\bp[a-z][0-9a-z]{2}[0-9]{9}\b")

# The number of a request, also without dashes, its letter or its zeros: "HS-000127-K", "hs 127".
_REQUEST = re.compile(r"\bhs(?: ?[0-9oqil]){1,9}(?: ?[a-z])?\b")

# EVNHCMC's keywords for short messages (evnhcmc.vn, 2014): "LMD PE01000000014", also written in one.
_KEYWORD = re.compile(r"(?P<keyword>lmd|md)(?: ?(?P<code>p[a-z] ?[0-9][0-9a-z ]*))?")

_WHEN = (
    ("now", re.compile(r"\b(bay gio|hien tai|hien nay|dang|luc nay|now|right now|currently)\b")),
    ("today", re.compile(r"\b(hom nay|bua nay|toi nay|chieu nay|sang nay|today|tonight)\b")),
    ("tomorrow", re.compile(r"\b(ngay mai|mai|sang mai|chieu mai|toi mai|tomorrow)\b")),
    ("week", re.compile(r"\b(tuan nay|tuan sau|tuan toi|trong tuan|7 ngay|this week|next week|week)\b")),
)
_PLACE = re.compile(
    r"\b(?:(?:o|tai|khu vuc|khu|cho|in|at|for|on)\s+)?"
    r"((?:[0-9]+[a-z]?(?:/[0-9a-z]+)* )?\b"
    r"(?:(?:phuong|p|xa|quan|q|duong|dac khu|ward|street|district) [a-z0-9]|(?:phuong|p|quan|q)[0-9]).*)$"
)
_PLACE_ENGLISH = re.compile(
    r"\b(?:(?<=follow )|(?:in|at|for|to|about)\s+)((?:\w+ ){0,3}\w+) (?:ward|district|commune)\b"
)
# A house number after "ở" is a place of its own, even in "nhà tôi mất điện ở 12/3 Lê Lợi".
_PLACE_HOUSE = re.compile(r"\b(?:o|tai|at) ((?:so )?[0-9]+[a-z]?(?:/[0-9a-z]+)* [a-z].+)$")
_PLACE_LOOSE = re.compile(r"\b(?:o|tai(?! sao)|khu vuc|in|at|for)\s+(?!dau\b|night\b)(.+)$")
# Where the name of a place ends and the matter begins.
_MATTER = re.compile(r"\b(?:bi |dang |co )?(?:cup|mat|cat|ngung) dien\b.*|\b(?:when|why|power|outage)s?\b.*")
_TIME_WORDS = re.compile(
    r"\b(bay gio|hien tai|hien nay|luc nay|hom nay|bua nay|toi nay|chieu nay|sang nay|ngay mai|sang mai|chieu mai"
    r"|toi mai|mai|tuan nay|tuan sau|tuan toi|trong tuan|right now|now|today|tonight|tomorrow|this week|next week"
    r"|khong|co|vay|nhe|a|please)\b"
)
_LANGUAGE = (("en", re.compile(r"\b(tieng anh|english)\b")), ("vi", re.compile(r"\b(tieng viet|vietnamese)\b")))
_MY_PLACES = re.compile(r"\b((nha|noi|cho|khu)( cua)? (toi|em|minh|tui)|my (home|house|place|places|area))\b")


@dataclass(frozen=True)
class Phrasebook:
    """The phrases of the data file, folded and ready to compare; `weights` tell a word's worth (rare: more)."""

    shorthand: Mapping[str, str]
    exact: Mapping[str, str]
    phrases: tuple[tuple[frozenset[str], str], ...]
    weights: Mapping[str, float]
    danger: tuple[re.Pattern[str], ...]
    harmless: tuple[re.Pattern[str], ...]
    said: tuple[tuple[str, str, re.Pattern[str]], ...]

    @classmethod
    def read(cls, source: str) -> Phrasebook:
        """Read the data file's text."""
        data = tomllib.loads(source)
        shorthand: dict[str, str] = data["shorthand"]

        def folded(group: Mapping[str, list[str]]) -> dict[str, str]:
            return {
                _expand(fold(phrase), shorthand): intent for intent, phrases in group.items() for phrase in phrases
            }

        phrases = tuple((frozenset(words.split()), intent) for words, intent in folded(data["intents"]).items())
        return cls(
            shorthand=shorthand,
            exact=folded(data["exact"]),
            phrases=phrases,
            weights=_weights(phrases),
            danger=tuple(re.compile(pattern) for pattern in data["danger"]["patterns"]),
            harmless=tuple(re.compile(pattern) for pattern in data["danger"]["harmless"]),
            said=tuple(
                (name, value, re.compile(pattern))
                for name, values in data["said"].items()
                for value, patterns in values.items()
                for pattern in patterns
            ),
        )


def _weights(phrases: Iterable[tuple[frozenset[str], str]]) -> dict[str, float]:
    """A word that few intents use tells more than one that all use."""
    users: dict[str, set[str]] = {}
    intents = set()
    for words, intent in phrases:
        intents.add(intent)
        for word in words:
            users.setdefault(word, set()).add(intent)
    return {word: math.log(1 + len(intents) / len(by)) for word, by in users.items()}


@cache
def phrasebook() -> Phrasebook:
    """The phrasebook that comes with the product."""
    return Phrasebook.read(resources.files("conversations").joinpath("phrases.toml").read_text("utf-8"))


def understand(text: str) -> Understood:
    """What a text is about. `score` is 1 for a word of command, below MAYBE it is a guess not worth asking."""
    book = phrasebook()
    plain = fold(text)
    if is_danger(plain, book):
        return Understood("danger", 1.0, _values(plain)[0])
    keyword = _KEYWORD.fullmatch(plain)
    if keyword:
        return _by_keyword(keyword["keyword"], "".join((keyword["code"] or "").split()))
    request = _REQUEST.search(plain)
    if request:
        return Understood("request_progress", 1.0, {"request": request.group().upper()})
    exact = _exact(_expand(plain, book.shorthand), book)
    values, rest = _values(plain)
    values |= _said(plain, book)
    words = _expand(rest, book.shorthand)
    exact = exact or _exact(words, book)
    if exact and not _is_another_word(text):
        return Understood(exact, 1.0, values)
    ranked = _ranked(words, book)
    if not ranked:
        return Understood(values=values)
    intent, score = ranked[0]
    others = tuple(name for name, other in ranked[1:4] if other >= MAYBE)
    return Understood(intent, round(score, 3), values, others)


def is_danger(plain: str, book: Phrasebook) -> bool:
    """Whether folded words tell of danger to life; a question about prevention does not."""
    return any(p.search(plain) for p in book.danger) and not any(p.search(plain) for p in book.harmless)


def _by_keyword(keyword: str, code: str) -> Understood:
    """The utility's old SMS keywords: LMD for the schedule of a meter, MD for why it is out."""
    values = {"code": code.upper()} if code else {}
    if keyword == "lmd":
        return Understood("outage_schedule", 1.0, values | {"when": "week"})
    return Understood("outage_report", 1.0, values)


def _said(plain: str, book: Phrasebook) -> dict[str, str]:
    """Answers to questions that folded words hold; of several answers to one the first in the file."""
    said: dict[str, str] = {}
    for name, value, pattern in book.said:
        if name not in said and pattern.search(plain):
            said[name] = value
    return said


def _exact(words: str, book: Phrasebook) -> str | None:
    """A word of command, one slip of the finger forgiven when it is long enough to be told apart."""
    if words in book.exact:
        return book.exact[words]
    if len(words) < 5:
        return None
    match = process.extractOne(words, book.exact.keys(), scorer=fuzz.ratio, score_cutoff=88)
    return book.exact[match[0]] if match else None


@cache
def _written() -> Mapping[str, tuple[str, ...]]:
    """The words of command with their diacritics, by what is left of them without."""
    data = tomllib.loads(resources.files("conversations").joinpath("phrases.toml").read_text("utf-8"))
    written: dict[str, tuple[str, ...]] = {}
    for phrases in data["exact"].values():
        for phrase in phrases:
            written[fold(phrase)] = (*written.get(fold(phrase), ()), phrase)
    return written


def _is_another_word(text: str) -> bool:
    """Whether the diacritics typed tell that it is none of the words of command: "Đúng" is not "dừng"."""
    forms = _written().get(fold(text), ())
    return bool(forms) and not any(may_be(text, form) for form in forms)


def _ranked(words: str, book: Phrasebook) -> list[tuple[str, float]]:
    """Each intent with the score of its best phrase, best first; scores under half of MAYBE are left out."""
    typed = frozenset(_spelled(word, book) for word in words.split())
    best: dict[str, float] = {}
    for phrase, intent in book.phrases:
        score = _alike(typed, phrase, book.weights)
        if score > best.get(intent, MAYBE / 2):
            best[intent] = score
    return sorted(best.items(), key=lambda pair: -pair[1])


def _spelled(word: str, book: Phrasebook) -> str:
    """The word of the phrasebook that a longer word is a slip of the finger away from, else itself."""
    if word in book.weights or len(word) < 4:
        return word
    match = process.extractOne(word, book.weights.keys(), scorer=fuzz.ratio, score_cutoff=80)
    return match[0] if match else word


def _alike(typed: frozenset[str], phrase: frozenset[str], weights: Mapping[str, float]) -> float:
    """How much of the phrase was typed, and, less important, how much of what was typed is in the phrase.

    A word that no phrase has weighs little: names and courtesies must not drown what was said.
    """
    shared = sum(weights[word] for word in typed & phrase)
    if not shared:
        return 0.0
    of_phrase = shared / sum(weights[word] for word in phrase)
    of_typed = shared / sum(weights.get(word, 0.4) for word in typed)
    return 0.65 * of_phrase + 0.35 * of_typed


def _values(plain: str) -> tuple[dict[str, str], str]:
    """The values in folded words, and the words without them."""
    values: dict[str, str] = {}
    rest = plain
    code = CUSTOMER_CODE.search(rest)
    if code:
        values["code"] = code.group().upper()
        rest = rest.replace(code.group(), " ")
    for name, pattern in _WHEN:
        if pattern.search(rest):
            values["when"] = name
    for language, pattern in _LANGUAGE:
        if pattern.search(rest):
            values["language"] = language
    if _MY_PLACES.search(rest):
        values["mine"] = "yes"
    place = (
        _PLACE_ENGLISH.search(rest)
        or _PLACE.search(rest)
        or _PLACE_HOUSE.search(rest)
        or (None if "mine" in values else _PLACE_LOOSE.search(rest))
    )
    if place:
        matter = _MATTER.search(place.group(1))
        named = place.group(1)[: matter.start()] if matter else place.group(1)
        where = " ".join(_TIME_WORDS.sub(" ", named).split())
        if where and not where.isdigit():
            values["place"] = where
            rest = rest.replace(place.group(0), " ").strip() + " " + " ".join(_TIME_WORDS.findall(named))
            rest += f" {matter.group()}" if matter else ""
    return values, " ".join(rest.split())


def _expand(plain: str, shorthand: Mapping[str, str]) -> str:
    return " ".join(shorthand.get(word, word) for word in plain.split())

"""From what people type to an intent, how sure we are of it, and the values in it: rules, ideas and likeness."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from rapidfuzz import fuzz, process

from conversations.folding import fold, may_be
from conversations.likeness import Likeness
from conversations.model import Understood
from conversations.phrasebook import Phrasebook, phrasebook
from conversations.values import VALUES, values_in

# From SURE on an intent is acted upon; from MAYBE on it is offered as a guess.
SURE = 0.70
MAYBE = 0.50
# How alike a text must be to the examples of an intent for either, and how far ahead of the next one to be SURE.
# Tried on tests/conversations/utterances/tuned.toml.
_ALIKE_SURE, _ALIKE_MAYBE, _AHEAD = 0.35, 0.22, 0.12
# From here on a text says what an example says, small words aside.
_SAME = 0.95
# As alike as this is what a rule settles; small talk is never more, so that it takes the place of no answer.
_RULED, _SMALL_TALK = 0.85, 0.75

# EVNHCMC's keywords for short messages (evnhcmc.vn, 2014): "LMD PE01000000014", also written in one.
_KEYWORD = re.compile(r"(?P<keyword>lmd|md)(?: ?(?P<code>p[a-z] ?[0-9][0-9a-z ]*))?")

# The number of a request, also without dashes, its letter or its zeros: "HS-000127-K", "hs 127".
_REQUEST = re.compile(r"\bhs(?: ?[0-9oqil]){1,9}(?: ?[a-z])?\b")

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
_PLACE_LOOSE = re.compile(
    r"\b(?:o|tai(?! sao)|khu vuc|in|at)\s+"
    r"(?!(?:dau|night|tro|day|do|nha|app|ngan|my|our|the|a|me|n[a-z]+|last|this)\b)(.+)$"
)
# Where the name of a place ends and the matter begins.
_MATTER = re.compile(
    r"\b(?:bi |dang |co )?(?:cup|mat|cat|ngung) dien\b.*|\b(?:when|why|power|outage)s?\b.*"
    rf"|\b(?:khi nao|bao gio|may gio|{'|'.join(VALUES - {'nday'})})\b.*"
)
_TIME_WORDS = re.compile(
    r"\b(bay gio|hien tai|hien nay|luc nay|hom nay|bua nay|toi nay|chieu nay|sang nay|ngay mai|sang mai|chieu mai"
    r"|toi mai|mai|tuan nay|tuan sau|tuan toi|trong tuan|right now|now|today|tonight|tomorrow|this week|next week"
    r"|khong|co|vay|nhe|a|please|nday)\b"
)
# Where one wish of several ends and the next begins; how many are looked at, and offered beside the likeliest.
_CLAUSES = re.compile(
    r"[?!;\n]+|[,.]\s|\b(?:với lại|voi lai|ngoài ra|ngoai ra|rồi còn|roi con|also)\b", re.IGNORECASE
)
_MOST_CLAUSES, _MOST_OTHERS = 4, 3
# No word of command is longer, in letters.
LONGEST_COMMAND = 40
_LANGUAGE = (("en", re.compile(r"\b(tieng anh|english)\b")), ("vi", re.compile(r"\b(tieng viet|vietnamese)\b")))
_MY_PLACES = re.compile(r"\b((nha|noi|cho|khu)( cua)? (toi|em|minh|tui)|my (home|house|place|places|area))\b")


@lru_cache(maxsize=1024)
def understand(text: str) -> Understood:
    """What a text is about. `score` is 1 for a word of command, below MAYBE it is a guess not worth asking."""
    book, plain = phrasebook(), fold(text)
    valued = values_in(text)
    values, rest = _named(plain, valued.plain)
    values = valued.values | values
    if is_danger(plain, book):
        return Understood("danger", 1.0, values, text=text)
    keyword = _KEYWORD.fullmatch(plain)
    if keyword:
        return _by_keyword(keyword["keyword"], "".join((keyword["code"] or "").split()))
    request = _REQUEST.search(plain)
    if request:
        return Understood("request_progress", 1.0, values | {"request": request.group().upper()}, text=text)
    values |= _said(plain, book)
    exact = _exact(book.ideas.spelled_out(plain), book) or _exact(book.ideas.spelled_out(rest), book)
    if exact and not _is_another_word(text, book):
        return Understood(exact, 1.0, values, text=text)
    ranked = _ranked({valued.plain, rest}, book)
    if ranked and ranked[0][1] < SURE:
        # "Something else" and a greeting are nothing to be offered.
        ranked = [one for one in ranked if one[0] not in book.unoffered]
    if not ranked:
        return Understood(values=values, text=text)
    asked = list(dict.fromkeys(_wishes(text.split("?"), book))) if text.count("?") > 1 else []
    if len({"outage" if one.startswith("outage_") else one for one in asked}) > 1:
        # "Đóng tiền ở đâu? Mai có cúp điện không?": none of several questions is answered for all of them.
        return Understood(asked[0], SURE - 0.01, values, tuple(asked[1 : 1 + _MOST_OTHERS]), text, several=True)
    intent, score = ranked[0]
    others = [name for name, other in ranked[1:4] if other >= MAYBE and name not in book.unoffered]
    if score < SURE:
        # "Đóng tiền ở đâu, với lại mai có cúp điện không": several wishes, each of them clear by itself.
        others = [one for one in dict.fromkeys((*_wishes(_CLAUSES.split(text), book), *others)) if one != intent][
            :_MOST_OTHERS
        ]
    return Understood(intent, round(score, 3), values, tuple(others), text)


def _wishes(clauses: Iterable[str], book: Phrasebook) -> Iterable[str]:
    """What each clause of a text surely says, in their order; nothing of a text of one clause."""
    clauses = [one for one in clauses if len(one.split()) > 1]
    for clause in clauses[:_MOST_CLAUSES] if len(clauses) > 1 else ():
        ranked = _ranked([values_in(clause).plain], book)
        if ranked and ranked[0][1] >= SURE and ranked[0][0] not in book.unoffered:
            yield ranked[0][0]


def ideas_of(text: str) -> list[str]:
    """The words of a text as likeness compares them: folded, spelled out, each idea and each value one word."""
    return _ideas(values_in(text).plain, phrasebook())


def small_words() -> frozenset[str]:
    """Words that are in every sentence and tell little."""
    return phrasebook().small


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
    if not 5 <= len(words) <= LONGEST_COMMAND:
        return None
    match = process.extractOne(words, book.exact.keys(), scorer=fuzz.ratio, score_cutoff=88)
    return book.exact[match[0]] if match else None


def _is_another_word(text: str, book: Phrasebook) -> bool:
    """Whether the diacritics typed tell that it is none of the words of command: "Đúng" is not "dừng"."""
    forms = book.written.get(fold(text), ())
    return bool(forms) and not any(may_be(text, form) for form in forms)


@cache
def _likeness() -> Likeness:
    book = phrasebook()
    said = ((_ideas(values_in(phrase).plain, book), intent) for phrase, intent in book.phrases)
    return Likeness(said, book.small)


def _ideas(plain: str, book: Phrasebook) -> list[str]:
    return book.ideas.of(book.ideas.spelled_out(plain))


def _ranked(readings: Iterable[str], book: Phrasebook) -> list[tuple[str, float]]:
    """The intents by score, best first; of several readings of a text the better one counts for each."""
    ideas = [_ideas(plain, book) for plain in readings]
    ranked = _alike(ideas, book)
    if ranked and ranked[0][0] in book.courteous:
        # "Có điện rồi, cảm ơn em": what is said beside a courtesy is the wish.
        wishes = [[word for word in words if word not in book.courtesies] for words in ideas]
        wish = _alike([words for words in wishes if book.ideas.names.intersection(words)], book)
        if wish and wish[0][0] not in book.courteous and _sure(wish):
            ranked = wish
    if ranked and ranked[0][1] >= _ALIKE_SURE and not (_sure(ranked) and _enough(ranked[0][1], ideas)):
        # Two wishes with nothing between them: neither is SURE.
        return [(intent, min(_score(alike), SURE - 0.01)) for intent, alike in ranked]
    return [(intent, _score(alike)) for intent, alike in ranked]


def _sure(ranked: list[tuple[str, float]]) -> bool:
    ahead = ranked[0][1] - ranked[1][1] if len(ranked) > 1 else 1.0
    return ranked[0][1] >= _ALIKE_SURE and ahead >= _AHEAD


def _enough(alike: float, readings: Iterable[Sequence[str]]) -> bool:
    """One word ("công tơ", "tiền điện") is enough only where it is all that people say of a wish."""
    return alike >= _RULED or any(_likeness().tell(words) for words in readings)


def _alike(readings: Iterable[Sequence[str]], book: Phrasebook) -> list[tuple[str, float]]:
    """The intents by how alike the ideas are to their examples, rules applied, best first."""
    alike: dict[str, float] = {}
    for words in readings:
        text = " ".join(words)
        never = {intent for intent, rule in book.never if rule.search(text)}
        ruled = {intent for intent, rule in book.sure if rule.search(text)} - never
        found = [
            (intent, nearest if nearest >= _SAME else all_) for intent, all_, nearest in _likeness().ranked(words)
        ]
        idea = not book.ideas.names.isdisjoint(words)
        for intent, likeness in (*found, *((intent, _RULED) for intent in ruled)):
            # Without an idea it may be a name or a number, but no wish that a power utility knows.
            told = idea or likeness >= _SAME or intent in ruled or intent == "off_topic"
            if told and intent not in never:
                alike[intent] = max(likeness, alike.get(intent, 0.0))
    if "off_topic" in alike:
        alike["off_topic"] = min(alike["off_topic"], _SMALL_TALK)
    return sorted(alike.items(), key=lambda one: (-one[1], one[0]))


def _score(alike: float) -> float:
    """Likeness on the scale where SURE and MAYBE are."""
    if alike >= _ALIKE_SURE:
        return SURE + (1 - SURE) * (alike - _ALIKE_SURE) / (1 - _ALIKE_SURE)
    if alike >= _ALIKE_MAYBE:
        return MAYBE + (SURE - MAYBE) * (alike - _ALIKE_MAYBE) / (_ALIKE_SURE - _ALIKE_MAYBE)
    return MAYBE * alike / _ALIKE_MAYBE


def _named(plain: str, valued: str) -> tuple[dict[str, str], str]:
    """When, which language, whose place and where, in folded words; and the words without the place."""
    values: dict[str, str] = {}
    for name, pattern in _WHEN:
        if pattern.search(plain):
            values["when"] = name
    for language, pattern in _LANGUAGE:
        if pattern.search(plain):
            values["language"] = language
    if _MY_PLACES.search(plain):
        values["mine"] = "yes"
    rest = valued
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

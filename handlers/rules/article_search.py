"""Finds the articles that answer a question: likeness to how people ask, then the words of the article."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conversations.folding import fold
from conversations.likeness import Likeness
from conversations.understand import ideas_of, small_words
from handlers.rules.articles import Article

# Tried on tests/rules/questions.toml: the answer is given from SURE on if the next is AHEAD behind, and what is at
# least NEAR is offered. A question known word for word, small words aside, is SAME.
SURE, AHEAD, NEAR, SAME = 0.42, 0.06, 0.24, 0.97
# Of a question whose subject nobody understood more is asked: it may have nothing to do with us.
_STRANGER = 0.2
# What the intent understood adds to its articles; less is asked of a question whose subject is known.
_INTENT = 0.12
# The share of the words of the whole article beside the likeness to its questions.
_WORDS = 0.2
# So many of the telling words of a stranger must be known.
_MOSTLY = 0.6
# BM25's usual figures.
_K1, _B = 1.2, 0.75
MOST_NEAR = 4


@dataclass(frozen=True)
class Hits:
    """The article that surely answers, or those near it, best first."""

    sure: str | None
    near: tuple[str, ...] = ()


class Search:
    """An index over articles, built once."""

    def __init__(self, articles: Mapping[str, Article]) -> None:
        self._intents = {article.id: article.intents for article in articles.values()}
        asked = [(_told(said), one.id) for one in articles.values() for said in _said(one)]
        self._likeness = Likeness(asked, small_words())
        self._words = _Bm25({one.id: _told(" ".join(_all_of(one))) for one in articles.values()})

    def find(self, question: str, intent: str | None = None) -> Hits:
        """What answers a question; `intent` is what it was surely understood to be about."""
        ideas = _told(question)
        by_words = self._words.scores(ideas)
        score: dict[str, float] = {}
        for name, together, nearest in self._likeness.ranked(ideas):
            alike = max(together, nearest if nearest >= SAME else 0.0, 0.85 * nearest)
            score[name] = (1 - _WORDS) * alike + _WORDS * by_words.get(name, 0.0)
        for name, intents in self._intents.items():
            if intent in intents:
                score[name] = score.get(name, 0.0) + _INTENT
        ranked = sorted(score.items(), key=lambda one: (-one[1], one[0]))
        if intent is not None:
            ranked = self._of_intent_first(ranked, intent)
        return self._hits(ranked, self._telling(ideas, intent), intent)

    def _telling(self, ideas: Sequence[str], intent: str | None) -> bool:
        """Whether the words are enough to go by; of a stranger's most must be words that articles use."""
        if intent is not None:
            return self._likeness.tell(ideas)
        said = {word for word in ideas if word not in small_words()}
        known = self._likeness.known(ideas)
        return len(known) > 1 and len(known) >= _MOSTLY * len(said)

    def about(self, intent: str) -> tuple[str, ...]:
        """The articles on a subject, in the order of the files."""
        return tuple(name for name, intents in self._intents.items() if intent in intents)

    def _of_intent_first(self, ranked: list[tuple[str, float]], intent: str) -> list[tuple[str, float]]:
        """What is about something else stays only where it is far likelier."""
        best = max((score for name, score in ranked if intent in self._intents[name]), default=0.0)
        return [(name, score) for name, score in ranked if intent in self._intents[name] or score > best + 0.2]

    def _hits(self, ranked: list[tuple[str, float]], telling: bool, intent: str | None) -> Hits:
        if not ranked:
            return Hits(None)
        first, second = ranked[0][1], ranked[1][1] if len(ranked) > 1 else 0.0
        more = 0.0 if intent else _STRANGER
        if telling and first >= SURE + more and (first - second >= AHEAD or first >= SAME):
            return Hits(ranked[0][0])
        near = (
            tuple(name for name, score in ranked if score >= NEAR + more)[:MOST_NEAR] if telling or intent else ()
        )
        return Hits(None, near or (self.about(intent)[:MOST_NEAR] if intent else ()))


def _told(text: str) -> list[str]:
    """The ideas of a text, and then its words themselves: a fridge and a fan are one idea, and two articles."""
    return [*ideas_of(text), *(f"{word}'" for word in fold(text).split() if word not in small_words())]


def _said(article: Article) -> tuple[str, ...]:
    return (*article.questions, *article.title.values())


def _all_of(article: Article) -> Sequence[str]:
    return (*_said(article), *article.tags, *article.answer.values())


class _Bm25:
    """Okapi BM25 over whole articles, scaled so that the best of a question is 1."""

    def __init__(self, texts: Mapping[str, Iterable[str]]) -> None:
        counts = {name: Counter(words) for name, words in texts.items()}
        lengths = {name: sum(count.values()) for name, count in counts.items()}
        usual = sum(lengths.values()) / max(len(lengths), 1) or 1.0
        having: dict[str, list[tuple[str, float]]] = {}
        for name, count in counts.items():
            room = _K1 * (1 - _B + _B * lengths[name] / usual)
            for word, number in count.items():
                having.setdefault(word, []).append((name, number * (_K1 + 1) / (number + room)))
        total = len(counts)
        self._worth = {
            word: [
                (name, math.log(1 + (total - len(all_) + 0.5) / (len(all_) + 0.5)) * often) for name, often in all_
            ]
            for word, all_ in having.items()
        }

    def scores(self, words: Iterable[str]) -> Mapping[str, float]:
        found: dict[str, float] = {}
        for word in set(words) - small_words():
            for name, worth in self._worth.get(word, ()):
                found[name] = found.get(name, 0.0) + worth
        best = max(found.values(), default=0.0)
        return {name: score / best for name, score in found.items()} if best else {}

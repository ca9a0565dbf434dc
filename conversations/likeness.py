"""How alike a text is to what people say of each intent: its nearest examples, and how usual its words are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz, process

from conversations.values import VALUES

# All figures below were tried on tests/conversations/utterances/tuned.toml; see docs/rules/understanding.md.
_PAIR = 0.3  # what two words next to each other weigh, against one word that is as rare
_SMALL = 0.3  # what a courtesy or a small word weighs
_STRANGE = 1.2  # what a word weighs that no example has
# What each of the nearest examples of an intent counts for; where there are fewer, the last again, at less.
_NEAREST = (0.6, 0.25, 0.15)
_MISSING = 0.7
# What the usual words count for beside the nearest examples; what is added to each count of a word, so that none
# is impossible, and to all together.
_USUAL, _SEEN, _ALL_SEEN = 0.2, 0.15, 3.0
# An intent has a word to itself when fewer than so many share it.
_OWN = 1.7
_NUMBER = re.compile(r"[0-9]+[a-z]?(?:/[0-9a-z]+)*")
# A word this alike to a known one is a slip of the finger; shorter words are too easily another.
_SLIP, _SHORTEST = 80, 4


@dataclass(frozen=True)
class _Example:
    intent: str
    weight: float


class Likeness:
    """Examples, and for each word or pair of words which of them have it."""

    def __init__(self, examples: Iterable[tuple[Sequence[str], str]], small: frozenset[str]) -> None:
        self._small = small
        features = [(_features(words, small), intent) for words, intent in examples]
        self._worth_of = _worth(features)
        self._words = {word for word in self._worth_of if "+" not in word}
        self._long = sorted(word for word in self._words if len(word) >= _SHORTEST)
        self._examples = [_Example(intent, self._sum(has)) for has, intent in features]
        self._usual = Counter(intent for _, intent in set(features))
        self._intents = sorted(self._usual)
        self._uses = _uses(set(features))
        self._having: dict[str, list[int]] = {}
        for at, (has, _) in enumerate(features):
            for one in has:
                self._having.setdefault(one, []).append(at)
        self._logs = lru_cache(maxsize=8192)(self._log_shares)
        self._spell = lru_cache(maxsize=4096)(self._spelled)

    def ranked(self, words: Sequence[str]) -> list[tuple[str, float, float]]:
        """Each intent with how alike its nearest examples are together, and the nearest alone, 0 to 1; best first.

        The words are those of a text with each idea as one word.
        """
        typed = _features([self._spell(word) for word in words], self._small)
        weight, shared = self._sum(typed), dict[int, float]()
        for one in sorted(typed, key=self._small.__contains__):
            worth, alone = self._weight(one), one not in self._small and one not in VALUES
            for at in self._having.get(one, ()):
                if alone or at in shared:  # small words alone make nothing alike
                    shared[at] = shared.get(at, 0.0) + worth
        alike: dict[str, list[float]] = {}
        for at, both in shared.items():
            example = self._examples[at]
            alike.setdefault(example.intent, []).append(2 * both / (weight + example.weight))
        usual = self._usual_for(typed)
        ranked = []
        for intent, all_ in alike.items():
            together, best = _together(all_)
            ranked.append((intent, (1 - _USUAL) * together + _USUAL * usual[intent], best))
        return sorted(ranked, key=lambda one: (-one[1], one[0]))

    def _usual_for(self, features: Iterable[str]) -> Mapping[str, float]:
        """How likely each intent is by its words alone, all together 1: naive Bayes, no intent likelier before."""
        logs = [0.0] * len(self._intents)
        for one in features:
            for at, log in enumerate(self._logs(one)):
                logs[at] += log
        most = max(logs)
        likely = [math.exp(log - most) for log in logs]
        return {intent: one / sum(likely) for intent, one in zip(self._intents, likely, strict=True)}

    def _log_shares(self, feature: str) -> Sequence[float]:
        """For each intent, the logarithm of the share of its examples that have a word, weighed as elsewhere."""
        uses = self._uses.get(feature)
        if uses is None:
            return ()
        weight = (_PAIR if "+" in feature else 1.0) * (_SMALL if feature in self._small else 1.0)
        shares = ((uses[intent] + _SEEN) / (self._usual[intent] + _ALL_SEEN) for intent in self._intents)
        return tuple(weight * math.log(share) for share in shares)

    def known(self, words: Sequence[str]) -> set[str]:
        """Those of the words that are in the examples and tell something."""
        return ({self._spell(word) for word in words} & self._words) - self._small

    def tell(self, words: Sequence[str]) -> bool:
        """Whether the words are enough to tell a wish: two of them do, or one that an intent has to itself."""
        known = self.known(words)
        return len(known) > 1 or any(_as_many_as(self._uses[word].values()) < _OWN for word in known)

    def _spelled(self, word: str) -> str:
        """The known word that a longer word is a slip of the finger away from, else itself."""
        if word in self._words or len(word) < _SHORTEST or word.isdigit():
            return word
        match = process.extractOne(word, self._long, scorer=fuzz.ratio, score_cutoff=_SLIP)
        return match[0] if match else word

    def _weight(self, feature: str) -> float:
        if "+" in feature:
            return self._worth_of.get(feature, 0.0) * _PAIR
        return self._worth_of.get(feature, _STRANGE) * (_SMALL if feature in self._small else 1.0)

    def _sum(self, features: Iterable[str]) -> float:
        return sum(map(self._weight, features))


def _features(words: Sequence[str], small: frozenset[str]) -> frozenset[str]:
    """The words, and the pairs that stand together once small words are left out."""
    words = [word for word in words if not _NUMBER.fullmatch(word)]
    telling = [word for word in words if word not in small]
    return frozenset(words) | {f"{one}+{next_}" for one, next_ in pairwise(telling)}


def _uses(examples: Iterable[tuple[frozenset[str], str]]) -> Mapping[str, Counter[str]]:
    """How many examples of each intent have a word or a pair."""
    uses: dict[str, Counter[str]] = {}
    for features, intent in examples:
        for one in features:
            uses.setdefault(one, Counter())[intent] += 1
    return uses


def _worth(examples: Sequence[tuple[frozenset[str], str]]) -> Mapping[str, float]:
    """A word that few intents use tells more than one that all use; seldom use by others takes little from it."""
    intents = len({intent for _, intent in examples})
    return {one: math.log(1 + intents / _as_many_as(by.values())) for one, by in _uses(examples).items()}


def _as_many_as(counts: Collection[int]) -> float:
    """How many intents share a word, as if all used it alike: two evenly are 2, nine uses to one are 1.4."""
    shares = [count / sum(counts) for count in counts]
    return math.exp(-sum(share * math.log(share) for share in shares))


def _together(alike: Sequence[float]) -> tuple[float, float]:
    nearest = sorted(alike, reverse=True)[: len(_NEAREST)]
    best = nearest[0]
    nearest += [nearest[-1] * _MISSING] * (len(_NEAREST) - len(nearest))
    return sum(counts * one for counts, one in zip(_NEAREST, nearest, strict=True)), best

"""The words that understanding rests on, read from phrases.toml, words.toml and examples.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from conversations.folding import fold

Rule = tuple[str, re.Pattern[str]]


@dataclass(frozen=True)
class Ideas:
    """Which words in a row are one idea: by their first word, the longest first."""

    shorthand: Mapping[str, str]
    last: Mapping[str, str]
    by_first: Mapping[str, Sequence[tuple[tuple[str, ...], str]]]
    names: frozenset[str]

    @classmethod
    def read(cls, phrases: Mapping[str, Mapping[str, str]], words: Mapping[str, Iterable[str]]) -> Ideas:
        shorthand, last = phrases["shorthand"], phrases["shorthand_last"]
        bare = cls(shorthand, {}, {}, frozenset())
        by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for idea, said in words.items():
            for one in {tuple(bare.spelled_out(fold(one)).split()) for one in said}:
                by_first.setdefault(one[0], []).append((one, idea))
        longest_first = {word: sorted(all_, key=_longest) for word, all_ in by_first.items()}
        return cls(shorthand, last, longest_first, frozenset(words))

    def spelled_out(self, plain: str) -> str:
        """Folded words with teencode and abbreviations written out."""
        words = plain.split()
        if words and words[-1] in self.last:
            words[-1] = self.last[words[-1]]
        return " ".join(self.shorthand.get(word, word) for word in words)

    def of(self, plain: str) -> list[str]:
        """Folded words, spelled out, each idea as one word."""
        words, ideas, at = plain.split(), list[str](), 0
        while at < len(words):
            for said, idea in self.by_first.get(words[at], ()):
                if tuple(words[at : at + len(said)]) == said:
                    ideas.append(idea)
                    at += len(said)
                    break
            else:
                ideas.append(words[at])
                at += 1
        return ideas


def _longest(entry: tuple[tuple[str, ...], str]) -> tuple[int, tuple[str, ...]]:
    return -len(entry[0]), entry[0]


@dataclass(frozen=True)
class Phrasebook:
    """All of it, folded and ready to compare.

    small: words that tell little; courteous: intents that give way to another, courtesies: the ideas that make
    them; unoffered: intents that nobody is asked about; exact: words of command, written: the same with their
    diacritics; phrases: what is said in full, with its intent; sure, never: rules over the ideas of a text that
    settle or exclude an intent; the rest are rules over folded words.
    """

    ideas: Ideas
    small: frozenset[str]
    courteous: frozenset[str]
    courtesies: frozenset[str]
    unoffered: frozenset[str]
    exact: Mapping[str, str]
    written: Mapping[str, tuple[str, ...]]
    phrases: tuple[tuple[str, str], ...]
    sure: tuple[Rule, ...]
    never: tuple[Rule, ...]
    danger: tuple[re.Pattern[str], ...]
    harmless: tuple[re.Pattern[str], ...]
    said: tuple[tuple[str, str, re.Pattern[str]], ...]

    @classmethod
    def read(cls, phrases: str, words: str, examples: str) -> Phrasebook:
        """Read the texts of the three data files."""
        data = tomllib.loads(phrases)
        ideas = Ideas.read(data, tomllib.loads(words))
        sentences = (data["intents"], tomllib.loads(examples))
        return cls(
            ideas=ideas,
            small=frozenset(data["small"]["words"]),
            courteous=frozenset(data["courteous"]["intents"]),
            courtesies=frozenset(data["courteous"]["ideas"]),
            unoffered=frozenset(data["courteous"]["unoffered"]),
            exact={ideas.spelled_out(fold(said)): intent for intent, said in _each(data["exact"])},
            written=_written(said for _, said in _each(data["exact"])),
            phrases=tuple((fold(said), intent) for group in sentences for intent, said in _each(group)),
            sure=_rules(data["sure"]),
            never=_rules(data["never"]),
            danger=tuple(re.compile(pattern) for pattern in data["danger"]["patterns"]),
            harmless=tuple(re.compile(pattern) for pattern in data["danger"]["harmless"]),
            said=tuple(
                (name, value, re.compile(pattern))
                for name, values in data["said"].items()
                for value, pattern in _each(values)
            ),
        )


def _each(group: Mapping[str, Iterable[str]]) -> Iterable[tuple[str, str]]:
    return ((name, one) for name, all_ in group.items() for one in all_)


def _rules(group: Mapping[str, Iterable[str]]) -> tuple[Rule, ...]:
    return tuple((intent, re.compile(pattern)) for intent, pattern in _each(group))


def _written(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Words with their diacritics, by what is left of them without."""
    written: dict[str, tuple[str, ...]] = {}
    for word in words:
        written[fold(word)] = (*written.get(fold(word), ()), word)
    return written


@cache
def phrasebook() -> Phrasebook:
    """The phrasebook that comes with the product."""
    here = resources.files("conversations")
    phrases, words, examples = (here / f"{name}.toml" for name in ("phrases", "words", "examples"))
    return Phrasebook.read(phrases.read_text("utf-8"), words.read_text("utf-8"), examples.read_text("utf-8"))

"""Reads the knowledge base: articles in TOML files, each checked, a bad one named with file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from handlers.rules.dated import BadData, day_in, text_in

BUILT_IN = Path(__file__).parent / "knowledge"
LANGUAGES = ("vi", "en")
# What a button under an article can lead to, besides another article.
OFFERS = ("agent", "report", "lookup", "follow")
# One message of every channel takes that many letters; a longer answer belongs into two articles.
LONGEST_ANSWER = 1_500
# Buttons are cut by channels beyond this.
LONGEST_TITLE = 40
FEWEST_QUESTIONS = 2

_ASKED = ("id", "intents", "title", "questions", "answer", "source", "checked_on", "still_right_until")
_KEYS = frozenset((*_ASKED, "next", "offers", "tags"))
_ID = re.compile(r"[a-z][a-z0-9-]{1,38}")
_HEAD = re.compile(r"^[ \t]*\[\[article\]\]", re.MULTILINE)
_AT_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True)
class Article:
    """A short answer. title, answer: by language; questions: how people ask, in any language."""

    id: str
    intents: tuple[str, ...]
    title: Mapping[str, str]
    questions: tuple[str, ...]
    answer: Mapping[str, str]
    source: str
    checked_on: date
    still_right_until: date
    next: tuple[str, ...]
    offers: tuple[str, ...]
    tags: tuple[str, ...]

    def ran_out(self, day: date) -> bool:
        """Whether nobody vouches for it any more on a day."""
        return day > self.still_right_until


@dataclass(frozen=True)
class Shelf:
    """The articles that can be used, by their ids, and what is wrong with the others, a sentence each."""

    articles: Mapping[str, Article]
    wrong: tuple[str, ...] = ()


def read_shelf(folders: Iterable[Path]) -> Shelf:
    """The articles of folders; one in a later folder takes the place of one of the same id before it.

    A file or an article that cannot be used is left out and told of; the others go on.
    """
    articles: dict[str, Article] = {}
    wrong: list[str] = []
    for folder in folders:
        here: dict[str, str] = {}
        for file in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            for line, entry in _entries(file, wrong):
                where = f"{file}, line {line}"
                try:
                    article = _article(entry, where)
                    if article.id in here:
                        raise BadData(f"{where}: `id` {article.id!r} is taken by {here[article.id]}")
                except BadData as error:
                    wrong.append(str(error))
                    continue
                here[article.id] = where
                articles[article.id] = article
    return Shelf(articles, (*wrong, *_dangling(articles)))


def _entries(file: Path, wrong: list[str]) -> Sequence[tuple[int, Mapping[str, Any]]]:
    """The articles of a file as they are written, each with the line that it begins on."""
    try:
        text = file.read_text("utf-8")
        entries = tomllib.loads(text).get("article")
    except (OSError, ValueError) as error:
        line = _AT_LINE.search(str(error))
        wrong.append(f"{file}, line {line[1] if line else 1}: cannot be read as TOML: {error}")
        return []
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        wrong.append(f"{file}, line 1: holds no [[article]]; write at least one")
        return []
    lines = [text.count("\n", 0, head.start()) + 1 for head in _HEAD.finditer(text)]
    return [(lines[at] if at < len(lines) else 1, entry) for at, entry in enumerate(entries)]


def _article(entry: Mapping[str, Any], where: str) -> Article:
    name = text_in(entry, "id", where)
    if not _ID.fullmatch(name):
        raise BadData(
            f"{where}: `id` must be small letters, digits and hyphens, such as pay-where; it is {name!r}"
        )
    where = f"{where} ({name})"
    if unknown := entry.keys() - _KEYS:
        raise BadData(f"{where}: `{min(unknown)}` is no field of an article; there are {', '.join(sorted(_KEYS))}")
    article = Article(
        id=name,
        intents=_texts(entry, "intents", where),
        title=_by_language(entry, "title", where, LONGEST_TITLE),
        questions=_texts(entry, "questions", where, FEWEST_QUESTIONS),
        answer=_by_language(entry, "answer", where, LONGEST_ANSWER),
        source=text_in(entry, "source", where),
        checked_on=day_in(entry, "checked_on", where),
        still_right_until=day_in(entry, "still_right_until", where),
        next=_texts(entry, "next", where),
        offers=_texts(entry, "offers", where),
        tags=_texts(entry, "tags", where),
    )
    if article.still_right_until < article.checked_on:
        raise BadData(f"{where}: `still_right_until` lies before `checked_on`")
    if strange := set(article.offers) - set(OFFERS):
        raise BadData(f"{where}: `offers` has {min(strange)!r}; it can be {', '.join(OFFERS)}")
    for text in article.answer.values():
        if text.count("**") % 2 or "<" in text:
            raise BadData(f"{where}: `answer` may only have **bold** as markup, opened and closed")
    return article


def _texts(entry: Mapping[str, Any], key: str, where: str, fewest: int = 0) -> tuple[str, ...]:
    texts = entry.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(one, str) and one.strip() for one in texts):
        raise BadData(f"{where}: `{key}` must be a list of texts, none of them empty")
    if len(texts) < fewest:
        raise BadData(f"{where}: `{key}` must have at least {fewest} texts")
    return tuple(texts)


def _by_language(entry: Mapping[str, Any], key: str, where: str, longest: int) -> Mapping[str, str]:
    texts = entry.get(key)
    if not isinstance(texts, dict) or set(texts) != set(LANGUAGES):
        raise BadData(f"{where}: `{key}` must have a text in vi and one in en")
    for language in LANGUAGES:
        text = text_in(texts, language, f"{where}, {key}")
        if len(text) > longest:
            raise BadData(f"{where}: `{key}.{language}` is {len(text)} letters long; at most {longest}")
    return {language: texts[language].strip() for language in LANGUAGES}


def _dangling(articles: Mapping[str, Article]) -> list[str]:
    """Buttons that would lead nowhere; the article itself is used without them."""
    return [
        f"article {article.id}: `next` names {name!r}, and there is no such article"
        for article in articles.values()
        for name in article.next
        if name not in articles
    ]

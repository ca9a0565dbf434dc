"""Key, language and values to words: the catalogs in texts/*.po, compiled in memory; a missing key is an error."""

from __future__ import annotations

import html
import string
from collections.abc import Callable, Mapping
from functools import cache
from gettext import GNUTranslations
from importlib import resources
from io import BytesIO, StringIO
from typing import TypeAlias

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from conversations.model import LANGUAGES, Figure, Language, Moment, Span, Value, Words

# Shows a time in a language; the caller knows the clock's zone, this package does not.
ShowTime: TypeAlias = Callable[[Moment | Span, Language], str]
Catalogs: TypeAlias = Mapping[Language, GNUTranslations]

# The value that chooses between singular and plural, in every text that has both.
COUNT = "n"


class MissingText(KeyError):
    """A key that a catalog does not hold, or a value that a text wants and was not given."""


def compile_catalog(source: str) -> GNUTranslations:
    """A catalog from the text of a .po file."""
    buffer = BytesIO()
    write_mo(buffer, read_po(StringIO(source), abort_invalid=True))
    buffer.seek(0)
    return GNUTranslations(buffer)


@cache
def sources() -> Mapping[Language, str]:
    """The texts of the .po files that come with the product."""
    folder = resources.files("conversations").joinpath("texts")
    return {language: folder.joinpath(f"{language}.po").read_text("utf-8") for language in LANGUAGES}


@cache
def catalogs() -> Catalogs:
    """The catalogs that come with the product."""
    return {language: compile_catalog(source) for language, source in sources().items()}


@cache
def keys_of(language: Language) -> frozenset[str]:
    """Every key of a catalog."""
    messages = read_po(StringIO(sources()[language]))
    ids = (message.id if isinstance(message.id, str) else message.id[0] for message in messages)
    return frozenset(key for key in ids if key)


class Speaker:
    """Says words in a language: `rich` as light markup with every value escaped, `plain` for labels."""

    def __init__(self, show_time: ShowTime, catalogs: Catalogs) -> None:
        self._show_time = show_time
        self._catalogs = catalogs

    def rich(self, words: Words, language: Language) -> str:
        """HTML with only the catalog's own <b> and <i>; what people typed cannot add a tag."""
        return self._say(words, language, html_safe=True)

    def plain(self, words: Words, language: Language) -> str:
        """The words without markup."""
        return self._say(words, language, html_safe=False)

    def _say(self, words: Words, language: Language, html_safe: bool) -> str:
        template = self._template(words, language)
        if not words.values:
            return template
        values = {name: self._value(value, language, html_safe) for name, value in words.values.items()}
        try:
            return template.format_map(values)
        except KeyError as missing:
            raise MissingText(f"{words.key} ({language}) wants {missing}") from missing

    def _template(self, words: Words, language: Language) -> str:
        catalog = self._catalogs[language]
        count = words.values.get(COUNT)
        if isinstance(count, int):
            text = catalog.ngettext(words.key, words.key, count)
            text = catalog.gettext(words.key) if text == words.key else text
        else:
            text = catalog.gettext(words.key)
        if text == words.key:
            raise MissingText(f"{words.key} is not in the catalog {language!r}")
        return text

    def _value(self, value: Value, language: Language, html_safe: bool) -> str:
        match value:
            case Words():
                return self._say(value, language, html_safe)
            case Moment() | Span():
                return self._show_time(value, language)
            case Figure(n):
                return f"{n:,}".replace(",", "." if language == "vi" else ",")
            case tuple():
                parts = [self._value(one, language, html_safe) for one in value]
                lines = any(part.startswith("• ") for part in parts)
                return ("\n" if lines else ", ").join(parts)
            case str():
                return html.escape(value, quote=False) if html_safe else value
        return str(value)


def wanted_values(template: str) -> set[str]:
    """The names of the values that a text wants."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}

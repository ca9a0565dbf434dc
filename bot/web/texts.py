"""The words of the web chat's page: the catalog's `page.*` entries in both languages, as JSON for the page."""

from __future__ import annotations

import orjson

from conversations.model import LANGUAGES
from conversations.texts import catalogs, keys_of

PREFIX = "page."


def page_texts() -> str:
    """`{"vi": {key: words}, "en": …}`; `</` is broken up so that no text can end the script element."""
    texts = {
        language: {
            key.removeprefix(PREFIX): catalogs()[language].gettext(key)
            for key in sorted(keys_of(language))
            if key.startswith(PREFIX)
        }
        for language in LANGUAGES
    }
    return orjson.dumps(texts).decode().replace("</", "<\\/")

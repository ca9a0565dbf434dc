"""Text as Telegram keeps it: HTML turned into text and entities (UTF-16 units), and back for readers of a chat."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from tests.emulators.telegram.errors import bad_request
from tests.emulators.telegram.html_parser import ParseFailure, Span, parse_html
from tests.emulators.telegram.json_types import Json

TEXT_CHARACTERS = 4096
CAPTION_CHARACTERS = 1024
MAX_ENTITIES = 100

_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]"
    r"|(?<![\w@./])(?:[a-z0-9-]+\.)+(?:com|net|org|vn|me|io|dev|info)(?![\w.-]\w)(?:/[^\s<>\"']*[^\s<>\"'.,;:!?)\]])?)"
    r"|(?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<bot_command>(?<![\w/<>@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z0-9_]{3,32}(?!\w))"
    r"|(?P<hashtag>(?<![\w#])#(?=\w*[^\W\d])\w{1,256})",
    re.IGNORECASE,
)
_OPAQUE = {"code", "pre", "text_link", "text_mention"}
_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "spoiler": "tg-spoiler",
    "code": "code",
    "blockquote": "blockquote",
    "pre": "pre",
}


@dataclass(frozen=True, slots=True)
class Formatted:
    """Text as shown, and its entities as the Bot API lists them. Shared between messages: never change it."""

    text: str
    entities: tuple[Json, ...] = ()


@lru_cache(maxsize=4096)
def format_text(text: str, parse_mode: str) -> Formatted:
    """Parse by `parse_mode` ("" or "HTML"), trim, and find what Telegram itself makes touchable.

    Errors: ApiError 400 "can't parse entities: …".
    """
    if not parse_mode:
        return _finish(text, [])
    if parse_mode.upper() != "HTML":
        raise bad_request("unsupported parse_mode (this emulator knows HTML)")
    try:
        return _finish(*parse_html(text))
    except ParseFailure as failure:
        raise bad_request(f"can't parse entities: {failure}") from None


def format_with(text: str, given: list[Json]) -> Formatted:
    """The same for a call that brings its entities along instead of a parse mode."""
    spans = []
    for entity in given:
        start = _from_utf16(text, int(entity["offset"]))
        end = _from_utf16(text, int(entity["offset"]) + int(entity["length"]))
        extra = {key: value for key, value in entity.items() if key not in {"type", "offset", "length"}}
        spans.append(Span(str(entity["type"]), start, end, extra))
    return _finish(text, spans)


def utf16_length(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _from_utf16(text: str, offset: int) -> int:
    return len(text.encode("utf-16-le")[: 2 * offset].decode("utf-16-le", "ignore"))


def _finish(text: str, spans: list[Span]) -> Formatted:
    text = text.replace("\r", "")
    lead = len(text) - len(text.lstrip())
    text = text.strip()
    kept = [
        Span(span.kind, start, end, span.extra)
        for span in spans
        if (start := max(span.start - lead, 0)) < (end := min(span.end - lead, len(text)))
        and not text[start:end].isspace()
    ]
    kept.extend(_detected(text, kept))
    kept.sort(key=lambda span: (span.start, -span.end))
    return Formatted(text, tuple(_as_json(text, span) for span in _merged(kept)[:MAX_ENTITIES]))


def _detected(text: str, taken: list[Span]) -> Iterator[Span]:
    opaque = [span for span in taken if span.kind in _OPAQUE]
    for match in _FOUND.finditer(text):
        start, end = match.span()
        if not any(span.start < end and start < span.end for span in opaque):
            yield Span(str(match.lastgroup), start, end, {})


def _merged(spans: list[Span]) -> list[Span]:
    """Join touching spans of one style, as the server does."""
    joined: list[Span] = []
    for span in spans:
        before = next((other for other in reversed(joined) if other.kind == span.kind), None)
        if before and before.end == span.start and span.kind in {"bold", "italic", "underline", "strikethrough"}:
            joined[joined.index(before)] = Span(span.kind, before.start, span.end, span.extra)
        else:
            joined.append(span)
    return joined


def _as_json(text: str, span: Span) -> Json:
    offset = utf16_length(text[: span.start])
    length = utf16_length(text[span.start : span.end])
    extra = {} if span.kind == "code" else span.extra  # a language counts only inside <pre>
    return {"type": span.kind, "offset": offset, "length": length, **extra}


def to_html(text: str, entities: tuple[Json, ...]) -> str:
    """The text with its visible formatting written as HTML again."""
    opening: dict[int, list[str]] = {}
    closing: dict[int, list[str]] = {}
    for entity in entities:
        if entity["type"] not in _TAGS and entity["type"] != "text_link":
            continue
        start = _from_utf16(text, entity["offset"])
        end = _from_utf16(text, entity["offset"] + entity["length"])
        tag = _TAGS.get(entity["type"], "a")
        attribute = f' href="{escape(entity["url"])}"' if tag == "a" else ""
        opening.setdefault(start, []).append(f"<{tag}{attribute}>")
        closing.setdefault(end, []).insert(0, f"</{tag}>")
    pieces = []
    for index in range(len(text) + 1):
        pieces += closing.get(index, []) + opening.get(index, [])
        pieces.append(escape(text[index : index + 1], quote=False))
    return "".join(pieces)

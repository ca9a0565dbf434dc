"""Telegram's HTML, read as strictly as the server reads it and refused in its words."""

import re
from dataclasses import dataclass, field

from tests.emulators.telegram.json_types import Json

_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(r"<(/?)([^\s>]*)")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>/"']+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9.-]+)(?=[\s>])))?""")
_REFERENCE = re.compile(r"&(?:#([0-9]{1,8})|#[xX]([0-9a-fA-F]{1,6})|(lt|gt|amp|quot));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class ParseFailure(Exception):
    """Why the text cannot be parsed."""


@dataclass(frozen=True, slots=True)
class Span:
    """A formatted stretch; `start` and `end` count characters of the text."""

    kind: str
    start: int
    end: int
    extra: Json


@dataclass(slots=True)
class _Open:
    tag: str
    start: int
    attributes: dict[str, str] = field(default_factory=dict)


def parse_html(html: str) -> tuple[str, list[Span]]:
    """Text without tags, and its spans. Errors: ParseFailure."""
    text: list[str] = []
    length = 0
    spans: list[Span] = []
    nested: list[_Open] = []
    position = 0
    while (tag := _TAG.search(html, position)) is not None:
        plain = unescape(html[position : tag.start()])
        text.append(plain)
        length += len(plain)
        closes = bool(tag[1])
        position = _close(html, tag, nested, "".join(text), spans) if closes else _open(html, tag, nested, length)
    text.append(unescape(html[position:]))
    if nested:
        raise ParseFailure(f'Can\'t find end tag corresponding to start tag "{nested[-1].tag}"')
    return "".join(text), spans


def unescape(text: str) -> str:
    """Replace the four named and all numeric references; anything else stays as written."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]


def _byte_offset(html: str, position: int) -> int:
    return len(html[:position].encode())


def _open(html: str, tag: re.Match[str], nested: list[_Open], length: int) -> int:
    name, at = tag[2].lower(), _byte_offset(html, tag.start())
    if tag.end() >= len(html):
        raise ParseFailure(f"Unclosed start tag at byte offset {at}")
    if name not in _KINDS:
        raise ParseFailure(f'Unsupported start tag "{name}" at byte offset {at}')
    opened = _Open(name, length)
    position = _read_attributes(html, tag.end(), opened, at)
    if name == "span" and opened.attributes.get("class") != "tg-spoiler":
        raise ParseFailure(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
    nested.append(opened)
    return position


def _read_attributes(html: str, position: int, opened: _Open, at: int) -> int:
    while True:
        while html[position : position + 1].isspace():
            position += 1
        if position >= len(html):
            raise ParseFailure(f'Unclosed start tag "{opened.tag}" at byte offset {at}')
        if html[position] == ">":
            return position + 1
        found = _ATTRIBUTE.match(html, position)
        if found is None:
            raise ParseFailure(f'Empty attribute name in the tag "{opened.tag}" at byte offset {at}')
        value = next((group for group in found.groups()[1:] if group is not None), "")
        opened.attributes[found[1].lower()] = unescape(value)
        position = found.end()


def _close(html: str, tag: re.Match[str], nested: list[_Open], text: str, spans: list[Span]) -> int:
    at = _byte_offset(html, tag.start())
    if not nested:
        raise ParseFailure(f"Unexpected end tag at byte offset {at}")
    end = tag.end()
    while html[end : end + 1].isspace():
        end += 1
    if html[end : end + 1] != ">":
        raise ParseFailure(f"Unclosed end tag at byte offset {at}")
    opened, name = nested[-1], tag[2].lower()
    if name and name != opened.tag:
        raise ParseFailure(f'Unmatched end tag at byte offset {at}, expected "</{opened.tag}>", found "</{name}>"')
    nested.pop()
    if len(text) > opened.start:
        _add(opened, text, spans)
    return end + 1


def _add(opened: _Open, text: str, spans: list[Span]) -> None:
    kind, extra, start, end = _KINDS[opened.tag], Json(), opened.start, len(text)
    if kind == "text_link":
        url = opened.attributes.get("href") or text[start:]
        if not re.match(r"(https?|tg|mailto|tel)(://|:)|[\w-]+(\.[\w-]+)+", url):
            return
        extra = {"url": url if ":" in url else f"http://{url}/"}
    elif kind == "custom_emoji":
        extra = {"custom_emoji_id": opened.attributes.get("emoji-id", "")}
    elif kind == "blockquote" and "expandable" in opened.attributes:
        kind = "expandable_blockquote"
    elif kind == "pre" and spans and spans[-1].kind == "code" and (spans[-1].start, spans[-1].end) == (start, end):
        extra = spans.pop().extra
    elif kind == "code":
        language = opened.attributes.get("class", "")
        extra = {"language": language[9:]} if language.startswith("language-") else {}
    spans.append(Span(kind, start, end, extra))

"""From a reply that knows no language to a message as one customer reads it, in local time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

from conversations.model import Language, Moment, Reply, Span, Words
from conversations.texts import Catalogs, Speaker
from handlers import pictures
from handlers.ports import Limits, Outgoing, OutgoingButton

# The paragraph that tells which of the customer's own places a message is about.
PLACES = "incident.places"


class Clock:
    """Shows times on the utility's own clock, whatever zone the process runs in."""

    def __init__(self, zone: ZoneInfo, catalogs: Catalogs) -> None:
        self.zone = zone
        self._words = Speaker(self.show, catalogs)
        # A broadcast shows the same few times to everyone.
        self._shown = lru_cache(maxsize=4096)(self._show)

    def show(self, value: Moment | Span, language: Language) -> str:
        """A moment or a span in words of the language."""
        return self._shown(value, language)

    def _show(self, value: Moment | Span, language: Language) -> str:
        if isinstance(value, Span):
            return self._span(value, language)
        at = self._local(value.at)
        if value.style == "time":
            return f"{at:%H:%M}"
        if value.style == "day":
            return _day(at, language)
        if value.style == "date":
            return format_date(at, "d/M/y" if language == "vi" else "d MMM y", locale=language)
        return self._say("time.full", language, time=f"{at:%H:%M}", day=_day(at, language))

    def _span(self, span: Span, language: Language) -> str:
        start = self._local(span.start)
        values = {"start": f"{start:%H:%M}", "day": _day(start, language)}
        if span.end is None:
            return self._say("time.span_open", language, **values)
        end = self._local(span.end)
        if end.date() == start.date():
            return self._say("time.span_one_day", language, **values, end=f"{end:%H:%M}")
        if end == _midnight_after(start):
            # The end of a day is 24:00 of that day; 00:00 of the next reads as if it lasted a day longer.
            return self._say("time.span_one_day", language, **values, end="24:00")
        return self._say("time.span", language, **values, end=f"{end:%H:%M}", last_day=_day(end, language))

    def _say(self, key: str, language: Language, **values: str) -> str:
        return self._words.plain(Words(key, values), language)

    def _local(self, at: str) -> datetime:
        return datetime.fromisoformat(at).astimezone(self.zone)


def _midnight_after(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _day(at: datetime, language: Language) -> str:
    pattern = "EEEE d/M/y" if language == "vi" else "EEE d MMM y"
    shown = format_date(at, pattern, locale=language)
    # Within a Vietnamese sentence it is "thứ Hai" but "chủ nhật"; English writes its days with a capital anywhere.
    return (shown[0].lower() + shown[1:]).replace("chủ Nhật", "chủ nhật") if language == "vi" else shown


def render(reply: Reply, language: Language, speaker: Speaker, places: tuple[str, ...] = ()) -> Outgoing:
    """The message in the customer's language; `places` are the labels of theirs that it is about.

    Its picture is passed on as it is, to be drawn by whoever can wait for it.
    """
    paragraphs = [speaker.rich(words, language) for words in _with_places(reply.words, places)]
    buttons = tuple(
        OutgoingButton(speaker.plain(button.words, language), button.value, button.nav) for button in reply.buttons
    )
    label = speaker.plain(Words(f"ask.{reply.ask}"), language) if reply.ask else ""
    message = Outgoing("\n\n".join(paragraphs), buttons, ask=reply.ask, ask_label=label)
    if reply.picture is None:
        return message
    try:
        alt = speaker.plain(pictures.alt(reply.picture), language)
    except ValueError:
        # A picture of another version of the service: its text says everything too.
        return message
    return replace(message, picture=reply.picture, alt=alt)


def _with_places(paragraphs: tuple[Words, ...], places: tuple[str, ...]) -> list[Words]:
    """Fill the paragraph about the customer's own places in, or leave it out when there are none."""
    filled = []
    for words in paragraphs:
        if words.key == PLACES and not words.values:
            if places:
                filled.append(Words(PLACES, {"places": places}))
        else:
            filled.append(words)
    return filled


def fit(message: Outgoing, limits: Limits) -> tuple[Outgoing, ...]:
    """The message in as many parts as the channel's limits take: the first has the picture, the last the buttons.

    Where a channel has fewer buttons than the message, they become a numbered list, which is understood
    when a number is typed.
    """
    text, buttons = message.text, message.buttons
    if len(buttons) > limits.buttons:
        numbered = "\n".join(f"{n}. {_escape(button.label)}" for n, button in enumerate(buttons, 1))
        text, buttons = f"{text}\n\n{numbered}", ()
    *first, last = split(text, limits.text)
    edits = message.edits if limits.edit and not first else None
    picture = message.picture if limits.images else None
    parts = [replace(message, text=last, buttons=buttons, edits=edits, picture=None, alt="")]
    parts = [*(Outgoing(part) for part in first), *parts]
    return (replace(parts[0], picture=picture, alt=message.alt if picture else ""), *parts[1:])


def split(text: str, longest: int) -> list[str]:
    """Cut a text into parts of at most `longest` characters, at paragraphs, else lines, else words."""
    for separator in ("\n\n", "\n", " "):
        parts = _pack(text.split(separator), separator, longest)
        if all(len(part) <= longest for part in parts):
            return parts
    return [text[at : at + longest] for at in range(0, len(text), longest)]


def _pack(pieces: list[str], separator: str, longest: int) -> list[str]:
    packed = [pieces[0]]
    for piece in pieces[1:]:
        if len(packed[-1]) + len(separator) + len(piece) <= longest:
            packed[-1] += separator + piece
        else:
            packed.append(piece)
    return packed


def _escape(label: str) -> str:
    return label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

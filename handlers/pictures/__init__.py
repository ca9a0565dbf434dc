"""Pictures that go with replies: drawn as PNG when they are sent or shown, in the reader's language."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from conversations.model import Language, Moment, Picture, Words
from conversations.texts import Speaker
from handlers.pictures.week import paint
from handlers.pictures.week_data import read_week
from handlers.pictures.week_layout import Layout

KIND_WEEK = "week"


def draw(picture: Picture, language: Language, speaker: Speaker, zone: ZoneInfo) -> bytes:
    """The picture as PNG; the same for the same arguments. Raises ValueError for data that is none of ours.

    It takes some 50 ms of computing: call it in a thread.
    """
    return paint(_laid_out(picture, language, speaker, zone))


def size(picture: Picture, language: Language, speaker: Speaker, zone: ZoneInfo) -> tuple[int, int]:
    """Width and height of what `draw` gives, in pixels, without drawing it. Raises ValueError."""
    return _laid_out(picture, language, speaker, zone).size


def alt(picture: Picture) -> Words:
    """What to say to those who cannot see the picture. Raises ValueError."""
    match picture:
        case Picture("week", {"now": str(now)}):
            return Words("picture.week", {"day": Moment(now, "day")})
    raise ValueError(f"no such picture: {picture.kind!r}")


def _laid_out(picture: Picture, language: Language, speaker: Speaker, zone: ZoneInfo) -> Layout:
    if picture.kind != KIND_WEEK:
        raise ValueError(f"no such picture: {picture.kind!r}")
    return Layout(read_week(picture.data, language, speaker, zone), language, speaker)

"""Pictures that go with replies: drawn as PNG when they are sent or shown, in the reader's language."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from conversations.model import Language, Moment, Picture, Words
from conversations.texts import Speaker
from conversations.wire import words_from_json
from handlers.pictures import progress, week
from handlers.pictures.progress import Progress
from handlers.pictures.week_data import read_week
from handlers.pictures.week_layout import Layout

KIND_WEEK, KIND_PROGRESS = "week", "progress"


def draw(picture: Picture, language: Language, speaker: Speaker, zone: ZoneInfo) -> bytes:
    """The picture as PNG; the same for the same arguments. Raises ValueError for data that is none of ours.

    It takes some 50 ms of computing: call it in a thread.
    """
    laid_out = _laid_out(picture, language, speaker, zone)
    return week.paint(laid_out) if isinstance(laid_out, Layout) else progress.paint(laid_out)


def size(picture: Picture, language: Language, speaker: Speaker, zone: ZoneInfo) -> tuple[int, int]:
    """Width and height of what `draw` gives, in pixels, without drawing it. Raises ValueError."""
    return _laid_out(picture, language, speaker, zone).size


def alt(picture: Picture) -> Words:
    """What to say to those who cannot see the picture. Raises ValueError."""
    match picture:
        case Picture("week", {"now": str(now)}):
            return Words("picture.week", {"day": Moment(now, "day")})
        case Picture("progress", {"code": str(code), "state": dict(state)}) if "say" in state:
            return Words("picture.progress", {"code": code, "state": words_from_json(state)})
    raise ValueError(f"no such picture: {picture.kind!r}")


def _laid_out(picture: Picture, language: Language, speaker: Speaker, zone: ZoneInfo) -> Layout | Progress:
    match picture.kind:
        case "week":
            return Layout(read_week(picture.data, language, speaker, zone), language, speaker)
        case "progress":
            return Progress(picture.data, language, speaker, zone)
    raise ValueError(f"no such picture: {picture.kind!r}")

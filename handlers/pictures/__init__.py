"""Pictures that go with replies: drawn as PNG when they are sent or shown, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol
from zoneinfo import ZoneInfo

from conversations.model import Json, Language, Moment, Picture, Words
from conversations.texts import Speaker
from conversations.wire import words_from_json
from handlers.pictures.bill import BillPicture, read_bill
from handlers.pictures.months import MonthsPicture, read_months
from handlers.pictures.progress import Progress
from handlers.pictures.week import WeekPicture
from handlers.pictures.week_data import read_week
from handlers.pictures.week_layout import Layout

KIND_WEEK, KIND_PROGRESS = "week", "progress"


class Laid(Protocol):
    """A picture of which all is known but that is not drawn yet."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""

    def png(self) -> bytes:
        """The picture as PNG."""


# How a kind of picture is laid out from its data. Raises ValueError for data that is none of its own.
LAY_OUT: Mapping[str, Callable[[Json, Language, Speaker, ZoneInfo], Laid]] = {
    KIND_WEEK: lambda data, language, speaker, zone: WeekPicture(
        Layout(read_week(data, language, speaker, zone), language, speaker)
    ),
    KIND_PROGRESS: Progress,
    "bill": lambda data, language, speaker, zone: BillPicture(read_bill(data), language, speaker),
    "months": lambda data, language, speaker, zone: MonthsPicture(read_months(data), language, speaker),
}


def draw(picture: Picture, language: Language, speaker: Speaker, zone: ZoneInfo) -> bytes:
    """The picture as PNG; the same for the same arguments. Raises ValueError for data that is none of ours.

    It takes some 50 ms of computing: call it in a thread.
    """
    return _laid_out(picture, language, speaker, zone).png()


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
        case Picture("bill" | "months" as kind):
            return Words(f"picture.{kind}")
    raise ValueError(f"no such picture: {picture.kind!r}")


def _laid_out(picture: Picture, language: Language, speaker: Speaker, zone: ZoneInfo) -> Laid:
    if picture.kind not in LAY_OUT:
        raise ValueError(f"no such picture: {picture.kind!r}")
    return LAY_OUT[picture.kind](picture.data, language, speaker, zone)

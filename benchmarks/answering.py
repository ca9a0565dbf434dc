"""Two things that an answer may hold, a ward found and a week drawn, against what the libraries alone need."""

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image
from rapidfuzz import process

from benchmarks.measuring import Figures, Table, verdict
from conversations.model import Picture
from handlers.pictures import draw
from handlers.pictures.week_data import MOST_ROWS
from handlers.talking import Talking, talking

ROUNDS, QUICK_ROUNDS = 50, 5
BAR_WARD, BAR_PICTURE = 0.5, 2.0
TYPED = (
    "12 nguyen trai p ben thanh q1",
    "ben thnah",
    "go vap",
    "toi o duogn le loi phuogn bne thanh quan mot",
    "p5",
)


def measure(*, quick: bool) -> Table:
    """Each pair takes turns, so that both meet the same machine. quick: fewer rounds."""
    rounds, parts = QUICK_ROUNDS if quick else ROUNDS, talking()
    names = [ward.name for ward in parts.wards.wards]
    picture = _full_week()
    finished = Image.open(BytesIO(_drawn(picture, parts)))
    finished.load()
    ward = _take_turns(
        rounds,
        ("a ward found, five ways of typing it", lambda: [parts.wards.find(text) for text in TYPED]),
        ("the names compared by rapidfuzz alone", lambda: [process.extract(text, names) for text in TYPED]),
    )
    week = _take_turns(
        rounds,
        ("a full week drawn", lambda: _drawn(picture, parts)),
        ("the finished picture written by Pillow", lambda: finished.save(BytesIO(), "PNG")),
    )
    rows = [[one.name, one.shown, f"{one.median / pair[1].median:.2f}"] for pair in (ward, week) for one in pair]
    return Table(
        "What an answer holds",
        ("work", "microseconds", "x the library alone"),
        rows,
        (
            f"{rounds} rounds in turns: medians, ranges. rapidfuzz alone knows no kinds, districts or old names.",
            "",
            f"A ward: at most {BAR_WARD} times: {_judged(ward, BAR_WARD)}.",
            f"A picture: at most {BAR_PICTURE} times: {_judged(week, BAR_PICTURE)}.",
        ),
    )


def _take_turns(rounds: int, *contenders: tuple[str, Callable[[], object]]) -> list[Figures]:
    figures = [Figures(name) for name, _ in contenders]
    for _ in range(rounds):
        for figure, (_, work) in zip(figures, contenders, strict=True):
            began = time.perf_counter()
            work()
            figure.values.append((time.perf_counter() - began) * 1e6)
    return figures


def _judged(pair: list[Figures], bar: float) -> str:
    return verdict(pair[0].median / pair[1].median, bar, most=True)


def _drawn(picture: Picture, parts: Talking) -> bytes:
    return draw(picture, "vi", parts.speaker, parts.zone)


def _full_week() -> Picture:
    """As many places as a picture holds, each without power on each day of the week."""
    days: list[Any] = [f"2026-11-{day}" for day in range(23, 30)]
    times = [{"start": f"{day}T01:00:00+00:00", "end": f"{day}T09:30:00+00:00"} for day in days]
    bars: list[dict[str, Any]] = [{**one, "kind": "planned", "state": "on"} for one in times]
    rows: list[Any] = [{"label": f"Nơi {number}", "bars": bars} for number in range(MOST_ROWS)]
    return Picture("week", {"days": days, "now": f"{days[0]}T07:05:00+00:00", "rows": rows})

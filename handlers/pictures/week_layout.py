"""Where everything of a picture of a week is on the paper: rows, lanes, times and the legend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date

from conversations.model import Language, Moment, Span, Value, Words
from conversations.texts import Speaker
from handlers.pictures.drawing import drawable, fitted, font, lines_of
from handlers.pictures.week_data import CALLED_OFF, Bar, Row, Shown

WIDTH, MARGIN = 1080, 22
# Eight places with all of it are still within what Telegram takes: width and height of 10,000 pixels together.
MOST_LANES, MOST_LINES_A_DAY, MOST_LATER = 4, 10, 3
# A quarter of an hour would be one and a half pixels; this can still be seen.
NARROWEST = 12
# How far a bar without an end goes on beyond now, fading.
FADES_FOR = timedelta(hours=9)
BAND_HEIGHT, LEGEND_LINE, DAYS_HEIGHT = 138, 50, 132
LANE, LANE_GAP, TIMES_LINE, TIMES_GAP, AFTER_ROW = 46, 6, 37, 12, 22
LABEL_SIZE, LABEL_LINE, LABEL_PAD = 36, 44, 12
MORE_LINE, FOOT = 56, 14
# The signs of the legend, and the space after them and after each entry.
SIGN, SIGN_GAP, ENTRY_GAP = 52, 14, 34
LEGEND_SIZE = 30


@dataclass(frozen=True)
class Times:
    """What stands under a day about one window."""

    lines: tuple[str, ...]
    bar: Bar


@dataclass(frozen=True)
class Placed:
    """A row with its place on the paper: its top, the lines of its label, the bars by lane, the times by day.

    later: sentences about windows after the week.
    """

    row: Row
    top: int
    label: tuple[str, ...]
    lanes: tuple[tuple[Bar, ...], ...]
    times: tuple[tuple[Times, ...], ...]
    later: tuple[str, ...]

    @property
    def strip(self) -> tuple[int, int]:
        """Top and bottom of the band with the bars."""
        top = self.top + LABEL_LINE * len(self.label) + LABEL_PAD
        return top, top + max(1, len(self.lanes)) * (LANE + LANE_GAP) + LANE_GAP

    @property
    def times_bottom(self) -> int:
        """Where the times end that stand under the band."""
        tallest = max((sum(map(height_of, day)) for day in self.times), default=0)
        return self.strip[1] + (TIMES_GAP + tallest if tallest else 0)

    @property
    def bottom(self) -> int:
        return self.times_bottom + TIMES_LINE * len(self.later) + AFTER_ROW


def height_of(times: Times) -> int:
    """How much height the times of one window take."""
    return TIMES_LINE * len(times.lines) + TIMES_GAP


class Layout:
    """Where everything is, in pixels; the size is known before anything is drawn."""

    def __init__(self, shown: Shown, language: Language, speaker: Speaker) -> None:
        self.shown, self._language, self._speaker = shown, language, speaker
        self.column = (WIDTH - 2 * MARGIN) / len(shown.days)
        self.legend = self._legend_lines()
        self.grid_top = BAND_HEIGHT + LEGEND_LINE * len(self.legend) + 24 + DAYS_HEIGHT
        self.rows: list[Placed] = []
        top = self.grid_top
        for row in shown.rows:
            self.rows.append(self._place(row, top))
            top = self.rows[-1].bottom
        self.size = (WIDTH, top + (MORE_LINE if shown.more else 0) + FOOT)

    def _place(self, row: Row, top: int) -> Placed:
        shown = self.shown
        within = [one for one in row.bars if one.start < shown.ends and self._until(one) > shown.begins]
        days: list[list[Times]] = [[] for _ in shown.days]
        for one in within:
            day = max(0, (one.start.date() - shown.days[0]).days)
            days[day].append(Times(self._times(one), one))
        later = [one for one in row.bars if one.start >= shown.ends][:MOST_LATER]
        return Placed(
            row=row,
            top=top,
            label=self._label(row.label),
            lanes=self._lanes(within),
            times=tuple(self._cut(day) for day in days),
            later=tuple(map(self._later, later)),
        )

    def _label(self, label: str) -> tuple[str, ...]:
        face, room = font(LABEL_SIZE, bold=True), WIDTH - 2 * MARGIN
        first, *more = lines_of(label, face, room)
        return (first, fitted(" ".join(more), face, room)) if more else (first,)

    def _lanes(self, bars: list[Bar]) -> tuple[tuple[Bar, ...], ...]:
        """Bars that overlap lie under each other; beyond the most lanes they share the last one."""
        lanes: list[list[Bar]] = []
        for one in bars:
            begins = self.x(one.start)
            free = next((lane for lane in lanes if self.right(lane[-1]) + 3 <= begins), None)
            if free is None and len(lanes) < MOST_LANES:
                free = []
                lanes.append(free)
            (lanes[-1] if free is None else free).append(one)
        return tuple(map(tuple, lanes))

    def _cut(self, day: list[Times]) -> tuple[Times, ...]:
        """The times that a day has room for, the rest of its windows as a number."""
        if sum(len(one.lines) for one in day) <= MOST_LINES_A_DAY:
            return tuple(day)
        kept: list[Times] = []
        for one in day:
            if sum(len(other.lines) for other in (*kept, one)) >= MOST_LINES_A_DAY:
                break
            kept.append(one)
        return (*kept, Times((f"+{len(day) - len(kept)}",), day[len(kept)].bar))

    def _times(self, one: Bar) -> tuple[str, ...]:
        shown, lines = self.shown, []
        if one.start < shown.begins:
            lines.append(f"({self.short_date(one.start.date())})")
        lines.append(f"{'⚡' if one.incident else ''}{one.start:%H:%M}")
        if one.end is None:
            lines.append("–?")
        elif one.end == _midnight_after(one.start):
            lines.append("–24:00")
        else:
            lines.append(f"–{one.end:%H:%M}")
            if one.end.date() != one.start.date():
                within = one.end < shown.ends
                lines.append(f"({self.weekday(one.end.date()) if within else self.short_date(one.end.date())})")
        if one.state in ("moved", *CALLED_OFF):
            lines.append(self.say(f"picture.tag.{one.state}"))
        return tuple(lines)

    def _later(self, one: Bar) -> str:
        span = Span(one.start.isoformat(), one.end.isoformat() if one.end else None)
        return drawable(self._speaker.plain(Words("picture.later", {"span": span}), self._language))

    def _legend_lines(self) -> list[list[tuple[str, str]]]:
        """What the signs mean, as (sign, words), in as many lines as it takes; rare ones only where they occur."""
        bars = [one for row in self.shown.rows for one in row.bars]
        entries = [(look, self.say(f"picture.{look}")) for look in ("planned", "incident")]
        if any(one.state in CALLED_OFF for one in bars):
            entries.append(("cancelled", self.say("picture.called_off")))
        entries.append(("now", self.say("picture.now", at=Moment(self.shown.now.isoformat(), "time"))))
        if any(one.end is None for one in bars):
            entries.append(("?", self.say("picture.no_end")))
        lines: list[list[tuple[str, str]]] = [[]]
        x = MARGIN
        for sign, words in entries:
            width = round(sign_width(sign) + SIGN_GAP + font(LEGEND_SIZE).getlength(words) + ENTRY_GAP)
            if x + width - ENTRY_GAP > WIDTH - MARGIN and lines[-1]:
                lines.append([])
                x = MARGIN
            lines[-1].append((sign, words))
            x += width
        return lines

    def _until(self, one: Bar) -> datetime:
        return one.end or max(one.start, self.shown.now) + FADES_FOR

    def x(self, at: datetime) -> float:
        """Where a time lies from left to right; what is outside of the week, at its edge."""
        days = (at - self.shown.begins) / timedelta(days=1)
        return MARGIN + min(max(days, 0.0), float(len(self.shown.days))) * self.column

    def right(self, one: Bar) -> float:
        return max(self.x(self._until(one)), self.x(one.start) + NARROWEST)

    def say(self, key: str, **values: Value) -> str:
        """A text of the catalog as it can be drawn."""
        return drawable(self._speaker.plain(Words(key, values), self._language))

    def weekday(self, day: date) -> str:
        """The shortest name of a day of the week."""
        return format_date(day, "EEEEE" if self._language == "vi" else "EEE", locale=self._language)

    def short_date(self, day: date) -> str:
        """Day and month; English names the month, since 5/6 is June to some and May to others."""
        return format_date(day, "d/M" if self._language == "vi" else "d MMM", locale=self._language)


def sign_width(sign: str) -> int:
    """How wide a sign of the legend is."""
    return {"now": 6, "?": 18}.get(sign, SIGN)


def _midnight_after(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

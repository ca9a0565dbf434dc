"""The week at a customer's places: a column for each day, a row for each place, a bar for each outage."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

from conversations.model import Moment
from handlers.pictures import drawing
from handlers.pictures.drawing import bar, fading, fitted, font
from handlers.pictures.week_data import CALLED_OFF, Bar
from handlers.pictures.week_layout import (
    BAND_HEIGHT,
    DAYS_HEIGHT,
    ENTRY_GAP,
    FOOT,
    LABEL_LINE,
    LABEL_SIZE,
    LANE,
    LANE_GAP,
    LEGEND_LINE,
    LEGEND_SIZE,
    MARGIN,
    SIGN,
    SIGN_GAP,
    TIMES_GAP,
    TIMES_LINE,
    WIDTH,
    Layout,
    Placed,
    Times,
    height_of,
    sign_width,
)

BRAND_NAME = "Sáng Đèn"
HOURS = (6, 12, 18)


def paint(layout: Layout) -> bytes:
    """The picture as PNG."""
    return _Painter(layout).png()


class WeekPicture:
    """A week that is laid out and not drawn yet."""

    def __init__(self, layout: Layout) -> None:
        self.size = layout.size
        self._layout = layout

    def png(self) -> bytes:
        """The picture as PNG."""
        return paint(self._layout)


class _Painter:
    """Draws what the layout says, from top to bottom."""

    def __init__(self, layout: Layout) -> None:
        self._at = layout
        self._paper = Image.new("RGB", layout.size, drawing.PAPER)
        self._pen = ImageDraw.Draw(self._paper)

    def png(self) -> bytes:
        self._band()
        self._legend()
        self._days()
        for number, placed in enumerate(self._at.rows):
            if number:
                self._pen.line((MARGIN, placed.top, WIDTH - MARGIN, placed.top), fill=drawing.LINE, width=2)
            self._row(placed)
        if self._at.shown.more:
            words = self._at.say("picture.more", n=self._at.shown.more)
            self._pen.text((MARGIN, self._at.size[1] - FOOT - 10), words, drawing.MUTED, font(32), anchor="ls")
        kept = BytesIO()
        # A higher level takes twice the time for a tenth of the bytes.
        self._paper.save(kept, "PNG", compress_level=3)
        return kept.getvalue()

    def _band(self) -> None:
        at, pen = self._at, self._pen
        pen.rectangle((0, 0, WIDTH, BAND_HEIGHT), fill=drawing.BRAND)
        brand = font(34, bold=True)
        pen.text((WIDTH - MARGIN, 64), BRAND_NAME, drawing.LAMP, brand, anchor="rs")
        room = WIDTH - 2 * MARGIN - brand.getlength(BRAND_NAME) - 24
        title = font(46, bold=True)
        pen.text((MARGIN, 64), fitted(at.say("picture.title"), title, room), drawing.PAPER, title, anchor="ls")
        as_of = at.say("picture.as_of", as_of=Moment(at.shown.now.isoformat()))
        pen.text((MARGIN, 114), as_of, "#dbe8f7", font(32), anchor="ls")

    def _legend(self) -> None:
        for number, line in enumerate(self._at.legend):
            x, middle = float(MARGIN), BAND_HEIGHT + 14 + LEGEND_LINE * number + LEGEND_LINE // 2
            for sign, words in line:
                self._sign(sign, round(x), middle)
                x += sign_width(sign) + SIGN_GAP
                self._pen.text((x, middle), words, drawing.INK, font(LEGEND_SIZE), anchor="lm")
                x += font(LEGEND_SIZE).getlength(words) + ENTRY_GAP

    def _sign(self, sign: str, x: int, middle: int) -> None:
        if sign == "now":
            self._pen.rectangle((x, middle - 16, x + 5, middle + 16), fill=drawing.NOW)
        elif sign == "?":
            self._pen.text((x, middle), sign, drawing.INCIDENT, font(34, bold=True), anchor="lm")
        else:
            swatch = bar(sign, SIGN, 30)
            self._paper.paste(swatch, (x, middle - 15), swatch)

    def _days(self) -> None:
        """The names of the days, today's on a ground of its own, and the hours under them."""
        at, pen = self._at, self._pen
        top = at.grid_top - DAYS_HEIGHT
        for number, day in enumerate(at.shown.days):
            left = MARGIN + number * at.column
            middle = left + at.column / 2
            if day == at.shown.now.date():
                pen.rectangle((left, top, left + at.column, at.grid_top - 36), fill=drawing.TODAY)
            pen.text((middle, top + 40), at.weekday(day), drawing.INK, font(36, bold=True), anchor="ms")
            pen.text((middle, top + 82), at.short_date(day), drawing.INK, font(32), anchor="ms")
            for hour in HOURS:
                pen.text(
                    (left + at.column * hour / 24, at.grid_top - 8),
                    str(hour),
                    drawing.MUTED,
                    font(22),
                    anchor="ms",
                )
        for number in range(len(at.shown.days) + 1):
            x = MARGIN + number * at.column
            pen.line((x, top, x, at.grid_top), fill=drawing.LINE, width=2)
        pen.line((MARGIN, at.grid_top, WIDTH - MARGIN, at.grid_top), fill=drawing.LINE, width=2)

    def _row(self, placed: Placed) -> None:
        for number, line in enumerate(placed.label, 1):
            baseline = placed.top + LABEL_LINE * number - 3
            self._pen.text((MARGIN, baseline), line, drawing.INK, font(LABEL_SIZE, bold=True), anchor="ls")
        self._strip(placed)
        for number, lane in enumerate(placed.lanes):
            for one in lane:
                self._bar(one, placed.strip[0] + LANE_GAP + number * (LANE + LANE_GAP))
        if not placed.row.bars:
            middle = (WIDTH / 2, sum(placed.strip) / 2)
            self._pen.text(middle, self._at.say("picture.none"), drawing.GOOD, font(32), anchor="mm")
        for number, day in enumerate(placed.times):
            self._times(day, MARGIN + (number + 0.5) * self._at.column, placed.strip[1] + TIMES_GAP)
        for number, line in enumerate(placed.later, 1):
            words = fitted(line, font(30), WIDTH - 2 * MARGIN)
            baseline = placed.times_bottom + TIMES_LINE * number - 4
            self._pen.text((MARGIN, baseline), words, drawing.INK, font(30), anchor="ls")

    def _strip(self, placed: Placed) -> None:
        """The ground of the bars: what is past is darker, lines for days and hours, and one for now."""
        at, pen, (top, bottom) = self._at, self._pen, placed.strip
        now = at.x(at.shown.now)
        pen.rectangle((MARGIN, top, WIDTH - MARGIN, bottom), fill=drawing.BAND)
        pen.rectangle((MARGIN, top, max(MARGIN, now), bottom), fill=drawing.PAST)
        for quarter in range(4 * len(at.shown.days) + 1):
            x = MARGIN + quarter * at.column / 4
            whole = quarter % 4 == 0
            pen.line((x, top, x, bottom), fill=drawing.LINE if whole else drawing.GRID, width=2)
        if at.shown.begins <= at.shown.now < at.shown.ends:
            pen.rectangle((now - 2, top - 6, now + 2, bottom + 6), fill=drawing.NOW)

    def _bar(self, one: Bar, top: int) -> None:
        at = self._at
        left, right = round(at.x(one.start)), round(at.right(one))
        image = bar(one.look, max(right - left, 2), LANE)
        if one.end is None and one.state not in CALLED_OFF:
            image = fading(image, round(max(0.0, at.x(max(one.start, at.shown.now)) - left)))
        self._paper.paste(image, (left, top), image)
        if one.end is None and right < WIDTH - MARGIN:
            colour = drawing.INCIDENT if one.incident else drawing.PLANNED
            self._pen.text((right + 3, top + LANE / 2), "?", colour, font(34, bold=True), anchor="mm")

    def _times(self, day: tuple[Times, ...], middle: float, top: float) -> None:
        """Start and end of each window of a day, those called off struck out."""
        for one in day:
            for number, line in enumerate(one.lines):
                self._time(one.bar, line, middle, top + 28 + TIMES_LINE * number)
            top += height_of(one)

    def _time(self, one: Bar, line: str, middle: float, baseline: float) -> None:
        off = one.state in CALLED_OFF
        colour = drawing.DEAD if off else drawing.INCIDENT if one.incident else drawing.PLANNED
        size, bold = 30, one.incident and not off
        while size > 20 and font(size, bold).getlength(line) > self._at.column - 6:
            size -= 2
        self._pen.text((middle, baseline), line, colour, font(size, bold), anchor="ms")
        if off and line[-1].isdigit():
            half = font(size, bold).getlength(line) / 2 + 2
            self._pen.line((middle - half, baseline - 11, middle + half, baseline - 11), colour, 3)

"""A sheet of paper for pictures about bills: the band at its top, texts fitted to it, and the colours of tiers."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

from conversations.model import Language, Value, Words
from conversations.texts import Speaker
from handlers.pictures import drawing
from handlers.pictures.drawing import drawable, fitted, font

WIDTH, MARGIN, BAND_HEIGHT = 1080, 40, 138
BRAND_NAME = "Sáng Đèn"
# From cheap to dear; the number of the tier always stands beside its colour.
TIER_COLOURS = ("#1b7f4b", "#5f9e2f", "#c9a400", "#e08600", "#d2571b", "#b3261e")
_FINER = 4


def colour_of(tier: int) -> str:
    """The colour of a tier, counted from 1; further ones share the last."""
    return TIER_COLOURS[min(max(tier, 1), len(TIER_COLOURS)) - 1]


class Saying:
    """Says texts of the catalog in one language, as far as the fonts can draw them."""

    def __init__(self, speaker: Speaker, language: Language) -> None:
        self._speaker, self._language = speaker, language

    def __call__(self, key: str, **values: Value) -> str:
        return drawable(self._speaker.plain(Words(key, values), self._language))


class Sheet:
    """Paper of a height, drawn on from top to bottom."""

    def __init__(self, height: int) -> None:
        self.paper = Image.new("RGB", (WIDTH, height), drawing.PAPER)
        self.pen = ImageDraw.Draw(self.paper)

    def band(self, title: str, under: str) -> None:
        """The band at the top: what the picture shows, and whose it is."""
        self.pen.rectangle((0, 0, WIDTH, BAND_HEIGHT), fill=drawing.BRAND)
        brand = font(34, bold=True)
        self.pen.text((WIDTH - MARGIN, 64), BRAND_NAME, drawing.LAMP, brand, anchor="rs")
        room = WIDTH - 2 * MARGIN - brand.getlength(BRAND_NAME) - 24
        self.text(MARGIN, 64, title, 46, drawing.PAPER, bold=True, room=room)
        self.text(MARGIN, 114, under, 32, "#dbe8f7")

    def text(
        self,
        x: float,
        baseline: float,
        words: str,
        size: int,
        colour: str = drawing.INK,
        *,
        bold: bool = False,
        right: bool = False,
        room: float = WIDTH - 2 * MARGIN,
    ) -> None:
        """A line of text on a baseline, from `x` on or, with `right`, up to `x`; cut where there is no room."""
        face = font(size, bold)
        self.pen.text((x, baseline), fitted(words, face, room), colour, face, anchor="rs" if right else "ls")

    def bar(self, box: tuple[int, int, int, int], colour: str, *, striped: bool = False) -> None:
        """A full bar, or a striped one for what is not there yet; they differ without colour too."""
        left, top, right, bottom = box
        if right <= left:
            return
        if not striped:
            self.pen.rectangle(box, fill=colour)
            return
        width, height = right - left + 1, bottom - top + 1
        big = Image.new("RGB", (width * _FINER, height * _FINER), drawing.PAPER)
        pen = ImageDraw.Draw(big)
        for x in range(-big.height, big.width, 12 * _FINER):
            pen.line((x, big.height, x + big.height, 0), fill=colour, width=4 * _FINER)
        pen.rectangle((0, 0, big.width - 1, big.height - 1), outline=colour, width=3 * _FINER)
        self.paper.paste(big.reduce(_FINER), (left, top))

    def png(self) -> bytes:
        """The sheet as PNG."""
        kept = BytesIO()
        self.paper.save(kept, "PNG", compress_level=3)
        return kept.getvalue()

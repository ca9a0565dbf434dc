"""What every picture is drawn with: the fonts that come along, texts cut to a width, and the patterns of bars."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path(__file__).parent / "fonts"
# What the fonts were cut down to (fonts/README.md); anything else would be drawn as an empty box.
_COVERED = ((0x20, 0x7E), (0xA0, 0x17F), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x1E00, 0x1EF9), (0x2010, 0x2015))
_COVERED_MORE = frozenset("‘’‚“”„•…₫€№→×·⚡")

INK, MUTED, LINE, GRID, PAPER = "#14202e", "#4c5b70", "#b9c5d4", "#dde5ee", "#ffffff"
BRAND, LAMP, BAND, PAST, TODAY = "#0b4a8f", "#ffd34d", "#f2f6fb", "#e3e8ef", "#fff3c9"
PLANNED, PLANNED_PALE, INCIDENT, DEAD, GOOD, NOW = "#0a5cc2", "#a9ccf7", "#b3261e", "#6b7a8f", "#12703c", "#d84f00"
# Bars are drawn so many times larger and then reduced, which smooths their edges.
_FINER = 4


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans in a size, in pixels; laid out the same way on every machine."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(FONTS / name, size, layout_engine=ImageFont.Layout.BASIC)


def covered(character: str) -> bool:
    """Whether the fonts have the character."""
    code = ord(character)
    return character in _COVERED_MORE or any(first <= code <= last for first, last in _COVERED)


def drawable(text: str) -> str:
    """The text in one line of characters that the fonts have; an emoji, say, is left out."""
    composed = unicodedata.normalize("NFC", text)
    shown = "".join(one if covered(one) else " " if one.isspace() else "" for one in composed)
    return " ".join(shown.split())


def fitted(text: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    """The text, cut and ended with … where it is wider than `width` pixels."""
    if face.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if face.getlength(text[:middle].rstrip() + "…") <= width else (low, middle - 1)
    return text[:low].rstrip() + "…"


def lines_of(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """The text in lines of at most `width` pixels, broken between words; a longer word is cut."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return [fitted(line, face, width) for line in lines]


@cache
def bar(look: str, width: int, height: int) -> Image.Image:
    """A bar with rounded ends, transparent around it.

    look: `planned` is striped, `incident` is full, `cancelled` is an empty outline with a line through it;
    they differ without colour too.
    """
    big = Image.new("RGBA", (width * _FINER, height * _FINER), (0, 0, 0, 0))
    pen = ImageDraw.Draw(big)
    box = (0, 0, width * _FINER - 1, height * _FINER - 1)
    radius = min(7 * _FINER, big.width // 2)
    if look == "incident":
        pen.rounded_rectangle(box, radius, fill=INCIDENT)
    elif look == "cancelled":
        pen.rounded_rectangle(box, radius, fill=PAPER, outline=DEAD, width=3 * _FINER)
        pen.line((0, box[3], box[2], 0), fill=DEAD, width=4 * _FINER)
    else:
        mask = Image.new("L", big.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle(box, radius, fill=255)
        big.paste(_stripes(*big.size), (0, 0), mask)
        pen.rounded_rectangle(box, radius, outline=PLANNED, width=3 * _FINER)
    return big.reduce(_FINER)


def fading(image: Image.Image, begins: int) -> Image.Image:
    """The bar, fading out from `begins` (pixels from its left) to its right end: nobody knows where it ends."""
    faded, room = image.copy(), max(1, image.width - begins)
    ramp = Image.new("L", (image.width, 1))
    ramp.putdata([255 if x < begins else 255 * (image.width - x) // (room + 1) for x in range(image.width)])
    faded.putalpha(Image.composite(image.getchannel("A"), Image.new("L", image.size), ramp.resize(image.size)))
    return faded


def _stripes(width: int, height: int) -> Image.Image:
    stripes = Image.new("RGB", (width, height), PLANNED_PALE)
    pen, step = ImageDraw.Draw(stripes), 14 * _FINER
    for x in range(-height, width + height, step):
        pen.line((x, height, x + height, 0), fill=PLANNED, width=5 * _FINER)
    return stripes

"""Looks at a picture that somebody sent: decodes it safely, judges it, reads its code, writes it anew."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageFilter, ImageOps, ImageStat, UnidentifiedImageError

from handlers.rules import id_card
from handlers.rules.file_checks import MOST_PIXELS, Format, Problem, pixels_of

FORMATS = ("JPEG", "PNG", "WEBP")
# A picture is made no larger than this, so that a code of 45 modules keeps five pixels for each.
LONGEST_SIDE = 4_000
QUALITY = 88

# --- What a picture must be, calibrated on composed cards (tests/handlers/test_photo_reading.py)

# A paper's letters need some pixels each.
_LEAST_SIDE = 600
# Of 255, the grey below which 95 of 100 pixels are: a card in the shade has 100, at 0.2 of its light 45. A code is
# read down to 0.2; below 12 not even a person sees more than black.
_DARK, _BLACK = 55, 12
# Of `sharpness`: cards and written pages have some thousands; behind a blur of 2 pixels (of 1,600) 90 to 350, and
# can still be read; behind one of 3 at most 85, and cannot.
_JUDGED_SIDE = 1_000
_TILES = 6
_BLURRED = 90.0

_LAPLACIAN = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
# Pillow only warns between one and two times the limit; memory is taken all the same.
warnings.simplefilter("error", Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Seen:
    """What came of a file: what is kept of it, if anything; what is wrong with it; what its code says."""

    kept: bytes = b""
    problem: Problem | None = None
    card: Mapping[str, str] | None = None


def look(data: bytes, found: Format, collects: str) -> Seen:
    """Decode, judge and write a picture anew. It takes up to a second: not for the event loop."""
    if found != "jpeg" and (pixels_of(data, found) or 0) > MOST_PIXELS:
        return Seen(problem=Problem.TOO_LARGE_PICTURE)
    try:
        picture = _decoded(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Seen(problem=Problem.TOO_LARGE_PICTURE)
    # Pillow's decoders raise whatever a damaged file leads them to.
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, OverflowError, MemoryError):
        return Seen(problem=Problem.BROKEN)
    card, other = _code_on(picture) if collects == "id_card" else (None, False)
    problem = None if card else _quality(picture)
    if problem is Problem.BLACK:
        return Seen(problem=problem)
    if problem is None and card is None and other:
        problem = Problem.OTHER_CODE
    return Seen(_written(picture), problem, card)


def _decoded(data: bytes) -> Image.Image:
    """The picture, upright and in three colours, at most as large as it is kept."""
    picture: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    # A JPEG is decoded at the size that is wanted, or little above: a quarter of the memory for a large one.
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        picture = Image.new("RGB", clear.size, "white")
        picture.paste(clear, mask=clear.getchannel("A"))
    picture = picture.convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return picture


def _written(picture: Image.Image) -> bytes:
    """As JPEG, with nothing in it but the picture; colours at full size, for the code's edges."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, subsampling=0)
    return file.getvalue()


def _code_on(picture: Image.Image) -> tuple[Mapping[str, str] | None, bool]:
    """What a card's code on the picture says, and whether there is a code of another kind.

    Read as it is, then once more at twice the size and sharpened, which finds small and soft ones.
    """
    other = False
    # Made here: of an object of the library that a module holds, nanobind says when Python ends that it is leaked.
    qr = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    for attempt in (picture.convert("L"), _enlarged(picture)):
        for code in zxingcpp.read_barcodes(attempt, formats=qr):
            card = id_card.parse(_text_of(code))
            if card is not None:
                return card, False
            other = True
        if other:
            break
    return None, other


def _enlarged(picture: Image.Image) -> Image.Image:
    grey = picture.convert("L")
    scale = max(1.0, min(2.0, LONGEST_SIDE / max(grey.size)))
    larger = grey.resize((round(grey.width * scale), round(grey.height * scale)), Image.Resampling.BICUBIC)
    return larger.filter(ImageFilter.UnsharpMask(radius=3, percent=200, threshold=2))


def _text_of(code: zxingcpp.Barcode) -> str:
    """The code's words: UTF-8, as cards have it, though codes seldom say so."""
    try:
        return bytes(code.bytes).decode("utf-8")
    except UnicodeDecodeError:
        return str(code.text)


def _quality(picture: Image.Image) -> Problem | None:
    grey = picture.convert("L")
    light = _brightness(grey)
    if light < _BLACK:
        return Problem.BLACK
    if max(grey.size) < _LEAST_SIDE:
        return Problem.SMALL
    if light < _DARK:
        return Problem.DARK
    return Problem.BLURRED if sharpness(grey) < _BLURRED else None


def _brightness(grey: Image.Image) -> int:
    """The grey below which 95 of 100 pixels are."""
    counts, below = grey.histogram(), 0
    for level, count in enumerate(counts):
        below += count
        if below >= 0.95 * grey.width * grey.height:
            return level
    return 255


def sharpness(grey: Image.Image) -> float:
    """How much the variance of the Laplacian in the sharpest tile is above that of the middle one.

    What is everywhere alike is the grain of the sensor, which a dark room makes coarse, and no edge.
    """
    small = grey.copy()
    small.thumbnail((_JUDGED_SIDE, _JUDGED_SIDE), Image.Resampling.BOX)
    edges = small.filter(_LAPLACIAN)
    width, height = max(1, edges.width // _TILES), max(1, edges.height // _TILES)
    tiles = sorted(
        ImageStat.Stat(edges.crop((left, top, left + width, top + height))).var[0]
        # Pillow copies the outermost pixels, where the filter does not fit.
        for left in range(1, edges.width - width, width)
        for top in range(1, edges.height - height, height)
    )
    return tiles[-1] - tiles[len(tiles) // 2] if tiles else 0.0

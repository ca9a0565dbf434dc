"""What a file really is, by its beginning and not its name, and what is wrong with one that cannot be taken."""

from __future__ import annotations

import re
import struct
from enum import StrEnum
from typing import Literal, TypeAlias

Format: TypeAlias = Literal["jpeg", "png", "webp", "gif", "heic", "pdf", "other"]

# Pixels of a picture that is still decoded: more than phones take by default, less than 160 MB of memory.
MOST_PIXELS = 40_000_000

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# Writers put a few lines after the end mark; readers look for it in the last kilobyte, we in two.
_PDF_TAIL = 2048
_PDF_LOCKED = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")


class Problem(StrEnum):
    """What keeps a file from being taken, or is wrong with it though it was; texts stand under `file.problem`.

    Those from `DARK` on leave the file kept; the form decides whether to ask for a better one.
    """

    TOO_BIG = "too_big"
    NOT_FETCHED = "not_fetched"
    NOT_SUPPORTED = "not_supported"
    HEIC = "heic"
    NO_PDF = "no_pdf"
    BROKEN = "broken"
    TOO_LARGE_PICTURE = "too_large_picture"
    PDF_BROKEN = "pdf_broken"
    PDF_LOCKED = "pdf_locked"
    BLACK = "black"
    NOT_KEPT = "not_kept"
    DARK = "dark"
    BLURRED = "blurred"
    SMALL = "small"
    OTHER_CODE = "other_code"


def format_of(data: bytes) -> Format:
    """The format that the first bytes prove."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "heic"
    return "pdf" if data.startswith(b"%PDF-") else "other"


def problem_of_format(found: Format, collects: str) -> Problem | None:
    """Whether a question that collects "id_card" or "paper" takes the format at all."""
    if found in ("jpeg", "png", "webp"):
        return None
    if found == "pdf":
        return None if collects == "paper" else Problem.NO_PDF
    return Problem.HEIC if found == "heic" else Problem.NOT_SUPPORTED


def problem_of_pdf(data: bytes) -> Problem | None:
    """Whether a PDF is whole and opens without a password. Nothing in it is run or drawn."""
    if b"%%EOF" not in data[-_PDF_TAIL:]:
        return Problem.PDF_BROKEN
    return Problem.PDF_LOCKED if _PDF_LOCKED.search(data) else None


def pixels_of(data: bytes, found: Format) -> int | None:
    """How many pixels a PNG or WebP claims to have; None where the header is not understood.

    Read here because a decoder for WebP takes the memory before anybody can ask it.
    """
    try:
        width, height = _png_size(data) if found == "png" else _webp_size(data)
    except struct.error:
        return None
    return width * height


def _png_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return int(width), int(height)


def _webp_size(data: bytes) -> tuple[int, int]:
    """Of the canvas: the three kinds of WebP write it in three ways (RFC 9649)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def shown_name(name: str) -> str:
    """A file's name without its folders and what no name needs; at most 80 letters."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable()).strip()[-80:]

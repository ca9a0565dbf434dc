"""Files as Telegram keeps them: photos in several sizes, documents, voices, and the links to download them."""

import struct
import zlib
from dataclasses import dataclass
from typing import Any

from tests.emulators.telegram.errors import bad_request
from tests.emulators.telegram.json_types import Json

DOWNLOAD_BYTES = 20 * 1024 * 1024
PHOTO_BYTES = 10 * 1024 * 1024
PHOTO_SIDES = 10_000
_PHOTO_STEPS = (90, 320, 800, 1280)
_JPEG_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`media` is what messages show: a list of PhotoSize for photos, an object otherwise."""

    kind: str
    media: Any
    unique_id: str
    path: str
    data: bytes
    size: int


class Files:
    """All files by file_id. The smaller sizes of a photo download as the original: nothing is scaled here."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}
        self._last = 0

    def add_photo(self, data: bytes) -> list[Json]:
        """Keep a JPEG, PNG or GIF; returns PhotoSize objects, smallest first. Errors: ApiError 400."""
        if len(data) > PHOTO_BYTES:
            raise bad_request("file is too big")
        width, height = image_size(data)
        if width + height > PHOTO_SIDES or max(width, height) > 20 * min(width, height):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        longest = max(width, height)
        scales = [step / longest for step in _PHOTO_STEPS if step < longest] + [min(1.0, 1280 / longest)]
        number = self._number()
        sizes: list[Json] = []
        for index, scale in enumerate(scales):
            sizes.append(
                {
                    "file_id": f"AgACAgUAAxkBAAI{number:08d}{index}AAQ",
                    "file_unique_id": f"AQAD{number:08d}{index}",
                    "width": max(1, round(width * scale)),
                    "height": max(1, round(height * scale)),
                    "file_size": max(1, round(len(data) * scale * scale)),
                }
            )
        for size in sizes:
            path = f"photos/file_{size['file_unique_id']}.jpg"
            stored = StoredFile("photo", sizes, size["file_unique_id"], path, data, size["file_size"])
            self._keep(size["file_id"], stored)
        return sizes

    def add(self, kind: str, data: bytes, extra: Json, *, extension: str, size: int | None = None) -> Json:
        """Keep a document, voice or sticker; `size` pretends a size that `data` need not have."""
        number = self._number()
        media = {
            **extra,
            "file_id": f"BQACAgUAAxkBAAI{number:08d}AAQ",
            "file_unique_id": f"AgAD{number:08d}",
            "file_size": len(data) if size is None else size,
        }
        path = f"{kind}s/file_{number}{extension}"
        self._keep(
            media["file_id"],
            StoredFile(kind, media, media["file_unique_id"], path, data, media["file_size"]),
        )
        return media

    def find(self, file_id: str) -> StoredFile | None:
        return self._by_id.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        return self._by_path.get(path)

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _keep(self, file_id: str, stored: StoredFile) -> None:
        self._by_id[file_id] = stored
        self._by_path[stored.path] = stored


def image_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, read from the header. Errors: ApiError 400 IMAGE_PROCESS_FAILED."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
    elif data[:6] in {b"GIF87a", b"GIF89a"} and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
    elif data.startswith(b"\xff\xd8"):
        width, height = _jpeg_size(data)
    else:
        width = height = 0
    if not width or not height:
        raise bad_request("IMAGE_PROCESS_FAILED")
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4])
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + length
    return 0, 0


def grey_picture(width: int = 640, height: int = 480) -> bytes:
    """A plain PNG, for customers who send "a photo"."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

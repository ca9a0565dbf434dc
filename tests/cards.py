"""Photos of identity cards that never existed: composed, so that tests hold nobody's papers."""

from __future__ import annotations

import io
import random

import segno
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

# Of the whole photo and of the card on it, in pixels; a real card is 85.6 mm by 54 mm.
_PHOTO, _CARD = (1600, 1200), (1360, 858)
_TABLE, _PAPER, _INK, _CODE = (112, 92, 76), (222, 233, 226), (28, 40, 60), (20, 20, 24)
_LINES = ("CAN CUOC CONG DAN", "Citizen Identity Card")


def card_photo(
    id_number: str = "079190001234",
    name: str = "Nguyễn Thị Lan",
    born: str = "15081990",
    sex: str = "Nữ",
    address: str = "12 Lê Lợi, Bến Thành, TP.HCM",
    issued: str = "10052021",
    blur: float = 0.0,
    dark: float = 1.0,
    rotate: float = 0,
) -> bytes:
    """A photo (JPEG) of a card with a chip, whose code has these fields and no old number."""
    payload = "|".join((id_number, "", name, born, sex, address, issued))
    return compose_card(payload, blur=blur, dark=dark, rotate=rotate)


def compose_card(
    payload: str | None,
    *,
    blur: float = 0.0,
    dark: float = 1.0,
    rotate: float = 0,
    module: int = 5,
    noise: int = 8,
    seed: int = 1,
    exif: Image.Exif | None = None,
) -> bytes:
    """A photo (JPEG, 1600 by 1200) of a card with that code; None for one without.

    blur: sigma of a Gaussian, in pixels. dark: the brightness, 1 for as it is. rotate: degrees, to the left.
    module: pixels of one module of the code. noise: the sensor's, as a standard deviation of grey levels.
    """
    card = _card(payload, module)
    photo = Image.new("RGB", _PHOTO, _TABLE)
    turned = card.convert("RGBA").rotate(rotate, resample=Image.Resampling.BICUBIC, expand=True)
    turned.thumbnail((_PHOTO[0] - 20, _PHOTO[1] - 20))
    photo.paste(turned, ((_PHOTO[0] - turned.width) // 2, (_PHOTO[1] - turned.height) // 2), turned)
    if blur:
        photo = photo.filter(ImageFilter.GaussianBlur(blur))
    photo = ImageEnhance.Brightness(photo).enhance(dark)
    return jpeg(_noisy(photo, noise, seed) if noise else photo, exif=exif)


def jpeg(picture: Image.Image, quality: int = 85, exif: Image.Exif | None = None) -> bytes:
    """A picture as a phone's camera would write it."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, **({"exif": exif} if exif else {}))
    return file.getvalue()


def png(picture: Image.Image) -> bytes:
    """A picture as PNG."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def bomb(side: int = 12_000) -> bytes:
    """A PNG of some kilobytes that would take hundreds of megabytes of memory."""
    return png(Image.new("1", (side, side)))


def gif() -> bytes:
    """A small GIF."""
    file = io.BytesIO()
    Image.new("P", (400, 300)).save(file, "GIF")
    return file.getvalue()


def pdf(size: int = 0, *, locked: bool = False) -> bytes:
    """A PDF of one empty page, filled up to a size in bytes."""
    trailer = b"<< /Root 1 0 R /Size 4" + (b" /Encrypt 9 0 R" if locked else b"") + b" >>"
    head = (
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>\nendobj\n"
    )
    tail = b"trailer\n" + trailer + b"\nstartxref\n0\n%%EOF\n"
    return head + b"%" + b"." * max(0, size - len(head) - len(tail) - 2) + b"\n" + tail


def _card(payload: str | None, module: int) -> Image.Image:
    card = Image.new("RGB", _CARD, _PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((60, 250, 400, 700), fill=(150, 140, 130))
    draw.ellipse((150, 320, 310, 520), fill=(196, 164, 140))
    for row, words in enumerate(_LINES):
        draw.text((430, 60 + 60 * row), words, fill=_INK, font_size=44 - 10 * row)
    for row in range(8):
        draw.text((430, 260 + 62 * row), _scribble(row), fill=_INK, font_size=30)
    if payload is not None:
        code = _code(payload, module)
        card.paste(code, (_CARD[0] - code.width - 40, 40))
    return card


def _code(payload: str, module: int) -> Image.Image:
    file = io.BytesIO()
    segno.make_qr(payload, error="m", encoding="utf-8", eci=False).save(
        file, kind="png", scale=module, border=3, dark=_CODE, light=_PAPER
    )
    return Image.open(file).convert("RGB")


def _scribble(row: int) -> str:
    letters = random.Random(row)
    return " ".join("".join(letters.choices("abcdeghiklmnopqrstuvxy", k=letters.randint(2, 7))) for _ in range(6))


def _noisy(picture: Image.Image, noise: int, seed: int) -> Image.Image:
    # effect_noise draws from C's generator, which nobody can seed: the same photo must come out each time.
    grain = random.Random(seed).randbytes(_PHOTO[0] * _PHOTO[1] // 4)
    small = Image.frombytes("L", (_PHOTO[0] // 2, _PHOTO[1] // 2), grain)
    layer = small.point(lambda grey: round(128 + (grey - 127.5) * noise / 73.9)).resize(picture.size)
    return ImageChops.add(picture, Image.merge("RGB", (layer, layer, layer)), scale=1, offset=-128)

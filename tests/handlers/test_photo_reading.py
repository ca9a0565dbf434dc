"""Photos of cards and papers: what is read, refused, written anew. The thresholds are tried here."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageFilter

from handlers.photo_reading import LONGEST_SIDE, Seen, look
from handlers.rules.file_checks import Problem, format_of
from tests import cards
from tests.cards import card_photo, compose_card, jpeg, png

LAN = {
    "id": "079190001234",
    "name": "Nguyễn Thị Lan",
    "born": "15081990",
    "sex": "Nữ",
    "address": "12 Lê Lợi, Bến Thành, TP.HCM",
    "issued": "10052021",
}
GPS = 0x8825
ORIENTATION = 0x0112


def seen(data: bytes, collects: str = "id_card") -> Seen:
    return look(data, format_of(data), collects)


def page(blur: float = 0.0) -> bytes:
    """A written page, mostly empty."""
    paper = Image.new("RGB", (1600, 1200), (235, 235, 230))
    draw = ImageDraw.Draw(paper)
    for row in range(12):
        draw.text(
            (200, 100 + 80 * row), f"Hop dong thue nha so {row} giua hai ben", fill=(40, 40, 40), font_size=26
        )
    return jpeg(paper.filter(ImageFilter.GaussianBlur(blur)))


@pytest.mark.parametrize(
    "photo",
    [
        card_photo(),
        card_photo(rotate=90),
        card_photo(rotate=180),
        card_photo(rotate=-7),
        card_photo(blur=2.0),
        card_photo(dark=0.2),
    ],
    ids=["plain", "on its side", "upside down", "askew", "soft", "in the dark"],
)
def test_the_code_of_a_card_is_read_and_then_nothing_is_wrong_with_the_photo(photo: bytes) -> None:
    found = seen(photo)
    assert found.card == LAN
    assert found.problem is None
    assert format_of(found.kept) == "jpeg"


def test_a_small_soft_code_is_found_at_the_second_look() -> None:
    payload = "079190001234||Nguyễn Thị Lan|15081990|Nữ|12 Lê Lợi, Bến Thành, TP.HCM|10052021"
    small = Image.open(io.BytesIO(compose_card(payload, module=5, blur=1.0, noise=12))).resize((900, 675))
    assert seen(jpeg(small)).card == LAN


def test_a_photo_without_a_code_is_kept_without_a_card() -> None:
    found = seen(compose_card(None))
    assert (found.card, found.problem, bool(found.kept)) == (None, None, True)


def test_a_code_of_something_else_is_told_and_the_photo_kept() -> None:
    found = seen(compose_card("https://example.vn/khuyen-mai"))
    assert (found.card, found.problem, bool(found.kept)) == (None, Problem.OTHER_CODE, True)
    # A paper may carry any code.
    assert seen(compose_card("https://example.vn/khuyen-mai"), "paper").problem is None


@pytest.mark.parametrize(
    ("photo", "problem"),
    [
        (card_photo(blur=4.0), Problem.BLURRED),
        (compose_card(None, blur=3.0), Problem.BLURRED),
        (compose_card(None, blur=4.0, noise=20), Problem.BLURRED),
        (page(blur=4.0), Problem.BLURRED),
        (card_photo(dark=0.12), Problem.DARK),
        (compose_card(None, dark=0.12), Problem.DARK),
        (jpeg(Image.open(io.BytesIO(compose_card(None))).resize((400, 300))), Problem.SMALL),
    ],
)
def test_what_can_hardly_be_read_is_told_and_kept_all_the_same(photo: bytes, problem: Problem) -> None:
    found = seen(photo)
    assert found.problem is problem
    assert found.kept


@pytest.mark.parametrize(
    "photo",
    [compose_card(None, blur=1.0), compose_card(None, noise=20), compose_card(None, dark=0.3), page(), page(1.0)],
)
def test_what_can_be_read_is_not_found_fault_with(photo: bytes) -> None:
    assert seen(photo, "paper").problem is None


def test_black_is_not_kept() -> None:
    assert seen(compose_card(None, dark=0.0, noise=4)) == Seen(problem=Problem.BLACK)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (cards.bomb(), Problem.TOO_LARGE_PICTURE),
        (cards.bomb(6_500), Problem.TOO_LARGE_PICTURE),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\x3f" * 2, Problem.TOO_LARGE_PICTURE),
        (card_photo()[:150_000], Problem.BROKEN),
        (b"\xff\xd8\xff\xe0 not a picture at all", Problem.BROKEN),
        (png(Image.new("L", (800, 600)))[:60], Problem.BROKEN),
    ],
    ids=["a bomb", "a small bomb", "a WebP bomb", "half a photo", "no photo", "half a header"],
)
def test_bombs_and_broken_pictures_are_refused_with_what_they_are(data: bytes, problem: Problem) -> None:
    assert seen(data) == Seen(problem=problem)


def test_a_gif_is_no_picture_to_the_decoder_whatever_it_is_called() -> None:
    assert look(cards.gif(), "jpeg", "paper").problem is Problem.BROKEN


def test_what_a_camera_adds_is_gone_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[1] = "N"
    exif[0x010F] = "Camera of Lan"
    photo = compose_card(None, exif=exif)
    assert b"Camera of Lan" in photo
    kept = seen(photo).kept
    picture = Image.open(io.BytesIO(kept))
    assert picture.size == (1200, 1600)
    assert not picture.getexif()
    assert b"Camera of Lan" not in kept
    assert b"Exif" not in kept


def test_a_large_picture_is_made_smaller_and_a_clear_one_white() -> None:
    large = Image.open(io.BytesIO(compose_card(None))).resize((6_000, 4_500))
    kept = Image.open(io.BytesIO(seen(jpeg(large), "paper").kept))
    assert max(kept.size) <= LONGEST_SIDE
    clear = Image.open(io.BytesIO(page())).convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 100, 100))
    corner = Image.open(io.BytesIO(seen(png(clear), "paper").kept)).getpixel((20, 20))
    assert isinstance(corner, tuple)
    assert min(corner) > 245

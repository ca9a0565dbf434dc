"""A file is what its bytes say, whatever its name."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from handlers.rules.file_checks import (
    Format,
    Problem,
    format_of,
    pixels_of,
    problem_of_format,
    problem_of_pdf,
    shown_name,
)
from tests import cards


def saved(kind: str, size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (saved("JPEG"), "jpeg"),
        (saved("PNG"), "png"),
        (saved("WEBP"), "webp"),
        (cards.gif(), "gif"),
        (cards.pdf(), "pdf"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heic"),
        (b"\0\0\0\x18ftypmp42", "other"),
        (b"MZ\x90", "other"),
        (b"", "other"),
    ],
)
def test_the_first_bytes_tell_the_format(data: bytes, found: Format) -> None:
    assert format_of(data) == found


def test_a_pdf_is_taken_for_papers_only_and_a_picture_always() -> None:
    assert [problem_of_format("pdf", wanted) for wanted in ("paper", "id_card")] == [None, Problem.NO_PDF]
    assert problem_of_format("jpeg", "id_card") is None
    assert problem_of_format("gif", "paper") is Problem.NOT_SUPPORTED
    assert problem_of_format("heic", "paper") is Problem.HEIC


def test_a_pdf_must_be_whole_and_open() -> None:
    assert problem_of_pdf(cards.pdf(300_000)) is None
    assert problem_of_pdf(cards.pdf(300_000)[:200_000]) is Problem.PDF_BROKEN
    assert problem_of_pdf(cards.pdf(locked=True)) is Problem.PDF_LOCKED


@pytest.mark.parametrize(
    "data", [saved("PNG"), saved("WEBP"), saved("WEBP", lossless=True), saved("WEBP", exif=b"Exif\0\0II*\0")]
)
def test_a_size_is_read_without_a_decoder(data: bytes) -> None:
    assert pixels_of(data, format_of(data)) == 2400


@given(st.binary(max_size=60), st.sampled_from(["png", "webp"]))
def test_no_header_however_broken_raises(data: bytes, found: Format) -> None:
    assert (pixels_of(b"RIFF0000WEBPVP8X" + data, found) or 0) >= 0
    assert (pixels_of(data, found) or 0) >= 0


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C:\\Users\\lan\\so do.pdf", "so do.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\nb\0.jpg", "ab.jpg"),
        ("x" * 200, "x" * 80),
    ],
)
def test_of_a_name_no_folder_and_nothing_odd_is_left(name: str, shown: str) -> None:
    assert shown_name(name) == shown

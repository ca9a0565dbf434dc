"""Numbers of identity papers are hidden however they are written, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.masking import masked

PARTINGS = (" ", ".", "-", "–", "\u00a0")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("079190001234", "0791••••1234"),
        ("CCCD:079190001234, sinh 15/08/1990", "CCCD:0791••••1234, sinh 15/08/1990"),
        ("số079190001234", "số0791••••1234"),
        ("579190001234", "5791••••1234"),
        ("079 190 001 234", "0791••••1234"),
        ("số 5: 079.190.001.234", "số 5: 0791••••1234"),
        ("5 0791-9000-1234 15.08.1990", "5 0791••••1234 15.08.1990"),
        ("079190001234 079190001235", "0791••••1234 0791••••1235"),
        ("０７９１９０００１２３４", "０７９１••••１２３４"),
        ("cmnd 023456789", "cmnd 02••••789"),
        ("số là 023456789.", "số là 02••••789."),
        ("chứng minh nhân dân số 423 456 789", "chứng minh nhân dân số 42••••789"),
        ("Căn cước cũ: 912345678", "Căn cước cũ: 91••••678"),
    ],
)
def test_of_a_number_only_its_ends_are_kept(written: str, kept: str) -> None:
    assert masked(written) == kept


@pytest.mark.parametrize(
    "harmless",
    [
        "PE01000000014",
        "0901234567",
        "0901 234 567 hoặc 0912 345 678",
        "+84901234567",
        "+842838123456",
        "842838123456",
        "901234567",
        "0274 3 822 822",
        "250.000.000 đồng",
        "100.000.000.000",
        "từ 23-11-2026 09.15 đến 10.15",
        "05.08.2026 0915",
        "2026-11-23T07:05:00.123456Z",
        "chỉ số 1234 1250 1267 1281",
        "BD-000127",
        "10.7756, 106.7004",
        "1700812345678",
    ],
)
def test_codes_phones_times_money_and_figures_stay(harmless: str) -> None:
    assert masked(harmless) == harmless


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Twelve digits that begin with 0, in one piece or in groups."""
    digits = "0" + draw(st.text("0123456789", min_size=11, max_size=11))
    parting = draw(st.sampled_from(PARTINGS))
    cuts = sorted(draw(st.sets(st.integers(1, 11), max_size=5)))
    return parting.join(digits[start:end] for start, end in zip([0, *cuts], [*cuts, 12], strict=True))


@given(numbers(), st.text(max_size=30), st.text(max_size=30))
def test_no_text_around_a_number_makes_it_readable(number: str, before: str, after: str) -> None:
    text = masked(f"{before}, {number}, {after}")
    assert number not in text
    assert "".join(filter(str.isdecimal, number)) not in text

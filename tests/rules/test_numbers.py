"""Numbers survive the phone: what was misheard is found, and what was only typed otherwise is understood."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.numbers import number, read

PREFIXES = ["BD", "SC", "M", "GC", "KHDN"]
RUNNING = st.integers(0, 999_999_999)
PREFIX = st.text("ABCDEFGHJKMNPRSTUVW", min_size=1, max_size=4)


def test_what_a_number_looks_like() -> None:
    assert number("BD", 127) == "BD-000127-W"
    assert read("BD-000127-W") == ("BD", 127)


@given(PREFIX, RUNNING)
def test_every_number_is_read_as_what_it_was(prefix: str, running: int) -> None:
    assert read(number(prefix, running)) == (prefix, running)


@given(PREFIX, RUNNING)
def test_no_sign_can_be_taken_for_another(prefix: str, running: int) -> None:
    whole = number(prefix, running)
    assert whole[-1] in "ABCDEFGHJKLMNPRSTUVWXYZ"
    assert not set(whole) & set("IOQ")


def altered_digit(whole: str) -> list[str]:
    return [
        whole[:at] + other + whole[at + 1 :]
        for at, sign in enumerate(whole)
        if sign.isdigit()
        for other in string.digits
        if other != sign
    ]


def swapped(whole: str) -> list[str]:
    digits = [at for at, sign in enumerate(whole) if sign.isdigit()]
    return [
        whole[:at] + whole[at + 1] + whole[at] + whole[at + 2 :]
        for at in digits[:-1]
        if whole[at] != whole[at + 1]
    ]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_wrong_digit_and_every_swap_of_digits_is_found(prefix: str) -> None:
    """The check is linear: whether an error is found depends on the digits that change alone, so all pairs of
    digits at all places are all errors there are; the rest of the number is drawn."""
    chance = random.Random(7)
    for place in range(5):
        for pair in range(100):
            digits = [chance.randrange(10) for _ in range(6)]
            digits[place], digits[place + 1] = divmod(pair, 10)
            whole = number(prefix, int("".join(map(str, digits))))
            assert not [wrong for wrong in altered_digit(whole) + swapped(whole) if read(wrong) is not None]


@given(PREFIX, RUNNING)
def test_wrong_digits_and_swaps_are_found_in_longer_numbers(prefix: str, running: int) -> None:
    whole = number(prefix, running)
    assert not [wrong for wrong in altered_digit(whole) + swapped(whole) if read(wrong) is not None]


@given(PREFIX, RUNNING, st.sampled_from("ABCDEFGHJKLMNPRSTUVWXYZ"))
def test_another_letter_does_not_fit(prefix: str, running: int, letter: str) -> None:
    whole = number(prefix, running)
    assert (read(whole[:-1] + letter) is None) == (letter != whole[-1])


def test_a_number_of_another_kind_has_another_letter() -> None:
    assert len({number(prefix, 127)[-1] for prefix in PREFIXES}) == len(PREFIXES)


@given(PREFIX, RUNNING)
def test_neighbours_swapped_in_the_prefix_are_found(prefix: str, running: int) -> None:
    whole = number(prefix, running)
    for at in range(len(prefix) - 1):
        wrong = whole[:at] + whole[at + 1] + whole[at] + whole[at + 2 :]
        assert wrong == whole or read(wrong) is None


@pytest.mark.parametrize(
    "typed",
    [
        "bd-000127-w",
        "BD000127W",
        "bd 000127 w",
        "  BD 000 127-W ",
        "BD–OOO127–W",
        "bd ooo127 w",
        "BD-000I27-W",
        "bd-000l27-w",
        "BD.000127.W",
        "#BD-000127-W",
        "BD-000127-W",
    ],
)
def test_a_number_is_read_however_it_was_typed(typed: str) -> None:
    assert read(typed) == ("BD", 127)


@pytest.mark.parametrize(
    "typed",
    [
        *("", "xin chào", "BD", "000127", "BD-127-W", "BD-000127", "BD-000127-C", "BĐ-000127-W", "ABCDE-000127-W"),
        *("BD-0000127-W", "BD-000127-WB", "PE01000000014", "0912345678", "BD-٠٠٠127-W", "BI-000127-W"),
    ],
)
def test_other_words_are_no_number(typed: str) -> None:
    assert read(typed) is None


@given(st.text(max_size=40))
def test_anything_may_be_typed(typed: str) -> None:
    found = read(typed)
    if found is not None:
        assert read(number(*found)) == found


@pytest.mark.parametrize(
    ("prefix", "running"),
    [("", 1), ("bd", 1), ("BI", 1), ("BX", 1), ("ABCDE", 1), ("BD", -1), ("BD", 1_000_000_000)],
)
def test_what_could_not_be_read_back_is_not_made(prefix: str, running: int) -> None:
    with pytest.raises(ValueError, match=r"prefix|running"):
        number(prefix, running)

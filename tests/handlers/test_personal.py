"""ID numbers are hidden wherever they may be shown; what is none stays readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.personal import hidden, initials, safe, without_ids


@pytest.mark.parametrize("number", ["079203001234", "079 203 001 234", "079.203.001.234", "025123456"])
def test_an_id_number_is_hidden_but_for_its_end(number: str) -> None:
    shown = without_ids(f"CCCD {number}, cấp 2021")
    assert shown == f"CCCD …{number[-3:]}, cấp 2021"
    assert without_ids(shown) == shown


@pytest.mark.parametrize(
    "text", ["0901234567", "+84 901 234 567", "PE01000000014", "12.500.000 đồng", "15/3 Lê Lợi", "HS-000127-C"]
)
def test_what_is_no_id_number_stays(text: str) -> None:
    assert without_ids(text) == text


@given(st.from_regex(r"\A0[0-9]{11}\Z"), st.text(alphabet="abc đường ,;:!?\n", max_size=20))
def test_no_id_number_gets_through_whatever_stands_around_it(number: str, around: str) -> None:
    assert number not in without_ids(f"{around} {number} {around}")


def test_answers_are_hidden_by_their_question_too() -> None:
    answers = safe({"id_number": "B1234567", "phone": "0901234567", "more": ["079203001234", 3, True, None]})
    assert answers == {"id_number": "…567", "phone": "0901234567", "more": ["…234", 3, True, None]}
    assert safe({"text": "B1234567"}, "holder_id_number") == {"text": "…567"}
    assert safe(79203001234, "id_number") == "…234"
    assert hidden(hidden("079203001234")) == "…234"


def test_a_name_is_shown_by_its_initials_and_last_word() -> None:
    assert [initials(name) for name in ("Nguyễn Thị Hoa", "Hoa", "")] == ["N. T. Hoa", "Hoa", ""]

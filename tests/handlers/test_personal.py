"""Answers that staff see without the right to ID numbers show only the ends of them."""

from handlers.personal import hidden, initials, safe


def test_answers_are_hidden_by_their_question_too() -> None:
    answers = safe({"id_number": "B1234567", "phone": "0901234567", "more": ["079203001234", 3, True, None]})
    assert answers == {"id_number": "…567", "phone": "0901234567", "more": ["0792••••1234", 3, True, None]}
    assert safe({"text": "B1234567"}, "holder_id_number") == {"text": "…567"}
    assert safe(79203001234, "id_number") == "…234"
    assert hidden(hidden("079203001234")) == "…234"


def test_a_name_is_shown_by_its_initials_and_last_word() -> None:
    assert [initials(name) for name in ("Nguyễn Thị Hoa", "Hoa", "")] == ["N. T. Hoa", "Hoa", ""]

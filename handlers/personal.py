"""Keeps ID numbers and whole names out of what lists, pushes and unsealed rows may show."""

from __future__ import annotations

from conversations.model import Json
from handlers.rules.masking import masked

# Answers to these questions are ID numbers, whatever they look like.
ID_QUESTIONS = ("id_number", "id_card", "passport")


def hidden(number: str) -> str:
    """Enough of an ID number to recognise it by; what is hidden already stays as it is."""
    if number.startswith("…"):
        return number
    digits = "".join(sign for sign in number if sign.isalnum())
    return f"…{digits[-3:]}" if len(digits) > 3 else "…"


def safe(answer: Json, question: str = "") -> Json:
    """An answer in which no ID number can be read."""
    match answer:
        case str():
            return hidden(answer) if question.endswith(ID_QUESTIONS) else masked(answer)
        case bool() | float() | None:
            return answer
        case int():
            return safe(str(answer), question) if len(str(answer)) >= 9 else answer
        case list():
            return [safe(one, question) for one in answer]
    return {name: safe(one, name if name in ID_QUESTIONS else question) for name, one in answer.items()}


def initials(name: str) -> str:
    """A name as lists show it: "Nguyễn Thị Hoa" → "N. T. Hoa"."""
    *before, last = name.split() or [""]
    return " ".join([*(f"{one[0]}." for one in before), last])

"""What a card's code says is taken apart as far as it can be trusted to be what it looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.id_card import parse

LAN = {
    "id": "079190001234",
    "name": "Nguyễn Thị Lan",
    "born": "15081990",
    "sex": "Nữ",
    "address": "12 Lê Lợi, Bến Thành, TP.HCM",
    "issued": "10052021",
}
REST = "Nguyễn Thị Lan|15081990|Nữ|12 Lê Lợi, Bến Thành, TP.HCM|10052021"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (f"079190001234||{REST}", LAN),
        (f"079190001234|023456789|{REST}", LAN | {"old_id": "023456789"}),
        (f"079190001234|{REST}", LAN),
        (f"079190001234||{REST}|Nguyễn Văn An|Trần Thị Bình", LAN),
        (f" 079190001234 ||{REST}\r\n", LAN),
        ("079190001234||Nguye\u0302\u0303n Thi\u0323 Lan|15081990|Nữ|x|10052021", LAN | {"address": "x"}),
        # Fields that are no such thing are left out, the others stay.
        (
            "079190001234||Nguyễn Thị Lan|00001945|F|12 Lê Lợi|99999999",
            {k: LAN[k] for k in ("id", "name")} | {"address": "12 Lê Lợi"},
        ),
        # An unknown order: the number and the first day that can be one.
        ("079190001234|15081990|Nguyễn Thị Lan|Nữ|a|b|10052021|c", {"id": LAN["id"], "born": "15081990"}),
        ("079190001234|x|y|99999999|31021990|01011990", {"id": LAN["id"], "born": "01011990"}),
        ("079190001234|x", {"id": LAN["id"]}),
    ],
)
def test_a_card_says_who_it_is(text: str, fields: dict[str, str]) -> None:
    assert parse(text) == fields


@pytest.mark.parametrize(
    "other", ["", "079190001234", "https://example.vn/?a|b", "0791900012345|x", "PE01000000014|Lan", "|||||||"]
)
def test_another_code_is_none(other: str) -> None:
    assert parse(other) is None


@given(st.lists(st.text(), max_size=12))
def test_whatever_is_printed_in_a_code_it_has_one_line_and_an_end(fields: list[str]) -> None:
    found = parse("|".join(["079190001234", *fields]))
    for value in (found or {}).values():
        assert 0 < len(value) <= 300
        assert value.isprintable()

"""What leaves the house holds nothing that names a customer: words of our own texts, or nothing at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.assistant import vocabulary_of
from handlers.rules.leaving import HIDDEN, leaving
from handlers.talking import talking

WORDS = vocabulary_of(talking().knowledge.current())


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("quên đóng tiền điện tháng này có bị phạt không", "quên đóng tiền điện tháng này có bị phạt không"),
        ("quen dong tien dien thang nay co bi phat ko", "quen dong tien dien thang nay co bi phat ko"),
        ("Nhà có máy lọc Karofi cắm cả ngày tốn điện không?", "Nhà có máy lọc … cắm cả ngày tốn điện không?"),
        ("đường dây điện hư thì báo ai", "đường dây điện hư thì báo ai"),
        ("xài 300 số thì trả tiền cách nào", "xài 300 số thì trả tiền cách nào"),
    ],
)
def test_a_question_leaves_in_words_of_our_own(text: str, sent: str) -> None:
    assert leaving(text, WORDS) == sent


@pytest.mark.parametrize(
    "text",
    [
        "Tôi là Nguyễn Thị Hoa, nợ tiền bao lâu bị cắt điện",
        "toi la hoa no tien bao lau bi cat dien",
        "mình tên Hoa, đóng tiền điện ở đâu",
        "đóng tiền điện cho Nguyễn Văn An được không",
        "chị Hoa nợ tiền điện bao lâu thì bị cắt",
        "nhà 12/3 đóng tiền điện ở đâu",
        "số nhà 12 đóng tiền điện ở đâu",
        "hẻm 56 bị cắt điện do nợ thì sao",
        "đường Lê Lợi đóng tiền điện ở đâu",
        "mã PE01000000014 đóng tiền ở đâu",
        "gọi 0901 234 567 giúp, đóng tiền ở đâu",
        "gửi hóa đơn về lan@example.vn giúp",
        "cccd 079190001234 đăng ký trích nợ sao",
        "chuyển 12345678 đồng nhầm thì sao",
        "nhà có người bệnh thì có bị cắt điện không",
        "My name is Lan, where do I pay",
        "I am Lan Nguyen, where can I pay my bill",
        "xyz qwv đóng klm tiền wxz đâu",
        "nợ tiền",
        "đóng tiền điện ở đâu " * 20,
    ],
)
def test_a_text_that_may_name_somebody_stays_here(text: str) -> None:
    assert leaving(text, WORDS) is None


@given(st.text(st.sampled_from("aăđêờọh AH0123456789/@.-…ẵ"), max_size=80))
def test_only_known_words_and_short_numbers_ever_leave(text: str) -> None:
    sent = leaving(f"đóng tiền điện ở đâu {text}", WORDS)
    for word in (sent or "").replace(",", " ").replace(".", " ").replace("?", " ").replace("!", " ").split():
        assert word == HIDDEN or WORDS.knows(word) or (word.isdigit() and len(word) <= 3)

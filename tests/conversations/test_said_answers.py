"""Whoever types instead of pressing is understood: yes, no, a part of a label; and a command stays a command."""

from dataclasses import replace

import pytest

from conversations import privacy
from conversations.folding import may_be
from conversations.model import Given, Photo, Place, Text
from conversations.said_answers import is_yes_or_no, meant
from conversations.understand import understand
from tests.conversations.asking import CARD, Asking

CONSENT = (("1:consent:yes", "Tôi đồng ý"), ("1:consent:no", "Không đồng ý"))
HOLDER = (
    ("1:holder:owner", "Chủ nhà"),
    ("1:holder:family", "Người nhà của chủ"),
    ("1:holder:tenant", "Người thuê"),
)


@pytest.mark.parametrize(
    "said",
    ["Đúng rồi", "đúng rồi em", "vâng", "Vâng ạ", "ok", "Ok em", "dạ", "dạ đúng", "dung", "Đồng ý", "dong y nhé"],
)
def test_a_yes_in_other_words_is_a_yes(said: str) -> None:
    assert meant(said, CONSENT) == "1:consent:yes"
    assert is_yes_or_no(said)


@pytest.mark.parametrize("said", ["không", "Không ạ", "ko", "dạ không", "không đồng ý"])
def test_a_no_in_other_words_is_a_no(said: str) -> None:
    assert meant(said, CONSENT) == "1:consent:no"


@pytest.mark.parametrize("said", ["dừng", "Dừng lại", "hủy", "1", "đồng", "sẵn sàng", "?"])
def test_what_is_neither_yes_nor_no_presses_nothing(said: str) -> None:
    assert meant(said, CONSENT) is None
    assert not is_yes_or_no(said)


def test_a_part_of_one_label_is_enough_and_a_part_of_several_is_not() -> None:
    assert meant("thuê", HOLDER) == "1:holder:tenant"
    assert meant("dạ người nhà của chủ", HOLDER) == "1:holder:family"
    assert meant("dạ người nhà ạ", HOLDER) == "1:holder:family"
    assert meant("da nguoi nha", HOLDER) == "1:holder:family"
    assert meant("người", HOLDER) is None
    assert meant("chủ", HOLDER) is None
    assert meant("vâng", HOLDER) is None
    assert meant("điện", (("1:group:meter", "Dời công tơ điện"),)) is None


@pytest.mark.parametrize(
    ("typed", "written", "same"),
    [
        ("Đúng", "dừng", False),
        ("dung", "dừng", True),
        ("dung", "đúng", True),
        ("huỷ", "hủy", True),
        ("hũy bo", "hủy bỏ", True),
        ("lùi lai", "lùi lại", True),
        ("hụy", "hủy", False),
    ],
)
def test_diacritics_that_were_typed_tell_words_apart(typed: str, written: str, same: bool) -> None:
    assert may_be(typed, written) is same


def test_a_word_of_command_is_one_only_with_its_own_diacritics() -> None:
    for said in ("hủy", "huy", "Dừng", "dung", "quay lai", "Quay lại"):
        assert understand(said).score == 1, said
    assert understand("Đúng").intent != "cancel"
    assert understand("đúng ạ").intent != "cancel"


def test_words_do_for_a_form_what_its_buttons_do() -> None:
    asking = Asking()
    asking.send("mắc điện mới", "Mắc điện cho gia đình", "vâng ạ", "12 Lê Lợi, phường Bến Thành", "chủ nhà")
    assert asking.step.name == "id_card"
    asking.send(Photo("r", kind="image", file="f1", card=CARD), "ok")
    assert asking.step.name == "card_ok"
    asking.send("dung")
    assert asking.step.name == "phone"
    asking.send("0912345678", "tư vấn giúp em")
    assert asking.step.name == "paper_place_right"
    asking.send("gửi sau", "tên")
    assert asking.step.name == "name"
    asking.send("Nguyễn Thị Lan", "đúng rồi")
    assert (len(asking.opened), asking.state.frames) == (1, ())


def test_a_single_guess_is_taken_with_a_yes() -> None:
    asking = Asking()
    asking.send("cần lắp trạm biến áp 400 kVA cho nhà máy")
    if not asking.state.frames:
        asking.send("đúng rồi")
    assert asking.state.frames[-1].flow == "svc_station"


@pytest.mark.parametrize("said", ["không nhớ", "ko biết mã", "Dạ em không biết mã ạ", "I don't know"])
def test_who_does_not_know_the_code_says_so(said: str) -> None:
    asking = Asking()
    asking.send("tách công tơ", "ok", said)
    assert asking.step.name == "use_address"


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ("cho em xin bản sao", "export"),
        ("xuất dữ liệu", "export"),
        ("xóa hết giúp tôi", "delete"),
        ("tôi không đồng ý nữa, rút lại", "withdraw"),
        ("xem em giữ gì", "see"),
        ("sai tên rồi, sửa giúp", "correct"),
        ("download my data", "export"),
    ],
)
def test_a_right_is_asked_for_in_words(said: str, wish: str) -> None:
    assert privacy.Wish("privacy.wish", privacy.WISHES).read(Text(said)) == Given(wish)


def test_after_an_answer_two_words_of_a_button_are_the_button() -> None:
    asking = Asking()
    asking.send("mắc điện mới", "Mắc điện cho gia đình", "không đồng ý")
    assert asking.state.frames == ()
    asking.state = replace(asking.state, offered=(("go:lookup", "Mở lại hồ sơ"), ("!menu", "Menu")))
    asking.send("mở lại")
    assert asking.state.frames[-1].flow == "lookup"


def test_a_command_and_danger_are_heard_before_any_label() -> None:
    asking = Asking()
    asking.send("mắc điện mới", "Mắc điện cho gia đình", "vâng", "12 Lê Lợi, phường Bến Thành", "hủy")
    assert asking.turn.reply.words[0].key == "cancel.sure"
    asking = Asking()
    asking.send("sửa điện", "vâng")
    asking.send("dây điện đứt rớt xuống đường")
    assert asking.turn.reply.words[0].key == "danger.stay_away"


def test_a_file_before_its_question_is_told_when_it_will_be_asked_for() -> None:
    asking = Asking()
    asking.send("mắc điện mới", "Mắc điện cho gia đình", "vâng", Photo("r"))
    words = asking.turn.reply.words[0]
    assert (words.key, words.values) == ("files.not_yet.id_card", {"n": 2})
    assert "Còn 2 câu nữa" in asking.spoken[-5:][0] or any("Còn 2 câu nữa" in one for one in asking.spoken)
    asking.send(Place(10.77, 106.70))
    assert asking.step.name == "use_address"


def test_a_guess_that_was_pressed_goes_where_it_says() -> None:
    asking = Asking()
    asking.send("[about:connect_new]")
    assert asking.step.name == "service"

"""Places as people type them are understood, and what is not certain is not taken for certain."""

import dataclasses
import re
import unicodedata
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import handlers.rules
from conversations.folding import fold
from handlers.rules.addresses import spell_out
from handlers.rules.areas import MAYBE, SURE, Address, Ward, load_wards, parse_address, street_of
from handlers.rules.ward_names import key_of
from tests.work import calls

BOOK = load_wards(Path(handlers.rules.__file__).with_name("wards") / "hcmc-2025-07-01.csv")


def bare_name(name: str) -> str:
    """`Thị trấn Củ Chi, Huyện Củ Chi` → `cu chi`."""
    return re.sub(r"^(phuong|xa|thi tran|dac khu|huyen) ", "", fold(name.partition(",")[0]))


TODAY = [ward.name for ward in BOOK.wards]
OLD = sorted({old for ward in BOOK.wards for old in ward.former})
SPELT = sorted({bare for name in TODAY + OLD if (bare := bare_name(name)) and not bare[-1].isdigit()})
NAMES = st.sampled_from(TODAY + OLD)
VIETNAMESE = "aàáâãăạảấầẩẫậắằẳẵặbcdđeèéêẹẻẽếềểễệghiìíĩỉịklmnoòóôõơọỏốồổỗộớờởỡợpqrstuùúũưụủứừửữựvxyỳýỵỷỹ"
TYPED = st.text(alphabet=VIETNAMESE + VIETNAMESE.upper() + "0123456789 /,.-pPqQ", max_size=60)


def names(text: str, limit: int = 40) -> list[str]:
    return [match.ward.name for match in BOOK.find(text, limit)]


def sure(text: str) -> str | None:
    matches = BOOK.find(text)
    return matches[0].ward.name if matches and matches[0].score >= SURE else None


def top_names(text: str) -> set[str]:
    matches = BOOK.find(text, limit=168)
    return {match.ward.name for match in matches if match.score == matches[0].score}


def test_the_table_holds_the_168_units_of_the_reform() -> None:
    assert Counter(ward.kind for ward in BOOK.wards) == {"phường": 113, "xã": 54, "đặc khu": 1}
    assert len(BOOK.by_code) == 168
    assert len({ward.name for ward in BOOK.wards}) == 168
    assert all(ward.code.isdigit() and len(ward.code) == 5 and ward.former for ward in BOOK.wards)


def test_a_book_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        BOOK.wards = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Phường Bến Thành", "Phường Bến Thành"),
        ("phuong ben thanh", "Phường Bến Thành"),
        ("bến thành", "Phường Bến Thành"),
        ("BEN THANH", "Phường Bến Thành"),
        ("benthanh", "Phường Bến Thành"),
        ("p. bến thành", "Phường Bến Thành"),
        ("P.Bến Thành, Q.1, TPHCM", "Phường Bến Thành"),
        ("f ben thanh", "Phường Bến Thành"),
        ("ben thanh quan 1", "Phường Bến Thành"),
        ("khu vực Tân Thuận", "Phường Tân Thuận"),
        ("tôi ở phường tân thuận bị mất điện", "Phường Tân Thuận"),
        ("12 nguyen trai p ben thanh q1", "Phường Bến Thành"),
        ("12 Lê Lợi, Bến Thành, Quận 1, Thành phố Hồ Chí Minh", "Phường Bến Thành"),
        ("Sài Gòn", "Phường Sài Gòn"),
        ("phường Sài Gòn", "Phường Sài Gòn"),
        ("p ben nghe q1", "Phường Sài Gòn"),
        ("bến nghé", "Phường Sài Gòn"),
        ("bến nghé sài gòn", "Phường Sài Gòn"),
        ("phuong 5 quan 3", "Phường Bàn Cờ"),
        ("p5q3", "Phường Bàn Cờ"),
        ("P.05 Q.03", "Phường Bàn Cờ"),
        ("f5 q3", "Phường Bàn Cờ"),
        ("p1 quận 3", "Phường Bàn Cờ"),
        ("p11 q3", "Phường Nhiêu Lộc"),
        ("phường 6 quận 3", "Phường Xuân Hòa"),
        ("p5 go vap", "Phường An Nhơn"),
        ("phường 5, quận Gò Vấp", "Phường An Nhơn"),
        ("45 binh thoi p 10 q 11", "Phường Bình Thới"),
        ("123 Nguyễn Tri Phương P.5 Q.10", "Phường Diên Hồng"),
        ("phường gò vấp", "Phường Gò Vấp"),
        ("thảo điền", "Phường An Khánh"),
        ("thao dien q2", "Phường An Khánh"),
        ("p thao dien tp thu duc", "Phường An Khánh"),
        ("linh trung thu duc", "Phường Linh Xuân"),
        ("tan phu quan 7", "Phường Tân Mỹ"),
        ("an phú thuận an", "Phường An Phú"),
        ("xã bà điểm huyện hóc môn", "Xã Bà Điểm"),
        ("x ba diem", "Xã Bà Điểm"),
        ("phuong ba diem", "Xã Bà Điểm"),
        ("xã quy đức", "Xã Hưng Long"),
        ("tt cu chi h cu chi", "Xã Tân An Hội"),
        ("con dao", "Đặc khu Côn Đảo"),
        ("phường thắng tam vũng tàu", "Phường Vũng Tàu"),
    ],
)
def test_a_clear_place_is_taken_without_asking(typed: str, meant: str) -> None:
    assert sure(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ben thnah", "Phường Bến Thành"),
        ("phuong bne thanh", "Phường Bến Thành"),
        ("phuogn ben thanh", "Phường Bến Thành"),
        ("tan thaun", "Phường Tân Thuận"),
        ("lin xuan", "Phường Linh Xuân"),
        ("govapp", "Phường Gò Vấp"),
        ("bne nghe quan 1", "Phường Sài Gòn"),
        ("hiep binh chnah", "Phường Hiệp Bình"),
        ("vinh lco", "Xã Vĩnh Lộc"),
        ("binh tri", "Phường Bình Trị Đông"),
        ("12 le loi ben thanh", "Phường Bến Thành"),
        ("an phú", "Phường An Phú"),
        ("gò vấp", "Phường Gò Vấp"),
        ("thu duc", "Phường Thủ Đức"),
        ("ben thanh quan 7", "Phường Bến Thành"),
    ],
)
def test_a_slip_or_a_shared_name_is_offered_first_but_asked_about(typed: str, meant: str) -> None:
    best = BOOK.find(typed)[0]
    assert best.ward.name == meant
    assert MAYBE <= best.score < SURE


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("p14 q10", {"Phường Diên Hồng", "Phường Hòa Hưng"}),
        ("bình hưng hoà a", {"Phường Bình Hưng Hòa", "Phường Bình Trị Đông"}),
        ("quan 7", {"Phường Tân Thuận", "Phường Phú Thuận", "Phường Tân Mỹ", "Phường Tân Hưng"}),
        ("q1", {"Phường Sài Gòn", "Phường Bến Thành", "Phường Tân Định", "Phường Cầu Ông Lãnh"}),
        ("quận 2", {"Phường An Khánh", "Phường Bình Trưng", "Phường Cát Lái"}),
        ("phuong 99 quan 3", {"Phường Bàn Cờ", "Phường Xuân Hòa", "Phường Nhiêu Lộc"}),
    ],
)
def test_a_split_ward_or_a_district_offers_every_ward_it_became(typed: str, meant: set[str]) -> None:
    assert set(names(typed)) == meant
    assert sure(typed) is None


def test_a_district_that_is_a_ward_too_offers_both() -> None:
    assert names("go vap")[0] == "Phường Gò Vấp"
    assert set(names("go vap")) == set(names("quận gò vấp"))
    assert len(names("quận gò vấp")) == 6


@pytest.mark.parametrize(
    "typed", ["", "   ", "hcm", "tphcm", "hom nay troi dep qua", "250 so dien", "phuong 99", "?!", "🙂"]
)
def test_what_is_no_place_finds_nothing(typed: str) -> None:
    assert BOOK.find(typed) == ()


def test_a_numbered_ward_is_never_taken_for_another_number() -> None:
    for match in BOOK.find("phường 1", limit=168):
        assert match.via is not None
        assert match.via.startswith("Phường 1, ")


def test_an_old_ward_is_named_with_what_was_found() -> None:
    assert BOOK.find("p ben nghe")[0].via == "Phường Bến Nghé, Quận 1"
    assert BOOK.find("quan 7")[0].via == "Quận 7"
    assert BOOK.find("ben thanh")[0].via is None


def test_diacritics_part_the_two_wards_that_are_alike_without_them() -> None:
    assert sure("Xã Thạnh An") == "Xã Thạnh An"
    assert sure("Xã Thanh An") == "Xã Thanh An"
    assert names("xa thanh an") == ["Xã Thanh An", "Xã Thạnh An"]
    assert sure("xa thanh an") is None


@pytest.mark.parametrize("ward", BOOK.wards, ids=lambda ward: ward.code)
def test_every_ward_is_found_by_its_name(ward: Ward) -> None:
    assert sure(ward.name) == ward.name
    assert ward.name in top_names(fold(ward.name))
    assert ward.name in top_names(ward.name.removeprefix("Phường ").removeprefix("Xã "))


@pytest.mark.parametrize("old", OLD)
def test_every_old_ward_leads_to_all_the_wards_it_became(old: str) -> None:
    heirs = {ward.name for ward in BOOK.wards if old in ward.former}
    assert heirs <= set(names(fold(old)))


@given(NAMES)
def test_neither_case_nor_diacritics_change_the_best_match(name: str) -> None:
    best = BOOK.find(name)[0].ward.name
    for written in (name.upper(), name.lower(), unicodedata.normalize("NFD", name)):
        assert BOOK.find(written)[0].ward.name == best
    assert best in top_names(fold(name))


@given(TYPED)
def test_any_text_gets_ordered_scores_between_maybe_and_one(text: str) -> None:
    matches = BOOK.find(text, limit=168)
    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)
    assert all(MAYBE <= match.score <= 1 for match in matches)
    assert len({match.ward.code for match in matches}) == len(matches)
    assert BOOK.find(text.upper(), limit=168) == matches


@given(st.sampled_from(SPELT), st.sampled_from(["", "phuong ", "p "]), st.data())
def test_a_letter_left_out_or_doubled_is_never_sure(name: str, kind: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(min_value=0, max_value=len(name) - 1))
    for slipped in (name[:at] + name[at + 1 :], name[: at + 1] + name[at:]):
        assume(key_of(spell_out(slipped).split()) not in {key_of(known.split()) for known in SPELT})
        assert sure(kind + slipped) is None


@pytest.mark.parametrize(
    ("typed", "house", "street", "ward_text"),
    [
        ("12/3b Nguyễn Trãi, phường Bến Thành", "12/3b", "nguyen trai", "phuong ben thanh"),
        ("12 nguyen trai p ben thanh q1", "12", "nguyen trai", "phuong ben thanh quan 1"),
        ("12 Lê Lợi, Bến Thành, Quận 1, TP.HCM", "12", "le loi", "ben thanh quan 1"),
        ("123 Nguyễn Tri Phương P.5 Q.10", "123", "nguyen tri phuong", "phuong 5 quan 10"),
        ("14/9/2A Bà Huyện Thanh Quan Q3", "14/9/2a", "ba huyen thanh quan", "quan 3"),
        ("120 Xa lộ Hà Nội, P. Thảo Điền", "120", "xa lo ha noi", "phuong thao dien"),
        ("45 3/2 p11 q10", "45", "3 thang 2", "phuong 11 quan 10"),
        ("3 tháng 2, q10", None, "3 thang 2", "quan 10"),
        ("30/4 p5", None, "30 thang 4", "phuong 5"),
        ("2 30 tháng 4, bến thành", "2", "30 thang 4", "ben thanh"),
        ("66 cmt8 f6 tan binh", "66", "cach mang thang 8", "phuong 6 tan binh"),
        (
            "số 7 đường số 12, kp3, p.Linh Trung, TP.Thủ Đức",
            "7",
            "duong so 12",
            "phuong linh trung thanh pho thu duc",
        ),
        ("Lô A12, đường D2, KCN Tân Tạo, phường Tân Tạo", "lo a12", "d2", "phuong tan tao"),
        ("hẻm 45/3 Lê Lợi", "45/3", "le loi", None),
        ("5 Quang Trung, xã Bà Điểm", "5", "quang trung", "xa ba diem"),
        ("phường Bến Thành", None, None, "phuong ben thanh"),
        ("12 nguyen trai ben thanh", "12", "nguyen trai ben thanh", None),
        ("Le Loi street", None, "le loi", None),
        ("12/3 Le Loi street, Ben Thanh ward", "12/3", "le loi", "phuong ben thanh"),
        ("12 Nguyen Trai street Ben Thanh ward, district 1", "12", "nguyen trai", "phuong ben thanh quan 1"),
        ("5 Phan Dang Luu street, Binh Thanh district", "5", "phan dang luu", "quan binh thanh"),
        ("12", "12", None, None),
        ("", None, None, None),
    ],
)
def test_an_address_is_taken_apart(
    typed: str, house: str | None, street: str | None, ward_text: str | None
) -> None:
    assert parse_address(typed) == Address(house, street, ward_text)


@pytest.mark.parametrize(
    ("address", "street"),
    [
        ("12/3 Lê Lợi, Phường Bến Thành", "le loi"),
        ("12/3 đường Lê Lợi, Phường Bến Thành", "le loi"),
        ("7 Đường 12, Phường Linh Xuân", "duong so 12"),
        ("7 Đường số 12, Phường Linh Xuân", "duong so 12"),
        ("101 CMT8, Phường Bàn Cờ", "cach mang thang 8"),
        ("Phường Bến Thành", ""),
    ],
)
def test_the_street_of_an_address_has_one_spelling(address: str, street: str) -> None:
    assert street_of(address) == street


@given(TYPED)
def test_any_text_is_taken_apart_without_complaint(text: str) -> None:
    address = parse_address(text)
    assert address == parse_address(text.upper())
    assert all(part is None or part.strip() == part != "" for part in dataclasses.astuple(address))


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TYPED)
def test_folded_vietnamese_is_plain_words_with_slashes_only_between_house_numbers(text: str) -> None:
    folded = fold(text)
    assert folded.isascii()
    assert folded == folded.lower() == " ".join(folded.split())
    assert folded == fold(text.upper()) == fold(unicodedata.normalize("NFD", text))
    assert all(word.replace("/", "").isalnum() and word[0] != "/" != word[-1] for word in folded.split())


def test_a_search_compares_with_no_more_names_than_it_must() -> None:
    typed = [
        "12 nguyen trai p ben thanh q1",
        "ben thnah",
        "go vap",
        "toi o duogn le loi phuogn bne thanh quan mot",
        "p5",
    ]
    most = max(calls(partial(BOOK.find, text)) for text in typed)
    assert most < 4_000  # about twice what it is

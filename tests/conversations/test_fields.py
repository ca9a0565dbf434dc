"""Each kind of question takes what people write, and helps with what it cannot take."""

import pytest

from conversations.days import BirthDate, DayKnown, ReadDay, WantedDay, WhatDay, day_words, written_day
from conversations.files import Files, card_in
from conversations.identity_fields import Email, IdNumber, Phone, born_by_number
from conversations.masking import masked_id, without_ids
from conversations.model import (
    Afresh,
    Again,
    Enough,
    Field,
    Given,
    Json,
    Look,
    Partly,
    Photo,
    Press,
    Reading,
    SharedContact,
    Text,
    Words,
)
from conversations.places import FindPlace, PlacesFound
from conversations.quantities import Number, number_words
from conversations.ratings import Faces, Score
from conversations.service_fields import PersonName, UseAddress, WhichMeter
from tests.conversations.test_machine import METER, WARD


def given(field: Field, said: str) -> Json:
    reading = field.read(Text(said))
    assert isinstance(reading, Given), reading
    return reading.value


def help_for(reading: Reading) -> str:
    assert isinstance(reading, Again), reading
    return reading.words.key


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("079 088 001 234", "079088001234"),
        ("079.088.001.234", "079088001234"),
        ("b1234567", "B1234567"),
        ("999999999999", "999999999999"),
    ],
)
def test_a_card_number_is_twelve_digits_and_nothing_else_is_checked(said: str, number: str) -> None:
    assert given(IdNumber(), said) == number


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("023456789", "id_number.old_card"),
        ("07908800123", "id_number.length"),
        ("tôi không nhớ", "id_number.wrong"),
    ],
)
def test_another_number_is_told_what_is_wrong_with_it(said: str, key: str) -> None:
    assert help_for(IdNumber().read(Text(said))) == key


def test_the_year_in_a_card_number_is_read_by_the_old_rule() -> None:
    assert [born_by_number(one) for one in ("079088001234", "079204001234", "B1234567")] == ["1988", "2004", ""]


def test_a_number_of_a_card_is_masked_wherever_it_was_typed() -> None:
    assert without_ids("hẻm 5, số 079 190 001 234 nhé") == "hẻm 5, số 0791••••1234 nhé"
    assert without_ids("12/3 Lê Lợi, gọi 0912345678") == "12/3 Lê Lợi, gọi 0912345678"


def test_a_masked_number_shows_only_its_ends() -> None:
    assert [masked_id(one) for one in ("079088001234", "B1234567", "B12")] == ["0790••••1234", "B1••••67", "••••"]


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("0912 345 678", "0912345678"),
        ("+84 912.345.678", "0912345678"),
        ("84912345678", "0912345678"),
        ("0084 912345678", "0912345678"),
        ("912345678", "0912345678"),
        ("055 2345 678", "0552345678"),
        ("(028) 3822 0000", "02838220000"),
    ],
)
def test_a_vietnamese_number_is_taken_however_it_is_written(said: str, number: str) -> None:
    assert given(Phone(), said) == number


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("+1 415 555 2671", "phone.foreign"),
        ("0044 20 7946 0958", "phone.foreign"),
        ("1900 545454", "phone.service"),
        ("091234567", "phone.wrong"),
        ("0412345678", "phone.wrong"),
        ("không có", "phone.wrong"),
    ],
)
def test_a_number_that_cannot_be_called_is_told_why(said: str, key: str) -> None:
    assert help_for(Phone().read(Text(said))) == key


def test_a_shared_number_counts_like_a_typed_one() -> None:
    assert Phone().read(SharedContact("+84912345678", own=True)) == Given("0912345678")
    assert help_for(Phone().read(SharedContact("+14155552671", own=True))) == "phone.foreign"


def test_an_address_for_mail_may_be_left_out() -> None:
    assert given(Email(), "mail là Lan.Nguyen@Gmail.com nhé") == "lan.nguyen@gmail.com"
    assert given(Email(), "không có") == ""
    assert help_for(Email().read(Text("lan@gmail"))) == "email.wrong"


@pytest.mark.parametrize(
    ("said", "unit", "value"),
    [
        ("400", "kva", 400),
        ("400kVA", "kva", 400),
        ("1.250 kVA", "kva", 1250),
        ("1,5 MVA", "kva", 1500),
        ("5,5 kW", "kw", 5.5),
        ("5.5", "kw", 5.5),
        ("1500 W", "kw", 1.5),
        ("khoảng 3 máy tổng 20 kw", "kw", 20),
        ("4 hộ", "households", 4),
        ("bốn hộ", "households", 4),
        ("1 ngựa", "kw", 0.75),
    ],
)
def test_a_number_is_read_with_its_unit(said: str, unit: str, value: float) -> None:
    assert given(Number(unit, at_least=0), said) == value


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("100 kVA", "number.other_unit"),
        ("từ 5 đến 10", "number.one"),
        ("nhiều", "number.one"),
        ("0", "number.range"),
    ],
)
def test_another_number_is_asked_for_with_what_is_missing(said: str, key: str) -> None:
    assert help_for(Number("kw").read(Text(said))) == key


def test_a_part_of_a_number_is_written_as_the_language_does() -> None:
    assert number_words(5.5, "kw") == Words(
        "unit.kw", {"number": Words("number.decimal", {"whole": "5", "part": "5"})}
    )
    assert number_words(400, "kva") == Words("unit.kva", {"number": "400"})


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("20/11/1990", "1990-11-20"),
        ("20-1-1990", "1990-01-20"),
        ("20111990", "1990-11-20"),
        ("ngày 20 tháng 11 năm 1990", "1990-11-20"),
        ("29/2/2000", "2000-02-29"),
        ("29/2/1900", None),
        ("31/4/1990", None),
        ("1990", None),
    ],
)
def test_a_written_day_is_one_that_exists(said: str, day: str | None) -> None:
    assert written_day(said) == day


@pytest.mark.parametrize(
    ("born", "key"),
    [
        ("1800-05-01", "born.too_long_ago"),
        ("2030-01-01", "born.ahead"),
        ("2010-01-01", "born.not_of_age"),
        ("2008-11-21", "born.not_of_age"),
    ],
)
def test_an_impossible_birth_is_told_kindly(born: str, key: str) -> None:
    assert help_for(BirthDate().judge(DayKnown("2026-11-20", born))) == key


def test_who_comes_of_age_today_may_sign() -> None:
    assert BirthDate().read(Text("20/11/2008")) == Look(WhatDay("2008-11-20"))
    assert BirthDate().judge(DayKnown("2026-11-20", "2008-11-20")) == Given("2008-11-20")


def test_no_such_day_is_another_thing_than_no_day() -> None:
    assert help_for(BirthDate().read(Text("31/02/1990"))) == "born.no_such_day"
    assert help_for(BirthDate().read(Text("năm chín mươi"))) == "born.example"


def test_a_wanted_day_may_be_as_soon_as_possible() -> None:
    assert given(WantedDay(), "càng sớm càng tốt") == "soon"
    assert WantedDay().read(Text("ngày mai")) == Look(ReadDay("ngày mai"))
    assert day_words("2026-12-20") == Words("literal", {"text": "20/12/2026"})


def test_photos_are_collected_until_they_are_enough() -> None:
    field = Files()
    first = field.take(Photo("r", kind="image", file="f1"), ())
    assert isinstance(first, Partly)
    assert first.value == {"file": "f1", "kind": "image"}
    assert [button.value for button in first.options] == ["done", "afresh"]
    assert field.take(Press("done"), (first.value,)) == Enough()
    assert field.take(Text("xong rồi"), (first.value,)) == Enough()
    assert field.take(Press("afresh"), (first.value,)) == Afresh()


def test_sending_later_never_throws_away_what_was_sent() -> None:
    assert Files().take(Press("later"), ()) == Enough(least=0)
    assert Files().read(Text("dạ em gửi sau nhé")) == Enough(least=0)


def test_a_bad_photo_is_kept_and_another_asked_for_once() -> None:
    first = Files().take(Photo("r", kind="image", file="f1", problem="blurred"), ())
    assert isinstance(first, Partly)
    assert first.words == Words("files.retake", {"problem": Words("file.problem.blurred")})
    assert first.value == {"file": "f1", "kind": "image", "problem": "blurred"}
    second = Files().take(Photo("r", kind="image", file="f2", problem="dark"), (first.value,))
    assert isinstance(second, Partly)
    assert second.words == Words("files.got", {"n": 2})


def test_a_file_that_was_not_kept_is_asked_for_again() -> None:
    assert help_for(Files().read(Photo("r", problem="too_large"))) == "file.problem.too_large"
    assert help_for(Files().read(Photo("r"))) == "files.not_kept"
    assert help_for(Files().read(Text("đây là sổ hồng"))) == "files.send"


def test_the_card_is_found_among_the_photos() -> None:
    card = {"id": "079088001234", "name": "NGUYỄN THỊ LAN"}
    front = Files("id_card").take(Photo("r", kind="image", file="f", card=card), ())
    assert isinstance(front, Partly)
    assert card_in([{"file": "b", "kind": "image"}, front.value]) == card
    assert card_in([]) is None


@pytest.mark.parametrize(
    ("said", "face"),
    [("😀", 3), ("rất hài lòng", 3), ("không hài lòng", 1), ("tạm được", 2), ("tệ quá", 1), ("ok em", 2)],
)
def test_a_face_is_understood_in_words(said: str, face: int) -> None:
    assert given(Faces(), said) == face


@pytest.mark.parametrize(("said", "score"), [("8", 8), ("10", 10), ("9/10", 9), ("8 điểm", 8), ("mười", 10)])
def test_a_score_is_a_number_up_to_ten(said: str, score: int) -> None:
    assert given(Score(), said) == score
    assert help_for(Score().read(Text("11"))) == "score.example"


def test_a_name_has_letters() -> None:
    assert given(PersonName(), "  Nguyễn   Thị Lan ") == "Nguyễn Thị Lan"
    assert help_for(PersonName().read(Text("123"))) == "name.wrong"


def test_an_address_keeps_what_was_typed_and_finds_its_place() -> None:
    said = "12/3 Lê Lợi, phường Bến Thành"
    assert UseAddress().read(Text(said)) == Look(FindPlace(said, streets=True))
    assert UseAddress().judge(PlacesFound((WARD,), True, said, "name")) == Given(
        {
            "text": said,
            "target": WARD.target,
            "name": {"say": "place.ward", "values": {"name": "Phường Bến Thành"}},
        }
    )
    assert UseAddress().judge(PlacesFound((), False, said, "name")) == Given({"text": said})
    assert help_for(UseAddress().read(Text("Bến Thành"))) == "use_address.more"


def test_a_customer_code_that_nobody_knows_is_no_dead_end() -> None:
    known = WhichMeter().judge(PlacesFound((METER,), True, "PE01000000014", "code"))
    assert isinstance(known, Given)
    assert isinstance(known.value, dict)
    assert known.value["text"] == "PE01000000014"
    unknown = WhichMeter().judge(PlacesFound((), False, "PB04010001234", "code"))
    assert isinstance(unknown, Again)
    assert [button.value for button in unknown.options] == ["as:PB04010001234", "unknown"]
    typed = WhichMeter().read(Press("as:PB04010001234"))
    assert isinstance(typed, Given)
    assert isinstance(typed.value, dict)
    assert (typed.value["target"], typed.value["text"]) == ("", "PB04010001234")
    assert help_for(WhichMeter().judge(PlacesFound((WARD,), True, "bến thành", "name"))) == "meter.code"

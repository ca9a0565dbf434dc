"""Answers about prices and bills: what is told, from when it is, what is offered, and decisions that staff add."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.doctor import examine
from bot.settings import Settings
from conversations import appliances, bill, bill_high, rented_room, tariff
from conversations.billing import BillFound, BillOf, ComparedFound, TariffFound, TariffOf
from conversations.model import (
    LANGUAGES,
    Event,
    Finish,
    Flow,
    Given,
    Json,
    Language,
    Press,
    Text,
    Understood,
    Words,
)
from conversations.usage import CATEGORIES, LEVELS, PURPOSES, Usage
from handlers.consultation import found
from handlers.rules.appliances import appliances_at
from handlers.rules.tariff_files import FOLDER
from handlers.talking import talking
from handlers.tariff_shelf import TariffShelf

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
AFTER = datetime(2027, 1, 20, 7, 0, tzinfo=UTC)
TALKING = talking()


def said(words: Words, language: Language = "vi") -> str:
    return TALKING.speaker.plain(words, language)


def finished(flow: Flow, answers: Mapping[str, Json], now: datetime = NOW) -> Finish:
    """How a flow ends with these answers."""
    query = flow.needs(answers)
    return flow.finish(answers, found(query, now, TALKING) if query else None)  # type: ignore[arg-type]


def text_of(finish: Finish, language: Language = "vi") -> str:
    """What is told, without its markup."""
    return re.sub("<[^>]*>", "", "\n".join(said(words, language) for words in finish.reply.words))


def offered(finish: Finish) -> list[str]:
    return [button.value for button in finish.reply.buttons]


def ahead(flow: Flow, intent: str, **values: str) -> Mapping[str, Event]:
    return flow.prefill(Understood(intent, 1.0, values))


# --- what was understood needs no question ---------------------------------------------------------------------


def test_the_first_words_answer_what_they_tell() -> None:
    assert ahead(bill.FLOW, "bill_estimate", kwh="250") == {"purpose": Press("home"), "usage": Press("home:k250")}
    shared = ahead(bill.FLOW, "bill_estimate", kwh="300", households="2")
    assert shared["usage"] == Press("home:k300h2")
    assert ahead(bill.FLOW, "bill_estimate", money="500000")["usage"] == Press("home:m500000")
    assert ahead(bill.FLOW, "bill_estimate", purpose="business") == {"purpose": Press("business")}
    assert ahead(bill.FLOW, "bill_estimate", kwh="99999999999") == {"purpose": Press("home")}
    assert bill.FLOW.prefill(Understood()) == {}, "from a button nothing is known"
    assert ahead(bill_high.FLOW, "bill_high", money="1250000") == {"after": Press("home:m1250000")}
    room = ahead(rented_room.FLOW, "rented_room", money="4000", kwh="100")
    assert room == {"price": Press("4000"), "kwh": Press("100")}
    assert ahead(rented_room.FLOW, "rented_room", money="1000000") == {}
    assert ahead(tariff.FLOW, "tariff", purpose="hours") == {"about": Press("hours")}
    assert ahead(tariff.FLOW, "tariff", purpose="elsewhere") == {}


# --- bills ---------------------------------------------------------------------------------------------


def test_a_bill_is_told_with_its_table_its_picture_and_where_it_is_from() -> None:
    done = finished(bill.FLOW, {"purpose": "home", "usage": "home:k250"})
    text = text_of(done)
    for line in ("636.768 đ", "Bậc 4: 50 × 2.998 = 149.900", "Thuế GTGT 8 %: 47.168 đ", "trả thêm 161.892 đ"):
        assert line in text
    assert "Theo 1279/QĐ-BCT, áp dụng từ 10/5/2025; em kiểm tra lần gần nhất 30/9/2026." in text
    assert done.reply.picture
    assert done.reply.picture.kind == "bill"
    assert offered(done) == [
        "go:bill:home", "go:bill_steps:home:k250", "go:bill_months:home:k250", "go:appliances",
        "go:bill_shared:home:k250", "!menu",
    ]  # fmt: skip


def test_what_has_run_out_is_never_told_as_current() -> None:
    text = text_of(finished(bill.FLOW, {"purpose": "home", "usage": "home:k100"}, AFTER))
    assert "221.870 đ" in text, "VAT of 2027 is 10 %"
    assert "có đến ngày 30/9/2026" in text
    assert "nếu việc giảm thuế được gia hạn" in text
    assert "em kiểm tra lần gần nhất" not in text
    home = text_of(finished(tariff.FLOW, {"about": "home"}, AFTER))
    assert "chưa áp dụng" not in home, "nobody has looked whether the five tiers still sleep"
    hours = text_of(finished(tariff.FLOW, {"about": "hours"}, AFTER))
    assert "Đang dùng" not in hours
    assert "Tới 31/8/2026 là bảng dùng để tính tiền" in hours


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_customer_gets_a_bill(category: str, language: Language) -> None:
    answers: dict[str, Json] = {"purpose": category.partition(".")[0], "level": category, "usage": "home:k100"}
    text = text_of(finished(bill.FLOW, answers), language)
    assert "1279/QĐ-BCT" in text
    steps = text_of(finished(bill.STEPS, {"usage": Usage(category, 100).code}), language)
    assert "8 %" in steps


@pytest.mark.parametrize("about", [*PURPOSES, "hours", "fee"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_price_is_told_with_its_source(about: str, language: Language) -> None:
    facts = found(TariffOf(about), NOW, TALKING)
    assert isinstance(facts, TariffFound)
    assert len(facts.lines) == {"home": 6, "prepaid": 1, "hours": 2, "fee": 3}.get(
        about, len(LEVELS.get(about, ()))
    )
    text = text_of(finished(tariff.FLOW, {"about": about}), language)
    assert {"hours": "963/QĐ-BCT", "fee": "Thông tư 23/2020/TT-BCT"}.get(about, "1279/QĐ-BCT") in text
    assert ("8 %" in text) is (about != "hours")


def test_money_that_buys_nothing_says_so() -> None:
    done = finished(bill.FLOW, {"purpose": "home", "usage": "home:m1000"})
    assert text_of(done) == "1.000 đ chưa đủ cho 1 kWh ạ."
    assert done.reply.picture is None


def test_a_price_that_nobody_knows_is_not_guessed() -> None:
    facts = found(BillOf(Usage("business.low", 100)), datetime(2024, 1, 20, 7, 0, tzinfo=UTC), TALKING)
    assert facts == BillFound(None)
    done = bill.FLOW.finish({"purpose": "business", "level": "business.low", "usage": "home:k100"}, facts)
    assert "em không đoán" in text_of(done)
    assert "!agent" in offered(done)


def test_a_month_in_which_prices_change_is_told_part_by_part() -> None:
    may = datetime(2025, 5, 20, 7, 0, tzinfo=UTC)
    done = finished(bill.FLOW, {"purpose": "home", "usage": "home:k310"}, may)
    text = text_of(done)
    assert "1/5/2025 – 9/5/2025, 2699/QĐ-BCT: 90 kWh" in text
    assert "10/5/2025 – 31/5/2025, 1279/QĐ-BCT: 220 kWh" in text
    assert done.reply.picture is None, "two rows of tiers are no picture"
    assert text.count("em kiểm tra lần gần nhất") == 2
    # Who has a meter for hours must read it on the day of the change.
    assert found(BillOf(Usage("business.low", 100)), may, TALKING) == BillFound(None)


# --- high bills --------------------------------------------------------------------------------------------------


def high(meter: str, changed: str, after: str = "home:k420", before: str = "home:k210") -> Finish:
    answers: dict[str, Json] = {"after": after, "before": before, "days": None, "changed": changed, "meter": meter}
    return finished(bill_high.FLOW, answers)


def test_who_finds_no_reason_is_offered_a_check_and_a_complaint_first() -> None:
    for done in (high("turns", "hot"), high("still", "nothing")):
        assert offered(done)[:2] == ["go:request:meter_check", "go:request:bill_complaint"]
        text = text_of(done)
        assert "Luật Điện lực 61/2024/QH15, Điều 48" in text
        assert "trả lời trong 7 ngày" in text
        assert "hóa đơn vẫn phải thanh toán" in text
        assert "không được cắt điện" in text


def test_who_knows_the_reason_is_told_it_first_and_keeps_the_right() -> None:
    done = high("still", "hot")
    assert offered(done) == ["go:appliances", "go:request:meter_check", "go:request:bill_complaint", "!menu"]
    assert "Trời nóng" in text_of(done)
    assert done.reply.picture
    assert done.reply.picture.kind == "months"


def test_a_bill_that_is_not_higher_is_not_explained() -> None:
    done = finished(bill_high.FLOW, {"after": "home:k200", "before": "home:k210"})
    assert text_of(done).startswith("Theo hai con số này, tiền điện tháng này không cao hơn")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tắt hết rồi vẫn còn quay", "turns"), ("con nhay do", "turns"), ("it still runs", "turns"),
        ("có", "turns"),
        ("không quay nữa", "still"), ("đứng yên", "still"), ("khong", "still"), ("it stopped", "still"),
        ("chưa thử được", "unseen"), ("không biết", "unseen"), ("cannot try now", "unseen"),
    ],
)  # fmt: skip
def test_the_meter_is_understood_in_own_words(typed: str, meant: str) -> None:
    step = bill_high.FLOW.step("meter")
    assert step
    from_words = step.field.read(Text(typed))
    assert from_words == Given(meant)


def test_only_a_notable_rise_leads_to_the_meter() -> None:
    def asked(**answers: Json) -> list[str]:
        return [step.name for step in bill_high.FLOW.steps if step.when(answers)]

    assert asked(after="home:k420", before="home:k210") == ["after", "before", "days", "changed", "meter"]
    assert asked(after="home:k215", before="home:k210") == ["after", "before", "changed"]
    assert asked(after="home:k200", before="home:k210") == ["after", "before"]
    assert asked(after="home:m900000", before="home:k210") == ["after", "before", "days", "changed", "meter"]


def test_two_months_are_compared_at_the_households_of_the_meter() -> None:
    done = finished(bill.MONTHS, {"after": "home:k420h2", "before": "home:m500000"})
    facts = found(bill.MONTHS.needs({"after": "home:k420h2", "before": "home:m500000"}), NOW, TALKING)  # type: ignore[arg-type]
    assert isinstance(facts, ComparedFound)
    assert facts.before.usage.households == 2
    assert facts.before.total <= 500_000
    assert facts.days + facts.use + facts.price + facts.tax == facts.difference
    assert "Chênh lệch" in text_of(done)


# --- rented rooms, appliances ----------------------------------------------------------------------------


def test_a_landlord_who_asks_too_much_hears_of_the_fine() -> None:
    answers: dict[str, Any] = {"declared": "no", "kwh": 100, "price": 4000}
    text = text_of(finished(rented_room.FLOW, answers))
    for told in (
        "giá bậc 3, 2.380 đ",
        "257.040 đ",
        "2.571 đ/kWh",
        "cao hơn 142.960 đ",
        "20.000.000 – 30.000.000 đ",
    ):
        assert told in text
    within = text_of(finished(rented_room.FLOW, {**answers, "price": 2_500}))
    assert "không vượt" in within
    assert "phạt" not in within


def test_every_appliance_has_its_line_in_both_languages() -> None:
    known = list(appliances_at(NOW.date()).appliances)
    which: list[Json] = [[name, 1, None] for name in known]
    done = finished(appliances.FLOW, {"which": which})
    for language in LANGUAGES:
        assert len(text_of(done, language).splitlines()) == len(known) + 3
    assert set(appliances.names().values()) == set(known)


# --- what staff add ------------------------------------------------------------------------------------

DECISION = """
[decision]
code = "9999/QĐ-BCT"
from = 2026-11-01
source = "test"
checked_on = 2026-10-20
still_right_until = 2027-06-30
missing = ["administration", "business", "prepaid", "production"]
[decision.residential]
tiers = [{ up_to = 100, price = 2000 }, { price = 4000 }]
"""


def test_a_decision_of_staff_is_told_without_a_restart_and_a_wrong_one_is_logged_once(tmp_path: Path) -> None:
    own = tmp_path / "tariffs"
    there = replace(TALKING, tariffs=TariffShelf(own))

    def total() -> int:
        facts = found(BillOf(Usage(kwh=100)), NOW, there)
        assert isinstance(facts, BillFound)
        assert facts.bill
        return facts.bill.total

    assert total() == 217_836, "the folder need not be there"
    own.mkdir()
    (own / "new.toml").write_text(DECISION, "utf-8")
    assert total() == 216_000
    with capture_logs() as logs:
        (own / "wrong.toml").write_text("[decision]\ncode = 5\n", "utf-8")
        assert (total(), total()) == (216_000, 216_000)
    assert [line["event"] for line in logs] == ["tariff_file_refused"]
    assert "wrong.toml" in logs[0]["problem"]
    (own / "new.toml").unlink()
    assert total() == 217_836


async def test_doctor_names_a_wrong_file_of_staff(tmp_path: Path) -> None:
    (tmp_path / "tariffs").mkdir()
    (tmp_path / "tariffs" / "wrong.toml").write_text("[decision\n", "utf-8")
    findings = [one for one in await examine(Settings(data_dir=tmp_path)) if one.what == "tariffs"]
    assert findings[0].state == "ok"
    assert [one.state for one in findings if "wrong.toml" in one.detail] == ["wrong"]


def test_the_data_that_comes_along_is_read_by_the_shelf() -> None:
    assert TariffShelf().tariffs().decisions[-1].code == "1279/QĐ-BCT"
    assert len(list(FOLDER.glob("*.toml"))) >= 9

"""No fact that has run out is told as current: every price, bill, hour, fee and article, on days to come."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from conversations import appliances, bill, bill_high, rented_room, tariff
from conversations.knowledge import ARTICLE, ReadArticle
from conversations.model import LANGUAGES, Finish, Flow, Json, Language
from conversations.usage import CATEGORIES
from handlers import knowledge
from handlers.consultation import Asked, found
from handlers.rules import articles
from handlers.rules.appliances import appliances_at
from handlers.rules.bill_rights import bill_rights_at
from handlers.rules.rented_rooms import rented_rooms_at
from handlers.rules.tariff import Checked
from handlers.rules.tariff_files import load_tariffs
from handlers.talking import talking
from store.contacts import Contact
from store.db import Unit

TALKING, TARIFFS = talking(), load_tariffs()
TODAY = date(2026, 11, 25)
# Price, hours and VAT have run out; later fees, rented rooms, the law of bills and appliances too; in the end all.
DAYS = (TODAY, date(2027, 3, 15), date(2027, 8, 1), date(2028, 2, 1), date(2030, 1, 1))
# What tells that it may be otherwise by now, beside the day that it is from.
OLD: Mapping[Language, re.Pattern[str]] = {
    "vi": re.compile(r"có thể đã (đổi|khác)|nếu việc giảm thuế được gia hạn"),
    "en": re.compile(r"may have changed|if the reduction was extended"),
}
SHELF = articles.read_shelf([articles.BUILT_IN])
Answer = tuple[Flow, Mapping[str, Json]]


def price(day: date) -> Checked:
    return TARIFFS.at(day).checked


def vat(day: date) -> Checked:
    return TARIFFS.vat_at(day).checked


def answers() -> Iterator[tuple[str, Answer, tuple[str, ...]]]:
    """Every answer about prices and bills, by a name, with the facts that it rests on."""
    for about in tariff.ABOUT:
        rests = {"hours": ("hours",), "fee": ("fee", "vat")}.get(about, ("price", "vat"))
        yield f"prices-{about}", (tariff.FLOW, {"about": about}), rests
    for category in CATEGORIES:
        usage: dict[str, Json] = {"purpose": category.partition(".")[0], "usage": "home:k250"}
        if "." in category:
            usage["level"] = category
        yield f"bill-{category}", (bill.FLOW, usage), ("price", "vat")
    bands: dict[str, Json] = {"purpose": "business", "level": "business.low", "usage": "home:n300o50p100"}
    yield "bill-bands", (bill.FLOW, bands), ("price", "vat")
    yield "money", (bill.FLOW, {"purpose": "home", "usage": "home:m500000"}), ("price", "vat")
    yield "shared", (bill.SHARED, {"usage": "home:k300", "households": 2}), ("price", "vat")
    yield "steps", (bill.STEPS, {"usage": "home:k250"}), ("price", "vat")
    months: dict[str, Json] = {"after": "home:k480", "before": "home:k250"}
    yield "months", (bill.MONTHS, months), ("price", "vat")
    for changed in ("hot", "nothing"):
        high: dict[str, Json] = {**months, "days": None, "changed": changed, "meter": "turns"}
        yield f"high-{changed}", (bill_high.FLOW, high), ("price", "vat", "rights")
    for declared in ("yes", "no"):
        room: dict[str, Json] = {"declared": declared, "people": 3, "kwh": 150, "price": 4000}
        yield f"room-{declared}", (rented_room.FLOW, room), ("price", "vat", "rooms")
    which: Json = [["air_conditioner_1hp", 1, 80], ["refrigerator", 1, None]]
    yield "appliances", (appliances.FLOW, {"which": which}), ("price", "vat", "appliances")


def fresh(fact: str, day: date) -> bool:
    """Whether a fact may be told as current on a day, as its file says."""
    checked = {
        "price": lambda: [price(day)],
        "vat": lambda: [vat(day)],
        "hours": lambda: [one.checked for one in (TARIFFS.billed_hours(day), *TARIFFS.announced_hours(day))],
        "fee": lambda: [TARIFFS.fee("reconnection").checked],
        "rights": lambda: [bill_rights_at(day).checked],
        "rooms": lambda: [rented_rooms_at(day).checked],
        "appliances": lambda: [appliances_at(day).checked],
    }[fact]()
    return all(one.fresh(day) for one in checked)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 5, tzinfo=UTC)


def plain(finish: Finish, language: Language) -> str:
    return "\n".join(TALKING.speaker.plain(words, language) for words in finish.reply.words)


def told(answer: Answer, day: date, language: Language) -> str:
    flow, given = answer
    query = flow.needs(given)
    assert query is not None
    return plain(flow.finish(given, found(cast(Asked, query), noon(day), TALKING)), language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_no_price_bill_hour_or_fee_is_told_as_current_after_its_day(day: date, language: Language) -> None:
    for name, answer, rests in answers():
        text = told(answer, day, language)
        old = not all(fresh(fact, day) for fact in rests)
        assert bool(OLD[language].search(text)) == old, f"{name} on {day}:\n{text}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_fact_that_ran_out_is_named_with_the_day_it_is_from(language: Language) -> None:
    day = date(2030, 1, 1)
    looked = {
        "price": price(day), "vat": vat(day), "fee": TARIFFS.fee("reconnection").checked,
        "hours": TARIFFS.billed_hours(day).checked, "rights": bill_rights_at(day).checked,
        "rooms": rented_rooms_at(day).checked, "appliances": appliances_at(day).checked,
    }  # fmt: skip
    for name, answer, rests in answers():
        text = told(answer, day, language)
        for fact in rests:
            on = looked[fact].on
            said = f"{on.day}/{on.month}/{on.year}" if language == "vi" else f"{on.day} {on:%b} {on.year}"
            assert said in text, f"{name} does not tell from when its {fact} is:\n{text}"


async def _article(name: str, day: date, language: Language) -> str:
    reader = Contact(
        channel="web", address="a", name="", language=language, created_at=noon(TODAY), seen_at=noon(TODAY)
    )
    read = await knowledge.read(cast(Unit, None), reader, ReadArticle(name), noon(day), TALKING)
    return plain(ARTICLE.finish({"id": name}, read), language)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_no_article_is_told_as_current_after_its_day(language: Language) -> None:
    assert len(SHELF.articles) >= 40
    for name, article in SHELF.articles.items():
        last = article.still_right_until
        assert not OLD[language].search(await _article(name, last, language)), f"{name} on its last day"
        text = await _article(name, last + timedelta(days=1), language)
        assert OLD[language].search(text), f"{name} a day too late:\n{text}"


def test_a_past_year_whose_end_nobody_saw_is_not_told_as_known() -> None:
    day = date(2027, 3, 15)
    answer: Answer = (tariff.FLOW, {"about": "past.2026"})
    assert OLD["vi"].search(told(answer, day, "vi"))
    assert not OLD["vi"].search(told((tariff.FLOW, {"about": "past.2024"}), day, "vi")), "that is over and known"


def test_a_sleeping_structure_is_told_to_sleep_only_while_somebody_vouches_for_the_price() -> None:
    answer: Answer = (tariff.FLOW, {"about": "home"})
    assert "14/2025/QĐ-TTg" in told(answer, TODAY, "vi")
    assert "14/2025/QĐ-TTg" not in told(answer, date(2027, 3, 15), "vi")


def test_every_file_with_facts_that_run_out_is_walked() -> None:
    rules = Path(articles.__file__).parent
    dated = {
        str(path.relative_to(rules))
        for path in rules.rglob("*.toml")
        if "still_right_until" in path.read_text("utf-8")
    }
    knowledge_files = {name for name in dated if name.startswith("knowledge/")}
    assert dated - knowledge_files == {
        "appliances.toml", "bill_rights.toml", "rented_rooms.toml", "tariffs/2025-05-10-1279.toml",
        "tariffs/fees.toml", "tariffs/peak_hours.toml", "tariffs/vat.toml",
    }  # fmt: skip

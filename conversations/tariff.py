"""Prices for a home, a business, production, public bodies, prepaid meters; the hours of the prices, and a fee."""

from __future__ import annotations

import re
from collections.abc import Mapping

from conversations.billing import MENU, TariffFound, TariffOf, sources_of
from conversations.fields import Choice
from conversations.knowledge import ArticleFound, ReadArticle, show
from conversations.model import (
    Answers,
    Button,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Press,
    Query,
    Reading,
    Reply,
    Step,
    Understood,
    Value,
    Words,
)
from conversations.usage import PURPOSES

ABOUT = (*PURPOSES, "hours", "fee")
# What only words ask for: VAT and when prices change are in the knowledge base, past years are not on the buttons.
_CHANGES, _ARTICLE = "changes", "tariff-when"
_YEAR = re.compile(r"\b20[012]\d\b")


class About(Choice):
    """Which prices; past years and coming changes are asked for in words only, so no button says them."""

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == _CHANGES or _past(value):
                return Given(value)
        return super().read(event)


def _past(about: str) -> bool:
    return bool(re.fullmatch(r"past\.20\d\d", about))


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Giá kinh doanh giờ cao điểm" names its purpose."""
    about = understood.values.get("purpose")
    year = _YEAR.search(understood.text)
    if year and about in (None, "home"):
        return {"about": Press(f"past.{year.group()}")}
    return {"about": Press(about)} if about in (*ABOUT, _CHANGES) else {}


def needs(answers: Answers) -> Query:
    about = str(answers["about"])
    return ReadArticle(_ARTICLE) if about == _CHANGES else TariffOf(about)


def finish(answers: Answers, facts: Found | None) -> Finish:
    if isinstance(facts, ArticleFound):
        return show(answers, facts)
    assert isinstance(facts, TariffFound)
    about = str(answers["about"]) if facts.year is None else "past"
    if not facts.lines:
        return Finish(Reply((Words("bill.unknown"),), (Button(Words("menu.agent"), "!agent"), MENU)))
    values: dict[str, Value] = {"lines": facts.lines, **({"year": f"{facts.year}"} if facts.year else {})}
    words = [Words(f"tariff.{about}", values)]
    if facts.vat is not None:
        words.append(Words("tariff.vat", {"percent": facts.vat}))
    if facts.dormant:
        words.append(Words("tariff.dormant", {"code": facts.dormant[0], "tiers": facts.dormant[1]}))
    words += sources_of(facts.sources)
    return Finish(Reply(tuple(words), _buttons(about)))


def _buttons(about: str) -> tuple[Button, ...]:
    reckon = Button(Words("money.bill"), f"go:bill:{about}" if about in PURPOSES else "go:bill")
    hours = Button(Words("tariff.hours_button"), "go:tariff:hours")
    others = Button(Words("tariff.others"), "go:tariff")
    return (reckon, hours, others, MENU) if about in ("business", "production") else (reckon, others, MENU)


FLOW = Flow(
    name="tariff",
    in_menu=False,
    starts_on=("tariff",),
    prefill=prefill,
    steps=(Step("about", About("purpose", ABOUT)),),
    needs=needs,
    finish=finish,
)


def offer(answers: Answers, facts: Found | None) -> Finish:
    """Everything about prices and bills, to choose from."""
    choices = {
        "bill": "bill",
        "tariff": "tariff",
        "high": "bill_high",
        "room": "rented_room",
        "appliances": "appliances",
    }
    buttons = tuple(Button(Words(f"money.{name}"), f"go:{flow}") for name, flow in choices.items())
    hours = Button(Words("tariff.hours_button"), "go:tariff:hours")
    return Finish(Reply((Words("money.which"),), (*buttons, hours, MENU)))


# What the menu shows: one entry for all of it.
MONEY = Flow(name="money", steps=(), finish=offer)

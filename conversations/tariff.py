"""Prices for a home, a business, production, public bodies, prepaid meters; the hours of the prices, and a fee."""

from __future__ import annotations

from collections.abc import Mapping

from conversations.billing import MENU, TariffFound, TariffOf, sources_of
from conversations.fields import Choice
from conversations.model import Answers, Button, Event, Finish, Flow, Found, Press, Reply, Step, Understood, Words
from conversations.usage import PURPOSES

ABOUT = (*PURPOSES, "hours", "fee")


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Giá kinh doanh giờ cao điểm" names its purpose."""
    about = understood.values.get("purpose")
    return {"about": Press(about)} if about in ABOUT else {}


def finish(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, TariffFound)
    about = str(answers["about"])
    if not facts.lines:
        return Finish(Reply((Words("bill.unknown"),), (Button(Words("menu.agent"), "!agent"), MENU)))
    words = [Words(f"tariff.{about}", {"lines": facts.lines})]
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
    steps=(Step("about", Choice("purpose", ABOUT)),),
    needs=lambda answers: TariffOf(str(answers["about"])),
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

"""Rented rooms: what a kWh may cost there, whether the landlord asks too much, and what the law says to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from conversations.amounts import amounts_in
from conversations.bill import usage_said
from conversations.billing import MENU, RoomFound, RoomOf, dong, sources_of, table
from conversations.fields import Choice, unread
from conversations.folding import fold
from conversations.model import (
    Again,
    Answers,
    Button,
    Event,
    Figure,
    Finish,
    Flow,
    Found,
    Given,
    Press,
    Query,
    Reading,
    Reply,
    Step,
    Text,
    Understood,
    Value,
    Words,
)
from conversations.usage import Number

# A landlord's price of a kWh, in đồng: less than this is free power, more a slip of the finger.
LEAST_PRICE, MOST_PRICE = 500, 50_000
MOST_PEOPLE, MOST_KWH = 200, 20_000
_PEOPLE = re.compile(r"\b(\d{1,3}) (?:nguoi|sinh vien|people|persons|tenants|students)\b")


@dataclass(frozen=True)
class PriceAsked:
    """What the landlord asks for a kWh, in đồng; None when nothing is asked or nobody knows."""

    greedy: bool = False
    digits: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        usual = tuple(
            Button(Words("room.per_kwh", {"price": Figure(price)}), str(price)) for price in (3000, 3500, 4000)
        )
        return (*usual, Button(Words("room.no_price"), "unknown"))

    def read(self, event: Event) -> Reading:
        match event:
            case Press("unknown"):
                return Given(None)
            case Press(value) if value.isdecimal() and len(value) < 9:
                return _price(int(value))
            case Press():
                return Again(Words("error.choose"))
            case Text(text):
                amounts = amounts_in(text)
                # "Lấy 4": four thousand, as people say it.
                said = [one.n * 1_000 if one.bare and one.n < 50 else one.n for one in amounts]
                return _price(said[0]) if said else Again(Words("bill.no_number"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a price looks nothing up")


def _price(price: int) -> Reading:
    if LEAST_PRICE <= price <= MOST_PRICE:
        return Given(price)
    return Again(Words("room.odd_price", {"least": Figure(LEAST_PRICE), "most": Figure(MOST_PRICE)}))


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Chủ trọ lấy 4 ngàn một ký có đúng không" tells the price."""
    ahead = dict[str, Event]()
    declared, people = understood.values.get("declared"), _PEOPLE.search(fold(understood.text))
    if declared:
        ahead["declared"] = Press(declared)
    if people:
        ahead["people"] = Press(people[1])
    usage = usage_said(understood.values)
    if usage and usage.kwh is not None and 0 < usage.kwh <= MOST_KWH:
        ahead["kwh"] = Press(str(usage.kwh))
    # "3500 một số" has no unit of money, but it is a price.
    prices = [str(one.n) for one in amounts_in(understood.text) if one.unit == "money" and not one.bare]
    money = understood.values.get("money", "") or (prices[0] if len(prices) == 1 else "")
    if money.isdecimal() and LEAST_PRICE <= int(money) <= MOST_PRICE:
        ahead["price"] = Press(money)
    return ahead


def _whole(answer: object) -> int | None:
    return answer if isinstance(answer, int) else None


def needs(answers: Answers) -> Query:
    people = _whole(answers.get("people")) if answers["declared"] == "yes" else None
    return RoomOf(people, _whole(answers["kwh"]) or 1, _whole(answers["price"]))


def finish(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, RoomFound)
    people = _whole(answers.get("people")) if answers["declared"] == "yes" else None
    fair: dict[str, Value] = {
        "fair": dong(facts.fair),
        "kwh": Figure(facts.bill.kwh),
        "total": dong(facts.bill.total),
    }
    if people is not None:
        quota: dict[str, Value] = {"people": people, "four": facts.per_quota, "law": facts.law}
        words = [Words("room.declared", {**quota, **fair})]
    else:
        tier: dict[str, Value] = {"tier": facts.tier, "price": dong(facts.tier_price), "law": facts.law}
        words = [Words("room.undeclared", {**tier, **fair})]
    words += [table(facts.bill), *_verdict(answers, facts)]
    if answers["declared"] == "unknown":
        words.append(Words("room.ask_landlord", {"four": facts.per_quota}))
    if facts.fine and (facts.over or facts.asked is None):
        words.append(
            Words("room.fine", {"least": dong(facts.fine[0]), "most": dong(facts.fine[1]), "law": facts.fine_law})
        )
    words += sources_of(facts.sources)
    buttons = (Button(Words("room.again"), "go:rented_room"), Button(Words("menu.agent"), "!agent"), MENU)
    return Finish(Reply(tuple(words), buttons))


def _verdict(answers: Answers, facts: RoomFound) -> tuple[Words, ...]:
    price = _whole(answers["price"])
    if price is None or facts.asked is None:
        return ()
    values: dict[str, Value] = {"price": dong(price), "asked": dong(facts.asked), "over": dong(facts.over)}
    return (Words("room.over" if facts.over else "room.within", values),)


FLOW = Flow(
    name="rented_room",
    in_menu=False,
    starts_on=("rented_room",),
    prefill=prefill,
    steps=(
        Step("declared", Choice("room.declared_answer", ("yes", "no", "unknown"))),
        Step(
            "people",
            Number("room.people", 1, MOST_PEOPLE, usual=(1, 2, 3, 4)),
            when=lambda answers: answers.get("declared") == "yes",
        ),
        Step("kwh", Number("bill.kwh_count", 1, MOST_KWH, usual=(50, 100, 150, 200))),
        Step("price", PriceAsked()),
    ),
    needs=needs,
    finish=finish,
)

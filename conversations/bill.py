"""What kWh cost and how many kWh money pays for; step by step, for several households, against last month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count

from conversations import appliances
from conversations.amounts import bands_in
from conversations.billing import (
    MENU,
    AppliancesFound,
    BillFound,
    BillOf,
    BillSeen,
    CompareBills,
    ComparedFound,
    LineSeen,
    dong,
    signed,
    sources_of,
    table,
)
from conversations.fields import Choice
from conversations.model import (
    Answers,
    Button,
    Event,
    Figure,
    Finish,
    Flow,
    Found,
    Given,
    Json,
    Picture,
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
from conversations.usage import (
    LEVELS,
    LEVELS_WITH_HOURS,
    MOST_HOUSEHOLDS,
    PURPOSES,
    HowMuch,
    Level,
    Number,
    Usage,
    level_in,
    usage_answer,
    usage_of,
)

# A bill asked of appliances instead of kWh or money.
BY_APPLIANCES = "appliances"


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Xài 250 số hết nhiêu" needs no question more; who names no purpose has a home."""
    if understood.intent is None:
        return {}
    values = understood.values
    purpose = values.get("purpose", "home")
    level = level_in(understood.text, purpose)
    named: dict[str, Event] = {"level": Press(level)} if level else {}
    if (bands := bands_in(understood.text)) and purpose in LEVELS:
        return {"purpose": Press(purpose), **named, "usage": Press(Usage(bands=bands).code)}
    usage = usage_said(values)
    if usage is None and purpose in ("home", BY_APPLIANCES) and _is_of_appliances(purpose, understood.text):
        listed = {"which": Text(understood.text)} if appliances.appliances_in(understood.text) else {}
        return {"purpose": Press(BY_APPLIANCES), **listed}
    ahead: dict[str, Event] = {"purpose": Press(purpose if purpose in PURPOSES else "home"), **named}
    if usage:
        ahead["usage"] = Press(usage.code)
    return ahead


def _is_of_appliances(purpose: str, text: str) -> bool:
    """ "Máy lạnh 8 tiếng tốn nhiêu" is; lamps alone are no sign, since "đến" is a lamp without its marks."""
    return purpose == BY_APPLIANCES or any(one.name != "lights" for one in appliances.appliances_in(text))


def usage_said(values: Mapping[str, str]) -> Usage | None:
    """The usage in the values that were understood: decimal digits under kwh, money and households."""
    households = int(values["households"]) if values.get("households", "").isdecimal() else 1
    for name in ("kwh", "money"):
        if values.get(name, "").isdecimal():
            usage = Usage(**{name: int(values[name])}, households=max(1, households))  # type: ignore[arg-type]
            return usage_of(usage.code)
    return None


class Purpose(Choice):
    """Whose bill it is; what appliances use is asked for in words only, so no button says it."""

    def read(self, event: Event) -> Reading:
        return Given(BY_APPLIANCES) if event == Press(BY_APPLIANCES) else super().read(event)


def category_of(answers: Answers) -> str:
    return str(answers.get("level") or answers["purpose"])


def _usage(answers: Answers) -> Usage:
    return usage_answer(answers["usage"], category_of(answers))


def ask_usage(answers: Answers, facts: Found | None) -> Words:
    return Words("bill.usage_hours" if category_of(answers) in LEVELS_WITH_HOURS else "bill.usage")


# --- the bill ----------------------------------------------------------------------------------------------------


def needs(answers: Answers) -> Query:
    return appliances.needs(answers) if _by_appliances(answers) else BillOf(_usage(answers))


def _by_appliances(answers: Answers) -> bool:
    return answers.get("purpose") == BY_APPLIANCES


def finish(answers: Answers, facts: Found | None) -> Finish:
    if isinstance(facts, AppliancesFound):
        return appliances.finish(answers, facts)
    assert isinstance(facts, BillFound)
    return answer(_usage(answers), facts)


def answer(usage: Usage, facts: BillFound) -> Finish:
    """The bill as head, table, what more would cost and where the prices are from; a picture for tiers."""
    bill = facts.bill
    if bill is None:
        return Finish(Reply((Words("bill.unknown"),), (Button(Words("menu.agent"), "!agent"), MENU)))
    if not bill.kwh and usage.money is not None:
        too_little = Words("bill.too_little", {"money": dong(usage.money)})
        return Finish(Reply((too_little,), (_again(usage), MENU)))
    words = [_head(usage, bill), table(bill)]
    if facts.more[0]:
        words.append(Words("bill.more", {"kwh": facts.more[0], "amount": dong(facts.more[1])}))
    if usage.category in LEVELS_WITH_HOURS and usage.bands is None:
        words.append(Words("bill.one_price"))
    words += sources_of(bill.sources)
    picture = Picture("bill", facts.tiers) if facts.tiers is not None else None
    return Finish(Reply(tuple(words), _buttons(bill.usage), picture=picture))


def _head(usage: Usage, bill: BillSeen) -> Words:
    values: dict[str, Value] = {"kwh": Figure(bill.kwh), "total": dong(bill.total)}
    if usage.money is not None:
        return Words("bill.of_money", {**values, "money": dong(usage.money), "whose": _whose(usage)})
    return Words("bill.of_kwh", {**values, "whose": _whose(usage)})


def _whose(usage: Usage) -> Words:
    if usage.category == "home":
        return Words("bill.whose.home", {"n": usage.households})
    return Words("bill.whose.prepaid" if usage.category == "prepaid" else f"level.{usage.category}")


def _again(usage: Usage) -> Button:
    return Button(Words("bill.again"), f"go:bill:{usage.category.partition('.')[0]}")


def _buttons(usage: Usage) -> tuple[Button, ...]:
    explain = Button(Words("bill.explain"), f"go:bill_steps:{usage.code}")
    if usage.category != "home":
        return (_again(usage), explain, Button(Words("tariff.hours_button"), "go:tariff:hours"), MENU)
    return (
        _again(usage),
        explain,
        Button(Words("bill.compare"), f"go:bill_months:{usage.code}"),
        Button(Words("bill.hungry"), "go:appliances"),
        Button(Words("bill.shared"), f"go:bill_shared:{usage.code}"),
        MENU,
    )


FLOW = Flow(
    name="bill",
    in_menu=False,
    starts_on=("bill_estimate",),
    prefill=prefill,
    steps=(
        Step("purpose", Purpose("purpose", PURPOSES)),
        Step("which", appliances.WhichAppliances(), prompt=appliances.ask, when=_by_appliances),
        Step("level", Level(), when=lambda answers: answers.get("purpose") in LEVELS),
        Step("usage", HowMuch(hours=True), prompt=ask_usage, when=lambda answers: not _by_appliances(answers)),
    ),
    needs=needs,
    finish=finish,
)


# --- several households on one meter -----------------------------------------------------------------------


def _shared(answers: Answers) -> Usage:
    usage = usage_answer(answers["usage"])
    count = answers["households"]
    return Usage("home", usage.kwh, usage.money, count if isinstance(count, int) else 1)


SHARED = Flow(
    name="bill_shared",
    in_menu=False,
    steps=(
        Step("usage", HowMuch()),
        Step("households", Number("bill.households", 1, MOST_HOUSEHOLDS, usual=(1, 2, 3, 4))),
    ),
    needs=lambda answers: BillOf(_shared(answers)),
    finish=lambda answers, facts: answer(
        _shared(answers), facts if isinstance(facts, BillFound) else BillFound(None)
    ),
)


# --- step by step ----------------------------------------------------------------------------------------


def _explained(answers: Answers) -> Usage:
    usage = usage_of(answers["usage"])
    return usage or Usage(kwh=0)


def explain(answers: Answers, facts: Found | None) -> Finish:
    """How the bill comes about, in numbered steps; each tier with the kWh that it is for."""
    assert isinstance(facts, BillFound)
    bill = facts.bill
    if bill is None:
        return Finish(Reply((Words("bill.unknown"),), (MENU,)))
    kwh: Value = Figure(bill.kwh)
    if bill.usage.category == "home":
        key = "steps.shared" if bill.usage.households > 1 else "steps.tiers"
        head = Words(key, {"kwh": kwh, "whose": _whose(bill.usage)})
    else:
        head = Words("steps.prices", {"kwh": kwh})
    words = (head, Words("steps.list", {"lines": tuple(_steps(bill))}), *sources_of(bill.sources))
    buttons = (_again(bill.usage), Button(Words("money.high"), "go:bill_high"), MENU)
    return Finish(Reply(words, buttons))


def _steps(bill: BillSeen) -> Iterator[Words]:
    numbers = count(1)
    for part in bill.parts:
        if len(bill.parts) > 1:
            dates: dict[str, Value] = {"first": part.first, "last": part.last}
            yield Words("bill.part", {"code": part.code, **dates, "kwh": Figure(part.kwh)})
        above = 0
        for line in part.lines:
            yield _step(next(numbers), line, above)
            above += line.width or 0
    amounts: Value = tuple(
        Words("steps.amount", {"amount": dong(line.amount)}) for p in bill.parts for line in p.lines
    )
    yield Words("steps.sum", {"number": next(numbers), "amounts": amounts, "amount": dong(bill.subtotal)})
    for percent, base, amount in bill.vat:
        tax: dict[str, Value] = {"percent": percent, "base": dong(base), "amount": dong(amount)}
        yield Words("steps.vat", {"number": next(numbers), **tax})
    yield Words("steps.total", {"number": next(numbers), "amount": dong(bill.total)})


def _step(number: int, line: LineSeen, above: int) -> Words:
    values: dict[str, Value] = {
        "kwh": Figure(line.kwh),
        "price": Figure(line.price),
        "amount": Figure(line.amount),
    }
    if line.kind != "tier":
        return Words("steps.line", {"number": number, "kind": Words(f"steps.kind.{line.kind}"), **values})
    tier: dict[str, Value] = {"number": number, "tier": line.number, **values}
    if line.width is None:
        return Words("steps.last_tier", {**tier, "above": Figure(above)})
    return Words("steps.tier", {**tier, "first": Figure(above + 1), "last": Figure(above + line.width)})


STEPS = Flow(
    name="bill_steps",
    in_menu=False,
    steps=(Step("usage", HowMuch()),),
    needs=lambda answers: BillOf(_explained(answers)),
    finish=explain,
)


# --- two months --------------------------------------------------------------------------------------------------


def months_words(facts: ComparedFound) -> tuple[Words, ...]:
    """Both months, and what makes the difference, the greatest reason first."""
    after, before = facts.after, facts.before
    both: dict[str, Value] = {
        "kwh": Figure(after.kwh),
        "total": dong(after.total),
        "kwh_before": Figure(before.kwh),
        "total_before": dong(before.total),
    }
    head = Words("months.head", {**both, "change": signed(facts.difference)})
    reasons = {"days": facts.days, "use": facts.use, "price": facts.price, "tax": facts.tax}
    told = sorted((name for name, amount in reasons.items() if amount), key=lambda name: -abs(reasons[name]))
    lines: Value = tuple(_reason(name, reasons[name]) for name in told)
    words = [head, Words("months.reasons", {"lines": lines}) if told else Words("months.same")]
    if facts.highest[1] > facts.highest[0] > 0:
        words.append(Words("months.tiers", {"before": facts.highest[0], "after": facts.highest[1]}))
    return tuple(words)


def _reason(name: str, amount: int) -> Words:
    return Words(f"months.{name}.{'up' if amount > 0 else 'down'}", {"change": signed(amount)})


def months_picture(facts: ComparedFound) -> Picture:
    """The two months as bars made of tiers, and the reasons of the difference."""
    return Picture(
        "months",
        {
            "months": [_month("before", facts.before), _month("after", facts.after)],
            "reasons": {"days": facts.days, "use": facts.use, "price": facts.price, "tax": facts.tax},
        },
    )


def _month(name: str, bill: BillSeen) -> Json:
    lines: list[Json] = [[line.number, line.kwh, line.amount] for part in bill.parts for line in part.lines]
    return {"name": name, "kwh": bill.kwh, "total": bill.total, "tax": bill.total - bill.subtotal, "lines": lines}


def compare(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, ComparedFound)
    words = (*months_words(facts), *sources_of(facts.sources))
    buttons = (
        Button(Words("money.high"), "go:bill_high"),
        Button(Words("bill.hungry"), "go:appliances"),
        MENU,
    )
    return Finish(Reply(words, buttons, picture=months_picture(facts)))


MONTHS = Flow(
    name="bill_months",
    in_menu=False,
    steps=(Step("after", HowMuch()), Step("before", HowMuch())),
    needs=lambda answers: CompareBills(usage_answer(answers["after"]), usage_answer(answers["before"])),
    finish=compare,
)

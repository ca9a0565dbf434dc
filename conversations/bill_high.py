"""Why a bill is so high: both months, the days, what changed at home, the meter with all off; then the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from conversations.amounts import Amount, amounts_in, months_in
from conversations.bill import months_picture, months_words, usage_said
from conversations.billing import MENU, CompareBills, ComparedFound, sources_of
from conversations.fields import Choice
from conversations.folding import fold
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
    Text,
    Understood,
    Words,
)
from conversations.usage import HowMuch, Number, Usage, usage_answer, usage_of

# Of what use per day grew by less, in percent, nobody needs to turn the power off to look for a leak.
NOTABLE = 10
# From here on, without any reason at home, the meter or the bill deserves a second look.
STRIKING = 30

# What somebody says about their home in their own words, over folded text; the first that fits counts.
_CHANGED = (
    (
        "people",
        re.compile(
            r"\b(dong nguoi|them nguoi|nguoi (nha|than)|ve choi|o chung|khach|more people|guests?|visitors?)\b"
        ),
    ),
    ("new", re.compile(r"\b(moi mua|mua them|gan them|lap them|may moi|them may|new|bought|installed)\b")),
    ("hot", re.compile(r"\b(nong|nang|may lanh|dieu hoa|hot|heat|air ?con\w*)\b")),
    ("nothing", re.compile(r"\b(khong|ko|k|hong|nhu cu|binh thuong|van vay|nothing|no|same)\b")),
)
_METER = (
    ("unseen", re.compile(r"\b(chua|khong (biet|ro|thu|duoc)|ko biet|later|not (yet|tried)|don t know|cannot)\b")),
    (
        "still",
        re.compile(
            r"\b(dung (yen|im|lai|han)|het (quay|nhay|chay)|stop(s|ped)?|still(?! (run|turn|blink)\w*)|does not"
            r"|(khong|ko|k|hong) (con |thay |he )?(quay|nhay|chay|nhuc nhich))\b|^(da )?(khong|ko|k|hong|no)\b"
        ),
    ),
    ("turns", re.compile(r"\b(con|van|quay|nhay|chay|co|yes|turns?|turning|blink\w*|runs?|running)\b")),
)


@dataclass(frozen=True)
class InWords(Choice):
    """A choice that is also understood when it is said in own words; `said` are the words of each answer."""

    said: tuple[tuple[str, re.Pattern[str]], ...] = ()

    def read(self, event: Event) -> Reading:
        words = fold(event.text) if isinstance(event, Text) else ""
        meant = next((value for value, pattern in self.said if pattern.search(words)), None) if words else None
        return Given(meant) if meant else super().read(event)


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Tháng này 850 số" is this month's; of two amounts each goes where its month is named."""
    told = dict(zip(("after", "before"), months_in(understood.text), strict=True))
    said = {name: _usage(amount) for name, amount in told.items() if amount}
    if not said and len(amounts_in(understood.text)) < 2 and (usage := usage_said(understood.values)):
        said = {"after": usage}
    return {name: Press(usage.code) for name, usage in said.items() if usage_of(usage.code)}


def _usage(amount: Amount) -> Usage:
    return Usage(kwh=amount.n) if amount.unit == "kwh" else Usage(money=amount.n)


def _grew(answers: Answers, percent: int) -> bool:
    """Whether the customer's own figures grew by so much; kWh cannot be told from money here, then they did."""
    after, before = usage_of(answers.get("after")), usage_of(answers.get("before"))
    if after is None or before is None:
        return False
    if after.kwh is not None and before.kwh is not None:
        return 100 * after.kwh > (100 + percent) * before.kwh
    if after.money is not None and before.money is not None:
        return 100 * after.money > (100 + percent) * before.money
    return True


def needs(answers: Answers) -> Query:
    days = answers.get("days")
    after, before = usage_answer(answers["after"]), usage_answer(answers["before"])
    return CompareBills(after, before, days if isinstance(days, int) else None, closed=True)


def finish(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, ComparedFound)
    changed, meter = str(answers.get("changed", "nothing")), str(answers.get("meter", "unseen"))
    picture = months_picture(facts)
    if facts.difference <= 0:
        words = (Words("high.not_higher"), *months_words(facts), *sources_of(facts.sources))
        return Finish(
            Reply(words, (Button(Words("bill.hungry"), "go:appliances"), *_offers(), MENU), picture=picture)
        )
    words = (*months_words(facts), *_reasons(facts, changed, meter))
    striking = meter == "turns" or (changed == "nothing" and _grew(answers, STRIKING))
    words += (Words("high.check" if striking else "high.rights", {"n": facts.recheck, "law": facts.law}),)
    words += sources_of(facts.sources)
    hungry = (Button(Words("bill.hungry"), "go:appliances"),)
    buttons = (*_offers(), *hungry, MENU) if striking else (*hungry, *_offers(), MENU)
    return Finish(Reply(words, buttons, picture=picture))


def _reasons(facts: ComparedFound, changed: str, meter: str) -> tuple[Words, ...]:
    """What the customer's own answers explain."""
    words = list[Words]()
    if facts.use > 0 and changed != "nothing":
        words.append(Words(f"high.because.{changed}"))
    if facts.use > 0 and changed == "nothing" and meter != "turns":
        words.append(Words("high.no_reason"))
    if meter == "turns":
        words.append(Words("high.meter.turns"))
    elif meter == "still":
        words.append(Words("high.meter.still"))
    return tuple(words)


def _offers() -> tuple[Button, ...]:
    return (
        Button(Words("high.meter_check"), "go:request:meter_check"),
        Button(Words("high.complaint"), "go:request:bill_complaint"),
    )


FLOW = Flow(
    name="bill_high",
    in_menu=False,
    starts_on=("bill_high",),
    prefill=prefill,
    steps=(
        Step("after", HowMuch()),
        Step("before", HowMuch()),
        Step(
            "days",
            Number("high.days_count", 1, 100, unknown="high.days_usual"),
            when=lambda answers: _grew(answers, NOTABLE),
        ),
        Step(
            "changed",
            InWords("high.changed_answer", ("hot", "new", "people", "nothing"), said=_CHANGED),
            when=lambda answers: _grew(answers, 0),
        ),
        Step(
            "meter",
            InWords("high.meter_answer", ("turns", "still", "unseen"), said=_METER),
            when=lambda answers: _grew(answers, NOTABLE),
        ),
    ),
    needs=needs,
    finish=finish,
)

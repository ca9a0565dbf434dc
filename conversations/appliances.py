"""What the appliances of a home use and cost in a month, and what an hour a day less of each would save."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from conversations.amounts import plain
from conversations.billing import (
    MENU,
    ApplianceSeen,
    AppliancesFound,
    ApplianceUse,
    EstimateAppliances,
    dong,
    sources_of,
)
from conversations.fields import unread
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
    Json,
    Press,
    Query,
    Reading,
    Reply,
    Step,
    Text,
    Value,
    Words,
)
from conversations.usage import Usage

MOST_OF_ONE = 50
# Homes that many have, for those who would rather press than list.
PRESETS: Mapping[str, str] = {
    "small": "fan*2 refrigerator rice_cooker lights television",
    "middle": "air_conditioner_1hp refrigerator rice_cooker washing_machine fan*2 lights television",
    "large": "air_conditioner_1hp*3 refrigerator water_heater induction_cooker rice_cooker washing_machine"
    " fan*3 lights*2 television",
}
_COUNTS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "one": 1, "two": 2, "three": 3, "four": 4, "a": 1}
_HOURS = r"(?P<hours>\d{1,2}(?:[.,]\d)?) ?(?:tieng|gio|hours?|h|hrs?)\b"


@cache
def names() -> Mapping[str, str]:
    """Folded names, the longest first, with the appliance that each means."""
    data = tomllib.loads(resources.files("conversations").joinpath("appliances.toml").read_text("utf-8"))
    pairs = [(name, appliance) for appliance, known in data["names"].items() for name in known]
    return dict(sorted(pairs, key=lambda pair: -len(pair[0])))


@cache
def _pattern() -> re.Pattern[str]:
    called = "|".join(re.escape(name).replace(r"\ ", r"[ .,]") for name in names())
    count = "|".join(_COUNTS)
    return re.compile(rf"(?:\b(?P<count>\d{{1,2}}|{count}) (?:cai |chiec |bo |bong )?)?\b(?P<name>{called})\b")


def appliances_in(text: str) -> tuple[ApplianceUse, ...]:
    """The appliances in a text: "2 máy lạnh 8 tiếng, tủ lạnh, 3 quạt"; what is named twice adds up."""
    words = plain(text)
    found = list(_pattern().finditer(words))
    uses = dict[str, ApplianceUse]()
    for at, one in enumerate(found):
        until = found[at + 1].start() if at + 1 < len(found) else len(words)
        hours = re.search(_HOURS, words[one.end() : until])
        tenths = round(float(hours["hours"].replace(",", ".")) * 10) if hours else None
        count = _COUNTS.get(one["count"] or "a") or int(one["count"])
        name = names()[re.sub(r"[.,]", " ", one["name"])]
        before = uses.get(name)
        uses[name] = ApplianceUse(
            name,
            min(MOST_OF_ONE, max(1, count) + (before.count if before else 0)),
            min(tenths, 240) if tenths is not None else before.tenths if before else None,
        )
    return tuple(uses.values())


@dataclass(frozen=True)
class WhichAppliances:
    """A home's appliances, typed as a list, or a whole home pressed; the answer is [name, count, tenths] each."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(Button(Words(f"appliances.{name}"), name) for name in PRESETS)

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value in PRESETS:
                listed = [one.partition("*") for one in PRESETS[value].split()]
                return Given([[name, int(count or 1), None] for name, _, count in listed])
            case Press():
                return Again(Words("error.choose"))
            case Text(text):
                uses = appliances_in(text)
                kept: list[Json] = [[one.name, one.count, one.tenths] for one in uses]
                return Given(kept) if uses else Again(Words("appliances.none"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("appliances look nothing up")


def _uses(answers: Answers) -> tuple[ApplianceUse, ...]:
    listed = answers["which"]
    assert isinstance(listed, list)
    uses = []
    for one in listed:
        match one:
            case [str(name), int(count), int() | None as tenths]:
                uses.append(ApplianceUse(name, count, tenths))
    return tuple(uses)


def ask(answers: Answers, facts: Found | None) -> Words:
    return Words("appliances.which")


def needs(answers: Answers) -> Query:
    return EstimateAppliances(_uses(answers))


def finish(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, AppliancesFound)
    bill = facts.bill
    lines: Value = tuple(_line(part) for part in facts.parts)
    words = (
        Words("appliances.found", {"kwh": Figure(bill.kwh), "total": dong(bill.total)}),
        Words("appliances.list", {"lines": lines}),
        *((Words("appliances.alone"),) if len(facts.parts) == 1 else ()),
        Words("appliances.typical"),
        *(() if facts.fresh else (Words("appliances.old", {"checked": facts.checked}),)),
        *sources_of(bill.sources),
    )
    buttons = (
        Button(Words("appliances.again"), "go:appliances"),
        Button(Words("bill.explain"), f"go:bill_steps:{Usage(kwh=bill.kwh).code}"),
        MENU,
    )
    return Finish(Reply(words, buttons))


def _line(part: ApplianceSeen) -> Words:
    values: dict[str, Value] = {
        "count": part.count,
        "name": Words(f"appliance.{part.name}"),
        "hours": _hours(part.tenths),
        "kwh": Figure(part.kwh),
        "saves": dong(part.saves),
    }
    return Words("appliances.line_always" if part.tenths >= 240 else _less(part.tenths), values)


def _less(tenths: int) -> str:
    """An hour less of what runs two hours or longer; else half as long."""
    return "appliances.line" if tenths >= 20 else "appliances.line_half"


def _hours(tenths: int) -> Words:
    whole, rest = divmod(tenths, 10)
    if rest:
        return Words("appliances.part_hours", {"whole": whole, "rest": rest})
    return Words("appliances.hours", {"n": whole})


FLOW = Flow(
    name="appliances",
    in_menu=False,
    steps=(Step("which", WhichAppliances()),),
    needs=needs,
    finish=finish,
)

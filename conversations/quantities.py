"""Questions for numbers with a unit: households, and power in kW or kVA."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from conversations.fields import unread
from conversations.folding import fold
from conversations.model import Again, Answers, Button, Event, Found, Given, Json, Press, Reading, Text, Words

# Powers of ten, and what else people call a unit: 500 W are half a kW, and a horse (ngựa) is about 0.75 kW.
_FACTORS: Mapping[str, Mapping[str, float]] = {
    "kw": {"w": 0.001, "kw": 1, "kilowatt": 1, "mw": 1000, "hp": 0.75, "ngua": 0.75},
    "kva": {"va": 0.001, "kva": 1, "mva": 1000},
}
_SPELLED = ("mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin", "muoi")
_NUMBER = re.compile(
    r"(?P<whole>\d{1,3}(?:[., ]\d{3})+(?!\d)|\d+)(?:[.,](?P<part>\d{1,2})(?!\d))?\s*(?P<unit>[^\W\d]+)?"
)


@dataclass(frozen=True)
class Number:
    """A number, with or without its unit. The answer is the number, whole where it can be.

    unit: the catalog says it under `unit.<unit>`; a power may come in its other units, and is converted.
    """

    unit: str
    at_least: int = 1
    at_most: int = 1_000_000
    greedy: bool = False
    digits: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return ()

    def read(self, event: Event) -> Reading:
        match event:
            case Text(text):
                return self._number(text)
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def _number(self, text: str) -> Reading:
        numbers = _numbers(text)
        factors = _FACTORS.get(self.unit, {})
        with_unit = [(number, unit) for number, unit in numbers if unit in factors]
        chosen = with_unit or numbers
        if len(chosen) != 1:
            return Again(Words("number.one", {"unit": Words(f"unit.{self.unit}.name")}), asks=True)
        number, unit = chosen[0]
        other = next((name for name, units in _FACTORS.items() if name != self.unit and unit in units), None)
        if other and factors:
            return Again(Words("number.other_unit", {"unit": Words(f"unit.{self.unit}.name")}), asks=True)
        value = round(number * factors.get(unit, 1), 2)
        if not self.at_least <= value <= self.at_most:
            limits = {
                "least": number_words(self.at_least, self.unit),
                "most": number_words(self.at_most, self.unit),
            }
            return Again(Words("number.range", limits), asks=True)
        return Given(int(value) if value == int(value) else value)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a number is looked up nowhere")


def _numbers(text: str) -> list[tuple[float, str]]:
    """The numbers in a text, each with the word right behind it, folded: "1.250 kVA" → (1250, "kva")."""
    found = []
    for match in _NUMBER.finditer(text):
        whole = re.sub(r"\D", "", match["whole"])
        found.append((float(f"{whole}.{match['part'] or 0}"), fold(match["unit"] or "")))
    if found:
        return found
    words = fold(text).split()
    return [
        (_SPELLED.index(word) + 1, words[at + 1] if at + 1 < len(words) else "")
        for at, word in enumerate(words)
        if word in _SPELLED
    ]


def number_words(value: Json, unit: str) -> Words:
    """`5.5` kW → "5,5 kW" in Vietnamese, "5.5 kW" in English."""
    if not isinstance(value, float):
        return Words(f"unit.{unit}", {"number": f"{value}"})
    whole, _, part = f"{value:g}".partition(".")
    return Words(f"unit.{unit}", {"number": Words("number.decimal", {"whole": whole, "part": part})})


@dataclass(frozen=True)
class Power(Number):
    """How much power, in kW or kVA as the customer says it. The answer is `{"number": …, "unit": "kw" | "kva"}`.

    unit: what a number without a unit is taken for.
    """

    def _number(self, text: str) -> Reading:
        numbers = _numbers(text)
        known = [
            (number * factor, unit)
            for number, said in numbers
            for unit, factors in _FACTORS.items()
            for name, factor in factors.items()
            if said == name
        ]
        chosen = known or [(number, self.unit) for number, _ in numbers]
        if len(chosen) != 1:
            return Again(Words("number.one", {"unit": Words("unit.power.name")}), asks=True)
        number, unit = round(chosen[0][0], 2), chosen[0][1]
        if not self.at_least <= number <= self.at_most:
            least, most = (number_words(limit, unit) for limit in (self.at_least, self.at_most))
            return Again(Words("number.range", {"least": least, "most": most}), asks=True)
        return Given({"number": int(number) if number == int(number) else number, "unit": unit})


def power_words(answer: Json) -> Words:
    """Power as it was said: "400 kVA"."""
    match answer:
        case {"number": number, "unit": str(unit)}:
            return number_words(number, unit)
    raise ValueError(f"not power: {answer!r}")


def kva_of(answer: Json, factor: float) -> float:
    """Power in kVA; `factor` is how many kW a kVA is."""
    match answer:
        case {"number": int() | float() as number, "unit": str(unit)}:
            return number if unit == "kva" else number / factor
    raise ValueError(f"not power: {answer!r}")

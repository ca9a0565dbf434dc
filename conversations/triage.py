"""The questions of first-line triage when the power is out: neighbours, breaker, since when; and the advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.fields import Choice
from conversations.model import Answers, Event, Given, Press, Reading, Text, Understood, Words
from conversations.understand import understand

NEIGHBOURS = ("block", "home", "unknown")
BREAKER = ("tripped", "normal", "unseen")
SINCE = ("now", "hour", "hours", "longer")
# The answer that stands for "I do not know" to each question.
_UNSURE = {"neighbours": "unknown", "breaker": "unseen"}
# What can be taken from the first words. That something is normal there is not about the breaker.
_AHEAD = {"neighbours": ("block", "home"), "breaker": ("tripped",), "since": SINCE}


@dataclass(frozen=True)
class Triage(Choice):
    """One of the questions; it is also answered in the customer's own words."""

    asks: str = ""

    def read(self, event: Event) -> Reading:
        if isinstance(event, Text):
            said = understand(event.text).values
            answer = said.get(self.asks) or ("unsure" in said and _UNSURE.get(self.asks))
            if answer in self.values:
                return Given(answer)
        return super().read(event)


def question(name: str, values: tuple[str, ...]) -> Triage:
    """The question of that name; the words of its answers stand under `triage.<name>.<answer>`."""
    return Triage(f"triage.{name}", values, asks=name)


def ahead(understood: Understood) -> Mapping[str, Event]:
    """The answers that the first words hold already: "chỉ nhà em mất", "nhảy CB", "từ tối qua"."""
    said = dict(understood.values)
    if understood.intent == "outage_my_home_only":
        said.setdefault("neighbours", "home")
    return {name: Press(said[name]) for name, values in _AHEAD.items() if said.get(name) in values}


def advice(answers: Answers) -> tuple[Words, ...]:
    """What the customer can safely do meanwhile; nothing where there is nothing to do."""
    if answers.get("neighbours") == "block":
        return (Words("triage.advice.block"),)
    if answers.get("breaker") in BREAKER:
        return (Words(f"triage.advice.{answers['breaker']}"),)
    return ()

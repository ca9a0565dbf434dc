"""The power is back for a customer: whichever of their reports that is about is closed, and no other."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.fields import unread
from conversations.model import (
    Again,
    Answers,
    Button,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Look,
    Press,
    Reading,
    Reply,
    Step,
    Text,
    Words,
)
from conversations.power import MyReports, MyReportsFound, PowerIsBack

# What is known ahead when nobody said which outage it is: the customer's only place, or all of them.
ONLY, EVERYWHERE = "only", "all"
_OUTAGE = re.compile(r"\d{1,9}")
_REPORT = re.compile(r"[A-Z]{2}-[0-9A-Z-]{1,17}")


@dataclass(frozen=True)
class WhichIsBack:
    """Which outage is over: the one whose news was answered, or one of the places that were reported.

    The answer is the number of an outage, that of a report, or `all`.
    """

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        places = facts.places if isinstance(facts, MyReportsFound) else ()
        named = tuple(Button(Words("places.item", {"label": label}), code) for label, code in places)
        return (*named, Button(Words("power_back.everywhere"), EVERYWHERE))

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == ONLY:
                return Look(MyReports())
            case Press(value) if value == EVERYWHERE or _OUTAGE.fullmatch(value) or _REPORT.fullmatch(value):
                return Given(value)
            case Press() | Text():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        assert isinstance(found, MyReportsFound)
        if len(found.places) > 1:
            return Again(Words("power_back.outage"), asks=True)
        return Given(EVERYWHERE)


def thank(answers: Answers, facts: Found | None) -> Finish:
    said = str(answers["outage"])
    if _OUTAGE.fullmatch(said):
        done = PowerIsBack(outage=int(said))
    else:
        done = PowerIsBack(report=None if said == EVERYWHERE else said)
    menu = Button(Words("button.menu"), "!menu", nav=True)
    return Finish(Reply((Words("power_back.thanks"),), (menu,)), (done,))


# "Có rồi" under the news that the power is back, under a report, or in the customer's own words.
FLOW = Flow(
    name="power_back",
    in_menu=False,
    starts_on=("outage_restored",),
    prefill=lambda understood: {"outage": Press(ONLY)},
    steps=(Step("outage", WhichIsBack(), needs=lambda answers: MyReports()),),
    finish=thank,
)

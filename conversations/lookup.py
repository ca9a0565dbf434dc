"""Looking up outages: at the customer's own places, a meter, a ward or an address; now, today or this week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conversations.fields import Choice
from conversations.model import (
    Answers,
    Button,
    Event,
    Finish,
    Flow,
    Found,
    Json,
    Moment,
    Picture,
    Press,
    Query,
    Reply,
    Span,
    Step,
    Text,
    Understood,
    Words,
)
from conversations.places import MINE, WhichPlace, name_of, target_of
from conversations.wire import words_to_json

PERIODS = ("now", "today", "week")
# More than this is no answer but a list; the newest would be lost at its end.
MOST_SHOWN = 8


@dataclass(frozen=True)
class LookUp(Query):
    """The outages at a place (or at all the customer's own) within a period."""

    target: str
    period: str


@dataclass(frozen=True)
class OutageSeen:
    """A window of an outage as a customer sees it; `places` are the labels of theirs that it touches.

    state: as a picture of the week takes it, see handlers/pictures/week_data.py.
    """

    incident: bool
    area: tuple[Words, ...]
    reason: str | None
    span: Span
    places: tuple[str, ...]
    state: str = "on"


@dataclass(frozen=True)
class OutagesFound(Found):
    """What is known at a moment; `no_places` when the customer asked for their own and follows none.

    days: the local days of a week that was asked for, ISO, today first; places: the labels of the customer's own.
    """

    outages: tuple[OutageSeen, ...]
    as_of: Moment
    no_places: bool = False
    days: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Mai phường Bến Thành có cúp điện không" names place and time; "vì sao mất điện" is about now."""
    values, ahead = understood.values, dict[str, Event]()
    named = values.get("code") or values.get("place")
    if named:
        ahead["where"] = Text(named)
    elif values.get("mine"):
        ahead["where"] = Press(MINE)
    when = {"tomorrow": "week"}.get(values.get("when", ""), values.get("when"))
    if when is None and understood.intent in ("outage_eta", "outage_reason"):
        when = "now"
    if when in PERIODS:
        ahead["when"] = Press(when)
    return ahead


def finish(answers: Answers, facts: Found | None) -> Finish:
    assert isinstance(facts, OutagesFound)
    target = target_of(answers["where"])
    if facts.no_places:
        return Finish(
            Reply((Words("lookup.no_places"),), (Button(Words("menu.follow"), "go:follow"),)),
        )
    place, period = name_of(answers["where"]), Words(f"lookup.period.{answers['when']}")
    words: tuple[Words, ...]
    if not facts.outages:
        words = (Words("lookup.none", {"place": place, "period": period, "as_of": facts.as_of}),)
    else:
        shown = facts.outages[:MOST_SHOWN]
        head = Words("lookup.found", {"place": place, "period": period, "n": len(facts.outages)})
        words = (head, *(line for outage in shown for line in outage_lines(outage)))
        if len(facts.outages) > MOST_SHOWN:
            words += (Words("lookup.more", {"n": len(facts.outages) - MOST_SHOWN}),)
        words += (Words("lookup.as_of", {"as_of": facts.as_of}),)
    buttons = _next_steps(target, str(answers["when"]))
    if not facts.outages:
        buttons = (
            Button(Words("menu.report"), "go:report" if target == MINE else f"go:report:{target}"),
            *buttons,
        )
    return Finish(Reply(words, buttons, picture=_picture(target, place, facts)))


def _picture(target: str, place: Words, facts: OutagesFound) -> Picture | None:
    """The week at the place, or at each of the customer's own; none for a shorter time or an empty week."""
    if not facts.days or not (facts.outages or target == MINE):
        return None
    if target == MINE:
        rows = [_row(label, [one for one in facts.outages if label in one.places]) for label in facts.places]
    else:
        rows = [_row(words_to_json(place), facts.outages)]
    return Picture("week", {"days": list(facts.days), "now": facts.as_of.at, "rows": rows})


def _row(label: Json, outages: Sequence[OutageSeen]) -> Json:
    bars: list[Json] = [
        {
            "start": one.span.start,
            "end": one.span.end,
            "kind": "incident" if one.incident else "planned",
            "state": one.state,
        }
        for one in outages
    ]
    return {"label": label, "bars": bars}


def outage_lines(outage: OutageSeen) -> tuple[Words, ...]:
    """An outage in words, and the places of the customer's own that it touches."""
    reason: Words | str = outage.reason or Words("reason.unknown")
    key = "lookup.incident" if outage.incident else "lookup.planned"
    line = Words(key, {"area": outage.area, "reason": reason, "span": outage.span})
    return (line, Words("incident.places", {"places": outage.places})) if outage.places else (line,)


def _next_steps(target: str, period: str) -> tuple[Button, ...]:
    follow = (
        ()
        if target == MINE or target.startswith("s:")
        else (Button(Words("button.follow_here"), f"go:follow:{target}"),)
    )
    wider = () if period == "week" else (Button(Words("button.whole_week"), f"go:week:{target}"),)
    return (*follow, *wider, Button(Words("button.menu"), "!menu", nav=True))


FLOW = Flow(
    name="lookup",
    starts_on=("outage_schedule", "outage_eta", "outage_reason"),
    prefill=prefill,
    steps=(
        Step("where", WhichPlace(streets=True, mine=True)),
        Step("when", Choice("lookup.when", PERIODS)),
    ),
    needs=lambda answers: LookUp(target_of(answers["where"]), str(answers["when"])),
    finish=finish,
)

# The same for a whole week at once: what the button under a shorter answer leads to.
WEEK = Flow(
    name="week",
    in_menu=False,
    steps=(Step("where", WhichPlace(streets=True, mine=True)),),
    needs=lambda answers: LookUp(target_of(answers["where"]), "week"),
    finish=lambda answers, facts: finish({**answers, "when": "week"}, facts),
)

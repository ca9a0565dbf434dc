"""The words about outages: what is said of an incident or of planned work at each stage, without a language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from conversations.model import Button, Moment, Reply, Span, Value, Words
from handlers.outage_keeping import SlotSeen
from handlers.outage_lookup import area_words
from store.outages import Outage, SlotState, Stage

_INCIDENT = {
    Stage.INCIDENT: "incident.new",
    Stage.CHANGE: "incident.changed",
    Stage.RESTORED: "incident.restored",
    Stage.CANCELLED: "incident.cancelled",
    Stage.NOT_YOURS: "incident.not_yours",
}
_PLAN = {
    Stage.PLAN: "planned.new",
    Stage.START: "planned.start",
    Stage.CHANGE: "planned.changed",
    Stage.POSTPONED: "planned.postponed",
    Stage.RESTORED: "planned.restored",
    Stage.CANCELLED: "planned.cancelled",
    Stage.NOT_YOURS: "planned.not_yours",
}
# Filled in for each person with the places of theirs that are meant.
PLACES = Words("incident.places")
MINE = Button(Words("menu.places"), "go:places")


@dataclass(frozen=True)
class End:
    """How a window ended: at a time staff told, or as the plan says; `also` are other outages still going on."""

    at: datetime
    by_plan: bool = False
    also: tuple[str, ...] = ()


def incident(outage: Outage, stage: Stage, slot: SlotSeen, also: tuple[str, ...] = ()) -> Reply:
    """What is said of an incident; `also` are the codes of other outages that still touch the place."""
    again = stage is Stage.CHANGE and outage.came_back > 0
    key = "incident.again" if again else _INCIDENT[stage]
    text = Words(
        key,
        {
            **_common(outage),
            "start": Moment(slot.starts_at.isoformat()),
            "end": Moment(slot.ends_at.isoformat()) if slot.ends_at else Words("end.unknown"),
        },
    )
    if stage is Stage.RESTORED:
        return Reply((text, *_also(also), PLACES, Words("outage.is_it_back")), _is_it_back(outage))
    return Reply((text, PLACES), (MINE,) if stage is Stage.INCIDENT else ())


def plan(outage: Outage, stage: Stage, slots: Sequence[SlotSeen], may_propose: bool = False) -> Reply:
    """What is said of planned work as it stands: its windows that are on, or put off until further notice."""
    open_ = (slot for slot in slots if slot.state in (SlotState.ON, SlotState.POSTPONED))
    lines = tuple(_line(slot.state.value, slot) for slot in sorted(open_, key=_by_time))
    propose = (Button(Words("button.reschedule"), f"go:reschedule:{outage.id}"),) if may_propose else ()
    return Reply((Words(_PLAN[stage], {**_common(outage), "windows": lines}), PLACES), (*propose, MINE))


def begun(outage: Outage, slots: Sequence[SlotSeen], slot: SlotSeen) -> Reply:
    """That a window begins, and what is to come of the others."""
    # One that this one follows at once is over, though nobody has closed it yet.
    left = tuple(one for one in slots if one.ends_at is None or one.ends_at > slot.starts_at)
    others = _states(left, left, but=slot.number)
    words = Words("planned.start", {**_common(outage), "window": _span(slot)})
    return Reply((words, *_others(others), PLACES))


def reminder(outage: Outage, slot: SlotSeen, lead: str) -> Reply:
    """That a window is near: in a day or in an hour."""
    return Reply((Words(f"planned.reminder.{lead}", {**_common(outage), "window": _span(slot)}), PLACES))


def changed(
    outage: Outage, stage: Stage, before: Sequence[SlotSeen], after: Sequence[SlotSeen], why: str | None = None
) -> Reply:
    """A change as those hear it who knew the windows `before`: each window by name, and what became of it.

    why: what staff say of a postponement; the reason of the work itself stays what it was.
    """
    values: dict[str, Value] = {**_common(outage), "windows": _states(before, after)}
    if stage is Stage.POSTPONED:
        values["why"] = why or Words("why.postponed")
    return Reply((Words(_PLAN[stage], values), PLACES))


def ended(
    outage: Outage, before: Sequence[SlotSeen], slots: Sequence[SlotSeen], slot: SlotSeen, end: End
) -> Reply:
    """That a window is over, what became of the others for those who knew them as `before`, and the question
    whether the power is back."""
    key = "planned.over" if end.by_plan else "planned.restored"
    words = Words(key, {**_common(outage), "window": _span(slot), "end": Moment(end.at.isoformat())})
    others = _states(before, slots, but=slot.number)
    return Reply(
        (words, *_others(others), *_also(end.also), PLACES, Words("outage.is_it_back")), _is_it_back(outage)
    )


def _states(before: Sequence[SlotSeen], after: Sequence[SlotSeen], but: int = 0) -> tuple[Words, ...]:
    """One line for each window, those called off as well; `but` is one that is told of elsewhere."""
    old = {slot.number: slot for slot in before}
    others = sorted((slot for slot in after if slot.number != but), key=_by_time)
    lines = (_became(old.get(slot.number), slot) for slot in others)
    return tuple(line for line in lines if line is not None)


def _became(old: SlotSeen | None, new: SlotSeen) -> Words | None:
    """What became of a window, for somebody who knew it as `old`; None when it is of no interest to them."""
    if old is None or old.state in (SlotState.CANCELLED, SlotState.OVER):
        return _line("added", new) if new.state is SlotState.ON else None
    if new.state is SlotState.ON:
        same = (old.starts_at, old.ends_at) == (new.starts_at, new.ends_at)
        if same and old.state is SlotState.ON:
            return _line("still", new)
        return Words("slot.moved", {"old": _span(old), "new": _span(new)})
    return _line(new.state.value, old)


def _line(state: str, slot: SlotSeen) -> Words:
    return Words(f"slot.{state}", {"window": _span(slot)})


def _span(slot: SlotSeen) -> Span:
    return Span(slot.starts_at.isoformat(), slot.ends_at.isoformat() if slot.ends_at else None)


def _by_time(slot: SlotSeen) -> datetime:
    return slot.starts_at


def _others(lines: tuple[Words, ...]) -> tuple[Words, ...]:
    return (Words("planned.others", {"windows": lines}),) if lines else ()


def _also(codes: tuple[str, ...]) -> tuple[Words, ...]:
    return (Words("outage.also", {"codes": codes}),) if codes else ()


def _common(outage: Outage) -> dict[str, Value]:
    return {
        "area": tuple(area_words(outage.area)),
        "reason": outage.reason or Words("reason.unknown"),
        "code": outage.code,
    }


def _is_it_back(outage: Outage) -> tuple[Button, ...]:
    return (
        Button(Words("button.power_back"), f"go:power_back:{outage.id}"),
        Button(Words("button.still_dark"), f"go:still_dark:{outage.id}"),
    )

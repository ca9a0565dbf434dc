"""What becomes of the windows of a planned outage when staff change, put off or call off some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from handlers.outage_forms import Invalid, PostponedSlot, Problem, Slot
from handlers.outage_keeping import SlotSeen
from handlers.rules.notices import GRACE
from store.outages import SlotState

_OPEN = (SlotState.ON, SlotState.POSTPONED)


def changed(old: Sequence[SlotSeen], wanted: Sequence[Slot], revision: int, now: datetime) -> tuple[SlotSeen, ...]:
    """The windows after staff named all that are on. Raises Invalid.

    A window is known by its number, else by its times; what is left over is paired in the order of time. An old
    window without a partner is called off, unless it has begun: that one is restored, not planned away.
    """
    partner = _partners(old, wanted, now)
    number = max((slot.number for slot in old), default=0)
    result = [_after(slot, _wanted_of(partner, slot), revision, now) for slot in old]
    for at, slot in enumerate(wanted):
        if at not in partner:
            number += 1
            result.append(SlotSeen(number, slot.starts_at, slot.ends_at, SlotState.ON, revision))
    return tuple(result)


def put_off(
    old: Sequence[SlotSeen], wanted: Sequence[PostponedSlot], revision: int, now: datetime
) -> list[SlotSeen]:
    """The windows after some were put off by number, to a new time or until further notice. Raises Invalid."""
    by_number = {slot.number: slot for slot in wanted}
    ahead = {slot.number for slot in old if slot.state in _OPEN and not _begun(slot, now)}
    problems = [
        Problem(f"slots.{at}.number", "slots.unknown_number", {"number": slot.number or 0})
        for at, slot in enumerate(wanted)
        if slot.number not in ahead
    ]
    if problems:
        raise Invalid(problems)
    return [_put_off(slot, by_number.get(slot.number), revision) for slot in old]


def all_off(old: Sequence[SlotSeen], state: SlotState, revision: int) -> tuple[SlotSeen, ...]:
    """Every window that was still on, called off."""
    return tuple(replace(slot, state=state, changed_in=revision) if slot.state in _OPEN else slot for slot in old)


@dataclass(frozen=True)
class Restored:
    """The windows after the power is back, and the one, as it was, in which it came back."""

    slots: tuple[SlotSeen, ...]
    last: SlotSeen


def restored(old: Sequence[SlotSeen], at: datetime, revision: int, now: datetime) -> Restored | None:
    """The windows after the power came back at a time; None when none has begun, or all begun ones began later.

    It ends the interruption as customers have it: what has begun by then is over, and a window that would follow
    without a pause is called off. Later ones stay on.
    """
    begun = sorted((slot for slot in old if _begun(slot, now) and slot.starts_at <= at), key=_by_start)
    if not begun:
        return None
    last, after = begun[-1], dict[int, SlotSeen]()
    for slot in begun:
        end = at if slot is last else min(slot.ends_at or at, at)
        after[slot.number] = replace(slot, ends_at=end, state=SlotState.OVER, changed_in=revision)
    until = last.ends_at or at
    for slot in sorted((one for one in old if is_on(one) and one.number not in after), key=_by_start):
        if slot.starts_at > until + GRACE:
            break
        after[slot.number] = replace(slot, state=SlotState.CANCELLED, changed_in=revision)
        until = max(until, slot.ends_at or until)
    return Restored(tuple(after.get(slot.number, slot) for slot in old), last)


def running(slots: Sequence[SlotSeen], now: datetime) -> SlotSeen | None:
    """The window that has begun and is not over: the earliest, if there are several."""
    begun = [slot for slot in slots if slot.state is SlotState.ON and _begun(slot, now)]
    return min(begun, key=lambda slot: slot.starts_at, default=None)


def is_on(slot: SlotSeen) -> bool:
    return slot.state is SlotState.ON


def _by_start(slot: SlotSeen) -> datetime:
    return slot.starts_at


def _begun(slot: SlotSeen, now: datetime) -> bool:
    return slot.state is SlotState.ON and slot.starts_at <= now


def _partners(old: Sequence[SlotSeen], wanted: Sequence[Slot], now: datetime) -> dict[int, tuple[int, Slot]]:
    """By the position in `wanted`: the number of the old window that it is, and the window itself."""
    open_ = {slot.number: slot for slot in old if slot.state in _OPEN}
    partner: dict[int, tuple[int, Slot]] = {}
    problems = []
    for at, slot in enumerate(wanted):
        if slot.number is not None:
            if open_.pop(slot.number, None) is None:
                problems.append(Problem(f"slots.{at}.number", "slots.unknown_number", {"number": slot.number}))
            partner[at] = (slot.number, slot)
    if problems:
        raise Invalid(problems)
    for at, slot in enumerate(wanted):
        same = next((one for one in open_.values() if _same(one, slot, now)), None)
        if at not in partner and same is not None:
            del open_[same.number]
            partner[at] = (same.number, slot)
    free = sorted((one for one in open_.values() if not _begun(one, now)), key=lambda one: one.starts_at)
    rest = sorted((at for at in range(len(wanted)) if at not in partner), key=lambda at: wanted[at].starts_at)
    for at, one in zip(rest, free, strict=False):
        partner[at] = (one.number, wanted[at])
    _refuse_moved_beginnings(old, partner, now)
    return partner


def _same(old: SlotSeen, wanted: Slot, now: datetime) -> bool:
    if _begun(old, now):
        return old.starts_at == wanted.starts_at
    return (old.starts_at, old.ends_at) == (wanted.starts_at, wanted.ends_at)


def _refuse_moved_beginnings(old: Sequence[SlotSeen], partner: dict[int, tuple[int, Slot]], now: datetime) -> None:
    begun = {slot.number: slot for slot in old if _begun(slot, now)}
    problems = [
        Problem(f"slots.{at}.starts_at", "slots.begun")
        for at, (number, slot) in partner.items()
        if number in begun and begun[number].starts_at != slot.starts_at
    ]
    if problems:
        raise Invalid(problems)


def _wanted_of(partner: dict[int, tuple[int, Slot]], old: SlotSeen) -> Slot | None:
    return next((slot for number, slot in partner.values() if number == old.number), None)


def _after(old: SlotSeen, wanted: Slot | None, revision: int, now: datetime) -> SlotSeen:
    if wanted is None:
        keeps = old.state not in _OPEN or _begun(old, now)
        return old if keeps else replace(old, state=SlotState.CANCELLED, changed_in=revision)
    new = replace(old, starts_at=wanted.starts_at, ends_at=wanted.ends_at, state=SlotState.ON)
    return old if new == old else replace(new, changed_in=revision)


def _put_off(old: SlotSeen, wanted: PostponedSlot | None, revision: int) -> SlotSeen:
    if wanted is None:
        return old
    if wanted.starts_at is None:
        return replace(old, state=SlotState.POSTPONED, changed_in=revision)
    moved = replace(old, starts_at=wanted.starts_at, ends_at=wanted.ends_at, state=SlotState.ON)
    return replace(moved, changed_in=revision)

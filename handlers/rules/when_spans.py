"""Decides which of the times that two clocks may mean are the start and the end of one window."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from handlers.rules.when_marks import Clock, Mark, Part, PartOfDay, Word

DAY = 24 * 60
_HALF_DAY = 12 * 60
_LAST_GUESSED = 8 * 60  # 8h-5h ends in the afternoon, but 11h-10h is more likely a slip than half a day
_EVENING = 18 * 60  # from here on a window may run over midnight without saying so


@dataclass(frozen=True)
class Said:
    """A clock with its part of the day, in minutes after midnight: all it may mean, the plain reading first."""

    may_be: tuple[int, ...]
    on_24_hours: bool

    @property
    def sure(self) -> bool:
        return len(self.may_be) == 1


def clocks_said(marks: Sequence[Mark]) -> Iterator[Said]:
    """Each clock with the part of the day said after it, or else before it."""
    before: Part | None = None
    for at, mark in enumerate(marks):
        if isinstance(mark, PartOfDay):
            before = mark.part
        elif mark == Word("to"):
            before = None
        elif isinstance(mark, Clock):
            after = _part_after(marks[at + 1 :])
            yield _said(mark, after or before)
            before = None


def _part_after(marks: Iterable[Mark]) -> Part | None:
    for mark in marks:
        if isinstance(mark, PartOfDay):
            return mark.part
        if isinstance(mark, Clock) or mark == Word("to"):
            return None
    return None


def _said(clock: Clock, part: Part | None) -> Said:
    minutes = clock.hour * 60 + clock.minute
    if clock.exact or clock.hour > 12 or clock.hour == 0:
        return Said((minutes,), not clock.meridiem)
    if part is None:
        return Said((minutes, minutes + _HALF_DAY), False)
    return Said((minutes + _HALF_DAY * _is_second_half(clock.hour, part),), False)


def _is_second_half(hour: int, part: Part) -> bool:
    """Whether `hour` (1 to 12) lies in the second half of the day, or for 12 at its end."""
    match part:
        case "morning":
            return False
        case "noon":
            return hour < 10
        case "afternoon":
            return hour < 12
        case "evening":
            return hour >= 4
        case "night":
            return hour >= 7


def ordered(start: Said, end: Said, days: int) -> tuple[int, int] | None:
    """The likeliest start and end, or None if the end cannot come after the start."""
    if start.on_24_hours and not end.sure and start.may_be[0] >= _HALF_DAY + 60:
        end = Said(end.may_be[:1], True)
    if days:
        finish = end.may_be[0] + days * DAY
        begins = [begin for begin in start.may_be if begin < finish]
        near = [begin for begin in begins if finish - begin <= _HALF_DAY]
        return ((near or begins)[0], finish) if begins else None
    if end.on_24_hours:
        start = Said(start.may_be[:1], True)
    if end.sure and not start.sure:
        return _begins_before(start, end.may_be[0])
    if start.may_be == end.may_be:
        return None
    begin = start.may_be[0]
    guessed = not start.sure and end.may_be[0] >= _LAST_GUESSED
    later = [finish for finish in end.may_be[: 1 if guessed else 2] if finish > begin]
    return (begin, later[0]) if later else _over_midnight(begin, end.may_be[0] + DAY)


def _begins_before(start: Said, finish: int) -> tuple[int, int] | None:
    """ "8h đến 10h tối" begins in the evening too: the latest start before an end that is sure."""
    begins = [begin for begin in start.may_be if begin < finish]
    return (begins[-1], finish) if begins else _over_midnight(start.may_be[-1], finish + DAY)


def _over_midnight(begin: int, finish: int) -> tuple[int, int] | None:
    return (begin, finish) if begin >= _EVENING and finish - begin <= _HALF_DAY else None

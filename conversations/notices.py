"""Settings of notices: whether planned outages are told again a day or an hour ahead, and when nobody is woken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from conversations import calendar
from conversations.fields import Choice
from conversations.folding import fold
from conversations.model import (
    Again,
    Answers,
    Button,
    Command,
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
from conversations.understand import understand

REMINDERS = ("day", "hour")
QUIET = "quiet"
# What others often choose, as hours of the day.
USUAL = ((21, 6), (22, 6), (22, 7), (23, 7))
# Longer is no night: what was probably meant is the morning instead of the evening.
LONGEST_QUIET = 12

_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:\s*(?:h|g|giờ|gio|:)\s*(?P<minute>\d{2})?)?"
    r"\s*(?P<part>am|pm|sáng|sang|trưa|trua|chiều|chieu|tối|toi|đêm|dem|khuya)?\b"
)
_AFTERNOON = ("pm", "trua", "chieu", "toi", "dem", "khuya")
_NIGHT = ("dem", "khuya")
_NONE = re.compile(r"(?:(?:khong|ko|k|tat|bo|thoi|none|no|off)(?: (?:can|dat|co|gio yen tinh|quiet hours|het))*)")


@dataclass(frozen=True)
class MyNotices(Query):
    """What the customer chose so far."""


@dataclass(frozen=True)
class NoticesFound(Found):
    """The reminders that are on, and the hours of the day between which planned notices wait, if any."""

    day: bool
    hour: bool
    quiet: tuple[int, int] | None


@dataclass(frozen=True)
class SetReminders(Command):
    """Tell planned outages once more a day or an hour ahead, or not; None leaves one as it is."""

    day: bool | None = None
    hour: bool | None = None


@dataclass(frozen=True)
class SetQuietHours(Command):
    """Hold planned notices between these local hours (0 to 23); None holds none."""

    hours: tuple[int, int] | None


@dataclass(frozen=True)
class WhatToSet(Choice):
    """What is to be changed; words may say at once how: "tắt nhắc trước 1 giờ", "22h-6h".

    The answer is one of the values, or `day.off`, `quiet.22-6` and the like.
    """

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return (*super().options(answers, facts), calendar.HERE)

    def read(self, event: Event) -> Reading:
        if event == Press(calendar.HERE.value):
            return Given(calendar.HERE.value)
        if isinstance(event, Press) and event.value.removesuffix(".on").removesuffix(".off") in REMINDERS:
            return Given(event.value)
        if not isinstance(event, Text):
            return super().read(event)
        said = understand(event.text).values.get("notices")
        hours = hours_in(event.text)
        if isinstance(hours, tuple):
            return Given(f"{QUIET}.{_written(hours)}")
        return Given(said) if said else Again(Words("error.choose"))


@dataclass(frozen=True)
class OnOff(Choice):
    """On or off, also in words: "có", "bật lên", "tắt đi", "thôi khỏi"."""

    def read(self, event: Event) -> Reading:
        if isinstance(event, Text):
            said = understand(event.text).values.get("switch")
            return Given(said) if said else Again(Words("error.choose"))
        return super().read(event)


@dataclass(frozen=True)
class QuietHours:
    """Two hours of the day, or none. The answer is `22-6` or `none`."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        usual = (Button(span(hours), _written(hours)) for hours in USUAL)
        return (*usual, Button(Words("notices.hours.none"), "none"))

    def read(self, event: Event) -> Reading:
        if isinstance(event, Press):
            known = {"none", *map(_written, USUAL)}
            return Given(event.value) if event.value in known else Again(Words("error.choose"))
        if not isinstance(event, Text):
            return Again(Words("notices.hours_unread"))
        if _NONE.fullmatch(fold(event.text)):
            return Given("none")
        hours = hours_in(event.text)
        return Given(_written(hours)) if isinstance(hours, tuple) else Again(Words(hours))

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("hours are judged without a fact")


def hours_in(text: str) -> tuple[int, int] | str:
    """The two hours that words name ("từ 10 giờ tối đến 6 giờ sáng" → 22, 6), else the key of what to say."""
    found = list(_CLOCK.finditer(text.lower()))
    if len(found) != 2:
        return "notices.hours_unread"
    if any(int(one["minute"] or 0) for one in found):
        return "notices.hours_whole"
    begins, ends = (_hour(int(one["hour"]), fold(one["part"] or "")) for one in found)
    if not (0 <= begins < 24 and 0 <= ends < 24):
        return "notices.hours_unread"
    return (begins, ends) if 0 < (ends - begins) % 24 <= LONGEST_QUIET else "notices.hours_too_long"


def _hour(hour: int, part: str) -> int:
    """The hour of the day: 10 in the evening is 22, 12 at night is 0, and so is 24."""
    if hour == 12 and part in (*_NIGHT, "toi", "am"):
        return 0
    early = part in _NIGHT and hour < 6
    if part in _AFTERNOON and hour < 12 and not early:
        return hour + 12
    return 0 if hour == 24 else hour


def span(hours: tuple[int, int] | None) -> Words:
    """Quiet hours in words."""
    if hours is None:
        return Words("notices.hours.none")
    return Words("notices.span", {"begins": hours[0], "ends": hours[1]})


def _written(hours: tuple[int, int]) -> str:
    return f"{hours[0]}-{hours[1]}"


def prefill(understood: Understood) -> Mapping[str, Event]:
    """ "Tắt nhắc trước 1 giờ" says what to change, and how."""
    said = understood.values.get("notices")
    return {"what": Press(said)} if said else {}


def _shown(key: str, chosen: Found | None) -> Words:
    assert isinstance(chosen, NoticesFound)
    on, off = Words("notices.is_on"), Words("notices.is_off")
    return Words(
        key, {"day": on if chosen.day else off, "hour": on if chosen.hour else off, "quiet": span(chosen.quiet)}
    )


def _current(answers: Answers, facts: Found | None) -> Words:
    """The question about one reminder, with what it is now."""
    assert isinstance(facts, NoticesFound)
    on = facts.day if answers["what"] == "day" else facts.hour
    return Words(f"notices.on_{answers['what']}", {"now": Words("notices.is_on" if on else "notices.is_off")})


def _wish(answers: Answers) -> tuple[str, str]:
    """What is changed and to what, however many questions it took."""
    what, _, how = str(answers["what"]).partition(".")
    return what, how or str(answers["hours" if what == QUIET else "on"])


def finish(answers: Answers, facts: Found | None) -> Finish:
    if answers["what"] == calendar.HERE.value:
        return Finish(Reply(()), then=(calendar.FLOW.name, {}))
    assert isinstance(facts, NoticesFound)
    what, how = _wish(answers)
    command: Command
    if what == QUIET:
        begins, _, ends = how.partition("-")
        hours = None if how == "none" else (int(begins), int(ends))
        command, chosen = SetQuietHours(hours), replace(facts, quiet=hours)
    else:
        on = how == "on"
        command = SetReminders(day=on) if what == "day" else SetReminders(hour=on)
        chosen = replace(facts, day=on) if what == "day" else replace(facts, hour=on)
    more = (
        Button(Words("notices.more"), "go:notices"),
        Button(Words("menu.places"), "go:places"),
        Button(Words("button.menu"), "!menu", nav=True),
    )
    return Finish(Reply((_shown("notices.done", chosen), Words("notices.incidents")), more), (command,))


FLOW = Flow(
    name="notices",
    starts_on=("notice_settings",),
    prefill=prefill,
    steps=(
        Step(
            "what",
            WhatToSet("notices.what", (*REMINDERS, QUIET)),
            needs=lambda answers: MyNotices(),
            prompt=lambda answers, facts: _shown("notices.what", facts),
        ),
        Step(
            "on",
            OnOff("notices.on", ("on", "off")),
            when=lambda answers: answers.get("what") in REMINDERS,
            needs=lambda answers: MyNotices(),
            prompt=_current,
        ),
        Step("hours", QuietHours(), when=lambda answers: answers.get("what") == QUIET),
    ),
    needs=lambda answers: MyNotices(),
    finish=finish,
)

"""The calendar of planned outages: a customer gets the link to it, replaces the link, or ends it."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.fields import Choice
from conversations.model import Answers, Button, Command, Finish, Flow, Found, Query, Reply, Step, Words

OPEN = Button(Words("button.calendar"), "go:calendar")
# The same as an answer to another flow's question, which ends that flow.
HERE = Button(OPEN.words, "calendar")
_SETTINGS = Button(Words("menu.notices"), "go:notices")
_MENU = Button(Words("button.menu"), "!menu", nav=True)


@dataclass(frozen=True)
class MyCalendar(Query):
    """The link to the customer's calendar, as it is or as it will be after it was replaced."""

    replaced: bool = False


@dataclass(frozen=True)
class CalendarFound(Found):
    """The link, empty where none can be given; `empty` while the customer follows no place."""

    link: str
    empty: bool


@dataclass(frozen=True)
class ReplaceCalendarLink(Command):
    """The link given out so far opens nothing any more."""


def show(answers: Answers, facts: Found | None) -> Finish:
    """The link, what it is good for, and how it is added to a phone."""
    return Finish(_with_link("calendar.link", facts))


def finish_change(answers: Answers, facts: Found | None) -> Finish:
    if answers["sure"] == "no":
        return Finish(Reply((Words("calendar.kept"),), (OPEN, _SETTINGS, _MENU)))
    if answers["what"] == "end":
        return Finish(Reply((Words("calendar.ended"),), (OPEN, _SETTINGS, _MENU)), (ReplaceCalendarLink(),))
    return Finish(_with_link("calendar.replaced", facts), (ReplaceCalendarLink(),))


def _with_link(key: str, facts: Found | None) -> Reply:
    assert isinstance(facts, CalendarFound)
    if not facts.link:
        return Reply((Words("calendar.off"),), (_SETTINGS, _MENU))
    nothing_yet = (Words("calendar.empty"),) if facts.empty else ()
    words = (Words(key, {"link": facts.link}), Words("calendar.how"), *nothing_yet)
    follow = (Button(Words("menu.follow"), "go:follow"),) if facts.empty else ()
    change = tuple(
        Button(Words(f"change_calendar.what.{what}"), f"go:change_calendar:{what}") for what in ("replace", "end")
    )
    return Reply(words, (*follow, *change, _SETTINGS, _MENU))


FLOW = Flow(
    name="calendar",
    starts_on=("calendar_feed",),
    steps=(),
    needs=lambda answers: MyCalendar(),
    finish=show,
    in_menu=False,
)

CHANGE = Flow(
    name="change_calendar",
    steps=(
        Step("what", Choice("change_calendar.what", ("replace", "end"))),
        Step(
            "sure",
            Choice("change_calendar.sure", ("yes", "no")),
            prompt=lambda answers, facts: Words(f"change_calendar.sure_{answers['what']}"),
        ),
    ),
    needs=lambda answers: MyCalendar(replaced=True),
    finish=finish_change,
    in_menu=False,
)

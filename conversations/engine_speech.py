"""What the engine itself offers: the menu, the buttons under a question, words for what it cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conversations.engine_frames import Flows, top, unfinished
from conversations.model import Button, Event, Flow, Frame, Other, State, Words

# Buttons that the engine itself understands.
MENU, HELP, BACK, CANCEL = "!menu", "!help", "!back", "!cancel"
GO_ON, DROP, LANGUAGE, AGENT = "!go_on", "!drop", "!language", "!agent"
LATER, ANEW = "!later", "!anew"
# Beginnings of buttons: start a flow, speak a language, tell about a subject, return to a form put aside.
START, SPEAK, ABOUT, RESUME = "go:", "lang:", "about:", "resume:"


def title(flow: Flow) -> Words:
    """What a form is called in a sentence."""
    return flow.title or Words(f"form.{flow.name}")


def stamped(frame: Frame, options: tuple[Button, ...]) -> tuple[Button, ...]:
    """A question's buttons marked with its run and step; those that start something else stay as they are."""
    return tuple(
        option
        if option.value.startswith((START, "!"))
        else replace(option, value=f"{frame.run}:{frame.step}:{option.value}")
        for option in options
    )


def navigation(frame: Frame, can_go_back: bool) -> tuple[Button, ...]:
    """The buttons that lead out of a question."""
    mark = f"{frame.run}:{frame.step}:"
    back = (Button(Words("button.back"), mark + BACK, nav=True),) if can_go_back else ()
    return (*back, Button(Words("button.cancel"), mark + CANCEL, nav=True))


def menu(flows: Flows, state: State) -> tuple[Button, ...]:
    """Everything that can be begun or gone on with."""
    return (
        *_to_go_on_with(flows, state),
        *(Button(Words(f"menu.{flow.name}"), f"{START}{flow.name}") for flow in flows.menu),
        Button(Words("menu.language"), LANGUAGE),
        Button(Words("menu.agent"), AGENT),
    )


def _to_go_on_with(flows: Flows, state: State) -> Iterator[Button]:
    frame = top(state)
    if frame:
        yield Button(Words("menu.go_on", {"form": title(flows.by_name[frame.flow])}), GO_ON)
    for form in unfinished(flows, state):
        yield Button(Words("menu.go_on", {"form": title(flows.by_name[form.flow])}), f"{RESUME}{form.flow}")


def leaving() -> tuple[Button, ...]:
    """What to do with a form that its customer wants to leave."""
    return (
        Button(Words("button.go_on"), GO_ON),
        Button(Words("button.later"), LATER),
        Button(Words("button.drop_form"), DROP),
    )


def returning(keeps: bool) -> tuple[Button, ...]:
    """What to do with a form that was left days ago."""
    other = Button(Words("button.later"), LATER) if keeps else Button(Words("button.drop"), DROP)
    return (Button(Words("button.go_on"), GO_ON), other)


def beginning_again() -> tuple[Button, ...]:
    """What to do with a form that was begun before."""
    return (Button(Words("button.go_on"), GO_ON), Button(Words("button.anew"), ANEW))


def languages() -> tuple[Button, ...]:
    """The languages to choose from."""
    return (
        Button(Words("language.vi"), f"{SPEAK}vi"),
        Button(Words("language.en"), f"{SPEAK}en"),
    )


def unread(event: Event) -> Words:
    """What to say to something that nobody asked for and no text explains."""
    return Words(f"unread.{event.kind if isinstance(event, Other) else type(event).__name__.lower()}")

"""The flows under way, as values: how a frame begins, takes answers, goes back, and outlives a new version."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from conversations.model import (
    Ahead,
    Answers,
    Event,
    Finish,
    Flow,
    Found,
    Frame,
    Json,
    Query,
    Reopened,
    State,
    Step,
)

# A form and the questions asked in the middle of it; one more ends the oldest digression. Forms that keep their
# answers do not count: they are never ended for want of room.
DEEPEST = 3

_Kept = TypeVar("_Kept")


@dataclass(frozen=True)
class Known:
    """Where a question may be answered before the bot guesses: what to ask, and the flow that says the answer."""

    ask: Callable[[str], Query]
    told: Callable[[Found], tuple[str, Mapping[str, Event]] | None]


class Flows:
    """The flows of the service, in the order of the menu.

    fallback, danger: take the text that nobody else understands, or that tells of danger to life, as the answer
    to their first step. known: is asked about a text before a guess at it is offered. loose: takes a file that was
    kept though no question asked for one.
    """

    def __init__(
        self,
        flows: Iterable[Flow],
        fallback: Flow,
        danger: Flow,
        known: Known | None = None,
        loose: Flow | None = None,
    ) -> None:
        self.menu = tuple(flow for flow in flows if flow.in_menu)
        self.by_name = {flow.name: flow for flow in (*flows, fallback, danger)}
        self.by_intent = {intent: flow for flow in flows for intent in flow.starts_on}
        self.fallback = fallback
        self.danger = danger
        self.known = known
        self.loose = loose

    def keeps(self, frame: Frame) -> bool:
        """Whether the frame is of a form that keeps its answers."""
        flow = self.by_name.get(frame.flow)
        return flow is not None and flow.keeps


def top(state: State) -> Frame | None:
    """The flow that is spoken now, if any; those put aside lie below all others."""
    frame = state.frames[-1] if state.frames else None
    return frame if frame and not frame.aside else None


def unfinished(flows: Flows, state: State) -> tuple[Frame, ...]:
    """The forms that wait for their customer to return to them, the one put aside last first."""
    return tuple(reversed([frame for frame in state.frames if frame.aside and flows.keeps(frame)]))


# --- the stack -----------------------------------------------------------------------------------------------


def begun(flows: Flows, state: State, flow: Flow, waiting: Ahead) -> State:
    """The flow above those that it interrupts; the same begun again replaces itself."""
    frames = [frame for frame in state.frames if frame.flow != flow.name]
    digressions = [frame for frame in frames if not flows.keeps(frame)]
    room = DEEPEST if flow.keeps else DEEPEST - 1
    ended = digressions[:-room]
    run = state.runs + 1
    frames = [frame for frame in frames if frame not in ended]
    return replace(state, frames=(*frames, Frame(flow.name, flow.version, run, waiting=waiting)), runs=run)


def put(state: State, frame: Frame) -> State:
    """The top frame as it is now."""
    return replace(state, frames=(*state.frames[:-1], frame))


def popped(state: State) -> State:
    """Without the top frame."""
    return replace(state, frames=state.frames[:-1])


def raised(state: State, frame: Frame) -> State:
    """That frame, put aside or interrupted until now, on top."""
    others = tuple(one for one in state.frames if one.run != frame.run)
    return replace(state, frames=(*others, replace(frame, aside=False)))


def set_aside(flows: Flows, state: State) -> State:
    """Every form that keeps its answers put aside, and nothing else under way any more."""
    kept = (replace(settled(frame), aside=True) for frame in state.frames if flows.keeps(frame))
    return replace(state, frames=tuple(kept))


def top_aside(state: State) -> State:
    """The top frame put aside: below the interrupted ones, above those put aside before."""
    *others, frame = state.frames
    at = sum(one.aside for one in others)
    frames = (*others[:at], replace(settled(frame), aside=True), *others[at:])
    return replace(state, frames=frames)


def settled(frame: Frame) -> Frame:
    """A frame whose customer chose nothing about leaving it or beginning it anew: it goes on as it was.

    Answers that came with a new beginning are not lost: they answer what is not answered yet.
    """
    if frame.anew is None:
        return replace(frame, leaving=False)
    answered = {*frame.answers, *([frame.reopened.step] if frame.reopened else [])}
    news = {step: known for step, known in frame.anew.items() if step not in answered}
    return replace(frame, leaving=False, anew=None, waiting={**frame.waiting, **news})


def holds_answers(frame: Frame) -> bool:
    """Whether something would be lost with it."""
    return bool(frame.trail or frame.reopened or any(frame.partial.values()))


# --- answers -------------------------------------------------------------------------------------------------


def live(flow: Flow, frame: Frame) -> Answers:
    """The answers that count: of a form that keeps its answers, those to questions that are still asked."""
    if not flow.keeps:
        return frame.answers
    counted: dict[str, Json] = {}
    for step in flow.steps:
        if step.name in frame.answers and step.when(counted):
            counted[step.name] = frame.answers[step.name]
    return counted


def open_step(flow: Flow, frame: Frame) -> Step | None:
    """The question asked again, or the first that has no answer yet."""
    if frame.reopened:
        return flow.step(frame.reopened.step)
    answers = live(flow, frame)
    return next((step for step in flow.steps if step.name not in frame.answers and step.when(answers)), None)


def ended(flow: Flow, frame: Frame) -> Finish | None:
    """How one of the answers ends the flow, if any does."""
    answers = live(flow, frame)
    ends = (step.ends(answers) for step in flow.steps if step.name in answers)
    return next((finish for finish in ends if finish), None)


def given(frame: Frame, step: str, value: Json) -> Frame:
    """With an answer; one to a question that was asked again stands where the old one stood."""
    again = frame.reopened if frame.reopened and frame.reopened.step == step else None
    return replace(
        _placed(frame, step, value, again.at if again else len(frame.trail)),
        waiting=_without(frame.waiting, step),
        partial=_without(frame.partial, step),
        reopened=None if again else frame.reopened,
        misses=0,
        heard="",
    )


def without_ahead(frame: Frame, step: str) -> Frame:
    """Without the answer known ahead, which did not do."""
    return replace(frame, waiting=_without(frame.waiting, step))


def told(frame: Frame, ahead: Ahead) -> Frame:
    """With answers that another answer held; they stand instead of any given before."""
    return replace(without_answers(frame, ahead), waiting={**frame.waiting, **ahead})


def without_answers(frame: Frame, steps: Collection[str]) -> Frame:
    """Without the answers to some questions, which are asked again if they still are."""
    trail = tuple(step for step in frame.trail if step not in steps)
    return replace(frame, trail=trail, answers={step: frame.answers[step] for step in trail})


def rewound(frame: Frame, step: str) -> Frame:
    """At a question answered before; the answers given after it are asked again."""
    kept = frame.trail[: frame.trail.index(step)]
    answers = {name: value for name, value in frame.answers.items() if name in kept}
    return replace(frame, step=step, answers=answers, trail=kept, misses=0, heard="", partial={})


def reopened(frame: Frame, step: Step, change: bool) -> Frame:
    """At a question answered before, the other answers kept; pieces of its answer can be added to."""
    frame = restored(frame)
    at = frame.trail.index(step.name)
    old = frame.answers[step.name]
    trail = (*frame.trail[:at], *frame.trail[at + 1 :])
    partial = dict(frame.partial)
    if getattr(step.field, "collects", None) and isinstance(old, list) and step.name not in partial:
        partial[step.name] = tuple(old)
    return replace(
        frame,
        step=step.name,
        trail=trail,
        answers={name: frame.answers[name] for name in trail},
        reopened=Reopened(step.name, old, at, change),
        partial=partial,
        misses=0,
        heard="",
    )


def restored(frame: Frame) -> Frame:
    """With the old answer of the question asked again, if one is; files sent for it meanwhile stay."""
    again = frame.reopened
    if again is None:
        return frame
    pieces = list(frame.partial.get(again.step, ()))
    placed = _placed(frame, again.step, pieces or again.answer, again.at)
    return replace(placed, reopened=None, partial=_without(frame.partial, again.step))


def before(flow: Flow, frame: Frame) -> str | None:
    """The question that was answered before the one asked now, of those that are still asked."""
    at = frame.reopened.at if frame.reopened else len(frame.trail)
    answers = live(flow, frame)
    return next((step for step in reversed(frame.trail[:at]) if step in answers), None)


def position(flow: Flow, frame: Frame) -> tuple[int, int]:
    """Which of how many questions is asked now, counted by what is known so far."""
    answers = live(flow, frame)
    steps = [step.name for step in flow.steps if step.name in answers or step.when(answers)]
    return (steps.index(frame.step) + 1 if frame.step in steps else 1), len(steps)


def files_to_come(flow: Flow, frame: Frame) -> tuple[str, int] | None:
    """What files a later question collects, and how many questions are asked before; None when none is."""
    answers = live(flow, frame)
    known = {*frame.answers, *frame.waiting}
    steps = [step for step in flow.steps if step.name not in known and step.when(answers)]
    collects = [getattr(step.field, "collects", "") for step in steps]
    return next(((what, count) for count, what in enumerate(collects) if what), None)


def _placed(frame: Frame, step: str, value: Json, at: int) -> Frame:
    trail = (*frame.trail[:at], step, *frame.trail[at:])
    answers = {**frame.answers, step: value}
    return replace(frame, trail=trail, answers={name: answers[name] for name in trail})


def _without(all_: Mapping[str, _Kept], name: str) -> dict[str, _Kept]:
    return {one: value for one, value in all_.items() if one != name}


# --- versions ------------------------------------------------------------------------------------------------


def carried_over(frame: Frame, flow: Flow) -> Frame:
    """A frame begun under an older version: answers to questions that still exist are kept."""
    if flow.keeps:
        frame = restored(frame)
        frame = without_answers(frame, [step for step in frame.trail if not flow.step(step)])
        step = open_step(flow, frame)
        return replace(frame, version=flow.version, step=step.name if step else None, misses=0)
    answers: dict[str, Json] = {}
    for step in flow.steps:
        if step.name not in frame.answers:
            break
        answers[step.name] = frame.answers[step.name]
    waiting = next(
        (s.name for s in flow.steps if s.name not in answers), flow.steps[-1].name if flow.steps else None
    )
    answers.pop(waiting or "", None)
    return replace(frame, version=flow.version, step=waiting, answers=answers, trail=tuple(answers), misses=0)

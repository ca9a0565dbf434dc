"""Replies, events and states as JSON and back: how they are kept in the outbox and between two events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conversations.model import (
    Ahead,
    Button,
    Event,
    Figure,
    Frame,
    Given,
    Moment,
    Opened,
    Other,
    Photo,
    Picture,
    Place,
    Press,
    Reopened,
    Reply,
    SharedContact,
    Span,
    State,
    Text,
    Value,
    Words,
    language_of,
)

STATE_VERSION = 1

_EVENTS: Mapping[str, type[Any]] = {
    "text": Text,
    "press": Press,
    "photo": Photo,
    "place": Place,
    "contact": SharedContact,
    "opened": Opened,
    "other": Other,
}
_EVENT_NAMES = {kind: name for name, kind in _EVENTS.items()}


def value_to_json(value: Value) -> Any:
    """Plain values stay themselves; the others are objects with one telling key."""
    match value:
        case Moment(at, style):
            return {"moment": at, "style": style}
        case Figure(n):
            return {"figure": n}
        case Span(start, end):
            return {"span": [start, end]}
        case Words():
            return words_to_json(value)
        case tuple():
            return [value_to_json(one) for one in value]
    return value


def value_from_json(value: Any) -> Value:
    """The inverse of `value_to_json`."""
    match value:
        case {"moment": at, "style": style}:
            return Moment(at, style)
        case {"figure": int(n)}:
            return Figure(n)
        case {"span": [start, end]}:
            return Span(start, end)
        case {"say": _}:
            return words_from_json(value)
        case list():
            return tuple(value_from_json(one) for one in value)
        case str() | int():
            return value
    raise ValueError(f"not a value of a text: {value!r}")


def words_to_json(words: Words) -> dict[str, Any]:
    """`{"say": key}`, with `values` where there are any."""
    plain: dict[str, Any] = {"say": words.key}
    if words.values:
        plain["values"] = {name: value_to_json(value) for name, value in words.values.items()}
    return plain


def words_from_json(plain: Mapping[str, Any]) -> Words:
    """The inverse of `words_to_json`."""
    values = plain.get("values", {})
    return Words(plain["say"], {name: value_from_json(value) for name, value in values.items()})


def reply_to_json(reply: Reply) -> dict[str, Any]:
    """A reply as the outbox keeps it."""
    plain: dict[str, Any] = {"words": [words_to_json(words) for words in reply.words]}
    if reply.buttons:
        plain["buttons"] = [
            {"words": words_to_json(button.words), "value": button.value, "nav": button.nav}
            for button in reply.buttons
        ]
    if reply.ask:
        plain["ask"] = reply.ask
    if reply.picture:
        plain["picture"] = {"kind": reply.picture.kind, "data": reply.picture.data}
    return plain


def reply_from_json(plain: Mapping[str, Any]) -> Reply:
    """The inverse of `reply_to_json`."""
    return Reply(
        words=tuple(words_from_json(words) for words in plain["words"]),
        buttons=tuple(
            Button(words_from_json(button["words"]), button["value"], button["nav"])
            for button in plain.get("buttons", ())
        ),
        ask=plain.get("ask"),
        picture=Picture(**plain["picture"]) if plain.get("picture") else None,
    )


def event_to_json(event: Event) -> dict[str, Any]:
    """An event as a held answer is kept."""
    return {"event": _EVENT_NAMES[type(event)], **vars(event)}


def event_from_json(plain: Mapping[str, Any]) -> Event:
    """The inverse of `event_to_json`."""
    fields = {name: value for name, value in plain.items() if name != "event"}
    event: Event = _EVENTS[plain["event"]](**fields)
    return event


def ahead_to_json(ahead: Ahead) -> dict[str, Any]:
    """Answers known ahead, by step."""
    return {
        step: {"given": known.value} if isinstance(known, Given) else event_to_json(known)
        for step, known in ahead.items()
    }


def ahead_from_json(plain: Mapping[str, Any]) -> Ahead:
    """The inverse of `ahead_to_json`."""
    return {
        step: Given(known["given"]) if "given" in known else event_from_json(known)
        for step, known in plain.items()
    }


def state_to_json(state: State) -> dict[str, Any]:
    """A state as it is kept between two events; its version comes first."""
    return {
        "version": STATE_VERSION,
        "language": state.language,
        "language_chosen": state.language_chosen,
        "runs": state.runs,
        "offered": [list(pair) for pair in state.offered],
        "held": event_to_json(state.held) if state.held else None,
        "frames": [_frame_to_json(frame) for frame in state.frames],
    }


def state_from_json(plain: Mapping[str, Any]) -> State:
    """The inverse of `state_to_json`; a state of a version that nobody knows starts anew in its language."""
    if plain.get("version") != STATE_VERSION:
        return State(language=language_of(plain.get("language")))
    return State(
        language=plain["language"],
        language_chosen=plain["language_chosen"],
        runs=plain["runs"],
        offered=tuple((value, label) for value, label in plain["offered"]),
        held=event_from_json(plain["held"]) if plain["held"] else None,
        frames=tuple(_frame_from_json(frame) for frame in plain["frames"]),
    )


def _frame_to_json(frame: Frame) -> dict[str, Any]:
    """A flow under way; what only some have is left out of the others."""
    plain: dict[str, Any] = {
        "flow": frame.flow,
        "version": frame.version,
        "run": frame.run,
        "step": frame.step,
        "answers": dict(frame.answers),
        "trail": list(frame.trail),
        "waiting": ahead_to_json(frame.waiting),
        "misses": frame.misses,
        "heard": frame.heard,
    }
    if frame.partial:
        plain["partial"] = {step: list(pieces) for step, pieces in frame.partial.items()}
    if frame.reopened:
        plain["reopened"] = dict(vars(frame.reopened))
    if frame.anew is not None:
        plain["anew"] = ahead_to_json(frame.anew)
    return plain | {flag: True for flag in ("leaving", "aside") if getattr(frame, flag)}


def _frame_from_json(plain: Mapping[str, Any]) -> Frame:
    """The inverse; what an older version did not write has the value that it then had."""
    return Frame(
        flow=plain["flow"],
        version=plain["version"],
        run=plain["run"],
        step=plain["step"],
        answers=plain["answers"],
        trail=tuple(plain["trail"]),
        waiting=ahead_from_json(plain["waiting"]),
        misses=plain["misses"],
        heard=plain.get("heard", ""),
        partial={step: tuple(pieces) for step, pieces in plain.get("partial", {}).items()},
        reopened=Reopened(**plain["reopened"]) if "reopened" in plain else None,
        anew=ahead_from_json(plain["anew"]) if "anew" in plain else None,
        leaving=plain.get("leaving", False),
        aside=plain.get("aside", False),
    )

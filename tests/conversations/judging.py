"""Judges whoever tells intents by the labelled utterances: right, asked back, or wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent / "utterances"
HALVES = ("tuned", "held_out")

# What is acted upon, or None to ask back; and whether it was at least offered or is silently not understood.
Answer = tuple[str | None, bool]
Outcome = Literal["right", "asks", "wrong"]


@dataclass(frozen=True)
class Labelled:
    """A half of the set: what is said with what is meant, and what is said with the values in it."""

    meant: Sequence[tuple[str, str]]
    values: Sequence[tuple[str, Mapping[str, str]]]


@dataclass(frozen=True)
class Judged:
    """Shares of all, 0 to 1."""

    right: float
    asks: float
    wrong: float


def labelled(half: str) -> Labelled:
    data = tomllib.loads((FOLDER / f"{half}.toml").read_text("utf-8"))
    meant = tuple((said, intent) for intent, all_ in data["intents"].items() for said in all_)
    return Labelled(meant, tuple((one["said"], one["values"]) for one in data["values"]))


def outcome(meant: str, answer: Answer) -> Outcome:
    """Right is to act on what is meant; what is no matter of a utility may also be left not understood."""
    acted, offered = answer
    if acted is not None:
        return "right" if acted == meant else "wrong"
    return "right" if meant == "off_topic" and not offered else "asks"


def judged(meant: Sequence[tuple[str, str]], answer: Callable[[str], Answer]) -> Judged:
    outcomes = [outcome(intent, answer(said)) for said, intent in meant]
    right, asks, wrong = (outcomes.count(one) / len(outcomes) for one in ("right", "asks", "wrong"))
    return Judged(right, asks, wrong)

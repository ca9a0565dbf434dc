"""Decides when an outage that returns is the same incident, and how long its restoration waits to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from handlers.rules.dated import span_in, version_at

FLAPPING = Path(__file__).with_name("flapping.toml")


@dataclass(frozen=True)
class FlappingRules:
    """again: so soon after its restoration the same part is the same incident. stable: see `hold_restoration`."""

    again: timedelta
    stable: timedelta


def flapping_at(day: date, path: Path = FLAPPING) -> FlappingRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    return FlappingRules(again=span_in(version, "again", where), stable=span_in(version, "stable", where))


def is_again(restored_at: datetime, now: datetime, rules: FlappingRules) -> bool:
    """Whether an outage of the same part that begins now is the one restored then."""
    return now - restored_at <= rules.again


def hold_restoration(times_again: int, rules: FlappingRules) -> timedelta | None:
    """How long the power must hold before its return is told; the first return is told at once (None)."""
    return rules.stable if times_again > 0 else None

"""When customers are asked how a request went, and which answers the yearly independent survey draws."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import TypeVar

from handlers.rules.dated import BadData, count_in, number_in, read_toml, span_in, text_in, value_in, version_at

SURVEYS = Path(__file__).with_name("surveys.toml")
_HOURS, _WHOLE = 24, 100

T = TypeVar("T")


@dataclass(frozen=True)
class SurveyRules:
    """from_hour, to_hour: local hours between which customers are asked. dormant: a conversation without a word
    for so long is not open. again: when an open one is looked at anew. remind: after so long, once. worthless: an
    invitation is not delivered later. follow_up: working days until a person calls an unhappy customer."""

    from_hour: int
    to_hour: int
    dormant: timedelta
    again: timedelta
    remind: timedelta
    worthless: timedelta
    follow_up: int


def surveys_at(day: date, path: Path = SURVEYS) -> SurveyRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    hours, here = value_in(version, "hours", where)
    begin, end = number_in(hours, "from", here), number_in(hours, "to", here)
    if not begin < end <= _HOURS:
        raise BadData(f"{here}: `from` must be before `to`, and `to` at most 24")
    return SurveyRules(
        from_hour=begin,
        to_hour=end,
        dormant=span_in(version, "dormant", where),
        again=span_in(version, "again", where),
        remind=span_in(version, "remind", where),
        worthless=span_in(version, "worthless", where),
        follow_up=count_in(version, "follow_up", "working_days", where),
    )


def asked_at(rules: SurveyRules, now: datetime, zone: tzinfo) -> datetime:
    """The first moment from now on at which a customer may be asked."""
    local = now.astimezone(zone)
    if local.hour < rules.from_hour:
        return datetime.combine(local.date(), time(rules.from_hour), zone)
    if local.hour >= rules.to_hour:
        return datetime.combine(local.date() + timedelta(days=1), time(rules.from_hour), zone)
    return now


@dataclass(frozen=True)
class Sampling:
    """Of each stratum so many percent, but at least `least` where there are so many."""

    least: int
    share_percent: int


def sampling(path: Path = SURVEYS) -> Sampling:
    """How the yearly survey draws its sample. Raises BadData if the file is wrong."""
    table = read_toml(path).get("sample")
    where = f"{path}, sample"
    if not isinstance(table, dict):
        raise BadData(f"{where}: missing")
    text_in(table, "source", where)
    share = number_in(table, "share_percent", where, least=1)
    if share > _WHOLE:
        raise BadData(f"{where}: `share_percent` is at most 100; it is {share}")
    return Sampling(number_in(table, "least", where, least=1), share)


def sample(strata: Mapping[str, Iterable[tuple[str, T]]], rule: Sampling, seed: str) -> dict[str, list[T]]:
    """Draw from each stratum of (name, value). The same seed draws the same, whatever the order of the values.

    Names are hashed with the seed and the lowest hashes drawn: equal chances, and nothing to be tuned by hand.
    """
    drawn: dict[str, list[T]] = {}
    for stratum, members in strata.items():
        ranked = sorted(members, key=lambda member: hashlib.sha256(f"{seed}|{member[0]}".encode()).digest())
        wanted = max(rule.least, math.ceil(len(ranked) * rule.share_percent / _WHOLE))
        drawn[stratum] = [value for _, value in ranked[:wanted]]
    return drawn

"""Judges a window that a business proposes, and tells until when the proposal is to be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from handlers.rules.dated import span_in, version_at
from handlers.rules.planning import PlanningRules, Window

PROPOSALS = Path(__file__).with_name("proposals.toml")


@dataclass(frozen=True)
class ProposalRules:
    """The spans of one day, from proposals.toml, which names their sources."""

    answer: timedelta
    before_window: timedelta
    at_least: timedelta


@dataclass(frozen=True)
class TooLong:
    """The window is longer than planned work may be."""

    most: timedelta


@dataclass(frozen=True)
class TooSoon:
    """The window begins before its notice could be given; `earliest` is the first time that could."""

    earliest: datetime


def rules_at(day: date, path: Path = PROPOSALS) -> ProposalRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    return ProposalRules(
        answer=span_in(version, "answer", where),
        before_window=span_in(version, "before_window", where),
        at_least=span_in(version, "at_least", where),
    )


def judge(wish: Window, planning: PlanningRules, rules: ProposalRules, now: datetime) -> TooLong | TooSoon | None:
    """What keeps a wished window from being looked at, if anything does.

    It must be as far ahead as the law wants its notice, and the time it takes to decide.
    """
    if wish.length > planning.longest:
        return TooLong(planning.longest)
    earliest = now + max(rules.before_window, planning.legal_notice)
    return TooSoon(earliest) if wish.starts_at < earliest else None


def expires_at(
    begins_at: datetime, wishes: Sequence[Window], planning: PlanningRules, rules: ProposalRules, now: datetime
) -> datetime:
    """Until when a proposal about a window that begins then is answered.

    Not so late that neither the move could be told in time nor any wished window be announced; but nobody who
    proposes late goes without a fair time, unless the window begins sooner.
    """
    usable = max((wish.starts_at for wish in wishes), default=begins_at) - planning.legal_notice
    wanted = min(now + rules.answer, begins_at - rules.before_window, usable)
    return min(max(wanted, now + rules.at_least), begins_at)

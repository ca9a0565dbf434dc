"""Within which time the law wants a customer's wish about their own data answered and done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from handlers.rules.dated import count_in, span_in, spans_in, version_at

PRIVACY = Path(__file__).with_name("privacy.toml")


@dataclass(frozen=True)
class PrivacyRules:
    """answer: working days until an answer. done: by wish, until it is done. grace: in which a deletion can be
    taken back. farewell: how long the address outlives the data. link: how long a link to one's data opens."""

    answer: int
    done: Mapping[str, timedelta]
    grace: timedelta
    farewell: timedelta
    link: timedelta


def privacy_at(day: date, path: Path = PRIVACY) -> PrivacyRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    return PrivacyRules(
        answer=count_in(version, "answer", "working_days", where),
        done=spans_in(version, "done", where),
        grace=span_in(version, "grace", where),
        farewell=span_in(version, "farewell", where),
        link=span_in(version, "link", where),
    )

"""How long a file that a customer sent is kept; the spans are in retention.toml, with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from handlers.rules.dated import BadData, span_in, spans_in, version_at

RETENTION = Path(__file__).with_name("retention.toml")


@dataclass(frozen=True)
class Retention:
    """The spans of one day. `ended` and `open` are by the purpose of a file, and have the same purposes."""

    orphan: timedelta
    draft: timedelta
    ended: Mapping[str, timedelta]
    open: Mapping[str, timedelta]

    @property
    def purposes(self) -> frozenset[str]:
        return frozenset(self.open)

    def of_open_request(self, purpose: str, now: datetime) -> datetime:
        """When a file is deleted whose request was opened, or opened again, now. Raises KeyError."""
        return now + self.open[purpose]

    def of_ended_request(self, purpose: str, ended_at: datetime) -> datetime:
        """When a file is deleted whose request ended then. Raises KeyError."""
        return ended_at + self.ended[purpose]


def retention_at(day: date, path: Path = RETENTION) -> Retention:
    """The spans that apply on a day. Raises LookupError if none do, BadData if the file is wrong."""
    version, where = version_at(path, day)
    found = Retention(
        orphan=span_in(version, "orphan", where),
        draft=span_in(version, "draft", where),
        ended=spans_in(version, "ended", where),
        open=spans_in(version, "open", where),
    )
    if found.ended.keys() != found.open.keys():
        raise BadData(f"{where}: `ended` and `open` must name the same purposes")
    if found.draft < found.orphan:
        raise BadData(f"{where}: `draft` must not be shorter than `orphan`")
    return found

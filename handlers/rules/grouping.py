"""Decides when reports on one transformer or feeder suggest an incident there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from handlers.rules.dated import count_in, span_in, version_at

GROUPING = Path(__file__).with_name("grouping.toml")


@dataclass(frozen=True)
class GroupingRules:
    """window: reports further apart say nothing about each other. at_transformer, at_feeder: how many people must
    report; feeder_from: from how many of its transformers, to suggest the feeder."""

    window: timedelta
    at_transformer: int
    at_feeder: int
    feeder_from: int


def grouping_at(day: date, path: Path = GROUPING) -> GroupingRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    return GroupingRules(
        window=span_in(version, "window", where),
        at_transformer=count_in(version, "at_transformer", "reports", where),
        at_feeder=count_in(version, "at_feeder", "reports", where),
        feeder_from=count_in(version, "feeder_from", "transformers", where),
    )


@dataclass(frozen=True)
class Sighting:
    """A report, by whom and when, and what serves the place as far as it is known."""

    report: int
    who: int
    at: datetime
    transformer: str | None
    feeder: str | None


@dataclass(frozen=True)
class Suggested:
    """An incident that reports suggest. kind: `transformer` or `feeder`; transformers: those reported."""

    kind: str
    code: str
    sightings: tuple[Sighting, ...]

    @property
    def people(self) -> int:
        """How many people reported it; one who reports twice is one."""
        return len({one.who for one in self.sightings})

    @property
    def first_at(self) -> datetime:
        """When it was reported first."""
        return min(one.at for one in self.sightings)

    @property
    def transformers(self) -> frozenset[str]:
        """The transformers that the reports name."""
        return frozenset(one.transformer for one in self.sightings if one.transformer)


def suggest(sightings: Iterable[Sighting], rules: GroupingRules, now: datetime) -> Sequence[Suggested]:
    """What recent reports suggest; a feeder stands for its transformers. In the order of the codes."""
    recent = [one for one in sightings if now - rules.window <= one.at <= now]
    feeders = [one for one in _by("feeder", recent) if _at_feeder(one, rules)]
    covered = {one.code for one in feeders}
    rest = [one for one in recent if one.feeder not in covered]
    transformers = [one for one in _by("transformer", rest) if one.people >= rules.at_transformer]
    return [*feeders, *transformers]


def _at_feeder(group: Suggested, rules: GroupingRules) -> bool:
    return group.people >= rules.at_feeder and len(group.transformers) >= rules.feeder_from


def _by(kind: str, sightings: Iterable[Sighting]) -> list[Suggested]:
    groups: dict[str, list[Sighting]] = {}
    for one in sightings:
        code = one.feeder if kind == "feeder" else one.transformer
        if code is not None:
            groups.setdefault(code, []).append(one)
    return [Suggested(kind, code, tuple(group)) for code, group in sorted(groups.items())]

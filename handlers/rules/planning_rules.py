"""Holds the dated limits and lead times that planned outages keep to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from types import MappingProxyType

from handlers.rules.dated import BadData, count_in, span_in, spans_in, value_in, version_at

PLANNING = Path(__file__).with_name("planning.toml")


@dataclass(frozen=True)
class PlanningRules:
    """The rules of one day, from planning.toml, which names their sources.

    `company_notice` and `first_notice` go by segment, `reminders` by "day" and "hour"; `morning` is local.
    """

    longest: timedelta
    months_between: int
    legal_notice: timedelta
    company_notice: Mapping[str, timedelta]
    first_notice: Mapping[str, timedelta]
    reminders: Mapping[str, timedelta]
    morning: time
    adjoining_gap: timedelta


def rules_at(day: date, path: Path = PLANNING) -> PlanningRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    value, here = value_in(version, "morning", where)
    if type(value.get("at")) is not time:
        raise BadData(f"{here}: `at` must be a time such as 08:00:00, without quotes")
    rules = PlanningRules(
        longest=span_in(version, "longest", where),
        months_between=count_in(version, "between_cuts", "months", where),
        legal_notice=span_in(version, "legal_notice", where),
        company_notice=MappingProxyType(spans_in(version, "company_notice", where)),
        first_notice=MappingProxyType(spans_in(version, "first_notice", where)),
        reminders=MappingProxyType(spans_in(version, "reminders", where)),
        morning=value["at"],
        adjoining_gap=span_in(version, "adjoining_gap", where),
    )
    _check_first_notices(rules, where)
    return rules


def _check_first_notices(rules: PlanningRules, where: str) -> None:
    """A first notice that leaves after its own deadline would make every plan late."""
    for segment, ahead in rules.first_notice.items():
        least = max(rules.legal_notice, rules.company_notice.get(segment, timedelta()))
        if ahead < least:
            raise BadData(
                f"{where}: first_notice.{segment} is {ahead.days} days; it must be at least {least.days}"
            )

"""Asking how it went: at which hours, and which answers the yearly survey draws."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.surveys import Sampling, asked_at, sample, sampling, surveys_at

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
RULES = surveys_at(date(2026, 11, 25))
names = st.lists(st.text("abcdefgh", min_size=1, max_size=6), unique=True, max_size=80)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def test_nobody_is_asked_in_the_evening_or_at_night() -> None:
    assert asked_at(RULES, local("2026-11-25T10:00"), ZONE) == local("2026-11-25T10:00")
    assert asked_at(RULES, local("2026-11-25T20:00"), ZONE) == local("2026-11-26T08:00")
    assert asked_at(RULES, local("2026-11-30T23:59"), ZONE) == local("2026-12-01T08:00")
    assert asked_at(RULES, local("2026-11-26T00:00"), ZONE) == local("2026-11-26T08:00")


@given(st.integers(0, 60 * 24 * 400))
def test_the_moment_of_asking_is_never_past_and_always_by_day(minutes: int) -> None:
    now = local("2026-01-01T00:00") + timedelta(minutes=minutes)
    at = asked_at(RULES, now, ZONE)

    assert now <= at <= now + timedelta(days=1)
    assert RULES.from_hour <= at.hour < RULES.to_hour


@given(names, names, st.text(max_size=5))
def test_a_sample_is_the_same_for_the_same_seed_and_never_too_small(a: list[str], b: list[str], seed: str) -> None:
    rule = Sampling(least=3, share_percent=10)
    strata = {"a": [(name, name) for name in a], "b": [(name, name) for name in b]}
    turned = {key: reversed(members) for key, members in strata.items()}

    drawn = sample(strata, rule, seed)

    assert drawn == sample(turned, rule, seed)
    for key, members in (("a", a), ("b", b)):
        assert set(drawn[key]) <= set(members)
        assert len(set(drawn[key])) == len(drawn[key]) >= min(3, len(members))
        assert len(drawn[key]) >= len(members) / 10


def test_another_seed_draws_other_answers() -> None:
    strata = {"a": [(str(number), number) for number in range(1000)]}
    rule = sampling()

    assert sample(strata, rule, "2026")["a"] != sample(strata, rule, "2027")["a"]
    assert len(sample(strata, rule, "2026")["a"]) == max(rule.least, 1000 * rule.share_percent // 100)

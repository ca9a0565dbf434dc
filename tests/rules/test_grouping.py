"""Reports that lie close together suggest what failed; one person, however insistent, does not."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.dated import BadData
from handlers.rules.grouping import GROUPING, Sighting, grouping_at, suggest

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
RULES = grouping_at(date(2026, 11, 24))
MINUTE = timedelta(minutes=1)


def report(number: int, who: int, transformer: str | None = "T1", feeder: str | None = "TT-472") -> Sighting:
    return Sighting(number, who, NOW, transformer, feeder)


def on(transformer: str, people: range, feeder: str | None = "TT-472") -> list[Sighting]:
    return [report(person, person, transformer, feeder) for person in people]


def suggested(*reports: Sighting) -> list[tuple[str, str]]:
    return [(one.kind, one.code) for one in suggest(reports, RULES, NOW)]


def test_enough_people_on_one_transformer_suggest_it() -> None:
    enough = on("T1", range(RULES.at_transformer))
    (one,) = suggest(enough, RULES, NOW)
    assert (one.kind, one.code, one.people) == ("transformer", "T1", RULES.at_transformer)
    assert suggested(*enough[1:]) == []


def test_one_who_insists_is_one() -> None:
    assert suggested(*[report(number, 1) for number in range(20)]) == []


def test_only_what_was_said_within_the_window_counts() -> None:
    others = on("T1", range(1, RULES.at_transformer))
    oldest = report(0, 0)
    assert suggested(replace(oldest, at=NOW - RULES.window), *others) == [("transformer", "T1")]
    assert suggested(replace(oldest, at=NOW - RULES.window - MINUTE), *others) == []
    assert suggested(replace(oldest, at=NOW + MINUTE), *others) == []


def test_people_on_several_transformers_suggest_their_feeder_instead() -> None:
    spread = [report(at, at, f"T{at % RULES.feeder_from}") for at in range(RULES.at_feeder)]
    (one,) = suggest(spread, RULES, NOW)
    assert (one.kind, one.code) == ("feeder", "TT-472")
    assert one.transformers == {f"T{at}" for at in range(RULES.feeder_from)}


def test_many_people_on_one_transformer_are_not_its_feeder() -> None:
    assert suggested(*on("T1", range(RULES.at_feeder + 5))) == [("transformer", "T1")]


def test_a_transformer_without_a_known_feeder_can_be_suggested_alone() -> None:
    assert suggested(*on("T1", range(9), feeder=None)) == [("transformer", "T1")]


def test_reports_from_nowhere_suggest_nothing() -> None:
    assert suggested(*[report(number, number, None, None) for number in range(20)]) == []


SIGHTINGS = st.lists(
    st.builds(
        Sighting,
        st.integers(1, 999),
        st.integers(1, 8),
        st.integers(-5, 70).map(lambda ago: NOW - ago * MINUTE),
        st.sampled_from([None, "T1", "T2", "T3", "T4"]),
        st.sampled_from([None, "F1", "F2"]),
    ),
    max_size=25,
    unique_by=lambda one: one.report,
)


@given(SIGHTINGS, st.randoms(use_true_random=False))
def test_the_order_of_reports_makes_no_difference(reports: list[Sighting], chance: random.Random) -> None:
    def said(seen: list[Sighting]) -> list[tuple[str, str, frozenset[Sighting]]]:
        return [(one.kind, one.code, frozenset(one.sightings)) for one in suggest(seen, RULES, NOW)]

    shuffled = list(reports)
    chance.shuffle(shuffled)
    assert said(shuffled) == said(reports)


@given(SIGHTINGS)
def test_no_report_is_in_two_suggestions_and_each_has_people_enough(reports: list[Sighting]) -> None:
    found = suggest(reports, RULES, NOW)
    named = [sighting.report for one in found for sighting in one.sightings]
    assert len(named) == len(set(named))
    assert all(one.people >= min(RULES.at_transformer, RULES.at_feeder) for one in found)


def test_a_threshold_is_one_at_least(tmp_path: Path) -> None:
    text = GROUPING.read_text("utf-8")
    path = tmp_path / "grouping.toml"
    path.write_text(text.replace("transformers = ", "transformers = -"), "utf-8")
    with pytest.raises(BadData, match="at least 1"):
        grouping_at(date(2026, 11, 24), path)

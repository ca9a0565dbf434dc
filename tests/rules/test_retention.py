"""How long files are kept is dated data that holds together, or says what is wrong with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from handlers.rules.dated import BadData
from handlers.rules.retention import RETENTION, retention_at

DAY = timedelta(days=1)
TODAY = date(2026, 11, 24)


def test_the_spans_of_today() -> None:
    spans = retention_at(TODAY)
    assert (spans.orphan, spans.draft) == (2 * DAY, 30 * DAY)
    assert spans.purposes == {"id_card", "paper"}
    ended = datetime(2026, 11, 24, tzinfo=UTC)
    # The picture of the card goes before the other papers, and both before a request that nobody ends.
    days = [spans.of_ended_request(purpose, ended) - ended for purpose in ("id_card", "paper")]
    assert days == [30 * DAY, 90 * DAY]
    assert spans.of_open_request("id_card", ended) - ended == 365 * DAY
    with pytest.raises(KeyError):
        spans.of_open_request("selfie", ended)


def test_nothing_is_made_up_for_a_day_before_the_law() -> None:
    with pytest.raises(LookupError):
        retention_at(date(2025, 12, 31))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("ended.paper", "ended.deed", "same purposes"),
        ("draft = { days = 30", "draft = { days = 1", "shorter"),
        (
            'source = "company choice: no request takes a year; whatever was forgotten does not stay for ever"',
            "x = 1",
            "source",
        ),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = RETENTION.read_text("utf-8")
    assert old in text
    path = tmp_path / "retention.toml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(BadData, match=says):
        retention_at(TODAY, path)

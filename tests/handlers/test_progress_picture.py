"""The picture of how far a request is: readable, the same for the same, and refused for data that is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from conversations.model import LANGUAGES, Json, Language, Picture
from handlers.pictures import alt, draw, size
from handlers.pictures.drawing import covered
from handlers.pictures.progress import Progress
from handlers.request_words import picture
from handlers.rules.progress import process_of, steps_seen
from handlers.talking import ZONE, talking
from store.requests import Request

NOW = datetime(2026, 11, 20, 7, 5, tzinfo=UTC)


def request(*states: str, **more: Any) -> Picture:
    """The picture of a request that went through these states, an hour apart."""
    history = [(state, NOW + timedelta(hours=n)) for n, state in enumerate(states)]
    row = Request(
        code="HS-000127-C",
        contact_id=1,
        service="home_connection",
        state=states[-1],
        received_at=NOW,
        promised_by=NOW + timedelta(days=7),
        due_since=NOW,
        last_move_at=NOW,
        **more,
    )
    return picture(row, steps_seen(process_of("home_connection"), history), NOW)


def png(shown: Picture, language: Language = "vi") -> bytes:
    return draw(shown, language, talking().speaker, ZONE)


UNDER_WAY = request("received", "checking", "survey")
WAITING = request("received", "checking", "papers_missing", stopped_at=NOW)
DONE = request("received", "checking", "works", "done", ended_at=NOW)
DECLINED = request("received", "checking", "declined", ended_at=NOW)
ALL = (UNDER_WAY, WAITING, DONE, DECLINED, request("received", "works", "done", "reopened"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_request_is_drawn_in_its_size_and_the_same_each_time(language: Language) -> None:
    drawn = [png(one, language) for one in ALL]
    for shown, image in zip(ALL, drawn, strict=True):
        assert Image.open(BytesIO(image)).size == size(shown, language, talking().speaker, ZONE)
        assert len(image) < 200_000
    assert len(set(drawn)) == len(ALL)
    assert [png(one, language) for one in ALL] == drawn


def test_its_words_are_the_readers_and_can_be_drawn() -> None:
    for language, first in (("vi", "Tiếp nhận"), ("en", "Received")):
        said = Progress(UNDER_WAY.data, language, talking().speaker, ZONE)  # type: ignore[arg-type]
        assert said.steps[0].name == first
        texts = [said.code, said.service, said.state, *said.foot, *(one.name for one in said.steps)]
        assert all(covered(sign) for text in texts for sign in text)


def test_it_says_by_when_it_is_done_and_whom_to_call() -> None:
    feet = [Progress(one.data, "en", talking().speaker, ZONE).foot for one in ALL[:4]]
    assert [foot[0] for foot in feet] == [
        "To be done by: Fri 27 Nov 2026",
        "The time limit stands still",
        "This request is closed",
        "This request is closed",
    ]
    assert all("1900 545454" in foot[1] for foot in feet)


def test_who_cannot_see_it_is_told_what_it_shows() -> None:
    said = talking().speaker.plain(alt(WAITING), "en")
    assert said == "Picture of the progress of request HS-000127-C: waiting for papers."


@pytest.mark.parametrize(
    "change",
    [
        {"steps": []},
        {"steps": [{"name": {"say": "x"}, "mark": "half", "at": None}]},
        {"look": "strange"},
        {"due": 5},
        {"now": None},
        {"service": {"words": "x"}},
    ],
)
def test_data_that_is_no_progress_is_refused(change: dict[str, Json]) -> None:
    assert isinstance(UNDER_WAY.data, dict)
    with pytest.raises(ValueError, match="not"):
        png(replace(UNDER_WAY, data={**UNDER_WAY.data, **change}))
    with pytest.raises(ValueError, match="no such picture"):
        alt(Picture("progress", {}))

"""`sangden chat`: a turn per line for people, a JSON line per turn for scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bot.command import sangden
from tests.sqlite_files import copied


@pytest.fixture
def directory(demo_template: Path, tmp_path: Path) -> Path:
    """A database with the demonstration utility, where the command looks for it."""
    copied(demo_template, tmp_path / "sangden.db")
    return tmp_path


def turns(directory: Path, *lines: object, arguments: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """What each line is answered; a line is text as it is, anything else as JSON."""
    said = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    done = sangden(directory, "chat", "--json", *arguments, said=said)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_script_follows_a_ward(directory: Path) -> None:
    greeted, asked, done = turns(
        directory, {"text": "xin chào"}, "theo dõi phường Bến Thành", {"press": "1:label:say.label.home"}
    )
    assert set(greeted) == {"replies", "understood", "flow", "step"}
    assert set(greeted["replies"][0]) == {"text", "buttons", "image"}
    assert greeted["understood"]["intent"] == "greeting"
    assert {"label": "Theo dõi cúp điện", "value": "go:follow"} in greeted["replies"][0]["buttons"]
    assert (asked["flow"], asked["step"]) == ("follow", "label")
    assert asked["understood"]["intent"] == "subscribe"
    assert "Nhà (Phường Bến Thành)" in done["replies"][0]["text"]
    assert done["flow"] is None


def test_bad_lines_are_named_and_do_not_end_the_conversation(directory: Path) -> None:
    bad = ["{not json", {"text": 5}, {"press": None}, {"place": [1]}, {"photo": "/nowhere.jpg"}, {"fly": "away"}]
    *errors, last = turns(directory, *bad, {"text": "xin chào"})
    assert len(errors) == len(bad)
    assert all(set(error) == {"error"} for error in errors)
    assert last["understood"]["intent"] == "greeting"


def test_a_photo_and_a_place_are_answered(directory: Path) -> None:
    (directory / "meter.jpg").write_bytes(b"\xff\xd8\xff")
    photo, place = turns(directory, {"photo": str(directory / "meter.jpg")}, {"place": [10.77, 106.69]})
    assert photo["replies"]
    assert place["replies"]


def test_each_name_has_a_conversation_of_its_own_that_goes_on_later(directory: Path) -> None:
    turns(directory, "theo dõi phường Bến Thành", arguments=("--as", "lan"))
    [minh] = turns(directory, "Nhà", arguments=("--as", "minh"))
    [lan] = turns(directory, "Nhà", arguments=("--as", "lan"))
    assert "Xong rồi" in lan["replies"][0]["text"]
    assert "Xong rồi" not in minh["replies"][0]["text"]


def test_the_language_can_be_chosen(directory: Path) -> None:
    [reply] = turns(directory, "hello", arguments=("--lang", "en"))
    assert "Follow outages" in [button["label"] for button in reply["replies"][0]["buttons"]]


def test_in_a_pipe_a_number_or_a_label_presses_a_button(directory: Path) -> None:
    done = sangden(directory, "chat", said="xin chào\n6\nphường Bến Thành\nNhà\n")
    assert done.returncode == 0, done.stderr
    assert "  6. Theo dõi cúp điện\n" in done.stdout
    assert "Xong rồi ạ" in done.stdout
    assert "<b>" not in done.stdout
    assert done.stdout.endswith("\n\n")


def test_a_byte_that_is_no_letter_does_not_end_the_conversation(directory: Path) -> None:
    done = sangden(directory, "chat", said="xin ch\udcffo\nxin chào\n")
    assert done.returncode == 0, done.stderr
    assert "Sáng Đèn" in done.stdout


def test_an_answer_about_the_week_at_ones_places_says_that_it_has_a_picture(directory: Path) -> None:
    asked, _, week = turns(directory, "theo dõi phường Bến Thành", "Nhà", {"press": "go:week:mine"})
    assert [asked["replies"][0]["image"], week["replies"][0]["image"]] == [False, True]
    done = sangden(directory, "chat", said="tra cứu\nCác nơi của tôi\n7 ngày tới\n")
    assert done.returncode == 0, done.stderr
    assert "\n[Hình lịch cúp điện 7 ngày, kể từ " in done.stdout

"""Forms outlive a new version of the product, and questions in the middle of questions have an end."""

from dataclasses import replace

from conversations.danger import TellUrgent
from conversations.engine import DEEPEST
from conversations.model import Frame, Json, Other, State, Text
from tests.conversations.test_machine import METER, take

PLACE: Json = {"target": METER.target, "name": {"say": "literal", "values": {"text": "x"}}}
ASKED = Frame("follow", 1, 1, "label", {"place": PLACE}, ("place",))


def test_answers_of_an_older_version_are_kept() -> None:
    turn = take(State(frames=(replace(ASKED, version=0),)), Other("sticker"))
    assert turn.reply.words[0].key == "form.renewed"
    assert turn.state.frames[0].answers == {"place": PLACE}
    assert turn.state.frames[0].version == 1


def test_a_step_that_is_gone_is_asked_as_the_next_one() -> None:
    turn = take(State(frames=(replace(ASKED, step="no_more"),)), Other("sticker"))
    assert turn.state.frames[0].step == "label"


def test_a_form_that_is_gone_is_said_to_be_gone() -> None:
    turn = take(State(frames=(Frame("no_more", 1, 1, "x"),)), Text("menu"))
    assert turn.reply.words[0].key == "form.gone"
    assert turn.state.frames == ()


def test_the_oldest_form_gives_way_to_the_deepest_digression() -> None:
    frames = tuple(Frame(name, 1, at, "where") for at, name in enumerate(("week", "lookup"), 1))
    state = State(frames=(ASKED, *frames), runs=3)
    turn = take(replace(state, frames=(ASKED, *frames)), Text("nơi của tôi"))
    assert len(turn.state.frames) == DEEPEST
    assert [frame.flow for frame in turn.state.frames] == ["week", "lookup", "places"]


def test_danger_is_reported_at_once_and_the_form_waits_below() -> None:
    turn = take(State(frames=(ASKED,), runs=1), Text("dây điện đứt rớt xuống đường"))
    assert [words.key for words in turn.reply.words] == [
        "danger.stay_away",
        "danger.reported",
        "danger_place.place",
    ]
    assert turn.commands == (TellUrgent("BD-000002-Y", "dây điện đứt rớt xuống đường"),)
    assert [frame.flow for frame in turn.state.frames] == ["follow", "danger_place"]

    placed = take(turn.state, Text("trước chợ, trụ số 12"))
    assert isinstance(placed.commands[0], TellUrgent)
    assert placed.state.frames == (ASKED,)


def test_more_danger_while_its_place_is_asked_asks_once_more_and_no_deeper() -> None:
    first = take(State(), Text("trụ điện nổ"))
    second = take(first.state, Text("giờ cháy trạm rồi"))
    assert [frame.flow for frame in second.state.frames] == ["danger_place"]
    assert second.commands == (TellUrgent("BD-000002-Y", "giờ cháy trạm rồi"),)


def test_an_answer_known_ahead_does_not_hide_that_the_outage_is_known() -> None:
    turn = take(State(), Text("chỉ nhà em mất điện, nhảy cb PE01000000014"))
    assert turn.reply.words[0].key == "report.known"
    assert turn.state.frames == ()

"""Forms keep what took their customers' effort: through changes, digressions, days, and second thoughts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from conversations import engine
from conversations.engine import Flows, collecting
from conversations.fields import Choice
from conversations.files import Files
from conversations.model import (
    Again,
    Answers,
    Button,
    Change,
    Command,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Language,
    Photo,
    Press,
    Query,
    Reading,
    Reply,
    State,
    Step,
    Text,
    Turn,
    Words,
    say,
)
from conversations.ratings import Score
from conversations.service_fields import Free
from conversations.wire import state_from_json, state_to_json


@dataclass(frozen=True)
class Done(Command):
    """What the form under test comes to."""

    answers: Any


@dataclass(frozen=True)
class Agreed(Command):
    """What is done at the tap."""


@dataclass(frozen=True)
class Known(Query):
    """What the form under test recalls."""


@dataclass(frozen=True)
class KnownFound(Found):
    name: str


@dataclass(frozen=True)
class Summary:
    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        changes = (Button(Words("literal", {"text": f"Sửa {name}"}), name) for name in answers)
        return (Button(Words("literal", {"text": "Gửi"}), "send"), *changes)

    def read(self, event: Event) -> Reading:
        match event:
            case Press("send"):
                return Given("sent")
            case Press(name):
                return Change(name)
        return Again(Words("error.choose"))

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError


def text(answers: Answers, facts: Found | None) -> Words:
    return Words("literal", {"text": "?"})


def refused(answers: Answers) -> Finish | None:
    return Finish(say("cancel.nothing")) if answers.get("agree") == "no" else None


def led_over(answers: Answers) -> Finish | None:
    """More than 160 is another form's matter."""
    if answers.get("size") != 10:
        return None
    return Finish(Reply(()), then=("svc_big", {name: Given(value) for name, value in answers.items()}))


STEPS = (
    Step(
        "agree",
        Choice("places.sure", ("yes", "no")),
        prompt=text,
        does=lambda answers: (Agreed(),) if answers["agree"] == "yes" else (),
        ends=refused,
    ),
    Step("name", Free(), prompt=text, tells=lambda answers: {"mail": Text("x")} if answers["name"] == "X" else {}),
    Step("size", Score(), prompt=text, ends=led_over),
    Step("why", Free(), prompt=text, when=lambda answers: answers.get("size") == 3),
    Step("mail", Free(), prompt=text),
    Step("paper", Files(most=3), prompt=text),
    Step("review", Summary(), prompt=text),
)


def form(name: str, steps: tuple[Step, ...]) -> Flow:
    return Flow(
        name,
        steps,
        lambda answers, facts: Finish(say("cancel.nothing"), (Done(dict(answers)),)),
        recall=lambda: Known(),
        recalled=lambda found: {"name": Given(found.name)} if isinstance(found, KnownFound) and found.name else {},
        keeps=True,
    )


SMALL = form("follow", STEPS)
BIG = form("svc_big", (STEPS[1], replace(STEPS[2], ends=lambda answers: None), *STEPS[4:]))
LOOKUP = Flow("lookup", (Step("where", Free(), prompt=text),), lambda answers, facts: Finish(say("help.text")))
PLACES = replace(LOOKUP, name="places")
WEEK = replace(LOOKUP, name="week")
FLOWS = Flows((SMALL, BIG, LOOKUP, PLACES, WEEK), fallback=LOOKUP, danger=LOOKUP)


class Talk:
    """A customer of the forms above; the state goes through JSON after every event."""

    def __init__(self, known: str = "") -> None:
        self.known = known
        self.state = State()
        self.done: list[Command] = []
        self.turn = Turn(self.state, Reply(()))

    def __call__(self, *said: str | Event, away: bool = False) -> Turn:
        for one in said:
            event = self._event(one) if isinstance(one, str) else one
            self.turn = self._advance(event, away)
            self.state = state_from_json(orjson.loads(orjson.dumps(state_to_json(self.turn.state))))
            assert self.state == self.turn.state
            self.done += self.turn.commands
        return self.turn

    def _event(self, said: str) -> Event:
        if not said.startswith("["):
            return Text(said)
        value = said[1:-1]
        stamped = [b.value for b in self.turn.reply.buttons if b.value.endswith(f":{value}") or b.value == value]
        return Press(stamped[0] if stamped else value)

    def _advance(self, event: Event, away: bool) -> Turn:
        def speak(words: Words, language: Language) -> str:
            return str(words.values.get("text", words.key))

        talk = engine.advance(FLOWS, self.state, event, speak, away)
        try:
            next(talk)
            while True:
                talk.send(KnownFound(self.known))
        except StopIteration as over:
            turn: Turn = over.value
            return turn

    @property
    def answers(self) -> dict[str, Any]:
        return dict(self.state.frames[-1].answers)

    @property
    def step(self) -> str | None:
        return self.state.frames[-1].step

    def said(self) -> list[str]:
        return [words.key for words in self.turn.reply.words]


def photo(name: str) -> Photo:
    return Photo("ref", kind="image", file=name)


def files(*names: str) -> list[Any]:
    return [{"file": name, "kind": "image"} for name in names]


def at_summary(known: str = "") -> Talk:
    talk = Talk(known)
    talk("[go:follow]", "[yes]", "Lan", "5", "lan@x.vn", photo("a"), "xong")
    assert talk.step == "review"
    return talk


def test_a_form_comes_to_all_its_answers() -> None:
    talk = at_summary()
    talk("[send]")
    assert talk.done[-1] == Done(
        {
            "agree": "yes",
            "name": "Lan",
            "size": 5,
            "mail": "lan@x.vn",
            "paper": files("a"),
            "review": "sent",
        }
    )


def test_what_an_answer_does_is_done_at_the_tap_and_once() -> None:
    talk = Talk()
    first = talk("[go:follow]")
    agree = next(button.value for button in first.reply.buttons if button.value.endswith(":yes"))
    talk(Press(agree))
    assert talk.done == [Agreed()]
    talk(Press(agree))
    assert talk.done == [Agreed()]
    assert talk.step == "name"


def test_a_refusal_ends_the_form() -> None:
    talk = Talk()
    turn = talk("[go:follow]", "[no]")
    assert turn.state.frames == ()
    assert turn.reply.words == (Words("cancel.nothing"),)


def test_an_answer_can_lead_to_another_form_and_takes_the_answers_along() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "10")
    assert [frame.flow for frame in talk.state.frames] == ["svc_big"]
    assert talk.answers == {"name": "Lan", "size": 10}
    assert talk.step == "mail"


def test_what_is_known_is_not_asked_but_can_be_changed() -> None:
    talk = Talk("Lan")
    talk("[go:follow]", "[yes]")
    assert talk.step == "size"
    talk("5", "m", "[later]", "[name]", "Hoa", "[send]")
    assert isinstance(talk.done[-1], Done)
    assert talk.done[-1].answers["name"] == "Hoa"


def test_an_answer_can_hold_the_answer_to_another_question() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "X", "5")
    assert talk.step == "paper"
    assert talk.answers["mail"] == "x"


def test_a_change_at_the_summary_keeps_the_rest_and_returns_there() -> None:
    talk = at_summary()
    talk("[name]")
    assert talk.step == "name"
    talk("Hoa")
    assert talk.step == "review"
    assert talk.answers == {
        "agree": "yes",
        "name": "Hoa",
        "size": 5,
        "mail": "lan@x.vn",
        "paper": files("a"),
    }


def test_back_out_of_a_change_restores_the_answer() -> None:
    talk = at_summary()
    before = talk.answers
    talk("[name]", "quay lại")
    assert (talk.step, talk.answers) == ("review", before)


def test_back_goes_step_by_step_and_loses_nothing() -> None:
    talk = at_summary()
    before = talk.answers
    talk("quay lại")
    assert talk.step == "paper"
    talk("quay lại", "quay lại")
    assert talk.step == "size"
    talk("7")
    assert talk.step == "review"
    assert talk.answers == {**before, "size": 7}


def test_an_old_button_changes_that_answer_only() -> None:
    talk = Talk()
    asked = talk("[go:follow]", "[yes]", "Lan")
    seven = next(button.value for button in asked.reply.buttons if button.value.endswith(":7"))
    talk("5", "m", photo("a"), Press(seven))
    assert talk.step == "paper"
    assert talk.answers == {"agree": "yes", "name": "Lan", "size": 7, "mail": "m"}
    assert talk.state.frames[-1].partial == {"paper": tuple(files("a"))}


def test_a_change_of_mind_asks_what_it_needs_and_drops_what_it_does_not() -> None:
    talk = at_summary()
    talk("[size]", "3")
    assert talk.step == "why"
    talk("because")
    assert talk.step == "review"
    talk("[size]", "4", "[send]")
    assert isinstance(talk.done[-1], Done)
    assert "why" not in talk.done[-1].answers


def test_digits_answer_a_question_for_a_number() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "1")
    assert talk.answers["size"] == 1
    talk("m")
    talk("1")
    assert talk.state.frames[-1].answers["paper"] == []


def test_an_album_is_one_answer() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "5", "m", photo("a"), photo("b"))
    assert collecting(FLOWS, talk.state) == "paper"
    assert talk.said() == ["files.got"]
    talk(photo("c"))
    assert (talk.step, talk.answers["paper"]) == ("review", files("a", "b", "c"))
    assert collecting(FLOWS, talk.state) is None


def test_an_album_after_days_is_taken_whole() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "5", "m")
    talk(photo("a"), away=True)
    talk(photo("b"))
    assert talk.state.frames[-1].partial == {"paper": tuple(files("a", "b"))}


def test_files_can_be_added_later_or_sent_anew() -> None:
    talk = at_summary()
    talk("[paper]", photo("b"), "[done]")
    assert talk.answers["paper"] == files("a", "b")
    talk("[paper]", "[afresh]", photo("c"), "xong")
    assert talk.answers["paper"] == files("c")
    talk("[paper]", "[afresh]", "quay lại")
    assert talk.answers["paper"] == files("c")


def test_a_file_added_while_going_back_stays() -> None:
    talk = at_summary()
    talk("quay lại", photo("b"), "quay lại")
    assert talk.step == "mail"
    assert talk.answers["paper"] == files("a", "b")


def test_pieces_of_one_answer_survive_going_back_through_others() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "5", "m", photo("a"), "quay lại", "quay lại", "7")
    assert talk.step == "paper"
    assert talk.state.frames[-1].partial == {"paper": tuple(files("a"))}


def test_done_without_a_file_is_not_done() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "5", "m", "xong")
    assert talk.said()[0] == "error.nothing_yet"
    assert talk.step == "paper"


def test_pieces_sent_survive_a_digression_and_going_back() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "5", "m", photo("a"), "[go:lookup]", "Bến Thành")
    assert "files.so_far" in talk.said()
    talk("quay lại", "n", "xong")
    assert talk.answers["mail"] == "n"
    assert talk.answers["paper"] == files("a")


def test_cancel_asks_once_more_and_a_second_one_drops() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "hủy")
    assert talk.said() == ["cancel.sure"]
    talk("[!go_on]")
    assert (talk.step, talk.answers["name"]) == ("size", "Lan")
    talk("hủy", "5")
    assert talk.answers["size"] == 5
    talk("hủy", "hủy")
    assert talk.state.frames == ()


def test_a_form_without_an_answer_is_dropped_at_once() -> None:
    talk = Talk()
    assert talk("[go:follow]", "hủy").state.frames == ()


def test_back_at_the_first_question_does_not_drop_the_form() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "quay lại", "quay lại")
    assert talk.said() == ["cancel.sure"]


def test_a_form_put_aside_takes_no_answers_until_its_customer_returns() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "hủy", "[!later]")
    assert "resume:follow" in [button.value for button in talk.turn.reply.buttons]
    talk("mai có gì không")
    assert talk.state.frames[0].answers == {"agree": "yes"}
    talk("[resume:follow]", "Lan")
    assert talk.answers == {"agree": "yes", "name": "Lan"}


def test_go_on_returns_to_the_form_put_aside() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "hủy", "[!later]", "tiếp tục")
    assert (talk.step, talk.state.frames[-1].aside) == ("name", False)


def test_the_same_form_begun_again_goes_on_if_wanted() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "[go:follow]")
    assert talk.turn.reply.words[0] == Words("begin.unfinished", {"form": Words("form.follow"), "at": 3, "of": 6})
    talk("[!go_on]")
    assert (talk.step, talk.answers["name"]) == ("size", "Lan")
    talk("[go:follow]", "[!anew]")
    assert (talk.step, talk.answers) == ("agree", {})


def test_answers_that_come_with_a_new_beginning_answer_what_is_open() -> None:
    talk = Talk()
    talk("[go:svc_big]", "Hoa", "[go:follow]", "[yes]", "Lan", "10")
    assert talk.said() == ["begin.unfinished"]
    talk("[!go_on]")
    assert talk.answers == {"name": "Hoa", "size": 10}
    assert talk.step == "mail"


def test_several_forms_wait_side_by_side_however_many_digressions_there_are() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "[go:svc_big]", "Hoa")
    talk("[go:lookup]", "[go:places]", "[go:week]")
    kept = {frame.flow: frame.answers for frame in talk.state.frames}
    assert kept["follow"] == {"agree": "yes"}
    assert kept["svc_big"] == {"name": "Hoa"}


def test_a_button_of_an_interrupted_form_returns_to_it() -> None:
    talk = Talk()
    asked = talk("[go:follow]", "[yes]", "Lan")
    seven = next(button.value for button in asked.reply.buttons if button.value.endswith(":7"))
    talk("[go:lookup]", Press(seven))
    assert talk.answers == {"agree": "yes", "name": "Lan", "size": 7}


def test_after_days_the_form_says_where_it_stood_and_can_wait_longer() -> None:
    talk = Talk()
    talk("[go:follow]", "[yes]", "Lan", "5")
    talk("m", away=True)
    assert talk.turn.reply.words[0].values["at"] == 4
    assert talk.turn.reply.words[0].values["of"] == 6
    talk("[!later]")
    assert talk.said()[0] == "later.kept"
    talk("tiếp tục", "m")
    assert talk.step == "paper"


def test_a_state_of_before_is_still_read() -> None:
    plain = state_to_json(State(frames=(Talk()("[go:lookup]").state.frames[0],)))
    for name in ("partial", "reopened", "anew", "leaving", "aside"):
        assert name not in plain["frames"][0]
    assert state_from_json(plain).frames[0].partial == {}


def test_answers_outlive_a_new_version_of_the_form() -> None:
    talk = at_summary()
    frame = replace(talk.state.frames[0], version=0, step="no_more")
    talk.state = replace(talk.state, frames=(frame,))
    talk("?")
    assert talk.said()[0] == "form.renewed"
    assert talk.step == "review"
    assert talk.answers["name"] == "Lan"

"""However customers go through forms, no answer that they gave is lost, and no form ends without its number."""

from __future__ import annotations

import re

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from conversations.engine import collecting
from conversations.engine_frames import DEEPEST
from conversations.engine_speech import ANEW, CANCEL, DROP
from conversations.flows import FLOWS
from conversations.folding import fold
from conversations.model import Event, Frame, Json, Other, Photo, Press, SharedContact, State, Text
from conversations.service_words import OpenRequest
from conversations.services import catalogue
from conversations.wire import state_from_json, state_to_json
from tests.conversations.asking import CARD, Asking

SERVICES = ("home_connection", "split_meter", "business_connection", "station", "complaint", "notice_method")
SAID = (
    "hủy", "quay lại", "menu", "giúp", "tiếp tục", "english", "nhân viên", "giá điện bao nhiêu", "khiếu nại",
    "xong", "gửi sau", "gửi", "1", "2", "9", "400 kVA", "079190001234", "079085001234", "20/11/1990", "0912345678",
    "Nguyễn Thị Lan", "12/3 Lê Lợi, phường Bến Thành", "ngõ 5 không tên", "PE01000000014", "PB04010001234", "👍",
)  # fmt: skip
# Answers that only confirm others, and are asked anew when those change.
CONFIRM = {"card_ok", "id_match", "use_address_ward"}
PERSON = {"name", "representative", "id_number", "born", "address"}
ID_NUMBER = re.compile(r"079190001234|079085001234")


def held(frame: Frame) -> dict[str, Json]:
    """The answers that a form holds, also to the question that is just asked again."""
    again = {frame.reopened.step: frame.reopened.answer} if frame.reopened else {}
    return {**frame.answers, **again}


def forms(state: State) -> dict[int, Frame]:
    """The forms under way, by run."""
    return {frame.run: frame for frame in state.frames if FLOWS.keeps(frame)}


class Forms(RuleBasedStateMachine):
    """Somebody answers, presses, types, sends files, changes their mind and stays away at random."""

    def __init__(self) -> None:
        super().__init__()
        self.customer = Asking()
        self.customer.send("xin chào")
        self.old: list[str] = []
        self.finished = 0
        self.by_form = True

    def go(self, event: Event, away: bool = False) -> None:
        """One event, and what it may have done to every form."""
        before, sent = self.customer.state, len(self.customer.commands)
        # What somebody calls a place that they follow is theirs, even if it looks like the number of a card.
        self.by_form = not before.frames or FLOWS.keeps(before.frames[-1])
        self.old += [button.value for button in self.customer.turn.reply.buttons]
        self.customer.spoken.clear()
        self.customer.send(event, away=away)
        value = pressed(event, before.offered)
        opened = [one for one in self.customer.commands[sent:] if isinstance(one, OpenRequest)]
        after = forms(self.customer.state)
        for run, frame in forms(before).items():
            if run in after:
                self.nothing_is_lost(frame, after[run], value)
            else:
                self.it_ended_well(frame, event, value, opened)
        assert len(opened) <= 1

    def nothing_is_lost(self, before: Frame, after: Frame, pressed: str) -> None:
        was, now = held(before), held(after)
        gone = set(was) - set(now)
        assert gone <= CONFIRM | (PERSON if self.told(was, now) else set()), (gone, pressed)
        changed = {name for name in set(was) & set(now) if was[name] != now[name]}
        answered = {before.step, *pressed.split(":")[1:2]}
        assert changed <= answered | (PERSON if self.told(was, now) else set()), (changed, pressed)
        for step, pieces in before.partial.items():
            kept = after.partial.get(step, ()) or tuple(_pieces(now.get(step)))
            assert kept[: len(pieces)] == pieces or pressed.endswith("afresh"), (step, pressed)

    def told(self, was: dict[str, Json], now: dict[str, Json]) -> bool:
        """Whether a card was just confirmed, whose name and numbers stand instead of those typed."""
        return was.get("card_ok") != now.get("card_ok") and now.get("card_ok") == "yes"

    def it_ended_well(self, frame: Frame, event: Event, value: str, opened: list[OpenRequest]) -> None:
        """Sent under a number, led over to another form, refused, or dropped after being asked."""
        if opened:
            assert opened[0].code
            answers = held(frame)
            assert all(answers.get(name, answer) == answer for name, answer in opened[0].answers.items())
            self.finished += 1
        elif any(
            not frame_.answers.keys() < {"consent"} and led_to(frame, frame_)
            for frame_ in forms(self.customer.state).values()
        ):
            return
        else:
            dropped = frame.leaving and (value.endswith((CANCEL, DROP)) or event == Text("hủy"))
            anew = frame.anew is not None and value == ANEW
            nothing = not frame.answers and not frame.reopened and not any(frame.partial.values())
            refused = value.endswith(":consent:no") or frame.step == "consent"
            assert dropped or anew or nothing or refused, (frame, event)

    # --- what customers do -----------------------------------------------------------------------------------

    @initialize(service=st.sampled_from(SERVICES))
    def begins(self, service: str) -> None:
        self.go(Press(f"go:request:{service}"))
        self.go(self.customer.press("yes"))

    @precondition(lambda self: self.in_form())
    @rule(n=st.integers(1, 8), last=st.booleans(), card=st.booleans())
    def answers_well(self, n: int, last: bool, card: bool) -> None:
        for _ in range(n):
            if not self.in_form():
                return
            read = CARD if card and self.customer.step.name == "id_card" else None
            photo = Photo("r", kind="image", file=f"file-{len(self.old)}", card=read)
            for event in self.customer.good_answer(lambda values: values[-1 if last else 0], photo):
                self.go(self.event(event))

    def event(self, said: Event | str) -> Event:
        if not isinstance(said, str):
            return said
        return self.customer.press(said[1:-1]) if said.startswith("[") else Text(said)

    def in_form(self) -> bool:
        frame = self.customer.state.frames[-1] if self.customer.state.frames else None
        return frame is not None and FLOWS.keeps(frame) and not frame.aside and not frame.leaving

    @rule(text=st.sampled_from(SAID), away=st.booleans())
    def says(self, text: str, away: bool) -> None:
        self.go(Text(text), away)

    @rule(text=st.text(max_size=20))
    def says_anything(self, text: str) -> None:
        self.go(Text(text))

    @precondition(lambda self: self.customer.turn.reply.buttons)
    @rule(data=st.data())
    def presses(self, data: st.DataObject) -> None:
        self.go(Press(data.draw(st.sampled_from([b.value for b in self.customer.turn.reply.buttons]))))

    @precondition(lambda self: self.old)
    @rule(data=st.data(), away=st.booleans())
    def presses_an_old_button(self, data: st.DataObject, away: bool) -> None:
        self.go(Press(data.draw(st.sampled_from(self.old))), away)

    @rule(n=st.integers(1, 4), away=st.booleans())
    def sends_an_album(self, n: int, away: bool) -> None:
        for at in range(n):
            kept = collecting(FLOWS, self.customer.state) is not None
            file = f"album-{len(self.old)}-{at}" if kept else ""
            self.go(Photo("r", kind="image", file=file), away and at == 0)

    @rule(event=st.sampled_from((Other("sticker"), SharedContact("0590007919", own=True), Photo("r"))))
    def sends(self, event: Event) -> None:
        self.go(event)

    @rule(service=st.sampled_from(SERVICES))
    def begins_another(self, service: str) -> None:
        self.go(Press(f"go:request:{service}"))

    # --- what always holds -----------------------------------------------------------------------------------

    @invariant()
    def survives_json(self) -> None:
        state = self.customer.state
        assert state_from_json(orjson.loads(orjson.dumps(state_to_json(state)))) == state

    @invariant()
    def shows_no_number_of_a_card(self) -> None:
        if self.by_form:
            assert not ID_NUMBER.search(" ".join(self.customer.spoken)), self.customer.spoken
        assert self.customer.turn.reply.words

    @invariant()
    def keeps_its_answers_in_order(self) -> None:
        frames = self.customer.state.frames
        for frame in frames:
            assert tuple(frame.answers) == frame.trail
            assert frame.step not in frame.answers
            assert frame.reopened is None or frame.reopened.step == frame.step
        assert len([frame for frame in frames if not FLOWS.keeps(frame)]) <= DEEPEST
        assert len({frame.flow for frame in frames}) == len(frames) <= DEEPEST + len(catalogue().services)


def pressed(event: Event, offered: tuple[tuple[str, str], ...]) -> str:
    """The value of the button that was pressed, or meant by its number or label; "" for anything else."""
    match event:
        case Press(value):
            return value
        case Text(text) if text.strip().isdecimal() and 1 <= int(text) <= len(offered):
            return offered[int(text) - 1][0]
        case Text(text):
            return next((value for value, label in offered if fold(label) == fold(text)), "")
    return ""


def _pieces(answer: Json) -> list[Json]:
    return answer if isinstance(answer, list) else []


def led_to(before: Frame, after: Frame) -> bool:
    """Whether a form took over what another held."""
    known = {**held(after), **{name: getattr(one, "value", None) for name, one in after.waiting.items()}}
    news = {**known, **{name: getattr(one, "value", None) for name, one in (after.anew or {}).items()}}
    shared = {name for name in held(before) if name in news and name not in ("transfer", *PERSON)}
    return before.flow != after.flow and "use_address" in shared and "consent" in shared


Forms.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestForms = Forms.TestCase

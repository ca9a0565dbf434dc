"""Advances a conversation by one event: all that every flow has in common, so that flows are only data."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace

from conversations import engine_frames as frames
from conversations import engine_speech as speech
from conversations import said_answers
from conversations.engine_answers import UNMISTAKABLE, Answers, collecting
from conversations.engine_commands import COMMANDS
from conversations.engine_course import STUCK, Speak, Talking
from conversations.engine_frames import DEEPEST, Flows
from conversations.engine_speech import (
    ABOUT,
    AGENT,
    ANEW,
    BACK,
    CANCEL,
    DROP,
    GO_ON,
    HELP,
    LANGUAGE,
    LATER,
    MENU,
    RESUME,
    SPEAK,
    START,
    title,
)
from conversations.folding import fold, may_be
from conversations.model import (
    Again,
    Button,
    Change,
    Event,
    Found,
    Frame,
    Given,
    Opened,
    Photo,
    Press,
    Query,
    State,
    Text,
    Turn,
    Understood,
    Words,
)
from conversations.understand import MAYBE, SURE, understand

__all__ = ["DEEPEST", "LONGEST_TEXT", "STUCK", "UNMISTAKABLE", "Flows", "Speak", "advance", "collecting"]

# Longer than any answer, shorter than a pasted document, in characters.
LONGEST_TEXT = 2_000

_STAMPED = re.compile(r"(?P<run>\d+):(?P<step>[a-z_]+):(?P<value>.+)", re.DOTALL)
# A link can carry letters, digits, _ and - only: follow-w-26734 is go:follow:w:26734.
_LINKED = re.compile(r"(?P<flow>[a-z]+)(?:-(?P<kind>[a-z])-(?P<code>[A-Za-z0-9]+))?")


def takes_loose(flows: Flows, state: State) -> bool:
    """Whether a file that nobody asked for now can be the paper that a request waits for."""
    return flows.loose is not None and frames.top(state) is None


def advance(
    flows: Flows, state: State, event: Event, speak: Speak, away: bool = False
) -> Generator[Query, Found, Turn]:
    """One event in, one turn out; each query that it needs answered on the way is yielded, its Found sent back.

    speak: a button's words in a language, so that a label typed by hand means the button.
    away: the customer was gone for so long that an unfinished form is not simply gone on with.
    """
    talk = _Talk(flows, state, speak)
    talk.renew_frames()
    yield from talk.hear(event, away)
    return talk.turn()


def meant(flows: Flows, state: State, event: Event, speak: Speak) -> Event:
    """The event, a number or a label typed by hand taken for the button that it names."""
    return _Talk(flows, state, speak).meant(event)


def _is_own(value: str, mark: str) -> bool:
    """Whether a button answers the question itself, instead of leading out of it."""
    return value.startswith(mark) and not value.removeprefix(mark).startswith("!")


class _Talk(Answers):
    """One event's worth of conversation: what is known, what is said, what is to be done."""

    # --- hearing ---------------------------------------------------------------------------------------------

    def hear(self, event: Event, away: bool) -> Talking:
        event = self.meant(event)
        held, self.state = self.state.held, replace(self.state, held=None)
        self._settle()
        match event:
            case Press(value) if value in (GO_ON, DROP, LATER) and held is not None:
                yield from self._return(value, held)
            case Press(value):
                yield from self._pressed(value)
            case Opened(payload):
                yield from self._opened(payload)
            case Text(text):
                yield from self._told(text.strip(), away)
            case Photo() if collecting(self.flows, self.state):
                # Whoever sends what the form waits for goes on with it; the rest of an album follows at once.
                yield from self.answered(event)
            case _ if away and self.frame:
                self._hold(event)
            case _:
                yield from self.answered(event)

    def _settle(self) -> None:
        """Note what the customer was asked about leaving or beginning anew; without an answer the form goes on."""
        frame = self.frame
        if frame:
            self.leaving, self.anew = frame.leaving, frame.anew
            self.top(frames.settled(frame))

    def meant(self, event: Event) -> Event:
        """A number or a label typed by hand means the button that was offered under it."""
        if not isinstance(event, Text):
            return event
        typed = event.text.strip()
        offered = self.state.offered
        is_number = typed.isdecimal() and len(typed) < 3 and 1 <= int(typed) <= len(offered)
        if is_number and not self._digits_answer():
            return Press(offered[int(typed) - 1][0])
        folded = fold(typed)
        labels = {fold(label): (value, label) for value, label in offered}
        value, label = labels.get(folded, ("", ""))
        if folded and value and may_be(typed, label):
            return Press(value)
        said = self._said(event.text)
        return Press(said) if said else event

    def _said(self, text: str) -> str | None:
        """The button of the question, or the one guess, that words mean, unless they are danger or a command."""
        frame = self.frame
        if frame is None:
            guesses = [value for value, _ in self.state.offered if value.startswith(ABOUT)]
            return guesses[0] if len(guesses) == 1 and said_answers.is_yes(text) else None
        if frame.leaving:
            return None
        step = self.flow(frame).step(frame.step or "")
        mark = f"{frame.run}:{frame.step}:"
        own = [(value, label) for value, label in self.state.offered if _is_own(value, mark)]
        if step is None or step.field.greedy or not own:
            return None
        said = said_answers.meant(text, own)
        if said is None:
            return None
        understood = understand(text)
        command = understood.intent in COMMANDS and understood.score == 1
        # "Dung" is "đúng" where that answers the question, and "dừng" elsewhere.
        other = command and not said_answers.is_yes_or_no(text)
        return None if other or understood.intent == "danger" else said

    def _digits_answer(self) -> bool:
        """Whether the question in view wants a number itself, so that digits are no button's place in the row."""
        frame = self.frame
        step = self.flow(frame).step(frame.step or "") if frame else None
        if frame is None or step is None or not getattr(step.field, "digits", False):
            return False
        return any(value.startswith(f"{frame.run}:{step.name}:") for value, _ in self.state.offered)

    def _told(self, text: str, away: bool) -> Talking:
        if len(text) > LONGEST_TEXT:
            self.say("error.too_long", limit=LONGEST_TEXT)
            yield from self.ask_again()
            return
        self.understood = understand(text)
        intent, sure = self.understood.intent, self.understood.score >= SURE
        if intent == "danger":
            # Danger to life comes before everything; a form under way waits below.
            yield from self.begin_with(self.flows.danger, Text(text))
        elif intent in COMMANDS and self._is_command(intent):
            yield from self.command(COMMANDS[intent])
        elif self.frame and away and not (sure and intent in self.flows.by_intent):
            self._hold(Text(text))
        elif self.frame:
            yield from self.answered(Text(text))
        else:
            yield from self._fresh(text)

    def _is_command(self, intent: str) -> bool:
        """Whether a wish interrupts the question asked; where own words are wanted, only a plain command."""
        if self.understood.score == 1:
            return True
        step = self.step(self.frame) if self.frame and self.frame.step else None
        least = UNMISTAKABLE if step is not None and step.field.greedy else SURE
        return intent in ("agent", "language") and self.understood.score >= least

    def _pressed(self, value: str) -> Talking:
        stamped = _STAMPED.fullmatch(value)
        if stamped:
            yield from self._chosen(int(stamped["run"]), stamped["step"], stamped["value"])
        elif value.startswith(START):
            name, _, answer = value.removeprefix(START).partition(":")
            yield from self.begin_named(name, answer)
        elif value.startswith(RESUME):
            yield from self.resume(value.removeprefix(RESUME))
        elif value.startswith(SPEAK) and value.removeprefix(SPEAK) in ("vi", "en"):
            yield from self.set_language("en" if value.endswith("en") else "vi")
        elif value.startswith(ABOUT):
            intent = value.removeprefix(ABOUT)
            yield from self.intend(intent, Understood(intent))
        elif value in (MENU, HELP, CANCEL, BACK, LANGUAGE, AGENT, GO_ON, DROP, LATER, ANEW):
            yield from self.command(value)
        else:
            yield from self.old_button()

    def _chosen(self, run: int, step: str, value: str) -> Talking:
        """A button under one of our questions: of the current one, of an earlier one, or of a form long gone."""
        frame = self.frame
        if (frame is None or frame.run != run) and not value.startswith("!"):
            frame = self._raised(run)
        if frame is None or frame.run != run:
            yield from self.old_button()
        elif value.startswith("!"):
            yield from self.command(value)
        elif step == frame.step:
            yield from self.answered(Press(value))
        elif self.flow(frame).keeps:
            yield from self._changed_by(frame, step, Press(value))
        elif step in frame.trail:
            self.top(frames.rewound(frame, step))
            yield from self.answered(Press(value))
        else:
            yield from self.old_button()

    def _raised(self, run: int) -> Frame | None:
        """The form of an older button, back on top, when it is one that waits for its customer."""
        frame = next((one for one in self.state.frames if one.run == run and self.flows.keeps(one)), None)
        if frame:
            self.state = frames.raised(self.state, frame)
        return self.frame if frame else None

    def _changed_by(self, frame: Frame, step_name: str, event: Press) -> Talking:
        """An earlier question of a form that keeps its answers, answered anew by its old button."""
        step = self.flow(frame).step(step_name)
        reading = (yield from self.judged(step, event)) if step else None
        if isinstance(reading, Change):
            yield from self.reopen(reading.step)
        elif step is None or step.name not in frame.trail:
            yield from self.old_button()
        elif isinstance(reading, Given | Again) and reading != Given(frame.answers[step.name]):
            self.top(frames.reopened(frame, step, change=True))
            yield from self.take(step, reading, event)
        else:
            # The same answer once more, as by a second tap on the same button.
            yield from self.ask_again()

    def _opened(self, payload: str) -> Talking:
        linked = _LINKED.fullmatch(payload)
        if linked and linked["flow"] in self.flows.by_name:
            answer = f"{linked['kind']}:{linked['code']}" if linked["kind"] else ""
            yield from self.begin_named(linked["flow"], answer)
        else:
            self.say("greeting.hello")
            self.offer_menu()

    # --- coming back after days ------------------------------------------------------------------------------

    def _hold(self, event: Event) -> None:
        """Ask whether to go on, and keep what was said for then."""
        frame = self.frame
        assert frame is not None
        flow = self.flow(frame)
        at, of = frames.position(flow, frame)
        self.state = replace(self.state, held=event)
        self.say("resume.ask", form=title(self.flow(frame)), at=at, of=of)
        self.buttons = speech.returning(flow.keeps)

    def _return(self, choice: str, held: Event) -> Talking:
        if choice == GO_ON:
            yield from self.hear(held, away=False)
            return
        self.state = frames.set_aside(self.flows, self.state)
        form = next(iter(self.state.frames[::-1]), None)
        self.words.append(
            Words("later.kept", {"form": title(self.flow(form))}) if form else Words("resume.dropped")
        )
        self.offer_menu()

    # --- texts while no form is under way --------------------------------------------------------------------

    def _fresh(self, text: str) -> Talking:
        """A text while no form is under way."""
        intent, score = self.understood.intent, self.understood.score
        if intent is not None and score >= SURE:
            yield from self.intend(intent, self.understood)
        elif len(fold(text).split()) > 1 and (said := said_answers.part_of_label(text, self.state.offered)):
            yield from self._pressed(said)
        elif intent is not None and score >= MAYBE and "place" not in self.understood.values:
            yield from self._guess(intent, text)
        elif fold(text):
            yield from self.begin_with(self.flows.fallback, Text(text))
        else:
            self.words.append(speech.unread(Text(text)))
            self.offer_menu()

    def _guess(self, intent: str, text: str) -> Talking:
        """Ask what was meant, unless the question has an answer as it is."""
        known = self.flows.known
        told = known.told((yield known.ask(text))) if known and not self.understood.several else None
        if told:
            name, waiting = told
            yield from self.begin(self.flows.by_name[name], waiting)
            return
        self.say("unclear.several" if self.understood.several else "unclear.did_you_mean")
        guesses = (intent, *self.understood.also)
        self.buttons = tuple(Button(Words(f"intent.{guess}"), f"{ABOUT}{guess}") for guess in guesses)
        self.buttons += (Button(Words("button.menu"), MENU, nav=True),)

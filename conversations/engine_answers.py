"""Does with an answer to the question asked what it calls for: kept, gathered, asked again, or another wish."""

from __future__ import annotations

from dataclasses import replace

from conversations import engine_frames as frames
from conversations import engine_speech as speech
from conversations.engine_commands import COMMANDS, Commands
from conversations.engine_course import Talking
from conversations.engine_frames import Flows
from conversations.model import (
    Afresh,
    Again,
    Button,
    Change,
    Enough,
    Event,
    Given,
    Json,
    Partly,
    Photo,
    Reading,
    State,
    Step,
    Text,
    Understood,
    Words,
)
from conversations.understand import SURE

# A free text is an answer to the question asked, unless it is this surely something else.
UNMISTAKABLE = 0.95


def collecting(flows: Flows, state: State) -> str | None:
    """What files the question asked now collects (`id_card`, `paper`); None when it has no use for files."""
    frame = frames.top(state)
    flow = flows.by_name.get(frame.flow) if frame else None
    step = flow.step(frame.step or "") if flow and frame else None
    return (getattr(step.field, "collects", None) or None) if step else None


class Answers(Commands):
    """Answers to the questions of forms, and wishes in the middle of them."""

    def answered(self, event: Event) -> Talking:
        """An event for the question asked; where there is none, or it is clearly another wish, for that."""
        frame = self.frame
        if frame is None and self.flows.loose and isinstance(event, Photo) and (event.file or event.problem):
            yield from self.begin(self.flows.loose, {self.flows.loose.steps[0].name: event})
            return
        if frame is None or frame.step is None:
            self.words.append(speech.unread(event))
            self.offer_menu()
            return
        step = self.step(frame)
        if isinstance(event, Photo) and not collecting(self.flows, self.state):
            files = frames.files_to_come(self.flow(frame), frame)
            if files:
                yield from self._ask_better(Again(Words(f"files.not_yet.{files[0]}", {"n": files[1]})))
                return
        typed = isinstance(event, Text)
        if typed and self.other_wish(UNMISTAKABLE if step.field.greedy else 2.0):
            yield from self.intend(self.understood.intent or "", self.understood)
            return
        if typed and self.flows.by_intent.get(self.understood.intent or "") is self.flow(frame):
            event = self.flow(frame).prefill(self.understood).get(step.name, event)
        if isinstance(event, Text) and frame.heard:
            event = replace(event, earlier=frame.heard)
        reading = yield from self.judged(step, event)
        yield from self.take(step, reading, event)

    def take(self, step: Step, reading: Reading, event: Event) -> Talking:
        """Do with an answer as it was judged."""
        frame = self.frame
        assert frame is not None
        pieces = frame.partial.get(step.name, ())
        match reading:
            case Given(value):
                yield from self._accept(step, value)
            case Enough(least) if len(pieces) >= least:
                yield from self._accept(step, list(pieces))
            case Partly(value, words, options, most):
                yield from self._add(step, [*pieces, value], words, options, most)
            case Afresh():
                self.top(replace(frame, partial={**frame.partial, step.name: ()}))
                yield from self.ask_again()
            case Change(name):
                yield from self.reopen(name)
            case Again() if isinstance(event, Text) and not reading.heard and self.other_wish(SURE):
                yield from self.intend(self.understood.intent or "", self.understood)
            case Again():
                yield from self._ask_better(reading)
            case _:
                yield from self._ask_better(Again(Words("error.nothing_yet")))

    def _accept(self, step: Step, value: Json) -> Talking:
        """An answer that the customer gave: kept, done what it wants done at once, and on to the next question."""
        self.give(step, value)
        frame = self.frame
        assert frame is not None
        self.commands += step.does(frames.live(self.flow(frame), frame))
        yield from self.next()

    def _add(
        self, step: Step, pieces: list[Json], words: Words, options: tuple[Button, ...], most: int
    ) -> Talking:
        """A piece more: the next one is waited for, unless there are as many as there may be."""
        frame = self.frame
        assert frame is not None
        if len(pieces) >= most:
            self.words.append(words)
            yield from self._accept(step, pieces)
            return
        frame = replace(frame, partial={**frame.partial, step.name: tuple(pieces)}, misses=0, heard="")
        self.top(frame)
        self.words.append(words)
        self.buttons = (*speech.stamped(frame, options), *self.navigation(frame))

    def _ask_better(self, again: Again) -> Talking:
        frame = self.frame
        assert frame is not None
        # Choosing another way to answer is no failure to answer, and neither is half an answer.
        missed = again.ask is None and not again.heard
        self.top(replace(frame, misses=frame.misses + missed, heard=again.heard))
        yield from self.ask_again(again)

    def reopen(self, name: str) -> Talking:
        """Ask a question again that the customer wants to answer otherwise."""
        frame = self.frame
        assert frame is not None
        frame = frames.restored(frame)
        step = self.flow(frame).step(name)
        if step is None or name not in frame.trail:
            yield from self._ask_better(Again(Words("error.choose")))
            return
        self.top(frames.reopened(frame, step, change=True))
        yield from self.ask_again()

    def other_wish(self, least: float) -> bool:
        """Whether the text is at least this surely about something other than the form under way."""
        intent, frame = self.understood.intent, self.frame
        if intent is None or self.understood.score < least or frame is None:
            return False
        return self.flows.by_intent.get(intent) is not self.flow(frame)

    def intend(self, intent: str, understood: Understood) -> Talking:
        """Do what the customer wishes: a flow of its own, a command, or an answer on the spot."""
        flow = self.flows.by_intent.get(intent)
        if flow is not None:
            yield from self.begin(flow, flow.prefill(understood))
        elif intent in COMMANDS:
            yield from self.command(COMMANDS[intent])
        elif intent == "greeting":
            self.say("greeting.hello")
            self.offer_menu()
        else:
            self.say(f"about.{intent}")
            yield from self.go_on_if_asked()

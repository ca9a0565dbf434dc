"""The course of flows: begun, their questions asked one after the other, gone on with, and ended."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Literal, TypeAlias

from conversations import engine_frames as frames
from conversations import engine_speech as speech
from conversations.engine_frames import Flows
from conversations.engine_speech import MENU, title
from conversations.model import (
    Again,
    Ahead,
    Answers,
    Button,
    Command,
    Event,
    Finish,
    Flow,
    Found,
    Frame,
    Gathers,
    Given,
    Json,
    Language,
    Look,
    Picture,
    Press,
    Query,
    Reading,
    Reply,
    State,
    Step,
    Turn,
    Understood,
    Words,
)

# So many answers in a row that did not do, and the question says how else to get on.
STUCK = 2

Speak: TypeAlias = Callable[[Words, Language], str]
Talking: TypeAlias = Generator[Query, Found, None]


class Course:
    """What is known, what is said and what is to be done while one event is answered."""

    def __init__(self, flows: Flows, state: State, speak: Speak) -> None:
        self.flows = flows
        self.state = state
        self.speak = speak
        self.words: list[Words] = []
        self.buttons: tuple[Button, ...] = ()
        self.ask: Literal["contact", "place"] | None = None
        self.picture: Picture | None = None
        self.commands: list[Command] = []
        self.understood = Understood()
        # What the customer had just been asked about the form on top, if anything; the event is the answer.
        self.leaving = False
        self.anew: Ahead | None = None

    def judged(self, step: Step, event: Event) -> Generator[Query, Found, Reading]:
        """Judge an answer, with the fact it takes, and with the pieces of it that are there."""
        field, frame = step.field, self.frame
        if isinstance(field, Gathers) and frame:
            return field.take(event, frame.partial.get(step.name, ()))
        reading = field.read(event)
        if isinstance(reading, Look):
            found = yield reading.query
            reading = field.judge(found)
        return reading

    # --- flows -----------------------------------------------------------------------------------------------

    def begin_named(self, name: str, answer: str) -> Talking:
        flow = self.flows.by_name.get(name)
        if flow is None:
            yield from self.old_button()
            return
        if answer and flow.steps:
            yield from self.begin_with(flow, Press(answer))
        else:
            yield from self.begin(flow, flow.prefill(Understood()))

    def begin_with(self, flow: Flow, answer: Event) -> Talking:
        """Start a flow whose first question is answered already."""
        yield from self.begin(flow, {flow.steps[0].name: answer})

    def begin(self, flow: Flow, waiting: Ahead) -> Talking:
        """Start a flow, above the one it interrupts; a form with answers that it keeps is not begun over."""
        form = next((one for one in self.state.frames if flow.keeps and one.flow == flow.name), None)
        if form and frames.holds_answers(form):
            self.state = frames.raised(self.state, replace(frames.settled(form), anew=waiting))
            at, of = frames.position(flow, form)
            self.say("begin.unfinished", form=title(self.flow(form)), at=at, of=of)
            self.buttons = speech.beginning_again()
            return
        yield from self.begin_new(flow, waiting)

    def begin_new(self, flow: Flow, waiting: Ahead) -> Talking:
        if flow.recall:
            found = yield flow.recall()
            waiting = {**flow.recalled(found), **waiting}
        facts = (yield flow.opens_with()) if flow.opens_with else None
        self.words += flow.opening(facts)
        self.state = frames.begun(self.flows, self.state, flow, waiting)
        yield from self.next()

    def begin_anew(self) -> Talking:
        """The customer chose to begin again a form that was begun before."""
        frame = self.frame
        if frame is None or self.anew is None:
            yield from self.old_button()
        else:
            yield from self.begin_new(self.flow(frame), self.anew)

    def next(self) -> Talking:
        """Ask the first question that has no answer yet, or finish."""
        while True:
            frame = self.frame
            assert frame is not None
            flow = self.flow(frame)
            ended = frames.ended(flow, frame)
            if ended:
                yield from self.end(ended)
                return
            step = frames.open_step(flow, frame)
            if step is None:
                yield from self.finish(flow, frame)
                return
            if step.name != frame.step:
                frame = replace(frame, step=step.name, misses=0, heard="")
                self.top(frame)
            ahead = frame.waiting.get(step.name)
            if ahead is None:
                yield from self.ask_again()
                return
            facts = (yield step.needs(frames.live(flow, frame))) if step.needs else None
            instead = step.instead(facts)
            if instead:
                yield from self.end(instead)
                return
            reading = ahead if isinstance(ahead, Given) else (yield from self.judged(step, ahead))
            if not isinstance(reading, Given):
                self.top(frames.without_ahead(frame, step.name))
                yield from self.ask_again(reading if isinstance(reading, Again) else None)
                return
            self.give(step, reading.value)

    def finish(self, flow: Flow, frame: Frame) -> Talking:
        answers = frames.live(flow, frame)
        query = flow.needs(answers)
        facts = (yield query) if query else None
        yield from self.end(flow.finish(answers, facts))

    def end(self, finish: Finish) -> Talking:
        self.state = frames.popped(self.state)
        self.words += finish.reply.words
        self.buttons = finish.reply.buttons
        self.picture = finish.reply.picture
        self.commands += finish.commands
        if finish.then:
            name, waiting = finish.then
            yield from self.begin(self.flows.by_name[name], waiting)
        elif self.frame and not finish.quiet:
            yield from self.go_on_if_asked()
        elif not self.frame:
            self.words += finish.alone

    def go_on_if_asked(self) -> Talking:
        """After an interruption, put the question of the form again; without a form, offer the menu."""
        if self.frame:
            self.say("resume.back_to", form=title(self.flow(self.frame)))
            yield from self.ask_again()
        else:
            self.buttons = (Button(Words("button.menu"), MENU, nav=True),)

    def ask_again(self, again: Again | None = None) -> Talking:
        """Put the question of the form, after the words about an answer that did not do."""
        frame = self.frame
        if frame is None or frame.step is None:
            self.offer_menu()
            if not self.words:
                self.say("menu.title")
            return
        step = self.step(frame)
        answers = frames.live(self.flow(frame), frame)
        facts = (yield step.needs(answers)) if step.needs else None
        instead = step.instead(facts)
        if instead:
            yield from self.end(instead)
            return
        pieces = frame.partial.get(step.name, ())
        if again:
            self.words.append(again.words)
        if again is None or not again.asks:
            self.words.append(step.prompt(answers, facts) if step.prompt else Words(f"{frame.flow}.{step.name}"))
            if pieces:
                self.say("files.so_far", n=len(pieces))
        if again and again.ask is None and frame.misses >= STUCK:
            self.say("form.stuck")
        options = again.options if again else ()
        if again and again.ask:
            self.ask = again.ask
        elif not options:
            options = _options(step, pieces, answers, facts)
        self.buttons = (*speech.stamped(frame, options), *self.navigation(frame))

    def navigation(self, frame: Frame) -> tuple[Button, ...]:
        flow = self.flow(frame)
        can_go_back = frames.before(flow, frame) is not None if flow.keeps else bool(frame.trail)
        return speech.navigation(frame, can_go_back or frame.reopened is not None)

    def old_button(self) -> Talking:
        self.say("button.old")
        if self.frame:
            yield from self.ask_again()
        else:
            self.offer_menu()

    # --- frames ----------------------------------------------------------------------------------------------

    @property
    def frame(self) -> Frame | None:
        """The flow under way, if any."""
        return frames.top(self.state)

    def flow(self, frame: Frame) -> Flow:
        return self.flows.by_name[frame.flow]

    def step(self, frame: Frame) -> Step:
        step = self.flow(frame).step(frame.step or "")
        assert step is not None, f"{frame.flow} has no step {frame.step}"
        return step

    def top(self, frame: Frame) -> None:
        self.state = frames.put(self.state, frame)

    def give(self, step: Step, value: Json) -> None:
        """Keep an answer, and what it tells about other questions."""
        frame = self.frame
        assert frame is not None
        changed = frame.reopened is not None and frame.reopened.answer != value
        frame = frames.given(frame, step.name, value)
        if changed:
            frame = frames.without_answers(frame, step.unsettles)
        told = step.tells(frames.live(self.flow(frame), frame))
        self.top(frames.told(frame, told) if told else frame)

    def renew_frames(self) -> None:
        """Carry forms begun under an older version over: answers to questions that still exist are kept."""
        renewed = []
        for frame in self.state.frames:
            flow = self.flows.by_name.get(frame.flow)
            if flow is None:
                self.say("form.gone")
            elif flow.version == frame.version and flow.step(frame.step or ""):
                renewed.append(frame)
            else:
                self.say("form.renewed", form=title(self.flow(frame)))
                renewed.append(frames.carried_over(frame, flow))
        self.state = replace(self.state, frames=tuple(renewed))

    # --- speaking --------------------------------------------------------------------------------------------

    def say(self, key: str, **values: str | int | Words) -> None:
        self.words.append(Words(key, values))

    def offer_menu(self) -> None:
        self.buttons = speech.menu(self.flows, self.state)

    def turn(self) -> Turn:
        """All that came of the event; what was offered is remembered for a number or a label typed next."""
        offered = tuple((b.value, self.speak(b.words, self.state.language)) for b in self.buttons)
        return Turn(
            state=replace(self.state, offered=offered),
            reply=Reply(tuple(self.words), self.buttons, self.ask, self.picture),
            commands=tuple(self.commands),
            understood=self.understood,
        )


def _options(step: Step, pieces: tuple[Json, ...], answers: Answers, facts: Found | None) -> tuple[Button, ...]:
    """What there is to press under a question, of which some pieces may be answered already."""
    if pieces and isinstance(step.field, Gathers):
        return step.field.offers(pieces)
    return step.field.options(answers, facts)

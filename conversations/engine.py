"""Advances a conversation by one event: all that every flow has in common, so that flows are only data."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from conversations.folding import fold
from conversations.model import (
    Again,
    Button,
    Command,
    Event,
    Finish,
    Flow,
    Found,
    Frame,
    Given,
    Json,
    Language,
    Look,
    Opened,
    Picture,
    Press,
    Query,
    Reply,
    SetLanguage,
    State,
    Step,
    Text,
    Turn,
    Understood,
    Words,
)
from conversations.understand import MAYBE, SURE, understand

# Longer than any answer, shorter than a pasted document, in characters.
LONGEST_TEXT = 2_000
# A free text is an answer to the question asked, unless it is this surely something else.
UNMISTAKABLE = 0.95
# A form and the questions asked in the middle of it; one more ends the oldest digression.
DEEPEST = 3
# So many answers in a row that did not do, and the question says how else to get on.
STUCK = 2

# Buttons that the engine itself understands.
MENU, HELP, BACK, CANCEL = "!menu", "!help", "!back", "!cancel"
GO_ON, DROP, LANGUAGE, AGENT = "!go_on", "!drop", "!language", "!agent"
_START, _SPEAK, _ABOUT = "go:", "lang:", "about:"
_STAMPED = re.compile(r"(?P<run>\d+):(?P<step>[a-z_]+):(?P<value>.+)", re.DOTALL)
# A link can carry letters, digits, _ and - only: follow-w-26734 is go:follow:w:26734.
_LINKED = re.compile(r"(?P<flow>[a-z]+)(?:-(?P<kind>[a-z])-(?P<code>[A-Za-z0-9]+))?")

_COMMANDS = {
    "menu": MENU,
    "help": HELP,
    "cancel": CANCEL,
    "back": BACK,
    "language": LANGUAGE,
    "agent": AGENT,
    "go_on": GO_ON,
}

Speak: TypeAlias = Callable[[Words, Language], str]
_Talking: TypeAlias = Generator[Query, Found, None]


@dataclass(frozen=True)
class Known:
    """Where a question may be answered before the bot guesses: what to ask, and the flow that says the answer."""

    ask: Callable[[str], Query]
    told: Callable[[Found], tuple[str, Mapping[str, Event]] | None]


class Flows:
    """The flows of the service, in the order of the menu.

    fallback, danger: take the text that nobody else understands, or that tells of danger to life, as the answer
    to their first step. known: is asked about a text before a guess at it is offered.
    """

    def __init__(self, flows: Iterable[Flow], fallback: Flow, danger: Flow, known: Known | None = None) -> None:
        self.menu = tuple(flow for flow in flows if flow.in_menu)
        self.by_name = {flow.name: flow for flow in (*flows, fallback, danger)}
        self.by_intent = {intent: flow for flow in flows for intent in flow.starts_on}
        self.fallback = fallback
        self.danger = danger
        self.known = known


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


class _Talk:
    """One event's worth of conversation: what is known, what is said, what is to be done."""

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

    # --- hearing ---------------------------------------------------------------------------------------------

    def hear(self, event: Event, away: bool) -> _Talking:
        event = self._meant(event)
        held, self.state = self.state.held, replace(self.state, held=None)
        match event:
            case Press(value) if value in (GO_ON, DROP) and held is not None:
                yield from self._return(value, held)
            case Press(value):
                yield from self._pressed(value)
            case Opened(payload):
                yield from self._opened(payload)
            case Text(text):
                yield from self._told(text.strip(), away)
            case _ if away and self.frame:
                self._hold(event)
            case _:
                yield from self._answered(event)

    def _meant(self, event: Event) -> Event:
        """A number or a label typed by hand means the button that was offered under it."""
        if not isinstance(event, Text):
            return event
        typed = event.text.strip()
        if typed.isdecimal() and len(typed) < 3 and 1 <= int(typed) <= len(self.state.offered):
            return Press(self.state.offered[int(typed) - 1][0])
        folded = fold(typed)
        labels = {fold(label): value for value, label in self.state.offered}
        return Press(labels[folded]) if folded and folded in labels else event

    def _told(self, text: str, away: bool) -> _Talking:
        if len(text) > LONGEST_TEXT:
            self.say("error.too_long", limit=LONGEST_TEXT)
            yield from self._ask_again()
            return
        self.understood = understand(text)
        intent, sure = self.understood.intent, self.understood.score >= SURE
        if intent == "danger":
            # Danger to life comes before everything; a form under way waits below.
            yield from self._begin_with(self.flows.danger, Text(text))
        elif intent in _COMMANDS and (self.understood.score == 1 or (sure and intent in ("agent", "language"))):
            yield from self._command(_COMMANDS[intent])
        elif self.frame and away and not (sure and intent in self.flows.by_intent):
            self._hold(Text(text))
        elif self.frame:
            yield from self._answered(Text(text))
        else:
            yield from self._fresh(text)

    def _pressed(self, value: str) -> _Talking:
        stamped = _STAMPED.fullmatch(value)
        if stamped:
            yield from self._chosen(int(stamped["run"]), stamped["step"], stamped["value"])
        elif value.startswith(_START):
            name, _, answer = value.removeprefix(_START).partition(":")
            yield from self._begin_named(name, answer)
        elif value.startswith(_SPEAK) and value.removeprefix(_SPEAK) in ("vi", "en"):
            yield from self._speak("en" if value.endswith("en") else "vi")
        elif value.startswith(_ABOUT):
            intent = value.removeprefix(_ABOUT)
            yield from self._intend(intent, Understood(intent))
        elif value in (MENU, HELP, CANCEL, BACK, LANGUAGE, AGENT, GO_ON, DROP):
            yield from self._command(value)
        else:
            yield from self._old_button()

    def _chosen(self, run: int, step: str, value: str) -> _Talking:
        """A button under one of our questions: of the current one, of an earlier one, or of a form long gone."""
        frame = self.frame
        if frame is None or frame.run != run:
            yield from self._old_button()
        elif value.startswith("!"):
            yield from self._command(value)
        elif step == frame.step:
            yield from self._answered(Press(value))
        elif step in frame.trail:
            self._rewind(step)
            yield from self._answered(Press(value))
        else:
            yield from self._old_button()

    def _opened(self, payload: str) -> _Talking:
        linked = _LINKED.fullmatch(payload)
        if linked and linked["flow"] in self.flows.by_name:
            answer = f"{linked['kind']}:{linked['code']}" if linked["kind"] else ""
            yield from self._begin_named(linked["flow"], answer)
        else:
            self.say("greeting.hello")
            self._offer_menu()

    # --- commands --------------------------------------------------------------------------------------------

    def _command(self, command: str) -> _Talking:
        if command in (MENU, HELP):
            self.say("menu.title" if command == MENU else "help.text")
            self._offer_menu()
        elif command in (CANCEL, DROP):
            yield from self._cancel()
        elif command == BACK:
            yield from self._back()
        elif command == GO_ON:
            yield from self._ask_again()
        elif command == AGENT:
            self.say("agent.call")
            yield from self._go_on_if_asked()
        elif "language" in self.understood.values:
            yield from self._speak("en" if self.understood.values["language"] == "en" else "vi")
        else:
            self.say("language.choose")
            self.buttons = (
                Button(Words("language.vi"), f"{_SPEAK}vi"),
                Button(Words("language.en"), f"{_SPEAK}en"),
            )

    def _speak(self, language: Language) -> _Talking:
        self.state = replace(self.state, language=language, language_chosen=True)
        self.commands.append(SetLanguage(language))
        self.say("language.set")
        if self.frame:
            yield from self._ask_again()
        else:
            self._offer_menu()

    def _cancel(self) -> _Talking:
        if self.frame is None:
            self.say("cancel.nothing")
            self._offer_menu()
            return
        self.say("cancel.done", form=self._title(self.frame))
        self._pop()
        yield from self._go_on_if_asked()

    def _back(self) -> _Talking:
        frame = self.frame
        if frame is None:
            self.say("menu.title")
            self._offer_menu()
        elif frame.trail:
            self._rewind(frame.trail[-1])
            yield from self._ask_again()
        else:
            self.say("back.left", form=self._title(frame))
            self._pop()
            yield from self._go_on_if_asked()

    # --- coming back after days ------------------------------------------------------------------------------

    def _hold(self, event: Event) -> None:
        """Ask whether to go on, and keep what was said for then."""
        frame = self.frame
        assert frame is not None
        steps = [step.name for step in self._flow(frame).steps if step.when(frame.answers)]
        at = steps.index(frame.step) + 1 if frame.step in steps else 1
        self.state = replace(self.state, held=event)
        self.say("resume.ask", form=self._title(frame), at=at, of=len(steps))
        self.buttons = (Button(Words("button.go_on"), GO_ON), Button(Words("button.drop"), DROP))

    def _return(self, choice: str, held: Event) -> _Talking:
        if choice == DROP:
            self.state = replace(self.state, frames=())
            self.say("resume.dropped")
            self._offer_menu()
        else:
            yield from self.hear(held, away=False)

    # --- answers ---------------------------------------------------------------------------------------------

    def _answered(self, event: Event) -> _Talking:
        """An event for the question asked; where there is none, or it is clearly another wish, for that."""
        frame = self.frame
        if frame is None or frame.step is None:
            self.words.append(_unread(event))
            self._offer_menu()
            return
        step = self._step(frame)
        typed = isinstance(event, Text)
        if typed and self._other_wish(UNMISTAKABLE if step.field.greedy else 2.0):
            yield from self._intend(self.understood.intent or "", self.understood)
            return
        if typed and self.flows.by_intent.get(self.understood.intent or "") is self._flow(frame):
            event = self._flow(frame).prefill(self.understood).get(step.name, event)
        if isinstance(event, Text) and frame.heard:
            event = replace(event, earlier=frame.heard)
        answer = yield from self._judged(step, event)
        if not isinstance(answer, Again):
            self._give(step, answer.value)
            yield from self._next()
        elif typed and not answer.heard and self._other_wish(SURE):
            yield from self._intend(self.understood.intent or "", self.understood)
        else:
            # Choosing another way to answer is no failure to answer, and neither is half an answer.
            missed = answer.ask is None and not answer.heard
            self._top(replace(frame, misses=frame.misses + missed, heard=answer.heard))
            yield from self._ask_again(answer)

    def _judged(self, step: Step, event: Event) -> Generator[Query, Found, Given | Again]:
        """Judge an answer, with the fact it takes."""
        reading = step.field.read(event)
        if isinstance(reading, Look):
            found = yield reading.query
            reading = step.field.judge(found)
        return reading

    def _other_wish(self, least: float) -> bool:
        """Whether the text is at least this surely about something other than the form under way."""
        intent, frame = self.understood.intent, self.frame
        if intent is None or self.understood.score < least or frame is None:
            return False
        return self.flows.by_intent.get(intent) is not self._flow(frame)

    def _fresh(self, text: str) -> _Talking:
        """A text while no form is under way."""
        intent, score = self.understood.intent, self.understood.score
        if intent is not None and score >= SURE:
            yield from self._intend(intent, self.understood)
        elif intent is not None and score >= MAYBE and "place" not in self.understood.values:
            yield from self._guess(intent, text)
        elif fold(text):
            yield from self._begin_with(self.flows.fallback, Text(text))
        else:
            self.words.append(_unread(Text(text)))
            self._offer_menu()

    def _guess(self, intent: str, text: str) -> _Talking:
        """Ask what was meant, unless the question has an answer as it is."""
        known = self.flows.known
        told = known.told((yield known.ask(text))) if known else None
        if told:
            name, waiting = told
            yield from self._begin(self.flows.by_name[name], waiting)
            return
        self.say("unclear.did_you_mean")
        guesses = (intent, *self.understood.also)
        self.buttons = tuple(Button(Words(f"intent.{guess}"), f"{_ABOUT}{guess}") for guess in guesses)
        self.buttons += (Button(Words("button.menu"), MENU, nav=True),)

    def _intend(self, intent: str, understood: Understood) -> _Talking:
        """Do what the customer wishes: a flow of its own, a command, or an answer on the spot."""
        flow = self.flows.by_intent.get(intent)
        if flow is not None:
            yield from self._begin(flow, flow.prefill(understood))
        elif intent in _COMMANDS:
            yield from self._command(_COMMANDS[intent])
        elif intent == "greeting":
            self.say("greeting.hello")
            self._offer_menu()
        else:
            self.say(f"about.{intent}")
            yield from self._go_on_if_asked()

    # --- flows -----------------------------------------------------------------------------------------------

    def _begin_named(self, name: str, answer: str) -> _Talking:
        flow = self.flows.by_name.get(name)
        if flow is None:
            yield from self._old_button()
            return
        if answer and flow.steps:
            yield from self._begin_with(flow, Press(answer))
        else:
            yield from self._begin(flow, flow.prefill(Understood()))

    def _begin_with(self, flow: Flow, answer: Event) -> _Talking:
        """Start a flow whose first question is answered already."""
        yield from self._begin(flow, {flow.steps[0].name: answer})

    def _begin(self, flow: Flow, waiting: Mapping[str, Event]) -> _Talking:
        """Start a flow, above the one it interrupts; the same flow begun again replaces itself."""
        frames = tuple(frame for frame in self.state.frames if frame.flow != flow.name)[-(DEEPEST - 1) :]
        run = self.state.runs + 1
        frame = Frame(flow.name, flow.version, run, waiting=waiting)
        self.state = replace(self.state, frames=(*frames, frame), runs=run)
        yield from self._next()

    def _next(self) -> _Talking:
        """Ask the first question that has no answer yet, or finish."""
        while True:
            frame = self.frame
            assert frame is not None
            flow = self._flow(frame)
            step = next((s for s in flow.steps if s.name not in frame.answers and s.when(frame.answers)), None)
            if step is None:
                yield from self._finish(flow, frame)
                return
            self._top(replace(frame, step=step.name, misses=0, heard=""))
            ahead = frame.waiting.get(step.name)
            if ahead is None:
                yield from self._ask_again()
                return
            facts = (yield step.needs(frame.answers)) if step.needs else None
            instead = step.instead(facts)
            if instead:
                yield from self._end(instead)
                return
            answer = yield from self._judged(step, ahead)
            if isinstance(answer, Again):
                self._forget_ahead(step)
                yield from self._ask_again(answer)
                return
            self._give(step, answer.value)

    def _finish(self, flow: Flow, frame: Frame) -> _Talking:
        query = flow.needs(frame.answers)
        facts = (yield query) if query else None
        yield from self._end(flow.finish(frame.answers, facts))

    def _end(self, finish: Finish) -> _Talking:
        self._pop()
        self.words += finish.reply.words
        self.buttons = finish.reply.buttons
        self.picture = finish.reply.picture
        self.commands += finish.commands
        if finish.then:
            name, waiting = finish.then
            yield from self._begin(self.flows.by_name[name], waiting)
        elif self.frame:
            yield from self._go_on_if_asked()
        else:
            self.words += finish.alone

    def _go_on_if_asked(self) -> _Talking:
        """After an interruption, put the question of the form again; without a form, offer the menu."""
        if self.frame:
            self.say("resume.back_to", form=self._title(self.frame))
            yield from self._ask_again()
        else:
            self.buttons = (Button(Words("button.menu"), MENU, nav=True),)

    def _ask_again(self, again: Again | None = None) -> _Talking:
        """Put the question of the form, after the words about an answer that did not do."""
        frame = self.frame
        if frame is None or frame.step is None:
            self._offer_menu()
            if not self.words:
                self.say("menu.title")
            return
        step = self._step(frame)
        facts = (yield step.needs(frame.answers)) if step.needs else None
        instead = step.instead(facts)
        if instead:
            yield from self._end(instead)
            return
        if again:
            self.words.append(again.words)
        if again is None or not again.asks:
            prompt = step.prompt(frame.answers, facts) if step.prompt else Words(f"{frame.flow}.{step.name}")
            self.words.append(prompt)
        if again and again.ask is None and frame.misses >= STUCK:
            self.say("form.stuck")
        options = again.options if again else ()
        if again and again.ask:
            self.ask = again.ask
        elif not options:
            options = step.field.options(frame.answers, facts)
        self.buttons = (*self._stamp(frame, options), *self._nav(frame))

    def _old_button(self) -> _Talking:
        self.say("button.old")
        if self.frame:
            yield from self._ask_again()
        else:
            self._offer_menu()

    # --- frames ----------------------------------------------------------------------------------------------

    @property
    def frame(self) -> Frame | None:
        """The flow under way, if any."""
        return self.state.frames[-1] if self.state.frames else None

    def _flow(self, frame: Frame) -> Flow:
        return self.flows.by_name[frame.flow]

    def _step(self, frame: Frame) -> Step:
        step = self._flow(frame).step(frame.step or "")
        assert step is not None, f"{frame.flow} has no step {frame.step}"
        return step

    def _top(self, frame: Frame) -> None:
        self.state = replace(self.state, frames=(*self.state.frames[:-1], frame))

    def _pop(self) -> None:
        self.state = replace(self.state, frames=self.state.frames[:-1])

    def _give(self, step: Step, value: Json) -> None:
        frame = self.frame
        assert frame is not None
        answers = {**frame.answers, step.name: value}
        waiting = {name: event for name, event in frame.waiting.items() if name != step.name}
        self._top(replace(frame, answers=answers, waiting=waiting, trail=(*frame.trail, step.name), misses=0))

    def _forget_ahead(self, step: Step) -> None:
        frame = self.frame
        assert frame is not None
        self._top(replace(frame, waiting={n: e for n, e in frame.waiting.items() if n != step.name}))

    def _rewind(self, step: str) -> None:
        """Return to a question answered before; the answers given after it are asked again."""
        frame = self.frame
        assert frame is not None
        kept = frame.trail[: frame.trail.index(step)]
        answers = {name: value for name, value in frame.answers.items() if name in kept}
        self._top(replace(frame, step=step, answers=answers, trail=kept, misses=0, heard=""))

    def renew_frames(self) -> None:
        """Carry forms begun under an older version over: answers to questions that still exist are kept."""
        frames = []
        for frame in self.state.frames:
            flow = self.flows.by_name.get(frame.flow)
            if flow is None:
                self.say("form.gone")
            elif flow.version == frame.version and flow.step(frame.step or ""):
                frames.append(frame)
            else:
                self.say("form.renewed", form=Words(f"form.{flow.name}"))
                frames.append(_carried_over(frame, flow))
        self.state = replace(self.state, frames=tuple(frames))

    # --- speaking --------------------------------------------------------------------------------------------

    def say(self, key: str, **values: str | int | Words) -> None:
        self.words.append(Words(key, values))

    def _title(self, frame: Frame) -> Words:
        return Words(f"form.{frame.flow}")

    def _stamp(self, frame: Frame, options: tuple[Button, ...]) -> tuple[Button, ...]:
        """Mark a question's buttons with its run and step; those that start something else stay as they are."""
        mark = f"{frame.run}:{frame.step}:"
        return tuple(
            option if option.value.startswith((_START, "!")) else replace(option, value=mark + option.value)
            for option in options
        )

    def _nav(self, frame: Frame) -> tuple[Button, ...]:
        mark = f"{frame.run}:{frame.step}:"
        back = (Button(Words("button.back"), mark + BACK, nav=True),) if frame.trail else ()
        return (*back, Button(Words("button.cancel"), mark + CANCEL, nav=True))

    def _offer_menu(self) -> None:
        buttons = [Button(Words(f"menu.{flow.name}"), f"{_START}{flow.name}") for flow in self.flows.menu]
        if self.frame:
            buttons.insert(0, Button(Words("menu.go_on", {"form": self._title(self.frame)}), GO_ON))
        buttons.append(Button(Words("menu.language"), LANGUAGE))
        buttons.append(Button(Words("menu.agent"), AGENT))
        self.buttons = tuple(buttons)

    def turn(self) -> Turn:
        """All that came of the event; what was offered is remembered for a number or a label typed next."""
        offered = tuple((b.value, self.speak(b.words, self.state.language)) for b in self.buttons)
        return Turn(
            state=replace(self.state, offered=offered),
            reply=Reply(tuple(self.words), self.buttons, self.ask, self.picture),
            commands=tuple(self.commands),
            understood=self.understood,
        )


def _carried_over(frame: Frame, flow: Flow) -> Frame:
    answers: dict[str, Json] = {}
    for step in flow.steps:
        if step.name not in frame.answers:
            break
        answers[step.name] = frame.answers[step.name]
    waiting = next(
        (s.name for s in flow.steps if s.name not in answers), flow.steps[-1].name if flow.steps else None
    )
    answers.pop(waiting or "", None)
    return replace(frame, version=flow.version, step=waiting, answers=answers, trail=tuple(answers), misses=0)


def _unread(event: Event) -> Words:
    """What to say to something that nobody asked for and no text explains."""
    return Words(f"unread.{getattr(event, 'kind', type(event).__name__.lower())}")

"""What customers can say at any moment: menu, help, back, cancel, later, continue, another language, a person."""

from __future__ import annotations

from dataclasses import replace

from conversations import engine_frames as frames
from conversations import engine_speech as speech
from conversations.engine_course import Course, Talking
from conversations.engine_speech import (
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
    title,
)
from conversations.model import Frame, Language, SetLanguage

# The intents that are commands.
COMMANDS = {
    "menu": MENU,
    "help": HELP,
    "cancel": CANCEL,
    "back": BACK,
    "language": LANGUAGE,
    "agent": AGENT,
    "go_on": GO_ON,
}


class Commands(Course):
    """A course that its customer can turn."""

    def command(self, command: str) -> Talking:
        if command in (MENU, HELP):
            self.say("menu.title" if command == MENU else "help.text")
            self.offer_menu()
        elif command in (CANCEL, DROP):
            yield from self.cancel()
        elif command == LATER:
            yield from self.put_aside()
        elif command == BACK:
            yield from self.back()
        elif command == GO_ON:
            yield from self.go_on()
        elif command == ANEW:
            yield from self.begin_anew()
        elif command == AGENT:
            yield from self.begin_named("agent", "")
        elif "language" in self.understood.values:
            yield from self.set_language("en" if self.understood.values["language"] == "en" else "vi")
        else:
            self.say("language.choose")
            self.buttons = speech.languages()

    def set_language(self, language: Language) -> Talking:
        self.state = replace(self.state, language=language, language_chosen=True)
        self.commands.append(SetLanguage(language))
        self.say("language.set")
        if self.frame:
            yield from self.ask_again()
        else:
            self.offer_menu()

    def cancel(self) -> Talking:
        frame = self.frame
        if frame is None:
            self.say("cancel.nothing")
            self.offer_menu()
        elif self.flow(frame).keeps and frames.holds_answers(frame) and not self.leaving:
            self.top(replace(frame, leaving=True))
            self.say("cancel.sure", form=title(self.flow(frame)))
            self.buttons = speech.leaving()
        else:
            self.say("cancel.done", form=title(self.flow(frame)))
            self.state = frames.popped(self.state)
            yield from self.go_on_if_asked()

    def put_aside(self) -> Talking:
        frame = self.frame
        if frame is None or not self.flow(frame).keeps:
            yield from self.go_on()
            return
        self.state = frames.top_aside(self.state)
        self.say("later.kept", form=title(self.flow(frame)))
        if self.frame:
            yield from self.go_on_if_asked()
        else:
            self.offer_menu()

    def go_on(self) -> Talking:
        """Put the question of the form again, or return to what was put aside last."""
        waiting = frames.unfinished(self.flows, self.state)
        if self.frame is None and waiting:
            yield from self.resume(waiting[0].flow)
        elif self.frame is None:
            self.offer_menu()
            self.say("menu.title")
        else:
            # Answers that came with a new beginning may answer the question asked until now.
            yield from self.next()

    def resume(self, name: str) -> Talking:
        frame = next((one for one in frames.unfinished(self.flows, self.state) if one.flow == name), None)
        if frame is None:
            yield from (self.go_on() if self.frame and self.frame.flow == name else self.old_button())
            return
        self.state = frames.raised(self.state, frame)
        yield from self.go_on_if_asked()

    def back(self) -> Talking:
        frame = self.frame
        if frame is None:
            self.say("menu.title")
            self.offer_menu()
        elif self.flow(frame).keeps:
            yield from self.back_in(frame)
        elif frame.trail:
            self.top(frames.rewound(frame, frame.trail[-1]))
            yield from self.ask_again()
        else:
            self.say("back.left", form=title(self.flow(frame)))
            self.state = frames.popped(self.state)
            yield from self.go_on_if_asked()

    def back_in(self, frame: Frame) -> Talking:
        """To the question before, all answers kept; out of a change, to where it was chosen."""
        flow = self.flow(frame)
        name = frames.before(flow, frame)
        if frame.reopened and frame.reopened.change:
            self.top(frames.restored(frame))
            yield from self.next()
        elif name is None:
            yield from self.cancel()
        else:
            step = flow.step(name)
            assert step is not None
            self.top(frames.reopened(frame, step, change=False))
            yield from self.ask_again()

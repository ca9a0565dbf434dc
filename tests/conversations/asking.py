"""Asks for any service of the catalogue as a customer would: every question answered, whatever it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from conversations import engine
from conversations.days import BirthDate, DayKnown, DayRead, ReadDay, WhatDay
from conversations.engine import Flows
from conversations.files import Files
from conversations.flows import FLOWS
from conversations.identity_fields import Email, IdNumber, Phone
from conversations.model import (
    Command,
    Event,
    Field,
    Found,
    Language,
    Photo,
    Press,
    Query,
    Reply,
    State,
    Step,
    Text,
    Turn,
    Words,
)
from conversations.numbers import NewNumber, NumberFound
from conversations.places import FindPlace, MyPlaces, MyPlacesFound, PlaceSeen, PlacesFound
from conversations.quantities import Number, Power
from conversations.service_fields import Free, PersonName, UseAddress, WhichMeter
from conversations.service_words import OpenRequest, Recall, Recalled
from handlers.talking import talking
from tests.conversations.test_machine import found as elsewhere

TODAY = "2026-11-20"
NUMBER = "HS-000001-E"
WARD = PlaceSeen("w:26743", Words("place.ward", {"name": "Phường Bến Thành"}))
METER = PlaceSeen(
    "c:PE01000000014", Words("place.customer", {"code": "PE01000000014", "ward": "Phường Bến Thành"})
)
CARD = {
    "id": "079190001234",
    "name": "NGUYỄN THỊ LAN",
    "born": "20111990",
    "sex": "Nữ",
    "address": "12/3 Lê Lợi, Bến Thành, TP.HCM",
}

# What somebody types to each kind of question that has no buttons; the first class that fits.
TYPED: Mapping[type[Field], str] = {
    IdNumber: "079190001234",
    Phone: "0912 345 678",
    Email: "lan@example.vn",
    UseAddress: "12/3 Lê Lợi, phường Bến Thành",
    WhichMeter: "PE01000000014",
    PersonName: "Nguyễn Thị Lan",
    Number: "15",
    BirthDate: "20/11/1990",
    Free: "như đã hẹn",
}


def found(query: Query, known: Recalled) -> Found:
    """A world of one ward, one meter and one day; of anything but services it knows what the other one does."""
    match query:
        case Recall():
            return known
        case WhatDay(said):
            return DayKnown(TODAY, said)
        case ReadDay():
            return DayRead("2026-12-20")
        case NewNumber("request"):
            return NumberFound(NUMBER)
        case MyPlaces():
            return MyPlacesFound(())
        case FindPlace(text):
            code = "PE0" in text or text == METER.target
            return PlacesFound((METER if code else WARD,), code or "Bến" in text, text, "code" if code else "name")
    return elsewhere(query)


@dataclass
class Asking:
    """One customer, whose every reply is put into words in their language."""

    language: Language = "vi"
    known: Recalled = field(default_factory=Recalled)
    flows: Flows = FLOWS

    def __post_init__(self) -> None:
        self.state = State(self.language)
        self.commands: list[Command] = []
        self.spoken: list[str] = []
        self.asked: list[str] = []
        self.turn = Turn(self.state, Reply(()))

    def send(self, *events: Event | str, away: bool = False) -> Turn:
        """Send them one after the other; a text in brackets presses the button of that value."""
        for event in events:
            if isinstance(event, str):
                event = self.press(event[1:-1]) if event.startswith("[") else Text(event)
            self.turn = self._advance(event, away)
            self.state = self.turn.state
            self.commands += self.turn.commands
            speaker = talking().speaker
            self.spoken += [speaker.rich(words, self.language) for words in self.turn.reply.words]
            self.spoken += [speaker.plain(button.words, self.language) for button in self.turn.reply.buttons]
        return self.turn

    def press(self, value: str) -> Press:
        shown = (b.value for b in self.turn.reply.buttons)
        return Press(next((one for one in shown if one == value or one.endswith(f":{value}")), value))

    def _advance(self, event: Event, away: bool) -> Turn:
        def speak(words: Words, language: Language) -> str:
            return talking().speaker.plain(words, language)

        talk = engine.advance(self.flows, self.state, event, speak, away)
        try:
            query = next(talk)
            while True:
                query = talk.send(found(query, self.known))
        except StopIteration as over:
            turn: Turn = over.value
            return turn

    @property
    def step(self) -> Step:
        """The step asked now."""
        frame = self.state.frames[-1]
        step = self.flows.by_name[frame.flow].step(frame.step or "")
        assert step is not None
        return step

    @property
    def opened(self) -> list[OpenRequest]:
        """The requests that came of it."""
        return [command for command in self.commands if isinstance(command, OpenRequest)]

    def answer(self, choose: Callable[[tuple[str, ...]], str], photo: Photo | None = None) -> None:
        """Answer the question asked now, whatever it is."""
        self.asked.append(self.step.name)
        self.send(*self.good_answer(choose, photo))

    def good_answer(
        self, choose: Callable[[tuple[str, ...]], str], photo: Photo | None = None
    ) -> tuple[Event | str, ...]:
        """What answers the question asked now."""
        step = self.step
        if step.name == "review":
            return ("[send]",)
        if step.name == "consent":
            return ("[yes]",)
        if isinstance(step.field, Files):
            return (photo or Photo("r", kind="image", file=f"{step.name}-1"), "[done]")
        typed = _typed(step.field)
        if typed is not None:
            return (typed,)
        mark = f":{step.name}:"
        offered = [button.value.split(mark)[1] for button in self.turn.reply.buttons if mark in button.value]
        values = tuple(value for value in offered if not value.startswith(("!", "fix_", "by:")))
        return (f"[{choose(values)}]",) if values else ("tiếp tục",)

    def finish(self, choose: Callable[[tuple[str, ...]], str], photo: Photo | None = None) -> None:
        """Answer until nothing is asked any more."""
        for _ in range(60):
            if not self.state.frames:
                return
            self.answer(choose, photo)
        raise AssertionError(f"it never ends: {self.asked}")


def _typed(field_: Field) -> str | None:
    if isinstance(field_, Power) and field_.unit == "kva":
        return "400"
    return next((text for kind, text in TYPED.items() if isinstance(field_, kind)), None)

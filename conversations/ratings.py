"""Questions how it went: three faces, and a score of 0 to 10."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.fields import literally, unread
from conversations.folding import fold
from conversations.model import Again, Answers, Button, Event, Found, Given, Press, Reading, Text, Words

GOOD, FAIR, POOR = 3, 2, 1
HIGHEST = 10
_SIGNS = {
    GOOD: re.compile("[😀😁😃😄😊🙂😍🥰👍❤]"),
    FAIR: re.compile("[😐😑😶]"),
    POOR: re.compile("[🙁☹😞😠😡👎😢]"),
}
# The first that fits counts: "không hài lòng" is not "hài lòng".
_SAID = (
    (POOR, re.compile(r"\b(khong|ko|k|chua|hong|kem|te|do|buon|buc|gian|bad|poor|unhappy|dissatisfied|not)\b")),
    (FAIR, re.compile(r"\b(binh thuong|tam|tam duoc|duoc|ok|okay|fair|average|so so)\b")),
    (GOOD, re.compile(r"\b(hai long|tot|tuyet|vui|nhanh|good|great|happy|satisfied|excellent)\b")),
)
_NUMBERS = ("khong", "mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin", "muoi")
_SCORE = re.compile(r"(\d{1,2})(?: ?/ ?10| diem| points?| tren 10| out of 10)?(?: a| nhe| em)*")


@dataclass(frozen=True)
class Faces:
    """Three faces, the happy one first. The answer is 3, 2 or 1."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(Button(Words(f"face.{face}"), f"{face}") for face in (GOOD, FAIR, POOR))

    def read(self, event: Event) -> Reading:
        match event:
            case Press("1" | "2" | "3" as face):
                return Given(int(face))
            case Text(text):
                face_said = _face(text)
                return Given(face_said) if face_said else Again(Words("error.choose"))
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a face is looked up nowhere")


def _face(text: str) -> int | None:
    by_sign = next((face for face, sign in _SIGNS.items() if sign.search(text)), None)
    return by_sign or next((face for face, said in _SAID if said.search(fold(text))), None)


@dataclass(frozen=True)
class Score:
    """A score of 0 to 10, by a button or typed. The answer is the number."""

    greedy: bool = False
    digits: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return tuple(Button(literally(f"{score}"), f"{score}") for score in range(HIGHEST + 1))

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value.isdecimal() and int(value) <= HIGHEST:
                return Given(int(value))
            case Text(text):
                score = _score(fold(text))
                return Given(score) if score is not None else Again(Words("score.example"), asks=True)
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a score is looked up nowhere")


def _score(said: str) -> int | None:
    number = _SCORE.fullmatch(said)
    if number and int(number[1]) <= HIGHEST:
        return int(number[1])
    word = said.removesuffix(" diem")
    return _NUMBERS.index(word) if word in _NUMBERS else None

"""The question for files: photos or PDFs of one paper, as many as it has pages, one after the other or at once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.fields import unread
from conversations.folding import fold
from conversations.model import (
    Afresh,
    Again,
    Answers,
    Button,
    Enough,
    Event,
    Found,
    Given,
    Json,
    Partly,
    Photo,
    Press,
    Reading,
    Text,
    Words,
)

DONE, LATER, AFRESH = "done", "later", "afresh"
_DONE = re.compile(r"(xong|het|du|done|finished|that is all|that s all)( (roi|het|roi em|nhe|a))*")
_LATER = re.compile(r".{0,12}\b(gui sau|de sau|bo sung sau|chua co|khong co|bo qua|later|not yet|skip)\b.{0,12}")


def is_done(text: str) -> bool:
    """Whether words say that no more files come."""
    return _DONE.fullmatch(fold(text)) is not None


@dataclass(frozen=True)
class Files:
    """Photos or PDFs. The answer is a list, empty when they are to follow; a piece is as `piece_of` makes it.

    collects: what they are of: `id_card`, `paper`. most: so many are enough without another word. later: without
    them they are expected later; else nobody waits for them.
    """

    collects: str = "paper"
    most: int = 10
    later: bool = True
    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return (Button(Words("files.later" if self.later else "button.skip"), LATER),)

    def offers(self, pieces: tuple[Json, ...]) -> tuple[Button, ...]:
        return (Button(Words("files.done"), DONE), Button(Words("files.afresh"), AFRESH))

    def read(self, event: Event) -> Reading:
        return self.take(event, ())

    def take(self, event: Event, pieces: tuple[Json, ...]) -> Reading:
        match event:
            case Photo():
                return self._file(event, pieces)
            case Press(value) if value == DONE:
                return Enough()
            case Press(value) if value == LATER:
                # Never less than what was sent: an old button under a question that has files by now.
                return Enough(least=0)
            case Press(value) if value == AFRESH:
                return Afresh()
            case Text(text) if is_done(text):
                return Enough()
            case Text(text) if _LATER.fullmatch(fold(text)):
                return Enough(least=0)
            case Press() | Text():
                return Again(Words("files.send"), self.offers(pieces) if pieces else (), asks=not pieces)
        return unread(event)

    def _file(self, photo: Photo, pieces: tuple[Json, ...]) -> Reading:
        if not photo.file:
            key = f"file.problem.{photo.problem}" if photo.problem else "files.not_kept"
            return Again(Words(key), self.offers(pieces) if pieces else (), asks=True)
        count = len(pieces) + 1
        warned = any(isinstance(piece, dict) and piece.get("problem") for piece in pieces)
        words = Words("files.got", {"n": count})
        if photo.problem and not warned:
            # Said at once, and only once: the second try is taken as it is, and none is thrown away.
            words = Words("files.retake", {"problem": Words(f"file.problem.{photo.problem}")})
        return Partly(piece_of(photo), words, self.offers((*pieces, None)), self.most)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("files are looked at before the conversation hears of them")


def piece_of(photo: Photo) -> Json:
    """`{"file": vault id, "kind": "image" | "pdf"}`, with `problem` and `card` where there are any."""
    piece: dict[str, Json] = {"file": photo.file, "kind": photo.kind or "image"}
    if photo.problem:
        piece["problem"] = photo.problem
    if photo.card:
        piece["card"] = dict(photo.card)
    return piece


def card_in(answer: Json) -> dict[str, str] | None:
    """What the code on a card said, of the first file on which one was read."""
    for piece in answer if isinstance(answer, list) else ():
        match piece:
            case {"card": dict(card)}:
                return {name: str(value) for name, value in card.items()}
    return None


def files_words(answer: Json, later: bool) -> Words:
    """How many files there are; without any, whether they are to follow."""
    count = len(answer) if isinstance(answer, list) else 0
    return Words("files.count", {"n": count}) if count else Words("files.to_follow" if later else "answer.none")

"""How far a request is: its steps from top to bottom, where it is now, by when it is done, and whom to call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

from babel.dates import format_date
from PIL import Image, ImageDraw

from conversations.model import Json, Language, Moment, Value, Words
from conversations.texts import Speaker
from conversations.wire import words_from_json
from handlers.pictures import drawing
from handlers.pictures.drawing import drawable, fitted, font

BRAND_NAME = "Sáng Đèn"
WIDTH, MARGIN = 1080, 48
BAND_HEIGHT, STEP_HEIGHT, FOOT_LINE, FOOT_PAD, AFTER_BAND = 196, 120, 58, 34, 44
DOT, BAR, TEXT_LEFT = 27, 8, 138
MOST_STEPS = 12
MARKS = ("done", "now", "ahead", "skipped")
LOOKS = ("good", "wait", "bad")
_WAIT, _BAD_GROUND = "#8a5a00", "#fbe9e7"
# Circles are drawn so many times larger and then reduced, which smooths their edges.
_FINER = 4


@dataclass(frozen=True)
class Step:
    """A step by its name, how it stands, and when it was reached."""

    name: str
    mark: str
    at: datetime | None


class Progress:
    """What a picture of kind `progress` shows, read from its plain data, and how large it is.

    code: the number. service, state: words as JSON; aside: whether the state is none of the steps.
    look: good, wait (for papers), bad (declined, cancelled).
    steps: each with `name` (words as JSON), `mark` (done, now, ahead, skipped), `at` (ISO with offset, or null).
    due: by when it is done, null while nobody says. now: when this is so. Raises ValueError for anything else.
    """

    def __init__(self, data: Json, language: Language, speaker: Speaker, zone: ZoneInfo) -> None:
        self._language, self._speaker, self._zone = language, speaker, zone
        match data:
            case {
                "code": str(code),
                "service": dict(service),
                "state": dict(state),
                "aside": bool(aside),
                "look": str(look),
                "steps": [_, *_] as steps,
                "due": str() | None as due,
                "now": str(now),
            } if look in LOOKS and len(steps) <= MOST_STEPS:
                self.code, self.look, self.aside = drawable(code), look, aside
                self.service, self.state = self._said(service), self._said(state)
                self.steps = [self._step(one) for one in steps]
                self.due = self._local(due) if due else None
                self.now = self._local(now)
            case _:
                raise ValueError("not a progress: it needs code, service, state, aside, look, steps, due and now")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        foot = FOOT_LINE * len(self.foot) + 2 * FOOT_PAD
        return WIDTH, BAND_HEIGHT + AFTER_BAND + STEP_HEIGHT * len(self.steps) + foot

    def png(self) -> bytes:
        """The picture as PNG."""
        return _Painter(self).png()

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self.look == "bad" or self.steps[-1].mark == "done"

    @property
    def foot(self) -> list[str]:
        """The lines under the steps: by when, and whom to call."""
        if self.due is not None:
            first = self.say("picture.progress_due", by=Moment(self.due.isoformat(), "day"))
        else:
            first = self.say("picture.progress_over" if self.over else "picture.progress_stopped")
        return [first, self.say("picture.progress_call")]

    def say(self, key: str, **values: Value) -> str:
        """A text of the catalog as it can be drawn."""
        return drawable(self._speaker.plain(Words(key, values), self._language))

    def when(self, step: Step) -> str:
        """What stands at the right of a step."""
        if step.mark == "skipped" or step.at is None:
            return ""
        pattern = "d/M" if self._language == "vi" else "d MMM"
        return f"{step.at:%H:%M}  {format_date(step.at, pattern, locale=self._language)}"

    def _step(self, plain: Json) -> Step:
        match plain:
            case {"name": dict(name), "mark": str(mark), "at": str() | None as at} if mark in MARKS:
                return Step(self._said(name), mark, self._local(at) if at else None)
        raise ValueError(f"not a step: {plain!r}")

    def _said(self, plain: Json) -> str:
        try:
            text = drawable(self._speaker.plain(words_from_json(plain), self._language))  # type: ignore[arg-type]
        except KeyError as error:
            raise ValueError(f"not words: {plain!r}") from error
        return text[:1].upper() + text[1:]

    def _local(self, at: str) -> datetime:
        return datetime.fromisoformat(at).astimezone(self._zone)


class _Painter:
    """Draws from top to bottom."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._paper = Image.new("RGB", shown.size, drawing.PAPER)
        self._pen = ImageDraw.Draw(self._paper)

    def png(self) -> bytes:
        self._band()
        self._ground()
        for number, step in enumerate(self._shown.steps):
            self._step(step, number)
        self._foot()
        kept = BytesIO()
        self._paper.save(kept, "PNG", compress_level=3)
        return kept.getvalue()

    def _band(self) -> None:
        shown, pen = self._shown, self._pen
        pen.rectangle((0, 0, WIDTH, BAND_HEIGHT), fill=drawing.BRAND)
        brand = font(34, bold=True)
        pen.text((WIDTH - MARGIN, 68), BRAND_NAME, drawing.LAMP, brand, anchor="rs")
        room = WIDTH - 2 * MARGIN - brand.getlength(BRAND_NAME) - 24
        title = f"{shown.say('picture.progress_title')} {shown.code}"
        size = 44
        while size > 32 and font(size, bold=True).getlength(title) > room:
            size -= 2
        face = font(size, bold=True)
        pen.text((MARGIN, 68), fitted(title, face, room), drawing.PAPER, face, anchor="ls")
        room = WIDTH - 2 * MARGIN
        pen.text((MARGIN, 122), fitted(shown.service, font(36), room), drawing.PAPER, font(36), anchor="ls")
        as_of = shown.say("picture.as_of", as_of=Moment(shown.now.isoformat()))
        pen.text((MARGIN, 172), as_of, "#dbe8f7", font(30), anchor="ls")

    def _ground(self) -> None:
        """What the step stands on where the request is now."""
        colour = _BAD_GROUND if self._shown.look == "bad" else drawing.TODAY
        half = STEP_HEIGHT // 2 - 8
        for number, step in enumerate(self._shown.steps):
            if step.mark == "now":
                box = (MARGIN - 24, _middle(number) - half, WIDTH - MARGIN + 24, _middle(number) + half)
                self._pen.rounded_rectangle(box, 18, fill=colour)

    def _step(self, step: Step, number: int) -> None:
        shown, pen = self._shown, self._pen
        middle = _middle(number)
        x = MARGIN + DOT + 8
        if number + 1 < len(shown.steps):
            passed = shown.steps[number + 1].mark in ("done", "now", "skipped")
            colour = drawing.GOOD if passed else drawing.LINE
            pen.rectangle((x - BAR // 2, middle, x + BAR // 2, middle + STEP_HEIGHT), fill=colour)
        self._dot(step, number, x, middle)
        self._words(step, middle)

    def _words(self, step: Step, middle: int) -> None:
        shown, pen = self._shown, self._pen
        bold = step.mark in ("now", "done")
        colour = drawing.MUTED if step.mark in ("ahead", "skipped") else drawing.INK
        when, beside = shown.when(step), font(32)
        room = WIDTH - MARGIN - TEXT_LEFT - (beside.getlength(when) + 24 if when else 0)
        second = self._second(step)
        face = font(40, bold=bold)
        baseline = middle - (22 if second else 0)
        pen.text((TEXT_LEFT, baseline), fitted(step.name, face, room), colour, face, anchor="lm")
        if when:
            pen.text((WIDTH - MARGIN, baseline), when, drawing.MUTED, beside, anchor="rm")
        if second:
            small = font(32)
            tone = self._tone() if step.mark == "now" else drawing.MUTED
            room = WIDTH - MARGIN - TEXT_LEFT
            pen.text((TEXT_LEFT, middle + 26), fitted(second, small, room), tone, small, anchor="lm")

    def _second(self, step: Step) -> str:
        """What is said under a step's name: that it is not needed, or the state that is none of the steps."""
        shown = self._shown
        if step.mark == "skipped":
            return shown.say("picture.progress_skipped")
        return shown.state if step.mark == "now" and shown.aside else ""

    def _tone(self) -> str:
        return {"bad": drawing.INCIDENT, "wait": _WAIT}.get(self._shown.look, drawing.INK)

    def _dot(self, step: Step, number: int, x: int, middle: int) -> None:
        """A tick for what is done, a ring for where it is, a number for what comes; told apart without colour."""
        side = 2 * (DOT + 4) * _FINER
        big = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        pen = ImageDraw.Draw(big)
        centre, radius = side // 2, DOT * _FINER
        box = (centre - radius, centre - radius, centre + radius, centre + radius)
        if step.mark == "done":
            pen.ellipse(box, fill=drawing.GOOD)
            points = [(-0.45, 0.02), (-0.12, 0.36), (0.48, -0.32)]
            line = [(centre + dx * radius, centre + dy * radius) for dx, dy in points]
            pen.line(line, fill=drawing.PAPER, width=6 * _FINER, joint="curve")
        elif step.mark == "now":
            tone = self._tone() if self._shown.look != "good" else drawing.NOW
            pen.ellipse(box, fill=drawing.PAPER, outline=tone, width=7 * _FINER)
            inner = radius // 2
            pen.ellipse((centre - inner, centre - inner, centre + inner, centre + inner), fill=tone)
        elif step.mark == "skipped":
            pen.ellipse(box, fill=drawing.PAPER, outline=drawing.DEAD, width=4 * _FINER)
            half = radius // 2
            pen.line((centre - half, centre, centre + half, centre), fill=drawing.DEAD, width=5 * _FINER)
        else:
            pen.ellipse(box, fill=drawing.PAPER, outline=drawing.LINE, width=4 * _FINER)
        dot = big.reduce(_FINER)
        self._paper.paste(dot, (x - dot.width // 2, middle - dot.height // 2), dot)
        if step.mark == "ahead":
            self._pen.text((x, middle), str(number + 1), drawing.MUTED, font(28, bold=True), anchor="mm")

    def _foot(self) -> None:
        shown, pen = self._shown, self._pen
        top = BAND_HEIGHT + AFTER_BAND + STEP_HEIGHT * len(shown.steps) + FOOT_PAD
        pen.line((MARGIN, top - 8, WIDTH - MARGIN, top - 8), fill=drawing.LINE, width=2)
        for number, line in enumerate(shown.foot):
            face = font(36, bold=number == 0)
            colour = drawing.INK if number == 0 else drawing.BRAND
            baseline = top + FOOT_LINE * number + FOOT_LINE // 2
            pen.text((MARGIN, baseline), fitted(line, face, WIDTH - 2 * MARGIN), colour, face, anchor="lm")


def _middle(number: int) -> int:
    """How far down the middle of a step is."""
    return BAND_HEIGHT + AFTER_BAND + STEP_HEIGHT * number + STEP_HEIGHT // 2

"""Two months as a picture: each a bar made of its tiers, and below what makes the difference."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.model import Figure, Json, Language, Words
from conversations.texts import Speaker
from handlers.pictures import drawing
from handlers.pictures.drawing import font
from handlers.pictures.sheet import BAND_HEIGHT, MARGIN, WIDTH, Saying, Sheet, colour_of

NAMES = ("before", "after")
REASONS = ("days", "use", "price", "tax")
MONTH, BAR, CHANGE, REASON, FOOT = 170, 76, 84, 58, 20
MOST_LINES = 40
# The tiers whose colour is too light for white letters.
DARK_ON = (2, 3, 4)


@dataclass(frozen=True)
class MonthShown:
    """A month: kWh, total and VAT in đồng, and the tiers with their amounts."""

    name: str
    kwh: int
    total: int
    tax: int
    tiers: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class MonthsShown:
    """Both months, the earlier first, and the reasons that are not nothing."""

    months: tuple[MonthShown, ...]
    reasons: tuple[tuple[str, int], ...]


def read_months(data: Json) -> MonthsShown:
    """The data of a picture of kind `months`, as conversations/bill.py makes it. Raises ValueError."""
    match data:
        case {"months": [earlier, later], "reasons": dict(reasons)} if set(reasons) == set(REASONS):
            months = _month(earlier), _month(later)
            if tuple(month.name for month in months) != NAMES:
                raise ValueError("not two months: before, then after")
            told = [(name, amount) for name in REASONS if isinstance(amount := reasons[name], int) and amount]
            return MonthsShown(months, tuple(sorted(told, key=lambda one: -abs(one[1]))))
    raise ValueError("not two months: they need months and reasons")


def _month(plain: Json) -> MonthShown:
    match plain:
        case {"name": str(name), "kwh": int(kwh), "total": int(total), "tax": int(tax), "lines": list(lines)}:
            amounts = dict[int, int]()
            for line in lines[:MOST_LINES]:
                match line:
                    case [int(number), int(), int(amount)]:
                        amounts[number] = amounts.get(number, 0) + amount
                    case _:
                        raise ValueError(f"not a line of a month: {line!r}")
            return MonthShown(name, kwh, total, tax, tuple(sorted(amounts.items())))
    raise ValueError(f"not a month: {plain!r}")


class MonthsPicture:
    """The picture; its size is known before anything is drawn."""

    def __init__(self, shown: MonthsShown, language: Language, speaker: Speaker) -> None:
        self._shown = shown
        self._say = Saying(speaker, language)
        self.size = (WIDTH, BAND_HEIGHT + 2 * MONTH + CHANGE + REASON * len(shown.reasons) + FOOT)
        most = max(1, *(month.total for month in shown.months))
        self._scale = (WIDTH - 2 * MARGIN) / most

    def png(self) -> bytes:
        """The picture as PNG."""
        say, (before, after) = self._say, self._shown.months
        sheet = Sheet(self.size[1])
        change = _signed(after.total - before.total)
        sheet.band(say("picture.months.title"), say("picture.months.key"))
        for number, month in enumerate(self._shown.months):
            self._month(sheet, month, BAND_HEIGHT + MONTH * number)
        top = BAND_HEIGHT + 2 * MONTH
        sheet.pen.line((MARGIN, top + 20, WIDTH - MARGIN, top + 20), fill=drawing.LINE, width=2)
        sheet.text(MARGIN, top + 68, say("picture.months.change", change=change), 38, bold=True)
        for number, (name, amount) in enumerate(self._shown.reasons):
            baseline = top + CHANGE + REASON * number + 36
            sheet.text(MARGIN, baseline, say(f"picture.months.reason.{name}"), 34)
            colour = drawing.INCIDENT if amount > 0 else drawing.GOOD
            words = self._say("picture.months.amount", change=_signed(amount))
            sheet.text(WIDTH - MARGIN, baseline, words, 34, colour, bold=True, right=True)
        return sheet.png()

    def _month(self, sheet: Sheet, month: MonthShown, top: int) -> None:
        """The month's name and total, and its bar: tiers in their colours, then VAT."""
        say = self._say
        sheet.text(MARGIN, top + 52, say(f"picture.months.{month.name}"), 36, bold=True)
        total = say("picture.months.total", kwh=Figure(month.kwh), total=Figure(month.total))
        sheet.text(WIDTH - MARGIN, top + 52, total, 36, right=True)
        left, bar_top = float(MARGIN), top + 72
        for number, amount in month.tiers:
            right = left + amount * self._scale
            sheet.bar((round(left), bar_top, round(right), bar_top + BAR), colour_of(number))
            self._label(sheet, number, left, right, bar_top)
            left = right
        box = (round(left), bar_top, round(left + month.tax * self._scale), bar_top + BAR)
        sheet.bar(box, drawing.DEAD, striped=True)

    def _label(self, sheet: Sheet, number: int, left: float, right: float, top: int) -> None:
        """The tier's name within its part of the bar, its number where there is less room."""
        ink = drawing.INK if number in DARK_ON else drawing.PAPER
        for words in (self._say("picture.months.tier", number=number), str(number)):
            face = font(28, bold=True)
            if face.getlength(words) + 8 <= right - left:
                middle = ((left + right) / 2, top + BAR / 2)
                sheet.pen.text(middle, words, ink, face, anchor="mm")
                return


def _signed(amount: int) -> Words:
    return Words("bill.plus" if amount >= 0 else "bill.minus", {"amount": Figure(abs(amount))})

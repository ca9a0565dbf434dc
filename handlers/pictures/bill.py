"""A bill as a picture: a bar for each tier, filled as far as it is used, and what the next kWh would cost."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.model import Figure, Json, Language, Moment, Words
from conversations.texts import Speaker
from handlers.pictures import drawing
from handlers.pictures.drawing import font
from handlers.pictures.sheet import BAND_HEIGHT, MARGIN, WIDTH, Saying, Sheet, colour_of

ROW, BAR, LEGEND, SUMS = 116, 44, 76, 120
MOST_TIERS = 12
# An open tier is drawn at least so wide, in kWh of one household.
OPEN_WIDTH = 100


@dataclass(frozen=True)
class TierShown:
    """A tier: its width in kWh (None: open), its price, the kWh in it, and those of the next step."""

    number: int
    width: int | None
    price: int
    kwh: int
    more: int


@dataclass(frozen=True)
class BillShown:
    """What the picture shows; money in đồng, `more` is kWh and what they would cost."""

    kwh: int
    households: int
    total: int
    subtotal: int
    vat: tuple[tuple[int, int], ...]
    tiers: tuple[TierShown, ...]
    more: tuple[int, int]
    code: str
    since: str
    checked: str
    fresh: bool


def read_bill(data: Json) -> BillShown:
    """The data of a picture of kind `bill`, as handlers/consultation.py makes it. Raises ValueError."""
    match data:
        case {
            "kwh": int(kwh),
            "households": int(households),
            "total": int(total),
            "subtotal": int(subtotal),
            "vat": list(vat),
            "tiers": [_, *_] as tiers,
            "more": [int(more), int(cost)],
            "code": str(code),
            "since": str(since),
            "checked": str(checked),
            "fresh": bool(fresh),
        } if len(tiers) <= MOST_TIERS:
            rates = tuple(map(_rate, vat))
            shown = tuple(map(_tier, tiers))
            return BillShown(
                kwh, households, total, subtotal, rates, shown, (more, cost), code, since, checked, fresh
            )
    raise ValueError(
        "not a bill: it needs kwh, households, total, subtotal, vat, tiers, more and where it is from"
    )


def _rate(plain: Json) -> tuple[int, int]:
    match plain:
        case [int(percent), int(amount)]:
            return percent, amount
    raise ValueError(f"not a rate of VAT: {plain!r}")


def _tier(plain: Json) -> TierShown:
    match plain:
        case {
            "number": int(number),
            "width": int() | None as width,
            "price": int(price),
            "kwh": int(kwh),
            "more": int(more),
        } if kwh >= 0 and more >= 0:
            return TierShown(number, width, price, kwh, more)
    raise ValueError(f"not a tier: {plain!r}")


class BillPicture:
    """The picture; its size is known before anything is drawn."""

    def __init__(self, shown: BillShown, language: Language, speaker: Speaker) -> None:
        self._shown = shown
        self._say = Saying(speaker, language)
        height = BAND_HEIGHT + LEGEND + ROW * len(shown.tiers) + SUMS + 44 * (len(shown.vat) - 1)
        self.size = (WIDTH, height)
        widest = max(self._width(tier) for tier in shown.tiers)
        self._scale = (WIDTH - 2 * MARGIN) / max(1, widest)

    def _width(self, tier: TierShown) -> int:
        if tier.width is not None:
            return max(tier.width, tier.kwh + tier.more)
        return max(OPEN_WIDTH * self._shown.households, tier.kwh + tier.more)

    def png(self) -> bytes:
        """The picture as PNG."""
        shown, say = self._shown, self._say
        sheet = Sheet(self.size[1])
        title = say("picture.bill.title", kwh=Figure(shown.kwh), total=Figure(shown.total))
        whose = Words("bill.whose.home", {"n": shown.households})
        sheet.band(title, say("picture.bill.under", whose=whose))
        self._legend(sheet)
        for number, tier in enumerate(shown.tiers):
            self._row(sheet, tier, BAND_HEIGHT + LEGEND + ROW * number)
        self._sums(sheet, BAND_HEIGHT + LEGEND + ROW * len(shown.tiers))
        return sheet.png()

    def _legend(self, sheet: Sheet) -> None:
        middle, say = BAND_HEIGHT + LEGEND // 2 + 4, self._say
        sheet.bar((MARGIN, middle - 15, MARGIN + 52, middle + 15), drawing.INK)
        words = say("picture.bill.used")
        sheet.text(MARGIN + 66, middle + 11, words, 32)
        x = MARGIN + 66 + round(font(32).getlength(words)) + 40
        more, cost = self._shown.more
        if more:
            sheet.bar((x, middle - 15, x + 52, middle + 15), drawing.INK, striped=True)
            words = say("picture.bill.more", kwh=more, amount=Figure(cost))
            sheet.text(x + 66, middle + 11, words, 32, bold=True, room=WIDTH - MARGIN - x - 66)

    def _row(self, sheet: Sheet, tier: TierShown, top: int) -> None:
        """The tier's number and price, the kWh and their amount, and its bar below."""
        say, colour = self._say, colour_of(tier.number)
        live = bool(tier.kwh or tier.more)
        label = say("picture.bill.tier", number=tier.number)
        ink = drawing.INK if live else drawing.MUTED
        sheet.text(MARGIN, top + 40, label, 34, ink, bold=True)
        x = MARGIN + font(34, bold=True).getlength(label) + 20
        sheet.text(x, top + 40, say("picture.bill.price", price=Figure(tier.price)), 32, drawing.MUTED)
        if tier.kwh:
            amount = say("picture.bill.amount", amount=Figure(tier.kwh * tier.price))
            sheet.text(WIDTH - MARGIN, top + 40, amount, 34, bold=True, right=True)
            room = font(34, bold=True).getlength(amount) + 24
            filled = say("picture.bill.filled", kwh=Figure(tier.kwh))
            sheet.text(WIDTH - MARGIN - room, top + 40, filled, 32, drawing.MUTED, right=True)
        bar_top = top + 54
        whole = MARGIN + round(self._width(tier) * self._scale)
        used = MARGIN + round(tier.kwh * self._scale)
        further = MARGIN + round((tier.kwh + tier.more) * self._scale)
        sheet.pen.rectangle(
            (MARGIN, bar_top, whole, bar_top + BAR), fill=drawing.BAND, outline=drawing.LINE, width=2
        )
        sheet.bar((MARGIN, bar_top, used, bar_top + BAR), colour)
        sheet.bar((used, bar_top, further, bar_top + BAR), colour, striped=True)

    def _sums(self, sheet: Sheet, top: int) -> None:
        shown, say = self._shown, self._say
        baseline = top + 46
        for percent, tax in shown.vat:
            subtotal = Figure(shown.subtotal)
            words = say("picture.bill.sum", subtotal=subtotal, percent=percent, tax=Figure(tax))
            sheet.text(MARGIN, baseline, words, 32)
            baseline += 44
        key = "picture.bill.source" if shown.fresh else "picture.bill.stale"
        dates = {"since": Moment(shown.since, "date"), "checked": Moment(shown.checked, "date")}
        sheet.text(MARGIN, baseline + 2, say(key, code=shown.code, **dates), 28, drawing.MUTED)

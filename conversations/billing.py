"""What conversations about prices and bills ask of the service, and the words that they share."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.model import Button, Figure, Found, Json, Moment, Query, Value, Words
from conversations.usage import Usage

MENU = Button(Words("button.menu"), "!menu", nav=True)


@dataclass(frozen=True)
class Sourced:
    """Where a fact is from. since: from when it applies, if known; checked: when somebody last made sure of it.

    fresh: whether it may be told as current; one that has run out is told with its date. vat: the percent, of VAT.
    """

    code: str
    since: Moment | None
    checked: Moment
    fresh: bool
    vat: int | None = None

    def words(self) -> Words:
        """The sentence under an answer."""
        if self.vat is not None:
            return Words("source.vat", {"percent": self.vat, "checked": self.checked})
        if self.since is None:
            key = "source.no_date" if self.fresh else "source.no_date_stale"
            return Words(key, {"code": self.code, "checked": self.checked})
        key = "source.fresh" if self.fresh else "source.stale"
        return Words(key, {"code": self.code, "since": self.since, "checked": self.checked})


@dataclass(frozen=True)
class LineSeen:
    """Some kWh at one price; kind: tier, one, normal, off_peak or peak; number: of the tier, from 1."""

    kind: str
    number: int
    kwh: int
    price: int
    amount: int
    width: int | None = None


@dataclass(frozen=True)
class PartSeen:
    """The part of a bill under one decision; `first` and `last` are its days, shown where there are several."""

    code: str
    first: Moment
    last: Moment
    kwh: int
    lines: tuple[LineSeen, ...]


@dataclass(frozen=True)
class BillSeen:
    """A bill as it is told; money in đồng. vat: percent, base and amount of each rate."""

    usage: Usage
    kwh: int
    subtotal: int
    total: int
    parts: tuple[PartSeen, ...]
    vat: tuple[tuple[int, int, int], ...]
    sources: tuple[Sourced, ...]


@dataclass(frozen=True)
class BillOf(Query):
    """The bill of a usage in this month; of money, that of the most kWh that it pays for."""

    usage: Usage


@dataclass(frozen=True)
class BillFound(Found):
    """The bill, None if no price is known. more: kWh on top and what they would cost; tiers: for a picture."""

    bill: BillSeen | None
    more: tuple[int, int] = (0, 0)
    tiers: Json = None


@dataclass(frozen=True)
class CompareBills(Query):
    """This month's bill and last month's; days: how long this month's period was, None for a usual month.

    closed: they are bills that the customer has, so that the later one is of the month that has ended.
    """

    after: Usage
    before: Usage
    days: int | None = None
    closed: bool = False


@dataclass(frozen=True)
class ComparedFound(Found):
    """Both bills and why they differ, in đồng; highest: tier of each; recheck: days that the law gives."""

    after: BillSeen
    before: BillSeen
    days: int
    use: int
    price: int
    tax: int
    highest: tuple[int, int]
    recheck: int
    law: str
    sources: tuple[Sourced, ...]

    @property
    def difference(self) -> int:
        return self.after.total - self.before.total


@dataclass(frozen=True)
class TariffOf(Query):
    """The prices of a purpose, `hours` for the hours of the prices, `fee` for connecting again.

    `past.2024`: what homes paid in that year.
    """

    about: str


@dataclass(frozen=True)
class TariffFound(Found):
    """The prices in lines of words, and where they are from; vat: the percent that comes on top.

    year: the past one that was asked for.

    dormant: the code of a structure of prices that is issued and not in force, with its number of tiers.
    """

    lines: tuple[Words, ...]
    sources: tuple[Sourced, ...]
    vat: int | None = None
    dormant: tuple[str, int] | None = None
    year: int | None = None


@dataclass(frozen=True)
class RoomOf(Query):
    """What is right for a rented room. people: on the meter, None when not declared; price: asked for a kWh."""

    people: int | None
    kwh: int
    price: int | None


@dataclass(frozen=True)
class RoomFound(Found):
    """The lawful bill; fair: the price of a kWh that pays it; over: what the landlord asks too much in the month.

    tier: the tier whose price the undeclared pay; fine: the least and the most, in đồng, None where none is known.
    """

    bill: BillSeen
    fair: int
    asked: int | None
    over: int
    tier: int
    tier_price: int
    per_quota: int
    fine: tuple[int, int] | None
    law: str
    fine_law: str
    sources: tuple[Sourced, ...]


@dataclass(frozen=True)
class ApplianceUse:
    """So many of an appliance, so many tenths of an hour a day; None: as long as is typical."""

    name: str
    count: int = 1
    tenths: int | None = None


@dataclass(frozen=True)
class EstimateAppliances(Query):
    """What appliances use in a month."""

    uses: tuple[ApplianceUse, ...]


@dataclass(frozen=True)
class ApplianceSeen:
    """One line of the estimate; tenths: of an hour a day; saves: in đồng, see handlers/rules/appliances.py."""

    name: str
    count: int
    tenths: int
    kwh: int
    saves: int


@dataclass(frozen=True)
class AppliancesFound(Found):
    """The bill that the appliances come to, and each one's part, the hungriest first.

    checked, fresh: when what appliances draw was last looked at, and whether it may still be told as current.
    """

    bill: BillSeen
    parts: tuple[ApplianceSeen, ...]
    checked: Moment
    fresh: bool


def dong(amount: int) -> Figure:
    """Money as a value of a text."""
    return Figure(amount)


def signed(amount: int) -> Words:
    """A change of money with its sign."""
    return Words("bill.plus" if amount >= 0 else "bill.minus", {"amount": Figure(abs(amount))})


def table(bill: BillSeen) -> Words:
    """The bill line by line: kWh, price, amount, the sum, VAT, the total."""
    lines = list[Value]()
    for part in bill.parts:
        if len(bill.parts) > 1:
            values: dict[str, Value] = {"code": part.code, "first": part.first, "last": part.last}
            lines.append(Words("bill.part", {**values, "kwh": Figure(part.kwh)}))
        lines += [line_words(line) for line in part.lines]
    lines.append(Words("bill.subtotal", {"amount": dong(bill.subtotal)}))
    lines += [Words("bill.vat", {"percent": percent, "amount": dong(amount)}) for percent, _, amount in bill.vat]
    lines.append(Words("bill.total", {"amount": dong(bill.total)}))
    return Words("bill.table", {"lines": tuple(lines)})


def line_words(line: LineSeen) -> Words:
    values: dict[str, Value] = {
        "kwh": Figure(line.kwh),
        "price": Figure(line.price),
        "amount": Figure(line.amount),
    }
    if line.kind == "tier":
        return Words("bill.line.tier", {"number": line.number, **values})
    return Words(f"bill.line.{line.kind}", values)


def sources_of(sources: tuple[Sourced, ...]) -> tuple[Words, ...]:
    """A sentence for each source, each once."""
    return tuple(one.words() for one in dict.fromkeys(sources))

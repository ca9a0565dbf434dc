"""Takes the change between two bills apart: how much of it comes from days, from use, from prices and from VAT."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from handlers.rules.bill import ONE, Bill, Period, half_up, household_bill
from handlers.rules.tariff import Tariffs


@dataclass(frozen=True)
class Change:
    """Two bills of one meter and why the later one differs; the four reasons add up to the difference exactly.

    days: more or fewer days at the use per day of before; use: more or less use per day; price: other prices for
    the same kWh; tax: another rate of VAT. In đồng, VAT included in all but `tax`.
    """

    before: Bill
    after: Bill
    days: int
    use: int
    price: int
    tax: int

    @property
    def difference(self) -> int:
        return self.after.total - self.before.total

    @property
    def tiers_before(self) -> int:
        """The highest tier that the earlier bill reached, counted from 1; 0 without any kWh."""
        return _highest(self.before)

    @property
    def tiers_after(self) -> int:
        return _highest(self.after)


def compare(
    tariffs: Tariffs, before: tuple[Period, int], after: tuple[Period, int], quotas: Fraction = ONE
) -> Change:
    """The bills of two periods, each with its kWh, and what made the difference.

    One thing after the other is changed: the days, the use, the prices, the VAT. Days count within the earlier
    tariff with its own tiers: a month a day longer has no wider tiers, only more kWh.
    """
    (earlier, kwh_before), (later, kwh_after) = before, after
    first, last = (
        household_bill(tariffs, earlier, kwh_before, quotas),
        household_bill(tariffs, later, kwh_after, quotas),
    )
    as_long = half_up(Fraction(kwh_before * later.days, earlier.days))
    longer = household_bill(tariffs, earlier, as_long, quotas)
    used = household_bill(tariffs, earlier, kwh_after, quotas)
    dearer = last.subtotal + _tax_like(first, last.subtotal)
    return Change(
        before=first,
        after=last,
        days=longer.total - first.total,
        use=used.total - longer.total,
        price=dearer - used.total,
        tax=last.total - dearer,
    )


def _tax_like(bill: Bill, subtotal: int) -> int:
    """VAT on a sum at the rate of another bill, weighted where that one has two."""
    if not bill.subtotal:
        percent = Fraction(sum(line.percent for line in bill.vat), max(1, len(bill.vat)))
    else:
        percent = Fraction(sum(line.base * line.percent for line in bill.vat), bill.subtotal)
    return half_up(subtotal * percent / 100)


def _highest(bill: Bill) -> int:
    return max((line.number for part in bill.parts for line in part.lines), default=0)

"""Takes the change between two bills apart: how much of it comes from days, from use, from prices and from VAT."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from handlers.rules.bill import ONE, Bill, Period, half_up, household_bill
from handlers.rules.tariff import Decision, Tariffs


@dataclass(frozen=True)
class Change:
    """Two bills of one meter and why the later one differs; the four reasons add up to the difference exactly.

    days: more or fewer days at the use per day of before, with what they do to tiers; use: more or less of it;
    price: other prices for the same kWh; tax: another rate of VAT. In đồng, VAT included in all but `tax`.
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

    One thing after the other is changed, at the rate of VAT of before: the days (with what they do to the tiers),
    the use per day, the prices; then the VAT. Prices of before are those at the end of the earlier period.
    """
    (earlier, kwh_before), (later, kwh_after) = before, after
    first = household_bill(tariffs, earlier, kwh_before, quotas)
    last = household_bill(tariffs, later, kwh_after, quotas)
    then = _only(tariffs, first.parts[-1].decision)
    as_long = half_up(Fraction(kwh_before * later.days, earlier.days))
    usual, longer, used = (
        _taxed_like(first, household_bill(then, period, kwh, quotas))
        for period, kwh in ((earlier, kwh_before), (later, as_long), (later, kwh_after))
    )
    dearer = _taxed_like(first, last)
    return Change(
        before=first,
        after=last,
        days=longer - usual,
        use=used - longer,
        price=usual - first.total + dearer - used,
        tax=last.total - dearer,
    )


def _only(tariffs: Tariffs, decision: Decision) -> Tariffs:
    """The tariffs as if that decision had always been in force and always would be."""
    return replace(tariffs, decisions=(replace(decision, first=tariffs.decisions[0].first, last=None),))


def _taxed_like(bill: Bill, other: Bill) -> int:
    """What another bill comes to at the rate of VAT of this one, weighted where this one has two."""
    if bill.subtotal:
        percent = Fraction(sum(line.base * line.percent for line in bill.vat), bill.subtotal)
    else:
        percent = Fraction(sum(line.percent for line in bill.vat), max(1, len(bill.vat)))
    return other.subtotal + half_up(other.subtotal * percent / 100)


def _highest(bill: Bill) -> int:
    return max((line.number for part in bill.parts for line in part.lines), default=0)

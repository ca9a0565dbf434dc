"""What people in rented rooms pay for power, and whether what their landlord asks is within the law."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from handlers.rules.bill import Bill, Period, household_bill, undeclared_bill
from handlers.rules.dated import BadData, day_in, number_in, text_in, value_in, version_at
from handlers.rules.tariff import Checked, Tariffs

RENTED_ROOMS = Path(__file__).with_name("rented_rooms.toml")


@dataclass(frozen=True)
class RentedRoomRules:
    """people: how many are one quota; undeclared: the kWh of a month whose tier's price everything then has.

    fine: least and most, in đồng, None before the decree; code and fine_code name the law.
    """

    people: int
    undeclared: tuple[int, int]
    fine: tuple[int, int] | None
    first: date
    code: str
    fine_code: str
    source: str
    fine_source: str
    checked: Checked

    def quotas(self, people: int) -> Fraction:
        """The quotas of so many declared people: 4 are one, 1 is a quarter, 5 are one and a quarter."""
        if people < 1:
            raise ValueError("there must be somebody")
        return Fraction(people, self.people)


@dataclass(frozen=True)
class RoomBill:
    """What is right for the rooms on one meter, and what the landlord's price comes to.

    fair: the price of a kWh that just pays the bill, VAT included, in đồng, rounded up; asked: what the
    landlord's price comes to; over: how much of it is too much.
    """

    bill: Bill
    fair: int
    asked: int | None
    over: int


def rented_rooms_at(day: date, path: Path = RENTED_ROOMS) -> RentedRoomRules:
    """The rules that apply on a day. Raises LookupError if none does, BadData if the file is wrong."""
    version, where = version_at(path, day)
    quota, at_quota = value_in(version, "quota", where)
    undeclared, at_undeclared = value_in(version, "undeclared", where)
    fine, at_fine = value_in(version, "fine", where)
    first = number_in(undeclared, "first", at_undeclared, least=1)
    last = number_in(undeclared, "last", at_undeclared, least=first)
    least = number_in(fine, "least", at_fine)
    most = number_in(fine, "most", at_fine, least=least)
    checked = Checked(day_in(version, "checked_on", where), day_in(version, "still_right_until", where))
    if checked.until is None or checked.until < checked.on:
        raise BadData(f"{where}: `still_right_until` lies before `checked_on`")
    return RentedRoomRules(
        people=number_in(quota, "people", at_quota, least=1),
        undeclared=(first, last),
        fine=(least, most) if day >= day_in(fine, "from", at_fine) else None,
        first=day_in(version, "from", where),
        code=text_in(version, "code", where),
        fine_code=text_in(fine, "code", at_fine),
        source=text_in(undeclared, "source", at_undeclared),
        fine_source=text_in(fine, "source", at_fine),
        checked=checked,
    )


def room_bill(
    tariffs: Tariffs,
    rules: RentedRoomRules,
    period: Period,
    kwh: int,
    people: int | None,
    price: int | None = None,
) -> RoomBill:
    """The lawful bill of rented rooms. people: those declared, None if they were not; price: asked for a kWh."""
    if people is None:
        bill = undeclared_bill(tariffs, period, kwh, rules.undeclared)
    else:
        bill = household_bill(tariffs, period, kwh, rules.quotas(people))
    fair = -(-bill.total // kwh) if kwh else 0
    asked = price * kwh if price is not None else None
    return RoomBill(bill, fair, asked, max(0, asked - bill.total) if asked is not None else 0)

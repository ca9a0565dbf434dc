"""What conversations about prices and bills must know: computed from the tariffs of the day they are asked on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal

import structlog

from conversations.billing import (
    ApplianceSeen,
    AppliancesFound,
    BillFound,
    BillOf,
    BillSeen,
    CompareBills,
    ComparedFound,
    EstimateAppliances,
    LineSeen,
    PartSeen,
    RoomFound,
    RoomOf,
    Sourced,
    TariffFound,
    TariffOf,
)
from conversations.model import Figure, Found, Json, Moment, Value, Words
from conversations.usage import LEVELS, Usage
from handlers.rules.appliances import Use, appliances_at, estimate
from handlers.rules.bill import (
    Bill,
    Metered,
    Period,
    ReadingNeeded,
    cost_of_more,
    household_bill,
    metered_bill,
    month_of,
    most_kwh,
)
from handlers.rules.bill_change import compare
from handlers.rules.bill_rights import bill_rights_at
from handlers.rules.rented_rooms import rented_rooms_at, room_bill
from handlers.rules.tariff import BANDS, Band, Checked, Decision, HoursTable, NotInTheData, Tariffs
from handlers.talking import Talking
from store.contacts import Contact
from store.db import Unit

log = structlog.get_logger(__name__)

# How many kWh more an answer reckons with: one more step on the way to the next tier.
MORE = 50
_DAY = timedelta(days=1)
BillOfKwh = Callable[[int], Bill]


Asked = BillOf | CompareBills | TariffOf | RoomOf | EstimateAppliances


async def find(unit: Unit, contact: Contact, query: Asked, now: datetime, talking: Talking) -> Found:
    """The answer to a query about prices and bills; nothing of it is in the database."""
    return found(query, now, talking)


def found(query: Asked, now: datetime, talking: Talking) -> Found:
    """The same without a database: by the tariffs of today, on the utility's clock."""
    tariffs, day = talking.tariffs.tariffs(), now.astimezone(talking.zone).date()
    match query:
        case BillOf():
            return bill_of(query, tariffs, day)
        case CompareBills():
            return compare_bills(query, tariffs, day)
        case TariffOf():
            return tariff_of(query, tariffs, day)
        case RoomOf():
            return room_of(query, tariffs, day)
        case EstimateAppliances():
            return appliances(query, tariffs, day)


def moment_of(day: date) -> Moment:
    """A day of the law as a text shows it."""
    return Moment(f"{day.isoformat()}T12:00:00+07:00", "date")


def bill_of(query: BillOf, tariffs: Tariffs, day: date) -> BillFound:
    """The bill of a usage in the month of now, or of the most kWh that its money pays for."""
    usage = query.usage
    try:
        by_kwh = _by_kwh(tariffs, month_of(day), usage)
        if usage.bands:
            normal, off_peak, peak = usage.bands
            kwh: dict[Band | Literal["one"], int] = {"normal": normal, "off_peak": off_peak, "peak": peak}
            bill = metered_bill(tariffs, usage.category, [Metered(month_of(day), kwh)])
            return BillFound(_seen(bill, usage, tariffs, day))
        bill = by_kwh(usage.kwh) if usage.kwh is not None else most_kwh(usage.money or 0, by_kwh)
    except (NotInTheData, ReadingNeeded) as error:
        log.warning("price_unknown", category=usage.category, error=str(error))
        return BillFound(None)
    known = Usage(usage.category, bill.kwh, None, usage.households)
    more = (MORE, cost_of_more(bill.kwh, MORE, by_kwh)) if usage.category == "home" else (0, 0)
    seen = _seen(bill, known, tariffs, day)
    tiers = _tiers(bill, by_kwh(bill.kwh + MORE), seen, more) if usage.category == "home" else None
    return BillFound(seen, more, tiers)


def _by_kwh(tariffs: Tariffs, period: Period, usage: Usage) -> BillOfKwh:
    if usage.category == "home":
        return lambda kwh: household_bill(tariffs, period, kwh, Fraction(usage.households))
    return lambda kwh: metered_bill(tariffs, usage.category, [Metered(period, {"one": kwh})])


def _seen(bill: Bill, usage: Usage, tariffs: Tariffs, today: date) -> BillSeen:
    parts = tuple(
        PartSeen(
            part.decision.code,
            moment_of(part.begin),
            moment_of(part.end - _DAY),
            part.kwh,
            tuple(
                LineSeen(line.kind, line.number, line.kwh, line.price, line.amount, line.width)
                for line in part.lines
            ),
        )
        for part in bill.parts
    )
    vat = tuple((line.percent, line.base, line.amount) for line in bill.vat)
    decisions = [part.decision for part in bill.parts]
    return BillSeen(usage, bill.kwh, bill.subtotal, bill.total, parts, vat, _sources(decisions, tariffs, today))


def _sources(decisions: Sequence[Decision], tariffs: Tariffs, today: date) -> tuple[Sourced, ...]:
    """The decisions; the rate of VAT too, once nobody has made sure of it for too long."""
    return (
        *(_sourced(one.code, one.first, one.checked, today) for one in decisions),
        *_vat_source(tariffs, today),
    )


def _vat_source(tariffs: Tariffs, today: date) -> tuple[Sourced, ...]:
    vat = tariffs.vat_at(today)
    if vat.checked.fresh(today):
        return ()
    return (Sourced("", moment_of(vat.first), moment_of(vat.checked.on), False, vat.percent),)


def _sourced(code: str, since: date | None, checked: Checked, today: date) -> Sourced:
    return Sourced(code, moment_of(since) if since else None, moment_of(checked.on), checked.fresh(today))


def _tiers(bill: Bill, further: Bill, seen: BillSeen, more: tuple[int, int]) -> Json:
    """What the picture of a bill shows: each tier with its width, the kWh in it and those of the next step.

    None where prices change in the month: two rows of tiers are no picture.
    """
    if len(bill.parts) != 1 or len(further.parts) != 1:
        return None
    decision = bill.parts[0].decision
    now, then = ({line.number: line for line in one.parts[0].lines} for one in (bill, further))
    rows: list[Json] = []
    for number, tier in enumerate(decision.tiers, 1):
        kwh = now[number].kwh if number in now else 0
        added = (then[number].kwh if number in then else 0) - kwh
        width = int(tier.width * bill.quotas) if tier.width is not None else None
        rows.append({"number": number, "width": width, "price": tier.price, "kwh": kwh, "more": added})
    return {
        "kwh": bill.kwh,
        "households": int(bill.quotas),
        "total": bill.total,
        "subtotal": bill.subtotal,
        "vat": [[percent, amount] for percent, _, amount in seen.vat],
        "tiers": rows,
        "more": list(more),
        "code": decision.code,
        "since": moment_of(decision.first).at,
        "checked": moment_of(decision.checked.on).at,
        "fresh": all(source.fresh for source in seen.sources),
    }


# --- two months --------------------------------------------------------------------------------------------------


def compare_bills(query: CompareBills, tariffs: Tariffs, day: date) -> ComparedFound:
    """This month's bill against last month's; money is taken for the kWh that it pays for."""
    after = month_of(month_of(day).begin - _DAY) if query.closed else month_of(day)
    before = month_of(after.begin - _DAY)
    if query.days is not None and query.days != after.days:
        after = Period(after.end - timedelta(days=query.days), after.end)
    households = query.after.households
    pairs = [
        (one, _kwh(tariffs, one, usage, households))
        for one, usage in ((after, query.after), (before, query.before))
    ]
    change = compare(tariffs, pairs[1], pairs[0], Fraction(households))
    rights = bill_rights_at(day)
    later, earlier = (
        _seen(bill, Usage(kwh=bill.kwh, households=households), tariffs, day)
        for bill in (change.after, change.before)
    )
    sources = later.sources
    if not rights.checked.fresh(day):
        sources = (*sources, _sourced(rights.code, rights.first, rights.checked, day))
    return ComparedFound(
        after=later,
        before=earlier,
        days=change.days,
        use=change.use,
        price=change.price,
        tax=change.tax,
        highest=(change.tiers_before, change.tiers_after),
        recheck=rights.recheck.days,
        law=rights.code,
        sources=sources,
    )


def _kwh(tariffs: Tariffs, period: Period, usage: Usage, households: int) -> int:
    if usage.kwh is not None:
        return usage.kwh
    return most_kwh(usage.money or 0, _by_kwh(tariffs, period, Usage(kwh=0, households=households))).kwh


# --- prices ----------------------------------------------------------------------------------------------------


def tariff_of(query: TariffOf, tariffs: Tariffs, day: date) -> TariffFound:
    """The prices of a purpose today; the hours of the prices; the fee of connecting again."""
    decision = tariffs.at(day)
    if query.about.startswith("past."):
        past = int(query.about.removeprefix("past."))
        return _past(past, tariffs, day) if past < day.year else tariff_of(TariffOf("home"), tariffs, day)
    if query.about == "hours":
        tables = (tariffs.billed_hours(day), *tariffs.announced_hours(day))
        # One sentence for all tables that were looked at together.
        codes: dict[Checked, list[str]] = {}
        for table in tables:
            codes.setdefault(table.checked, []).append(table.code)
        sources = tuple(_sourced("; ".join(named), None, checked, day) for checked, named in codes.items())
        return TariffFound(tuple(_hours(table, day) for table in tables), sources)
    vat = tariffs.vat_at(day)
    if query.about == "fee":
        fee = tariffs.fee("reconnection")
        lines = tuple(Words(f"fee.{level}", {"price": Figure(price)}) for level, price in fee.levels.items())
        sources = (_sourced(fee.code, None, fee.checked, day), *_vat_source(tariffs, day))
        return TariffFound(lines, sources, vat.percent)
    lines, sources = _prices(decision, query.about), _sources([decision], tariffs, day)
    # Once nobody has looked for too long, a structure that slept may have woken.
    vouched = decision.checked.fresh(day)
    sleeping = [one for one in tariffs.structures if one.dormant and vouched and one.checked.fresh(day)]
    dormant = (sleeping[0].code, len(sleeping[0].tiers)) if sleeping and query.about == "home" else None
    return TariffFound(lines, sources, vat.percent, dormant)


def _past(year: int, tariffs: Tariffs, today: date) -> TariffFound:
    """What homes paid in a year that is past, each decision with its days.

    What is over does not go stale; but the newest decision may have ended after anybody last looked.
    """
    begin = max(date(year, 1, 1), tariffs.decisions[0].first)
    end = date(year + 1, 1, 1)
    if begin >= end:
        return TariffFound((), ())
    lines, sources = list[Words](), list[Sourced]()
    for decision, first, last in tariffs.within(begin, end):
        if decision.last is None and decision.checked.on < last - _DAY:
            sources.append(_sourced(decision.code, decision.first, decision.checked, today))
        prices: Value = tuple(Words("steps.amount", {"amount": Figure(tier.price)}) for tier in decision.tiers)
        days: dict[str, Value] = {"first": moment_of(first), "last": moment_of(last - _DAY)}
        lines.append(Words("tariff.past_line", {"code": decision.code, "prices": prices, **days}))
    return TariffFound(tuple(lines), tuple(sources), year=year)


def _prices(decision: Decision, about: str) -> tuple[Words, ...]:
    """The prices in lines; none where the decision's are not known."""
    if about == "home":
        return tuple(
            Words(
                "tariff.tier" if tier.width is not None else "tariff.last_tier",
                {
                    "number": number,
                    "above": tier.above,
                    "first": tier.above + 1,
                    "last": tier.above + (tier.width or 0),
                    "price": Figure(tier.price),
                },
            )
            for number, tier in enumerate(decision.tiers, 1)
        )
    if about in decision.flat:
        return (Words("tariff.one_price", {"price": Figure(decision.flat[about])}),)
    lines = []
    for category in LEVELS.get(about, ()):
        level: Value = Words(f"level.{category}")
        if category in decision.flat:
            lines.append(Words("tariff.flat", {"level": level, "price": Figure(decision.flat[category])}))
        elif category in decision.hourly:
            prices = decision.hourly[category]
            by_band: dict[str, Value] = {band: Figure(getattr(prices, band)) for band in BANDS}
            lines.append(Words("tariff.hourly", {"level": level, **by_band}))
    return tuple(lines)


def _hours(table: HoursTable, day: date) -> Words:
    """A table of hours as a paragraph: whether bills are made by it, and the spans of each band."""
    spans: dict[str, Value] = {f"{band}": _spans(table.workday[band]) for band in BANDS}
    sunday: dict[str, Value] = {f"sunday_{band}": _spans(table.sunday[band]) for band in ("normal", "off_peak")}
    state = "billed" if table.billed else "not_billed"
    if not table.checked.fresh(day):
        state += "_then"
    told: Value = Words(f"hours.{state}", {"checked": moment_of(table.checked.on)})
    about: dict[str, Value] = {"state": told, "code": table.code, "since": moment_of(table.first)}
    return Words("hours.table", {**about, **spans, **sunday})


def _spans(spans: Sequence[tuple[int, int]]) -> str:
    """`9:30–11:30, 17:00–20:00`; what goes over midnight is one span."""
    ordered = sorted(spans)
    if len(ordered) > 1 and ordered[0][0] == 0 and ordered[-1][1] == 24 * 60:
        ordered = [*ordered[1:-1], (ordered[-1][0], ordered[0][1])]
    return ", ".join(f"{start // 60}:{start % 60:02}–{end // 60}:{end % 60:02}" for start, end in ordered)


# --- rented rooms and appliances ---------------------------------------------------------------------------


def room_of(query: RoomOf, tariffs: Tariffs, day: date) -> RoomFound:
    """The lawful bill of a rented room this month, and what the landlord's price comes to."""
    rules, period = rented_rooms_at(day), month_of(day)
    found = room_bill(tariffs, rules, period, query.kwh, query.people, query.price)
    number, tier = tariffs.at(day).tier_of(*rules.undeclared)
    bill = _seen(found.bill, Usage(kwh=found.bill.kwh), tariffs, day)
    sources = bill.sources
    if not rules.checked.fresh(day):
        sources = (*sources, _sourced(rules.code, rules.first, rules.checked, day))
    return RoomFound(
        bill=bill,
        fair=found.fair,
        asked=found.asked,
        over=found.over,
        tier=number,
        tier_price=tier.price,
        per_quota=rules.people,
        fine=rules.fine,
        law=rules.code,
        fine_law=rules.fine_code,
        sources=sources,
    )


def appliances(query: EstimateAppliances, tariffs: Tariffs, day: date) -> AppliancesFound:
    """What the appliances use and cost in a month."""
    uses = [
        Use(one.name, one.count, None if one.tenths is None else Fraction(one.tenths, 10)) for one in query.uses
    ]
    period = month_of(day)
    catalogue = appliances_at(day)
    bill, parts = estimate(catalogue, uses, lambda kwh: household_bill(tariffs, period, kwh))
    seen = tuple(
        ApplianceSeen(part.name, part.count, round(part.hours * 10), part.kwh, round(part.saves, -3))
        for part in parts
    )
    checked = moment_of(catalogue.checked.on)
    return AppliancesFound(
        _seen(bill, Usage(kwh=bill.kwh), tariffs, day), seen, checked, catalogue.checked.fresh(day)
    )

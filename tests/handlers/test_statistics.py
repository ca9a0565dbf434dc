"""The figures that leaders watch, on a town of four customers, against sums done by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import update

from handlers import statistics
from handlers.outages import OutageChange, PostponedSlot, Published, Slot
from handlers.push_times import keep_push_times
from handlers.rules.indices import index_rules_at
from handlers.statistics import By, InTime, Statistics
from handlers.talking import ZONE
from store import census
from store.customers import Customer
from store.extent import Scope
from store.outages import CauseClass, Outage, OutageSlot, SlotState
from tests.town import (
    BEN_THANH,
    FACTORY,
    FAR_HOME,
    FEEDER,
    HOME,
    NOW,
    OTHER_FEEDER,
    SAI_GON,
    SHOP,
    THU_DUC,
    Town,
    built,
    outage_id,
)

ALL_OF_FEEDER = Scope(feeders=(FEEDER,))  # HOME, SHOP and FACTORY
ONE_HOME = Scope(transformers=("BT-01",))  # HOME
BEN_THANH_WARD = Scope(wards=(BEN_THANH,))  # HOME and SHOP
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


def local(month: int, day: int, hour: int = 8, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=ZONE)


def planned(starts_at: datetime, hours: float = 4) -> Slot:
    return Slot(starts_at, starts_at + hours * HOUR)


async def connect(town: Town, code: str, ward: str, feeder: str, transformer: str) -> None:
    """One more customer is served."""
    async with town.database.unit() as unit:
        unit.session.add(
            Customer(
                code=code,
                name="Trần Thị B",
                phone="0907654321",
                address="2 Lê Lợi",
                ward_code=ward,
                feeder_code=feeder,
                transformer_code=transformer,
            )
        )


async def out(town: Town, scope: Scope, begin: datetime, length: timedelta) -> Published:
    """An incident from its publishing to its end."""
    await town.until(begin)
    done = await town.publish(scope)
    await town.until(begin + length)
    return await town.restore(done)


async def stats(town: Town, first: str = "2026-11", last: str | None = None, by: By = "month") -> Statistics:
    async with town.database.reading() as unit:
        return await statistics.of_period(unit, first, last or first, by, town.now)


async def saidi_saifi_maifi(town: Town, month: str = "2026-11") -> tuple[float, float, float]:
    (one,) = (await stats(town, month)).figures
    return one.indices.saidi_minutes, one.indices.saifi, one.indices.maifi


async def keep(town: Town) -> int:
    async with town.database.unit() as unit:
        return await keep_push_times(unit, town.now)


# --- indices -----------------------------------------------------------------------------------------------------


async def test_an_hour_for_three_of_four_is_forty_five_minutes_for_each(town: Town) -> None:
    await out(town, ALL_OF_FEEDER, NOW, HOUR)

    # 3 customers × 60 minutes / 4 customers; 3 interruptions / 4 customers
    assert await saidi_saifi_maifi(town) == (45.0, 0.75, 0.0)


@pytest.mark.parametrize(("minutes", "indices"), [(5, (0.0, 0.0, 0.25)), (6, (1.5, 0.25, 0.0))])
async def test_up_to_five_minutes_are_momentary(
    town: Town, minutes: int, indices: tuple[float, float, float]
) -> None:
    await out(town, ONE_HOME, NOW, minutes * MINUTE)

    assert await saidi_saifi_maifi(town) == indices


async def test_a_plan_counts_as_long_as_it_took_and_not_as_long_as_it_was_planned(town: Town) -> None:
    done = await town.plan(planned(local(11, 28), hours=4))
    await town.until(local(11, 28, 10))
    await town.restore(done)

    # 3 customers × 120 minutes / 4
    assert await saidi_saifi_maifi(town) == (90.0, 0.75, 0.0)


async def test_a_plan_that_nobody_ends_by_hand_counts_as_planned(town: Town) -> None:
    await town.plan(planned(local(11, 28), hours=4))
    await town.until(local(11, 29))

    assert await saidi_saifi_maifi(town) == (180.0, 0.75, 0.0)


async def test_each_window_of_a_plan_is_an_interruption(town: Town) -> None:
    await town.plan(planned(local(11, 26), 2), planned(local(11, 28), 2))
    await town.until(local(11, 29))

    # 3 customers × 2 × 120 minutes / 4; 3 customers × 2 / 4
    assert await saidi_saifi_maifi(town) == (180.0, 1.5, 0.0)


async def test_an_outage_that_goes_on_counts_up_to_now(town: Town) -> None:
    await town.publish(ALL_OF_FEEDER)
    await town.until(NOW + 20 * MINUTE)

    # 3 customers × 20 minutes / 4
    assert await saidi_saifi_maifi(town) == (15.0, 0.75, 0.0)


async def test_each_set_leaves_out_the_outages_of_its_causes_and_no_other(town: Town) -> None:
    await out(town, ONE_HOME, NOW, 30 * MINUTE)
    classed = await out(town, ALL_OF_FEEDER, NOW + HOUR, HOUR)
    every, without = (30 + 3 * 60) / 4, 30 / 4
    seen: dict[CauseClass, tuple[bool, bool]] = {}
    for cause in CauseClass:
        if cause is CauseClass.PLANNED:
            continue  # nobody planned an incident
        await town.change(classed, OutageChange(frozenset({"cause_class"}), cause_class=cause))
        (one,) = (await stats(town)).figures
        assert one.indices.saidi_minutes == every
        assert {one.overall.saidi_minutes, one.distribution.saidi_minutes} <= {every, without}
        seen[cause] = (one.overall.saidi_minutes == every, one.distribution.saidi_minutes == every)

    assert {cause for cause, (overall, _) in seen.items() if not overall} == {
        CauseClass.CUSTOMER,
        CauseClass.WEATHER_FORCE_MAJEURE,
    }
    assert {cause for cause, (overall, grid) in seen.items() if overall and not grid} == {
        CauseClass.TRANSMISSION,
        CauseClass.LOAD_SHEDDING,
        CauseClass.SAFETY,
    }


def test_the_data_name_no_class_of_causes_that_outages_cannot_have() -> None:
    rules = index_rules_at(NOW.date())
    assert rules.overall.without < rules.distribution.without <= set(CauseClass)


async def test_a_plan_ahead_costs_nothing_yet(town: Town) -> None:
    await town.plan(planned(local(11, 28)))

    assert await saidi_saifi_maifi(town) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("ward_first", [True, False])
async def test_who_is_in_two_outages_at_once_is_counted_once(town: Town, ward_first: bool) -> None:
    scopes = (BEN_THANH_WARD, ALL_OF_FEEDER) if ward_first else (ALL_OF_FEEDER, BEN_THANH_WARD)
    first = await town.publish(scopes[0])
    await town.until(NOW + 60 * MINUTE)
    second = await town.publish(scopes[1])
    await town.until(NOW + 90 * MINUTE)
    await town.restore(first)
    await town.until(NOW + 150 * MINUTE)
    await town.restore(second)

    # HOME and SHOP are out for all 150 minutes, FACTORY while its feeder is: the last 90 or the first 90.
    assert await saidi_saifi_maifi(town) == ((2 * 150 + 90) / 4, 0.75, 0.0)


async def test_plan_within_an_incident_adds_nothing_to_whom_both_hold(town: Town) -> None:
    await town.plan(planned(local(11, 28), 2), scope=BEN_THANH_WARD)
    await town.until(local(11, 28, 7))
    incident = await town.publish(ALL_OF_FEEDER)
    await town.until(local(11, 28, 11))
    await town.restore(incident)

    # 3 customers × 240 minutes / 4
    assert await saidi_saifi_maifi(town) == (180.0, 0.75, 0.0)


# Each scope and the customers in it; as many as there are outages at once below.
HELD_BY = (
    (ALL_OF_FEEDER, {HOME, SHOP, FACTORY}),
    (Scope(feeders=(OTHER_FEEDER,)), {FAR_HOME}),
    (BEN_THANH_WARD, {HOME, SHOP}),
    (Scope(wards=(SAI_GON, THU_DUC)), {FACTORY, FAR_HOME}),
    (ONE_HOME, {HOME}),
    (Scope(transformers=("BT-02",)), {SHOP, FACTORY}),
    (Scope(customers=(HOME, FAR_HOME)), {HOME, FAR_HOME}),
    (Scope(customers=(SHOP,)), {SHOP}),
)


@pytest.mark.parametrize("seed", range(6))
async def test_however_outages_overlap_each_customer_is_counted_as_they_lived_it(town: Town, seed: int) -> None:
    chance = Random(seed)
    begun = [(chance.randrange(0, 60), chance.randrange(1, 25)) for _ in HELD_BY]
    times = [(NOW + begin * 10 * MINUTE, NOW + (begin + length) * 10 * MINUTE) for begin, length in begun]
    deeds = [(begin, 1, at) for at, (begin, _) in enumerate(times)] + [
        (end, 0, at) for at, (_, end) in enumerate(times)
    ]
    published: dict[int, Published] = {}
    for when, begins, at in sorted(deeds):
        town.now = when
        if begins:
            published[at] = await town.publish(HELD_BY[at][0])
        else:
            await town.restore(published[at])

    minutes, interruptions = 0.0, 0
    for customer in (HOME, SHOP, FACTORY, FAR_HOME):
        until: datetime | None = None
        for begin, end in sorted(times[at] for at, (_, held) in enumerate(HELD_BY) if customer in held):
            interruptions += until is None or begin > until
            minutes += max(0.0, (end - max(begin, until or begin)) / MINUTE)
            until = max(until or end, end)
    assert await saidi_saifi_maifi(town) == (minutes / 4, interruptions / 4, 0.0)


async def test_power_between_two_outages_makes_two_interruptions(town: Town) -> None:
    await out(town, ONE_HOME, NOW, 30 * MINUTE)
    await out(town, ONE_HOME, NOW + HOUR, 30 * MINUTE)

    assert await saidi_saifi_maifi(town) == (15.0, 0.5, 0.0)


async def test_supply_that_flaps_is_one_interruption_from_its_first_beginning(town: Town) -> None:
    await out(town, ALL_OF_FEEDER, NOW, 10 * MINUTE)
    await out(town, ALL_OF_FEEDER, NOW + 15 * MINUTE, 5 * MINUTE)

    # 3 customers × 20 minutes / 4: the five minutes between count as well
    assert await saidi_saifi_maifi(town) == (15.0, 0.75, 0.0)


async def test_what_never_took_place_never_counts(town: Town) -> None:
    window = planned(local(11, 28))
    await town.plan(window, draft=True)
    await town.cancel(await town.plan(window, scope=Scope(feeders=(OTHER_FEEDER,))))
    await town.postpone(await town.plan(window, scope=ONE_HOME))
    mistake = await town.publish(ALL_OF_FEEDER)
    await town.until(NOW + HOUR)
    await town.cancel(mistake)
    await town.until(local(11, 29))

    found = await stats(town)
    assert await saidi_saifi_maifi(town) == (0.0, 0.0, 0.0)
    assert (found.told.incidents, found.cut_again, found.too_long) == (0, (), ())


async def test_a_window_put_off_counts_when_it_took_place(town: Town) -> None:
    done = await town.plan(planned(local(11, 28), 2))
    await town.postpone(done, PostponedSlot(local(12, 2), local(12, 2, 9), 1))
    await town.until(local(12, 3))

    assert await saidi_saifi_maifi(town, "2026-11") == (0.0, 0.0, 0.0)
    assert await saidi_saifi_maifi(town, "2026-12") == (45.0, 0.75, 0.0)


@pytest.mark.parametrize("called_off", ["cancel", "postpone"])
async def test_what_took_place_counts_though_the_rest_is_called_off(town: Town, called_off: str) -> None:
    done = await town.plan(planned(local(11, 26), 2), planned(local(11, 28), 2))
    await town.until(local(11, 27))
    await getattr(town, called_off)(done)
    await town.until(local(11, 29))

    # 3 customers × 120 minutes / 4, of the first window
    assert await saidi_saifi_maifi(town) == (90.0, 0.75, 0.0)


async def test_outages_that_ended_before_windows_had_states_are_over(town: Town) -> None:
    await out(town, ALL_OF_FEEDER, NOW, HOUR)
    await town.cancel(await town.publish(Scope(feeders=(OTHER_FEEDER,))))
    async with town.database.unit() as unit:
        await unit.session.execute(update(OutageSlot).values(state=SlotState.ON))
    await town.until(NOW + 5 * HOUR)

    assert await saidi_saifi_maifi(town) == (45.0, 0.75, 0.0)


async def test_over_the_end_of_a_month_minutes_fall_to_both_and_the_interruption_to_the_first(town: Town) -> None:
    await out(town, ALL_OF_FEEDER, local(11, 30, 23), 3 * HOUR)

    found = (await stats(town, "2026-11", "2026-12")).figures
    assert [(one.month, one.indices.saidi_minutes, one.indices.saifi) for one in found] == [
        ("2026-11", 45.0, 0.75),
        ("2026-12", 90.0, 0.0),
    ]


async def test_by_feeder_and_by_company_the_same_minutes_are_divided_by_their_own_customers(town: Town) -> None:
    await connect(town, "PE02000000001", SAI_GON, FEEDER, "BT-02")
    await out(town, ALL_OF_FEEDER, NOW, HOUR)
    await out(town, Scope(customers=(FAR_HOME,)), NOW + 2 * HOUR, 30 * MINUTE)

    by_feeder = (await stats(town, by="feeder")).figures
    by_company = (await stats(town, by="company")).figures
    assert [(one.feeder, one.company, one.customers, one.indices.saidi_minutes) for one in by_feeder] == [
        (FEEDER, None, 4, 60.0),
        (OTHER_FEEDER, None, 1, 30.0),
    ]
    assert [(one.feeder, one.company, one.customers, one.indices.saidi_minutes) for one in by_company] == [
        (None, "PE0100", 4, (3 * 60 + 30) / 4),
        (None, "PE0200", 1, 60.0),
    ]
    assert await saidi_saifi_maifi(town) == ((4 * 60 + 30) / 5, 1.0, 0.0)


async def test_with_a_census_a_month_is_divided_by_the_customers_of_that_month(town: Town) -> None:
    async with town.database.unit() as unit:
        await census.take(unit, "2026-11")
    await out(town, ONE_HOME, NOW, HOUR)
    await connect(town, "PE01000000005", THU_DUC, OTHER_FEEDER, "TD-01")

    found = await stats(town, "2026-11", "2026-12")
    assert [(one.month, one.customers, one.indices.saidi_minutes) for one in found.figures] == [
        ("2026-11", 4, 15.0),
        ("2026-12", 5, 0.0),
    ]
    assert found.current_basis == ("2026-12",)


async def test_without_a_census_todays_customers_stand_in_and_that_is_said(town: Town) -> None:
    await out(town, ONE_HOME, NOW, HOUR)
    await connect(town, "PE01000000005", THU_DUC, OTHER_FEEDER, "TD-01")

    found = await stats(town)
    assert [(one.customers, one.indices.saidi_minutes) for one in found.figures] == [(5, 12.0)]
    assert found.current_basis == ("2026-11",)


# --- promises ----------------------------------------------------------------------------------------------------


async def test_notices_are_in_time_by_the_promise_to_each_segment_and_by_law(town: Town) -> None:
    await town.serve("business", SHOP)
    await town.serve("industrial", FACTORY)
    # Ten days ahead: in time for households (6 days) and businesses (7), late for industry (30), lawful for all.
    await town.plan(planned(local(12, 3, 15)))
    # Three days ahead: late by every promise and by law.
    await town.plan(planned(local(11, 26, 15)))
    await town.until(local(12, 4))

    november, december = (await stats(town, "2026-11")).notices, (await stats(town, "2026-12")).notices
    assert november == {segment: InTime(0, 1, 0, 1) for segment in ("household", "business", "industrial")}
    assert december == {
        "household": InTime(1, 0, 1, 0),
        "business": InTime(1, 0, 1, 0),
        "industrial": InTime(0, 1, 1, 0),
    }


async def test_a_segment_without_customers_in_the_outage_has_no_notices(town: Town) -> None:
    await town.plan(planned(local(12, 3, 15)), scope=ONE_HOME)
    await town.until(local(12, 4))

    assert set((await stats(town, "2026-12")).notices) == {"household"}


async def test_incidents_are_told_within_a_day_of_their_beginning_or_later_or_never(town: Town) -> None:
    await town.resident("An", f"c:{HOME} Nhà")
    await town.resident("Bình", f"c:{FACTORY} Xưởng")
    # Occurred an hour before it is published and told at once.
    await town.publish(ONE_HOME, slot=Slot(NOW - HOUR, None))
    await town.send()
    # Nobody follows this one.
    await town.publish(Scope(customers=(FAR_HOME,)))
    # Occurred two hours before; the sender comes back 23 hours after it is published.
    await town.publish(Scope(customers=(FACTORY,)), slot=Slot(NOW - 2 * HOUR, None))
    await keep(town)
    town.now = NOW + 23 * HOUR
    await town.send()
    await keep(town)

    told = (await stats(town)).told
    assert (told.incidents, told.within_limit, told.beyond_limit, told.not_told) == (3, 1, 1, 1)
    # Of one hour and 25 hours: the middle, and nine tenths of the way.
    assert told.first_push_median == pytest.approx(13 * 3600)
    assert told.first_push_p90 == pytest.approx((1 + 0.9 * 24) * 3600)
    assert (told.last_push_median, told.last_push_p90) == (told.first_push_median, told.first_push_p90)


async def test_the_times_of_one_incident_stand_for_themselves_and_of_none_are_unknown(town: Town) -> None:
    assert (await stats(town)).told == statistics.Told(0, 0, 0, 0, None, None, None, None)
    await town.resident("An", f"c:{HOME} Nhà")
    await town.publish(ONE_HOME, slot=Slot(NOW - HOUR, None))
    await town.send()
    await keep(town)

    told = (await stats(town)).told
    assert (told.first_push_median, told.last_push_p90) == (3600.0, 3600.0)


async def test_a_feeder_is_cut_again_until_nine_months_have_passed(town: Town) -> None:
    await town.plan(planned(local(12, 1)), reason="một")
    await town.plan(planned(local(8, 31, year=2027)), reason="hai")
    await town.until(local(9, 1, year=2027))
    await town.plan(planned(local(5, 31, year=2028)), reason="ba")
    await town.until(local(6, 1, year=2028))

    again = (await stats(town, "2026-12", "2028-06")).cut_again
    assert [(one.feeder, one.before_at, one.at) for one in again] == [
        (FEEDER, local(12, 1), local(8, 31, year=2027))
    ]
    assert (await stats(town, "2027-08")).cut_again == again
    assert (await stats(town, "2027-09", "2028-06")).cut_again == ()


async def test_neither_a_transformer_nor_a_second_window_cuts_a_feeder_again(town: Town) -> None:
    await town.plan(planned(local(11, 26), 2), planned(local(11, 28), 2))
    await town.plan(planned(local(11, 29), 2), scope=ONE_HOME)
    await town.until(local(11, 30))

    assert (await stats(town)).cut_again == ()


async def test_what_was_longer_than_planned_work_may_be_is_named(town: Town) -> None:
    await town.plan(planned(local(11, 26), 5))
    longer = await town.plan(planned(local(11, 28), 5))
    await town.until(local(11, 28, 13) + 5 * MINUTE)
    await town.restore(longer)
    incident = await out(town, ONE_HOME, local(11, 29), 6 * HOUR)

    found = (await stats(town)).too_long
    assert [(one.code, one.kind, one.minutes) for one in found] == [
        (longer.outage.code, "planned", 305),
        (incident.outage.code, "incident", 360),
    ]


# --- when people were told --------------------------------------------------------------------------------------


async def pushes(town: Town, done: Published) -> tuple[datetime | None, datetime | None]:
    async with town.database.reading() as unit:
        outage = await unit.session.get(Outage, outage_id(done))
        assert outage is not None
        return outage.first_push_at, outage.last_push_at


async def test_the_first_push_is_known_at_once_and_the_last_when_nobody_waits(town: Town) -> None:
    await town.resident("An", f"c:{HOME} Nhà")
    await town.resident("Bình", f"c:{SHOP} Tiệm")
    done = await town.publish(ALL_OF_FEEDER)
    town.now = NOW + MINUTE
    await town.send(limit=1)

    assert await keep(town) == 0
    assert await pushes(town, done) == (NOW + MINUTE, None)

    town.now = NOW + 3 * MINUTE
    await town.send()
    assert await keep(town) == 1
    assert await pushes(town, done) == (NOW + MINUTE, NOW + 3 * MINUTE)
    assert await keep(town) == 0


async def test_who_follows_later_says_nothing_about_how_soon_the_others_were_told(town: Town) -> None:
    done = await town.publish(ONE_HOME)
    town.now = NOW + 30 * HOUR
    await town.follow(await town.resident("An"), f"c:{HOME}", "Nhà")
    await town.send()

    assert await town.heard() == [("An", "incident")]
    assert await keep(town) == 0
    assert await pushes(town, done) == (None, None)


async def test_neither_a_plan_nor_news_of_the_end_is_a_first_push(town: Town) -> None:
    await town.resident("An", f"c:{HOME} Nhà")
    plan = await town.plan(planned(local(11, 26)))
    incident = await town.publish(ONE_HOME)
    await town.send()
    town.now = NOW + HOUR
    await town.restore(incident)
    await town.send()
    await keep(town)

    assert await pushes(town, plan) == (None, None)
    assert await pushes(town, incident) == (NOW, NOW)

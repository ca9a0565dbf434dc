"""Public alerts follow CAP 1.2 to the letter, tell each revision once, and name nobody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from xml.etree import ElementTree as Xml

import pytest

from handlers import alert_files, alerts, outages
from handlers.alert_files import ATOM, CAP, Publisher
from handlers.alerts import Alert
from handlers.outages import OutageChange, Slot
from store.extent import Scope
from tests.handlers.feed_town import LINKS, MORNING, plan, postpone, speaking, window
from tests.town import BEN_THANH, FEEDER, HOME, NOW, Town, built, outage_id

LINE = Scope(feeders=(FEEDER,))
PUBLISHER = Publisher("Điện lực Sáng Đèn", "1900 545454", LINKS)

# The order of elements in CAP 1.2 (OASIS Standard, 1 July 2010, 3.4), with how often each may occur.
ALERT = (
    ("identifier", 1, 1), ("sender", 1, 1), ("sent", 1, 1), ("status", 1, 1), ("msgType", 1, 1), ("source", 0, 1),
    ("scope", 1, 1), ("restriction", 0, 1), ("addresses", 0, 1), ("code", 0, 99), ("note", 0, 1),
    ("references", 0, 1), ("incidents", 0, 1), ("info", 0, 99),
)  # fmt: skip
INFO = (
    ("language", 0, 1), ("category", 1, 99), ("event", 1, 1), ("responseType", 0, 99), ("urgency", 1, 1),
    ("severity", 1, 1), ("certainty", 1, 1), ("audience", 0, 1), ("eventCode", 0, 99), ("effective", 0, 1),
    ("onset", 0, 1), ("expires", 0, 1), ("senderName", 0, 1), ("headline", 0, 1), ("description", 0, 1),
    ("instruction", 0, 1), ("web", 0, 1), ("contact", 0, 1), ("parameter", 0, 99), ("resource", 0, 99),
    ("area", 0, 99),
)  # fmt: skip
AREA = (
    ("areaDesc", 1, 1), ("polygon", 0, 99), ("circle", 0, 99), ("geocode", 0, 999), ("altitude", 0, 1),
    ("ceiling", 0, 1),
)  # fmt: skip
GEOCODE = (("valueName", 1, 1), ("value", 1, 1))
MAY_BE = {
    "status": "Actual Exercise System Test Draft",
    "msgType": "Alert Update Cancel Ack Error",
    "scope": "Public Restricted Private",
    "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
    "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
    "urgency": "Immediate Expected Future Past Unknown",
    "severity": "Extreme Severe Moderate Minor Unknown",
    "certainty": "Observed Likely Possible Unlikely Unknown",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
NAME = re.compile(r"[^\s,<&]+")
WITHIN = {"info": INFO, "area": AREA, "geocode": GEOCODE}


def check(element: Xml.Element, shape: tuple[tuple[str, int, int], ...]) -> None:
    """Raise unless an element of CAP has the children that its standard allows, in order, with valid values."""
    names = [child.tag.removeprefix(f"{{{CAP}}}") for child in element]
    order = [name for name, _, _ in shape]
    assert set(names) <= set(order)
    assert names == sorted(names, key=order.index)
    for name, least, most in shape:
        assert least <= names.count(name) <= most, name
    for name, child in zip(names, element, strict=True):
        if name in WITHIN:
            check(child, WITHIN[name])
            continue
        text = child.text or ""
        assert text.strip(), name
        if name in MAY_BE:
            assert text in MAY_BE[name].split()
        if name in ("sent", "effective", "onset", "expires"):
            assert TIME.fullmatch(text)
        if name in ("identifier", "sender"):
            assert NAME.fullmatch(text)
        if name == "references":
            for one in text.split():
                sender, identifier, sent = one.split(",")
                assert NAME.fullmatch(sender)
                assert NAME.fullmatch(identifier)
                assert TIME.fullmatch(sent)


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


async def current(town: Town) -> list[Alert]:
    async with town.database.reading() as unit:
        return await alerts.current(unit, town.now)


async def only(town: Town) -> Xml.Element:
    """The one alert in effect, written, read again and found to be valid."""
    (alert,) = await current(town)
    root = Xml.fromstring(alert_files.alert_file(alert, PUBLISHER, speaking().speaker))
    assert root.tag == f"{{{CAP}}}alert"
    check(root, ALERT)
    return root


def text(element: Xml.Element, path: str) -> str:
    return element.findtext("/".join(f"{{{CAP}}}{name}" for name in path.split("/"))) or ""


def infos(root: Xml.Element, language: str = "vi-VN") -> list[Xml.Element]:
    return [info for info in root.iter(f"{{{CAP}}}info") if text(info, "language") == language]


def weight(info: Xml.Element) -> tuple[str, ...]:
    return tuple(text(info, name) for name in ("responseType", "urgency", "severity", "certainty"))


async def test_planned_work_is_an_alert_with_a_block_for_each_window_and_language(town: Town) -> None:
    done = await plan(town, LINE, [window(), window(days=1)])
    root = await only(town)

    assert text(root, "identifier") == f"{done.outage.code}.1"
    assert text(root, "sender") == "dien.example.vn"
    assert [text(root, name) for name in ("status", "msgType", "scope")] == ["Actual", "Alert", "Public"]
    assert not text(root, "references")
    assert [text(info, "language") for info in root.iter(f"{{{CAP}}}info")] == ["vi-VN", "en-US"] * 2
    first, second = infos(root)
    assert weight(first) == ("Prepare", "Future", "Minor", "Likely")
    assert datetime.fromisoformat(text(first, "onset")) == MORNING
    assert datetime.fromisoformat(text(first, "expires")) == MORNING + timedelta(hours=3)
    assert datetime.fromisoformat(text(second, "onset")) == MORNING + timedelta(days=1)
    assert text(first, "event") == "Ngừng cấp điện theo kế hoạch"
    assert "10:00 đến 13:00" in text(first, "headline")
    assert text(infos(root, "en-US")[0], "event") == "Planned power outage"


async def test_the_area_is_told_by_wards_and_their_official_codes(town: Town) -> None:
    await plan(town, LINE)
    (info,) = infos(await only(town))

    assert text(info, "area/areaDesc") == "một phần Phường Sài Gòn, một phần Phường Bến Thành"
    codes = [(text(one, "valueName"), text(one, "value")) for one in info.iter(f"{{{CAP}}}geocode")]
    assert codes == [("VN-ward", "26740"), ("VN-ward", "26743")]


async def test_an_incident_is_immediate_and_seen(town: Town) -> None:
    await town.publish(LINE)
    (info,) = infos(await only(town))

    assert weight(info) == ("Monitor", "Immediate", "Moderate", "Observed")
    assert datetime.fromisoformat(text(info, "expires")) == NOW + timedelta(hours=24)


async def test_an_incident_outlives_the_end_that_was_expected(town: Town) -> None:
    await town.publish(LINE, slot=Slot(NOW, NOW + timedelta(hours=2)))
    (info,) = infos(await only(town))

    assert datetime.fromisoformat(text(info, "expires")) == NOW + timedelta(hours=26)


async def test_an_outage_of_single_customers_shows_only_their_wards(town: Town) -> None:
    await plan(town, Scope(customers=(HOME,)))
    (alert,) = await current(town)
    written = alert_files.alert_file(alert, PUBLISHER, speaking().speaker).decode()

    assert "Phường Bến Thành" in written
    for secret in (HOME, "Nguyễn", "0901234567", "Lê Lợi", "chị Tư"):
        assert secret not in written


async def test_a_change_is_an_update_that_refers_to_all_before_it(town: Town) -> None:
    done = await town.publish(LINE)
    for minutes, reason in ((5, "Cây ngã"), (10, "Cây ngã vào đường dây")):
        town.now = NOW + timedelta(minutes=minutes)
        await town.explain(done, reason)
    root = await only(town)

    code = done.outage.code
    assert text(root, "msgType") == "Update"
    assert text(root, "identifier") == f"{code}.3"
    assert text(root, "references") == (
        f"dien.example.vn,{code}.1,2026-11-23T07:05:00+00:00 dien.example.vn,{code}.2,2026-11-23T07:10:00+00:00"
    )


async def test_a_window_called_off_is_told_beside_those_that_are_on(town: Town) -> None:
    done = await plan(town, LINE, [window(), window(days=1)])
    kept = Slot(window(days=1).starts_at, window(days=1).ends_at, number=2)
    await town.change(done, OutageChange(frozenset({"slots"}), slots=(kept,)))
    root = await only(town)

    off, on = infos(root)
    assert text(root, "msgType") == "Update"
    assert text(off, "headline").startswith("Đã hủy")
    assert weight(off) == ("AllClear", "Past", "Minor", "Unlikely")
    assert weight(on) == ("Prepare", "Future", "Minor", "Likely")


async def test_the_return_of_power_is_an_all_clear_that_stays_for_a_day(town: Town) -> None:
    done = await town.publish(LINE)
    town.now += timedelta(hours=1)
    await town.restore(done)
    root = await only(town)

    assert text(root, "msgType") == "Update"
    assert weight(infos(root)[0]) == ("AllClear", "Past", "Moderate", "Observed")
    town.now += timedelta(hours=24)
    assert await current(town) == []


async def test_what_will_not_be_is_a_cancel_that_refers_to_what_was_said(town: Town) -> None:
    done = await plan(town, LINE)
    town.now += timedelta(hours=1)
    await town.cancel(done)
    root = await only(town)

    assert text(root, "msgType") == "Cancel"
    assert text(root, "references") == f"dien.example.vn,{done.outage.code}.1,2026-11-23T07:05:00+00:00"


async def test_a_new_time_after_a_postponement_is_a_new_alert(town: Town) -> None:
    done = await plan(town, LINE)
    await postpone(town, done)
    assert text(await only(town), "msgType") == "Cancel"

    await town.change(done, OutageChange(frozenset({"slots"}), slots=(window(days=3),)))
    root = await only(town)
    assert text(root, "msgType") == "Alert"
    assert not text(root, "references")


async def test_a_postponed_outage_leaves_the_feed_after_a_day(town: Town) -> None:
    await postpone(town, await plan(town, LINE))
    town.now += timedelta(hours=24)

    assert await current(town) == []


async def test_drafts_are_nowhere_and_a_published_one_refers_to_no_draft(town: Town) -> None:
    kept, thrown = await plan(town, LINE, draft=True), await plan(town, Scope(wards=(BEN_THANH,)), draft=True)
    await town.cancel(thrown)
    assert await current(town) == []
    async with town.database.reading() as unit:
        assert await alerts.by_code(unit, kept.outage.code) is None
        assert await alerts.by_code(unit, thrown.outage.code) is None

    async with town.database.unit() as unit:
        await outages.publish_draft(unit, outage_id(kept), (), "chị Tư", town.now)
    root = await only(town)
    assert (text(root, "msgType"), text(root, "references")) == ("Alert", "")


async def test_markup_and_control_characters_in_a_reason_stay_words(town: Town) -> None:
    await town.publish(LINE, reason="<b>Nổ</b> & \x0b cháy ]]>")
    (info,) = infos(await only(town))

    assert "<b>Nổ</b> &  cháy ]]>" in text(info, "description")


async def test_the_feed_is_atom_and_holds_each_alert_whole(town: Town) -> None:
    await plan(town, LINE)
    town.now += timedelta(minutes=1)
    incident = await town.publish(LINE)
    found = await current(town)
    feed = Xml.fromstring(alert_files.feed_file(found, PUBLISHER, speaking().speaker, town.now))

    assert feed.tag == f"{{{ATOM}}}feed"
    assert feed.findtext(f"{{{ATOM}}}id") == "https://dien.example.vn/alerts/cap.xml"
    assert feed.findtext(f"{{{ATOM}}}updated") == "2026-11-23T07:06:00+00:00"
    newest, older = feed.iter(f"{{{ATOM}}}entry")
    assert newest.findtext(f"{{{ATOM}}}id") == f"https://dien.example.vn/alerts/{incident.outage.code}.xml"
    for entry in (newest, older):
        assert all(entry.findtext(f"{{{ATOM}}}{name}") for name in ("id", "title", "updated"))
        content = entry.find(f"{{{ATOM}}}content")
        assert content is not None
        assert content.get("type") == "application/cap+xml"
        (alert,) = content
        check(alert, ALERT)


def test_a_feed_without_alerts_is_a_feed_all_the_same() -> None:
    feed = Xml.fromstring(alert_files.feed_file([], PUBLISHER, speaking().speaker, NOW))

    assert feed.findtext(f"{{{ATOM}}}updated") == "2026-11-23T07:05:00+00:00"
    assert feed.find(f"{{{ATOM}}}entry") is None

"""The feeds over HTTP: a calendar for its link only, alerts for everybody, sent again only when they changed."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import redirect_stderr
from datetime import timedelta
from xml.etree import ElementTree as Xml

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from bot import logs
from bot.sender import utcnow
from bot.web.feeds import Feeds
from bot.web.server import WebServices, create_app
from handlers.alert_files import ATOM, CAP, Publisher
from store import contacts
from store.extent import Scope
from tests.handlers.feed_town import LINKS, plan, speaking
from tests.town import FEEDER, HOME, Town, built
from tests.web.service import Service

LINE = Scope(feeders=(FEEDER,))
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def town(sqlite_url: str) -> AsyncIterator[Town]:
    async with built(sqlite_url) as town:
        yield town


@pytest.fixture
async def client(town: Town) -> AsyncIterator[Client]:
    publisher = Publisher("Điện lực Sáng Đèn", "1900 545454", LINKS)
    feeds = Feeds(town.database, speaking(), publisher, lambda: town.now)
    app = create_app(WebServices(town.database, utcnow, lambda ids: None, speaking().speaker), feeds.routes())
    async with TestClient(TestServer(app)) as client:
        yield client


def path(contact_id: int, version: int = 0) -> str:
    return LINKS.calendar(contact_id, version).removeprefix(LINKS.public_url)


async def test_a_calendar_is_served_to_its_link_and_kept_by_nobody_between(town: Town, client: Client) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    await plan(town, LINE)

    async with client.get(path(an)) as response:
        assert (response.status, response.content_type, response.charset) == (200, "text/calendar", "utf-8")
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert response.headers["X-Robots-Tag"] == "noindex"
        assert response.headers["Last-Modified"] == "Mon, 23 Nov 2026 07:05:00 GMT"
        assert "Cúp điện: Nhà" in await response.text()
        tag = response.headers["ETag"]
    async with client.get(path(an), headers={"If-None-Match": tag}) as response:
        assert (response.status, await response.read(), response.headers["ETag"]) == (304, b"", tag)


async def test_a_place_followed_since_is_sent_though_no_outage_changed(town: Town, client: Client) -> None:
    an = await town.resident("An")
    await plan(town, LINE)
    async with client.get(path(an)) as response:
        tag, changed = response.headers["ETag"], "Mon, 23 Nov 2026 07:05:00 GMT"
    await town.follow(an, f"c:{HOME}", "Nhà")

    async with client.get(path(an), headers={"If-None-Match": tag, "If-Modified-Since": changed}) as response:
        assert response.status == 200


async def test_a_forged_a_replaced_and_an_unknown_link_are_told_apart_by_nobody(
    town: Town, client: Client
) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    async with town.database.unit() as unit:
        await contacts.replace_calendar(unit, an)

    answers = set()
    for asked in (path(an), path(an + 1), "/calendar/x.ics", f"/calendar/{'x' * 5000}.ics"):
        async with client.get(asked) as response:
            answers.add((response.status, await response.text(), response.headers["Cache-Control"]))
    assert answers == {(404, "not found", "no-store")}


async def test_the_secret_of_a_link_is_in_no_log_line_even_when_mistyped(town: Town, client: Client) -> None:
    an = await town.resident("An", f"c:{HOME} Nhà")
    secret = path(an).removesuffix(".ics").rpartition("/")[2]
    written = io.StringIO()
    with redirect_stderr(written):
        logs.configure("json", "INFO")
        for asked in (path(an), f"/calendar/{secret}", f"/calendar/{secret}.ics/more"):
            async with client.get(asked):
                pass

    assert secret not in written.getvalue()
    assert written.getvalue().count("/calendar/{token}.ics") == 3


async def test_alerts_are_public_and_sent_again_only_when_they_changed(town: Town, client: Client) -> None:
    await plan(town, LINE)

    async with client.get("/alerts/cap.xml") as response:
        assert (response.status, response.content_type) == (200, "application/atom+xml")
        assert response.headers["Cache-Control"] == "public, max-age=60"
        feed, tag = Xml.fromstring(await response.read()), response.headers["ETag"]
        assert len(list(feed.iter(f"{{{ATOM}}}entry"))) == 1
    async with client.get("/alerts/cap.xml", headers={"If-None-Match": tag}) as response:
        assert response.status == 304
    town.now += timedelta(seconds=1)
    await town.publish(LINE)
    async with client.get("/alerts/cap.xml", headers={"If-None-Match": tag}) as response:
        feed = Xml.fromstring(await response.read())
        assert len(list(feed.iter(f"{{{ATOM}}}entry"))) == 2


async def test_what_ends_by_itself_leaves_the_feed_though_nothing_changed(town: Town, client: Client) -> None:
    await town.cancel(await plan(town, LINE))
    async with client.get("/alerts/cap.xml") as response:
        assert "Cancel" in await response.text()
    town.now += timedelta(hours=25)
    async with client.get("/alerts/cap.xml") as response:
        assert "Cancel" not in await response.text()


async def test_one_alert_is_served_alone_and_a_draft_is_not(town: Town, client: Client) -> None:
    done, draft = await plan(town, LINE), await plan(town, LINE, draft=True)

    async with client.get(f"/alerts/{done.outage.code}.xml") as response:
        assert (response.status, response.content_type) == (200, "application/cap+xml")
        assert Xml.fromstring(await response.read()).tag == f"{{{CAP}}}alert"
    for code in (draft.outage.code, "KH-1", "%00"):
        async with client.get(f"/alerts/{code}.xml") as response:
            assert response.status == 404


async def test_the_running_service_serves_the_feeds(served: Service) -> None:
    await served.publish("Cây ngã")
    async with ClientSession(served.address) as client:
        async with client.get("/alerts/cap.xml") as response:
            assert "Cây ngã" in await response.text()
        async with client.get("/calendar/x.ics") as response:
            assert response.status == 404

"""The staff API of proposed windows: who may answer, what comes back, and how it refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conversations.model import Span, Words
from conversations.proposals import AgreeToWindow
from conversations.reschedule import Propose
from handlers import proposals
from handlers.outages import Slot
from handlers.talking import talking
from store import proposals as kept
from store.contacts import Contact
from tests.town import FACTORY, NOW
from tests.web.test_outages_api import Office, office

__all__ = ["office"]

DAY = timedelta(days=1)
PATH = "/api/v1/proposals"
ASIDE = {
    "override": [{"rule": "company_notice", "why": "khách tự đề nghị"}, {"rule": "one_cut", "why": "dời lịch"}]
}


def window(days: int) -> Span:
    return Span((NOW + days * DAY).isoformat(), (NOW + days * DAY + timedelta(hours=3)).isoformat())


@pytest.fixture
async def asked(office: Office) -> Office:
    """An office with one proposal: the window in 20 days, to be moved to the 25th or 26th day."""
    town = office.town
    await town.serve("industrial", FACTORY)
    factory = await town.resident("nhà máy", f"c:{FACTORY} Xưởng")
    plan = await town.plan(Slot(NOW + 20 * DAY, NOW + 20 * DAY + timedelta(hours=3)))
    await town.send()
    async with town.database.unit() as unit:
        contact = await unit.session.get(Contact, factory)
        assert contact is not None
        assert plan.outage.id is not None
        wish = Propose(
            "DG-1", plan.outage.id, 1, FACTORY, (window(25), window(26)), Words("reschedule.reason.order")
        )
        await proposals.propose(unit, contact, wish, town.now, talking())
    return office


async def test_proposals_are_listed_with_what_staff_must_know(asked: Office) -> None:
    answer = await asked.ask("GET", f"{PATH}?state=open", role="agent")
    (one,) = answer.body["proposals"]
    assert (one["code"], one["segment"], one["slot"]) == ("DG-1", "industrial", 1)
    assert (len(one["windows"]), one["important"]) == (2, False)
    assert (await asked.ask("GET", f"{PATH}?state=declined")).body == {"proposals": [], "next_before": None}
    assert (await asked.ask("GET", f"{PATH}?state=maybe")).status == 422


async def test_the_list_shows_neither_the_code_nor_the_reason_and_one_proposal_shows_both(asked: Office) -> None:
    listed = await asked.ask("GET", PATH, role="agent")
    settled = await asked.ask("POST", f"{PATH}/1/decline", {"why": "đội bận"})
    for body in (listed.body, settled.body):
        assert FACTORY not in str(body)
        assert "Đang chạy đơn hàng" not in str(body)
    assert listed.body["proposals"][0]["customer_code"] == f"…{FACTORY[-3:]}"

    for role in ("operator", "agent", "leader", "admin"):
        read = await asked.ask("GET", f"{PATH}/1", role=role)
        assert (read.status, read.body["customer_code"], read.body["reason"]) == (
            200,
            FACTORY,
            "Đang chạy đơn hàng",
        )
    unknown = await asked.ask("GET", f"{PATH}/99", role="agent")
    assert (unknown.status, unknown.code) == (404, "proposal.unknown")


async def test_what_breaks_a_rule_takes_a_leader(asked: Office) -> None:
    broken = await asked.ask("POST", f"{PATH}/1/accept", {"window": 2}, Accept_Language="en")
    assert (broken.status, broken.code) == (409, "plan.broken")
    operator = await asked.ask("POST", f"{PATH}/1/accept", {"window": 2, **ASIDE})
    assert (operator.status, operator.code) == (403, "forbidden.override")

    done = await asked.ask("POST", f"{PATH}/1/accept", {"window": 2, **ASIDE}, role="leader")

    assert (done.status, done.body["proposal"]["state"], done.body["revision"]) == (200, "accepted", 2)
    assert (done.body["proposal"]["chosen"], done.body["recipients"]) == (2, 1)
    moved = (await asked.ask("GET", "/api/v1/outages/1")).body["slots"]
    # Windows of a proposal and windows of an outage both count from 1.
    assert moved == [{"number": 1, **done.body["proposal"]["windows"][1], "state": "on"}]
    assert "company_notice" in {finding["rule"] for finding in done.body["findings"]}


async def test_a_deed_sent_twice_under_one_key_is_done_once(asked: Office) -> None:
    for _ in range(2):
        answer = await asked.ask("POST", f"{PATH}/1/decline", {"why": "đội bận"}, Idempotency_Key="k-1")
        assert (answer.status, answer.body["proposal"]["state"]) == (200, "declined")
    again = await asked.ask("POST", f"{PATH}/1/decline", {"why": "đội bận"}, Accept_Language="en")
    assert (again.status, again.code) == (409, "proposal.settled")


async def test_a_counter_proposal_is_kept_until_the_customer_answers(asked: Office) -> None:
    span = window(27)
    body = {"starts_at": span.start, "ends_at": span.end, "why": "đội bận", **ASIDE}
    done = await asked.ask("POST", f"{PATH}/1/counter", body, role="admin")
    assert (done.status, done.body["proposal"]["state"], done.body["revision"]) == (200, "countered", None)
    assert done.body["proposal"]["counter"]["starts_at"].startswith(span.start[:16])


async def test_why_a_window_agreed_on_could_not_be_is_said_in_the_callers_language(asked: Office) -> None:
    span = window(8)
    body = {"starts_at": span.start, "ends_at": span.end, "why": "đội bận", **ASIDE}
    await asked.ask("POST", f"{PATH}/1/counter", body, role="admin")
    # By the time the customer agrees it is too soon by law.
    asked.town.now += 4 * DAY
    async with asked.town.database.unit() as unit:
        proposal = await kept.by_id(unit, 1)
        assert proposal is not None
        contact = await unit.session.get(Contact, proposal.contact_id)
        assert contact is not None
        await proposals.agree(unit, contact, AgreeToWindow(1), asked.town.now, talking())

    english = (await asked.ask("GET", f"{PATH}/1", Accept_Language="en")).body
    vietnamese = (await asked.ask("GET", PATH)).body["proposals"][0]

    assert (english["state"], english["why"]) == ("open", "đội bận")
    (law,) = english["refused"]
    assert law.startswith("It begins at 14:05 01/12/2026: the law wants 5 days' notice")
    assert [one.startswith("Bắt đầu 14:05 01/12/2026: luật buộc") for one in vietnamese["refused"]] == [True]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/99/decline", {"why": "không"}, 404, "proposal.unknown"),
        ("/1/decline", {}, 422, "invalid"),
        ("/1/decline", {"why": " "}, 422, "invalid"),
        ("/1/accept", {"window": 3}, 422, "invalid"),
        ("/1/accept", {"window": 0}, 422, "invalid"),
        ("/1/accept", {"window": -1}, 422, "invalid"),
        ("/1/counter", {"starts_at": "mai", "ends_at": "mốt"}, 422, "invalid"),
        ("/1/counter", {"starts_at": window(27).end, "ends_at": window(27).start}, 422, "invalid"),
        ("/1/counter", {"starts_at": window(-1).start, "ends_at": window(-1).end}, 422, "invalid"),
    ],
)
async def test_what_cannot_be_is_refused(
    asked: Office, path: str, body: dict[str, object], status: int, code: str
) -> None:
    answer = await asked.ask("POST", PATH + path, body)
    assert (answer.status, answer.code) == (status, code)
    assert (await asked.ask("GET", PATH)).body["proposals"][0]["state"] == "open"


async def test_who_may_read_may_not_answer(asked: Office) -> None:
    answer = await asked.ask("POST", f"{PATH}/1/decline", {"why": "không"}, role="agent")
    assert (answer.status, answer.code) == (403, "forbidden")

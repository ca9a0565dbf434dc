"""The staff API of the knowledge base: what runs out first stands first, questions get their articles."""

from __future__ import annotations

from store import knowledge
from tests.town import NOW
from tests.web.test_outages_api import Office, office

__all__ = ["office"]


async def test_articles_are_listed_with_votes_and_those_to_check_apart(office: Office) -> None:
    async with office.town.database.unit() as unit:
        await knowledge.count_vote(unit, "pay-where", True)
        await knowledge.count_vote(unit, "pay-where", False)
    listed = (await office.ask("GET", "/api/v1/knowledge", role="agent")).body
    assert listed["wrong"] == []
    assert len(listed["articles"]) >= 45
    days = [one["still_right_until"] for one in listed["articles"]]
    assert days == sorted(days)
    (one,) = (one for one in listed["articles"] if one["id"] == "pay-where")
    assert (one["helped"], one["not_helped"], one["ran_out"]) == (1, 1, False)

    assert (await office.ask("GET", "/api/v1/knowledge?to_check=true")).body["articles"] == []
    office.town.now = NOW.replace(month=12, day=20)
    soon = (await office.ask("GET", "/api/v1/knowledge?to_check=true")).body["articles"]
    assert {one["still_right_until"] for one in soon} == {"2026-12-31"}
    assert all(one["runs_out_soon"] and not one["ran_out"] for one in soon)
    office.town.now = NOW.replace(year=2027, month=1, day=2)
    late = (await office.ask("GET", "/api/v1/knowledge?to_check=true")).body["articles"]
    assert all(one["ran_out"] and not one["runs_out_soon"] for one in late)


async def test_unknown_questions_are_listed_and_answered(office: Office) -> None:
    async with office.town.database.unit() as unit:
        for text in ("điện mặt trời", "tủ bù", "tủ bù"):
            await knowledge.keep_question(unit, None, text, text, NOW)
    page = (await office.ask("GET", "/api/v1/unknown-questions?limit=1")).body
    (first,) = page["questions"]
    assert (first["text"], first["count"], first["answered_by"]) == ("tủ bù", 2, None)
    older = (await office.ask("GET", f"/api/v1/unknown-questions?before={page['next_before']}")).body
    assert [one["text"] for one in older["questions"]] == ["điện mặt trời"]

    path = f"/api/v1/unknown-questions/{first['id']}/answer"
    assert (await office.ask("POST", path, {"article": "no-such"})).code == "article.unknown"
    assert (await office.ask("POST", "/api/v1/unknown-questions/99/answer", {"article": None})).code == (
        "question.unknown"
    )
    assert (await office.ask("POST", path, {"article": "save-list"}, role="agent")).status == 403
    done = await office.ask("POST", path, {"article": "save-list"})
    assert (done.status, done.body["answered_by"]) == (200, "save-list")
    left = (await office.ask("GET", "/api/v1/unknown-questions?answered=false")).body["questions"]
    assert [one["text"] for one in left] == ["điện mặt trời"]

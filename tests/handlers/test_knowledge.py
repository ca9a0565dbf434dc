"""Questions that nobody could answer are kept once and masked, votes counted, and staff's files seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from conversations.knowledge import CountVote, FindArticles, KeepQuestion, ReadArticle
from handlers import knowledge as use
from handlers import knowledge_base, ticks
from handlers.commands import carry_out
from handlers.knowledge_base import KnowledgeBase
from handlers.talking import talking
from store import conversations, knowledge
from store.contacts import Contact
from tests.rules.test_articles import GOOD
from tests.town import NOW, built


async def test_a_question_is_kept_once_masked_and_counted_and_votes_are(migrated_url: str) -> None:
    async with built(migrated_url) as town:
        contact_id = await town.resident("An")
        asked = (
            "Pin mặt trời PE01000000014?",
            "pin mat troi pe01000000021",
            "0901234567",
            "Pin MẶT trời PE01000000014!",
        )
        votes = (("pay-where", True), ("pay-where", True), ("pay-where", False), ("no-such", True))
        async with town.database.unit() as unit:
            contact = await unit.session.get(Contact, contact_id)
            assert contact is not None
            for at, question in enumerate(asked):
                await carry_out(unit, contact, KeepQuestion(question), NOW + timedelta(hours=at), talking())
            for article, helped in votes:
                await carry_out(unit, contact, CountVote(article, helped), NOW, talking())
            assert await knowledge.answered(unit, 99, "pay-where") is None
        async with town.database.unit() as unit:
            (kept,) = await knowledge.unknown_questions(unit, None, 10, None)
            assert (kept.text_masked, kept.count) == ("Pin mặt trời [mã khách hàng]?", 3)
            assert (kept.first_at, kept.last_at) == (NOW, NOW + timedelta(hours=3))
            assert await knowledge.votes(unit) == {"pay-where": (2, 1)}
            assert kept.id is not None
            await knowledge.answered(unit, kept.id, "save-list")
        async with town.database.unit() as unit:
            assert await knowledge.unknown_questions(unit, False, 10, None) == []
            assert len(await knowledge.unknown_questions(unit, True, 10, None)) == 1
            contact = await unit.session.get(Contact, contact_id)
            assert contact is not None
            # Asked again, the answer did not do.
            await carry_out(unit, contact, KeepQuestion("pin mặt trời PE01000000014"), NOW, talking())
            (again,) = await knowledge.unknown_questions(unit, False, 10, None)
            assert again.count == 4

            found = await use.find(unit, contact, FindArticles("trả tiền điện ở đâu"), NOW, talking())
            assert (found.sure, found.elsewhere) == ("pay-where", False)
            other = await use.find(unit, contact, FindArticles("nhà tôi mất điện rồi"), NOW, talking())
            assert other.elsewhere
            subject = await use.find(unit, contact, FindArticles("", "scam"), NOW, talking())
            assert [one.id for one in subject.near] == ["scam-call", "scam-message", "scam-visit"]
            read = await use.read(unit, contact, ReadArticle("debt-fee"), NOW + timedelta(days=60), talking())
            assert (read.ran_out, read.title) == (True, "Phí đóng điện lại")
            gone = await use.read(unit, contact, ReadArticle("gone"), NOW, talking())
            assert (gone.title, gone.checked) == ("", None)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the folder each time."""
    monkeypatch.setattr(knowledge_base, "LOOK_EVERY", 0.0)


@pytest.mark.usefixtures("at_once")
def test_what_staff_write_is_seen_and_a_bad_file_leaves_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    shelf = KnowledgeBase(folder)
    before = shelf.current()
    assert "own" not in before.shelf.articles
    assert shelf.current() is before

    folder.mkdir()
    (folder / "ours.toml").write_text(GOOD, "utf-8")
    after = shelf.current()
    assert after.search.find("máy bơm có tốn điện không", "saving").sure == "own"

    (folder / "ours.toml").write_text(GOOD + "oops", "utf-8")
    broken = shelf.current().shelf
    assert "own" not in broken.articles
    assert "pay-where" in broken.articles
    assert "ours.toml, line" in broken.wrong[0]


def test_the_library_of_a_conversation_can_be_another(tmp_path: Path) -> None:
    assert replace(talking(), knowledge=KnowledgeBase(tmp_path)).knowledge is not talking().knowledge


async def test_what_one_customer_asked_in_vain_is_not_kept_for_ever_and_no_event_is(migrated_url: str) -> None:
    async with built(migrated_url) as town:
        hoa, an = await town.resident("Hoa"), await town.resident("An")
        async with town.database.unit() as unit:
            for who, question in ((hoa, "chị Nguyễn Thị Hoa hỏi pin"), (hoa, "xe điện"), (an, "xe điện")):
                contact = await unit.session.get_one(Contact, who)
                await carry_out(unit, contact, KeepQuestion(question), NOW, talking())
            for event in ("e1", "e2", "e3"):
                await conversations.receive(unit, "web", event, hoa, "alo", NOW)
            later = NOW + ticks.KEEP_QUESTIONS + timedelta(days=1)
            while await ticks.retention(unit, later):
                pass
            (kept,) = await knowledge.unknown_questions(unit, None, 10, None)
            assert not await conversations.received_by(unit, hoa, 10)
        assert kept.text_masked == "xe điện"

"""The knowledge base is whole, a bad file is named and does no harm, and questions find their answers."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from conversations.folding import fold
from conversations.knowledge import FLOW
from conversations.phrasebook import phrasebook
from conversations.understand import SURE, understand
from handlers.rules.article_search import Search
from handlers.rules.articles import BUILT_IN, Article, read_shelf
from handlers.rules.redaction import redacted

SHELF = read_shelf([BUILT_IN])
SEARCH = Search(SHELF.articles)
QUESTIONS = tomllib.loads((Path(__file__).parent / "questions.toml").read_text("utf-8"))
GOOD = """
[[article]]
id = "own"
intents = ["saving"]
title = { vi = "Của mình", en = "Own" }
questions = ["máy bơm tốn điện không", "pump"]
answer = { vi = "**Ít** thôi.", en = "Little." }
source = "x"
checked_on = 2026-11-01
still_right_until = 2026-12-01
"""


def subject(question: str) -> str | None:
    understood = understand(question)
    return understood.intent if understood.score >= SURE else None


def test_every_built_in_article_is_usable_and_there_are_enough() -> None:
    assert SHELF.wrong == ()
    assert len(SHELF.articles) >= 45


def test_every_subject_of_the_flow_has_articles() -> None:
    assert all(len(SEARCH.about(intent)) >= 3 for intent in FLOW.starts_on)


def test_every_article_names_an_intent_that_there_is_and_a_day_not_too_far() -> None:
    intents = {intent for _, intent in phrasebook().phrases}
    for article in SHELF.articles.values():
        assert article.intents
        assert set(article.intents) <= intents
        assert article.still_right_until - article.checked_on <= timedelta(days=3 * 366)


def test_questions_find_their_article_or_are_offered_it_and_hardly_ever_another() -> None:
    asked = [(one, article) for article, all_ in QUESTIONS.items() for one in all_]
    hits = [(SEARCH.find(question, subject(question)), article) for question, article in asked]
    answered = sum(hit.sure == article for hit, article in hits)
    offered = sum(hit.sure is None and article in hit.near for hit, article in hits)
    wrong = sum(hit.sure not in (None, article) for hit, article in hits)
    assert answered / len(asked) >= 0.8
    assert (answered + offered) / len(asked) >= 0.95
    assert wrong / len(asked) <= 0.02


def test_none_of_the_questions_is_in_an_article() -> None:
    known = {fold(said) for one in SHELF.articles.values() for said in (*one.questions, *one.title.values())}
    assert not [one for all_ in QUESTIONS.values() for one in all_ if fold(one) in known]


def test_what_has_nothing_to_do_with_a_utility_is_hardly_ever_answered() -> None:
    strange = [said for said, intent in phrasebook().phrases if intent == "off_topic"]
    answered = [said for said in strange if SEARCH.find(said).sure]
    assert len(answered) <= 0.05 * len(strange)


def test_every_question_of_an_article_finds_it() -> None:
    missed = [
        (said, article.id)
        for article in SHELF.articles.values()
        for said in article.questions
        if article.id
        not in (SEARCH.find(said, article.intents[0]).sure, *SEARCH.find(said, article.intents[0]).near)
    ]
    assert not missed


def test_an_article_runs_out_after_its_last_day() -> None:
    article: Article = SHELF.articles["debt-fee"]
    assert article.still_right_until == date(2026, 12, 31)
    assert not article.ran_out(date(2026, 12, 31))
    assert article.ran_out(date(2027, 1, 1))


def test_an_article_of_staff_takes_the_place_of_a_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(GOOD.replace('"own"', '"save-list"', 1), "utf-8")
    shelf = read_shelf([BUILT_IN, tmp_path])
    assert shelf.wrong == ()
    assert shelf.articles["save-list"].title["en"] == "Own"
    assert len(shelf.articles) == len(SHELF.articles)


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ('source = "x"', "", 12, "`source` must be a text"),
        ('id = "own"', 'id = "Của tôi"', 12, "`id` must be small letters"),
        ("checked_on = 2026-11-01", 'checked_on = "hôm qua"', 12, "`checked_on` must be a day"),
        ("still_right_until = 2026-12-01", "still_right_until = 2025-12-01", 12, "lies before `checked_on`"),
        ('en = "Little."', 'en = ""', 12, "`en` must be a text"),
        (', en = "Little."', "", 12, "a text in vi and one in en"),
        ("**Ít**", "**Ít", 12, "opened and closed"),
        ("**Ít**", "<b>Ít</b>", 12, "opened and closed"),
        ('["máy bơm tốn điện không", "pump"]', '["pump"]', 12, "at least 2 texts"),
        ('source = "x"', 'source = "x"\nsuorce = "x"', 12, "`suorce` is no field"),
        ('source = "x"', 'source = "x"\noffers = ["money"]', 12, "`offers` has 'money'"),
        ('source = "x"', "source = x", 18, "cannot be read as TOML"),
    ],
)
def test_a_bad_article_is_named_with_its_line_and_the_others_go_on(
    tmp_path: Path, old: str, new: str, line: int, why: str
) -> None:
    first = GOOD.replace('"own"', '"first"')
    assert old in GOOD
    (tmp_path / "bad.toml").write_text(first + GOOD.replace(old, new, 1), "utf-8")
    (tmp_path / "good.toml").write_text(GOOD.replace('"own"', '"other"'), "utf-8")
    shelf = read_shelf([tmp_path])
    assert "other" in shelf.articles
    assert ("first" in shelf.articles) == ("TOML" not in why)
    (sentence,) = shelf.wrong
    assert f"bad.toml, line {line}" in sentence
    assert why in sentence


def test_two_articles_of_one_id_and_a_button_to_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "twice.toml").write_text(GOOD + GOOD + 'next = ["nowhere"]\n', "utf-8")
    (tmp_path / "empty.toml").write_text("title = 1\n", "utf-8")
    empty, twice = read_shelf([tmp_path]).wrong
    assert "twice.toml, line 12: `id` 'own' is taken" in twice
    assert "empty.toml, line 1: holds no [[article]]" in empty
    (tmp_path / "twice.toml").write_text(GOOD + 'next = ["nowhere"]\n', "utf-8")
    assert "`next` names 'nowhere'" in read_shelf([tmp_path]).wrong[-1]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("mã PE01000000014 bị gì", "mã [mã khách hàng] bị gì"),
        ("PE01 0000 00014 nhé", "[mã khách hàng] nhé"),
        ("gọi 0901 234 567 hoặc +84901234567", "gọi [số điện thoại] hoặc [số điện thoại]"),
        ("cccd 079123456789, cmnd 123456789", "cccd [số giấy tờ], cmnd [số giấy tờ]"),
        ("thư a.b@c.vn", "thư [email]"),
        ("số tk 12345678", "số tk [số]"),
        ("tiền điện 1.250.000 đ, 350 kWh, 25/12/2026", "tiền điện 1.250.000 đ, 350 kWh, 25/12/2026"),
    ],
)
def test_what_could_name_a_person_is_not_kept(said: str, kept: str) -> None:
    assert redacted(said) == kept

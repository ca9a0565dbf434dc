"""What planning rules find is a sentence in both languages, whatever the rule."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from bot.web.errors import findings_out
from handlers.rules.freezes import Freeze, FreezeCalendar, Unannounced
from handlers.rules.planning import EarlierCut, Finding, Overlap, Plan, Rule, Window, check, rules_at
from handlers.talking import ZONE

NOW = datetime(2026, 11, 24, 9, tzinfo=ZONE)
HOUR = timedelta(hours=1)
EVE = datetime(2026, 11, 27, 8, tzinfo=ZONE)
EXAM = Unannounced(2026, "Kỳ thi", "not announced", date(2026, 11, 1), date(2026, 11, 30))
TET = Freeze("tet", "Tết", date(2026, 11, 27), date(2026, 11, 28), "test", assumed=True)
# A plan with which everything is wrong that can be; one that lies in a year nobody knows beside it.
BAD = Plan(
    windows=(
        Window(EVE, EVE + 6 * HOUR),
        Window(EVE + 6 * HOUR, EVE + 8 * HOUR),
        Window(datetime(2027, 1, 5, 8, tzinfo=ZONE), datetime(2027, 1, 5, 9, tzinfo=ZONE)),
    ),
    feeders=frozenset({"TT-472"}),
    segments={"industrial": 3},
    important=2,
    cuts=(EarlierCut("TT-472", "KH-1", EVE - 30 * 24 * HOUR),),
    overlaps=(Overlap("SC-1", EVE, None),),
)
FOUND = check(BAD, rules_at(NOW.date()), FreezeCalendar((TET,), (EXAM,), (2026,)), NOW, ZONE)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_rule_has_a_sentence_that_names_what_was_found(language: str) -> None:
    assert {finding.rule for finding in FOUND} == set(Rule)
    for finding, shown in zip(FOUND, findings_out(FOUND, language), strict=True):
        assert "{" not in shown.text
        assert shown.text.endswith(".")
        assert shown.text != str(finding.rule)


@pytest.mark.parametrize(
    ("rule", "vietnamese", "english"),
    [
        (Rule.FREEZE, "ngày dự kiến, chưa công bố chính thức", "days assumed, not officially announced"),
        (Rule.CALENDAR, "năm 2027", "of 2027"),
        (Rule.UNANNOUNCED, "chưa công bố ngày", "has not been announced yet"),
        (Rule.COMPANY_NOTICE, "khu công nghiệp", "industrial zone"),
    ],
)
def test_what_is_assumed_or_unknown_is_in_the_words(rule: Rule, vietnamese: str, english: str) -> None:
    (finding,) = (one for one in FOUND if one.rule is rule)
    (in_vietnamese,), (in_english,) = findings_out([finding], "vi"), findings_out([finding], "en")
    assert vietnamese in in_vietnamese.text
    assert english in in_english.text


def test_announced_days_are_not_called_assumed() -> None:
    days = {"day": "27/11/2026", "first": "27/11/2026", "last": "28/11/2026"}
    (shown,) = findings_out([Finding(Rule.FREEZE, True, {"name": "Tết", **days, "status": "announced"})], "en")
    assert "(27/11/2026 – 28/11/2026; days announced)" in shown.text

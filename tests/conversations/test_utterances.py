"""The labelled utterances, half of them held out from the rules: most are acted upon rightly, few wrongly."""

import pytest

from conversations.folding import fold
from conversations.phrasebook import phrasebook
from conversations.understand import MAYBE, SURE, understand
from tests.conversations.judging import HALVES, Answer, judged, labelled

# The list of the product's intents that is fixed for other programs.
INTENTS = frozenset(
    """greeting menu help cancel language agent outage_report outage_my_home_only outage_restored outage_eta
    outage_schedule outage_reason outage_reschedule danger subscribe unsubscribe tariff bill_estimate bill_high
    rented_room connect_new connect_station contract_change meter_check request_progress payment invoice
    reconnect_debt safety saving contact_change complaint praise scam privacy off_topic""".split()  # noqa: SIM905
)
# Danger has rules instead of phrases.
RULED = {"danger"}


def ours(said: str) -> Answer:
    understood = understand(said)
    return (understood.intent if understood.score >= SURE else None), understood.score >= MAYBE


@pytest.mark.parametrize("half", HALVES)
def test_an_utterance_is_acted_upon_rightly_or_asked_back(half: str) -> None:
    shares = judged(labelled(half).meant, ours)
    assert shares.right >= 0.92
    assert shares.wrong <= 0.03


@pytest.mark.parametrize(
    ("said", "values"), [pair for half in HALVES for pair in labelled(half).values], ids=lambda one: str(one)[:40]
)
def test_the_values_in_an_utterance_are_found(said: str, values: dict[str, str]) -> None:
    assert values.items() <= dict(understand(said).values).items()


def test_no_utterance_of_danger_goes_unheard() -> None:
    missed = [said for said, meant in labelled("tuned").meant if meant == "danger" and ours(said)[0] != "danger"]
    assert not missed


def test_the_set_is_large_covers_every_intent_and_half_of_it_is_without_diacritics() -> None:
    sets = [labelled(half).meant for half in HALVES]
    assert sum(map(len, sets)) >= 440
    assert all({intent for _, intent in meant} >= INTENTS for meant in sets)
    for meant in sets:
        bare = sum(said.isascii() for said, _ in meant)
        assert 0.4 <= bare / len(meant) <= 0.7


def test_no_utterance_is_in_the_data_that_it_tries() -> None:
    book = phrasebook()
    known = {phrase for phrase, _ in book.phrases} | set(book.exact)
    assert not [said for said, _ in labelled("held_out").meant if fold(said) in known]
    halves = [{fold(said) for said, _ in labelled(half).meant} for half in HALVES]
    assert not halves[0] & halves[1]


def test_every_intent_of_the_list_can_be_understood() -> None:
    book = phrasebook()
    assert {intent for _, intent in book.phrases} | set(book.exact.values()) >= INTENTS - RULED

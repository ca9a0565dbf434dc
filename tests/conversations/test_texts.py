"""Both catalogs say the same things, in the same shape, and every key that the code names is in them."""

import re
from io import StringIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import conversations
from conversations.engine_speech import title
from conversations.flows import FLOWS
from conversations.model import LANGUAGES, Figure, Language, Moment, Words
from conversations.phrasebook import phrasebook
from conversations.texts import keys_of, sources, wanted_values
from handlers.talking import talking

ROOT = Path(conversations.__file__).parents[1]
LITERAL = re.compile(r"""\b(?:Words|say|self\.say)\(\s*"([a-z_]+(?:\.[a-z_]+)+)\"""")
TAG = re.compile(r"</?[^>]*>")


def texts(language: Language) -> dict[str, tuple[str, ...]]:
    """Every text by key; more than one where there is a plural."""
    return {
        (message.id if isinstance(message.id, str) else message.id[0]): (
            (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        )
        for message in read_po(StringIO(sources()[language]))
        if message.id
    }


def test_both_catalogs_have_the_same_keys() -> None:
    assert keys_of("vi") == keys_of("en")


def test_both_catalogs_want_the_same_values() -> None:
    vi, en = ({key: set.union(*map(wanted_values, all_)) for key, all_ in texts(one).items()} for one in LANGUAGES)
    assert vi == en


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_bold_and_italic_are_used_and_closed_on_their_line(language: Language) -> None:
    for key, all_ in texts(language).items():
        for line in (line for text in all_ for line in text.split("\n")):
            tags = "".join(TAG.findall(line))
            assert re.fullmatch(r"(<b></b>|<i></i>)*", tags), f"{key}: {line}"


def test_a_figure_has_the_marks_of_its_language_and_a_date_no_weekday() -> None:
    figure, date = Figure(1_234_567), Moment("2025-05-10T12:00:00+07:00", "date")
    said = [talking().speaker.plain(Words("literal", {"text": figure}), one) for one in LANGUAGES]
    assert said == ["1.234.567", "1,234,567"]
    dates = [talking().speaker.plain(Words("literal", {"text": date}), one) for one in LANGUAGES]
    assert dates == ["10/5/2025", "10 May 2025"]


def test_no_text_is_empty() -> None:
    assert not [key for one in LANGUAGES for key, all_ in texts(one).items() if not all(map(str.strip, all_))]


def test_every_key_that_the_code_names_is_in_the_catalogs() -> None:
    files = [file for folder in ("conversations", "handlers", "bot") for file in (ROOT / folder).rglob("*.py")]
    named = {key for file in files for key in LITERAL.findall(file.read_text("utf-8"))}
    assert len(named) > 50
    assert named <= keys_of("vi")


def test_every_flow_has_its_name_and_its_questions() -> None:
    asked = {
        f"{flow.name}.{step.name}" for flow in FLOWS.by_name.values() for step in flow.steps if not step.prompt
    }
    named = {title(flow).key for flow in FLOWS.by_name.values()} | {f"menu.{flow.name}" for flow in FLOWS.menu}
    assert (asked - {"unclear.text"}) | named <= keys_of("vi")


def test_every_intent_has_a_name_and_leads_somewhere() -> None:
    book = phrasebook()
    intents = {intent for _, intent in book.phrases} | set(book.exact.values())
    assert {f"intent.{intent}" for intent in intents} <= keys_of("vi")
    commands = {"menu", "help", "cancel", "back", "language", "agent", "go_on", "greeting"}
    answered = {intent for intent in intents if f"about.{intent}" in keys_of("vi")}
    assert intents == answered | set(FLOWS.by_intent) | commands

"""Every transcript goes exactly as written; `SANGDEN_UPDATE=1` writes it anew, to be read before it is kept."""

import os
from pathlib import Path

import pytest

from conversations.model import Language
from store.db import Database
from tests.conversations.playing import Playing

FOLDER = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*/*.txt"))


@pytest.mark.parametrize("file", TRANSCRIPTS, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_the_conversation_goes_as_written(demo: Database, file: Path) -> None:
    language: Language = "en" if file.parent.name == "en" else "vi"
    written = file.read_text("utf-8")  # noqa: ASYNC240 (a test has nobody else to wait for)
    played = await Playing(demo, language).play(written)
    if os.environ.get("SANGDEN_UPDATE"):
        file.write_text(played, "utf-8")  # noqa: ASYNC240
    else:
        assert "\n! " not in written
        assert played == written


def test_there_are_transcripts_in_both_languages() -> None:
    assert {file.parent.name for file in TRANSCRIPTS} == {"vi", "en"}

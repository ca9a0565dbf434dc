"""What the documents say about the project is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
CODE_FILE = re.compile(r"`((?:bot|handlers|conversations|store|tests|benchmarks)/[\w/.-]*)`")


def anchors(document: Path) -> set[str]:
    """The names of a document's headings, as GitHub links to them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    documented = set(
        re.findall(r"^\| `(SANGDEN_\w+)`", (ROOT / "docs/operations.md").read_text("utf-8"), re.MULTILINE)
    )
    assert documented == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_file_names_resolve(document: Path) -> None:
    text = document.read_text("utf-8")
    for link in ("".join(groups) for groups in LINK.findall(text)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document
        assert target.exists(), f"{document.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{document.name} links to {link}"
    for name in CODE_FILE.findall(text):
        if ".venv" in name:  # made by `make`, not kept
            continue
        assert (ROOT / name).exists() or list(ROOT.glob(name)), f"{document.name} names {name}"


def test_every_function_that_the_walkthroughs_name_is_in_the_file_that_they_name() -> None:
    text = " ".join((ROOT / "docs/walkthroughs.md").read_text("utf-8").split())
    named = re.findall(r"`([\w/]+\.py)`, `([\w.]+)`", text)
    assert len(named) >= 10
    for file, name in named:
        source = (ROOT / file).read_text("utf-8")
        for part in name.split("."):
            assert re.search(rf"(?:def|class) {part}\b", source), f"{file} has no {part}"


def test_the_picture_of_the_chat_is_small() -> None:
    assert (ROOT / "docs/images/chat.png").stat().st_size < 200_000

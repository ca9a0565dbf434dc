"""The articles in use: those that come with the product and those of staff, read anew when a file changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from handlers.rules.article_search import Search
from handlers.rules.articles import BUILT_IN, Shelf, read_shelf

log = structlog.get_logger(__name__)

# Staff wait at most so long, in seconds, until what they wrote is said; looking costs one call for each file.
LOOK_EVERY = 20.0

_Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Collection:
    """The articles as they are now, and the index over them."""

    shelf: Shelf
    search: Search


class KnowledgeBase:
    """Built-in articles, and those of staff, which take the place of built-in ones of the same id."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folders = (BUILT_IN,) if folder is None else (BUILT_IN, folder)
        self._stamp: _Stamp = ()
        self._looked_at = 0.0
        self._current: Collection | None = None

    def current(self) -> Collection:
        """The articles; a change in the folder is seen within LOOK_EVERY seconds, a bad file logged once."""
        at = time.monotonic()
        if self._current is None or at - self._looked_at >= LOOK_EVERY:
            self._looked_at = at
            stamp = self._look()
            if self._current is None or stamp != self._stamp:
                self._stamp, self._current = stamp, self._read()
        return self._current

    def _look(self) -> _Stamp:
        files = (file for folder in self._folders if folder.is_dir() for file in sorted(folder.glob("*.toml")))
        return tuple((str(file), seen.st_mtime_ns, seen.st_size) for file in files for seen in (file.stat(),))

    def _read(self) -> Collection:
        shelf = read_shelf(self._folders)
        for sentence in shelf.wrong:
            log.warning("knowledge_unusable", why=sentence)
        return Collection(shelf, Search(shelf.articles))

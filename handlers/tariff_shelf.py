"""Keeps the tariffs at hand: what comes along and what staff add, read anew when a file of theirs changes."""

from __future__ import annotations

from pathlib import Path

import structlog

from handlers.rules.tariff import Tariffs
from handlers.rules.tariff_files import load_tariffs

log = structlog.get_logger(__name__)

_State = tuple[tuple[str, int, int], ...]


class TariffShelf:
    """The tariffs, with the folder in which staff add decisions (there need not be one)."""

    def __init__(self, extra: Path | None = None) -> None:
        self._extra = extra
        self._state: _State | None = None
        self._tariffs = load_tariffs()

    def tariffs(self) -> Tariffs:
        """What is known now. A file of staff that is wrong is logged once and counts for nothing."""
        state = self._look()
        if state != self._state:
            self._tariffs = load_tariffs(extra=self._extra)
            self._state = state
            for problem in self._tariffs.problems:
                log.error("tariff_file_refused", problem=problem)
        return self._tariffs

    def _look(self) -> _State:
        """Name, size and time of each file of staff."""
        if self._extra is None or not self._extra.is_dir():
            return ()
        files = ((path.name, path.stat()) for path in sorted(self._extra.glob("*.toml")))
        return tuple((name, seen.st_size, seen.st_mtime_ns) for name, seen in files)

"""`sangden` as people and scripts start it: a process of its own."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path


def sangden(directory: Path, *arguments: str, said: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, its data in `directory`; `settings` without their prefix."""
    environment = _environment(directory, settings)
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=said,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        env=environment,
        cwd=directory,
        timeout=60,
        check=False,
    )


def started(directory: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """A command that runs, for who does not wait for its end; what it says on standard error can be read."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=_environment(directory, settings),
        cwd=directory,
    )


def copied(template: Path, directory: Path) -> None:
    """Put a migrated database where a command run in `directory` looks for it."""
    with (
        closing(sqlite3.connect(template)) as migrated,
        closing(sqlite3.connect(directory / "sangden.db")) as copy,
    ):
        migrated.backup(copy)


def _environment(directory: Path, settings: Mapping[str, str]) -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SANGDEN_")}
    environment["SANGDEN_DATA_DIR"] = str(directory)
    environment["PYTHONPATH"] = str(Path(__file__).parent.parent.parent)
    environment.update({f"SANGDEN_{key}": value for key, value in settings.items()})
    return environment

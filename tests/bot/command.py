"""`sangden` as people and scripts start it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.bot.warm import Files, Running, Warm

warm = Warm()


def sangden(
    directory: Path, *arguments: str, said: str = "", cold: bool = False, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, its data in `directory`; `settings` without their prefix.

    cold: by starting Python, as a shell does, and not by forking from a process that has imported everything.
    """
    environment = _environment(directory, settings)
    if cold:
        command = [sys.executable, "-m", "bot", *arguments]
        return subprocess.run(
            command, input=said, capture_output=True, encoding="utf-8", env=environment, cwd=directory, check=False
        )
    with TemporaryFile() as stdout, TemporaryFile() as stderr, _pipe(said) as stdin:
        running = warm.start(arguments, directory, environment, Files(stdin, stdout.fileno(), stderr.fileno()))
        code = running.wait()
        return subprocess.CompletedProcess(arguments, code, _read(stdout), _read(stderr))


@contextmanager
def started(directory: Path, *arguments: str, **settings: str) -> Iterator[tuple[Running, IO[str]]]:
    """A command that runs within the block, for who does not wait for its end, and its standard error."""
    ours, theirs = os.pipe()
    with os.fdopen(ours, encoding="utf-8") as stderr:
        with Path(os.devnull).open("r+b") as nothing:
            files = Files(nothing.fileno(), nothing.fileno(), theirs)
            running = warm.start(arguments, directory, _environment(directory, settings), files)
        os.close(theirs)
        try:
            yield running, stderr
        finally:
            running.kill()
            running.wait()


@contextmanager
def _pipe(said: str) -> Iterator[int]:
    """The reading end of a pipe that holds the words, which are few."""
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "wb") as writing:
        writing.write(said.encode("utf-8", "surrogateescape"))
    yield ours
    os.close(ours)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8")


def _environment(directory: Path, settings: Mapping[str, str]) -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SANGDEN_")}
    environment["SANGDEN_DATA_DIR"] = str(directory)
    environment["PYTHONPATH"] = str(Path(__file__).parent.parent.parent)
    environment.update({f"SANGDEN_{key}": value for key, value in settings.items()})
    return environment

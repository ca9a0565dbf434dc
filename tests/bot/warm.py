"""Commands from a process that has imported the service once and forks into each, instead of starting Python anew.

What a test gets is a process as any other: its own memory, folder, environment and files, an exit code, and
signals that end it. The tests of `tests/journeys`, and one of `tests/bot/test_cli.py`, start theirs from nothing.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from select import select
from typing import IO, NamedTuple

from tests.processes import ROOT

# Of a request's JSON on the line, of a pid and of an exit code in the report.
NUMBER = struct.Struct("i")
# How long a test waits for a command before it fails, in seconds.
PATIENCE = 60


class Files(NamedTuple):
    """What the command reads and writes, by descriptor."""

    stdin: int
    stdout: int
    stderr: int


class Running:
    """A command under way: `pid`, and `returncode` once it was waited for (as in `subprocess`)."""

    def __init__(self, report: IO[bytes]) -> None:
        self._report = report
        self.pid = self._number()
        self.returncode: int | None = None

    def wait(self) -> int:
        """Its exit code; the number of a signal that ended it, negative. Errors: TimeoutError."""
        if self.returncode is None:
            if not self._is_over(PATIENCE):
                self.kill()
                raise TimeoutError(f"the command did not end within {PATIENCE} s")
            self.returncode = self._number()
            self._report.close()
        return self.returncode

    def kill(self) -> None:
        if self.returncode is None and not self._is_over(0):
            os.kill(self.pid, signal.SIGKILL)

    def _is_over(self, seconds: float) -> bool:
        return bool(select([self._report], [], [], seconds)[0])

    def _number(self) -> int:
        said = self._report.read(NUMBER.size)
        if len(said) < NUMBER.size:
            raise RuntimeError("the warm process ended; what it wrote to standard error says why")
        number: int = NUMBER.unpack(said)[0]
        return number


class Warm:
    """The warm process of this worker: started for the first command, ended by `close` or with this process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def start(
        self, arguments: Sequence[str], directory: Path, environment: Mapping[str, str], files: Files
    ) -> Running:
        """Run `sangden` with these arguments; the files stay the caller's to close."""
        request = json.dumps([list(arguments), str(directory), dict(environment)]).encode()
        theirs, ours = os.pipe()
        try:
            line = self._connected()
            socket.send_fds(line, [NUMBER.pack(len(request))], [*files, ours])
            line.sendall(request)
        finally:
            os.close(ours)
        return Running(os.fdopen(theirs, "rb", buffering=0))

    def close(self) -> None:
        if self._line is not None and self._process is not None:
            self._line.close()
            self._process.wait()
        self._process = self._line = None

    def _connected(self) -> socket.socket:
        if self._line is None:
            # The line ends when this process does, even by `kill -9`, and with it the process at its other end.
            self._line, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.bot.warm_process", str(theirs.fileno())],
                    cwd=ROOT,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
        return self._line

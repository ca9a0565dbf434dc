"""Servers that tests start beside themselves and that never outlive them, however the tests end."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextmanager
def kept(module: str) -> Iterator[int]:
    """Run `python -m module` for the length of the block and give the port it announces.

    The module starts its server, calls `announce` and, when that returns, stops the server. Its standard
    input ends when the block does or when this process dies, even by `kill -9`, so nothing is left behind. It
    has a session of its own: Ctrl+C reaches the tests only, and what they still need stays until they are done.
    """
    command = [sys.executable, "-m", module]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as keeper:
        port = keeper.stdout.readline() if keeper.stdout else ""
        if not port:
            raise RuntimeError(f"{module} did not start; what it wrote to standard error says why")
        yield int(port)


def announce(port: int) -> None:
    """Tell `kept` where the server listens; return when nobody needs it any more."""
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    sys.stdin.read()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now; another process may still be faster."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port

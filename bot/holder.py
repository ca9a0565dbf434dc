"""This process's name in leases, what it holds, and which other holders are certainly dead."""

from __future__ import annotations

import os
import secrets
import socket
import time
from pathlib import Path

from store import leases
from store.db import Unit


class Holder:
    """A process as the holder of leases: `host/pid/start/nonce` tells a dead one on this host."""

    def __init__(self) -> None:
        self.id = f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}/{secrets.token_hex(4)}"
        self._until: dict[str, float] = {}

    def holds(self, what: str) -> bool:
        """Whether the lease is surely still ours; it ends by our own clock when it was not renewed."""
        return self._until.get(what, 0.0) > time.monotonic()

    def note(self, what: str, held: bool, seconds: float) -> None:
        """The lease was taken, or was not."""
        self._until[what] = time.monotonic() + seconds if held else 0.0

    async def dead(self, unit: Unit, what: str) -> list[str]:
        """The holder of a channel's lease, if its process on this very host is gone: nobody need wait for it."""
        holder = await leases.holder_of(unit, f"send:{what}")
        if holder is None or holder == self.id:
            return []
        host, pid, started, _ = holder.split("/")
        gone = host == socket.gethostname() and _started(int(pid)) != started
        return [holder] if gone else []


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks; a number that was given again has another start."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "gone"
    state, *fields = stat.rpartition(")")[2].split()
    return "gone" if state == "Z" else fields[18]

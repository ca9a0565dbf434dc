"""A file on its way in: sealed under a key that only this process knows, in a disk file that has no name."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

from store.sealing import KEY_BYTES, TAG_BYTES, Chunks, pieces

_ABOUT = "spool"


class Spool:
    """Takes bytes as they come and gives them back once, or again.

    Nothing readable touches the disk, little stays in memory, and a crash leaves nothing behind.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - closed by `close`
        self._key = secrets.token_bytes(KEY_BYTES)
        self._sealing = Chunks(self._key, _ABOUT)
        self._lengths: list[int] = []
        self.size = 0

    async def write(self, plain: bytes) -> None:
        """Keep the next bytes. Raises OSError when the disk is full."""
        await asyncio.to_thread(self._write, plain)
        self.size += len(plain)

    async def read(self) -> AsyncIterator[bytes]:
        """All of it, in pieces."""
        opening = Chunks(self._key, _ABOUT)
        await asyncio.to_thread(self._file.seek, 0)
        for length in self._lengths:
            sealed = await asyncio.to_thread(self._file.read, length)
            yield opening.open(sealed, last=False)

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        """Forget it."""
        self._file.close()

    def _write(self, plain: bytes) -> None:
        for piece in pieces(plain):
            self._file.write(self._sealing.seal(piece, last=False))
            self._lengths.append(len(piece) + TAG_BYTES)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

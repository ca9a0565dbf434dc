"""The vault's files on disk: sealed chunk by chunk under keys of their own, never readable, never half written."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from store.sealing import TAG_BYTES, WRAPPED_BYTES, Chunks, DataKey, Sealer, Tampered

# A file is: this mark, the length of the key's id and the id, the wrapped data key, then the sealed chunks.
_MARK = b"SDV1"
_SEALED_CHUNK = Chunks.SIZE + TAG_BYTES
# Of chunks that one visit to a thread reads.
_AT_ONCE = 16


class VaultFiles:
    """A directory of sealed files, by their ids; on several machines it must be one that they share."""

    def __init__(self, directory: Path, sealer: Sealer) -> None:
        self.directory = directory
        self.sealer = sealer

    async def write(self, file_id: str, stream: AsyncIterable[bytes]) -> int:
        """Keep a stream; its size. Nothing of it is left when this raises; OSError when the disk is full."""
        writing = await asyncio.to_thread(_Writing, self._path(file_id), self.sealer.new_data_key(), file_id)
        try:
            async for plain in stream:
                await asyncio.to_thread(writing.add, plain)
            return await asyncio.to_thread(writing.finish)
        except BaseException:
            writing.drop()
            raise

    async def read(self, file_id: str) -> AsyncIterator[bytes]:
        """What was kept, in pieces. Raises FileNotFoundError, UnknownKey, Tampered."""
        reading = await asyncio.to_thread(self._opened, file_id)
        try:
            while piece := await asyncio.to_thread(reading.next):
                yield piece
        finally:
            reading.close()

    async def remove(self, file_id: str) -> None:
        """Unlink a file, whole or half written; none there is as good."""
        await asyncio.to_thread(self._remove, file_id)

    async def renew(self, file_id: str) -> bool:
        """Wrap its data key under the key that seals now, if it is not. Raises FileNotFoundError, UnknownKey."""
        return await asyncio.to_thread(self._renew, file_id)

    def check(self) -> None:
        """Raise OSError unless files can be written, read and removed here."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = self.directory / f".probe-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()

    def _path(self, file_id: str) -> Path:
        if not (file_id.isascii() and file_id.isalnum()):
            raise FileNotFoundError(f"no id of a file: {file_id!r}")
        return self.directory / file_id[:2] / file_id

    def _opened(self, file_id: str) -> _Reading:
        file = self._path(file_id).open("rb")
        try:
            return _Reading(file, _header(file, self.sealer), file_id)
        except BaseException:
            file.close()
            raise

    def _remove(self, file_id: str) -> None:
        path = self._path(file_id)
        # In this order: a copy that is just being renewed must not take the file's place afterwards.
        _partial(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def _renew(self, file_id: str) -> bool:
        path = self._path(file_id)
        with path.open("rb") as file:
            key = _header(file, self.sealer)
            if key.key_id == self.sealer.current:
                return False
            # A copy, not a new header in place: a crash half-way must not cost the file.
            with _created(_partial(path)) as copy:
                copy.write(_head(self.sealer.renewed(key)))
                while block := file.read(1 << 20):
                    copy.write(block)
                _to_disk(copy)
        _partial(path).replace(path)
        _directory_to_disk(path.parent)
        return True


class _Writing:
    """A file that is being written under another name until it is whole."""

    def __init__(self, path: Path, key: DataKey, file_id: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = path
        self._file = _created(_partial(path))
        self._file.write(_head(key))
        self._chunks = Chunks(key.plain, f"file/{file_id}")
        self._waiting = bytearray()
        self._size = 0

    def add(self, plain: bytes) -> None:
        self._size += len(plain)
        self._waiting += plain
        # What may be the last chunk stays: the last one is sealed as such.
        while len(self._waiting) > Chunks.SIZE:
            self._file.write(self._chunks.seal(bytes(self._waiting[: Chunks.SIZE]), last=False))
            del self._waiting[: Chunks.SIZE]

    def finish(self) -> int:
        self._file.write(self._chunks.seal(bytes(self._waiting), last=True))
        _to_disk(self._file)
        self._file.close()
        _partial(self._path).replace(self._path)
        _directory_to_disk(self._path.parent)
        return self._size

    def drop(self) -> None:
        self._file.close()
        _partial(self._path).unlink(missing_ok=True)


class _Reading:
    """A file that is being read; its last chunk must say that it is the last."""

    def __init__(self, file: BinaryIO, key: DataKey, file_id: str) -> None:
        self._file = file
        self._chunks = Chunks(key.plain, f"file/{file_id}")
        self._ahead: bytes | None = file.read(_SEALED_CHUNK)

    def next(self) -> bytes:
        """The next piece; empty at the end."""
        return b"".join(islice(self._opened(), _AT_ONCE))

    def close(self) -> None:
        self._file.close()

    def _opened(self) -> Iterator[bytes]:
        while self._ahead is not None:
            sealed, after = self._ahead, self._file.read(_SEALED_CHUNK)
            self._ahead = after or None
            yield self._chunks.open(sealed, last=not after)


def _head(key: DataKey) -> bytes:
    key_id = key.key_id.encode()
    return _MARK + bytes([len(key_id)]) + key_id + key.wrapped


def _header(file: BinaryIO, sealer: Sealer) -> DataKey:
    """The file's key, read from its beginning."""
    if file.read(len(_MARK)) != _MARK:
        raise Tampered("this is no file of the vault")
    length = file.read(1)
    key_id, wrapped = file.read(length[0] if length else 0), file.read(WRAPPED_BYTES)
    return sealer.data_key(key_id.decode("ascii", "replace"), wrapped)


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _created(path: Path) -> BinaryIO:
    """A new file that only this user reads; what stood there is gone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _directory_to_disk(directory: Path) -> None:
    """A new name is only safe once its directory is."""
    if os.name == "nt":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""What is sealed opens only whole, unchanged, where it belongs, and under a key of the ring."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sealing import Chunks, Sealer, Tampered, UnknownKey, key_id_of, keys_from, new_key
from store.spool import Spool
from store.vault_files import VaultFiles

OLD, NEW = keys_from(new_key("old")), keys_from(new_key("new"))
SEALER = Sealer(OLD)
SIZE = Chunks.SIZE
FILE = "abcdefgh"


# --- texts


@given(st.binary(max_size=300), st.text(max_size=20))
def test_a_text_comes_back_as_it_was_and_is_sealed_otherwise_each_time(plain: bytes, about: str) -> None:
    sealed = SEALER.seal(plain, about)
    assert SEALER.open(sealed, about) == plain
    assert sealed != SEALER.seal(plain, about)
    assert key_id_of(sealed) == "old"


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_text_of_which_one_letter_is_another_does_not_open(plain: bytes, data: st.DataObject) -> None:
    sealed = SEALER.seal(plain, "a")
    # The last letter of base64 may stand for bits that count for nothing.
    at = data.draw(st.integers(0, len(sealed.rstrip("=")) - 2))
    other = data.draw(st.sampled_from("ABCdef019-_.").filter(lambda letter: letter != sealed[at]))
    with pytest.raises((Tampered, UnknownKey)):
        SEALER.open(sealed[:at] + other + sealed[at + 1 :], "a")


def test_a_text_does_not_open_elsewhere_nor_cut_off_nor_with_other_keys() -> None:
    sealed = SEALER.seal(b"079190001234", "conversation/1")
    for about, text in (("conversation/2", sealed), ("conversation/1", sealed[:-8]), ("conversation/1", "")):
        with pytest.raises(Tampered):
            SEALER.open(text, about)
    with pytest.raises(UnknownKey, match="old"):
        Sealer(NEW).open(sealed, "conversation/1")
    with pytest.raises(Tampered):
        Sealer({"old": NEW["new"]}).open(sealed, "conversation/1")


def test_the_first_key_seals_and_all_open() -> None:
    before, both = SEALER.seal(b"x", "a"), Sealer(NEW | OLD)
    assert both.open(before, "a") == b"x"
    after = both.resealed(before, "a")
    assert (key_id_of(after), Sealer(NEW).open(after, "a")) == ("new", b"x")


def test_a_ring_is_read_as_it_is_printed_and_keeps_its_order() -> None:
    one, two = new_key("k1"), new_key("k2")
    assert list(keys_from(f"{one}, {two}\n")) == ["k1", "k2"]
    assert keys_from("") == {}
    with pytest.raises(ValueError, match="at least one"):
        Sealer({})


@pytest.mark.parametrize(
    "wrong", ["k1", "k1:abc", "k 1:" + "A" * 43 + "=", "k1:" + "A" * 22 + "==", "k1:*" + "A" * 42 + "="]
)
def test_a_wrong_key_is_refused_and_not_quoted(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"write id:base64|sangden vault key") as caught:
        keys_from(wrong)
    assert wrong.partition(":")[2] not in str(caught.value) or ":" not in wrong


def test_a_key_does_not_stand_in_the_ring_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        keys_from(f"{new_key('k')},{new_key('k')}")


def test_nothing_that_is_printed_shows_a_key() -> None:
    (key,) = OLD.values()
    data_key = SEALER.new_data_key()
    assert repr(SEALER) == "Sealer(old)"
    assert repr(data_key.plain) not in repr(data_key)
    assert repr(key) not in repr(vars(SEALER.new_data_key()))


# --- files


async def stream(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def all_of(files: VaultFiles) -> bytes:
    return b"".join([piece async for piece in files.read(FILE)])


def on_disk(files: VaultFiles) -> Path:
    return files.directory / FILE[:2] / FILE


@pytest.fixture
def files(tmp_path: Path) -> VaultFiles:
    return VaultFiles(tmp_path / "vault", SEALER)


@pytest.mark.parametrize("size", [0, 1, SIZE - 1, SIZE, SIZE + 1, 20 * SIZE, 20 * SIZE + 7])
async def test_a_file_of_any_size_comes_back_as_it_was(files: VaultFiles, size: int) -> None:
    plain = bytes(at % 251 for at in range(size))
    half = size // 2
    assert await files.write(FILE, stream(plain[:half], plain[half:])) == size
    assert await all_of(files) == plain
    kept = on_disk(files).read_bytes()
    assert not size or plain[:64] not in kept[: size + 200] or size < 8
    assert [file.name for file in files.directory.rglob("*") if file.is_file()] == [FILE]
    assert on_disk(files).stat().st_mode & 0o077 == 0


async def test_a_file_cut_off_at_any_place_is_noticed(files: VaultFiles) -> None:
    await files.write(FILE, stream(b"x" * (3 * SIZE)))
    whole = on_disk(files).read_bytes()
    head = len(whole) - 3 * (SIZE + 16)
    # At the ends of chunks too, where every chunk that is left is sound.
    for length in (0, 3, head, head + 5, head + SIZE + 16, head + 2 * (SIZE + 16), len(whole) - 1):
        on_disk(files).write_bytes(whole[:length])
        with pytest.raises(Tampered):
            await all_of(files)


async def test_chunks_that_are_changed_swapped_left_out_or_repeated_are_noticed(files: VaultFiles) -> None:
    await files.write(FILE, stream(b"a" * SIZE, b"b" * SIZE, b"c" * SIZE))
    whole, step = on_disk(files).read_bytes(), SIZE + 16
    head = whole[: len(whole) - 3 * step]
    one, two, three = (whole[len(head) + at * step : len(head) + (at + 1) * step] for at in range(3))
    for chunks in (
        (two, one, three),
        (one, three),
        (one, one, two, three),
        (one, two, three, three),
        (one, two[:-1] + b"?", three),
    ):
        on_disk(files).write_bytes(head + b"".join(chunks))
        with pytest.raises(Tampered):
            await all_of(files)


async def test_a_file_does_not_open_under_another_name(files: VaultFiles) -> None:
    await files.write(FILE, stream(b"x"))
    other = VaultFiles(files.directory, SEALER)
    (files.directory / "ab" / "abother").write_bytes(on_disk(files).read_bytes())
    with pytest.raises(Tampered):
        _ = [piece async for piece in other.read("abother")]
    with pytest.raises(FileNotFoundError):
        _ = [piece async for piece in other.read("../abother")]


async def test_a_file_that_could_not_be_written_leaves_nothing(files: VaultFiles) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield b"x" * (2 * SIZE)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await files.write(FILE, breaks())
    assert [file for file in files.directory.rglob("*") if file.is_file()] == []


async def test_a_file_goes_under_the_new_key_without_being_sealed_anew(files: VaultFiles) -> None:
    await files.write(FILE, stream(b"x" * SIZE))
    before = on_disk(files).read_bytes()
    both = VaultFiles(files.directory, Sealer(NEW | OLD))
    assert await both.renew(FILE)
    assert not await both.renew(FILE)
    assert on_disk(files).read_bytes()[-SIZE:] == before[-SIZE:]
    assert await all_of(VaultFiles(files.directory, Sealer(NEW))) == b"x" * SIZE
    with pytest.raises(UnknownKey):
        await all_of(files)


async def test_what_is_spooled_has_no_name_and_is_not_readable_on_the_disk(tmp_path: Path) -> None:
    plain = b"ANH CAN CUOC" * 20_000
    with Spool(tmp_path / "vault") as spool:
        for start in range(0, len(plain), 100_000):
            await spool.write(plain[start : start + 100_000])
        assert spool.size == len(plain)
        for _ in range(2):
            assert b"".join([piece async for piece in spool.read()]) == plain
        spool._file.seek(0)
        assert b"ANH CAN CUOC" not in spool._file.read()
        assert list((tmp_path / "vault").iterdir()) == []

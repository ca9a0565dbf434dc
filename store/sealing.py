"""Seals what must not be read in a database or on a disk: AES-256-GCM, a fresh key for each thing, a key ring."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

KEY_BYTES = 32
# AES key wrap (RFC 3394) adds eight bytes. It takes no nonce, so nothing limits how much one key may wrap.
WRAPPED_BYTES = KEY_BYTES + 8
TAG_BYTES = 16
_VERSION = "1"
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
# Each data key seals one text only, so its nonce need not differ from any other.
_ONLY_NONCE = bytes(12)


class Unopened(Exception):
    """What was sealed cannot be opened."""


class UnknownKey(Unopened):
    """It was sealed with a key that is not in the ring; `key_id` is the key's."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the key “{key_id}” is not among the vault's keys")
        self.key_id = key_id


class Tampered(Unopened):
    """It is not as it was sealed, or not about what it was sealed for."""


class MissingKeys(Exception):
    """Things are sealed with keys that the ring lacks, or has otherwise; `ids` are the keys'."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(
            f"The vault's keys lack {', '.join(ids)}, with which something is sealed. Put every key that was ever "
            "first back into SANGDEN_VAULT_KEYS, behind the first; `sangden vault rotate` makes old ones needless."
        )
        self.ids = ids


@dataclass(frozen=True)
class DataKey:
    """The key of one thing and how it is kept beside it: wrapped under the ring's key of that id."""

    plain: bytes
    key_id: str
    wrapped: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.key_id})"


class Sealer:
    """The ring of keys: the first seals, all open.

    A sealed text is `1.KEY_ID.BASE64`: version, the ring's key, then the wrapped data key and the ciphertext.
    `about` says what the text belongs to ("conversation/17"); it is bound to the text and not kept with it, so
    that a text copied to another row does not open there.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("the vault needs at least one key")
        self._keys = dict(keys)
        self.current = next(iter(self._keys))

    def __repr__(self) -> str:
        return f"Sealer({', '.join(self._keys)})"

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the ring, the one that seals first."""
        return tuple(self._keys)

    def new_data_key(self) -> DataKey:
        """A fresh key for one thing."""
        plain = secrets.token_bytes(KEY_BYTES)
        return DataKey(plain, self.current, aes_key_wrap(self._keys[self.current], plain))

    def data_key(self, key_id: str, wrapped: bytes) -> DataKey:
        """The key of a thing that was sealed. Raises UnknownKey, Tampered."""
        if key_id not in self._keys:
            raise UnknownKey(key_id)
        try:
            return DataKey(aes_key_unwrap(self._keys[key_id], wrapped), key_id, wrapped)
        except (InvalidUnwrap, ValueError) as error:
            raise Tampered("the key of a sealed thing is damaged") from error

    def renewed(self, key: DataKey) -> DataKey:
        """The same data key, wrapped under the key that seals now."""
        return DataKey(key.plain, self.current, aes_key_wrap(self._keys[self.current], key.plain))

    def seal(self, plain: bytes, about: str) -> str:
        """Seal a text."""
        key = self.new_data_key()
        body = AESGCM(key.plain).encrypt(_ONLY_NONCE, plain, _bound(about))
        return f"{_VERSION}.{key.key_id}.{base64.urlsafe_b64encode(key.wrapped + body).decode()}"

    def open(self, sealed: str, about: str) -> bytes:
        """The text as it was sealed. Raises UnknownKey, Tampered."""
        key_id, wrapped, body = _parts(sealed)
        try:
            return AESGCM(self.data_key(key_id, wrapped).plain).decrypt(_ONLY_NONCE, body, _bound(about))
        except InvalidTag as error:
            raise Tampered("a sealed text is damaged, or about something else") from error

    def resealed(self, sealed: str, about: str) -> str:
        """The same text sealed with the key that seals now. Raises UnknownKey, Tampered."""
        return self.seal(self.open(sealed, about), about)


def key_id_of(sealed: str) -> str:
    """The id of the key that a sealed text needs. Raises Tampered for what is none."""
    return _parts(sealed)[0]


def keys_from(text: str) -> dict[str, bytes]:
    """The ring that a setting names, `id:base64,id2:base64`. Raises ValueError, which quotes no key."""
    keys: dict[str, bytes] = {}
    for at, part in enumerate(filter(None, (part.strip() for part in re.split(r"[,\n]", text))), 1):
        key_id, colon, encoded = part.partition(":")
        if not colon or not _ID.fullmatch(key_id):
            raise ValueError(f"key {at}: write id:base64, the id of letters, digits, - and _ (32 at most)")
        if key_id in keys:
            raise ValueError(f"key {at}: the id “{key_id}” stands there twice")
        key = _decoded(encoded)
        if len(key) != KEY_BYTES:
            raise ValueError(
                f"key “{key_id}”: {KEY_BYTES} bytes in base64 are wanted; `sangden vault key` makes one"
            )
        keys[key_id] = key
    return keys


def new_key(key_id: str) -> str:
    """A new key as the setting names it."""
    return f"{key_id}:{base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


class Chunks:
    """Seals a stream in chunks, each authenticated, in order, the last one marked; the data key is for this alone.

    A chunk's nonce is its number and whether it is the last. So a chunk that is missing, moved, repeated or cut
    off at any place does not open.
    """

    SIZE = 64 * 1024

    def __init__(self, key: bytes, about: str) -> None:
        self._cipher = AESGCM(key)
        self._bound = _bound(about)
        self._number = 0

    def seal(self, plain: bytes, last: bool) -> bytes:
        """The next chunk of a stream."""
        return self._cipher.encrypt(self._nonce(last), plain, self._bound)

    def open(self, sealed: bytes, last: bool) -> bytes:
        """The next chunk as it was sealed. Raises Tampered."""
        try:
            return self._cipher.decrypt(self._nonce(last), sealed, self._bound)
        except InvalidTag as error:
            raise Tampered("a sealed file is damaged or cut off") from error

    def _nonce(self, last: bool) -> bytes:
        nonce = self._number.to_bytes(11) + bytes([last])
        self._number += 1
        return nonce


def pieces(plain: bytes, size: int = Chunks.SIZE) -> Iterator[bytes]:
    """Bytes in pieces of that size; the last one may be shorter."""
    for start in range(0, len(plain), size):
        yield plain[start : start + size]


def _bound(about: str) -> bytes:
    return f"sangden/{_VERSION}/{about}".encode()


def _parts(sealed: str) -> tuple[str, bytes, bytes]:
    """The key's id, the wrapped data key and the ciphertext of a sealed text."""
    version, _, rest = sealed.partition(".")
    key_id, _, encoded = rest.partition(".")
    body = _decoded(encoded)
    if version != _VERSION or not _ID.fullmatch(key_id) or len(body) < WRAPPED_BYTES + TAG_BYTES:
        raise Tampered("this is no sealed text of a version we know")
    return key_id, body[:WRAPPED_BYTES], body[WRAPPED_BYTES:]


def _decoded(encoded: str) -> bytes:
    """The bytes of base64, whichever of its alphabets; empty for what is none."""
    try:
        return base64.b64decode(encoded.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return b""

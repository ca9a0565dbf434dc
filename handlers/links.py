"""Links that customers are given: where the service is reached, and the secret that opens their own calendar."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

# Where a local run answers when no public address is set.
LOCAL = "http://127.0.0.1:8080"
# What stands for the service in names that must be unique in the world, when it has no address of its own.
NAMELESS = "sangden"


@dataclass(frozen=True)
class Links:
    """Makes and reads links; the same secret gives the same link, so that none of them needs to be kept."""

    public_url: str
    secret: str = field(repr=False)

    @property
    def base(self) -> str:
        """The address in front of every path, without a slash at its end."""
        return self.public_url or LOCAL

    @property
    def host(self) -> str:
        """The service's name in the world; a local run has none."""
        return (urlsplit(self.public_url).hostname if self.public_url else None) or NAMELESS

    def calendar(self, contact_id: int, version: int) -> str:
        """The address of a contact's calendar; another version of it is another address."""
        return f"{self.base}/calendar/{self._signer().dumps([contact_id, version])}.ics"

    def calendar_of(self, token: str) -> tuple[int, int] | None:
        """The contact and the version that a token of ours names; None for any other text."""
        try:
            named = self._signer().loads(token)
        except BadData:
            return None
        match named:
            case [int(contact_id), int(version)]:
                return contact_id, version
        return None

    def my_data(self, contact_id: int, until: datetime) -> str:
        """The address of all that is kept of a contact; it opens until then."""
        return f"{self.base}/my-data/{self._signer('my-data').dumps([contact_id, int(until.timestamp())])}.json"

    def my_data_of(self, token: str, now: datetime) -> int | None:
        """The contact that a token of ours names, while it opens; None for any other text."""
        try:
            named = self._signer("my-data").loads(token)
        except BadData:
            return None
        match named:
            case [int(contact_id), int(until)] if now.timestamp() < until:
                return contact_id
        return None

    def alerts(self) -> str:
        """The address of the public feed of alerts."""
        return f"{self.base}/alerts/cap.xml"

    def alert(self, code: str) -> str:
        """The address of the alert about one outage."""
        return f"{self.base}/alerts/{code}.xml"

    def _signer(self, salt: str = "calendar") -> URLSafeSerializer:
        kinds = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        return URLSafeSerializer(self.secret, salt=salt, signer_kwargs=kinds)

"""What a channel looks like from inside: what comes in, what goes out, and how a sending can end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, TypeAlias

from conversations.model import Event, Language, Picture


class Forged(Exception):
    """What arrived does not carry the proof that it comes from the platform."""


class Unreadable(Exception):
    """What arrived carries the proof but not a shape we know; the platform need not repeat it."""


class TooBig(OSError):
    """A file is larger than the channel hands over, or than is taken."""


@dataclass(frozen=True)
class Incoming:
    """One event of one person; `id` is the platform's own, so that a repeat is known as such.

    sender: the person's address at the channel (a chat id), where replies go.
    shown: the event as the person sees it in the chat (a pressed button's label, a typed text).
    origin: the remote id of our message whose button was pressed, which an edit may then replace.
    ack: what the platform wants told at once, apart from any reply (Telegram: the callback query's id).
    """

    id: str
    sender: str
    event: Event
    shown: str = ""
    name: str = ""
    language: Language | None = None
    origin: str | None = None
    ack: str | None = None


@dataclass(frozen=True)
class OutgoingButton:
    """A button as the customer reads it; `nav` ones stand apart."""

    label: str
    value: str
    nav: bool = False


@dataclass(frozen=True)
class Outgoing:
    """One message in the customer's language, not yet in the channel's clothes.

    text: light markup, that is HTML with only <b> and <i>, everything else escaped, tags closed on each line.
    picture: what `image` is to be drawn from (bot/pictures.py); alt: what to say to those who do not see it.
    edits: the remote id of the message that this one replaces, where the channel can edit.
    """

    text: str
    buttons: tuple[OutgoingButton, ...] = ()
    image: bytes | None = None
    picture: Picture | None = None
    alt: str = ""
    ask: Literal["contact", "place"] | None = None
    ask_label: str = ""
    edits: str | None = None
    quiet: bool = False


@dataclass(frozen=True)
class Sent:
    """The platform has it; `remote_id` is its name there, `moved_to` the new address if it told one."""

    remote_id: str
    moved_to: str | None = None


@dataclass(frozen=True)
class TryLater:
    """Not now. `after` None: our own growing delay; `limited`: the platform asked for exactly that pause."""

    why: str
    after: timedelta | None = None
    limited: bool = False


@dataclass(frozen=True)
class Unreachable:
    """This person cannot be reached here: blocked, left, never wrote, window closed."""

    why: str


@dataclass(frozen=True)
class Rejected:
    """Our fault: the platform will never take this message; it is kept and shown to staff."""

    why: str


Outcome: TypeAlias = Sent | TryLater | Unreachable | Rejected


@dataclass(frozen=True)
class Limits:
    """What a channel can carry; texts longer than `text` are split at paragraphs before they are sent.

    buttons: how many fit under one message (0: none, they become a numbered list).
    images: whether pictures are sent along; without them the text is all that is sent.
    per_second: messages for the whole account; per_recipient: seconds between pushes to one person.
    in_flight: calls that may be under way at once.
    """

    text: int
    buttons: int
    edit: bool
    images: bool
    per_second: float
    per_recipient: float
    in_flight: int


class Channel(Protocol):
    """An adapter: it translates and decides nothing."""

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
        """Translate what the platform posted. Raises Forged, Unreadable."""

    async def send(self, to: str, message: Outgoing, key: str) -> Outcome:
        """Send one message. Never raises for what a platform or a network can do."""

    @property
    def most_file_bytes(self) -> int:
        """The largest file that is taken from here."""

    def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """A file that an event refers to, in pieces. Raises TooBig; OSError when it is gone or out of reach."""

    async def start(self) -> None:
        """Open connections."""

    async def stop(self) -> None:
        """Close them."""

"""What the staff API takes and answers, as models: their checks, and the source of its description."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from store import outages as kept
from store.audience import Scope
from store.contacts import Contact
from store.outages import Kind, Outage, OutageRevision, OutageState
from store.outbox import Delivery, Message

MOST_CODES = 1_000
MOST_SLOTS = 50
MOST_A_PAGE = 200
# The largest id there can be, so that no number is too large for a column.
LARGEST_ID = 2**31 - 1


def _time(value: Any) -> datetime:
    """A moment from ISO 8601 with a zone; pydantic alone would take numbers too, and dates without a zone."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("without a zone")
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise PydanticCustomError("time", "not a time with a zone") from None


def _printable(value: str) -> str:
    """A text without control characters: neither people nor PostgreSQL can do anything with them."""
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in value):
        raise PydanticCustomError("control_character", "control character")
    return value


Time = Annotated[datetime, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]
Line = Annotated[str, AfterValidator(_printable)]
Codes = Annotated[list[Line], Field(max_length=MOST_CODES)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SlotIn(_Given):
    """A window; `ends_at` null while the end is not known."""

    starts_at: Time
    ends_at: Time | None = None


class ScopeIn(_Given):
    """What the outage touches: codes of feeders, transformers, wards, customers, in any mix."""

    feeders: Codes = []
    transformers: Codes = []
    wards: Codes = []
    customers: Codes = []

    def scope(self) -> Scope:
        return Scope(
            tuple(dict.fromkeys(self.feeders)),
            tuple(dict.fromkeys(self.transformers)),
            tuple(dict.fromkeys(self.wards)),
            tuple(dict.fromkeys(code.upper() for code in self.customers)),
        )


class OverrideIn(_Given):
    """The planning rule that is overridden, and why. No planning rule binds an incident."""

    rule: Line
    why: Line


class OutageIn(_Given):
    """An outage to publish. For an incident `slots` may be left out: it begins now."""

    kind: Literal["planned", "incident"]
    reason: Line | None = None
    slots: list[SlotIn] = Field(default=[], max_length=MOST_SLOTS)
    scope: ScopeIn
    override: OverrideIn | None = None


class ChangeIn(_Given):
    """What to change; what is left out stays as it is. `ends_at` changes the expected end alone."""

    reason: Line | None = None
    ends_at: Time | None = None
    slots: list[SlotIn] = Field(default=[], max_length=MOST_SLOTS)
    scope: ScopeIn | None = None


class RestoreIn(_Given):
    """When the power came back; now, if it is left out."""

    restored_at: Time | None = None


class CancelIn(_Given):
    """Nothing need be said to take an incident back."""


class OutagesQuery(_Given):
    """Which outages to list: `before` is the `next_before` of the page before."""

    state: OutageState | None = None
    kind: Kind | None = None
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=LARGEST_ID)


class DeliveriesQuery(_Given):
    """Which deliveries to list: `after` is the `next_after` of the page before."""

    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    after: int = Field(default=0, ge=0, le=2**63 - 1)


class PublishedOut(BaseModel):
    """An outage after a deed, and how many are to hear of it."""

    id: int
    code: str
    revision: int
    affected_customers: int
    recipients: int
    findings: list[str] = []


class SlotOut(BaseModel):
    starts_at: datetime
    ends_at: datetime | None


class WardOut(BaseModel):
    """A ward of the area; `part` says that not all of it was named."""

    ward: str
    name: str
    part: bool


class OutageOut(BaseModel):
    """An outage as it is now."""

    id: int
    code: str
    kind: Kind
    state: OutageState
    revision: int
    reason: str | None
    area: list[WardOut]
    affected_customers: int
    slots: list[SlotOut]
    published_at: datetime
    published_by: str
    restored_at: datetime | None

    @classmethod
    def of(cls, outage: Outage, slots: Sequence[kept.OutageSlot], **more: Any) -> OutageOut:
        shown = [slot.model_dump(include={"starts_at", "ends_at"}) for slot in slots]
        return cls.model_validate({**outage.model_dump(), "slots": shown, **more})


class RevisionOut(BaseModel):
    """What an outage looked like once, who made it so, and when."""

    revision: int
    stage: str
    at: datetime
    by: str
    content: dict[str, Any]

    @classmethod
    def of(cls, revision: OutageRevision) -> RevisionOut:
        return cls.model_validate(revision.model_dump())


class OutageInFullOut(OutageOut):
    """An outage with its scope and all its revisions."""

    scope: ScopeIn
    revisions: list[RevisionOut]


class OutagesOut(BaseModel):
    """A page of outages; `next_before` asks for the next one, null: this is the last."""

    outages: list[OutageOut]
    next_before: int | None


class DeliveryOut(BaseModel):
    """One delivery; of the address only its end is shown."""

    id: int
    revision: int
    stage: str
    channel: str
    to: str
    places: list[str]
    status: str
    attempts: int
    settled_at: datetime | None
    last_error: str | None

    @classmethod
    def of(cls, delivery: Delivery, message: Message, contact: Contact) -> DeliveryOut:
        row = {
            **delivery.model_dump(),
            "places": delivery.places or [],
            "revision": message.revision,
            "stage": message.stage,
            "to": masked(contact.address),
        }
        return cls.model_validate(row)


class DeliveriesOut(BaseModel):
    """Counts by status over all deliveries, and a page of them; `next_after` asks for the next one."""

    counts: dict[str, int]
    deliveries: list[DeliveryOut]
    next_after: int | None


def masked(address: str) -> str:
    """Enough of an address to recognise it by, too little to write to it."""
    return f"…{address[-3:]}" if len(address) > 3 else "…"

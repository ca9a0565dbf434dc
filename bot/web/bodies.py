"""What the staff API takes and answers, as models: their checks, and the source of its description."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from handlers.important import Important
from handlers.outage_forms import OutageChange, OutageDraft, Override, PostponedSlot, Postponement, Slot
from handlers.outages import Preview
from handlers.rules.notices import NoticeKind
from handlers.rules.planning import Rule
from store import outages as kept
from store.contacts import Contact
from store.extent import Scope
from store.notices import NoticeState
from store.outages import CauseClass, Kind, Outage, OutageRevision, OutageState, SlotState
from store.outbox import Delivery, Message

MOST_CODES = 1_000
LONGEST_WHY = 500
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


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SlotIn(Given):
    """A window; `ends_at` null while the end is not known. `number` names a window that the outage has already."""

    starts_at: Time
    ends_at: Time | None = None
    number: int | None = Field(default=None, ge=1, le=LARGEST_ID)

    def slot(self) -> Slot:
        return Slot(self.starts_at, self.ends_at, self.number)


class ScopeIn(Given):
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


class OverrideIn(Given):
    """The planning rule that is set aside, and why; it takes a leader or an admin. None binds an incident."""

    rule: Line
    why: Annotated[Line, Field(min_length=1, max_length=LONGEST_WHY)]


class Overriding(Given):
    """What may break planning rules: one rule is set aside, or several."""

    override: OverrideIn | Annotated[list[OverrideIn], Field(max_length=len(Rule))] | None = None

    def overrides(self) -> tuple[Override, ...]:
        given = self.override
        several = given if isinstance(given, list) else [given] if given else []
        return tuple(Override(one.rule, one.why) for one in several)


class OutageIn(Overriding):
    """An outage to publish. For an incident `slots` may be left out: it begins now.

    `draft` keeps planned work without telling anybody. `cause_class` is for the indices and told to nobody; null:
    `planned` for planned work, `unknown` for an incident.
    """

    kind: Literal["planned", "incident"]
    reason: Line | None = None
    slots: list[SlotIn] = Field(default=[], max_length=MOST_SLOTS)
    scope: ScopeIn
    draft: bool = False
    cause_class: CauseClass | None = None

    def outage(self) -> OutageDraft:
        slots = tuple(slot.slot() for slot in self.slots)
        scope, overrides = self.scope.scope(), self.overrides()
        return OutageDraft(
            self.kind,
            self.reason or None,
            slots,
            scope,
            overrides,
            draft=self.draft,
            cause_class=self.cause_class,
        )


class ChangeIn(Overriding):
    """What to change; what is left out stays as it is. `ends_at` changes the expected end of the only window.

    `slots` are all windows that are on from now on: one that is left out is cancelled. `cause_class` is told to
    nobody, and alone it may be named after the end as well.
    """

    reason: Line | None = None
    ends_at: Time | None = None
    slots: list[SlotIn] = Field(default=[], max_length=MOST_SLOTS)
    scope: ScopeIn | None = None
    cause_class: CauseClass | None = None

    def change(self) -> OutageChange:
        return OutageChange(
            named=frozenset(self.model_fields_set) - {"override"},
            reason=self.reason or None,
            ends_at=self.ends_at,
            slots=tuple(slot.slot() for slot in self.slots),
            scope=self.scope.scope() if self.scope else None,
            overrides=self.overrides(),
            cause_class=self.cause_class,
        )


class PostponedSlotIn(Given):
    """A window that is put off: to a new time, or, without one, until further notice."""

    number: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    starts_at: Time | None = None
    ends_at: Time | None = None


class PostponeIn(Overriding):
    """Which windows are put off. Without `slots`: all, until further notice. Slots with a `number`: those alone,
    the others stay on. Slots without: these are the new windows instead of all old ones."""

    slots: list[PostponedSlotIn] = Field(default=[], max_length=MOST_SLOTS)
    reason: Line | None = None

    def postponement(self) -> Postponement:
        slots = tuple(PostponedSlot(one.starts_at, one.ends_at, one.number) for one in self.slots)
        return Postponement(slots, self.reason or None, self.overrides())


class PublishIn(Overriding):
    """Publish a draft; nothing need be said unless a rule is set aside."""


class RestoreIn(Given):
    """When the power came back; now, if it is left out."""

    restored_at: Time | None = None


class CancelIn(Given):
    """Why it is called off, or was a mistake; it is kept, and need not be said."""

    reason: Line | None = None


class OutagesQuery(Given):
    """Which outages to list: `before` is the `next_before` of the page before."""

    state: OutageState | None = None
    kind: Kind | None = None
    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    before: int | None = Field(default=None, ge=1, le=LARGEST_ID)


class DeliveriesQuery(Given):
    """Which deliveries to list: `after` is the `next_after` of the page before."""

    limit: int = Field(default=50, ge=1, le=MOST_A_PAGE)
    after: int = Field(default=0, ge=0, le=2**63 - 1)


class FindingOut(BaseModel):
    """What a planning rule found; nothing is published until a `blocking` one is set aside by `override`."""

    rule: Rule
    blocking: bool
    text: str
    values: dict[str, str | int]


class SlotOut(BaseModel):
    """A window; those called off are shown as well."""

    number: int
    starts_at: datetime
    ends_at: datetime | None
    state: SlotState


class ImportantCustomerOut(BaseModel):
    """Somebody whose supply must not fail."""

    code: str
    name: str


class ImportantOut(BaseModel):
    """How many important customers the outage touches, and the first of them by code: call them."""

    count: int
    customers: list[ImportantCustomerOut]

    @classmethod
    def of(cls, found: Important) -> ImportantOut:
        named = [ImportantCustomerOut(code=one.code, name=one.name) for one in found.customers]
        return cls(count=found.count, customers=named)


class PublishedOut(BaseModel):
    """An outage after a deed, its windows, how many are to hear of it, what the planning rules found, and which
    important customers it touches."""

    id: int
    code: str
    state: OutageState
    revision: int
    affected_customers: int
    recipients: int
    slots: list[SlotOut]
    findings: list[FindingOut] = []
    important_customers: ImportantOut


class NoticeOut(BaseModel):
    """A notice that would go out, when, and to how many as of now; `late`: after law or promise wanted it."""

    kind: NoticeKind
    slot: int
    segment: str | None
    lead: str | None
    due_at: datetime
    wanted_by: datetime | None
    late: bool
    recipients: int


class AffectedOut(BaseModel):
    """Customers touched, by segment; the important ones are among them."""

    total: int
    household: int
    business: int
    industrial: int
    important: int


class RecipientsOut(BaseModel):
    """Contacts who would be told, by channel."""

    total: int
    by_channel: dict[str, int]


class PreviewOut(BaseModel):
    """What publishing would lead to; nothing was written."""

    findings: list[FindingOut]
    blocked: bool
    affected_customers: AffectedOut
    important_customers: ImportantOut
    recipients: RecipientsOut
    notices: list[NoticeOut]

    @classmethod
    def of(cls, seen: Preview, findings: list[FindingOut], blocked: bool) -> PreviewOut:
        return cls(
            findings=findings,
            blocked=blocked,
            affected_customers=AffectedOut(
                total=sum(seen.affected.values()), important=seen.important.count, **seen.affected
            ),
            important_customers=ImportantOut.of(seen.important),
            recipients=RecipientsOut(total=sum(seen.recipients.values()), by_channel=dict(seen.recipients)),
            notices=[
                NoticeOut(
                    kind=one.kind,
                    slot=one.slot,
                    segment=one.segment or None,
                    lead=one.lead or None,
                    due_at=one.due_at,
                    wanted_by=one.wanted_by,
                    late=one.late,
                    recipients=reached,
                )
                for one, reached in zip(seen.notices, seen.reached, strict=True)
                if one.kind is not NoticeKind.OVER
            ],
        )


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
    cause_class: CauseClass
    area: list[WardOut]
    affected_customers: int
    slots: list[SlotOut]
    published_at: datetime
    published_by: str
    restored_at: datetime | None
    first_push_at: datetime | None
    last_push_at: datetime | None

    @classmethod
    def of(cls, outage: Outage, slots: Sequence[kept.OutageSlot], **more: Any) -> OutageOut:
        shown = [slot.model_dump() for slot in slots]
        return cls.model_validate({**outage.model_dump(), "slots": shown, **more})


class CauseOut(BaseModel):
    """What somebody named as the class of the cause, and when."""

    cause_class: CauseClass
    at: datetime
    by: str


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


class PlannedNoticeOut(BaseModel):
    """A notice of a planned outage: to come, said, or given up because it came too late."""

    stage: NoticeKind
    slot: int
    segment: str
    lead: str
    due_at: datetime
    wanted_by: datetime | None
    late: bool
    state: NoticeState
    said_at: datetime | None


class OutageInFullOut(OutageOut):
    """An outage with its scope, the important customers that it touches, its notices, all its revisions, and who
    named the class of its cause."""

    scope: ScopeIn
    important_customers: ImportantOut
    causes: list[CauseOut]
    notices: list[PlannedNoticeOut]
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

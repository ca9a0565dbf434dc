"""Who is told what of an outage: a message for each stage, and its deliveries, written in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from conversations.model import Button, Moment, Reply, Words
from conversations.wire import reply_to_json
from handlers.outage_lookup import area_words
from store import audience, outages, outbox
from store.audience import EVERYONE, Audience, History, Range, Reach, Scope
from store.db import Unit
from store.outages import Outage, ScopeKind, Stage
from store.outbox import Message, Priority

# So many deliveries are written at once; more go out in chunks, the first of them sent before the last is written.
CHUNK = 20_000
# News of an incident that could not be delivered for a day is no news.
WORTH = timedelta(hours=24)

_KEYS = {
    Stage.INCIDENT: "incident.new",
    Stage.CHANGE: "incident.changed",
    Stage.RESTORED: "incident.restored",
    Stage.CANCELLED: "incident.cancelled",
    Stage.NOT_YOURS: "incident.not_yours",
}
_TELLING = (Stage.INCIDENT, Stage.CHANGE)


@dataclass(frozen=True)
class Audiences:
    """Who hears which stage of an outage's newest revision, in the order in which they are written."""

    outage: Outage
    stages: Mapping[Stage, tuple[Audience, ...]]


@dataclass(frozen=True)
class Announced:
    """How many are to hear it, and the messages whose deliveries are not all written yet."""

    recipients: int
    unfinished: tuple[int, ...]


async def announce(
    unit: Unit, told: Audiences, starts_at: datetime, ends_at: datetime | None, now: datetime, chunk: int = CHUNK
) -> Announced:
    """Write the messages of a revision, retract what it makes stale, and begin to write the deliveries."""
    outage = told.outage
    assert outage.id is not None
    kinds = [kind for stage in told.stages.values() for kind in stage]
    history = await _history(unit, outage.id, outage.revision)
    written = {}
    for stage, (kind,) in told.stages.items():
        reply = words(outage, stage, starts_at, ends_at)
        message = _message(outage, stage, reply, now)
        message.audience_kind = kind
        written[stage] = await outbox.add_message(unit, message)
    # That a place is not touched any more stays true until the scope changes again.
    stale = history.telling + (history.parting if Stage.NOT_YOURS in told.stages else ())
    await outbox.supersede(unit, stale, next(iter(written.values())), now)
    reach = await _reach(unit, outage.id, outage.revision)
    recipients = await audience.size(unit, kinds, reach, history, now)
    small = recipients <= chunk
    for stage, one in written.items():
        # Partings are written at once: whom the next revision tells depends on who was told goodbye.
        await spread(unit, one, now, None if small or stage is Stage.NOT_YOURS else chunk)
    return Announced(recipients, () if small else tuple(written.values()))


async def spread(unit: Unit, message_id: int, now: datetime, chunk: int | None = CHUNK) -> bool:
    """Write the next chunk of a message's deliveries (all of them for None); True when none is left to write.

    Written twice they are the same rows, so that a crash, or two processes at once, does no harm.
    """
    message = await outbox.locked(unit, message_id)
    if message is None or message.spread_at is not None or message.outage_id is None or message.revision is None:
        return True
    history = await _history(unit, message.outage_id, message.revision)
    before = [one for one in history.current if one < message_id]
    if before and await outbox.any_unspread(unit, before):
        # Those for whom the earlier messages of this revision are must be written first: they are left out
        # here. Nothing to do now; `unfinished` names this message again.
        return True
    history = History(history.telling, history.parting, tuple(before))
    upto = await audience.end_of_chunk(unit, message.spread_after, chunk) if chunk else None
    within = Range(message.spread_after, upto) if message.spread_after or upto else EVERYONE
    reach = await _reach(unit, message.outage_id, message.revision)
    await audience.write(unit, message, reach, history, within, now)
    message.spread_after, message.spread_at = upto or message.spread_after, None if upto else now
    unit.session.add(message)
    return upto is None


async def unfinished(unit: Unit) -> list[int]:
    """Messages whose deliveries are not all written, oldest first."""
    return await outbox.unspread(unit)


async def any_unfinished(unit: Unit, outage_id: int) -> bool:
    """Whether people touched by an outage are still to be found, so that no delivery of theirs shows who waits."""
    messages = await outbox.of_outage(unit, outage_id)
    return any(one.spread_at is None and one.audience_kind == Audience.TOUCHED for one in messages)


async def tell_one(
    unit: Unit, outage: Outage, reply: Reply, contact_id: int, places: list[str], now: datetime
) -> None:
    """Tell one more contact of an outage as it is now, unless they know this revision already."""
    assert outage.id is not None
    messages = [one for one in await outbox.of_outage(unit, outage.id) if one.revision == outage.revision]
    if await outbox.addressed(unit, contact_id, [one.id for one in messages if one.id is not None]):
        return
    message = next((one for one in messages if one.stage == Stage.INCIDENT), None)
    if message is None:
        message = _message(outage, Stage.INCIDENT, reply, now)
        message.id = await outbox.add_message(unit, message)
    await audience.write_to(unit, message, contact_id, places, now)


def words(outage: Outage, stage: Stage, starts_at: datetime, ends_at: datetime | None) -> Reply:
    """What is said of an outage at a stage; which of their own places it touches is added for each person."""
    area = tuple(area_words(outage.area))
    end = Moment(ends_at.isoformat()) if ends_at else Words("end.unknown")
    text = Words(
        _KEYS[stage],
        {
            "area": area,
            "reason": outage.reason or Words("reason.unknown"),
            "start": Moment(starts_at.isoformat()),
            "end": end,
            "code": outage.code,
        },
    )
    buttons = (Button(Words("menu.places"), "go:places"),) if stage == Stage.INCIDENT else ()
    return Reply((text, Words("incident.places")), buttons)


def scope_from(parts: Iterable[tuple[str, str]]) -> Scope:
    """A scope from pairs of a kind and a code, in their order."""
    by_kind: dict[str, list[str]] = {}
    for kind, code in parts:
        by_kind.setdefault(kind, []).append(code)
    return Scope(
        feeders=tuple(by_kind.get(ScopeKind.FEEDER, ())),
        transformers=tuple(by_kind.get(ScopeKind.TRANSFORMER, ())),
        wards=tuple(by_kind.get(ScopeKind.WARD, ())),
        customers=tuple(by_kind.get(ScopeKind.CUSTOMER, ())),
    )


def _message(outage: Outage, stage: Stage, reply: Reply, now: datetime) -> Message:
    return Message(
        words=reply_to_json(reply),
        outage_id=outage.id,
        revision=outage.revision,
        stage=stage,
        priority=Priority.INCIDENT,
        worthless_after=now + WORTH,
        created_at=now,
    )


async def _reach(unit: Unit, outage_id: int, revision: int) -> Reach:
    """Whom a revision of an outage touches, as it was found once for all its chunks."""
    content = (await outages.revision_of(unit, outage_id, revision)).content
    return Reach(scope_from((kind, code) for kind, code in content["scope"]), tuple(content["heard_in"]))


async def _history(unit: Unit, outage_id: int, revision: int) -> History:
    messages = [one for one in await outbox.of_outage(unit, outage_id) if one.id is not None]
    earlier = [one for one in messages if (one.revision or 0) < revision]
    return History(
        telling=tuple(one.id for one in earlier if one.stage in _TELLING and one.id),
        parting=tuple(one.id for one in earlier if one.stage == Stage.NOT_YOURS and one.id),
        current=tuple(one.id for one in messages if one.revision == revision and one.id),
    )

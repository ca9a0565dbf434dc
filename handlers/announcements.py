"""Who is told what of an outage: a message for each piece of news, and its deliveries, written in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from conversations.model import Reply
from conversations.wire import reply_to_json
from handlers.talking import ZONE
from store import audience, outages, outbox
from store.audience import EVERYONE, Audience, History, Listeners, LocalHours, Range, Reach
from store.db import Unit
from store.extent import Scope
from store.outages import Outage, ScopeKind, Stage
from store.outbox import Message, Priority

# So many deliveries are written at once; more go out in chunks, the first of them sent before the last is written.
CHUNK = 20_000
# Of more than that, the deliveries to so many contacts are written first.
FIRST = 1_000
# News of an incident that could not be delivered for a day is no news.
WORTH = timedelta(hours=24)

# After these somebody knows of the outage, as it was at that revision.
TELLING = (
    Stage.INCIDENT,
    Stage.PLAN,
    Stage.REMINDER,
    Stage.START,
    Stage.CHANGE,
    Stage.POSTPONED,
    Stage.RESTORED,
)


@dataclass(frozen=True)
class News:
    """One message about an outage's newest revision, and who hears it; the columns of Message say the rest.

    heard_last: only who heard last of one of these revisions; None for anybody.
    """

    stage: Stage
    audience: Audience
    reply: Reply
    worthless_after: datetime
    priority: int = Priority.INCIDENT
    segments: tuple[str, ...] | None = None
    preference: str | None = None
    heard_last: tuple[int, ...] | None = None
    part: str = ""
    hold_before: datetime | None = None


@dataclass(frozen=True)
class Announced:
    """How many are to hear it, and the messages whose deliveries are not all written yet.

    recipients: those who are counted already. to_count: messages whose audiences are still to be counted.
    """

    recipients: int
    unfinished: tuple[int, ...]
    to_count: tuple[int, ...] = ()


async def announce(
    unit: Unit,
    outage: Outage,
    news: Sequence[News],
    now: datetime,
    renews: bool = True,
    chunk: int = CHUNK,
    first: int = FIRST,
) -> Announced:
    """Write messages about an outage and begin to write their deliveries, in the order of `news`.

    renews: it is a new revision, which makes stale what was said of the earlier ones.
    """
    if not news:
        return Announced(0, ())
    assert outage.id is not None
    earlier = await outbox.of_outage(unit, outage.id)
    written = [await _add(unit, outage, one, now, earlier) for one in news]
    if renews:
        await _retract(unit, outage, news, earlier, written[0], now)
    listeners = await _listeners(unit, written, [*earlier, *written])
    small = not await audience.may_exceed(unit, listeners, chunk, now)
    recipients = await audience.size(unit, listeners, now) if small else 0
    for message in written:
        # Partings are written at once: whom the next revision tells depends on who was told goodbye.
        at_once = small or message.stage == Stage.NOT_YOURS
        await spread(unit, _id(message), now, None if at_once else min(chunk, first))
    ids = tuple(_id(message) for message in written)
    return Announced(recipients, (), ()) if small else Announced(0, ids, ids)


async def recipients_of(unit: Unit, message_ids: Sequence[int]) -> int:
    """How many are to hear any of these messages about one outage, as it was when they were announced."""
    messages = [one for one in [await unit.session.get(Message, one) for one in message_ids] if one is not None]
    if not messages or messages[0].outage_id is None:
        return 0
    of_outage = await outbox.of_outage(unit, messages[0].outage_id)
    return await audience.size(unit, await _listeners(unit, messages, of_outage), messages[0].created_at)


async def followers_of(unit: Unit, outage_id: int, revision: int, now: datetime) -> int:
    """How many follow a place that a revision of an outage touches, whatever they heard of it."""
    return await audience.size(unit, [await _followers(unit, outage_id, revision)], now)


async def many_followers(unit: Unit, outage_id: int, revision: int, now: datetime) -> bool:
    """Whether they may be too many to be counted while others wait to write."""
    return await audience.may_exceed(unit, [await _followers(unit, outage_id, revision)], CHUNK, now)


async def spread(unit: Unit, message_id: int, now: datetime, chunk: int | None = CHUNK) -> bool:
    """Write the next chunk of a message's deliveries (all of them for None); True when none is left to write.

    Written twice they are the same rows, so that a crash, or two processes at once, does no harm.
    """
    message = await outbox.locked(unit, message_id)
    history = await _to_spread(unit, message)
    if message is None or history is None:
        return True
    upto = await audience.end_of_chunk(unit, message.spread_after, chunk) if chunk else None
    within = Range(message.spread_after, upto) if message.spread_after or upto else EVERYONE
    await audience.write(unit, message, await _reach(unit, message), history, within, now, local_hours(now))
    return _note_spread(unit, message, upto, now)


async def parts(unit: Unit, message_id: int, chunk: int, writers: int) -> list[Range]:
    """The next ranges of a message's contacts, of about `chunk` each, that so many units may write side by side.

    None if nothing is left to write now. Each is for `spread_part`; when all are written, `spread_parts_end`.
    """
    message = await outbox.locked(unit, message_id)
    if message is None or await _to_spread(unit, message) is None:
        return []
    after = message.spread_after
    upto = await audience.end_of_chunk(unit, after, chunk * writers)
    # Ids are given in a row, so that their middle parts the contacts well enough without counting them.
    last = upto or await audience.last_contact(unit)
    bounds = [after + (last - after) * part // writers for part in range(writers)]
    return [Range(begin, end) for begin, end in zip(bounds, [*bounds[1:], upto], strict=True)]


async def spread_part(unit: Unit, message_id: int, part: Range, now: datetime) -> None:
    """Write a message's deliveries within one of `parts`. How far it is spread is not noted yet.

    A revision that comes meanwhile waits for this unit, so that it retracts these rows too.
    """
    message = await outbox.held(unit, message_id)
    history = await _to_spread(unit, message)
    if message is not None and history is not None:
        await audience.write(unit, message, await _reach(unit, message), history, part, now, local_hours(now))


async def spread_parts_end(unit: Unit, message_id: int, written: Sequence[Range], now: datetime) -> bool:
    """Note that all these parts are written; True when none is left to write."""
    message = await outbox.locked(unit, message_id)
    if message is None or message.spread_at is not None:
        return True
    if message.spread_after != written[0].after:
        # Looked through once more from its beginning, or written by another process meanwhile.
        return False
    return _note_spread(unit, message, written[-1].upto, now)


def local_hours(now: datetime) -> LocalHours:
    """Now on the utility's clock, as quiet hours are kept."""
    local = now.astimezone(ZONE)
    full = local.replace(minute=0, second=0, microsecond=0)
    following = (full + timedelta(hours=(hour - local.hour - 1) % 24 + 1) for hour in range(24))
    return LocalHours(local.hour, tuple(at.astimezone(now.tzinfo) for at in following))


async def unfinished(unit: Unit) -> list[int]:
    """Messages whose deliveries are not all written, oldest first."""
    return await outbox.unspread(unit)


async def any_unfinished(unit: Unit, outage_id: int) -> bool:
    """Whether people touched by an outage are still to be found, so that no delivery of theirs shows who waits."""
    messages = await outbox.of_outage(unit, outage_id)
    finding = (Audience.TOUCHED, Audience.UNTOLD)
    return any(one.spread_at is None and one.audience_kind in finding for one in messages)


async def tell_one(
    unit: Unit, outage: Outage, news: News, contact_id: int, places: list[str], now: datetime
) -> None:
    """Tell one more contact of an outage as it is now, unless they know this revision already."""
    assert outage.id is not None
    messages = [one for one in await outbox.of_outage(unit, outage.id) if one.revision == outage.revision]
    # Who was told that their old place is not touched any more knows nothing of the new one.
    if await outbox.addressed(unit, contact_id, [_id(one) for one in messages if one.stage in TELLING]):
        return
    message = next((one for one in messages if _says(one, news, now)), None)
    if message is None:
        taken = any((one.stage, one.part) == (news.stage, news.part) for one in messages)
        part = f"{news.part}.{len(messages)}" if taken else news.part
        message = _message(outage, replace(news, part=part), now)
        message.id = await outbox.add_message(unit, message)
    # They are talking to us at this moment: no quiet hours hold the answer.
    awake = LocalHours(local_hours(now).hour, ())
    await audience.write_to(unit, message, contact_id, places, now, awake)


async def told_revisions(unit: Unit, outage: Outage) -> list[int]:
    """The earlier revisions of which somebody may have heard, oldest first."""
    assert outage.id is not None
    messages = await outbox.of_outage(unit, outage.id)
    return sorted({one.revision for one in messages if one.stage in TELLING and one.revision is not None})


async def reach_of(unit: Unit, outage_id: int, revision: int) -> Reach:
    """Whom a revision of an outage touches, as it was found once for all its chunks."""
    content = (await outages.revision_of(unit, outage_id, revision)).content
    reporters = outage_id if await audience.has_reporters(unit, outage_id) else None
    scope = scope_from((kind, code) for kind, code in content["scope"])
    return Reach(scope, tuple(content["heard_in"]), reporters_of=reporters)


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


async def _to_spread(unit: Unit, message: Message | None) -> History | None:
    """A message's history as its audience needs it, or None where there is nothing to write now."""
    if message is None or message.spread_at is not None or message.outage_id is None or message.revision is None:
        return None
    history = _history(await outbox.of_outage(unit, message.outage_id), message)
    if history.current and await outbox.any_unspread(unit, history.current):
        # Those for whom the earlier messages of this revision are must be written first: they are left out
        # here. Nothing to do now; `unfinished` names this message again.
        return None
    return history


def _note_spread(unit: Unit, message: Message, upto: int | None, now: datetime) -> bool:
    message.spread_after, message.spread_at = upto or message.spread_after, None if upto else now
    unit.session.add(message)
    return upto is None


async def _followers(unit: Unit, outage_id: int, revision: int) -> Listeners:
    return Listeners(Audience.EVERYBODY, await reach_of(unit, outage_id, revision), History())


async def _listeners(unit: Unit, messages: Sequence[Message], of_outage: Sequence[Message]) -> list[Listeners]:
    return [
        Listeners(
            Audience(message.audience_kind or ""),
            await _reach(unit, message),
            _history(of_outage, message),
            message.preference,
        )
        for message in messages
    ]


async def _add(unit: Unit, outage: Outage, news: News, now: datetime, earlier: Sequence[Message]) -> Message:
    message = _message(outage, news, now)
    message.audience_kind = news.audience
    same = (outage.revision, news.stage, news.part)
    before = next((one for one in earlier if (one.revision, one.stage, one.part) == same), None)
    if before is None:
        message.id = await outbox.add_message(unit, message)
        return message
    # New followers were told already: the rest get the very message, so that nobody gets it twice.
    values = message.model_dump(exclude={"id", "superseded_by"})
    before.sqlmodel_update(values)
    unit.session.add(before)
    await unit.session.flush()
    return before


async def _retract(
    unit: Unit, outage: Outage, news: Sequence[News], earlier: Sequence[Message], by: Message, now: datetime
) -> None:
    """What is still due of earlier revisions became wrong."""
    # That a place is not touched any more stays true until the scope changes again.
    rescoped = any(one.stage is Stage.NOT_YOURS for one in news)
    stale = [
        _id(one)
        for one in earlier
        if (one.revision or 0) < outage.revision
        and (one.stage in TELLING or (rescoped and one.stage == Stage.NOT_YOURS))
    ]
    await outbox.supersede(unit, stale, _id(by), now)


def _says(message: Message, news: News, now: datetime) -> bool:
    """Whether a message is this news, and still worth telling: time passes within a revision."""
    same = (message.stage, message.words) == (news.stage, reply_to_json(news.reply))
    return same and (message.worthless_after is None or message.worthless_after > now)


def _message(outage: Outage, news: News, now: datetime) -> Message:
    return Message(
        words=reply_to_json(news.reply),
        outage_id=outage.id,
        revision=outage.revision,
        stage=news.stage,
        part=news.part,
        priority=news.priority,
        worthless_after=news.worthless_after,
        hold_before=news.hold_before,
        segments=list(news.segments) if news.segments is not None else None,
        preference=news.preference,
        heard_last=list(news.heard_last) if news.heard_last is not None else None,
        created_at=now,
    )


async def _reach(unit: Unit, message: Message) -> Reach:
    assert message.outage_id is not None
    assert message.revision is not None
    reach = await reach_of(unit, message.outage_id, message.revision)
    return replace(reach, segments=tuple(message.segments) if message.segments is not None else None)


def _history(messages: Sequence[Message], message: Message) -> History:
    """An outage's messages as one of them sees them."""
    revision, last = message.revision or 0, message.heard_last
    earlier = [one for one in messages if (one.revision or 0) < revision]
    current = [one for one in messages if one.revision == revision and _id(one) < _id(message)]
    telling = [one for one in earlier if one.stage in TELLING]
    return History(
        telling=tuple(_id(one) for one in telling),
        parting=tuple(_id(one) for one in earlier if one.stage == Stage.NOT_YOURS),
        current=tuple(_id(one) for one in current),
        current_telling=tuple(_id(one) for one in current if one.stage in TELLING),
        heard_last=None if last is None else tuple(_id(one) for one in telling if one.revision in last),
        # Who only reported it heard of it as it was then; they go with those who know the newest.
        reporters=last is None or max((one.revision or 0 for one in telling), default=0) in last,
    )


def _id(message: Message) -> int:
    assert message.id is not None
    return message.id

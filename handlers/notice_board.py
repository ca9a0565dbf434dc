"""The notices of a planned outage: what is still to come is planned anew after each change, and said when due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from conversations.model import Reply
from handlers import announcements, outage_words
from handlers.announcements import Announced, News
from handlers.outage_keeping import SlotSeen, slots_of
from handlers.rules import notices as rules
from handlers.rules.notices import Numbered, Planned, Said
from handlers.rules.planning import Window, rules_at
from handlers.talking import ZONE
from store import notices
from store.audience import Audience
from store.customers import Segment
from store.db import Unit
from store.notices import Notice, NoticeState
from store.outages import LIVE, Outage, OutageState, SlotState, Stage
from store.outbox import Priority

# Who may propose another time: production suffers by the hour.
PROPOSERS = (Segment.BUSINESS, Segment.INDUSTRIAL)
# Quiet hours end this long before a window that is news, or the news comes at once.
HEADSTART = timedelta(hours=1)


def timetable(slots: Sequence[SlotSeen], said: Sequence[Said], now: datetime) -> tuple[Planned, ...]:
    """All notices still to come for these windows."""
    windows = [
        Numbered(slot.number, Window(slot.starts_at, slot.ends_at))
        for slot in slots
        if slot.state is SlotState.ON and slot.ends_at is not None
    ]
    return rules.plan(windows, said, rules_at(now.astimezone(ZONE).date()), now, ZONE)


async def replan(unit: Unit, outage: Outage, now: datetime) -> None:
    """Put the notices still to come in the place of those planned before the outage changed."""
    assert outage.id is not None
    said = [
        Said(rules.NoticeKind(one.stage), one.slot, one.begins_at, one.segment, one.lead)
        for one in await notices.of_outage(unit, outage.id)
        # A first notice that came too late for one window is due for the next.
        if one.state == NoticeState.DONE or (one.state != NoticeState.DUE and one.stage != rules.NoticeKind.PLAN)
    ]
    slots = await slots_of(unit, outage.id) if outage.state in LIVE else ()
    rows = (_row(outage.id, one) for one in timetable(slots, said, now))
    await notices.replace_due(unit, outage.id, rows)
    await unit.session.flush()


async def say_first(unit: Unit, outage: Outage, now: datetime) -> Announced:
    """Say at once the first notices that are due already: the plan is late, or a segment hears of it today."""
    assert outage.id is not None
    recipients, unfinished, to_count = 0, list[int](), list[int]()
    for notice in await notices.due_of(unit, outage.id, now):
        if notice.stage == rules.NoticeKind.PLAN:
            said = await say(unit, outage, notice, now)
            recipients += said.recipients
            unfinished += said.unfinished
            to_count += said.to_count
    return Announced(recipients, tuple(unfinished), tuple(to_count))


async def say(unit: Unit, outage: Outage, notice: Notice, now: datetime) -> Announced:
    """Say a notice that is due, unless it is worthless by now."""
    assert outage.id is not None
    worthless = now >= notice.worthless_after or _too_late(notice, now)
    notice.state, notice.said_at = (NoticeState.WORTHLESS, None) if worthless else (NoticeState.DONE, now)
    unit.session.add(notice)
    await unit.session.flush()
    if worthless:
        return Announced(0, ())
    slots = await slots_of(unit, outage.id)
    about = next(slot for slot in slots if slot.number == notice.slot)
    match notice.stage:
        case rules.NoticeKind.PLAN:
            news = first(outage, slots, now, Audience.UNTOLD, (notice.segment,))
        case rules.NoticeKind.REMINDER:
            reply = outage_words.reminder(outage, about, notice.lead)
            news = _notice(Stage.REMINDER, reply, notice, f"{notice.slot}.{notice.lead}", notice.lead)
        case _:
            outage.state = OutageState.IN_PROGRESS
            unit.session.add(outage)
            reply = outage_words.begun(outage, slots, about)
            news = _notice(Stage.START, reply, notice, f"{notice.slot}", None)
    return await announcements.announce(unit, outage, [news] if news else [], now, renews=False)


async def judge(
    unit: Unit, outage: Outage, before: Sequence[SlotSeen], after: Sequence[SlotSeen], now: datetime
) -> None:
    """Keep, for the figures, how far ahead the told segments heard of each window that is new or was moved."""
    assert outage.id is not None
    leads = rules_at(now.astimezone(ZONE).date()).first_notice
    known = {(slot.number, slot.starts_at) for slot in before if slot.state is SlotState.ON}
    news = [
        slot
        for slot in after
        if slot.state is SlotState.ON and slot.starts_at > now and (slot.number, slot.starts_at) not in known
    ]
    for segment in await told_segments(unit, outage.id):
        for slot in news:
            wanted_by = slot.starts_at - leads[segment]
            heard = Planned(
                rules.NoticeKind.PLAN,
                slot.number,
                slot.starts_at,
                due_at=now,
                worthless_after=slot.starts_at,
                segment=segment,
                wanted_by=wanted_by,
                late=now > wanted_by,
            )
            row = _row(outage.id, heard)
            row.state, row.said_at = NoticeState.DONE, now
            unit.session.add(row)
    await unit.session.flush()


def first(
    outage: Outage,
    slots: Sequence[SlotSeen],
    now: datetime,
    kind: Audience,
    segments: tuple[str, ...] | None = None,
) -> News | None:
    """The outage as somebody hears of it who did not know of it; None when no window is left to be told."""
    left = [slot for slot in slots if slot.state is SlotState.ON and slot.ends_at and slot.ends_at > now]
    if not left:
        return None
    # Whoever hears of the outage hears of these too, or a new time would be news of something unknown.
    put_off = [slot for slot in slots if slot.state is SlotState.POSTPONED]
    ahead = [slot.starts_at for slot in left if slot.starts_at > now]
    worthless_after = min(ahead) if ahead else max(slot.ends_at for slot in left if slot.ends_at)
    may_propose = bool(ahead) and segments is not None and any(one in PROPOSERS for one in segments)
    return News(
        stage=Stage.PLAN,
        audience=kind,
        reply=outage_words.plan(outage, Stage.PLAN, [*left, *put_off], may_propose),
        worthless_after=worthless_after,
        priority=Priority.PLANNED,
        segments=segments,
        part="+".join(segments) if segments else "",
        hold_before=worthless_after - HEADSTART,
    )


async def told_segments(unit: Unit, outage_id: int) -> tuple[str, ...]:
    """The segments whose first notice went out."""
    return tuple(
        sorted(
            {
                one.segment
                for one in await notices.of_outage(unit, outage_id)
                if one.stage == rules.NoticeKind.PLAN and one.state == NoticeState.DONE
            }
        )
    )


def _notice(stage: Stage, reply: Reply, notice: Notice, part: str, preference: str | None) -> News:
    return News(
        stage=stage,
        audience=Audience.EVERYBODY,
        reply=reply,
        worthless_after=notice.worthless_after,
        priority=Priority.PLANNED,
        preference=preference,
        part=part,
        hold_before=notice.worthless_after,
    )


def _too_late(notice: Notice, now: datetime) -> bool:
    """A reminder says how long it is to the beginning: not much later, or it says something false."""
    lead = notice.begins_at - notice.due_at
    return notice.stage == rules.NoticeKind.REMINDER and now - notice.due_at > lead / 4


def _row(outage_id: int, planned: Planned) -> Notice:
    return Notice(
        outage_id=outage_id,
        stage=planned.kind,
        slot=planned.slot,
        begins_at=planned.begins_at,
        segment=planned.segment,
        lead=planned.lead,
        due_at=planned.due_at,
        worthless_after=planned.worthless_after,
        wanted_by=planned.wanted_by,
        late=planned.late,
    )

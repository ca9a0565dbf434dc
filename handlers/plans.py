"""Planned outages from draft to restoration: every deed is a revision, and whoever was told is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from conversations.model import Reply
from handlers import announcements, causes, notice_board, outage_words, windows
from handlers.announcements import WORTH, Announced, News
from handlers.incidents import other_outages
from handlers.outage_checks import allow, findings_of, plan_problems, windows_of
from handlers.outage_forms import (
    Invalid,
    OutageChange,
    OutageDraft,
    Over,
    Override,
    Postponement,
    Problem,
    Published,
    Slot,
    ToCount,
)
from handlers.outage_keeping import (
    NO_NOTES,
    Notes,
    SlotSeen,
    code_of,
    code_to_come,
    keep,
    published,
    scope_of,
    slots_at,
    slots_of,
)
from handlers.outage_words import End
from handlers.rules.notices import END_IS_NEWS, GRACE
from handlers.rules.planning import Finding
from handlers.windows import Restored
from store import outages, reports
from store.audience import Audience
from store.customers import Segment
from store.db import Unit
from store.extent import Scope
from store.outages import LIVE, Kind, Outage, OutageState, SlotState, Stage
from store.outbox import Priority


@dataclass(frozen=True)
class Deed:
    """What is done to a planned outage: its new windows and scope, and what that is news of."""

    stage: Stage
    slots: Sequence[SlotSeen]
    scope: Scope
    by: str
    notes: Notes = NO_NOTES


async def publish(unit: Unit, draft: OutageDraft, by: str, now: datetime) -> Published:
    """Publish planned work, or keep it as a draft. Raises Invalid, Broken."""
    problems = await plan_problems(unit, draft, now)
    if problems:
        raise Invalid(problems)
    findings = await findings_of(unit, draft.scope, windows_of(draft.slots), now, binding=not draft.draft)
    if not draft.draft:
        allow(findings, draft.overrides)
    outage = Outage(
        code=code_to_come(),
        ref=draft.ref,
        kind=Kind.PLANNED,
        state=OutageState.DRAFT if draft.draft else OutageState.PUBLISHED,
        reason=draft.reason,
        cause_class=causes.suggested(Kind.PLANNED),
        area=[],
        published_at=now,
        published_by=by,
        updated_at=now,
    )
    unit.session.add(outage)
    await unit.session.flush()
    outage.code = code_of(outage, now)
    await causes.classify(unit, outage, draft.cause_class, by, now)
    ordered = sorted(draft.slots, key=lambda slot: slot.starts_at)
    slots = [SlotSeen(number, slot.starts_at, slot.ends_at) for number, slot in enumerate(ordered, 1)]
    await keep(unit, outage, slots, draft.scope, Stage.PLAN, by, now, Notes(findings, draft.overrides))
    if draft.draft:
        return Published(outage, 0, findings=findings)
    return await _go_public(unit, outage, findings, now)


async def publish_draft(
    unit: Unit, outage: Outage, overrides: tuple[Override, ...], by: str, now: datetime
) -> Published:
    """Publish what was kept as a draft. Raises Over when it is none, Invalid, Broken."""
    if outage.state != OutageState.DRAFT or outage.id is None:
        raise Over
    slots, scope = await slots_of(unit, outage.id), await scope_of(unit, outage.id)
    plain = tuple(Slot(slot.starts_at, slot.ends_at) for slot in slots if windows.is_on(slot))
    problems = await plan_problems(unit, OutageDraft(outage.kind, outage.reason, plain, scope), now)
    if problems:
        raise Invalid(problems)
    findings = await findings_of(unit, scope, windows_of(plain), now, outage.id, binding=True)
    allow(findings, overrides)
    outage.state, outage.revision = OutageState.PUBLISHED, outage.revision + 1
    outage.published_at, outage.published_by = now, by
    await keep(unit, outage, slots, scope, Stage.PLAN, by, now, Notes(findings, overrides))
    return await _go_public(unit, outage, findings, now)


async def change(unit: Unit, outage: Outage, wish: OutageChange, by: str, now: datetime) -> Published:
    """Change windows, scope or reason; who was told is told what became of each window. Raises Over, Invalid,
    Broken."""
    old, scope = await _open(unit, outage)
    if "ends_at" in wish.named:
        wish = _one_end(wish, old)
    slots = windows.changed(old, wish.slots, outage.revision + 1, now) if "slots" in wish.named else old
    if "slots" in wish.named and not any(windows.is_on(slot) for slot in slots):
        raise Invalid([Problem("slots", "slots.needed")])
    wanted = wish.scope if wish.scope and set(wish.scope.parts()) != set(scope.parts()) else scope
    reason = wish.reason if "reason" in wish.named else outage.reason
    if (slots, wanted, reason) == (old, scope, outage.reason):
        return Published(outage, 0)
    findings = await _checked(unit, outage, (old, slots), wanted, reason, wanted != scope, wish.overrides, now)
    outage.reason = reason
    if outage.state == OutageState.POSTPONED and any(windows.is_on(slot) for slot in slots):
        outage.state = OutageState.PUBLISHED
    deed = Deed(Stage.CHANGE, slots, wanted, by, Notes(findings, wish.overrides))
    return await _do(unit, outage, deed, old, scope, now, findings)


async def postpone(unit: Unit, outage: Outage, wish: Postponement, by: str, now: datetime) -> Published:
    """Put windows off, to a new time or until further notice. Raises Over, Invalid, Broken."""
    old, scope = await _open(unit, outage)
    slots = _postponed(old, wish, outage.revision + 1, now)
    if slots == old:
        return Published(outage, 0)
    findings = await _checked(unit, outage, (old, slots), scope, outage.reason, False, wish.overrides, now)
    any_on = any(windows.is_on(slot) for slot in slots)
    if not any_on and outage.state != OutageState.DRAFT:
        outage.state = OutageState.POSTPONED
    elif any_on and outage.state == OutageState.POSTPONED:
        outage.state = OutageState.PUBLISHED
    deed = Deed(Stage.POSTPONED, slots, scope, by, Notes(findings, wish.overrides, wish.reason))
    return await _do(unit, outage, deed, old, scope, now, findings)


async def cancel(unit: Unit, outage: Outage, why: str | None, by: str, now: datetime) -> Published:
    """Call everything off. Raises Over, and Invalid while a window is running: that one is restored."""
    if outage.state == OutageState.CANCELLED:
        return Published(outage, 0)
    old, scope = await _open(unit, outage)
    if windows.running(old, now):
        raise Invalid([Problem("", "cancel.running")])
    told = outage.state != OutageState.DRAFT
    outage.state = OutageState.CANCELLED
    slots = windows.all_off(old, SlotState.CANCELLED, outage.revision + 1)
    deed = Deed(Stage.CANCELLED, slots, scope, by, Notes(why=why))
    return await _do(unit, outage, deed, old, scope, now, (), told)


async def restore(unit: Unit, outage: Outage, restored_at: datetime | None, by: str, now: datetime) -> Published:
    """The power is back, before or after the window's end; a window that adjoins it is no more, later ones stay.

    Raises Over, and Invalid when no window is running.
    """
    if outage.state == OutageState.RESTORED:
        return Published(outage, 0)
    old, _ = await _open(unit, outage)
    at = restored_at or now
    if windows.running(old, now) is None or outage.state == OutageState.DRAFT:
        raise Invalid([Problem("", "restore.not_begun")])
    after = windows.restored(old, at, outage.revision + 1, now)
    if after is None or at > now + timedelta(minutes=5):
        raise Invalid([Problem("restored_at", "restored_at.outside")])
    return await _end_window(unit, outage, after, End(at), by, now)


async def window_over(unit: Unit, outage: Outage, number: int, now: datetime) -> Published:
    """A window has passed and nobody said so: ask those who were told whether their power is back.

    Where the next window follows at once nothing is said: the power is not back, and the next beginning tells.
    """
    assert outage.id is not None
    slots = await slots_of(unit, outage.id)
    slot = next(one for one in slots if one.number == number)
    assert slot.ends_at is not None
    until = slot.ends_at + GRACE
    if any(windows.is_on(one) and one.number != number and one.starts_at <= until for one in slots):
        await outages.end_slot(unit, outage.id, number)
        await notice_board.replan(unit, outage, now)
        return Published(outage, 0)
    is_news = now < slot.ends_at + END_IS_NEWS
    over = replace(slot, state=SlotState.OVER, changed_in=outage.revision + 1)
    after = Restored(tuple(over if one.number == number else one for one in slots), slot)
    return await _end_window(unit, outage, after, End(slot.ends_at, by_plan=True), "plan", now, is_news)


async def news_for(unit: Unit, outage: Outage, segment: str, now: datetime) -> News | None:
    """What somebody of a segment hears who begins to follow a place now; None: it is not their turn yet."""
    assert outage.id is not None
    slots = await slots_of(unit, outage.id)
    told = await notice_board.told_segments(unit, outage.id)
    if segment not in told and windows.running(slots, now) is None:
        return None
    return notice_board.first(outage, slots, now, Audience.UNTOLD, (segment,))


# --- the parts of a deed ---------------------------------------------------------------------------------------


async def _go_public(unit: Unit, outage: Outage, findings: tuple[Finding, ...], now: datetime) -> Published:
    """Plan the notices; those that are due already go out with this very unit."""
    assert outage.id is not None
    await notice_board.replan(unit, outage, now)
    followed = (outage.id, outage.revision)
    many = await announcements.many_followers(unit, *followed, now)
    recipients = None if many else await announcements.followers_of(unit, *followed, now)
    said = await notice_board.say_first(unit, outage, now)
    to_count = ToCount(followed=followed, at=now) if many else None
    return Published(outage, recipients, said.unfinished, findings, to_count)


async def _do(
    unit: Unit,
    outage: Outage,
    deed: Deed,
    before: Sequence[SlotSeen],
    scope: Scope,
    now: datetime,
    findings: tuple[Finding, ...],
    told: bool = True,
) -> Published:
    """Keep the revision, tell it, and plan what is to come anew."""
    outage.revision += 1
    await keep(unit, outage, deed.slots, deed.scope, deed.stage, deed.by, now, deed.notes)
    if outage.state == OutageState.DRAFT or not told:
        return Published(outage, 0, findings=findings)
    news = await _changes(unit, outage, deed, before, rescoped=deed.scope != scope, now=now)
    said = await announcements.announce(unit, outage, news, now)
    await notice_board.judge(unit, outage, before, deed.slots, now)
    await notice_board.replan(unit, outage, now)
    first = await notice_board.say_first(unit, outage, now) if outage.state in LIVE else Announced(0, ())
    return published(outage, [said, first], findings)


async def _changes(
    unit: Unit, outage: Outage, deed: Deed, before: Sequence[SlotSeen], rescoped: bool, now: datetime
) -> list[News]:
    """The news of a change: each hears what became of the windows that they knew."""
    assert outage.id is not None
    times = _Times.of([*before, *deed.slots], now)
    kind = Audience.STILL_TOUCHED if rescoped else Audience.TOLD
    news = []
    if rescoped:
        reply = outage_words.plan(outage, Stage.NOT_YOURS, deed.slots)
        news.append(times.news(Stage.NOT_YOURS, Audience.NO_LONGER_TOUCHED, reply))

    def said(knew: Sequence[SlotSeen]) -> News:
        reply = outage_words.changed(outage, deed.stage, knew, deed.slots, deed.notes.why)
        return times.news(deed.stage, kind, reply)

    return [*news, *await _by_knowledge(unit, outage, said), *await _waiting(unit, outage, deed.slots, now)]


async def _by_knowledge(unit: Unit, outage: Outage, said: Callable[[Sequence[SlotSeen]], News]) -> list[News]:
    """The same news in as many wordings as there are different things that people know of the windows."""
    assert outage.id is not None
    by_text: dict[str, tuple[News, list[int]]] = {}
    for revision in await announcements.told_revisions(unit, outage):
        news = said(await slots_at(unit, outage.id, revision))
        by_text.setdefault(repr(news.reply), (news, []))[1].append(revision)
    if len(by_text) == 1:
        return [news for news, _ in by_text.values()]
    return [
        replace(news, part=f"since{revisions[0]}", heard_last=tuple(revisions))
        for news, revisions in by_text.values()
    ]


async def _waiting(unit: Unit, outage: Outage, slots: Sequence[SlotSeen], now: datetime) -> list[News]:
    """The outage as a first notice, for all whom it touches and whom no other message of this revision reaches.

    Segments whose first notice is still to come hear of it then, unless they are without power already.
    """
    assert outage.id is not None
    if outage.state not in LIVE:
        return []
    told = await notice_board.told_segments(unit, outage.id)
    segments = tuple(Segment) if windows.running(slots, now) else told
    news = notice_board.first(outage, slots, now, Audience.TOUCHED, segments) if segments else None
    return [replace(news, part="waiting")] if news else []


async def _end_window(
    unit: Unit,
    outage: Outage,
    restored: Restored,
    end: End,
    by: str,
    now: datetime,
    is_news: bool = True,
) -> Published:
    """Keep that a window is over, and tell it unless it is so long ago that it is no news."""
    assert outage.id is not None
    outage.revision += 1
    slots = restored.slots
    left = any(windows.is_on(one) for one in slots)
    running = windows.running(slots, now) is not None
    after = OutageState.IN_PROGRESS if running else OutageState.PUBLISHED
    put_off = any(one.state is SlotState.POSTPONED for one in slots)
    # Who was promised a new time for a window is still to hear of it.
    none_left = OutageState.POSTPONED if put_off else OutageState.RESTORED
    outage.state = after if left else none_left
    outage.restored_at = end.at
    scope = await scope_of(unit, outage.id)
    await keep(unit, outage, slots, scope, Stage.RESTORED, by, now)
    end = replace(end, also=await other_outages(unit, outage, now))
    # Worth knowing for a day, and not worth waking anybody for.
    until = end.at + END_IS_NEWS if end.by_plan else now + WORTH
    times = _Times(until, until)

    # One that has passed as it was planned is only waiting to be closed, and told of then.
    shown = [one for one in slots if not windows.is_on(one) or one.ends_at is None or one.ends_at > now]

    def ended(knew: Sequence[SlotSeen]) -> News:
        reply = outage_words.ended(outage, knew, shown, restored.last, end)
        return times.news(Stage.RESTORED, Audience.TOLD, reply)

    if outage.state == OutageState.RESTORED:
        await reports.close_of_outage(unit, outage.id, now)
    over_news = await _by_knowledge(unit, outage, ended) if is_news else []
    news = [*over_news, *await _waiting(unit, outage, slots, now)]
    said = await announcements.announce(unit, outage, news, now)
    await notice_board.replan(unit, outage, now)
    return published(outage, [said])


async def _open(unit: Unit, outage: Outage) -> tuple[tuple[SlotSeen, ...], Scope]:
    """The windows and scope of an outage that has not ended. Raises Over."""
    if outage.state not in (*LIVE, OutageState.DRAFT) or outage.id is None:
        raise Over
    return await slots_of(unit, outage.id), await scope_of(unit, outage.id)


async def _checked(
    unit: Unit,
    outage: Outage,
    slots: tuple[Sequence[SlotSeen], Sequence[SlotSeen]],
    scope: Scope,
    reason: str | None,
    rescoped: bool,
    overrides: tuple[Override, ...],
    now: datetime,
) -> tuple[Finding, ...]:
    """The findings about what is new: moved and added windows, or all that are ahead under a new scope.

    A window that runs longer than planned is the truth, which no rule forbids to tell. Raises Invalid, Broken.
    """
    before, after = slots
    on = [slot for slot in after if windows.is_on(slot)]
    begun = [slot for slot in on if slot.starts_at <= now]
    # One that has passed as it was planned is only waiting to be closed.
    open_ = [slot for slot in on if slot not in before or slot.ends_at is None or slot.ends_at > now]
    plain = tuple(Slot(slot.starts_at, slot.ends_at) for slot in open_)
    started = tuple(Slot(slot.starts_at, slot.ends_at) for slot in begun)
    problems = await plan_problems(unit, OutageDraft(Kind.PLANNED, reason, plain, scope), now, started)
    problems = [problem for problem in problems if problem.key != "slots.needed"]
    if problems:
        raise Invalid(problems)
    known = {(slot.starts_at, slot.ends_at) for slot in before if windows.is_on(slot)}
    new = [
        Slot(slot.starts_at, slot.ends_at)
        for slot in on
        if slot not in begun and (rescoped or (slot.starts_at, slot.ends_at) not in known)
    ]
    public = outage.state != OutageState.DRAFT
    findings = await findings_of(unit, scope, windows_of(new), now, outage.id, binding=public)
    if public:
        allow(findings, overrides)
    return findings


@dataclass(frozen=True)
class _Times:
    """Until when news of a change is worth telling, and until when quiet hours may hold it."""

    worthless_after: datetime
    hold_before: datetime

    @classmethod
    def of(cls, slots: Sequence[SlotSeen], now: datetime) -> _Times:
        """Of all windows as they were and as they are: whoever knew of one must hear before it begins."""
        ends = [slot.ends_at for slot in slots if slot.ends_at]
        # The old time of a window that was put off hurries nobody once it has passed.
        open_ = [
            slot
            for slot in slots
            if slot.state is SlotState.ON or (slot.state is SlotState.POSTPONED and slot.starts_at > now)
        ]
        soonest = min((slot.starts_at for slot in open_), default=now)
        return cls(max([*ends, now]) + notice_board.HEADSTART, soonest - notice_board.HEADSTART)

    def news(self, stage: Stage, kind: Audience, reply: Reply) -> News:
        return News(
            stage, kind, reply, self.worthless_after, priority=Priority.PLANNED, hold_before=self.hold_before
        )


def _one_end(wish: OutageChange, old: Sequence[SlotSeen]) -> OutageChange:
    """A new end for the outage's only window. Raises Invalid when there are several."""
    on = [slot for slot in old if windows.is_on(slot)]
    if len(on) != 1 or "slots" in wish.named:
        raise Invalid([Problem("ends_at", "ends_at.which")])
    slot = Slot(on[0].starts_at, wish.ends_at, on[0].number)
    return replace(wish, named=wish.named | {"slots"}, slots=(slot,))


def _postponed(old: Sequence[SlotSeen], wish: Postponement, revision: int, now: datetime) -> tuple[SlotSeen, ...]:
    if not wish.slots:
        if windows.running(old, now):
            raise Invalid([Problem("", "postpone.running")])
        return windows.all_off(old, SlotState.POSTPONED, revision)
    if any(slot.number is not None for slot in wish.slots):
        return tuple(windows.put_off(old, wish.slots, revision, now))
    if any(slot.starts_at is None for slot in wish.slots):
        raise Invalid([Problem("slots", "slots.number_needed")])
    wanted = tuple(Slot(slot.starts_at, slot.ends_at) for slot in wish.slots if slot.starts_at is not None)
    return windows.changed(old, wanted, revision, now)

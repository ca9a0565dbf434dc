"""Judges what people were told of planned outages, without knowing how the service finds out whom to tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conversations.model import Span, Words
from conversations.wire import reply_from_json
from store.extent import Scope
from tests.town import SERVED

Window = tuple[datetime, datetime]
# In these states a line of a message says that the window is still to come, or is running.
TO_COME = ("on", "still", "added")
KNOWN = ("still", "cancelled", "postponed", "over")


def touches(scope: Scope, target: str) -> bool:
    """Whether an outage of this scope is news to who follows a place: written down from the glossary."""
    kind, _, code = target.partition(":")
    if kind == "c":
        ward, feeder, transformer = SERVED[code]
        named = (feeder in scope.feeders, transformer in scope.transformers, ward in scope.wards)
        return any(named) or code in scope.customers
    lines = Scope(feeders=scope.feeders, transformers=scope.transformers, wards=scope.wards)
    return code in scope.wards or any(
        ward == code and touches(lines, f"c:{customer}") for customer, (ward, _, _) in SERVED.items()
    )


@dataclass(frozen=True)
class Heard:
    """One message as one person read it."""

    contact_id: int
    outage_id: int
    revision: int
    stage: str
    part: str
    written_at: datetime
    sent_at: datetime
    worthless_after: datetime
    words: Mapping[str, Any]

    def window(self) -> Window | None:
        """The window that it is about, if it is about one."""
        for words in self._all():
            span = words.values.get("window")
            if isinstance(span, Span):
                return _times(span)
        return None

    def lines(self) -> list[tuple[str, Window, Window | None]]:
        """What it says of each window: the state, the window, and where it was moved to."""
        found: list[tuple[str, Window, Window | None]] = []
        for words in self._all():
            value = words.values.get("windows", ())
            assert isinstance(value, tuple)
            for line in value:
                assert isinstance(line, Words)
                state = line.key.removeprefix("slot.")
                if state == "moved":
                    found.append((state, _span(line, "old"), _span(line, "new")))
                else:
                    found.append((state, _span(line, "window"), None))
        return found

    def to_come(self) -> set[Window]:
        """The windows that, for all it says, are still to come or running."""
        at = {new for _, _, new in self.lines() if new is not None}
        at |= {window for state, window, _ in self.lines() if state in TO_COME}
        about = self.window()
        return at | ({about} if about and self.stage in ("reminder", "start") else set())

    def _all(self) -> tuple[Words, ...]:
        return reply_from_json(dict(self.words)).words


@dataclass
class Mind:
    """What one person knows of one outage. `excused`: something was lost on its way to them."""

    ever: set[Window] = field(default_factory=set)
    believes: set[Window] = field(default_factory=set)
    newest: int = 0
    excused: bool = False
    got: set[tuple[int, str, str]] = field(default_factory=set)

    def hear(self, heard: Heard, revision: Mapping[str, Any]) -> None:
        """Take a message in."""
        self.got.add((heard.revision, heard.stage, heard.part))
        self.newest = max(self.newest, heard.revision)
        self.ever |= heard.to_come()
        if any(state == "postponed" for state, _, _ in heard.lines()):
            # It goes on under its last time, which is no news while there is no new one.
            self.ever |= {_kept(one) for one in revision["windows"] if one["state"] == "postponed"}
        if heard.stage in ("plan", "start"):
            self.ever |= {window for _, window, _ in heard.lines()}
        if heard.stage == "not_yours":
            # Nothing of it is theirs any more, whichever windows are on elsewhere.
            self.believes = set()
        elif heard.stage in ("reminder", "start"):
            self.believes |= heard.to_come()
        else:
            self.believes = heard.to_come()

    def judge(
        self, heard: Heard, revision: Mapping[str, Any], followed: Iterable[str], scopes: list[Scope]
    ) -> None:
        """Whether somebody with this mind may read this message."""
        once = (heard.revision, heard.stage, heard.part)
        assert once not in self.got, f"twice: {heard}"
        assert any(touches(scope, place) for scope in scopes for place in followed), f"not theirs: {heard}"
        self._in_time(heard)
        self._true(heard, revision)
        if not self.excused:
            self._from_what_they_knew(heard)

    def _in_time(self, heard: Heard) -> None:
        assert heard.sent_at < heard.worthless_after, f"worthless: {heard}"
        about = heard.window()
        if heard.stage == "reminder":
            assert about is not None
            assert heard.sent_at < about[0], f"reminded too late: {heard}"
        if heard.stage == "start":
            assert about is not None
            assert about[0] <= heard.written_at <= heard.sent_at < about[1], f"begins at another time: {heard}"
        if heard.stage == "plan":
            ahead = [start for start, _ in heard.to_come() if start > heard.written_at]
            last = min(ahead) if ahead else max(end for _, end in heard.to_come())
            assert heard.sent_at < last, f"told too late: {heard}"

    def _true(self, heard: Heard, revision: Mapping[str, Any]) -> None:
        """It agrees with the outage as it was when it was written."""
        windows = {_kept(one): one["state"] for one in revision["windows"]}
        on = {window for window, state in windows.items() if state == "on"}
        if heard.stage == "plan":
            assert heard.to_come() == {one for one in on if one[1] > heard.written_at}, f"untrue: {heard}"
        if heard.stage in ("change", "postponed", "cancelled"):
            assert heard.to_come() == on, f"untrue: {heard}"
        if heard.stage in ("restored", "start"):
            about = {heard.window()} if heard.stage == "start" else set()
            coming = {one for one in on if one[0] > heard.written_at}
            assert coming <= heard.to_come() <= on | about, f"untrue: {heard}"
            assert all(end > heard.written_at for _, end in heard.to_come()), f"long over: {heard}"
        if heard.stage == "reminder":
            assert heard.window() in on, f"untrue: {heard}"

    def _from_what_they_knew(self, heard: Heard) -> None:
        for state, window, _ in heard.lines():
            if heard.stage not in ("plan", "start") and (state == "moved" or state in KNOWN):
                assert window in self.ever, f"never told of {window}: {heard}"


def _span(line: Words, name: str) -> Window:
    span = line.values[name]
    assert isinstance(span, Span)
    return _times(span)


def _times(span: Span) -> Window:
    assert span.end is not None
    return datetime.fromisoformat(span.start), datetime.fromisoformat(span.end)


def _kept(window: Mapping[str, Any]) -> Window:
    return datetime.fromisoformat(window["starts_at"]), datetime.fromisoformat(window["ends_at"])

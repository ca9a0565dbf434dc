"""What a picture of a week shows, read from its plain data: days, places, and the windows of outages there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from conversations.model import Json, Language, Words
from conversations.texts import Speaker
from conversations.wire import words_from_json
from handlers.pictures.drawing import drawable

MOST_ROWS, MOST_DAYS = 8, 8
STATES = ("on", "moved", "over", "cancelled", "postponed")
CALLED_OFF = ("cancelled", "postponed")


@dataclass(frozen=True)
class Bar:
    """One window of an outage, in local time. An incident of which the expected end has passed has none."""

    start: datetime
    end: datetime | None
    incident: bool
    state: str

    @property
    def look(self) -> str:
        return "cancelled" if self.state in CALLED_OFF else "incident" if self.incident else "planned"


@dataclass(frozen=True)
class Row:
    """A place under the name that the customer gave it."""

    label: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Shown:
    """What a picture of a week shows; `more` places have no row."""

    days: tuple[date, ...]
    now: datetime
    rows: tuple[Row, ...]
    more: int

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.days[0], datetime.min.time(), self.now.tzinfo)

    @property
    def ends(self) -> datetime:
        return self.begins + timedelta(days=len(self.days))


def read_week(data: Json, language: Language, speaker: Speaker, zone: ZoneInfo) -> Shown:
    """The data of a picture of kind `week`, on the clock of `zone`. Raises ValueError.

    days: local days in a row, ISO, 1 to 8. now: ISO with offset. rows: each a `label` (a text, or words as JSON)
    and `bars`, each with `start`, `end` (ISO with offset; end null while nobody knows it), `kind` (planned,
    incident) and `state`: on; moved (on, at a new time, which is the one given); over; cancelled; postponed.
    """
    try:
        match data:
            case {"days": [_, *_] as days, "now": str(now), "rows": list(rows)} if len(days) <= MOST_DAYS:
                at = datetime.fromisoformat(now).astimezone(zone)
                labelled = [_row(row, number, at, language, speaker) for number, row in enumerate(rows, 1)]
                shown, more = labelled[:MOST_ROWS], labelled[MOST_ROWS:]
                return Shown(tuple(date.fromisoformat(str(day)) for day in days), at, tuple(shown), len(more))
    except KeyError as error:
        raise ValueError(f"not a week: {error!r}") from error
    raise ValueError("not a week: it needs days, now and rows")


def _row(row: Json, number: int, now: datetime, language: Language, speaker: Speaker) -> Row:
    match row:
        case {"label": str() | dict() as label, "bars": list(bars)}:
            name = label if isinstance(label, str) else speaker.plain(words_from_json(label), language)
            name = drawable(name) or speaker.plain(Words("picture.place", {"number": number}), language)
            return Row(name, tuple(sorted((_bar(one, now) for one in bars), key=lambda one: one.start)))
    raise ValueError(f"not a row of a week: {row!r}")


def _bar(plain: Json, now: datetime) -> Bar:
    match plain:
        case {
            "start": str(start),
            "end": str() | None as end,
            "kind": "planned" | "incident" as kind,
            "state": str(state),
        }:
            if state not in STATES:
                raise ValueError(f"not a state of a window: {state!r}")
            zone, incident = now.tzinfo, kind == "incident"
            until = datetime.fromisoformat(end).astimezone(zone) if end else None
            if until is not None and incident and state == "on" and until <= now:
                until = None
            return Bar(datetime.fromisoformat(start).astimezone(zone), until, incident, state)
    raise ValueError(f"not a bar of a week: {plain!r}")

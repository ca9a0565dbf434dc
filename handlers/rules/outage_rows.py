"""Makes outages of the rows of an outage file, and says of each row that cannot be used why."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from handlers.rules.outage_times import SYSTEM_1900, Cell, Unreadable, read_time

LISTS = ("feeders", "transformers", "wards", "customers")
COLUMNS = ("outage_ref", "kind", "starts_at", "ends_at", "reason", *LISTS)
PLANNED, INCIDENT = "planned", "incident"
MOST_WINDOWS = 50
MOST_CODES = 1_000
_LONGEST_REF = 100
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNDECODED = re.compile("[\ud800-\udfff]")

Codes = tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """A line of the file: its cells in the order of COLUMNS. broken: why it is no record of the file at all."""

    line: int
    cells: Sequence[Cell]
    broken: str = ""


@dataclass(frozen=True)
class FileWindow:
    """A window as a line of the file says it; times in UTC."""

    line: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class FileOutage:
    """An outage of the file with its windows in the order of lines. scope: the codes by the names in LISTS."""

    ref: str
    kind: str
    reason: str | None
    windows: tuple[FileWindow, ...]
    scope: Mapping[str, Codes]

    @property
    def lines(self) -> list[int]:
        """All lines of the file that are this outage."""
        return [window.line for window in self.windows]


@dataclass(frozen=True)
class Gathered:
    """The outages that can be used, in the order of the file, and why each of the other lines is left out."""

    outages: tuple[FileOutage, ...]
    refused: Mapping[int, str]


@dataclass(frozen=True)
class _Row:
    line: int
    kind: str
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str
    scope: Mapping[str, Codes]


@dataclass
class _Group:
    """The rows of one outage, and what is wrong with its lines."""

    ref: str
    rows: list[_Row] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    wrong: dict[int, list[str]] = field(default_factory=dict)

    def blame(self, line: int, *reasons: str) -> None:
        self.wrong.setdefault(line, []).extend(reasons)


def gather(records: Iterable[Record], zone: tzinfo, day_0: datetime = SYSTEM_1900) -> Gathered:
    """Put the rows of each outage together. One bad row makes its whole outage bad: there is never half of one.

    A line that does not say whose it is may belong to the outage above it, which is therefore left out too.
    """
    groups: dict[str, _Group] = {}
    refused: dict[int, str] = {}
    above: _Group | None = None
    for record in records:
        ref = _text(record.cells[0])
        if not ref or _UNDECODED.search(ref):
            refused[record.line] = record.broken or _damage(record) or "no outage_ref"
            if above is not None:
                above.blame(record.line)
            continue
        above = groups.setdefault(ref, _Group(ref))
        _add(above, record, zone, day_0)
    outages = []
    for group in groups.values():
        outage = _outage(group)
        if outage is not None and not group.wrong:
            outages.append(outage)
        else:
            refused |= left_out(group.lines, {line: "; ".join(all_) for line, all_ in group.wrong.items() if all_})
            _blame_nameless(group, refused)
    return Gathered(tuple(outages), dict(sorted(refused.items())))


def left_out(lines: Iterable[int], wrong: Mapping[int, str]) -> dict[int, str]:
    """Why each line of an outage is left out: its own fault, or that of the first line which has one."""
    first = min(wrong, default=0)
    return {line: wrong.get(line) or f"its outage is left out because of line {first}" for line in lines}


def too_late(outage: FileOutage, now: datetime, begun: Set[datetime] = frozenset()) -> dict[int, str]:
    """What has passed already, by line; windows that are known to have `begun` then are told elsewhere."""
    wrong = {}
    for window in outage.windows:
        if window.starts_at in begun:
            continue
        if outage.kind == PLANNED and window.starts_at <= now:
            wrong[window.line] = "starts_at has passed; what is going on already is an incident"
        elif outage.kind == INCIDENT and window.ends_at is not None and window.ends_at <= now:
            wrong[window.line] = "ends_at has passed; an incident that is over is not told any more"
    return wrong


# --- rows ------------------------------------------------------------------------------------------------------


def _add(group: _Group, record: Record, zone: tzinfo, day_0: datetime) -> None:
    group.lines.append(record.line)
    if wrong := record.broken or _damage(record):
        group.blame(record.line, wrong)
        return
    cells = dict(zip(COLUMNS, record.cells, strict=True))
    times: dict[str, datetime | None] = {"starts_at": None, "ends_at": None}
    for name in times:
        try:
            times[name] = read_time(cells[name], zone, day_0)
        except Unreadable as error:
            group.blame(record.line, f"{name} {error}")
    row = _Row(
        record.line,
        _text(cells["kind"]).lower(),
        times["starts_at"],
        times["ends_at"],
        _text(cells["reason"]),
        {name: _codes(cells[name], upper=name == "customers") for name in LISTS},
    )
    group.rows.append(row)
    if reasons := _faults(group.ref, row, cells["starts_at"]):
        group.blame(record.line, *reasons)


def _faults(ref: str, row: _Row, start: Cell) -> list[str]:
    """What is wrong with a row by itself; unreadable times have been told."""
    wrong = []
    if len(ref) > _LONGEST_REF:
        wrong.append(f"outage_ref is longer than {_LONGEST_REF} characters")
    if row.kind not in ("", PLANNED, INCIDENT):
        wrong.append(f"kind is “{row.kind[:20]}” instead of {PLANNED} or {INCIDENT}")
    if row.starts_at is None and not _text(start):
        wrong.append("no starts_at")
    if row.starts_at is not None and row.ends_at is not None and row.ends_at <= row.starts_at:
        wrong.append("ends_at is not after starts_at")
    wrong += [
        f"{name} has more than {MOST_CODES:,} codes"
        for name, codes in row.scope.items()
        if len(codes) > MOST_CODES
    ]
    return wrong


def _damage(record: Record) -> str:
    texts = [cell for cell in record.cells if isinstance(cell, str)]
    if any(_UNDECODED.search(text) for text in texts):
        return "bytes that are no UTF-8"
    return "a control character" if any(_CONTROL.search(text) for text in texts) else ""


def _text(cell: Cell) -> str:
    """A cell as a line of text. A spreadsheet makes numbers of codes that look like one: 26743.0 is 26743."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell).split())


def _codes(cell: Cell, *, upper: bool) -> Codes:
    codes = (code.strip() for code in _text(cell).split(";"))
    return tuple(dict.fromkeys(code.upper() if upper else code for code in codes if code))


# --- outages ---------------------------------------------------------------------------------------------------


def _outage(group: _Group) -> FileOutage | None:
    """The outage that the rows are together; None if no row can be read."""
    if not group.rows:
        return None
    first = group.rows[0]
    if not first.kind:
        group.blame(first.line, f"no kind ({PLANNED} or {INCIDENT})")
    if not any(first.scope.values()):
        group.blame(first.line, f"nothing in {', '.join(LISTS)}: name what is cut")
    for row in group.rows[1:]:
        _compare(group, first, row)
    for row in group.rows:
        if (first.kind, row.starts_at is None, row.ends_at) == (
            PLANNED,
            False,
            None,
        ) and row.line not in group.wrong:
            group.blame(row.line, "no ends_at, which a planned window needs")
    if len(group.lines) > MOST_WINDOWS:
        group.blame(group.lines[MOST_WINDOWS], f"more than {MOST_WINDOWS} windows of one outage")
    if first.kind == INCIDENT and len(group.lines) > 1:
        group.blame(group.lines[1], "an incident has one row only")
    windows = tuple(FileWindow(row.line, row.starts_at, row.ends_at) for row in group.rows if row.starts_at)
    if first.kind != INCIDENT:
        _refuse_crossing(group, windows)
    return FileOutage(group.ref, first.kind, first.reason or None, windows, first.scope)


def _compare(group: _Group, first: _Row, row: _Row) -> None:
    """Later rows say the same as the first, or nothing."""
    if row.kind not in ("", first.kind):
        group.blame(row.line, f"kind differs from line {first.line}")
    if row.reason not in ("", first.reason):
        group.blame(row.line, f"reason differs from line {first.line}")
    for name in LISTS:
        if row.scope[name] and set(row.scope[name]) != set(first.scope[name]):
            group.blame(row.line, f"{name} differ from line {first.line}")


def _refuse_crossing(group: _Group, windows: Sequence[FileWindow]) -> None:
    """A window that occurs twice, or that begins before another one is over."""
    latest: FileWindow | None = None
    for window in sorted(windows, key=lambda one: (one.starts_at, one.line)):
        if latest is not None and latest.ends_at is not None and window.starts_at < latest.ends_at:
            later, earlier = max(window.line, latest.line), min(window.line, latest.line)
            same = (window.starts_at, window.ends_at) == (latest.starts_at, latest.ends_at)
            what = "the same window as on" if same else "its window crosses that of"
            group.blame(later, f"{what} line {earlier}")
        if latest is None or latest.ends_at is None or (window.ends_at and window.ends_at > latest.ends_at):
            latest = window


def _blame_nameless(group: _Group, refused: dict[int, str]) -> None:
    """Where only a line without a name is to blame, say so on the lines that it may belong to."""
    strangers = [line for line in group.wrong if line not in group.lines]
    if strangers and not any(group.wrong[line] for line in group.wrong):
        for line in group.lines:
            refused[line] = f"line {strangers[0]} may belong to its outage, but cannot be used"

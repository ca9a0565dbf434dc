"""Reads the moments of an outage file: ISO 8601, day/month/year, 24:00, and a spreadsheet's dates and numbers."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

# What a cell of a file may hold; a CSV file has only text.
Cell = str | int | float | bool | date | datetime | time | timedelta | None

# Day 0 of a workbook's numbers. Its first system counts a 29 February 1900 that never was, hence 30 December.
# Source: ECMA-376 Part 1, 18.17.4.1, and Microsoft, "Date systems in Excel".
SYSTEM_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - local time of the file's reader
SYSTEM_1904 = datetime(1904, 1, 1)  # noqa: DTZ001

EXAMPLE = "10/12/2026 08:00 (day/month/year) or 2026-12-10T08:00+07:00"

# Only numbers of these years are taken for days; others are codes or typing errors.
_FIRST_YEAR, _LAST_YEAR = 2000, 2099
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?", re.ASCII)
_CLOCK = r"(?P<hour>\d{1,2})[:hH](?P<minute>\d{2})(?::(?P<second>\d{2}))?"
_DAY = r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})"
_LOCAL = (
    re.compile(rf"{_DAY}[ ,]+{_CLOCK}", re.ASCII),
    re.compile(rf"{_CLOCK}[ ,]+{_DAY}", re.ASCII),
)
_DAY_ALONE = re.compile(_DAY, re.ASCII)
_ISO_END_OF_DAY = re.compile(r"(\d{4}-\d{2}-\d{2}[T ])24(:00(?::00)?(?:Z|[+-]\d{2}:?\d{2})?)", re.ASCII)


class Unreadable(ValueError):
    """The cell says no moment; its text says what is wrong with it."""


def read_time(cell: Cell, zone: tzinfo, day_0: datetime = SYSTEM_1900) -> datetime | None:
    """The moment that a cell says, in UTC; None for an empty one. Local times are in `zone`.

    day_0: where the numbers of the file's dates begin. Raises Unreadable.
    """
    try:
        local = _moment(cell, day_0)
        return local and (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, Unreadable):
            raise
        raise _unreadable(cell) from None


def _moment(cell: Cell, day_0: datetime) -> datetime | None:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, datetime):
        return _to_second(cell)
    if isinstance(cell, date):
        raise _no_clock(f"{cell:%d/%m/%Y}")
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _of_serial(cell, day_0)
    if isinstance(cell, str):
        return _of_text(" ".join(cell.split()), day_0)
    raise _unreadable(cell)


def _of_serial(number: float, day_0: datetime) -> datetime:
    moment = _to_second(day_0 + timedelta(days=number))
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise _unreadable(number)
    return moment


def _of_text(text: str, day_0: datetime) -> datetime:
    if _SERIAL.fullmatch(text):
        return _of_serial(float(text.replace(",", ".")), day_0)
    for pattern in _LOCAL:
        if found := pattern.fullmatch(text):
            part = {name: int(value or 0) for name, value in found.groupdict().items()}
            end_of_day = (part["hour"], part["minute"], part["second"]) == (24, 0, 0)
            clock = time(0 if end_of_day else part["hour"], part["minute"], part["second"])
            day = date(part["year"], part["month"], part["day"])
            return datetime.combine(day + timedelta(days=end_of_day), clock)
    if _DAY_ALONE.fullmatch(text) or _is_iso_day(text):
        raise _no_clock(text)
    if found := _ISO_END_OF_DAY.fullmatch(text):
        return datetime.fromisoformat(f"{found[1]}00{found[2]}") + timedelta(days=1)
    return _to_second(datetime.fromisoformat(text))


def _is_iso_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _to_second(moment: datetime) -> datetime:
    """A third of a day has no end in binary: 8 o'clock is stored as a few microseconds before or after."""
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)


def _unreadable(cell: Cell) -> Unreadable:
    return Unreadable(f"“{str(cell)[:30]}” is no time such as {EXAMPLE}")


def _no_clock(day: str) -> Unreadable:
    return Unreadable(f"“{day}” has no time of day; write it such as {EXAMPLE}")

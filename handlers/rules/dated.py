"""Reads dated data: TOML files whose versions each apply from a day on until the next one."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

Table = Mapping[str, Any]


class BadData(ValueError):
    """A data file cannot be used; the text names the file, what is wrong in it, and what is expected instead."""


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file. Raises BadData if it is not there or is not TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadData(f"{path}: cannot be read as TOML: {error}") from error


def day_in(entry: Table, key: str, where: str) -> date:
    """A day written without quotes. Raises BadData for anything else, a date with a time included."""
    day = entry.get(key)
    if type(day) is not date:
        raise BadData(f"{where}: `{key}` must be a day such as 2026-08-31, without quotes; it is {day!r}")
    return day


def text_in(entry: Table, key: str, where: str) -> str:
    """A text that is not empty, so that no entry goes without its source."""
    text = entry.get(key)
    if not isinstance(text, str) or not text.strip():
        raise BadData(f"{where}: `{key}` must be a text and must not be empty")
    return text


def number_in(entry: Table, key: str, where: str, least: int = 0) -> int:
    """A whole number, at least `least`."""
    number = entry.get(key)
    if type(number) is not int or number < least:
        raise BadData(f"{where}: `{key}` must be a whole number of at least {least}; it is {number!r}")
    return number


def value_in(version: Table, name: str, where: str) -> tuple[Table, str]:
    """The table of one value and where it stands, after making sure that it names its source."""
    here = f"{where}, {name}"
    value = version.get(name)
    if not isinstance(value, dict):
        raise BadData(f'{here}: missing; write {name} = {{ …, source = "…" }}')
    text_in(value, "source", here)
    return value, here


def span_in(version: Table, name: str, where: str) -> timedelta:
    """A span in exactly one unit: `{ days = 5, source = "…" }`, or hours, or minutes."""
    value, here = value_in(version, name, where)
    units = [unit for unit in ("days", "hours", "minutes") if unit in value]
    if len(units) != 1:
        raise BadData(f"{here}: give exactly one of days, hours and minutes")
    return timedelta(**{units[0]: number_in(value, units[0], here)})


def spans_in(version: Table, name: str, where: str) -> dict[str, timedelta]:
    """Named spans: `{ industrial = { days = 30, source = "…" }, … }`."""
    spans = version.get(name)
    if not isinstance(spans, dict) or not spans:
        raise BadData(f'{where}, {name}: missing; write {name}.NAME = {{ days = …, source = "…" }}')
    return {key: span_in(spans, key, f"{where}, {name}") for key in spans}


def count_in(version: Table, name: str, unit: str, where: str) -> int:
    """A number of something: `{ months = 9, source = "…" }`; at least 1."""
    value, here = value_in(version, name, where)
    return number_in(value, unit, here, least=1)


@lru_cache(maxsize=64)
def versions(path: Path) -> tuple[tuple[date, Table], ...]:
    """The versions of a file with their first days, oldest first. Raises BadData if they are not in order."""
    entries: Sequence[Table] = read_toml(path).get("version", [])
    if not entries:
        raise BadData(f"{path}: holds no [[version]]; write at least one")
    dated = tuple((day_in(entry, "from", f"{path}, version {at}"), entry) for at, entry in enumerate(entries, 1))
    for (earlier, _), (later, _) in pairwise(dated):
        if later <= earlier:
            raise BadData(f"{path}: the version from {later} stands after the one from {earlier}; oldest first")
    return dated


def version_at(path: Path, day: date) -> tuple[Table, str]:
    """The version that applies on a day, and its place in words for errors.

    Raises LookupError if the first one begins later.
    """
    found = [(first, entry) for first, entry in versions(path) if first <= day]
    if not found:
        raise LookupError(f"{path}: nothing applies on {day}; the first version begins {versions(path)[0][0]}")
    first, entry = found[-1]
    return entry, f"{path}, version from {first}"

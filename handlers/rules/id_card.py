"""What the code on an identity card says, as far as it can be told; a customer confirms it, nobody believes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

# The card with a chip (from 2021): these seven, parted by "|". Some readers lose the empty old number.
_FIELDS = ("id", "old_id", "name", "born", "sex", "address", "issued")
_ID = re.compile(r"\d{12}", re.ASCII)
_OLD_ID = re.compile(r"\d{9}(?:\d{3})?", re.ASCII)
_DATE = re.compile(r"\d{8}", re.ASCII)
_LONGEST = 300
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


def parse(text: str) -> Mapping[str, str] | None:
    """The fields of the card's code by their names, without those that are empty or no such thing; None for
    another code.

    Seven fields, six (the old number lost), or more: the "Căn cước" of 1 July 2024 has more and its layout is not
    public (Thông tư 16/2024/TT-BCA). Where the fields are not where they should be, only the number and the first
    date, which is the birth date, are taken.
    """
    fields = [_clean(field) for field in text.split("|")]
    if len(fields) < 2 or not _ID.fullmatch(fields[0]):
        return None
    if len(fields) == 6 and not _is_old_id(fields[1]):
        fields.insert(1, "")
    found = dict(zip(_FIELDS, fields, strict=False)) if _as_known(fields) else _least(fields)
    return {name: value for name, value in found.items() if value and _fits(name, value)}


def _as_known(fields: Sequence[str]) -> bool:
    return len(fields) >= 6 and _is_old_id(fields[1]) and _is_name(fields[2]) and bool(_DATE.fullmatch(fields[3]))


def _least(fields: Sequence[str]) -> dict[str, str]:
    return {"id": fields[0], "born": next((field for field in fields[1:] if _is_date(field)), "")}


def _fits(name: str, value: str) -> bool:
    match name:
        case "old_id":
            return bool(_OLD_ID.fullmatch(value))
        case "born" | "issued":
            return _is_date(value)
        case "sex":
            return value in ("Nam", "Nữ")
    return True


def _is_old_id(field: str) -> bool:
    return not field or bool(_OLD_ID.fullmatch(field))


def _is_name(field: str) -> bool:
    return any(map(str.isalpha, field)) and not any(map(str.isdigit, field))


def _is_date(field: str) -> bool:
    """Whether it is a day as the card writes it, ddmmyyyy."""
    if not _DATE.fullmatch(field):
        return False
    try:
        day = date(int(field[4:]), int(field[2:4]), int(field[:2]))
    except ValueError:
        return False
    return _FIRST_YEAR <= day.year <= _LAST_YEAR


def _clean(field: str) -> str:
    """A field in one line and one way of writing letters; anybody can print a code, with anything in it."""
    line = "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", field))
    return " ".join(line.split())[:_LONGEST]

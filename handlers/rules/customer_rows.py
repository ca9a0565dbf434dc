"""Checks the rows of a customer file: whole columns at once, and one by one only those that look wrong."""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from handlers.rules.phones import national_number

COLUMNS = (
    "customer_code",
    "name",
    "phone",
    "address",
    "ward_code",
    "feeder_code",
    "transformer_code",
    "segment",
    "important",
)
SEGMENTS = frozenset({"household", "business", "industrial"})
_IMPORTANT = frozenset({"0", "1"})
_CODE_LENGTH = 13
_CODE = re.compile(r"P[A-Z][0-9A-Z]{11}", re.ASCII)
_PHONE_AS_KEPT = re.compile(r"(?:0[0-9]{9,10})?", re.ASCII)
# What people write: a zero or a country code first, then digits with blanks, dots, dashes or brackets between.
_PHONE_AS_WRITTEN = re.compile(r"\(?(?:0|84|\+)[0-9 .()/-]*", re.ASCII)
_PHONE = re.compile(r"0[0-9]{9,10}|\+[0-9]{7,15}", re.ASCII)
_TEXTS = (1, 3, 5, 6)  # name, address, feeder and transformer: any words, but some
_LONGEST = 500  # characters of a cell; longer ones are a broken file's
_UNDECODED = re.compile("[\ud800-\udfff]")

Row = tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """A row that is left out: the line it begins on, its cells, and why; `code` if it says whose it is."""

    line: int
    cells: Sequence[str]
    reason: str
    code: str | None = None


@dataclass(frozen=True)
class Checked:
    """The good rows as columns in the order of COLUMNS, each as it is kept; their lines; and the refused ones."""

    columns: Sequence[Sequence[str]]
    lines: Sequence[int]
    refused: Sequence[Refused]


@dataclass(frozen=True)
class Expected:
    """What a row must agree with: how many cells, which of them are the COLUMNS, and the wards there are."""

    width: int
    picks: tuple[int, ...]
    wards: Set[str]


def check(records: Sequence[Sequence[str]], lines: Sequence[int], expected: Expected, *, damaged: bool) -> Checked:
    """Parts the rows of a block. damaged: look also for bytes that could not be decoded, and for NUL."""
    refused: list[Refused] = []
    if set(map(len, records)) - {expected.width}:
        records, lines, refused = _of_full_width(records, lines, expected.width)
    if not records:
        return Checked([()] * len(COLUMNS), (), refused)
    cells = list(zip(*records, strict=True))
    columns = [cells[pick] for pick in expected.picks]
    suspects = range(len(records)) if damaged else sorted(_suspects(columns, expected.wards))
    if not suspects:
        return Checked(columns, lines, refused)
    return _one_by_one(records, lines, expected, set(suspects), refused)


def _of_full_width(
    records: Sequence[Sequence[str]], lines: Sequence[int], width: int
) -> tuple[list[Sequence[str]], list[int], list[Refused]]:
    """Without blank lines, which say nothing, and without those that have too few or too many cells."""
    kept, numbers, refused = list[Sequence[str]](), list[int](), list[Refused]()
    for record, line in zip(records, lines, strict=True):
        if len(record) == width:
            kept.append(record)
            numbers.append(line)
        elif any(cell.strip() for cell in record):
            refused.append(Refused(line, record, f"{len(record)} columns instead of {width}"))
    return kept, numbers, refused


def _suspects(columns: Sequence[Sequence[str]], wards: Set[str]) -> set[int]:
    """The rows that are not certainly good as they are."""
    found = set[int]()
    if not _all_codes(columns[0]):
        found |= {at for at, code in enumerate(columns[0]) if not _CODE.fullmatch(code)}
    if not _all_phones(columns[2]):
        found |= {at for at, phone in enumerate(columns[2]) if not _PHONE_AS_KEPT.fullmatch(phone)}
    for column, known in ((4, wards), (7, SEGMENTS), (8, _IMPORTANT)):
        if unknown := set(columns[column]) - known:
            found |= {at for at, value in enumerate(columns[column]) if value in unknown}
    for column in _TEXTS:
        if not _all_plain(columns[column]):
            found |= {at for at, text in enumerate(columns[column]) if not text or text != _plain(text)}
    return found


def _all_codes(codes: Sequence[str]) -> bool:
    """Whether all of them match _CODE, at a tenth of the price."""
    joined = "".join(codes)
    return (
        set(map(len, codes)) == {_CODE_LENGTH}
        and joined.isascii()
        and joined.isalnum()
        and joined.isupper()
        and joined[::_CODE_LENGTH] == "P" * len(codes)
        and joined[1::_CODE_LENGTH].isalpha()
    )


def _all_phones(phones: Sequence[str]) -> bool:
    """Whether all of them match _PHONE_AS_KEPT, at a tenth of the price."""
    digits = "".join(phones)
    if not digits:
        return True
    begin_with_0 = ("\n" + "\n".join(phones)).count("\n0")
    return (
        set(map(len, phones)) <= {0, 10, 11}
        and digits.isascii()
        and digits.isdigit()
        and begin_with_0 == len(phones) - phones.count("")
    )


def _all_plain(texts: Sequence[str]) -> bool:
    """Whether all of them are words without blanks around, tabs or line breaks; a hasty no is allowed."""
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1 or "\n\n" in joined or "\t" in joined or "\r" in joined:
        return False
    if "\n " in joined or " \n" in joined or joined[:1] in ("", " ", "\n") or joined[-1:] in (" ", "\n"):
        return False
    return "\u00a0" not in joined and len(max(texts, key=len)) <= _LONGEST


def _plain(text: str) -> str:
    return " ".join(text.split()) if len(text) <= _LONGEST else ""


def _one_by_one(
    records: Sequence[Sequence[str]],
    lines: Sequence[int],
    expected: Expected,
    suspects: Set[int],
    refused: list[Refused],
) -> Checked:
    rows, numbers = list[Row](), list[int]()
    for at, (record, line) in enumerate(zip(records, lines, strict=True)):
        cells = tuple(record[pick] for pick in expected.picks)
        if at in suspects:
            if not any(cell.strip() for cell in record):
                continue
            cells, reasons = mended(cells, expected.wards)
            if damage := _damage(record):
                reasons = [damage]
            if reasons:
                code = cells[0] if _CODE.fullmatch(cells[0]) else None
                refused.append(Refused(line, record, "; ".join(reasons), code))
                continue
        rows.append(cells)
        numbers.append(line)
    columns: Iterable[Sequence[str]] = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    return Checked(list(columns), numbers, sorted(refused, key=lambda one: one.line))


def _damage(record: Sequence[str]) -> str | None:
    if any(_UNDECODED.search(cell) for cell in record):
        return "bytes that are no UTF-8"
    return "a NUL character" if any("\0" in cell for cell in record) else None


def mended(cells: Row, wards: Set[str]) -> tuple[Row, list[str]]:
    """A row's cells in the form in which they are kept, and everything that is wrong with them."""
    code, name, phone, address, ward, feeder, transformer, segment, important = (
        " ".join(cell.split()) for cell in cells
    )
    code = code.replace(" ", "").upper()
    segment = segment.lower()
    national = national_number(phone) if phone else ""
    wrong = []
    if not _CODE.fullmatch(code):
        wrong.append("customer_code is not P, a letter and 11 letters or digits" if code else "no customer_code")
    if phone and not (_PHONE_AS_WRITTEN.fullmatch(phone) and _PHONE.fullmatch(national)):
        wrong.append("phone is no number such as 0901234567 (a spreadsheet may have dropped its first 0)")
    texts = (("name", name), ("address", address), ("feeder_code", feeder), ("transformer_code", transformer))
    wrong += [f"no {column}" for column, text in texts if not text]
    wrong += [f"{column} is longer than {_LONGEST} characters" for column, text in texts if len(text) > _LONGEST]
    wrong += _not_listed(ward, segment, important, wards)
    return (code, name, national, address, ward, feeder, transformer, segment, important), wrong


def _not_listed(ward: str, segment: str, important: str, wards: Set[str]) -> list[str]:
    wrong = []
    if ward not in wards:
        wrong.append(f"unknown ward_code {_shown(ward)}" if ward else "no ward_code")
    if segment not in SEGMENTS:
        wrong.append(f"unknown segment {_shown(segment)}" if segment else "no segment")
    if important not in _IMPORTANT:
        wrong.append(f"important is {_shown(important)} instead of 0 or 1")
    return wrong


def _shown(value: str) -> str:
    return f"“{value[:20]}”"

"""A file that two processes read comes to the same as if one had read it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import customer_ahead
from handlers.bad_rows import BadRow, BadRows
from handlers.csv_file import CsvFile, Layout, Span, open_csv
from handlers.customer_reading import Contradiction, Tally
from handlers.rules.customer_rows import COLUMNS, Expected
from store.census import COMPANY_LENGTH

WARD = "26740"
_bits = st.sampled_from(["a", "", '"', '""', '"b"', '"a,b"', '"a\nb"', '"', "x", '"c', 'd"', "\r"])
_lines = st.lists(st.lists(_bits, min_size=1, max_size=4).map(",".join), max_size=60).map("\n".join)


def records(file: CsvFile, span: Span | None) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for block in file.blocks(span):
        found += zip(block.lines, map(tuple, block.records), strict=True)
        found += [(one.line, one.text, one.reason) for one in block.broken]
    return sorted(found, key=lambda one: str(one[0]).zfill(9))


@settings(max_examples=300, deadline=None)
@given(text=_lines, calm=st.booleans(), share=st.floats(0, 1))
def test_no_record_is_cut_wherever_a_file_is_parted(
    tmp_path_factory: pytest.TempPathFactory, text: str, calm: bool, share: float
) -> None:
    """However its quotation marks lie: some that are not closed seem to swallow what follows."""
    path = tmp_path_factory.getbasetemp() / "parted.csv"
    end = "\n" + "1,2\n" * 25 if calm else '\n1,"x, y"\n'
    path.write_bytes(f"a,b\n{text}{end}{text}\n".encode())
    file = CsvFile(path, path.stat().st_size, Layout(",", ("a", "b"), (0, 1), ()))

    parts = file.parted(share)

    if parts is not None:
        assert [*records(file, parts[0]), *records(file, parts[1])] == records(file, None)


@dataclass(frozen=True)
class Reading:
    """All that is learned of a file, but for where its blocks end."""

    rows: Sequence[tuple[str, ...]]
    tally: Tally
    bad: Sequence[BadRow]


def reading(path: Path, *, strict: bool = False) -> Reading:
    file = open_csv(path, COLUMNS)
    tally = Tally({(WARD, "le loi")}, COMPANY_LENGTH, strict=strict)
    expected = Expected(len(COLUMNS), file.layout.picks, {WARD})
    with closing(BadRows(file.layout.header, ",")) as bad:
        blocks = customer_ahead.good_rows(file, expected, tally, bad, lambda *_: None)
        rows = [row for columns in blocks for row in zip(*columns, strict=True)]
    return Reading(rows, tally, bad.first)


def written(path: Path, changes: dict[int, dict[str, str]]) -> Path:
    """Two hundred customers, of whom some differ."""
    lines = [",".join(COLUMNS)]
    for number in range(200):
        row = {
            "customer_code": f"PE{number // 100 + 1:02}00{number:07}",
            "name": "Nguyễn Văn A",
            "phone": "0901234567",
            "address": f'"{number % 90 + 1} Nguyễn Huệ, Phường Sài Gòn"',
            "ward_code": WARD,
            "feeder_code": f"F{number % 7}",
            "transformer_code": f"T{number % 7}",
            "segment": "household",
            "important": "0",
            **changes.get(number, {}),
        }
        lines.append(",".join(row[name] for name in COLUMNS))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


CHANGES: dict[str, dict[int, dict[str, str]]] = {
    "all good": {},
    "bad rows on both sides": {3: {"segment": "palace"}, 150: {"ward_code": "?"}, 199: {"customer_code": "x"}},
    "a new street on both sides": {
        5: {"address": "1 Lê Lợi"},
        6: {"address": "2 Ký Con"},
        170: {"address": "9 Ký Con"},
    },
    "a transformer on another feeder": {180: {"feeder_code": "F9"}},
    "a code twice": {190: {"customer_code": "PE01000000005"}},
    "a transformer that only the second part names": {191: {"transformer_code": "T99", "feeder_code": "F9"}},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_two_processes_learn_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[int, dict[str, str]]
) -> None:
    path = written(tmp_path / "c.csv", changes)
    assert open_csv(path, COLUMNS).parted(0.42) is not None
    alone = reading(path)
    monkeypatch.setattr(customer_ahead, "WORTH_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    together = reading(path)

    assert together.rows == alone.rows
    assert together.bad == alone.bad
    for name in ("streets", "on_feeder", "on_several", "census", "mentioned", "good", "in_order"):
        assert getattr(together.tally, name) == getattr(alone.tally, name), name


@pytest.mark.parametrize("number", [180, 190])
def test_a_contradiction_between_the_parts_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(customer_ahead, "WORTH_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    changed = {180: {"feeder_code": "F9"}, 190: {"customer_code": "PE01000000005"}}[number]

    with pytest.raises(Contradiction):
        reading(written(tmp_path / "c.csv", {number: changed}), strict=True)

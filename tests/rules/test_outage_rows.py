"""The rows of an outage file: times as people and spreadsheets write them, and never half of an outage."""

import csv
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.demo import build
from handlers.rules.outage_rows import COLUMNS, MOST_WINDOWS, FileWindow, Gathered, Record, gather, too_late
from handlers.rules.outage_times import SYSTEM_1900, SYSTEM_1904, Cell, Unreadable, read_time

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
EIGHT = datetime(2026, 12, 10, 1, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 9, 17, tzinfo=UTC)


# --- times -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-12-10T08:00:00+07:00", EIGHT),
        ("2026-12-10T01:00Z", EIGHT),
        ("2026-12-10T08:00", EIGHT),
        (" 2026-12-10  08:00 ", EIGHT),
        ("10/12/2026 08:00", EIGHT),
        ("10/12/2026 8:00:00", EIGHT),
        ("10/12/2026, 8h00", EIGHT),
        ("08:00 10/12/2026", EIGHT),
        ("10/12/2026 00:00", MIDNIGHT),
        ("09/12/2026 24:00", MIDNIGHT),
        ("2026-12-09T24:00", MIDNIGHT),
        ("2026-12-09T24:00:00+07:00", MIDNIGHT),
        ("31/12/2026 24:00", datetime(2026, 12, 31, 17, tzinfo=UTC)),
        ("29/02/2028 24:00", datetime(2028, 2, 29, 17, tzinfo=UTC)),
        ("46366.3333333333", EIGHT),
        ("46366,33333", EIGHT),
        (46366.333333333336, EIGHT),
        (46366, MIDNIGHT),
        (datetime(2026, 12, 10, 8), EIGHT),  # noqa: DTZ001 - as openpyxl gives it
        (datetime(2026, 12, 10, 7, 59, 59, 999_000), EIGHT),  # noqa: DTZ001
        (None, None),
        ("", None),
        ("  ", None),
    ],
)
def test_a_time_is_read_however_it_is_written(written: Cell, meant: datetime | None) -> None:
    assert read_time(written, ZONE) == meant


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("tomorrow", "is no time such as"),
        ("12/25/2026 08:00", "is no time such as"),
        ("30/02/2026 08:00", "is no time such as"),
        ("10/12/2026 24:01", "is no time such as"),
        ("10/12/2026 25:00", "is no time such as"),
        ("10/12/26 08:00", "is no time such as"),
        ("2026-12-10", "has no time of day"),
        ("10/12/2026", "has no time of day"),
        (date(2026, 12, 10), "has no time of day"),
        ("08:00", "is no time such as"),
        (time(8), "is no time such as"),
        (timedelta(hours=8), "is no time such as"),
        (True, "is no time such as"),
        (20261210, "is no time such as"),
        (8, "is no time such as"),
        ("99999", "is no time such as"),
        (1e300, "is no time such as"),
        (float("nan"), "is no time such as"),
        ("0001-01-01T00:00", "is no time such as"),
        ("#VALUE!", "is no time such as"),
    ],
)
def test_what_is_no_time_is_said_to_be_none(written: Cell, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read_time(written, ZONE)


def test_a_workbook_of_the_other_date_system_has_other_numbers() -> None:
    assert read_time(46366 - 1462 + 1 / 3, ZONE, SYSTEM_1904) == EIGHT


@given(st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).map(lambda one: one.replace(microsecond=0)))  # noqa: DTZ001
def test_every_way_to_write_a_moment_is_the_same_moment(local: datetime) -> None:
    meant = local.replace(tzinfo=ZONE).astimezone(UTC)
    serial = (local - SYSTEM_1900) / timedelta(days=1)
    ways: list[Cell] = [
        local,
        serial,
        str(serial),
        f"{local:%d/%m/%Y %H:%M:%S}",
        local.isoformat(),
        meant.isoformat(),
    ]
    assert [read_time(way, ZONE) for way in ways] == [meant] * len(ways)


@given(st.text() | st.integers() | st.floats())
def test_nothing_in_a_cell_breaks_the_reading(cell: str | float) -> None:
    try:
        moment = read_time(cell, ZONE)
    except Unreadable:
        return
    assert moment is None or moment.tzinfo is UTC


# --- outages -----------------------------------------------------------------------------------------------


def row(line: int, ref: str = "A", /, **cells: Cell) -> Record:
    """A window of outage `ref` on day `line` of December 2026, from 8 to 11."""
    day = f"{line:02d}/12/2026"
    plain: dict[str, Cell] = {
        "outage_ref": ref,
        "kind": "planned",
        "starts_at": f"{day} 08:00",
        "ends_at": f"{day} 11:00",
        "reason": "Bảo trì",
        "feeders": "471-BT",
    }
    given = plain | cells
    return Record(line, tuple(given.get(name, "") for name in COLUMNS))


def gathered(*records: Record) -> Gathered:
    return gather(records, ZONE)


def test_the_rows_of_an_outage_are_its_windows() -> None:
    (outage,) = gathered(row(2), row(3, reason="", feeders="", kind="")).outages
    assert outage.windows == (
        FileWindow(2, datetime(2026, 12, 2, 1, tzinfo=UTC), datetime(2026, 12, 2, 4, tzinfo=UTC)),
        FileWindow(3, datetime(2026, 12, 3, 1, tzinfo=UTC), datetime(2026, 12, 3, 4, tzinfo=UTC)),
    )
    assert (outage.ref, outage.kind, outage.reason) == ("A", "planned", "Bảo trì")


def test_rows_of_an_outage_need_not_stand_together() -> None:
    found = gathered(row(2), row(3, "B"), row(4))
    assert [(one.ref, one.lines) for one in found.outages] == [("A", [2, 4]), ("B", [3])]


def test_a_list_is_parted_by_semicolons_and_names_each_code_once() -> None:
    cells: dict[str, Cell] = {
        "feeders": " 471-BT; 472-TD;;471-BT ",
        "wards": 26743.0,
        "customers": "pe01000000001",
    }
    (outage,) = gathered(row(2, **cells)).outages
    assert outage.scope == {
        "feeders": ("471-BT", "472-TD"),
        "transformers": (),
        "wards": ("26743",),
        "customers": ("PE01000000001",),
    }


def test_a_number_of_a_workbook_names_an_outage_as_well() -> None:
    (outage,) = gathered(row(2, outage_ref=12), row(3, outage_ref=12.0)).outages
    assert (outage.ref, len(outage.windows)) == ("12", 2)


def test_the_example_in_the_documents_can_be_used() -> None:
    file = Path(__file__).parent.parent.parent / "docs" / "examples" / "outages.csv"
    header, *rows = csv.reader(file.read_text("utf-8").splitlines())
    found = gathered(*(Record(line, cells) for line, cells in enumerate(rows, 2)))
    assert tuple(header) == COLUMNS
    assert not found.refused
    assert {outage.ref: len(outage.windows) for outage in found.outages} == {
        "KH-2027-001": 2,
        "KH-2027-002": 1,
        "KH-2027-003": 1,
        "SC-2027-001": 1,
    }
    demo = build()
    known = {feeder.code for feeder in demo.feeders} | {one.code for one in demo.transformers}
    named = {code for one in found.outages for code in (*one.scope["feeders"], *one.scope["transformers"])}
    assert named <= known


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"kind": "plan"}, "kind is “plan” instead of planned or incident"),
        ({"kind": ""}, "no kind (planned or incident)"),
        ({"feeders": ""}, "nothing in feeders, transformers, wards, customers: name what is cut"),
        ({"starts_at": ""}, "no starts_at"),
        ({"ends_at": ""}, "no ends_at, which a planned window needs"),
        ({"ends_at": "02/12/2026 08:00"}, "ends_at is not after starts_at"),
        ({"ends_at": "02/12/2026 07:00"}, "ends_at is not after starts_at"),
        ({"outage_ref": "A" * 101}, "outage_ref is longer than 100 characters"),
        ({"customers": ";".join(f"PE{n:011d}" for n in range(1001))}, "customers has more than 1,000 codes"),
        ({"reason": "a\0b"}, "a control character"),
        ({"reason": "a\udcffb"}, "bytes that are no UTF-8"),
    ],
)
def test_a_bad_row_says_why(cells: dict[str, Cell], reason: str) -> None:
    found = gathered(row(2, **cells))
    assert (found.outages, found.refused) == ((), {2: reason})


def test_an_unreadable_time_names_its_column() -> None:
    found = gathered(row(2, starts_at="x", ends_at="y"))
    assert found.refused[2].startswith("starts_at “x” is no time such as")
    assert "; ends_at “y” is no time" in found.refused[2]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"kind": "incident"}, "kind differs from line 2"),
        ({"reason": "Khác"}, "reason differs from line 2"),
        ({"feeders": "472-TD"}, "feeders differ from line 2"),
        ({"wards": "26743"}, "wards differ from line 2"),
        ({"starts_at": "02/12/2026 08:00", "ends_at": "02/12/2026 11:00"}, "the same window as on line 2"),
        ({"starts_at": "02/12/2026 10:59"}, "its window crosses that of line 2"),
    ],
)
def test_a_row_that_contradicts_another_takes_the_whole_outage_with_it(
    cells: dict[str, Cell], reason: str
) -> None:
    found = gathered(row(2), row(3, **cells), row(4, "B"))
    assert found.refused == {2: "its outage is left out because of line 3", 3: reason}
    assert [one.ref for one in found.outages] == ["B"]


def test_windows_may_follow_one_another_at_once() -> None:
    found = gathered(row(2), row(3, starts_at="02/12/2026 11:00", ends_at="02/12/2026 12:00"))
    assert not found.refused


def test_a_long_window_crosses_all_within_it() -> None:
    long = row(2, ends_at="05/12/2026 11:00")
    found = gathered(long, row(3), row(4))
    assert set(found.refused.values()) == {
        "its outage is left out because of line 3",
        "its window crosses that of line 2",
    }


def test_an_incident_has_one_row_and_may_have_no_end() -> None:
    assert gathered(row(2, kind="Incident", ends_at="")).outages[0].windows[0].ends_at is None
    found = gathered(row(2, kind="incident"), row(3, kind="incident"))
    assert found.refused[3] == "an incident has one row only"


def test_no_outage_has_more_windows_than_a_message_can_name() -> None:
    starts = [datetime(2026, 12, 1, 8) + timedelta(days=at) for at in range(MOST_WINDOWS + 1)]  # noqa: DTZ001
    rows = [row(9, starts_at=at, ends_at=at + timedelta(hours=1)) for at in starts]
    numbered = [Record(line, one.cells) for line, one in enumerate(rows, 2)]
    assert len(gathered(*numbered[:-1]).outages) == 1
    found = gathered(*numbered)
    assert found.outages == ()
    assert found.refused[MOST_WINDOWS + 2] == "more than 50 windows of one outage"
    assert len(found.refused) == MOST_WINDOWS + 1


def test_a_line_without_a_name_may_belong_to_the_outage_above() -> None:
    found = gathered(row(2), row(3, ""), row(4, "B"))
    assert found.refused == {2: "line 3 may belong to its outage, but cannot be used", 3: "no outage_ref"}
    assert [one.ref for one in found.outages] == ["B"]


def test_a_broken_line_makes_its_outage_bad() -> None:
    found = gathered(row(2), row(3), Record(4, row(4).cells, "a quotation mark is not closed"))
    because = "its outage is left out because of line 4"
    assert found.refused == {2: because, 3: because, 4: "a quotation mark is not closed"}


def test_what_has_passed_is_not_published() -> None:
    planned = gathered(row(2), row(9)).outages[0]
    incident = gathered(row(2, kind="incident")).outages[0]
    now = datetime(2026, 12, 2, 4, tzinfo=UTC)
    assert too_late(planned, now) == {2: "starts_at has passed; what is going on already is an incident"}
    assert too_late(planned, now, {planned.windows[0].starts_at}) == {}
    assert too_late(incident, now) == {2: "ends_at has passed; an incident that is over is not told any more"}
    assert too_late(incident, now - timedelta(minutes=1)) == {}


LINES = st.lists(
    st.builds(
        lambda ref, hour, cells: (ref, hour, cells),
        st.sampled_from(["A", "B", "C", ""]),
        st.integers(0, 20),
        st.sampled_from([{}, {}, {}, {"kind": "incident"}, {"ends_at": "x"}, {"reason": "Khác"}]),
    ),
    max_size=12,
)


@given(LINES)
def test_every_line_is_used_or_refused_and_no_outage_is_halved(
    lines: list[tuple[str, int, dict[str, Cell]]],
) -> None:
    records = [
        row(line, ref, **{"starts_at": f"10/12/2026 {hour}:00", "ends_at": f"10/12/2026 {hour}:30"} | cells)
        for line, (ref, hour, cells) in enumerate(lines, 2)
    ]
    found = gathered(*records)
    used = {line for outage in found.outages for line in outage.lines}
    assert used.isdisjoint(found.refused)
    assert used | set(found.refused) == {record.line for record in records}
    refs = {str(record.cells[0]) for record in records if record.line in found.refused}
    assert refs.isdisjoint(outage.ref for outage in found.outages)
    assert all(found.refused.values())

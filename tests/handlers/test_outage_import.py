"""The outage file: new ones are published, known ones changed, bad ones left out whole, and nothing twice."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from sqlalchemy import text

from bot.web.errors import say
from handlers import outage_import, outages, workbook_file
from handlers.csv_file import Unusable
from handlers.outage_bringing import Outcome
from handlers.outage_forms import PostponedSlot, Postponement
from handlers.outage_import import Options, Report
from handlers.rules.outage_rows import COLUMNS
from handlers.rules.planning import Rule
from handlers.talking import ZONE
from store import outages as kept
from store.extent import Scope
from store.outages import Outage, OutageState, SlotState
from tests.town import FAR_HOME, FEEDER, HOME, NOW, OTHER_FEEDER, Town, built

Row = dict[str, Any]
PLANNED, DRAFT, BLOCKED = Outcome.PUBLISHED, Outcome.DRAFT, Outcome.BLOCKED


def row(ref: str = "KH-1", day: int = 10, **cells: Any) -> Row:
    """A window from 8 to 11 on that day of December, which breaks no rule."""
    plain = {
        "outage_ref": ref,
        "kind": "planned",
        "starts_at": f"{day:02d}/12/2026 08:00",
        "ends_at": f"{day:02d}/12/2026 11:00",
        "reason": "Bảo trì",
        "feeders": FEEDER,
    }
    return plain | cells


def incident(ref: str = "SC-1", **cells: Any) -> Row:
    return row(ref, **{"kind": "incident", "starts_at": "23/11/2026 14:00", "ends_at": "", "reason": ""} | cells)


def written(path: Path, rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, columns)
        out.writeheader()
        out.writerows(rows)
    return path


def worked(path: Path, rows: Iterable[Row], mac: bool = False, form: str = "dd/mm/yyyy hh:mm") -> Path:
    """The same as a workbook; times are cells of that form."""
    book = Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.append(list(COLUMNS))
    for one in rows:
        sheet.append([one.get(name) for name in COLUMNS])
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, datetime):
                cell.number_format = form
    book.save(path)
    return path


@pytest.fixture
async def town(migrated_url: str) -> AsyncIterator[Town]:
    async with built(migrated_url) as town:
        yield town


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outages.csv"


async def imported(town: Town, path: Path, dry_run: bool = False, draft: bool = False) -> Report:
    options = Options(path.with_suffix(".bad.csv"), dry_run, draft)
    return await outage_import.run(
        town.database, path, options, town.now, ZONE, lambda key, values: say(key, "en", values), lambda *_: None
    )


def outcomes(report: Report) -> list[tuple[str, Outcome]]:
    return [(result.ref, result.outcome) for result in report.results]


def reasons(path: Path) -> dict[int, str]:
    with path.with_suffix(".bad.csv").open(encoding="utf-8", newline="") as file:
        return {int(one["line"]): one["why"] for one in csv.DictReader(file)}


async def known(town: Town, ref: str = "KH-1") -> Outage:
    async with town.database.reading() as unit:
        outage = await kept.by_ref(unit, ref)
    assert outage is not None
    return outage


async def windows(town: Town, ref: str = "KH-1") -> list[tuple[str, str]]:
    """Each window as its local beginning and its state, by number."""
    outage = await known(town, ref)
    async with town.database.reading() as unit:
        slots = (await kept.slots_of(unit, [outage.id or 0]))[outage.id or 0]
    return [(f"{slot.starts_at.astimezone(ZONE):%d/%m %H:%M}", slot.state) for slot in slots]


async def everything(town: Town) -> list[Any]:
    """All that an import could write."""
    tables = ("outage", "outageslot", "outagescope", "outagerevision", "notice", "message", "delivery")
    async with town.database.reading() as unit:
        return [
            [tuple(one) for one in await unit.run(text(f"SELECT * FROM {table} ORDER BY 1, 2"))]
            for table in tables
        ]


# --- what is new -------------------------------------------------------------------------------------------


async def test_a_plan_and_an_incident_are_published_and_those_they_touch_hear(town: Town, path: Path) -> None:
    await town.resident("An", f"c:{HOME}")
    await town.resident("Chi", f"c:{FAR_HOME}")
    rows = [row(), row(day=11, reason="", feeders=""), incident(feeders=OTHER_FEEDER)]
    report = await imported(town, written(path, rows))

    assert outcomes(report) == [("KH-1", PLANNED), ("SC-1", PLANNED)]
    assert (report.good, report.bad.count) == (3, 0)
    assert await windows(town) == [("10/12 08:00", "on"), ("11/12 08:00", "on")]
    assert (await known(town)).published_by == "import"
    assert await town.heard() == [("Chi", "incident")]
    await town.until(datetime(2026, 12, 10, 9, tzinfo=ZONE))
    assert ("An", "plan") in await town.heard()
    assert not path.with_suffix(".bad.csv").exists()


async def test_the_same_file_again_changes_nothing(town: Town, path: Path) -> None:
    await town.resident("An", f"c:{HOME}")
    file = written(path, [row(), row(day=11), row("KH-2", 14), incident()])
    await imported(town, file)
    before = await everything(town)

    town.now += timedelta(hours=1)
    report = await imported(town, file)
    assert [one for _, one in outcomes(report)] == [Outcome.UNCHANGED] * 3
    assert await everything(town) == before


async def test_what_breaks_planning_rules_is_kept_as_a_draft_with_its_findings(town: Town, path: Path) -> None:
    await town.resident("An", f"c:{HOME}")
    file = written(path, [row(day=25, starts_at="25/12/2026 08:00", ends_at="25/12/2026 20:00")])
    (result,) = (await imported(town, file)).results

    assert (result.outcome, result.is_draft) == (BLOCKED, True)
    assert Rule.LONGEST in {finding.rule for finding in result.findings if finding.blocking}
    assert (await known(town)).state == OutageState.DRAFT
    assert await town.heard() == []
    assert outcomes(await imported(town, file)) == [("KH-1", Outcome.UNCHANGED)]


async def test_two_plans_of_one_file_that_forbid_each_other_are_found_in_a_dry_run_too(
    town: Town, path: Path
) -> None:
    file = written(path, [row(), row("KH-2", 20)])
    dry = await imported(town, file, dry_run=True)
    assert outcomes(dry) == [("KH-1", PLANNED), ("KH-2", BLOCKED)]
    assert outcomes(await imported(town, file)) == outcomes(dry)


async def test_an_import_of_drafts_tells_nobody(town: Town, path: Path) -> None:
    await town.resident("An", f"c:{HOME}")
    report = await imported(town, written(path, [row(), incident()]), draft=True)
    assert outcomes(report) == [("KH-1", DRAFT)]
    assert (await known(town)).state == OutageState.DRAFT
    assert reasons(path) == {3: "an incident is told at once, so it cannot be kept as a draft"}
    assert await town.heard() == []


async def test_a_dry_run_says_what_an_import_does_and_writes_nothing(town: Town, path: Path) -> None:
    await town.resident("An", f"c:{HOME}")
    await imported(town, written(path, [row(), row("KH-0", 12, feeders=OTHER_FEEDER)]))
    before = await everything(town)
    rows = [row(day=12), row("KH-0", 12, feeders=OTHER_FEEDER), incident(), row("KH-3", feeders="471-BX")]
    file = written(path, rows)

    dry = await imported(town, file, dry_run=True)
    assert await everything(town) == before
    done = await imported(town, file)
    assert outcomes(dry) == outcomes(done)
    assert [one for _, one in outcomes(done)] == [Outcome.CHANGED, Outcome.UNCHANGED, PLANNED]
    assert [one.windows for one in dry.results] == [one.windows for one in done.results]
    assert [one.recipients for one in dry.results] == [one.recipients for one in done.results]
    assert (dry.bad.first, dry.good) == (done.bad.first, done.good)


# --- what is known -----------------------------------------------------------------------------------------


async def test_other_windows_are_a_change_of_those_windows(town: Town, path: Path) -> None:
    await imported(town, written(path, [row(), row(day=11)]))
    (result,) = (await imported(town, written(path, [row(), row(day=12), row(day=14)]))).results

    assert result.outcome is Outcome.CHANGED
    assert [(one.after.number, one.before is None) for one in result.windows] == [(2, False), (3, True)]
    assert await windows(town) == [("10/12 08:00", "on"), ("12/12 08:00", "on"), ("14/12 08:00", "on")]
    assert (await known(town)).revision == 2


async def test_a_window_that_the_file_leaves_out_is_cancelled(town: Town, path: Path) -> None:
    await imported(town, written(path, [row(), row(day=11)]))
    (result,) = (await imported(town, written(path, [row()]))).results
    assert [one.after.state for one in result.windows] == [SlotState.CANCELLED]
    assert outcomes(await imported(town, path)) == [("KH-1", Outcome.UNCHANGED)]


async def test_another_reason_or_scope_is_a_change_of_that_alone(town: Town, path: Path) -> None:
    await imported(town, written(path, [row()]))
    (reason,) = (await imported(town, written(path, [row(reason="Thay trụ")]))).results
    (scope,) = (await imported(town, written(path, [row(reason="Thay trụ", transformers="TD-01")]))).results
    assert (reason.outcome, reason.fields, reason.windows) == (Outcome.CHANGED, ("reason",), ())
    assert (scope.outcome, scope.fields, scope.windows) == (Outcome.CHANGED, ("scope",), ())
    assert (await known(town)).reason == "Thay trụ"


async def test_what_staff_changed_since_stays_unless_the_file_says_something_new(town: Town, path: Path) -> None:
    file = written(path, [row(), row(day=11)])
    await imported(town, file)
    outage = await known(town)
    async with town.database.unit() as unit:
        wish = Postponement((PostponedSlot(None, None, 1),))
        await outages.postpone(unit, outage.id or 0, wish, "anh Ba", town.now)
    put_off = [("10/12 08:00", "postponed"), ("11/12 08:00", "on")]

    assert outcomes(await imported(town, file)) == [("KH-1", Outcome.UNCHANGED)]
    assert await windows(town) == put_off
    await imported(town, written(path, [row(reason="Thay trụ"), row(day=11, reason="")]))
    assert await windows(town) == put_off
    assert outcomes(await imported(town, path)) == [("KH-1", Outcome.UNCHANGED)]
    assert await windows(town) == put_off


async def test_a_window_that_is_over_stays_over_whatever_the_file_still_says(town: Town, path: Path) -> None:
    await imported(town, written(path, [row(), row(day=20)]))
    await town.until(datetime(2026, 12, 12, 8, tzinfo=ZONE))
    assert await windows(town) == [("10/12 08:00", "over"), ("20/12 08:00", "on")]

    assert outcomes(await imported(town, path)) == [("KH-1", Outcome.UNCHANGED)]
    (result,) = (await imported(town, written(path, [row(), row(day=21)]))).results
    assert [(one.after.number, one.after.state) for one in result.windows] == [(2, SlotState.ON)]
    assert await windows(town) == [("10/12 08:00", "over"), ("21/12 08:00", "on")]


async def test_a_change_that_planning_rules_forbid_leaves_the_outage_as_it_was(town: Town, path: Path) -> None:
    await imported(town, written(path, [row()]))
    before = await everything(town)
    (result,) = (await imported(town, written(path, [row(ends_at="10/12/2026 20:00")]))).results
    assert result.outcome is Outcome.FORBIDDEN
    assert [finding.rule for finding in result.findings] == [Rule.LONGEST]
    assert reasons(path) == {2: "the change breaks planning rules (longest), which staff may set aside"}
    assert await everything(town) == before


async def test_a_draft_of_an_earlier_import_takes_changes_and_stays_a_draft(town: Town, path: Path) -> None:
    await imported(town, written(path, [row()]), draft=True)
    (result,) = (await imported(town, written(path, [row(day=11)]))).results
    assert (result.outcome, result.is_draft) == (Outcome.CHANGED, True)
    assert await windows(town) == [("11/12 08:00", "on")]


async def test_an_incident_is_explained_by_the_file(town: Town, path: Path) -> None:
    await town.resident("An", f"c:{HOME}")
    await imported(town, written(path, [incident()]))
    file = written(path, [incident(reason="Cây đổ", ends_at="23/11/2026 18:00")])
    (result,) = (await imported(town, file)).results
    assert (result.outcome, result.fields) == (Outcome.CHANGED, ("reason",))
    assert outcomes(await imported(town, file)) == [("SC-1", Outcome.UNCHANGED)]


async def test_what_has_ended_is_left_as_it_was(town: Town, path: Path) -> None:
    done = await imported(town, written(path, [row(), incident()]))
    async with town.database.unit() as unit:
        await outages.cancel(unit, (await known(town)).id or 0, "anh Ba", town.now)
        await outages.restore(unit, (await known(town, "SC-1")).id or 0, None, "anh Ba", town.now)
    before = await everything(town)
    report = await imported(town, written(path, [row(day=14), incident(reason="Cây đổ")]))
    assert outcomes(report) == [("KH-1", Outcome.OVER), ("SC-1", Outcome.OVER)]
    assert report.results[0].code == done.results[0].code
    assert await everything(town) == before


async def test_an_incident_that_is_out_again_goes_on_and_is_known_by_its_name(town: Town, path: Path) -> None:
    from_hand = await town.publish(Scope(feeders=(FEEDER,)))
    town.now += timedelta(minutes=5)
    await town.restore(from_hand)
    town.now += timedelta(minutes=1)
    file = written(path, [incident(starts_at="23/11/2026 14:11")])
    (result,) = (await imported(town, file)).results
    assert result.code == from_hand.outage.code
    before = await everything(town)
    assert outcomes(await imported(town, file)) == [("SC-1", Outcome.UNCHANGED)]
    assert await everything(town) == before


# --- what is bad -------------------------------------------------------------------------------------------


async def test_one_bad_row_leaves_its_outage_out_and_no_other(town: Town, path: Path) -> None:
    rows = [row(), row(day=11, ends_at="11/12/2026 07:00"), row("KH-2", 14, feeders=OTHER_FEEDER)]
    report = await imported(town, written(path, rows))
    assert outcomes(report) == [("KH-2", PLANNED)]
    assert reasons(path) == {2: "its outage is left out because of line 3", 3: "ends_at is not after starts_at"}

    mended = path.with_suffix(".bad.csv").rename(path.with_name("mended.csv"))
    mended.write_text(mended.read_text("utf-8").replace("11/12/2026 07:00", "11/12/2026 12:00"), "utf-8")
    again = await imported(town, mended)
    assert again.extra_columns == ("line", "why")
    assert len(await windows(town)) == 2


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"feeders": "471-BX"}, "unknown feeder “471-BX”, near to it: “471-BT”"),
        ({"feeders": "", "customers": "PE01000000099"}, "unknown customer “PE01000000099”"),
        ({"wards": "99999"}, "unknown ward “99999”"),
        (
            {"day": 1, "starts_at": "23/11/2026 14:00"},
            "starts_at has passed; what is going on already is an incident",
        ),
        ({"starts_at": "10/12/2028 08:00", "ends_at": "10/12/2028 09:00"}, "The window begins more than 400 days"),
        ({"reason": "a" * 301}, "A reason has at most 300 characters"),
        (
            {"kind": "incident", "starts_at": "25/11/2026 08:00"},
            "An incident cannot begin more than a day from now",
        ),
    ],
)
async def test_a_bad_outage_says_why_and_writes_nothing(town: Town, path: Path, cells: Row, reason: str) -> None:
    before = await everything(town)
    await imported(town, written(path, [row(**cells)]))
    assert reasons(path)[2].startswith(reason)
    assert await everything(town) == before


async def test_an_incident_cannot_become_a_plan(town: Town, path: Path) -> None:
    await imported(town, written(path, [incident()]))
    await imported(town, written(path, [row("SC-1")]))
    assert "which is incident; take another one" in reasons(path)[2]


async def test_the_end_of_a_begun_window_can_be_moved_and_its_beginning_cannot(town: Town, path: Path) -> None:
    await imported(town, written(path, [row(), row(day=20)]))
    town.now = datetime(2026, 12, 10, 9, tzinfo=ZONE).astimezone(NOW.tzinfo)
    report = await imported(town, written(path, [row(ends_at="10/12/2026 12:00"), row(day=20)]))
    assert outcomes(report) == [("KH-1", Outcome.CHANGED)]
    await imported(town, written(path, [row(starts_at="10/12/2026 08:30"), row(day=20)]))
    assert reasons(path)[2] == "starts_at has passed; what is going on already is an incident"


async def test_a_fault_at_one_outage_stops_no_other(
    town: Town, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = outages.publish

    async def failing(unit: Any, draft: Any, by: str, now: datetime) -> Any:
        done = await publish(unit, draft, by, now)
        if draft.ref == "KH-1":
            await unit.run(text("SELECT * FROM no_such_table"))
        return done

    monkeypatch.setattr(outages, "publish", failing)
    file = written(path, [row(), row("KH-2", 14, feeders=OTHER_FEEDER)])
    for dry_run in (True, False):
        report = await imported(town, file, dry_run=dry_run)
        assert outcomes(report) == [("KH-2", PLANNED)]
        assert reasons(path) == {2: "a fault of the service, see its log; import the file once more"}


# --- workbooks ---------------------------------------------------------------------------------------------

LOCAL = datetime(2026, 12, 10, 8)  # noqa: DTZ001 - as a spreadsheet has it


@pytest.mark.parametrize(
    "times",
    [
        (LOCAL, LOCAL + timedelta(hours=3)),
        (46366 + 8 / 24, 46366 + 11 / 24),
        ("10/12/2026 08:00", "2026-12-10T11:00+07:00"),
    ],
    ids=["dates", "numbers", "texts"],
)
async def test_a_workbook_is_read_like_a_csv_file(town: Town, path: Path, times: tuple[Any, Any]) -> None:
    one = row(starts_at=times[0], ends_at=times[1], wards=26743)
    await imported(town, worked(path.with_suffix(".xlsx"), [one]))
    assert await windows(town) == [("10/12 08:00", "on")]
    again = written(path, [row(wards="26743")])
    assert outcomes(await imported(town, again)) == [("KH-1", Outcome.UNCHANGED)]


async def test_a_workbook_of_the_1904_system_means_the_same_days(town: Town, path: Path) -> None:
    number = 46366 - 1462
    rows = [
        row(starts_at=LOCAL, ends_at=LOCAL + timedelta(hours=3)),
        row(starts_at=number + 1 + 8 / 24, ends_at=number + 1 + 11 / 24),
    ]
    await imported(town, worked(path.with_suffix(".xlsx"), rows, mac=True))
    assert await windows(town) == [("10/12 08:00", "on"), ("11/12 08:00", "on")]


async def test_a_day_without_a_clock_is_not_taken_for_its_midnight(town: Town, path: Path) -> None:
    day = LOCAL.replace(hour=0)
    rows = [row(starts_at=day, ends_at=day + timedelta(hours=3)), row("KH-2", 14, feeders=OTHER_FEEDER)]
    await imported(town, worked(path.with_suffix(".xlsx"), rows, form="dd/mm/yyyy"))
    assert "“10/12/2026” has no time of day" in reasons(path)[2]
    await imported(town, worked(path.with_suffix(".xlsx"), rows))
    assert await windows(town) == [("10/12 00:00", "on")]


async def test_blank_rows_and_other_sheets_are_passed_over(town: Town, path: Path) -> None:
    book = Workbook()
    notes = book.active
    assert notes is not None
    notes.append(["Ghi chú"])
    sheet = book.create_sheet("Lịch")
    sheet.append(list(COLUMNS))
    sheet.append([])
    sheet.append([row().get(name) for name in COLUMNS])
    book.save(path.with_suffix(".xlsx"))
    report = await imported(town, path.with_suffix(".xlsx"))
    assert (outcomes(report), report.good) == ([("KH-1", PLANNED)], 1)


def with_part(path: Path, name: str, content: bytes) -> Path:
    """The workbook with one part of it replaced."""
    with zipfile.ZipFile(path) as file:
        parts = {part: file.read(part) for part in file.namelist()} | {name: content}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for part, data in parts.items():
            file.writestr(part, data)
    return path


LAUGHS = b'<!DOCTYPE x [<!ENTITY a0 "ha">%s]><worksheet><sheetData>&a29;</sheetData></worksheet>' % b"".join(
    b'<!ENTITY a%d "&a%d;&a%d;&a%d;">' % (n, n - 1, n - 1, n - 1) for n in range(1, 30)
)
ENDLESS = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="999999999999"><c r="A999999999999"><v>1</v></c></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b" " * (workbook_file.LARGEST_UNZIPPED + 1), "bytes when it is unzipped"),
        (LAUGHS, "is damaged"),
        (b"<worksheet", "is damaged"),
        (ENDLESS, "lacks the columns outage_ref"),
    ],
    ids=["zeros", "laughs", "torn", "endless"],
)
async def test_a_workbook_that_is_a_bomb_or_torn_is_refused(
    town: Town, path: Path, content: bytes, sentence: str
) -> None:
    file = with_part(worked(path.with_suffix(".xlsx"), [row()]), "xl/worksheets/sheet1.xml", content)
    with pytest.raises(Unusable, match=sentence):
        await imported(town, file)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "has a password. Save it without a password"),
        ("a.xls", OLE, "is an old Excel workbook"),
        ("a.xlsx", b"outage_ref,kind\n", "is named as an Excel workbook, but it is none"),
        ("a.xlsx", b"PK\x03\x04" + bytes(99), "is damaged: it ends too early"),
        ("a.csv", "outage_ref,kind\nKH-1,planned\n".encode("utf-16"), "is in UTF-16"),
        ("a.csv", ",".join(COLUMNS).encode() + b"\nB\xe3o tr\xec" * 3, "is not in UTF-8"),
        (
            "a.csv",
            b"outage_ref,kind,starts_at,ends_at,reason,feeders\n",
            "lacks the columns transformers, wards, customers",
        ),
        ("a.csv", ",".join(COLUMNS).encode() + b"\n", "has a header, but no rows"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b" " * 50_000_001, "more than 50,000,000"),
    ],
)
async def test_a_file_that_cannot_be_used_is_said_in_a_sentence_and_nothing_is_done(
    town: Town, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    before = await everything(town)
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(Unusable, match=sentence):
        await imported(town, file)
    assert await everything(town) == before


async def test_another_zip_file_is_no_workbook(town: Town, path: Path) -> None:
    file = path.with_suffix(".ods")
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("content.xml", "<x/>")
    with pytest.raises(Unusable, match="but no Excel workbook"):
        await imported(town, file)


async def test_a_file_without_a_good_row_says_where_the_reasons_are(town: Town, path: Path) -> None:
    with pytest.raises(Unusable, match=r"None of the 1 rows .* can be used. .*outages.bad.csv tells why"):
        await imported(town, written(path, [row(starts_at="soon")]))
    assert "is no time such as" in reasons(path)[2]


async def test_bad_rows_that_could_not_be_kept_are_told_before_anything_is_done(town: Town, path: Path) -> None:
    before = await everything(town)
    path.with_suffix(".bad.csv").mkdir()
    with pytest.raises(Unusable, match="cannot be written"):
        await imported(town, written(path, [row()]))
    assert await everything(town) == before


async def test_a_torn_line_leaves_its_outage_out_and_stays_as_it_was_written(town: Town, path: Path) -> None:
    written(path, [row(), row("KH-2", 14, feeders=OTHER_FEEDER)])
    with path.open("a", encoding="utf-8") as file:
        file.write('KH-1,planned,11/12/2026 08:00,11/12/2026 11:00,"Bảo trì,,,,\n')
    report = await imported(town, path)
    assert outcomes(report) == [("KH-2", PLANNED)]
    assert set(reasons(path)) == {2, 4}
    assert [result.ref for result in report.results] == ["KH-2"]

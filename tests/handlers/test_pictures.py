"""The picture of the week: every bar at its local hour, every word in the font, always the same bytes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor, ImageFont

from conversations.model import LANGUAGES, Language, Picture
from conversations.texts import keys_of, sources
from handlers.pictures import alt, draw, drawing, size
from handlers.pictures.drawing import INCIDENT, PLANNED, covered, font
from handlers.pictures.week_data import MOST_ROWS, read_week
from handlers.pictures.week_layout import MARGIN, NARROWEST, WIDTH, Layout
from handlers.talking import talking
from tests.work import calls

# A Monday, five past two in the afternoon in Ho Chi Minh City.
NOW = "2026-11-23T07:05:00+00:00"
DAYS = [f"2026-11-{day}" for day in range(23, 30)]
COLUMN = (WIDTH - 2 * MARGIN) / 7
TALKING = talking()


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process runs half a world away."""
    monkeypatch.setenv("TZ", "America/Anchorage")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
    assert os.environ.get("TZ") != "America/Anchorage"


def window(start: str, end: str | None, kind: str = "planned", state: str = "on") -> dict[str, Any]:
    """A window of an outage; times are UTC, as they are kept."""
    return {"start": f"{start}:00+00:00", "end": end and f"{end}:00+00:00", "kind": kind, "state": state}


def place(*windows: dict[str, Any], label: Any = "Nhà") -> dict[str, Any]:
    return {"label": label, "bars": list(windows)}


def week(*rows: dict[str, Any]) -> Picture:
    return Picture("week", {"days": [*DAYS], "now": NOW, "rows": list(rows)})


def png(picture: Picture, language: Language = "vi") -> bytes:
    return draw(picture, language, TALKING.speaker, TALKING.zone)


def layout(picture: Picture, language: Language = "vi") -> Layout:
    return Layout(read_week(picture.data, language, TALKING.speaker, TALKING.zone), language, TALKING.speaker)


def times(picture: Picture, day: int, language: Language = "vi") -> list[tuple[str, ...]]:
    """What stands under a day of the first row, window by window."""
    return [one.lines for one in layout(picture, language).rows[0].times[day]]


def coloured(picture: Picture, colour: str, lane: int = 0) -> list[int]:
    """Where the colour lies from left to right on a line through a lane of the first row."""
    image = Image.open(BytesIO(png(picture)))
    middle = layout(picture).rows[0].strip[0] + 6 + lane * 52 + 23
    wanted = ImageColor.getrgb(colour)
    return [x for x in range(image.width) if image.getpixel((x, middle)) == wanted]


def at(day: int, hour: float) -> float:
    """Where an hour of a local day lies from left to right."""
    return MARGIN + (day + hour / 24) * COLUMN


ORDINARY = week(
    place(window("2026-11-24T01:00", "2026-11-24T09:30"), window("2026-11-23T04:20", None, "incident")),
    place(label="Công ty"),
    place(window("2026-11-25T01:00", "2026-11-25T05:00", state="cancelled"), label="Quán"),
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_a_png_of_the_size_that_was_announced_and_always_the_same(language: Language) -> None:
    drawn = png(ORDINARY, language)
    image = Image.open(BytesIO(drawn))
    image.load()
    assert (image.format, image.size) == ("PNG", size(ORDINARY, language, TALKING.speaker, TALKING.zone))
    assert image.width == 1080
    assert png(ORDINARY, language) == drawn


def test_each_language_has_its_own_words() -> None:
    assert png(ORDINARY, "vi") != png(ORDINARY, "en")
    said = {one: layout(ORDINARY, one) for one in LANGUAGES}
    assert (said["vi"].weekday(said["vi"].shown.days[6]), said["vi"].short_date(said["vi"].shown.days[0])) == (
        "CN",
        "23/11",
    )
    assert (said["en"].weekday(said["en"].shown.days[6]), said["en"].short_date(said["en"].shown.days[0])) == (
        "Sun",
        "23 Nov",
    )
    assert [TALKING.speaker.plain(alt(ORDINARY), one) for one in LANGUAGES] == [
        "Hình lịch cúp điện 7 ngày, kể từ thứ Hai 23/11/2026.",
        "Picture: outages in the 7 days from Mon 23 Nov 2026.",
    ]


def test_a_bar_lies_at_the_hours_of_ho_chi_minh_city() -> None:
    # 08:00 to 16:30 on Tuesday.
    found = coloured(week(place(window("2026-11-24T01:00", "2026-11-24T09:30"))), PLANNED)
    assert min(found) == pytest.approx(at(1, 8), abs=2)
    assert max(found) == pytest.approx(at(1, 16.5), abs=2)


def test_a_window_over_midnight_lies_on_both_days_and_says_on_which_it_ends() -> None:
    # 22:00 on Thursday to 02:00 on Friday.
    night = week(place(window("2026-11-26T15:00", "2026-11-26T19:00")))
    found = coloured(night, PLANNED)
    assert min(found) == pytest.approx(at(3, 22), abs=2)
    assert max(found) == pytest.approx(at(4, 2), abs=2)
    assert times(night, 3) == [("22:00", "–02:00", "(T6)")]
    assert times(night, 3, "en") == [("22:00", "–02:00", "(Fri)")]
    assert times(night, 4) == []


def test_midnight_is_the_end_of_the_day_before() -> None:
    evening = week(place(window("2026-11-28T12:00", "2026-11-28T17:00")))
    assert times(evening, 5) == [("19:00", "–24:00")]
    assert max(coloured(evening, PLANNED)) == pytest.approx(at(6, 0), abs=2)


def test_a_window_from_midnight_belongs_to_the_day_that_it_begins() -> None:
    assert times(week(place(window("2026-11-24T17:00", "2026-11-24T19:00"))), 2) == [("00:00", "–02:00")]


def test_what_began_before_the_week_and_what_ends_after_it_are_cut_at_its_edges_and_named_by_date() -> None:
    both = week(
        place(window("2026-11-21T11:00", "2026-11-22T23:00"), window("2026-11-29T14:00", "2026-11-29T20:00"))
    )
    found = coloured(both, PLANNED)
    assert min(found) == pytest.approx(MARGIN, abs=2)
    assert max(found) == pytest.approx(WIDTH - MARGIN, abs=2)
    assert times(both, 0) == [("(21/11)", "18:00", "–06:00", "(T2)")]
    assert times(both, 6, "en") == [("21:00", "–03:00", "(30 Nov)")]


def test_what_comes_after_the_week_is_said_in_words() -> None:
    later = week(place(window("2026-11-30T01:00", "2026-11-30T03:00")))
    assert layout(later).rows[0].later == ("Sau đó: từ 08:00 đến 10:00, thứ Hai 30/11/2026",)
    assert layout(later).size[1] > layout(week(place())).size[1]


def test_an_incident_without_a_known_end_goes_on_until_now_and_then_fades() -> None:
    # Since 11:20; it is 14:05.
    going_on = week(place(window("2026-11-23T04:20", None, "incident")))
    question_mark = at(0, 22)
    found = [x for x in coloured(going_on, INCIDENT) if x < question_mark]
    assert min(found) == pytest.approx(at(0, 11 + 1 / 3), abs=2)
    assert at(0, 13) < max(found) < at(0, 15)
    assert times(going_on, 0) == [("⚡11:20", "–?")]


def test_an_incident_that_should_be_over_but_goes_on_has_no_known_end() -> None:
    assert times(week(place(window("2026-11-23T04:20", "2026-11-23T06:00", "incident"))), 0) == [("⚡11:20", "–?")]
    assert times(week(place(window("2026-11-23T04:20", "2026-11-23T09:00", "incident"))), 0) == [
        ("⚡11:20", "–16:00")
    ]


def test_planned_incident_and_called_off_differ_without_colour() -> None:
    looks = [drawing.bar(look, 60, 46).convert("LA") for look in ("planned", "incident", "cancelled")]
    lightnesses = [len(set(look.getchannel("L").crop((10, 8, 50, 38)).tobytes())) for look in looks]
    assert lightnesses[1] == 1
    assert lightnesses[0] > 3
    assert lightnesses[2] > 3
    assert looks[2].getpixel((12, 14)) == (255, 255)


@pytest.mark.parametrize(("state", "word"), [("cancelled", "đã hủy"), ("postponed", "hoãn"), ("moved", "giờ mới")])
def test_a_window_that_changed_says_how(state: str, word: str) -> None:
    changed = week(place(window("2026-11-25T01:00", "2026-11-25T05:00", state=state)))
    assert times(changed, 2) == [("08:00", "–12:00", word)]
    assert png(changed) != png(week(place(window("2026-11-25T01:00", "2026-11-25T05:00"))))


def test_a_quarter_of_an_hour_can_still_be_seen() -> None:
    found = coloured(week(place(window("2026-11-25T01:00", "2026-11-25T01:15"))), PLANNED)
    assert max(found) - min(found) >= NARROWEST - 4


def test_windows_at_the_same_time_lie_under_each_other() -> None:
    shown = week(
        place(
            window("2026-11-24T01:00", "2026-11-24T05:00"),
            window("2026-11-24T03:00", "2026-11-24T07:00"),
            window("2026-11-24T06:00", "2026-11-24T09:00"),
        )
    )
    assert [len(lane) for lane in layout(shown).rows[0].lanes] == [2, 1]
    assert min(coloured(shown, PLANNED, lane=1)) == pytest.approx(at(1, 10), abs=2)


def test_a_day_with_more_windows_than_room_counts_the_rest() -> None:
    many = week(place(*(window(f"2026-11-24T{hour:02}:00", f"2026-11-24T{hour:02}:30") for hour in range(1, 9))))
    shown = times(many, 1)
    assert shown[-1] == ("+4",)
    assert len(shown) == 5


def test_a_long_name_takes_two_lines_and_one_of_signs_alone_gets_another() -> None:
    long, emoji, mixed = "Quán cà phê của chị Bảy " * 10, "🏠🏠", "Nhà 🏠 ba  mẹ\n"
    shown = layout(week(place(label=long), place(label=emoji), place(label=mixed)))
    first, second = shown.rows[0].label
    assert second.endswith("…")
    assert all(font(36, bold=True).getlength(line) <= WIDTH - 2 * MARGIN for line in (first, second))
    assert [row.label for row in shown.rows[1:]] == [("Nơi thứ 2",), ("Nhà ba mẹ",)]


def test_a_place_can_be_named_in_words_of_the_catalog() -> None:
    ward = {"say": "place.customer", "values": {"code": "PE01000000014", "ward": "Phường Bến Thành"}}
    assert layout(week(place(label=ward)), "en").rows[0].label == ("Code PE01000000014, Phường Bến Thành",)


def test_more_places_than_rows_are_counted() -> None:
    many = week(*(place(label=f"Nơi {number}") for number in range(11)))
    shown = layout(many)
    assert (len(shown.rows), shown.shown.more) == (MOST_ROWS, 3)
    assert shown.size[1] > layout(week(*(place(label="Nơi") for _ in range(MOST_ROWS)))).size[1]


# --- fonts ------------------------------------------------------------------------------------------------


def missing(characters: set[str], face: ImageFont.FreeTypeFont) -> set[str]:
    """The characters that the font shows as its box for what it does not have."""
    box = bytes(face.getmask("\U000f1234"))
    return {one for one in characters if not one.isspace() and bytes(face.getmask(one)) == box}


@pytest.mark.parametrize("bold", [False, True])
def test_the_fonts_have_every_character_that_is_ever_drawn(bold: bool) -> None:
    drawable = {chr(code) for code in range(0x20, 0x3000) if covered(chr(code))} - {"\xa0", "\xad"}
    assert missing({"ệ", "\U000f4321"}, font(40, bold)) == {"\U000f4321"}
    assert missing(drawable, font(40, bold)) == set()


def test_every_text_of_the_pictures_and_every_ward_can_be_drawn() -> None:
    names = " ".join(ward.name for ward in TALKING.wards.wards)
    texts = "".join(source.partition("# --- pictures")[2].partition("# ---")[0] for source in sources().values())
    assert len(names) > 1000
    assert texts.count("msgid") > 2 * 10
    assert {one for one in names + texts if not covered(one) and not one.isspace()} == set()
    assert {key for key in keys_of("vi") if key.startswith("picture.")}


# --- limits -------------------------------------------------------------------------------------------------


def test_a_full_picture_takes_a_bounded_number_of_strokes() -> None:
    busy = [window(f"2026-11-{day}T01:00", f"2026-11-{day}T09:30") for day in range(23, 30)]
    full = week(*(place(*busy, label=f"Nơi {number}") for number in range(MOST_ROWS)))
    png(full)
    assert calls(lambda: png(full)) < 35_000  # about twice what it is


moments = st.datetimes().map(lambda one: one.replace(year=2026, month=11, day=one.day % 12 + 18).isoformat() + "Z")
windows = st.fixed_dictionaries(
    {
        "start": moments,
        "end": st.none() | moments,
        "kind": st.sampled_from(["planned", "incident"]),
        "state": st.sampled_from(["on", "moved", "over", "cancelled", "postponed"]),
    }
)
rows = st.fixed_dictionaries({"label": st.text(max_size=200), "bars": st.lists(windows, max_size=12)})


@settings(deadline=None, max_examples=60)
@given(st.lists(rows, max_size=10), st.sampled_from(LANGUAGES))
def test_whatever_is_known_is_drawn_within_what_telegram_takes(
    some: list[dict[str, Any]], language: Language
) -> None:
    picture = week(*some)
    width, height = Image.open(BytesIO(png(picture, language))).size
    assert (width, height) == size(picture, language, TALKING.speaker, TALKING.zone)
    assert width + height <= 10_000
    assert height <= 20 * width


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"days": [], "now": NOW, "rows": []},
        {"days": ["yesterday"], "now": NOW, "rows": []},
        {"days": DAYS * 2, "now": NOW, "rows": []},
        {"days": DAYS, "now": "now", "rows": []},
        {"days": DAYS, "now": NOW, "rows": [{}]},
        {"days": DAYS, "now": NOW, "rows": [place(window("2026-11-24T01:00", None, "storm"))]},
        {"days": DAYS, "now": NOW, "rows": [place(window("2026-11-24T01:00", None, state="maybe"))]},
        {"days": DAYS, "now": NOW, "rows": [place(label={"say": "no.such.text"})]},
        {"days": DAYS, "now": NOW, "rows": [place(label={})]},
    ],
)
def test_data_that_is_no_week_is_an_error(data: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        png(Picture("week", data))


def test_a_kind_that_nobody_knows_is_an_error() -> None:
    for ask in (png, alt):
        with pytest.raises(ValueError, match="no such picture"):
            ask(Picture("moon", {}))

"""Customers' days and times are read as they meant them, and what is unclear, past or impossible is told apart."""

import time as clock
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.folding import fold
from handlers.rules.whens import (
    DayPast,
    DayRead,
    ReadWindow,
    WindowPast,
    WindowRead,
    WindowUnclear,
    WindowWrong,
    read_day,
    read_day_near,
    read_window,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TUESDAY = datetime(2026, 11, 24, 9, 0, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def _in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process lives elsewhere than the customers."""
    monkeypatch.setenv("TZ", "America/New_York")
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


def shown(read: ReadWindow) -> str:
    """`29/11 08:00-12:00`, with the year if it is another one and the end's day if it is another one."""
    assert isinstance(read, WindowRead), read
    assert read.starts_at.tzinfo is UTC
    start, end = read.starts_at.astimezone(ZONE), read.ends_at.astimezone(ZONE)
    year = "" if start.year == 2026 else f"/{start.year}"
    last = "" if end.date() == start.date() else f"{end:%d/%m} "
    return f"{start:%d/%m}{year} {start:%H:%M}-{last}{end:%H:%M}"


READ = {
    "chủ nhật tuần này 8h-12h": "29/11 08:00-12:00",
    "CN 29/11 từ 7g30 đến 11g30": "29/11 07:30-11:30",
    "29/11/2026 13:30 - 17:00": "29/11 13:30-17:00",
    "mai 8h tối tới 10h": "25/11 20:00-22:00",
    "thứ 7 tuần sau sáng 8h đến 11h": "05/12 08:00-11:00",
    "t7 8-12h": "28/11 08:00-12:00",
    "Sunday 8am-12pm": "29/11 08:00-12:00",
    "next Sat 13:00 to 17:00": "05/12 13:00-17:00",
    "22h tối thứ 6 tới 2h sáng hôm sau": "27/11 22:00-28/11 02:00",
    "28/11 20:00-24:00": "28/11 20:00-29/11 00:00",
    # without diacritics, folded, with slips
    "chu nhat tuan nay 8h 12h": "29/11 08:00-12:00",
    "mai 8h toi toi 10h": "25/11 20:00-22:00",
    "22h toi thu 6 toi 2h sang hom sau": "27/11 22:00-28/11 02:00",
    "29/11/2026 13 30 17 00": "29/11 13:30-17:00",
    "thu 7 13 30 17 00": "28/11 13:30-17:00",
    "cn nay 8h toi 10h": "29/11 08:00-10:00",
    "toi muon doi sang chu nhat 8h den 12h": "29/11 08:00-12:00",
    "toi thu 6 8h den 10h": "27/11 20:00-22:00",
    "thu sau tuan sau 8h den 11h": "04/12 08:00-11:00",
    "thu tu tu 8h den 10h": "25/11 08:00-10:00",
    "thuws 7 8h-11h": "28/11 08:00-11:00",
    "sagn chu nhat 8h den 11h": "29/11 08:00-11:00",
    "chu nhatt tuann sau 8h dne 11h": "06/12 08:00-11:00",
    "cn 8hden12h": "29/11 08:00-12:00",
    "8h30sáng-11h t6": "27/11 08:30-11:00",
    "chúa nhật 8h tới 11h": "29/11 08:00-11:00",
    # dates
    "Từ 07:30:00 ngày 11/12/2026 đến 11:00:00 ngày 11/12/2026": "11/12 07:30-11:00",
    "từ 22h ngày 28/11 đến 2h ngày 29/11": "28/11 22:00-29/11 02:00",
    "ngày 29 tháng 11 năm 2026 từ 8h đến 11h": "29/11 08:00-11:00",
    "ngày 29 8h-11h": "29/11 08:00-11:00",
    "ngày 5 từ 8h đến 11h": "05/12 08:00-11:00",
    "8h30-11h30 29-11-2026": "29/11 08:30-11:30",
    "2026-11-29 08:00-11:00": "29/11 08:00-11:00",
    "29.11.2026 8h-11h": "29/11 08:00-11:00",
    "29/11/26 8h-11h": "29/11 08:00-11:00",
    "Nov 29 8am - 11am": "29/11 08:00-11:00",
    "29th November 2026, 8:00-11:00": "29/11 08:00-11:00",
    "29 May 8am to 11am": "29/05/2027 08:00-11:00",
    "23/11 8h-11h": "23/11/2027 08:00-11:00",
    "1/1 8h-11h": "01/01/2027 08:00-11:00",
    "23:30 31/12 - 02:00 1/1": "31/12 23:30-01/01 02:00",
    "30/11 22h đến 2h sáng hôm sau": "30/11 22:00-01/12 02:00",
    "ngày 31 8h-11h": "31/12 08:00-11:00",
    "29/2 8h-11h": "29/02/2028 08:00-11:00",
    # days
    "sáng mai 8h đến 11h30": "25/11 08:00-11:30",
    "tối nay 8h-10h": "24/11 20:00-22:00",
    "mốt 8h-11h": "26/11 08:00-11:00",
    "ngày kia 8h-11h": "26/11 08:00-11:00",
    "thứ 3 8h-10h": "01/12 08:00-10:00",  # it is Tuesday, nine o'clock
    "thứ 3 10h-12h": "24/11 10:00-12:00",
    "thứ hai tuần tới từ 13g đến 16g30": "30/11 13:00-16:30",
    "thứ 7 tuần sau nữa 8h-11h": "12/12 08:00-11:00",
    "thứ 7 tới 8h-10h": "28/11 08:00-10:00",
    "8h-11h thứ 7, tuần sau": "05/12 08:00-11:00",
    "tomorrow from 8 to 11": "25/11 08:00-11:00",
    "between 1pm and 3pm on Friday": "27/11 13:00-15:00",
    "Thu 2-4pm": "26/11 14:00-16:00",
    "Thu 13:00-15:00": "26/11 13:00-15:00",
    "thu 2 8h-11h": "30/11 08:00-11:00",
    "10pm Friday to 2am": "27/11 22:00-28/11 02:00",
    # times
    "thứ 5 8h đến 5h": "26/11 08:00-17:00",
    "mai 11h-2h": "25/11 11:00-14:00",
    "chiều chủ nhật 1h-4h": "29/11 13:00-16:00",
    "chìu mai 1h tới 4h": "25/11 13:00-16:00",
    "mai 8h đến 10h tối": "25/11 20:00-22:00",
    "mai 8h-22h": "25/11 08:00-22:00",
    "mai 8h-2h chiều": "25/11 08:00-14:00",
    "đổi qua thứ 6 27/11, 8h sáng tới 12h trưa": "27/11 08:00-12:00",
    "sáng thứ 2 từ 8 giờ đến 10 giờ rưỡi": "30/11 08:00-10:30",
    "9h kém 15 đến 11h mai": "25/11 08:45-11:00",
    "8 giờ 30 phút sáng thứ 7 đến 11 giờ": "28/11 08:30-11:00",
    "mai 8h trong 3 tiếng": "25/11 08:00-11:00",
    "8am to noon tomorrow": "25/11 08:00-12:00",
    "8pm-12am friday": "27/11 20:00-28/11 00:00",
    "10:00 - 2:00 pm Sat": "28/11 10:00-14:00",
    "12am to 4am fri": "27/11 00:00-04:00",
    "12h đêm thứ 6 đến 4h sáng": "28/11 00:00-04:00",
    "đêm mai 11h đến 3h": "25/11 23:00-26/11 03:00",
    "7h sáng đến hết ngày thứ 7": "28/11 07:00-29/11 00:00",
    "thứ tư từ 8 đến 11": "25/11 08:00-11:00",
    "CN 8h–12h": "29/11 08:00-12:00",
    "từ 7 sáng đến 11 trưa mai": "25/11 07:00-11:00",
    # other words around it
    "Dạ cho em xin đổi lịch qua sáng chủ nhật 29/11, khoảng 8h đến 11h nha, cảm ơn": "29/11 08:00-11:00",
    "tôi muốn đổi sang chủ nhật 8h-12h": "29/11 08:00-12:00",
    "máy 5 cn 8h-11h": "29/11 08:00-11:00",
    "xưởng 2 xin cn 8h-11h": "29/11 08:00-11:00",
}

NOT_READ = {
    "xin chào": WindowUnclear("day"),
    "": WindowUnclear("day"),
    "8h-12h": WindowUnclear("day"),
    "tuần sau 8h-11h": WindowUnclear("day"),
    "CN 28/11 8h-11h": WindowUnclear("day"),  # the 28th is a Saturday
    "từ 22h đến 2h sáng thứ 7": WindowUnclear("day"),  # which of the two days is Saturday?
    "chủ nhật": WindowUnclear("time"),
    "cả ngày chủ nhật": WindowUnclear("time"),
    "sáng chủ nhật": WindowUnclear("time"),
    "chủ nhật đến 12h": WindowUnclear("time"),
    "chủ nhật 8h-10h, 13h-15h": WindowUnclear("time"),
    "chủ nhật 8h": WindowUnclear("end"),
    "chủ nhật từ 8h": WindowUnclear("end"),
    "hôm nay 8h-10h": WindowPast(),
    "hôm qua 8h-10h": WindowPast(),
    "24/11 8h-10h": WindowPast(),
    "23/11/2026 8h-10h": WindowPast(),
    "thứ hai tuần này 8h-10h": WindowPast(),
    "31/2 8h-11h": WindowWrong("day"),
    "29/2/2027 8h-11h": WindowWrong("day"),
    "11/29/2026 8h-11h": WindowWrong("day"),
    "1/1/0001 8h-11h": WindowWrong("day"),
    "mai 13h-8h": WindowWrong("order"),
    "mai 08:00-05:00": WindowWrong("order"),
    "mai 10:30-10:00": WindowWrong("order"),
    "mai 8h-8h": WindowWrong("order"),
    "mai 22:00-21:00": WindowWrong("order"),
    "2h chiều mai đến 8h sáng": WindowWrong("order"),
    "29/11 8h đến 28/11/2026 10h": WindowWrong("order"),
    "mai 25h-26h": WindowWrong("time"),
    "mai 8h70-10h": WindowWrong("time"),
}


@pytest.mark.parametrize(("said", "meant"), READ.items())
def test_a_window_is_read(said: str, meant: str) -> None:
    assert shown(read_window(said, TUESDAY, ZONE)) == meant


@pytest.mark.parametrize(("said", "answer"), NOT_READ.items())
def test_what_is_not_a_window_is_said(said: str, answer: ReadWindow) -> None:
    assert read_window(said, TUESDAY, ZONE) == answer


# Folding loses what tells "thứ 7 tới" (the coming one) from the evening, and "Thu 2" from Thứ 2.
LOST = {"thứ 7 tới 8h-10h", "2026-11-29 08:00-11:00", "29.11.2026 8h-11h", "8h30-11h30 29-11-2026", "mốt 8h-11h"}
LOST |= {"Từ 07:30:00 ngày 11/12/2026 đến 11:00:00 ngày 11/12/2026", "23:30 31/12 - 02:00 1/1"}
LOST |= {"Thu 2-4pm", "Thu 13:00-15:00", "10:00 - 2:00 pm Sat", "29th November 2026, 8:00-11:00"}


@pytest.mark.parametrize("said", sorted(set(READ) - LOST))
def test_a_folded_text_means_the_same(said: str) -> None:
    assert shown(read_window(fold(said), TUESDAY, ZONE)) == READ[said]


@pytest.mark.parametrize("said", READ)
def test_capitals_and_blanks_make_no_difference(said: str) -> None:
    assert shown(read_window(f"  {said.upper()}  ", TUESDAY, ZONE)) == READ[said]


@pytest.mark.parametrize(
    ("now", "said", "meant"),
    [
        ("2026-12-31 23:00", "mai 8h-11h", "01/01/2027 08:00-11:00"),
        ("2026-12-31 23:00", "thứ 7 tuần này 8h-11h", "02/01/2027 08:00-11:00"),
        ("2026-12-31 23:00", "31/12 8h-11h", None),
        ("2027-02-28 10:00", "ngày 30 8h-11h", "30/03/2027 08:00-11:00"),
        ("2026-11-29 10:00", "chủ nhật tuần này 8h-11h", None),  # the week's last day
        ("2026-11-29 10:00", "chủ nhật tuần sau 8h-11h", "06/12 08:00-11:00"),
        ("2026-11-29 10:00", "thứ hai tuần sau 8h-11h", "30/11 08:00-11:00"),
        ("2026-11-30 00:30", "thứ hai 8h-11h", "30/11 08:00-11:00"),  # still Sunday in UTC and in New York
        ("2026-11-30 00:30", "hôm nay 8h-11h", "30/11 08:00-11:00"),
    ],
)
def test_days_are_local_days_of_the_moment(now: str, said: str, meant: str | None) -> None:
    read = read_window(said, datetime.fromisoformat(now).replace(tzinfo=ZONE), ZONE)
    if meant is None:
        assert read == WindowPast()
    else:
        assert shown(read) == meant


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("chủ nhật", date(2026, 11, 29)),
        ("thứ 3", date(2026, 11, 24)),
        ("29/11", date(2026, 11, 29)),
        ("ngày mai nha", date(2026, 11, 25)),
        ("CN tuần sau lúc 8h", date(2026, 12, 6)),
    ],
)
def test_a_day_is_read_alone(said: str, day: date) -> None:
    assert read_day(said, TUESDAY, ZONE) == DayRead(day)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("8h-12h", WindowUnclear("day")),
        ("tuần sau", WindowUnclear("day")),
        ("CN 28/11", WindowUnclear("day")),
        ("hôm qua", WindowPast()),
        ("31/2", WindowWrong("day")),
    ],
)
def test_what_is_not_a_day_is_said(said: str, answer: object) -> None:
    assert read_day(said, TUESDAY, ZONE) == answer


HALF_HOURS = st.integers(0, 47)


@given(st.dates(date(2026, 11, 25), date(2028, 12, 31)), HALF_HOURS, HALF_HOURS)
def test_a_window_written_in_full_is_read_as_written(day: date, start: int, end: int) -> None:
    said = f"{day:%d/%m/%Y} {start // 2:02}:{start % 2 * 30:02} - {end // 2:02}:{end % 2 * 30:02}"
    read = read_window(said, TUESDAY, ZONE)
    if start < end:
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE)
        assert read == WindowRead(midnight + start * timedelta(minutes=30), midnight + end * timedelta(minutes=30))
    elif isinstance(read, WindowRead):
        assert start >= 36
        assert read.ends_at - read.starts_at <= timedelta(hours=12)
    else:
        assert read == WindowWrong("order")


JOINING = (
    "thứ ",
    "cn",
    " tuần sau ",
    " tới ",
    " tối ",
    " toi ",
    " đến ",
    "ngày ",
    "sáng",
    " hôm sau",
    " từ ",
    " kém ",
)
PIECES = st.sampled_from(
    (*JOINING, *" -:/.,0123456789", "8h", "12h", "24h", " 7 ", "29/2", "pm", "next ", "thu", "may")
)


@given(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=60)))
def test_anything_typed_gets_an_answer_that_holds(said: str) -> None:
    read = read_window(said, TUESDAY, ZONE)
    if isinstance(read, WindowRead):
        assert TUESDAY < read.starts_at < read.ends_at
    assert isinstance(read_day(said, TUESDAY, ZONE), DayRead | WindowUnclear | WindowPast | WindowWrong)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("thứ 7 tuần sau", DayRead(date(2026, 12, 5))),
        ("24/11", DayRead(date(2026, 11, 24))),
        ("20/12", DayRead(date(2026, 12, 20))),
        ("20/1", DayRead(date(2027, 1, 20))),
        ("hôm qua", DayPast(date(2026, 11, 23))),
        ("thứ 2 tuần này", DayPast(date(2026, 11, 23))),
        ("18/11", DayPast(date(2026, 11, 18))),
        ("18/11/2026", DayPast(date(2026, 11, 18))),
        ("18/11/2027", DayRead(date(2027, 11, 18))),
        ("30/8", DayPast(date(2026, 8, 30))),
        ("ngày 18", DayRead(date(2026, 12, 18))),
        ("31/2", WindowWrong("day")),
        ("lúc nào cũng được", WindowUnclear("day")),
    ],
)
def test_a_day_that_is_looked_up_is_the_near_one_and_may_be_over(said: str, day: object) -> None:
    assert read_day_near(said, TUESDAY, ZONE) == day


@given(st.dates(date(2020, 1, 1), date(2031, 12, 31)), st.dates(date(2020, 1, 1), date(2031, 12, 31)))
def test_a_date_without_a_year_is_at_most_half_a_year_ahead_and_a_year_back(today: date, said: date) -> None:
    now = datetime(today.year, today.month, today.day, 12, tzinfo=ZONE)
    read = read_day_near(f"{said.day}/{said.month}", now, ZONE)
    assert isinstance(read, DayRead | DayPast)
    assert (read.day.month, min(read.day.day, 28)) == (said.month, min(said.day, 28))
    # 29/2 may be further than the others: it comes round every four years.
    if (said.day, said.month) != (29, 2):
        assert -timedelta(days=183) <= read.day - today <= timedelta(days=183)

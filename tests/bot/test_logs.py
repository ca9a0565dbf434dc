"""What may name a person never reaches a line of the log, and a JSON line stays JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot import logs
from handlers.links import Links
from store.db import Database
from tests.town import NOW

SECRETS = [
    "PE01000000014",
    "pe01000000014",
    "0901234567",
    "+84901234567",
    "0901 234 567",
    "0901-234-567",
    "02838123456",
    "079123456789",
    "079 123 456 789",
    "0791.2345.6789",
    "123456789",
    "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0",
    "sd_kq3vT9mWc8Zr5yXb2nLp7d",
]
SENTENCES = ["{}", "khách {} gọi", "gọi {}.", "({})", "to={},", "“{}”"]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging is the process's: hand it back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    noisy = {name: logging.getLogger(name).level for name in ("httpx", "telegram", "aiohttp.access", "asyncio")}
    configured = structlog.get_config()
    yield
    structlog.reset_defaults()
    structlog.configure(**configured)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in noisy.items():
        logging.getLogger(name).setLevel(before)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_names_a_person_is_masked_wherever_it_stands(secret: str, sentence: str) -> None:
    assert secret not in logs.masked(sentence.format(secret))


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    """Twelve digits in one piece, or, as people write them, in groups."""
    digits = draw(st.text("0123456789", min_size=12, max_size=12))
    parting = draw(st.sampled_from(["", " ", ".", "-"]))
    sizes = draw(st.sampled_from([(3, 3, 3, 3), (4, 4, 4), (6, 6), (3, 1, 2, 6)]))
    if not parting:
        return digits
    ends = [sum(sizes[: at + 1]) for at in range(len(sizes))]
    grouped = "0" + digits[1:]
    return parting.join(grouped[end - size : end] for size, end in zip(sizes, ends, strict=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    number=id_numbers(),
    before=st.sampled_from(["", "cccd ", "id=", "số:", "PE01000000014 ", "0901234567, ", "15/08/1990 "]),
    after=st.sampled_from(["", ".", ", sinh 15081990", " 15.08.1990", "|Nguyễn Thị Lan", "abc"]),
    style=st.sampled_from(["json", "console"]),
)
def test_no_line_of_the_log_holds_an_id_number(
    capsys: pytest.CaptureFixture[str], number: str, before: str, after: str, style: str
) -> None:
    logs.configure(style, "INFO")
    said = f"{before}{number}{after}"
    log = structlog.get_logger("ours")
    log.info(said, answers={"card": {"id": said}, said: 1}, waiting=[said], number=said)
    log.info("as a number", digits=int("1" + "".join(filter(str.isdigit, number))[1:]))
    logging.getLogger("theirs").warning("heard %s", said)
    try:
        raise ValueError(said)
    except ValueError:
        log.exception("failed", text=said.encode())
    lines = capsys.readouterr().err
    assert lines.count("failed") >= 1
    for written in (number, "".join(filter(str.isdigit, number))):
        assert written not in lines


def test_a_token_within_an_address_is_masked() -> None:
    token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"  # noqa: S105
    assert token not in logs.masked(f"POST https://api.telegram.org/bot{token}/sendMessage")


def test_a_link_to_somebodys_data_is_masked() -> None:
    token = Links("https://dien.example.vn", "only for tests").my_data(17, NOW).rpartition("/")[2]
    assert token.removesuffix(".json") not in logs.masked(f"GET /my-data/{token} 200")


def test_a_row_that_the_database_refused_is_not_told() -> None:
    row = "(1, Nguyễn Thị Hoa,\n12 hẻm (sau))"
    refused = f"null value in column\nDETAIL:  Failing row contains {row}.\n[SQL: INSERT]"
    masked = logs.masked(refused)
    assert "Hoa" not in masked
    assert "sau" not in masked
    assert "[SQL: INSERT]" in masked


async def test_a_statement_that_fails_tells_none_of_its_values(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with pytest.raises(DBAPIError) as failed:
        async with database.unit() as unit:
            await unit.session.execute(
                text("SELECT * FROM nowhere WHERE name = :name"), {"name": "Nguyễn Thị Hoa"}
            )
    await database.close()
    assert "Hoa" not in str(failed.value)


@pytest.mark.parametrize(
    "harmless", ["SC-2026-000123", "2026-11-23T07:05:00.123456Z", "port 8080", "127.0.0.1", "1.123456789", "26743"]
)
def test_what_names_nobody_stays_readable(harmless: str) -> None:
    assert logs.masked(harmless) == harmless


@pytest.mark.parametrize("style", ["json", "console"])
def test_neither_our_lines_nor_a_librarys_tell_who_it_was(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(style, "INFO")
    chat, code, phone = 123456789, "PE01000000014", "0901234567"
    structlog.get_logger("ours").info("told", chat=chat, places=[{"code": code}], error=ValueError(phone))
    try:
        raise LookupError(f"nobody at {code}")
    except LookupError:
        structlog.get_logger("ours").exception("failed")
        logging.getLogger("theirs").exception("failed for %s", phone)
    lines = capsys.readouterr().err
    assert lines.count("failed") >= 2
    for secret in (str(chat), code, phone):
        assert secret not in lines


def test_each_json_line_is_json_with_its_numbers_as_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "INFO")
    structlog.get_logger("ours").info('a "quoted"\nword', count=3, ms=1.5, ok=True, none=None, chat=123456789)
    logging.getLogger("theirs").warning("đèn %s", "sáng")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["count"], ours["ms"], ours["ok"], ours["none"]) == (3, 1.5, True, None)
    assert ours["event"] == 'a "quoted"\nword'
    assert theirs["event"] == "đèn sáng"
    assert theirs["logger"] == "theirs"

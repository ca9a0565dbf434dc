"""Logging: structlog for people or as JSON; customer codes, phones, ID numbers and tokens never reach a line."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from handlers.rules.masking import hidden

# Customer codes keep their unit, phones their last three digits, ID numbers and tokens nothing.
_TOKENS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Not \b: in an address a bot's token stands right behind the word "bot".
    (re.compile(r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}"), "<token>"),
    (re.compile(r"(?<=/calendar/)[A-Za-z0-9_.-]{20,}"), "<token>"),
    (re.compile(r"(?<=/my-data/)[A-Za-z0-9_.-]{20,}"), "<token>"),
    (re.compile(r"\bsd_[A-Za-z0-9_-]{16,}"), "<token>"),
)
# What PostgreSQL tells of the row that it refused, whatever stands in it.
_ROW = re.compile(r"(DETAIL:\s+[^\n(]*\().*?(?=\n\[SQL|\n\n|\Z)", re.DOTALL)
_PEOPLE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(P[A-Za-z]\d{2})[0-9A-Za-z]{6}(\d{3})\b", re.IGNORECASE), r"\1******\2"),
    (re.compile(r"(?<![\w.])(?:\+?84|0)(?:[\s.-]?\d){6,8}[\s.-]?(\d{3})(?!\w|\.\d)"), r"0******\1"),
    # An old ID number, or somebody's number at a platform.
    (re.compile(r"(?<![\w.-])\d{9}(?![\w-]|\.\d)"), "<id number>"),
)
# Fields that are ours and hold what no mask may mangle; the last two are structlog's own.
_OURS = frozenset({"level", "timestamp", "logger", "_record", "_from_structlog"})


def masked(text: str) -> str:
    """The text without what could name a person."""
    for pattern, shown in _TOKENS:
        text = pattern.sub(shown, text)
    text = _ROW.sub(r"\1<row>)", text)
    text = hidden(text, lambda digits: "<id number>")
    for pattern, shown in _PEOPLE:
        text = pattern.sub(shown, text)
    return text


def _mask(value: Any) -> Any:
    match value:
        case str():
            return masked(value)
        case dict():
            return {_mask(key): _mask(one) for key, one in value.items()}
        case list() | tuple():
            return [_mask(one) for one in value]
        case None | bool() | float():
            return value
    # A chat's number is a person's too, and an exception's words may hold anything.
    shown = str(value)
    hidden = masked(shown)
    return value if hidden == shown and isinstance(value, int) else hidden


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: mask every value of a line."""
    return {key: value if key in _OURS else _mask(value) for key, value in event.items()}


def configure(style: str, level: str) -> None:
    """Send everything, our lines and libraries', through one formatter to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_event,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # Their lines at INFO carry the bot's token in an address, or one line for each tick.
    for noisy in ("httpx", "telegram", "apscheduler", "aiohttp.access", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

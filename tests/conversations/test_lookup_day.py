"""The day in a question about outages is taken from its words; a house number is no day."""

import pytest

from conversations.lookup import WhichTime, prefill
from conversations.model import Event, Look, Press, Text
from conversations.understand import understand


def said(text: str) -> tuple[str, ...] | str | None:
    """The words of the day that a question tells, the period that it names, or nothing."""
    known: Event | object = prefill(understand(text)).get("when")
    if isinstance(known, Press):
        return known.value
    if known is None:
        return None
    assert isinstance(known, Text)
    look = WhichTime().read(known)
    assert isinstance(look, Look)
    assert look.query.said[-1] == text  # type: ignore[attr-defined]
    return tuple(look.query.said[:-1])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("thứ 7 tuần sau có cúp điện không ở Bến Thành", ("thứ 7 tuần sau",)),
        ("thứ 7 tuần sau nữa có cúp điện không", ("thứ 7 tuần sau nữa",)),
        ("is there an outage next saturday in Ben Thanh", ("next saturday",)),
        ("20/12 có cúp điện không", ("20/12",)),
        ("is there an outage on 24/11 in Ben Thanh", ("on 24/11",)),
        ("outage schedule on Dec 20", ("dec 20",)),
        ("mốt có cúp điện không phường Bến Thành", ("ngày mốt",)),
        ("hôm qua có cúp điện không", ("hom qua",)),
        ("mai có cúp điện không", ("mai",)),
        ("8h tối mai có cúp điện không", ("8h tối mai", "mai")),
        ("8h tối nay có cúp điện không", "today"),
        ("tuần này có cúp điện không", "week"),
        ("lịch cúp điện 12/3 Lê Lợi", None),
        ("một căn nhà có cúp điện không", None),
        ("8h có cúp điện không", None),
        ("lịch cúp điện", None),
    ],
)
def test_a_question_tells_its_day(text: str, day: tuple[str, ...] | str | None) -> None:
    assert said(text) == day

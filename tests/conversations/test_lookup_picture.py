"""When an answer about a week brings its picture, and what the picture is of."""

from __future__ import annotations

from typing import Any

from conversations.lookup import FLOW, WEEK, OutageSeen, OutagesFound
from conversations.model import Flow, Moment, Picture, Span, Words

AS_OF = Moment("2026-11-23T07:05:00+00:00")
DAYS = tuple(f"2026-11-{day}" for day in range(23, 30))
MINE: Any = {"where": {"target": "mine", "name": {"say": "place.mine"}}}
WARD: Any = {"where": {"target": "w:26743", "name": {"say": "place.ward", "values": {"name": "Phường Bến Thành"}}}}


def outage(*places: str, incident: bool = False, end: str | None = "2026-11-24T09:30:00+00:00") -> OutageSeen:
    area = (Words("area.whole", {"ward": "Phường Bến Thành"}),)
    return OutageSeen(incident, area, None, Span("2026-11-24T01:00:00+00:00", end), places)


def found(*outages: OutageSeen, places: tuple[str, ...] = (), week: bool = True) -> OutagesFound:
    return OutagesFound(outages, AS_OF, days=DAYS if week else (), places=places)


def picture(flow: Flow, answers: dict[str, Any], facts: OutagesFound) -> Any:
    """The data of the reply's picture, None without one."""
    given = flow.finish(answers, facts).reply.picture
    assert given is None or (isinstance(given, Picture) and given.kind == "week")
    return given and given.data


def test_one_place_is_one_row_under_its_name() -> None:
    data = picture(WEEK, WARD, found(outage()))
    assert (data["days"], data["now"]) == (list(DAYS), AS_OF.at)
    [row] = data["rows"]
    assert row["label"] == WARD["where"]["name"]
    assert row["bars"] == [
        {
            "start": "2026-11-24T01:00:00+00:00",
            "end": "2026-11-24T09:30:00+00:00",
            "kind": "planned",
            "state": "on",
        }
    ]


def test_each_place_of_ones_own_has_a_row_even_without_an_outage() -> None:
    facts = found(
        outage("Nhà", "Quán"), outage("Quán", incident=True, end=None), places=("Nhà", "Quán", "Công ty")
    )
    rows = picture(WEEK, MINE, facts)["rows"]
    assert [(row["label"], len(row["bars"])) for row in rows] == [("Nhà", 1), ("Quán", 2), ("Công ty", 0)]
    assert (rows[1]["bars"][1]["kind"], rows[1]["bars"][1]["end"]) == ("incident", None)


def test_an_empty_week_is_shown_of_ones_own_places_only() -> None:
    assert picture(WEEK, MINE, found(places=("Nhà",)))["rows"] == [{"label": "Nhà", "bars": []}]
    assert picture(WEEK, WARD, found()) is None


def test_the_look_up_for_a_week_brings_it_too_and_a_shorter_one_does_not() -> None:
    assert picture(FLOW, {**WARD, "when": "week"}, found(outage())) is not None
    assert picture(FLOW, {**WARD, "when": "today"}, found(outage(), week=False)) is None


def test_who_follows_no_place_gets_no_picture() -> None:
    assert WEEK.finish(MINE, OutagesFound((), AS_OF, no_places=True)).reply.picture is None

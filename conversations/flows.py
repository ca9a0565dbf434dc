"""The conversations of the service, in the order of the menu."""

from conversations import calendar, danger, follow, lookup, my_places, notices, report, unclear
from conversations.engine import Flows

FLOWS = Flows(
    (
        report.FLOW,
        lookup.FLOW,
        follow.FLOW,
        my_places.FLOW,
        notices.FLOW,
        calendar.FLOW,
        calendar.CHANGE,
        lookup.WEEK,
        report.APART,
        report.STILL_DARK,
        report.POWER_BACK,
        danger.PLACE,
    ),
    fallback=unclear.FLOW,
    danger=danger.FLOW,
)

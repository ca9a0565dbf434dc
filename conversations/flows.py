"""The conversations of the service, in the order of the menu."""

from conversations import (
    calendar,
    danger,
    follow,
    lookup,
    my_places,
    notices,
    power_back,
    proposals,
    report,
    requests,
    reschedule,
    unclear,
)
from conversations.engine import Flows

FLOWS = Flows(
    (
        report.FLOW,
        lookup.FLOW,
        follow.FLOW,
        my_places.FLOW,
        requests.REQUEST,
        notices.FLOW,
        calendar.FLOW,
        calendar.CHANGE,
        lookup.WEEK,
        report.APART,
        report.STILL_DARK,
        power_back.FLOW,
        danger.PLACE,
        reschedule.FLOW,
        proposals.AGREE,
        proposals.DISAGREE,
        proposals.WITHDRAW,
        *requests.SERVICES,
    ),
    fallback=unclear.FLOW,
    danger=danger.FLOW,
)

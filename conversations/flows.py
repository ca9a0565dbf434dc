"""The conversations of the service, in the order of the menu."""

from conversations import (
    calendar,
    danger,
    follow,
    lookup,
    my_places,
    my_requests,
    notices,
    power_back,
    proposals,
    report,
    request_deeds,
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
        my_requests.FLOW,
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
        request_deeds.ADD_PAPER,
        request_deeds.ADD_FILE,
        request_deeds.ADD_MORE,
        request_deeds.ASK,
        request_deeds.CANCEL,
        request_deeds.REOPEN,
    ),
    fallback=unclear.FLOW,
    danger=danger.FLOW,
)

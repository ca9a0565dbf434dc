"""The conversations of the service, in the order of the menu."""

from conversations import (
    calendar,
    danger,
    follow,
    knowledge,
    lookup,
    my_places,
    notices,
    power_back,
    proposals,
    report,
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
        notices.FLOW,
        calendar.FLOW,
        calendar.CHANGE,
        lookup.WEEK,
        report.APART,
        report.STILL_DARK,
        power_back.FLOW,
        danger.PLACE,
        reschedule.FLOW,
        knowledge.FLOW,
        knowledge.ARTICLE,
        knowledge.HELPED,
        proposals.AGREE,
        proposals.DISAGREE,
        proposals.WITHDRAW,
    ),
    fallback=unclear.FLOW,
    danger=danger.FLOW,
    known=knowledge.KNOWN,
)

"""The table of queries: where each fact that a conversation needs is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from conversations.billing import BillOf, CompareBills, EstimateAppliances, RoomOf, TariffOf
from conversations.calendar import MyCalendar
from conversations.danger import UrgentNumber
from conversations.days import ReadDay, WhatDay
from conversations.handover import Desk
from conversations.knowledge import FindArticles, ReadArticle
from conversations.lookup import LookUp, ReadTime
from conversations.model import Found, Query
from conversations.my_requests import MyRequest, MyRequests
from conversations.notices import MyNotices
from conversations.numbers import NewNumber
from conversations.places import FindPlace, FindPlaceByPhone, FindPlaceNear, MyPlaces
from conversations.planned_windows import MyPlannedOutages
from conversations.power import MyReports, PowerAt, Restored
from conversations.privacy import MyData
from conversations.proposals import MyProposal
from conversations.reschedule import PrepareProposal
from conversations.service_words import Recall
from conversations.survey import SurveyOf
from conversations.windows import ReadWindow
from handlers import (
    calendar,
    consents,
    consultation,
    days,
    handovers,
    knowledge,
    my_requests,
    numbering,
    outage_lookup,
    place_lookup,
    power,
    preferences,
    privacy,
    proposal_lookup,
    surveys,
)
from handlers.talking import Talking
from store.contacts import Contact
from store.db import Unit

Look = Callable[[Unit, Contact, Any, datetime, Talking], Awaitable[Found]]

LOOKUPS: dict[type[Query], Look] = {
    FindPlace: place_lookup.find,
    FindPlaceByPhone: place_lookup.by_phone,
    FindPlaceNear: place_lookup.near,
    MyPlaces: place_lookup.mine,
    MyNotices: preferences.mine,
    MyCalendar: calendar.mine,
    LookUp: outage_lookup.look_up,
    ReadTime: outage_lookup.read_time,
    FindArticles: knowledge.find,
    ReadArticle: knowledge.read,
    NewNumber: numbering.find,
    PowerAt: power.at_place,
    Restored: power.over_for_others,
    MyReports: power.reported,
    UrgentNumber: power.urgent,
    MyPlannedOutages: proposal_lookup.planned,
    ReadWindow: proposal_lookup.read,
    PrepareProposal: proposal_lookup.prepare,
    MyProposal: proposal_lookup.mine,
    Desk: handovers.desk,
    SurveyOf: surveys.find,
    MyData: privacy.find,
    WhatDay: days.today,
    ReadDay: days.read,
    Recall: consents.recall,
    MyRequests: my_requests.mine,
    MyRequest: my_requests.one,
    TariffOf: consultation.find,
    BillOf: consultation.find,
    CompareBills: consultation.find,
    RoomOf: consultation.find,
    EstimateAppliances: consultation.find,
}


async def answer(unit: Unit, contact: Contact, query: Query, now: datetime, talking: Talking) -> Found:
    """Find what a conversation asks for, within the unit of the event."""
    return await LOOKUPS[type(query)](unit, contact, query, now, talking)

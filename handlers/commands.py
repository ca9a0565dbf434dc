"""The table of commands: what each wish of a conversation does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from conversations.calendar import ReplaceCalendarLink
from conversations.danger import TellUrgent
from conversations.follow import Follow
from conversations.handover import AskForPerson, LeaveQuestion, LeaveQueue
from conversations.knowledge import CountVote, KeepQuestion
from conversations.model import Command, SetLanguage
from conversations.my_places import PausePlace, RemovePlace, RenamePlace, ResumePlace
from conversations.notices import SetQuietHours, SetReminders
from conversations.power import HearOf, PowerIsBack
from conversations.privacy import DeleteMyData, KeepMyData, KeepWish, WithdrawConsent
from conversations.proposals import AgreeToWindow, DisagreeWithWindow, WithdrawProposal
from conversations.report import OpenReport
from conversations.request_deeds import AddPaper, AskAboutRequest, CancelRequest, ReopenRequest
from conversations.reschedule import Propose
from conversations.service_words import GiveConsent, OpenRequest
from conversations.survey import RecordSurvey
from handlers import (
    calendar,
    consents,
    handovers,
    knowledge,
    my_requests,
    preferences,
    privacy,
    proposals,
    reports,
    subscriptions,
    surveys,
)
from handlers.talking import Talking
from store.contacts import Contact
from store.db import Unit

Do = Callable[[Unit, Contact, Any, datetime, Talking], Awaitable[None]]

COMMANDS: dict[type[Command], Do] = {
    Follow: subscriptions.follow,
    RenamePlace: subscriptions.rename,
    RemovePlace: subscriptions.remove,
    PausePlace: subscriptions.pause,
    ResumePlace: subscriptions.resume,
    SetLanguage: subscriptions.set_language,
    SetReminders: preferences.set_reminders,
    SetQuietHours: preferences.set_quiet_hours,
    ReplaceCalendarLink: calendar.replace_link,
    OpenReport: reports.open_report,
    HearOf: reports.hear_of,
    PowerIsBack: reports.power_is_back,
    TellUrgent: reports.tell_urgent,
    KeepQuestion: knowledge.keep_question,
    CountVote: knowledge.count_vote,
    Propose: proposals.propose,
    WithdrawProposal: proposals.withdraw,
    AgreeToWindow: proposals.agree,
    DisagreeWithWindow: proposals.disagree,
    AskForPerson: handovers.ask,
    LeaveQueue: handovers.leave,
    LeaveQuestion: handovers.leave_question,
    RecordSurvey: surveys.record,
    KeepWish: privacy.keep_wish,
    WithdrawConsent: privacy.withdraw,
    DeleteMyData: privacy.delete,
    KeepMyData: privacy.keep_data,
    GiveConsent: consents.give_consent,
    OpenRequest: my_requests.open_request,
    AddPaper: my_requests.add_paper,
    AskAboutRequest: my_requests.ask,
    CancelRequest: my_requests.cancel,
    ReopenRequest: my_requests.reopen,
}


async def carry_out(unit: Unit, contact: Contact, command: Command, now: datetime, talking: Talking) -> None:
    """Do what a conversation wishes, within the unit of the event."""
    await COMMANDS[type(command)](unit, contact, command, now, talking)

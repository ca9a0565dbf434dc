"""However a conversation goes, it never breaks, is never silent, and keeps exactly what was answered."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from conversations import engine
from conversations.billing import BillOf, CompareBills, EstimateAppliances, RoomOf, TariffOf
from conversations.calendar import CalendarFound, MyCalendar
from conversations.danger import UrgentFound, UrgentNumber
from conversations.days import DayKnown, DayNotRead, ReadDay, WhatDay
from conversations.flows import FLOWS
from conversations.handover import Desk, DeskFound
from conversations.knowledge import ArticleFound, ArticlesFound, ArticleTitle, FindArticles, ReadArticle
from conversations.lookup import LookUp, OutageSeen, OutagesFound, ReadTime, TimePast, TimeRead
from conversations.model import (
    LANGUAGES,
    Command,
    Event,
    Found,
    Language,
    Moment,
    Opened,
    Other,
    Photo,
    Picture,
    Place,
    Press,
    Query,
    SharedContact,
    Span,
    State,
    Text,
    Turn,
    Words,
)
from conversations.my_requests import MyRequest, MyRequests, MyRequestsFound, RequestSeen
from conversations.notices import MyNotices, NoticesFound
from conversations.numbers import NewNumber, NumberFound
from conversations.places import (
    FindPlace,
    FindPlaceByPhone,
    FindPlaceNear,
    FollowedPlace,
    MyPlaces,
    MyPlacesFound,
    PlaceSeen,
    PlacesFound,
)
from conversations.planned_windows import MyPlannedOutages, PlannedFound
from conversations.power import Known, MyReports, MyReportsFound, PowerAt, PowerFound, Restored, RestoredFound
from conversations.privacy import DataFound, MyData
from conversations.proposals import MyProposal, ProposalSeen
from conversations.service_words import Recall, Recalled
from conversations.survey import SurveyFound, SurveyOf
from conversations.wire import reply_from_json, reply_to_json, state_from_json, state_to_json
from handlers import consultation
from handlers.talking import talking

WARD = PlaceSeen("w:26743", Words("place.ward", {"name": "Phường Bến Thành"}))
METER = PlaceSeen(
    "c:PE01000000014", Words("place.customer", {"code": "PE01000000014", "ward": "Phường Bến Thành"})
)
NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
AS_OF = Moment("2026-11-20T07:05:00+00:00")
REQUEST = RequestSeen(
    code="HS-000001-K",
    service="home_connection",
    state="papers_missing",
    missing=("id_card",),
    papers=("id_card", "place_right"),
    may=frozenset({"add_paper", "ask", "cancel"}),
    picture=Picture("progress", None),
)
DONE = replace(REQUEST, code="HS-000002-F", state="done", missing=(), may=frozenset({"ask", "reopen"}))
OUTAGE = OutageSeen(
    True, (Words("area.whole", {"ward": "Phường Bến Thành"}),), None, Span(AS_OF.at, None), ("Nhà",)
)
SAID = (
    "theo dõi", "tra cứu", "nơi của tôi", "phường Bến Thành", "PE01000000014", "hủy", "quay lại", "menu", "giúp",
    "english", "tiếng việt", "nhân viên", "mất điện rồi", "giá điện", "điện", "dây điện đứt", "tiếp tục", "Nhà",
    "hồ sơ của tôi", "HS-000001-K", "hs 1 2 3",
    "tính tiền điện", "sao tiền điện cao vậy", "250 số", "500 nghìn", "giá điện nhà trọ",
    "2 máy lạnh", "300 100 50",
    "👍", "", "{n} <b>", "1", "2", "9", "hôm nay", "xin chào", "a" * 3000,
    "👍", "", "đóng tiền điện ở đâu", "tiền điện", "Chưa",
    "{n} <b>", "1", "2", "9", "hôm nay", "xin chào", "a" * 3000,
)  # fmt: skip
SENT: tuple[Event, ...] = (
    Photo("x", kind="image", file="f1"),
    Other("sticker"), Other("voice"), Photo("x"), Place(10.7, 106.7), SharedContact("0590007919", True),
    SharedContact("0590007919", False), Opened(), Opened("follow-w-26743"), Opened("no-such"),
)  # fmt: skip
STRANGE = (
    "", "99:place:x", "go:still_dark:1", "go:still_dark:9", "go:power_back:1", "go:power_back:BD-000001-E",
    "go:power_back:x", "go:danger_place", "1:no_step:x",
    "go:requests:HS-000001-K", "go:add_paper:HS-000001-K", "go:ask_request:HS-000001-K", "go:add_more",
    "go:reopen_request:HS-000001-K", "go:cancel_request:HS-000002-F", "go:requests:HS-000009-Z",
    "go:bill_steps:home:k250h2", "go:bill_months:home:m1", "go:bill_shared:x", "go:bill:business",
    "go:bill:nobody",
    "go:appliances:large", "go:appliances", "go:money", "go:tariff:hours", "go:rented_room:no",
    "go:bill_high:home:k0",
    "go:bill_steps:prepaid:k1", "go:bill_steps:production.low:n1o2p3",
    "go:article:pay-where", "go:article:gone", "go:helped:yes.x", "go:knowledge", "about:payment",
    "go:nothing", "lang:xx", "!go_on", "!drop", "about:tariff", "mine",
)  # fmt: skip


def found(query: Query) -> Found:
    """What a small world knows: one ward, one meter, one outage, one place followed."""
    match query:
        case FindPlace(text):
            sure = "Bến" in text or "PE0" in text or text in (WARD.target, METER.target)
            return PlacesFound((METER if "PE0" in text else WARD, METER), sure, text, "name")
        case MyPlaces():
            return MyPlacesFound((FollowedPlace(1, WARD.target, "Nhà", WARD.name, False, None),))
        case Desk():
            return DeskFound(False, AS_OF.at, 2, 5, waiting=False, talking=False, answer_by=AS_OF.at)
        case MyNotices():
            return NoticesFound(True, False, (22, 6))
        case MyCalendar():
            return CalendarFound("https://example.vn/calendar/x.ics", empty=False)
        case LookUp(_, period):
            day = AS_OF if period.startswith("2026") else None
            return OutagesFound((OUTAGE,) if period == "week" else (), AS_OF, day=day)
        case ReadTime(said):
            return TimePast(AS_OF) if "hôm qua" in said else TimeRead("2026-11-21")
        case PowerAt({"target": target} as place):
            return PowerFound(place, (Known(1, OUTAGE),) if target == METER.target else (), (), AS_OF)
        case Restored(asked):
            return RestoredFound(asked, 1, "SC-261120-1", (METER,)) if asked == "1" else RestoredFound(asked)
        case MyReports():
            return MyReportsFound((("Nhà", "BD-000001-E"),))
        case FindArticles(question):
            alike = (ArticleTitle("pay-where", "Đóng tiền điện ở đâu"), ArticleTitle("gone", "Mục đã bỏ"))
            return ArticlesFound(
                question, "pay-where" if "ở đâu" in question else None, alike if "tiền" in question else ()
            )
        case ReadArticle("pay-where"):
            return ArticleFound("pay-where", "Đóng tiền", "Qua **ngân hàng**.\n\nHay ví.", "x", AS_OF, AS_OF, True)
        case ReadArticle(name):
            return ArticleFound(name)
        case NewNumber():
            return NumberFound("BD-000001-E")
        case MyRequests():
            return MyRequestsFound((REQUEST, DONE))
        case MyRequest(asked):
            near = (REQUEST.code,) if asked.startswith("HS") else ()
            meant = (one for one in (REQUEST, DONE) if one.code == asked.replace(" ", "-"))
            return next(meant, RequestSeen(near=near))
        case UrgentNumber(fresh):
            return UrgentFound("BD-000002-Y", not fresh, False)
        case MyPlannedOutages(asked):
            return PlannedFound((), asked, "nothing")
        case MyProposal():
            return ProposalSeen()
        case Recall():
            return Recalled()
        case WhatDay(said):
            return DayKnown("2026-11-20", said)
        case ReadDay():
            return DayNotRead("none")
        case SurveyOf(code):
            return SurveyFound(code)
        case MyData():
            purposes = ("requests",)
            return DataFound(1, 2, 3, 1, 0, True, purposes, "", "RD-000001-A", AS_OF.at, AS_OF.at, deleting=False)
        case FindPlaceByPhone() | FindPlaceNear():
            return PlacesFound((WARD, METER), False, "", "position")
        case BillOf() | CompareBills() | RoomOf() | TariffOf() | EstimateAppliances():
            return consultation.found(query, NOON, talking())
    raise AssertionError(f"nothing is known of {query}")


def speak(words: Words, language: Language) -> str:
    return talking().speaker.plain(words, language)


def take(state: State, event: Event, away: bool = False) -> Turn:
    """One turn in the small world."""
    talk = engine.advance(FLOWS, state, event, speak, away)
    try:
        query = next(talk)
        while True:
            query = talk.send(found(query))
    except StopIteration as over:
        turn: Turn = over.value
        return turn


class Conversation(RuleBasedStateMachine):
    """Somebody types, presses, sends and stays away at random."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = take(State(), Opened())
        self.old: list[str] = ["!menu"]

    def go(self, event: Event, away: bool = False) -> None:
        self.old += [button.value for button in self.turn.reply.buttons]
        self.turn = take(self.turn.state, event, away)

    @rule(text=st.sampled_from(SAID), away=st.booleans())
    def says(self, text: str, away: bool) -> None:
        self.go(Text(text), away)

    @rule(text=st.text(max_size=30))
    def says_anything(self, text: str) -> None:
        self.go(Text(text))

    @rule(event=st.sampled_from(SENT), away=st.booleans())
    def sends(self, event: Event, away: bool) -> None:
        self.go(event, away)

    @rule(value=st.sampled_from(STRANGE))
    def forges(self, value: str) -> None:
        self.go(Press(value))

    @precondition(lambda self: self.turn.reply.buttons)
    @rule(data=st.data())
    def answers(self, data: st.DataObject) -> None:
        """A valid choice; typing its number is the same as pressing it, unless the question wants a number."""
        at = data.draw(st.integers(0, len(self.turn.reply.buttons) - 1))
        pressed = take(self.turn.state, Press(self.turn.reply.buttons[at].value))
        if self.counts():
            self.go(Press(self.turn.reply.buttons[at].value))
        else:
            self.go(Text(str(at + 1)))
        assert self.turn == pressed

    def counts(self) -> bool:
        """Whether a number is the answer to the question under way."""
        frame = self.turn.state.frames[-1] if self.turn.state.frames else None
        step = frame and FLOWS.by_name[frame.flow].step(frame.step or "")
        return bool(step and getattr(step.field, "digits", False))

    @precondition(lambda self: self.counts())
    @rule(number=st.integers(0, 10**6))
    def counts_out(self, number: int) -> None:
        """A number is taken as itself and never as that of a button: Cancel and Back are not far."""
        frames = self.turn.state.frames
        self.go(Text(str(number)))
        assert self.turn.commands == ()
        assert "cancel.done" not in [words.key for words in self.turn.reply.words]
        assert len(self.turn.state.frames) >= len(frames) - 1

    @precondition(lambda self: self.turn.state.frames)
    @rule()
    def cancels(self) -> None:
        """At once, or, for a form that took some effort, when it is said a second time."""
        before = self.turn.state.frames
        self.go(Text("hủy"))
        if FLOWS.keeps(before[-1]) and len(self.turn.state.frames) == len(before):
            self.go(Text("hủy"))
        assert self.turn.state.frames == before[:-1] or len(self.turn.state.frames) < len(before)

    @rule(data=st.data())
    def presses_an_old_button(self, data: st.DataObject) -> None:
        """A button of a form that is gone changes no answer."""
        value = data.draw(st.sampled_from(self.old))
        frames = self.turn.state.frames
        gone = value.partition(":")[0].isdecimal() and int(value.partition(":")[0]) not in {f.run for f in frames}
        self.go(Press(value))
        if gone:
            assert [f.answers for f in self.turn.state.frames] == [f.answers for f in frames]

    @invariant()
    def is_never_silent_in_any_language(self) -> None:
        for language in LANGUAGES:
            assert any(talking().speaker.rich(words, language).strip() for words in self.turn.reply.words)
            for button in self.turn.reply.buttons:
                assert speak(button.words, language)

    @invariant()
    def survives_json(self) -> None:
        plain = orjson.loads(orjson.dumps(state_to_json(self.turn.state)))
        assert state_from_json(plain) == self.turn.state
        assert reply_from_json(orjson.loads(orjson.dumps(reply_to_json(self.turn.reply)))) == self.turn.reply

    @invariant()
    def keeps_exactly_the_answers_of_the_trail(self) -> None:
        for frame in self.turn.state.frames:
            assert tuple(frame.answers) == frame.trail
            assert frame.step not in frame.answers
        # Forms that keep their answers are never ended for want of room.
        assert len([frame for frame in self.turn.state.frames if not FLOWS.keeps(frame)]) <= engine.DEEPEST


Conversation.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestConversation = Conversation.TestCase


def test_every_flow_can_be_finished_by_valid_answers() -> None:
    """The ways below reach every finish, so the machine above can, too."""
    ways = {
        "Follow": ("theo dõi", "phường Bến Thành", "Nhà"),
        "RenamePlace": ("nơi của tôi", "1", "Đổi tên", "Xưởng"),
        "PausePlace": ("nơi của tôi", "1", "Tạm dừng nhận tin", "1 tuần"),
        "RemovePlace": ("nơi của tôi", "1", "Bỏ theo dõi", "Bỏ theo dõi"),
        "lookup.found": ("tra cứu", "PE01000000014", "7 ngày tới"),
        "lookup.none": ("tra cứu", "PE01000000014", "hôm nay"),
        "unclear.place": ("Bến Thành",),
        "OpenReport": ("mất điện", "chỉ nhà em", "chưa xem", "Vừa xong"),
        "HearOf": ("MD PE01000000014",),
        "TellUrgent": ("dây điện đứt", "ngã tư Lê Lợi"),
        "PowerIsBack": ("có điện rồi",),
        "requests.seen": ("HS-000001-K",),
        "AskAboutRequest": ("HS-000001-K", "Hỏi về hồ sơ", "bao giờ xong?"),
        "CancelRequest": ("HS-000001-K", "Hủy hồ sơ", "Không cần nữa", "Hủy hồ sơ này"),
        "ReopenRequest": ("HS-000002-F", "Chưa hài lòng, mở lại", "làm chưa xong"),
        "knowledge.title": ("đóng tiền điện ở đâu",),
        "knowledge.not_known": ("trả tiền điện bằng vàng được không", "Không có mục nào đúng"),
        "KeepQuestion": ("trả tiền điện bằng vàng được không", "Không có mục nào đúng"),
        "CountVote": ("đóng tiền điện ở đâu", "Chưa"),
    }
    for end, said in ways.items():
        state, done = State(), list[Command]()
        for text in said:
            turn = take(state, Text(text))
            state, done = turn.state, [*done, *turn.commands]
        assert end in {*(type(one).__name__ for one in done), *(words.key for words in turn.reply.words)}
        assert not state.frames

"""The flow by which a business asks for another window, answer by answer."""

from collections.abc import Callable, Generator

from conversations import engine
from conversations.flows import FLOWS
from conversations.model import Event, Found, Language, Moment, Press, Query, Span, State, Text, Turn, Words
from conversations.places import MyPlaces
from conversations.planned_windows import MyPlannedOutages, PlannedFound, PlannedOutage
from conversations.reschedule import PrepareProposal, ProposalImpossible, ProposalReady, Propose
from conversations.windows import ReadWindow, WindowFound, WindowNotFound
from conversations.wire import state_from_json, state_to_json

OLD, OTHER = Span("2026-12-22T01:00:00+00:00", "2026-12-22T05:00:00+00:00"), Span("a", "b")
SUNDAY = Span("2026-12-27T01:00:00+00:00", "2026-12-27T05:00:00+00:00")
MONDAY = Span("2026-12-28T01:00:00+00:00", "2026-12-28T05:00:00+00:00")
KNOWN = {"sunday 8-12": SUNDAY, "monday 8-12": MONDAY}
ONE = PlannedOutage(7, "KH-7", "PE05000000028", "Xưởng", ((1, OLD),))
TWO = PlannedOutage(8, "KH-8", "PE05000000028", "Kho", ((1, OLD), (3, OTHER)))


def speak(words: Words, language: Language) -> str:
    return words.key


class Talk:
    """A conversation whose questions are answered from memory; every turn goes through the wire."""

    def __init__(self, *planned: PlannedOutage, ready: Found | None = None) -> None:
        self.planned = planned
        self.ready = ready or ProposalReady("DG-1", Moment("2026-11-27T00:00:00+00:00"), "")
        self.state = State()
        self.asked: list[Query] = []

    def hear(self, event: Event) -> Turn:
        talk: Generator[Query, Found, Turn] = engine.advance(FLOWS, self.state, event, speak)
        try:
            query = next(talk)
            while True:
                self.asked.append(query)
                query = talk.send(self.found(query))
        except StopIteration as over:
            turn: Turn = over.value
        self.state = state_from_json(state_to_json(turn.state))
        return turn

    def press(self, label: str) -> Turn:
        """Press the newest button of that key, or with that value behind it."""
        value = next(v for v, key in self.state.offered if key == label or v.endswith(f":{label}"))
        return self.hear(Press(value))

    def found(self, query: Query) -> Found:
        match query:
            case MyPlannedOutages(asked):
                return PlannedFound(self.planned, asked, "" if self.planned else "household")
            case ReadWindow(text, earlier):
                return self.window(text, earlier)
            case PrepareProposal():
                return self.ready
        assert isinstance(query, MyPlaces)
        raise AssertionError("no place is asked for")

    @staticmethod
    def window(text: str, earlier: str) -> Found:
        if "/" in text:
            start, _, end = text.partition("/")
            return WindowFound(Span(start, end))
        said = f"{earlier} {text}".strip()
        if said in KNOWN:
            return WindowFound(KNOWN[said])
        return WindowNotFound(Words("window.missing.time"), heard=said)


def keys(turn: Turn) -> list[str]:
    return [words.key for words in turn.reply.words]


def reviewed(*planned: PlannedOutage) -> Talk:
    """A talk that has come to the review: two windows and a reason."""
    talk = Talk(*planned)
    talk.hear(Press(f"go:reschedule:{planned[-1].id}"))
    if len(planned[-1].windows) > 1:
        talk.press("3")
    for words in ("sunday 8-12", "monday 8-12"):
        talk.hear(Text(words))
    talk.press("window.enough")
    assert keys(talk.press("reschedule.reason.delivery")) == ["reschedule.review"]
    return talk


def sent(talk: Talk) -> Propose:
    (command,) = talk.press("reschedule.send").commands
    assert isinstance(command, Propose)
    return command


def test_the_only_plan_and_its_only_window_need_not_be_chosen() -> None:
    assert keys(Talk(ONE).hear(Press("go:reschedule"))) == ["reschedule.window_first"]


def test_of_several_plans_and_windows_one_is_chosen() -> None:
    talk = Talk(ONE, TWO)
    assert keys(talk.hear(Press("go:reschedule"))) == ["reschedule.outage"]
    assert keys(talk.press("8")) == ["reschedule.slot"]
    assert keys(talk.press("3")) == ["reschedule.window_first"]


def test_a_button_of_somebody_elses_plan_leads_to_ones_own() -> None:
    turn = Talk(ONE).hear(Press("go:reschedule:99"))
    assert keys(turn) == ["reschedule.other_outage"]
    assert [button.words.key for button in turn.reply.buttons if not button.nav] == ["reschedule.item"]


def test_who_has_nothing_to_move_is_told_what_to_do() -> None:
    assert keys(Talk().hear(Press("go:reschedule:7"))) == ["reschedule.household"]


def test_half_an_answer_is_kept_until_the_other_half_comes() -> None:
    talk = Talk(ONE)
    talk.hear(Press("go:reschedule"))
    assert keys(talk.hear(Text("sunday"))) == ["window.missing.time"]
    assert keys(talk.hear(Text("8-12"))) == ["reschedule.another"]
    # The next question begins without it.
    talk.hear(Text("monday 8-12"))
    assert ReadWindow("8-12", "sunday") in talk.asked
    assert ReadWindow("monday 8-12", "") in talk.asked


def test_what_is_sent_is_what_was_said() -> None:
    command = sent(reviewed(ONE, TWO))
    assert command == Propose("DG-1", 8, 3, "PE05000000028", (SUNDAY, MONDAY), Words("reschedule.reason.delivery"))


def test_each_answer_can_be_changed_and_the_others_stay() -> None:
    changes: dict[str, tuple[Callable[[Talk], object], tuple[Span, ...], str]] = {
        "window_first": (lambda talk: talk.hear(Text("monday 8-12")), (MONDAY,), "reschedule.reason.delivery"),
        "window_second": (lambda talk: talk.press("window.enough"), (SUNDAY,), "reschedule.reason.delivery"),
        "window_third": (lambda talk: talk.press("window.enough"), (SUNDAY, MONDAY), "reschedule.reason.delivery"),
        "reason": (
            lambda talk: talk.press("reschedule.reason.order"),
            (SUNDAY, MONDAY),
            "reschedule.reason.order",
        ),
    }
    for name, (answer, windows, reason) in changes.items():
        talk = reviewed(ONE)
        talk.press(name)
        answer(talk)
        command = sent(talk)
        assert (command.windows, command.reason.key) == (windows, reason), name


def test_another_plan_can_be_chosen_in_the_end() -> None:
    talk = reviewed(ONE, TWO)
    talk.press("outage")
    assert keys(talk.press("7")) == ["reschedule.review"]
    command = sent(talk)
    assert (command.outage, command.slot, command.windows) == (7, 1, (SUNDAY, MONDAY))


def test_what_cannot_be_sent_any_more_is_not_sent() -> None:
    talk = reviewed(ONE)
    talk.ready = ProposalImpossible("gone")
    turn = talk.press("reschedule.send")
    assert (keys(turn), turn.commands) == (["reschedule.impossible.gone"], ())

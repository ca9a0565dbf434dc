"""Every service of the catalogue, in both languages, comes to one request with all its answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from conversations.engine import Flows, collecting
from conversations.flows import FLOWS
from conversations.model import LANGUAGES, Language, Photo, Press, Text, Understood
from conversations.requests import service_flow
from conversations.service_choice import chooser, prefill, search
from conversations.service_words import GiveConsent, Recalled
from conversations.services import Question, Service, catalogue, read_catalogue
from conversations.texts import catalogs, keys_of
from tests.conversations.asking import CARD, NUMBER, Asking

ROOT = Path(__file__).parents[2]
SERVICES = tuple(catalogue().services.values())


def first(values: tuple[str, ...]) -> str:
    return values[0]


def last(values: tuple[str, ...]) -> str:
    return values[-1]


def expected(service: Service, answers: dict[str, object]) -> set[str]:
    """The questions that these answers make necessary."""
    meter = answers.get("customer_code")
    knows = isinstance(meter, dict) and bool(meter["text"])
    return {
        name
        for name in service.questions
        if all(answers.get(on) in values for on, values in catalogue().questions[name].when.items())
        and not (name == "use_address" and knows)
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("choose", [first, last], ids=["first", "last"])
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_comes_to_one_request_with_all_its_answers(
    service: Service, choose: Callable[[tuple[str, ...]], str], language: Language
) -> None:
    customer = Asking(language)
    customer.send(Press(f"go:request:{service.name}"))
    customer.finish(choose)
    (request,) = customer.opened
    assert (request.code, request.service) == (NUMBER, service.name)
    assert set(request.answers) == expected(service, dict(request.answers))
    wanted = {paper.name for paper in service.papers if not paper.when}
    assert wanted <= set(request.papers) <= {paper.name for paper in service.papers}
    assert all(set(file) == {"file", "kind"} for files in request.papers.values() for file in files)
    assert NUMBER in " ".join(customer.spoken)
    assert f"{service.promises[-1].working_days} " in " ".join(customer.spoken[-6:])
    assert customer.commands[0] == GiveConsent("requests", catalogue().consent.version)
    assert "079190001234" not in " ".join(customer.spoken)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_answer_can_be_changed_at_the_summary(service: Service) -> None:
    customer = Asking()
    customer.send(Press(f"go:request:{service.name}"))
    while customer.step.name != "review":
        customer.answer(first)
    before = dict(customer.state.frames[-1].answers)
    changes = [b.value.rpartition(":")[2] for b in customer.turn.reply.buttons if ":review:" in b.value]
    steps = [name for name in changes if name != "send" and not name.startswith("!")]
    assert set(steps) == set(before) - {"consent", "card_ok", "id_match"}
    for name in steps:
        customer.send(f"[{name}]")
        assert customer.step.name == name
        customer.send("quay lại")
        assert dict(customer.state.frames[-1].answers) == before
        assert customer.step.name == "review"


def test_a_new_service_of_known_kinds_is_covered_by_itself() -> None:
    """Only the entry is new; the texts of the neighbours stand in for its own."""
    home = catalogue().services["home_connection"]
    question = Question("shifts", "choice", ("one", "two", "three"))
    new = replace(home, questions=("use_address", "shifts", "phone"), papers=home.papers[1:2])
    questions = {**catalogue().questions, "shifts": question}
    extended = replace(catalogue(), services={new.name: new}, questions=questions)
    flows = Flows((chooser(extended), service_flow(new, extended)), FLOWS.fallback, FLOWS.danger)
    customer = Asking(flows=flows)
    customer.send(Press(f"go:request:{new.name}"))
    customer.finish(last)
    assert customer.opened[0].answers["shifts"] == "three"


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ('questions = ["complaint_about"', 'questions = ["nothing"'),
        ('to = "station"', 'to = "nowhere"'),
        ('kind = "born"', 'kind = "guess"'),
        ('process = "answer"', 'process = "magic"'),
        ('done = ["reopened"]\ndeclined', 'done = ["lost"]\ndeclined'),
        ('need = "may", when = { holder', 'need = "must", when = { holder'),
    ],
)
def test_a_catalogue_that_cannot_work_is_refused(broken: str, complaint: str) -> None:
    source = _source().replace(broken, complaint, 1)
    assert source != _source()
    with pytest.raises((ValueError, KeyError)):
        read_catalogue(source)


def _source() -> str:
    return resources.files("conversations").joinpath("services.toml").read_text("utf-8")


def test_every_process_ends_and_can_be_opened_again() -> None:
    for process in catalogue().processes.values():
        assert process.steps[0] == "received"
        assert process.steps[-1] == "done"
        for here, there in zip(process.steps, process.steps[1:], strict=False):
            assert there in process.moves[here]
        for state in process.moves:
            if state not in ("done", "declined", "cancelled"):
                assert {"declined", "cancelled"} <= set(process.moves[state])
        assert all(process.moves[end] == ("reopened",) for end in ("done", "declined", "cancelled"))
        assert "papers_missing" in process.moves["received"]


def test_every_promise_has_a_source_and_is_found_by_its_day() -> None:
    for service in SERVICES:
        assert all(promise.source and promise.working_days > 0 for promise in service.promises)
    station = catalogue().services["station"]
    assert station.promise_on("2026-11-20").working_days == 13
    later = replace(
        station.promises[0], first_day=station.promises[0].first_day.replace(year=2027), working_days=9
    )
    changed = replace(station, promises=(later, *station.promises))
    assert [changed.promise_on(day).working_days for day in ("2026-11-20", "2027-06-01", "2001-01-01")] == [
        13,
        9,
        9,
    ]


def test_a_text_of_consent_that_changes_is_a_new_version() -> None:
    """Whoever changes the words writes their new digest here, and a new version into the catalogue."""
    texts = "".join(catalogs()[language].gettext("consent.requests") for language in LANGUAGES)
    digest = hashlib.sha256(texts.encode()).hexdigest()[:12]
    assert (catalogue().consent.version, digest) == ("2026-11", "4a3633bb1797")


def test_every_state_of_ours_has_its_words() -> None:
    ours = {"agreement", "design", "acceptance", "energising", "signing", "appointment"}
    assert {f"request.{kind}.{state}" for kind in ("state", "now") for state in ours} <= keys_of("vi")


def test_the_table_in_the_documents_is_the_catalogue() -> None:
    rows = (ROOT / "docs/rules/services.md").read_text("utf-8").splitlines()
    for service in SERVICES:
        (row,) = [row for row in rows if f"| `{service.name}` |" in row]
        must = ", ".join(f"`{paper.name}`" for paper in service.papers if paper.need == "must")
        assert f"| {service.promises[-1].working_days} |" in row
        assert row.endswith(f"| {must} | {service.process.name} |")


# --- consent -------------------------------------------------------------------------------------------------


def test_nothing_is_asked_without_consent() -> None:
    customer = Asking()
    customer.send(Press("go:request:home_connection"))
    assert customer.step.name == "consent"
    customer.send("[no]")
    assert customer.state.frames == ()
    assert customer.commands == []
    assert "1900 545454" in " ".join(customer.spoken)


def test_a_consent_that_stands_is_not_asked_for_again_nor_what_is_known() -> None:
    known = Recalled({"name": "Lan", "phone": "0912345678", "email": "", "born": 1}, frozenset({"requests"}))
    customer = Asking(known=known)
    customer.send(Press("go:request:complaint"))
    assert customer.step.name == "complaint_about"
    customer.finish(first)
    assert customer.asked == ["complaint_about", "details", "paper_proof", "review"]
    assert customer.opened[0].answers["phone"] == "0912345678"
    assert not any(isinstance(command, GiveConsent) for command in customer.commands)


def test_a_person_known_from_home_does_not_sign_for_a_company() -> None:
    known = Recalled({"name": "Lan", "id_number": "079190001234", "phone": "0912345678"}, frozenset({"requests"}))
    customer = Asking(known=known)
    customer.send(Press("go:request:business_connection"))
    customer.finish(first)
    assert {"representative", "id_number"} <= set(customer.asked)
    assert "phone" not in customer.asked


# --- the card ------------------------------------------------------------------------------------------------


def at_the_card(service: str = "home_connection", language: Language = "vi") -> Asking:
    customer = Asking(language)
    customer.send(Press(f"go:request:{service}"))
    while customer.step.name != "id_card":
        customer.answer(first)
    assert collecting(FLOWS, customer.state) == "id_card"
    return customer


def card(**changes: str) -> Photo:
    return Photo("r", kind="image", file="front", card={**CARD, **changes})


def test_a_card_that_was_read_fills_in_the_form_once_it_is_confirmed() -> None:
    customer = at_the_card()
    customer.send(card(), Photo("r", kind="image", file="back"), "[done]")
    shown = " ".join(customer.spoken)
    assert "NGUYỄN THỊ LAN" in shown
    assert "0791••••1234" in shown
    assert "079190001234" not in shown
    customer.send("[yes]")
    assert customer.step.name == "phone"
    customer.finish(first)
    (request,) = customer.opened
    assert {name: request.answers[name] for name in ("name", "id_number", "born", "address")} == {
        "name": "NGUYỄN THỊ LAN",
        "id_number": "079190001234",
        "born": "1990-11-20",
        "address": "12/3 Lê Lợi, Bến Thành, TP.HCM",
    }
    assert request.papers["id_card"] == (
        {"file": "front", "kind": "image"},
        {"file": "back", "kind": "image"},
    )


def test_a_card_read_wrongly_is_typed_by_hand() -> None:
    customer = at_the_card()
    customer.send(card(name="NGUYEN"), "[done]", "[no]")
    assert customer.step.name == "name"


def test_a_card_without_a_code_and_one_that_follows_later_are_typed_by_hand() -> None:
    customer = at_the_card()
    customer.send(Photo("r", kind="image", file="front"), "[done]")
    assert customer.step.name == "name"
    later = at_the_card()
    later.send("[later]")
    assert later.step.name == "name"
    later.finish(first)
    assert later.opened[0].papers["id_card"] == ()


def test_a_part_of_the_card_that_cannot_be_is_asked_for() -> None:
    customer = at_the_card()
    customer.send(card(born="01011800"), "[done]", "[yes]")
    assert customer.step.name == "born"
    assert customer.state.frames[-1].answers["name"] == "NGUYỄN THỊ LAN"


def test_another_photo_of_the_card_is_confirmed_anew() -> None:
    customer = at_the_card()
    customer.send(card(), "[done]", "[yes]")
    while customer.step.name != "review":
        customer.answer(first)
    customer.send("[id_card]", "[afresh]", card(name="TRẦN VĂN BA", id="079090005678"), "[done]")
    assert customer.step.name == "card_ok"
    customer.send("[yes]")
    assert customer.step.name == "review"
    assert customer.state.frames[-1].answers["name"] == "TRẦN VĂN BA"


def test_for_a_company_the_card_is_of_its_representative() -> None:
    customer = at_the_card("station")
    customer.send(card(), "[done]", "[yes]")
    assert customer.state.frames[-1].answers["representative"] == "NGUYỄN THỊ LAN"


def test_a_number_and_a_birth_that_differ_are_a_gentle_question() -> None:
    customer = at_the_card()
    customer.send("[later]", "Lan", "079085001234", "20/11/1990")
    assert customer.step.name == "id_match"
    customer.send("[fix_id_number]", "079190001234")
    assert customer.step.name == "address"
    again = at_the_card()
    again.send("[later]", "Lan", "079085001234", "20/11/1990", "[yes]")
    assert again.step.name == "address"


# --- power ---------------------------------------------------------------------------------------------------


def test_much_power_leads_to_the_station_with_all_answers() -> None:
    customer = Asking()
    customer.send(Press("go:request:business_connection"))
    while customer.step.name != "power":
        customer.answer(first)
    customer.send("400 kVA")
    assert customer.step.name == "transfer"
    customer.send("[yes]")
    frame = customer.state.frames[-1]
    assert frame.flow == "svc_station"
    assert frame.answers["station_power"] == {"number": 400, "unit": "kva"}
    assert customer.step.name == "voltage"
    assert {"consent", "use_address", "business"} <= set(frame.answers)
    customer.finish(first)
    assert [request.service for request in customer.opened] == ["station"]
    assert [type(command) for command in customer.commands].count(GiveConsent) == 1


def test_little_power_leads_back_from_the_station() -> None:
    customer = Asking()
    customer.send(Press("go:request:station"))
    while customer.step.name != "station_power":
        customer.answer(first)
    customer.send("100 kVA", "[yes]")
    assert customer.state.frames[-1].flow == "svc_large_connection"
    assert customer.state.frames[-1].answers["power"] == {"number": 100, "unit": "kva"}


@pytest.mark.parametrize(
    ("service", "said", "leads_to"),
    [
        ("business_connection", "39,9 kW", None),
        ("business_connection", "40 kW", "large_connection"),
        ("business_connection", "144 kW", "large_connection"),
        ("business_connection", "145 kW", "station"),
        ("large_connection", "160 kVA", None),
        ("large_connection", "161 kVA", "station"),
        ("station", "160 kVA", "large_connection"),
        ("station", "161 kVA", None),
    ],
)
def test_where_power_leads(service: str, said: str, leads_to: str | None) -> None:
    customer = Asking()
    customer.send(Press(f"go:request:{service}"))
    while not customer.step.name.endswith("power"):
        customer.answer(first)
    customer.send(said)
    if leads_to is None:
        assert customer.step.name != "transfer"
    else:
        customer.send("[yes]")
        assert customer.state.frames[-1].flow == f"svc_{leads_to}"


def test_a_power_typed_wrongly_is_corrected_without_going_over() -> None:
    customer = Asking()
    customer.send(Press("go:request:business_connection"))
    while customer.step.name != "power":
        customer.answer(first)
    customer.send("1500", "[fix_power]", "15")
    assert customer.state.frames[-1].answers["power"] == {"number": 15, "unit": "kw"}
    assert customer.step.name == "company_name" or customer.step.name == "id_card"


# --- which service -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "services"),
    [
        ("tôi muốn sang tên đồng hồ", {"holder_change"}),
        ("tach cong to", {"split_meter"}),
        ("nhà trọ của tôi", {"shared_home_connection"}),
        ("dời công tơ ra ngoài cổng", {"move_meter"}),
        ("xin trạm biến áp 400kva", {"station"}),
        ("khiếu nại hóa đơn tháng 9", {"bill_complaint"}),
        ("nâng công suất", {"capacity_change"}),
        ("medium voltage please", {"station"}),
        ("bún bò", set()),
    ],
)
def test_a_service_is_found_by_what_people_call_it(said: str, services: set[str]) -> None:
    assert {service.name for service in search(catalogue(), said)} == services


def test_the_chooser_takes_words_groups_and_services() -> None:
    customer = Asking()
    customer.send(Press("go:request"))
    customer.send("sang tên hợp đồng điện")
    assert customer.state.frames[-1].flow in ("svc_holder_change", "request")
    by_group = Asking()
    by_group.send(Press("go:request"), "[contract]", "[holder_change]")
    assert by_group.state.frames[-1].flow == "svc_holder_change"
    lost = Asking()
    lost.send(Press("go:request"), "bún bò huế")
    assert lost.turn.reply.words[0].key == "request.unknown"
    assert lost.step.name == "group"


@pytest.mark.parametrize(
    ("intent", "service", "group"),
    [
        ("connect_new", "", "connect"),
        ("connect_new", "home_connection", "home_connection"),
        ("connect_station", "", "station"),
        ("complaint", "", "voice"),
    ],
)
def test_first_words_choose_the_group_or_the_service(intent: str, service: str, group: str) -> None:
    understood = Understood(intent, 1.0, {"service": service} if service else {})
    assert prefill(understood) == {"group": Press(group)}


def test_people_ask_for_services_in_their_own_words() -> None:
    ways = {
        "nhà mới xây xin mắc điện": "svc_home_connection",
        "hạ bình 400 kva": "svc_station",
        "sang tên đồng hồ điện": "svc_holder_change",
        "dời công tơ": "svc_move_meter",
        "chấm dứt hợp đồng": "svc_termination",
        "kiểm tra công tơ": "svc_meter_check",
        "tách công tơ": "svc_split_meter",
        "gắn công tơ cho nhà trọ": "svc_shared_home_connection",
        "tăng công suất điện": "svc_capacity_change",
        "new electricity connection for my house": "svc_home_connection",
        "dịch vụ điện": "request",
        "khiếu nại": "request",
        "lắp công tơ mới": "request",
    }
    for said, flow in ways.items():
        customer = Asking()
        customer.send(Text(said))
        assert customer.state.frames[-1].flow == flow, said

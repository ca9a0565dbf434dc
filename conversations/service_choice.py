"""Which service somebody wants: by group, by button, or in their own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.fields import unread
from conversations.folding import fold
from conversations.model import (
    Again,
    Answers,
    Button,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Press,
    Reading,
    Reply,
    Step,
    Text,
    Understood,
    Words,
)
from conversations.service_transfer import flow_name
from conversations.services import Catalogue, Service

# A service is meant when so much of one of its names was typed.
_MEANT = 0.75
# So many services are offered for words that may mean several.
_MOST_OFFERED = 6


@dataclass(frozen=True)
class WhichService:
    """The question for a service, by group, by button, or in words. The answer is a group or a service."""

    catalogue: Catalogue
    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        group = answers.get("group")
        if isinstance(group, str) and group in self.catalogue.groups():
            return tuple(_button(service) for service in self.catalogue.of_group(group))
        return tuple(Button(Words(f"service.group.{name}"), name) for name in self.catalogue.groups())

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value in self.catalogue.services:
                return Given(value)
            case Press(value) if value in self.catalogue.groups():
                services = self.catalogue.of_group(value)
                return Given(services[0].name if len(services) == 1 else value)
            case Press():
                return Again(Words("error.choose"))
            case Text(text):
                return self._search(text)
        return unread(event)

    def _search(self, text: str) -> Reading:
        found = search(self.catalogue, text)
        if len(found) == 1:
            return Given(found[0].name)
        if found:
            offered = tuple(_button(service) for service in found[:_MOST_OFFERED])
            return Again(Words("request.which"), offered, asks=True)
        return Again(Words("request.unknown"))

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("the catalogue is looked up nowhere")


def _button(service: Service) -> Button:
    return Button(Words(f"service.{service.name}"), service.name)


def search(catalogue: Catalogue, text: str) -> tuple[Service, ...]:
    """The services that words mean, the likeliest first: those of which most of a name was said."""
    typed = set(fold(text).split())
    scores: dict[str, tuple[float, int]] = {}
    for service in catalogue.services.values():
        names = [set(fold(name).split()) for name in service.words]
        scores[service.name] = max(
            ((len(name & typed) / len(name), len(name & typed)) for name in names), default=(0.0, 0)
        )
    meant = [name for name, (share, _) in scores.items() if share >= _MEANT]
    whole = [name for name in meant if scores[name][0] == 1]
    longest = max((scores[name][1] for name in whole), default=0)
    best = [name for name in whole if scores[name][1] == longest] or meant
    return tuple(catalogue.services[name] for name in sorted(best, key=lambda name: scores[name], reverse=True))


def prefill(understood: Understood) -> Mapping[str, Event]:
    """The service, or the group, that the first words name."""
    said = understood.values.get("service") or _BY_INTENT.get(understood.intent or "")
    return {"group": Press(said)} if said else {}


# Where each intent leads: to a group, to a service, or to all groups.
_BY_INTENT = {
    "services": "",
    "connect_new": "connect",
    "connect_station": "station",
    "contract_change": "contract",
    "meter_check": "meter_check",
    "contact_change": "account",
    "complaint": "voice",
}


def chooser(catalogue: Catalogue) -> Flow:
    """The conversation that finds the service; the one for the service itself goes on."""

    def is_group(answers: Answers) -> bool:
        return answers.get("group") in catalogue.groups()

    def ask_service(answers: Answers, facts: Found | None) -> Words:
        return Words("request.service", {"group": Words(f"service.group.{answers['group']}")})

    def finish(answers: Answers, facts: Found | None) -> Finish:
        service = str(answers["service"] if is_group(answers) else answers["group"])
        return Finish(Reply(()), then=(flow_name(service), {}))

    return Flow(
        name="request",
        starts_on=tuple(_BY_INTENT),
        prefill=prefill,
        steps=(
            Step("group", WhichService(catalogue)),
            Step("service", WhichService(catalogue), when=is_group, prompt=ask_service),
        ),
        finish=finish,
    )

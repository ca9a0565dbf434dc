"""The names of services, papers and states as customers read them, also of those without a text of their own."""

from __future__ import annotations

from conversations.model import Words
from conversations.texts import keys_of

UNHANDLED = "unhandled"
# What a customer left for a person to answer.
QUESTION = "question"


def service_name(service: str) -> Words:
    """What a request is for."""
    if service == UNHANDLED:
        return Words("request.unhandled")
    if service == QUESTION:
        return Words("request.question")
    return _known(f"service.{service}", "request.some_service")


def paper_name(paper: str) -> Words:
    """A paper of the catalogue, or one that staff name in their own words."""
    return Words(f"paper.{paper}") if f"paper.{paper}" in keys_of("vi") else Words("literal", {"text": paper})


def state_name(state: str) -> Words:
    """The state in two or three words: "đang khảo sát"."""
    return _known(f"request.state.{state}", "request.state.other")


def step_name(state: str) -> Words:
    """A usual step as a heading: "Khảo sát"."""
    key = f"request.step.{state}"
    return Words(key) if key in keys_of("vi") else state_name(state)


def state_sentence(state: str) -> Words:
    """What a state means to the customer, and what comes next."""
    return _known(f"request.now.{state}", "request.now.other")


def _known(key: str, otherwise: str) -> Words:
    return Words(key if key in keys_of("vi") else otherwise)

"""What the answers of a request say about its place and person, as far as lists and companies need it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conversations.model import Json
from handlers.personal import initials
from store import customers
from store.db import Unit
from store.network import Street

COMPANY_SIGNS = 6
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Subject:
    """Whose request it is and where: the name as lists show it, the codes of customer, ward and company."""

    shown_name: str
    customer_code: str | None
    ward_code: str | None
    company: str | None


async def subject_of(unit: Unit, answers: Mapping[str, Json]) -> Subject:
    """Read the subject from answers by question.

    A place is an answer with a `target` ("c:PE01000000014", "w:26734") or a `ward`; a customer code is the answer
    to `customer_code` or such a target; the name is the answer to `company_name` or `name`, a text or
    `{"text": …}`. A street ("s:17:12") lies in one ward.
    """
    targets = [target for answer in answers.values() for target in _targets(answer)]
    code = _text(answers.get("customer_code")) or _first(targets, "c:")
    customer = await customers.by_code(unit, code.upper()) if code else None
    ward = _first(targets, "w:") or (customer.ward_code if customer else None) or await _of_street(unit, targets)
    company = code.upper()[:COMPANY_SIGNS] if code else None
    if company is None and ward:
        company = await customers.company_of_ward(unit, ward)
    # A company's name is nobody's secret; a person is shown by initials.
    company_name = _text(answers.get("company_name"))
    name = (company_name or initials(_text(answers.get("name"))))[:_LONGEST_NAME]
    return Subject(name, code.upper() if code else None, ward, company)


async def _of_street(unit: Unit, targets: list[str]) -> str | None:
    number = (_first(targets, "s:") or "").partition(":")[0]
    street = await unit.session.get(Street, int(number)) if number.isdecimal() else None
    return street.ward_code if street else None


def _targets(answer: Json) -> Iterator[str]:
    match answer:
        case list():
            for one in answer:
                yield from _targets(one)
        case dict():
            for key, value in answer.items():
                if key == "target" and isinstance(value, str):
                    yield value
                elif key in ("ward", "ward_code") and isinstance(value, str) and value.isdecimal():
                    # Not the ward in a place's name, which is there as it is said.
                    yield f"w:{value}"
                else:
                    yield from _targets(value)


def _first(targets: list[str], kind: str) -> str | None:
    return next((one.removeprefix(kind) for one in targets if one.startswith(kind) and len(one) > 2), None)


def _text(answer: Json) -> str:
    match answer:
        case str():
            return answer.strip()
        case {"text": str(text)}:
            return text.strip()
        case {"target": str(target)} if target.startswith("c:"):
            return target.removeprefix("c:")
    return ""

"""Questions for who somebody is and how to reach them: number on the card, phone number, e-mail address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.fields import unread
from conversations.folding import fold
from conversations.model import (
    Again,
    Answers,
    Button,
    Event,
    Found,
    Given,
    Press,
    Reading,
    SharedContact,
    Text,
    Words,
)

# Since 1 July 2024 the law promises no more of the number than its length (Luật Căn cước 26/2023/QH15, Điều 12).
CARD = re.compile(r"\d{12}")
OLD_CARD = re.compile(r"\d{9}")
PASSPORT = re.compile(r"[A-Z]\d{7,8}")
# The numbering plan as libphonenumber 9 knows it, new networks included; the part after 0 or the country code.
MOBILE = re.compile(r"(3\d|5[125689]|7[06-9]|8\d|9\d)\d{7}")
LANDLINE = re.compile(r"2\d{9}")
# Service numbers: nobody can be called back there.
SERVICE = re.compile(r"1[89]00\d{2,6}")
MAIL = re.compile(r"[^\s@<>,;\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)+[A-Za-z]{2,24}")
SKIP = "skip"


@dataclass(frozen=True)
class IdNumber:
    """The number of an identity card, or of a passport. The answer is the number, without blanks."""

    greedy: bool = False
    digits: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return ()

    def read(self, event: Event) -> Reading:
        if not isinstance(event, Text):
            return Again(Words("error.choose")) if isinstance(event, Press) else unread(event)
        number = re.sub(r"[\s.\-]", "", event.text).upper()
        if CARD.fullmatch(number) or PASSPORT.fullmatch(number):
            return Given(number)
        if OLD_CARD.fullmatch(number):
            return Again(Words("id_number.old_card"), asks=True)
        count = sum(sign.isdigit() for sign in number)
        key = "id_number.length" if number.isdecimal() else "id_number.wrong"
        return Again(Words(key, {"count": count}), asks=True)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a number on a card is looked up nowhere")


@dataclass(frozen=True)
class Phone:
    """A Vietnamese phone number, typed or shared. The answer is as it is dialled at home: `0912345678`."""

    greedy: bool = False
    digits: bool = True

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return (Button(Words("phone.share"), "share"),)

    def read(self, event: Event) -> Reading:
        match event:
            case Press("share"):
                return Again(Words("phone.press_share"), asks=True, ask="contact")
            case Press():
                return Again(Words("error.choose"))
            case Text(text) | SharedContact(text):
                return _phone(text)
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("a phone number is looked up nowhere")


def _phone(text: str) -> Given | Again:
    typed = re.sub(r"[\s.()\-]", "", text)
    digits = re.sub(r"\D", "", typed)
    if SERVICE.fullmatch(digits):
        return Again(Words("phone.service"), asks=True)
    national = _national(typed, digits)
    if national is None:
        return Again(Words("phone.foreign"), asks=True)
    if MOBILE.fullmatch(national) or LANDLINE.fullmatch(national):
        return Given(f"0{national}")
    return Again(Words("phone.wrong", {"count": len(national) + 1 if national else 0}), asks=True)


def _national(typed: str, digits: str) -> str | None:
    """The digits after 0, +84 or 0084; None for a number of another country."""
    if typed.startswith("+") or digits.startswith("00"):
        abroad = digits.removeprefix("00")
        return abroad[2:].removeprefix("0") if abroad.startswith("84") else None
    if digits.startswith("84") and len(digits) in (11, 12):
        return digits[2:]
    return digits.removeprefix("0")


@dataclass(frozen=True)
class Email:
    """An e-mail address, or none. The answer is the address, or "" for none."""

    greedy: bool = False

    def options(self, answers: Answers, facts: Found | None) -> tuple[Button, ...]:
        return (Button(Words("button.skip"), SKIP),)

    def read(self, event: Event) -> Reading:
        match event:
            case Press(value) if value == SKIP:
                return Given("")
            case Text(text):
                found = MAIL.search(text)
                if found:
                    return Given(found.group().lower())
                none = re.fullmatch(r"(khong|ko|k|no|none)( (co|dung|have))?.{0,12}", fold(text))
                return Given("") if none else Again(Words("email.wrong"), asks=True)
            case Press():
                return Again(Words("error.choose"))
        return unread(event)

    def judge(self, found: Found) -> Given | Again:
        raise AssertionError("an address is looked up nowhere")


def born_by_number(number: str) -> str:
    """The year of birth that the number of a card was made from, by the rule of before 1 July 2024; "" if none.

    Source: Nghị định 137/2015/NĐ-CP: the fourth digit tells century and sex, the next two the year. Cards since
    then need not follow it, so it only ever leads to a question.
    """
    if not CARD.fullmatch(number):
        return ""
    return f"{19 + int(number[3]) // 2}{number[4:6]}"

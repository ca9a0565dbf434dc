"""Everybody's rights over their own data: see it, take it along, correct it, agree no longer, have it deleted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.fields import Choice, OneOfFound
from conversations.folding import fold
from conversations.model import (
    Answers,
    Button,
    Command,
    Event,
    Finish,
    Flow,
    Found,
    Given,
    Moment,
    Press,
    Query,
    Reading,
    Reply,
    Step,
    Text,
    Value,
    Words,
)

WISHES = ("see", "export", "correct", "withdraw", "delete")
MENU = Button(Words("button.menu"), "!menu", nav=True)


@dataclass(frozen=True)
class MyData(Query):
    """What is kept of this contact, in figures, and what the law's answer times come to from now on.

    wish: one of WISHES, "" while the customer has not said what they wish.
    """

    wish: str = ""


@dataclass(frozen=True)
class DataFound(Found):
    """What is kept. export: the link to all of it, "" where none can be given. purposes: consents that stand.

    code: the number under which the wish is kept. done_by, erased_at: ISO 8601.
    """

    places: int
    messages: int
    requests: int
    open_requests: int
    files: int
    remembered: bool
    purposes: tuple[str, ...]
    export: str
    code: str
    done_by: str
    erased_at: str
    deleting: bool


@dataclass(frozen=True)
class KeepWish(Command):
    """Keep that the customer exercised a right, under its number; what can be done at once is done."""

    code: str
    wish: str


@dataclass(frozen=True)
class WithdrawConsent(Command):
    """The customer agrees to a purpose no longer."""

    code: str
    purpose: str


@dataclass(frozen=True)
class DeleteMyData(Command):
    """Delete all that is kept of this contact, after a time in which they can think better of it."""

    code: str


@dataclass(frozen=True)
class KeepMyData(Command):
    """The customer thought better of it."""


# Words for each wish, folded; the first that is found counts.
_WISHES = (
    ("delete", re.compile(r"\b(xoa|delete|erase|remove)\b")),
    ("withdraw", re.compile(r"\b(rut( lai)?|(khong|thoi) dong y|withdraw|revoke)\b")),
    ("export", re.compile(r"\b(xuat|tai ve|tai xuong|ban sao|sao chep|export|download|copy)\b")),
    ("correct", re.compile(r"\b(sua|sai|cap nhat|chinh|correct|wrong|update)\b")),
    ("see", re.compile(r"\b(xem|giu gi|giu nhung gi|see|show|what do you)\b")),
)


@dataclass(frozen=True)
class Wish(Choice):
    """What to do with one's data, also in words."""

    def read(self, event: Event) -> Reading:
        wish = wished(event.text) if isinstance(event, Text) else ""
        return Given(wish) if wish else super().read(event)


def wished(text: str) -> str:
    """The wish that words name, one of WISHES; "" for none."""
    said = fold(text)
    return next((wish for wish, words in _WISHES if words.search(said)), "")


def _found(facts: Found | None) -> DataFound:
    assert isinstance(facts, DataFound)
    return facts


def figures(found: DataFound) -> Words:
    """What is kept, in one paragraph."""
    values: dict[str, Value] = {
        "places": found.places,
        "messages": found.messages,
        "requests": found.requests,
        "files": found.files,
        "purposes": tuple(Words(f"purpose.{purpose}") for purpose in found.purposes)
        or (Words("privacy.no_purpose"),),
    }
    return Words("privacy.figures", values)


def purposes(facts: Found) -> tuple[Button, ...]:
    return tuple(Button(Words(f"purpose.{purpose}"), purpose) for purpose in _found(facts).purposes)


def nothing_to_withdraw(facts: Found | None) -> Finish | None:
    return None if _found(facts).purposes else Finish(Reply((Words("privacy.nothing_agreed"),), (MENU,)))


def already_deleting(facts: Found | None) -> Finish | None:
    found = _found(facts)
    if not found.deleting:
        return None
    keep = Button(Words("privacy.keep"), "go:keep_data")
    return Finish(Reply((Words("privacy.deleting_already", {"at": Moment(found.erased_at)}),), (keep, MENU)))


def ask_sure(answers: Answers, facts: Found | None) -> Words:
    found = _found(facts)
    key = "privacy.sure_with_requests" if found.open_requests else "privacy.sure"
    return Words(key, {"n": found.open_requests, "at": Moment(found.erased_at)})


def finish(answers: Answers, facts: Found | None) -> Finish:
    found, wish = _found(facts), str(answers["wish"])
    done_by = Moment(found.done_by, "day")
    match wish:
        case "see":
            return Finish(Reply((figures(found), Words("privacy.rights")), (MENU,)), (KeepWish(found.code, wish),))
        case "export":
            if not found.export:
                return Finish(Reply((Words("privacy.no_link"),), (MENU,)))
            words = Words("privacy.export", {"link": found.export, "code": found.code})
            return Finish(Reply((words,), (MENU,)), (KeepWish(found.code, wish),))
        case "correct":
            words = Words("privacy.correct", {"code": found.code, "done_by": done_by})
            change = Button(Words("privacy.change"), "go:request:contact")
            places = Button(Words("menu.places"), "go:places")
            return Finish(Reply((words,), (change, places, MENU)), (KeepWish(found.code, wish),))
        case "withdraw":
            purpose = str(answers["purpose"])
            words = Words("privacy.withdrawn", {"purpose": Words(f"purpose.{purpose}"), "code": found.code})
            return Finish(Reply((words,), (MENU,)), (WithdrawConsent(found.code, purpose),))
    if answers["sure"] != "yes":
        return Finish(Reply((Words("privacy.kept"),), (MENU,)))
    keep = Button(Words("privacy.keep"), "go:keep_data")
    words = Words("privacy.deleting", {"code": found.code, "at": Moment(found.erased_at)})
    return Finish(Reply((words,), (keep, MENU)), (DeleteMyData(found.code),))


def keep(answers: Answers, facts: Found | None) -> Finish:
    if not _found(facts).deleting:
        return Finish(Reply((Words("privacy.nothing_to_keep"),), (MENU,)))
    return Finish(Reply((Words("privacy.kept"),), (MENU,)), (KeepMyData(),))


FLOW = Flow(
    name="privacy",
    in_menu=False,
    starts_on=("privacy",),
    prefill=lambda understood: {"wish": Press(wish)} if (wish := wished(understood.text)) else {},
    steps=(
        Step(
            "wish",
            Wish("privacy.wish", WISHES),
            needs=lambda answers: MyData(),
            prompt=lambda answers, facts: Words("privacy.ask", {"figures": figures(_found(facts))}),
        ),
        Step(
            "purpose",
            OneOfFound(purposes),
            when=lambda answers: answers["wish"] == "withdraw",
            needs=lambda answers: MyData(),
            instead=nothing_to_withdraw,
        ),
        Step(
            "sure",
            Choice("privacy.sure", ("yes", "no")),
            when=lambda answers: answers["wish"] == "delete",
            needs=lambda answers: MyData("delete"),
            instead=already_deleting,
            prompt=ask_sure,
        ),
    ),
    needs=lambda answers: MyData(str(answers["wish"])),
    finish=finish,
)

KEEP = Flow(name="keep_data", in_menu=False, steps=(), needs=lambda answers: MyData(), finish=keep)

"""What conversations about services ask of the rest of the product: to keep a consent, recall, open a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conversations.model import Command, Found, Json, Query


@dataclass(frozen=True)
class GiveConsent(Command):
    """Keep that this contact agreed by a tap; `version` names the text that they were shown."""

    purpose: str
    version: str


@dataclass(frozen=True)
class OpenRequest(Command):
    """Keep a request under the number that the customer was told.

    answers: by question, as the fields keep them. papers: by paper, the files in the order they were sent, each
    `{"file": vault id, "kind": "image" | "pdf"}`; a paper that is to follow later has none.
    """

    code: str
    service: str
    answers: Mapping[str, Json]
    papers: Mapping[str, tuple[Mapping[str, str], ...]]


@dataclass(frozen=True)
class Recall(Query):
    """What is known of this contact already, so that nobody is asked for it again."""

    service: str


@dataclass(frozen=True)
class Recalled(Found):
    """Answers by question, as an earlier request of the same contact gave them, and the purposes agreed to.

    agreed: purposes whose consent stands, given to the version of the text that is shown now.
    """

    answers: Mapping[str, Json] = field(default_factory=dict)
    agreed: frozenset[str] = frozenset()

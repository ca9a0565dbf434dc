"""Asks an assistant which of a few near articles answers a question, before the event's unit of work.

Off unless a server is set. A text goes there only when nobody here knows surely what it means, no form waits for
an answer, and nothing in it can name somebody; whatever the server does, the event is handled as without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from conversations.engine import meant
from conversations.knowledge import FLOW
from conversations.model import Language, State, Text, language_of
from conversations.phrasebook import phrasebook
from conversations.understand import SURE, small_words, understand
from handlers import states
from handlers.knowledge import searched
from handlers.knowledge_base import Collection
from handlers.ports import Incoming
from handlers.rules.advice import Advice, Unusable, is_in, messages, read
from handlers.rules.leaving import Vocabulary, leaving
from handlers.talking import Talking
from store import contacts, conversations
from store.db import Database

log = structlog.get_logger(__name__)


class Unavailable(Exception):
    """The server did not answer, or is not asked now; `why` is a word for the metrics."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Server(Protocol):
    """An OpenAI-compatible server, as far as it is used."""

    async def complete(self, messages: Sequence[Mapping[str, str]]) -> str:
        """What it says to that. Raises Unavailable."""

    def judged(self, useful: bool) -> None:
        """Whether what it said was an answer to what was asked."""


@dataclass
class Assistant:
    """Advice for events; one for each process. `counted` is told how each question ended."""

    database: Database
    talking: Talking
    server: Server
    counted: Callable[[str], None] = lambda result: None
    _words: tuple[Collection, Vocabulary] | None = field(default=None, init=False)

    async def __call__(self, channel: str, incoming: Incoming, now: datetime) -> Advice | None:
        """The article for a question that has only near ones; None: go on as without an assistant.

        Raises only what a database raises that is away.
        """
        try:
            return await self._advise(channel, incoming, now)
        except Unavailable as error:
            self.counted(error.why)
        except Unusable as error:
            log.warning("assistant_unusable", why=str(error))
            self.server.judged(useful=False)
            self.counted("unusable")
        except (SQLAlchemyError, OSError, TimeoutError):
            raise
        except Exception:
            log.exception("assistant_failed")
            self.counted("failed")
        return None

    async def _advise(self, channel: str, incoming: Incoming, now: datetime) -> Advice | None:
        if not isinstance(incoming.event, Text):
            return None
        question = " ".join(incoming.event.text.split())
        collection = self.talking.knowledge.current()
        near = _near(question, collection)
        sent = leaving(question, self._vocabulary(collection)) if near else None
        if not near or sent is None:
            return None
        language = await self._free(channel, incoming)
        if language is None:
            return None
        offered = [collection.shelf.articles[name] for name in near]
        article, wording = read(await self.server.complete(messages(sent, offered, language)), offered)
        self.server.judged(useful=True)
        if article is None:
            self.counted("none")
            return None
        # What nobody vouches for any more is said with its date or not at all.
        fresh = not article.ran_out(now.astimezone(self.talking.zone).date())
        worded = fresh and is_in(wording, article, language)
        self.counted("worded" if worded else "unworded" if wording else "chosen")
        others = tuple(name for name in near if name != article.id)
        return Advice(question, article.id, others, wording if worded else "")

    async def _free(self, channel: str, incoming: Incoming) -> Language | None:
        """The language of a customer whose text is a question; None when it answers one, or is for a person."""
        async with self.database.reading() as unit:
            contact = await contacts.find(unit, channel, incoming.sender)
            if contact is None or contact.id is None:
                return incoming.language or "vi"
            if await conversations.by_event(unit, channel, f"{incoming.sender}:{incoming.id}") is not None:
                return None
            kept = await conversations.state_of(unit, contact.id)
        if kept is not None and kept.handed_over:
            return None
        language = language_of(contact.language)
        state = states.opened(kept, contact.id, language, self.talking.sealer)
        return language if self._asks(state, incoming) else None

    def _asks(self, state: State, incoming: Incoming) -> bool:
        """Whether what was typed is a question, as far as the conversation goes, and no label of a button."""
        awaited = [frame.flow for frame in state.frames if not frame.aside]
        if not set(awaited) <= {FLOW.name}:
            return False
        return isinstance(meant(self.talking.flows, state, incoming.event, self.talking.speaker.plain), Text)

    def _vocabulary(self, collection: Collection) -> Vocabulary:
        """The words of the articles in use and of our phrases."""
        if self._words is None or self._words[0] is not collection:
            self._words = (collection, vocabulary_of(collection))
        return self._words[1]


def vocabulary_of(collection: Collection) -> Vocabulary:
    """The words of these articles and of our phrases."""
    texts = [
        text
        for one in collection.shelf.articles.values()
        for text in (*one.title.values(), *one.questions, *one.tags, *one.answer.values())
    ]
    return Vocabulary.of([*texts, *(phrase for phrase, _ in phrasebook().phrases), *small_words()])


def _near(question: str, collection: Collection) -> tuple[str, ...]:
    """The near misses for a question that nothing surely fits, neither an article nor another conversation."""
    understood = understand(question)
    sure = understood.score >= SURE
    # A word of command, danger and bare subjects among them, asks nothing that could be answered better.
    if understood.score == 1 or (sure and understood.intent not in FLOW.starts_on):
        return ()
    hits, elsewhere = searched(question, collection.search)
    return hits.near if hits.sure is None and not elsewhere else ()

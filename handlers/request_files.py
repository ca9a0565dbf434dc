"""The files of requests: claimed from the vault when they come, kept as long as their purpose takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from handlers.rules.retention import Retention, retention_at
from handlers.talking import ZONE
from store import vault
from store.db import Unit
from store.requests import Request

log = structlog.get_logger(__name__)

# The purposes that the vault knows the files of requests by.
ID_CARD, PAPER = "id_card", "paper"


class Files(Protocol):
    """The rows of the vault."""

    async def claim(
        self,
        unit: Unit,
        contact_id: int,
        file_ids: Collection[str],
        request_code: str,
        purpose: str,
        delete_after: datetime,
    ) -> Collection[str]:
        """Make files of a contact belong to a request; the ids of those that do now."""

    async def keep_until(self, unit: Unit, request_code: str, purpose: str, delete_after: datetime) -> int:
        """Set anew until when a request's files of a purpose are kept."""


# The vault, where there is one.
VAULT: Files | None = vault


async def claim(unit: Unit, request: Request, papers: Mapping[str, Sequence[str]], now: datetime) -> None:
    """Have the vault keep files, by their paper; a vault that fails does not undo what the customer sent."""
    if VAULT is None:
        return
    for purpose in (ID_CARD, PAPER):
        ids = [file for paper, files in papers.items() if purpose_of(paper) == purpose for file in files]
        if not ids:
            continue
        until = _retention(now).of_open_request(purpose, now)
        try:
            async with unit.session.begin_nested():
                kept = await VAULT.claim(unit, request.contact_id, ids, request.code, purpose, until)
        except Exception:
            log.exception("files_not_claimed", request=request.code, files=len(ids))
            continue
        if lost := set(ids) - set(kept):
            log.error("files_gone", request=request.code, files=len(lost))


async def keep(unit: Unit, request: Request, now: datetime) -> None:
    """Keep a request's files for as long as it is open, or for the time after its end."""
    if VAULT is None:
        return
    rules, ended_at = _retention(now), request.ended_at
    try:
        async with unit.session.begin_nested():
            for purpose in (ID_CARD, PAPER):
                until = (
                    rules.of_ended_request(purpose, ended_at)
                    if ended_at is not None
                    else rules.of_open_request(purpose, now)
                )
                await VAULT.keep_until(unit, request.code, purpose, until)
    except Exception:
        log.exception("files_not_kept_anew", request=request.code)


def _retention(now: datetime) -> Retention:
    """How long files are kept, by the rules of the day."""
    return retention_at(now.astimezone(ZONE).date())


def purpose_of(paper: str) -> str:
    """The purpose of the files of a paper: pictures of identity cards are sensitive, and go first."""
    return ID_CARD if paper == ID_CARD else PAPER

"""Consents that customers give, and what their earlier requests told that need not be asked again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from conversations.model import Json
from conversations.service_words import GiveConsent, Recall, Recalled
from conversations.services import catalogue
from handlers.rules.progress import remembered
from handlers.sealing_port import Sealer
from handlers.talking import Talking
from store import consents, conversations, profiles
from store.consents import Consent
from store.contacts import Contact
from store.db import Unit

log = structlog.get_logger(__name__)

_NEVER = datetime.min.replace(tzinfo=UTC)


async def give_consent(unit: Unit, contact: Contact, wish: GiveConsent, now: datetime, talking: Talking) -> None:
    """Keep that the contact agreed, with the tap as proof."""
    assert contact.id is not None
    taps = await conversations.received_by(unit, contact.id, 1)
    consent = Consent(
        contact_id=contact.id,
        purpose=wish.purpose,
        version=wish.version,
        language=contact.language,
        proof=f"{taps[-1].channel}:{taps[-1].event_id}" if taps else "",
        given_at=now,
    )
    await consents.give(unit, consent)


async def withdrawn_at(unit: Unit, contact_id: int) -> datetime:
    """When consent to requests was last withdrawn: those sent before have lost their files and stay closed."""
    purpose = catalogue().consent.purpose
    given = [one for one in await consents.all_of(unit, contact_id) if one.purpose == purpose]
    return max((one.withdrawn_at for one in given if one.withdrawn_at), default=_NEVER)


async def recall(unit: Unit, contact: Contact, query: Recall, now: datetime, talking: Talking) -> Recalled:
    """What this contact agreed to, and what they told before, as far as a consent that stands covers it."""
    assert contact.id is not None
    agreed = await _agreed(unit, contact.id)
    if not agreed & remembered().purposes:
        return Recalled({}, agreed)
    profile = await profiles.of_contact(unit, contact.id)
    answers = _opened(profile.sealed, contact.id, talking.sealer) if profile else {}
    return Recalled(answers, agreed)


async def remember(
    unit: Unit, contact: Contact, answers: Mapping[str, Json], now: datetime, sealer: Sealer | None
) -> None:
    """Keep answers for the contact's next request: only with consent, and only sealed."""
    assert contact.id is not None
    if sealer is None:
        return
    if not await _agreed(unit, contact.id) & remembered().purposes:
        return
    told = {name: answer for name, answer in answers.items() if name in remembered().questions and answer}
    if not told:
        return
    before = await profiles.of_contact(unit, contact.id)
    known = {**(_opened(before.sealed, contact.id, sealer) if before else {}), **told}
    try:
        sealed = sealer.seal(json.dumps(known, ensure_ascii=False).encode(), f"profile/{contact.id}")
    except Exception:
        log.exception("profile_not_sealed", contact=contact.id)
        return
    await profiles.keep(unit, contact.id, sealed, now)


async def _agreed(unit: Unit, contact_id: int) -> frozenset[str]:
    """The purposes whose consent stands, to the text that is shown now."""
    standing = await consents.standing(unit, contact_id)
    return frozenset(one.purpose for one in standing if remembered().stands(one.purpose, one.version))


def _opened(sealed: str, contact_id: int, sealer: Sealer | None) -> Mapping[str, Json]:
    if sealer is None:
        return {}
    try:
        found = json.loads(sealer.open(sealed, f"profile/{contact_id}"))
    except Exception:
        log.exception("profile_not_opened", contact=contact_id)
        return {}
    return found if isinstance(found, dict) else {}

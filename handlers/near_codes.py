"""Codes that somebody may have meant by one that does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rapidfuzz import fuzz, process

from handlers.place_lookup import slips_of
from store import customers, network
from store.customers import Customer
from store.db import Unit

MOST = 3
# Codes of feeders and transformers are short: below this another one is meant.
ALIKE = 70


async def near(unit: Unit, table: Any, code: str) -> Sequence[str]:
    """At most three existing codes close to `code`."""
    if table is Customer:
        return sorted(await customers.known_codes(unit, slips_of(code.upper())))[:MOST]
    candidates = await network.similar_codes(unit, table, code)
    matches = process.extract(code, candidates, scorer=fuzz.ratio, limit=MOST, score_cutoff=ALIKE)
    return [match[0] for match in matches]

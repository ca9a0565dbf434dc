"""Writes the sample of a year's answers for the independent survey, as CSV without anything that names anybody."""

from __future__ import annotations

import csv
from dataclasses import asdict, fields
from pathlib import Path

from handlers.surveys import SampledAnswer, yearly_sample
from store.db import Database

COLUMNS = tuple(field.name for field in fields(SampledAnswer))


async def write(database_url: str, year: int, seed: str, file: Path) -> int:
    """Draw the sample of a year and write it; how many answers it holds. The same seed draws the same."""
    database = Database(database_url)
    try:
        async with database.reading() as unit:
            answers = await yearly_sample(unit, year, seed)
    finally:
        await database.close()
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.DictWriter(out, COLUMNS)
        rows.writeheader()
        rows.writerows(asdict(answer) for answer in answers)
    return len(answers)

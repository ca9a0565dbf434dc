"""Numbers that tell who somebody is, shown so that their owner recognises them and nobody else can use them."""

from __future__ import annotations

import re

# Twelve digits, in groups or not: a number of a card, wherever somebody typed it.
_CARD = re.compile(r"(?<!\d)\d(?:[ .\-]?\d){11}(?!\d)")


def masked_id(number: str) -> str:
    """`079088001234` → `0790••••1234`; of a shorter one fewer characters are shown."""
    ends = 4 if len(number) >= 12 else 2
    return f"{number[:ends]}••••{number[-ends:]}" if len(number) > 2 * ends else "••••"


def without_ids(text: str) -> str:
    """Words that are said back to whoever typed them, with numbers of cards masked."""
    return _CARD.sub(lambda found: masked_id(re.sub(r"\D", "", found.group())), text)

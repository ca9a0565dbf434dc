"""Numbers that tell who somebody is, shown so that their owner recognises them and nobody else can use them."""

from __future__ import annotations


def masked_id(number: str) -> str:
    """`079088001234` → `0790••••1234`; of a shorter one fewer characters are shown."""
    ends = 4 if len(number) >= 12 else 2
    return f"{number[:ends]}••••{number[-ends:]}" if len(number) > 2 * ends else "••••"

"""Takes out of a customer's words what could name a person, so that they can be kept and shown."""

from __future__ import annotations

import re

# In this order: what is longer or more telling goes first. The words put in are Vietnamese, as those around them.
_MASKS = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[email]"),
    (re.compile(r"\bp[a-z](?:[ .-]?[0-9a-z]){2}(?:[ .-]?\d){9}\b", re.IGNORECASE), "[mã khách hàng]"),
    (re.compile(r"(?<![\w.])(?:\+?84|0)(?:[ .-]?\d){8,10}(?!\d)"), "[số điện thoại]"),
    (re.compile(r"(?<!\d)(?:\d[ .-]?){11}\d(?!\d)|(?<!\d)(?:\d[ .-]?){8}\d(?!\d)"), "[số giấy tờ]"),
    (re.compile(r"(?<![\d.,])\d{6,}(?![\d.,]*\d)"), "[số]"),
)
# What was put in.
HIDDEN = re.compile(r"\[[^\]]*\]")


def redacted(text: str) -> str:
    """`"mã PE01000000014, gọi 0901 234 567"` → `"mã [mã khách hàng], gọi [số điện thoại]"`."""
    for pattern, shown in _MASKS:
        text = pattern.sub(shown, text)
    return text

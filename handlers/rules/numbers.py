"""Makes the numbers that people read to each other over a phone, with a check letter that finds slips."""

import re
import unicodedata

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
"""The 23 check letters: without I and O, which are taken for digits, and Q, which is taken for O. Being a prime
number of them is what makes the check find every single wrong sign and every swap (ISO 7064 uses 37 so)."""

_MODULUS = len(_LETTERS)
_WEIGHT = 2
"""Every power of it differs from its neighbour's, and from 0, modulo 23."""

_DIGITS = 6
_MOST_DIGITS = 9
# The first four are taken for digits; X, Y and Z count as A, B and C do, so that one could pass for the other.
_NEVER_IN_A_PREFIX = frozenset("IOQLXYZ")
_PREFIX = re.compile(r"[A-Z]{1,4}")
_TYPED = re.compile(r"(?P<prefix>[A-Z]{1,4})(?P<digits>[0-9OQIL]{6,9})(?P<check>[A-Z])")
_BETWEEN = re.compile(r"[\s\-–—_./#:]+")
_LOOK_ALIKE = str.maketrans("OQIL", "0011")


def number(prefix: str, running: int) -> str:
    """`number("BD", 127)` → `BD-000127-` and a check letter. Unlike prefixes give unlike letters.

    Raises ValueError if the prefix is not one to four letters A to W that are never taken for digits, or the
    running number is below 0 or has more than nine digits.
    """
    if not _PREFIX.fullmatch(prefix) or set(prefix) & _NEVER_IN_A_PREFIX:
        raise ValueError(f"a prefix has 1 to 4 letters A to W without I, L, O and Q; not {prefix!r}")
    if not 0 <= running < 10**_MOST_DIGITS:
        raise ValueError(f"a running number has at most {_MOST_DIGITS} digits and is not below 0; not {running}")
    digits = f"{running:0{_DIGITS}d}"
    return f"{prefix}-{digits}-{_check(prefix, digits)}"


def read(text: str) -> tuple[str, int] | None:
    """The prefix and running number of a number as typed, None if it is none or its letter does not fit.

    Small letters, missing or other dashes, blanks, O for 0 and I or L for 1 are taken as they were meant.
    """
    signs = _BETWEEN.sub("", unicodedata.normalize("NFKC", text).upper())
    found = _TYPED.fullmatch(signs) if signs.isascii() else None
    if found is None:
        return None
    prefix, digits = found["prefix"], found["digits"].translate(_LOOK_ALIKE)
    if set(prefix) & _NEVER_IN_A_PREFIX:
        return None
    if len(digits) > _DIGITS and digits.startswith("0"):
        return None
    return (prefix, int(digits)) if found["check"] == _check(prefix, digits) else None


def _check(prefix: str, digits: str) -> str:
    """Sum of the signs, each times a power of the weight, modulo the number of letters."""
    total = 0
    for sign in prefix:
        total = (total + ord(sign) - ord("A") + 1) * _WEIGHT % _MODULUS
    for sign in digits:
        total = (total + int(sign)) * _WEIGHT % _MODULUS
    return _LETTERS[total]

"""Phone numbers in the one form in which the customer master keeps them."""

import re

_LENGTHS_WITH_COUNTRY_CODE = {11, 12}  # a mobile number, a landline


def national_number(phone: str) -> str:
    """A Vietnamese number as dialled at home (`+84 912 345 678` → `0912345678`); others as `+` and digits."""
    digits = re.sub(r"\D", "", phone)
    if digits.startswith("84") and len(digits) in _LENGTHS_WITH_COUNTRY_CODE:
        return "0" + digits[2:]
    return digits if digits.startswith("0") else f"+{digits}"

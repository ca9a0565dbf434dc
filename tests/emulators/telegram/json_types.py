"""The name for a JSON object: what travels over this API is not ours to type more closely."""

from typing import Any

Json = dict[str, Any]

"""The entry point of `sangden`: an import loads only what it needs, for it shares the machine with the service."""

from __future__ import annotations

import sys
from importlib import import_module


def main() -> None:
    """Run the command line."""
    import_module("bot.importing" if sys.argv[1:2] == ["import"] else "bot.__main__").main()


if __name__ == "__main__":
    main()

"""The entry point of `sangden`: each command loads only what it needs, since memory is what machines lack."""

from __future__ import annotations

import sys
from importlib import import_module


def main() -> None:
    """Run the command line."""
    import_module(_module(sys.argv[1:])).main()


def _module(arguments: list[str]) -> str:
    match arguments:
        case [] | ["--help", *_]:
            return "bot.__main__"
        case ["import", "customers", *_]:
            return "bot.importing"
        case ["import", *_]:
            return "bot.importing_outages"
        case ["serve", *_]:
            return "bot.serving"
    return "bot.commands"


if __name__ == "__main__":
    main()

"""The entry point of `sangden`: an import loads only what it needs, for it shares the machine with the service."""

from __future__ import annotations

import sys
from importlib import import_module


def main() -> None:
    """Run the command line."""
    wanted = sys.argv[1:3]
    module = "bot.__main__"
    if wanted[:1] == ["import"]:
        module = "bot.importing" if wanted == ["import", "customers"] else "bot.importing_outages"
    import_module(module).main()


if __name__ == "__main__":
    main()

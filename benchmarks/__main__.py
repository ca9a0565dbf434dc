"""`python -m benchmarks [name …] [--quick]`: runs the benchmarks, prints their tables, keeps them in docs/."""

import argparse
import pkgutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import machine
from bot import logs

KEPT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
# Each is loaded when it runs: the peers of one must not count in the memory of another.
BENCHMARKS = ("sending", "limits", "turns", "answering", "importing", "million", "understanding")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, not kept in docs/")
    options = parser.parse_args()
    logs.configure("console", "ERROR")
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    started = datetime.now(UTC)
    texts = []
    for name in options.names or BENCHMARKS:
        measure = pkgutil.resolve_name(f"benchmarks.{name}:measure")
        texts.append(measure(quick=options.quick).markdown())
        sys.stdout.write(f"{texts[-1]}\n\n")
        sys.stdout.flush()
    if not options.names and not options.quick:
        KEPT.write_text("\n\n".join([_heading(started), *texts]) + "\n")
        sys.stdout.write(f"Kept in {KEPT}\n")


def _heading(started: datetime) -> str:
    return (
        "# Benchmarks\n\nMade by `make bench`; written by it, not by hand. Client, server and database share the "
        f"machine.\nMeasured {started:%Y-%m-%d %H:%M} UTC on {machine()}"
    )


if __name__ == "__main__":
    main()

"""How long to wait before trying once more."""

from collections.abc import Iterator


def growing(first: float = 1.0, longest: float = 60.0) -> Iterator[float]:
    """Seconds to wait after each failure in a row: `first`, then twice as long each time, up to `longest`."""
    pause = first
    while True:
        yield min(pause, longest)
        pause = min(pause * 2, longest)
